"""Keys that make a repeated call one call.

The key's row is claimed under a unique index *before* the work, in the work's own transaction: of two simultaneous calls the
second waits at the index until the first has committed or rolled back, and then finds the answer or a free key.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, String, UniqueConstraint, delete, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base, db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.types import Id, Moment


class IdempotencyKey(Base):
    """One key of one caller with the request it stood for and the answer that was given."""

    __tablename__ = "idempotency_key"
    # One caller's key names one piece of work, whatever arrives at the same time.
    __table_args__ = (UniqueConstraint("caller", "key"),)

    id: Mapped[Id]
    caller: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(128))
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    claimed_at: Mapped[Moment]
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


@dataclass(frozen=True)
class Claim:
    """A key in our hands: ``answer`` is set when the work was done before."""

    row_id: int
    answer: dict[str, Any] | None


def claim(caller: str, key: str, request: bytes, *, now: datetime) -> Claim:
    """Claim ``key`` for ``request``, or find the answer that was given to the same request before.

    Raises
    ------
    Invalid
        For an empty key or one longer than 128 characters.
    Conflict
        When the key was used for another request.
    """
    if not 1 <= len(key) <= 128:
        raise Invalid("idempotency_key_invalid", N_("The Idempotency-Key must have 1 to 128 characters."))
    digest = hashlib.sha256(request).digest()
    row_id = db.session.scalar(
        insert(IdempotencyKey)
        .values(caller=caller, key=key, request_hash=digest, claimed_at=now)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.id)
    )
    if row_id is not None:
        return Claim(row_id, None)
    row = db.session.scalars(select(IdempotencyKey).filter_by(caller=caller, key=key)).one()
    if row.request_hash != digest:
        raise Conflict("idempotency_key_reused", N_("This Idempotency-Key was used for a different request."))
    return Claim(row.id, row.answer)


def forget_before(moment: datetime) -> int:
    """Drop keys claimed before a moment, with the answers they kept; answers how many."""
    gone = db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.claimed_at < moment))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def settle(claimed: Claim, answer: dict[str, Any]) -> None:
    """Keep the answer, to be given again to the same request."""
    db.session.execute(update(IdempotencyKey).where(IdempotencyKey.id == claimed.row_id).values(answer=answer))
