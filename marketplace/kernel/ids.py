"""Names shown to the outside: ``public_id`` in addresses, ``reference`` on paper and on the phone."""

import secrets
from datetime import date

# Letters and figures that are not taken for one another when read aloud or written by hand.
_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"


def _random_text(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def public_id() -> str:
    """A random name of 14 characters (about 68 bits) that says nothing of how many there are."""
    return _random_text(14)


def public_ids(count: int) -> list[str]:
    """Many public ids at once."""
    # Bytes from 240 on are dropped, because 30 letters would not share them evenly.
    letters = (_ALPHABET * 8).encode() + bytes(16)
    text = ""
    while len(text) < count * 14:
        text += secrets.token_bytes(count * 16).translate(letters, bytes(range(240, 256))).decode()
    return [text[at : at + 14] for at in range(0, count * 14, 14)]


def secret_token() -> str:
    """A secret of 32 random bytes, for tokens that only their bearer keeps."""
    return secrets.token_urlsafe(32)


def reference(prefix: str, day: date) -> str:
    """A reference for people: a prefix, the day, six random characters, as in ``NQ261124-7F3K9M``."""
    return f"{prefix}{day:%y%m%d}-{_random_text(6).upper()}"
