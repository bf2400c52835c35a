"""Where a form leads to when it is done: always a page of our own."""

from urllib.parse import urlsplit

from flask import redirect, request
from werkzeug.wrappers import Response


def own_path(target: str | None) -> str | None:
    """The target if it is a path of this site, otherwise None.

    Browsers drop control characters and take a backslash for a slash, so both could hide the name of another site.

    >>> own_path("/basket?x=1"), own_path("//evil.example"), own_path("https://evil.example/"), own_path("/\\\\evil.example")
    ('/basket?x=1', None, None, None)
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(character) <= 32 or character == "\x7f" for character in target):
        return None
    return target


def came_from(default: str) -> str:
    """The page of this site that the form was sent from, as the browser says it, or ``default``."""
    sent_from = urlsplit(request.referrer or "")
    if sent_from.netloc != request.host:
        return default
    path = own_path(sent_from.path)
    if path is None:
        return default
    return f"{path}?{sent_from.query}" if sent_from.query else path


def see_other(target: str) -> Response:
    """The answer to a form that has been acted on: look there, with a GET."""
    return redirect(target, 303)
