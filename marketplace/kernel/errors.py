"""Failures that a person can be told about, without a word of HTTP.

``message`` is an English sentence that the edge translates; ``data`` fills its ``%(name)s`` places.
"""

from typing import Any


def N_(message: str) -> str:
    """Mark ``message`` for translation where it is written; the edge translates it where it is shown."""
    return message


class DomainError(Exception):
    """A rule said no. Subclasses say which kind of no; ``code`` is stable and meant for programs."""

    def __init__(self, code: str, message: str, /, **data: Any) -> None:
        super().__init__(message % data if data else message)
        self.code = code
        self.message = message
        self.data = data


class NotFound(DomainError):
    """There is no such thing, or this person may not know that there is."""


class Forbidden(DomainError):
    """The thing is known to this person, the act is not theirs to do."""


class Invalid(DomainError):
    """The input cannot be right, whoever sends it and whenever."""


class Conflict(DomainError):
    """The input was right, the world has moved: sold out, changed price, already done otherwise."""


class TooMany(DomainError):
    """Too many attempts; ``data['retry_after_s']`` says when to try again."""


class NotSignedIn(DomainError):
    """The act needs an account, a valid token or a fresh sign-in."""
