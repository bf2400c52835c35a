"""Signed heads: once a day, how long the log is and the root over it."""

import hashlib
from datetime import UTC, datetime

from sqlalchemy import select

from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.signing import SigningError, newest_signing_key, public_keys, sign
from marketplace.kernel.steps import step
from marketplace.transparency.appending import lock_log, log_size
from marketplace.transparency.models import LogKey, TreeHead
from marketplace.transparency.queries import newest_head, root_at

FIRST = bytes(32)


def head_text(size: int, at: datetime, root: bytes, previous: bytes, key_number: int) -> str:
    """What is signed: six lines of text that anybody can write down again.

    >>> print(head_text(7, datetime(2026, 5, 1, tzinfo=UTC), bytes(32), bytes(32), 1).replace("0" * 64, "0..."), end="")
    nongqiao log head 1
    size 7
    at 2026-05-01T00:00:00Z
    root 0...
    previous 0...
    key 1
    """
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"nongqiao log head 1\nsize {size}\nat {moment}\nroot {root.hex()}\nprevious {previous.hex()}\nkey {key_number}\n"


def text_of(head: TreeHead) -> str:
    """The text that a head's signature is over."""
    return head_text(head.size, head.at, head.root, head.previous, head.key_number)


def digest_of(head: TreeHead) -> bytes:
    """What the next head names this one by."""
    return hashlib.sha256(text_of(head).encode()).digest()


def sign_head(*, now: datetime) -> TreeHead | None:
    """Sign the head of the log as it is; None when the log is empty or the day has its head."""
    lock_log()
    size, last = log_size(), newest_head()
    at = now.astimezone(UTC).replace(microsecond=0)
    if not size or (last is not None and last.day >= local_day(at)):
        return None
    number = _published_key(at)
    previous = digest_of(last) if last is not None else FIRST
    root = root_at(size)
    signature = sign(head_text(size, at, root, previous, number).encode())
    head = TreeHead(day=local_day(at), size=size, root=root, at=at, previous=previous, key_number=number, signature=signature)
    db.session.add(head)
    db.session.flush()
    step("log.head_written")
    return head


def _published_key(at: datetime) -> int:
    """The number of the key that signs, once its public half is among those that are published.

    Raises
    ------
    SigningError
        When another key was published under that number.
    """
    number = newest_signing_key()
    public = public_keys()[number]
    known = db.session.scalars(select(LogKey).filter_by(number=number)).first()
    if known is None:
        db.session.add(LogKey(number=number, public_key=public, first_used_at=at))
        db.session.flush()
    elif known.public_key != public:
        raise SigningError(f"signing key {number} is not the one that was published under that number")
    return number
