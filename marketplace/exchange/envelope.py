"""The envelope of every message: signature, header, message. Pure: no database, no clock of its own.

The standard leaves the signing string to those who exchange. Here it is three lines, as in HTTP signatures: when it was made,
when it lapses, and the SHA-256 of header and message written as JSON with sorted names, no idle spaces and nothing escaped that
need not be. So it can be made again whatever the order of names on the way.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from marketplace.exchange.codes import Fault, MessageRefused
from marketplace.kernel.signing import is_signed, newest_signing_key, sign

VERSION = "1.0.0"
LASTS = timedelta(minutes=10)
# Clocks differ.
_AHEAD = timedelta(minutes=5)
_LONGEST = timedelta(hours=1)
_LONGEST_TEXT = 200
_PART = re.compile(r'(\w+)="([^"]*)"')


def canonical(value: Any) -> str:
    """JSON that is the same for the same content.

    >>> canonical({"b": [1, None], "a": "米"})
    '{"a":"米","b":[1,null]}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_number)


def _number(value: Any) -> Any:
    # A reader that keeps decimals exact hands them on as such.
    return int(value) if value == int(value) else float(value)


def digest(header: Mapping[str, Any], message: Any) -> bytes:
    """SHA-256 over header and message."""
    try:
        said = canonical({"header": header, "message": message})
    except (RecursionError, ValueError, OverflowError, ArithmeticError) as error:
        raise MessageRefused(Fault.BAD, "the message cannot be written down again") from error
    # Half a character is no text, but it is what was sent.
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()


def signing_text(created: int, expires: int, digested: bytes) -> bytes:
    """What is signed.

    >>> signing_text(1, 2, bytes(32)).decode().replace("A" * 42, "A...")
    '(created): 1\\n(expires): 2\\ndigest: SHA-256=A...A='
    """
    return f"(created): {created}\n(expires): {expires}\ndigest: SHA-256={base64.b64encode(digested).decode()}".encode()


def sealed_envelope(header: Mapping[str, Any], message: Any, *, sender_id: str, now: datetime) -> dict[str, Any]:
    """An envelope signed with our newest key."""
    created = int(now.timestamp())
    expires = created + int(LASTS.total_seconds())
    signed = sign(signing_text(created, expires, digest(header, message)))
    return {
        "signature": signature_text(sender_id, str(newest_signing_key()), created, expires, signed),
        "header": dict(header),
        "message": message,
    }


def signature_text(sender_id: str, key: str, created: int, expires: int, signed: bytes) -> str:
    """A signature as it stands in the envelope."""
    parts = {
        "namespace": "spdci",
        "kidId": f"{sender_id}|{key}|ed25519",
        "algorithm": "ed25519",
        "created": str(created),
        "expires": str(expires),
        "headers": "(created) (expires) digest",
        "signature": base64.b64encode(signed).decode(),
    }
    return "Signature: " + ", ".join(f'{name}="{value}"' for name, value in parts.items())


def check_signature(envelope: Mapping[str, Any], sender_id: str, public_key: bytes, *, now: datetime) -> None:
    """Refuse an envelope that its sender has not signed, or not lately.

    Raises
    ------
    MessageRefused
        ``err.signature.missing`` or ``err.signature.invalid``.
    """
    given = envelope.get("signature")
    if not given:
        raise MessageRefused(Fault.SIGNATURE_MISSING, "the message is not signed")
    parts = dict(_PART.findall(str(given)))
    try:
        created, expires = int(parts["created"]), int(parts["expires"])
        signed = base64.b64decode(parts["signature"], validate=True)
        fits = parts["algorithm"] == "ed25519" and parts["kidId"].split("|")[0] == sender_id
        began, ends = (datetime.fromtimestamp(moment, UTC) for moment in (created, expires))
    except (KeyError, ValueError, OverflowError, OSError) as error:
        raise MessageRefused(Fault.SIGNATURE, "the signature cannot be read") from error
    if not fits or not began <= now + _AHEAD or not now < ends <= began + _LONGEST:
        raise MessageRefused(Fault.SIGNATURE, "the signature is another's, lapsed, or good for too long")
    text = signing_text(created, expires, digest(envelope["header"], envelope["message"]))
    if not is_signed(public_key, text, signed):
        raise MessageRefused(Fault.SIGNATURE, "the signature does not fit the message")


def is_text(value: Any) -> bool:
    """Whether a value is text that can be kept and looked for.

    >>> is_text("丹寨"), is_text("a\\x00"), is_text(1)
    (True, False, False)
    """
    return isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST_TEXT


def stamp(moment: datetime) -> str:
    """A moment as the standard writes it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_moment(text: Any) -> datetime | None:
    """A moment with its zone; None for what is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
