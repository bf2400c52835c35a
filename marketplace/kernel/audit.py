"""Who did what, on whose behalf, to what: one row per act of a person, chained by hashes.

Rows are only ever added (a trigger refuses anything else). ``record`` belongs into the transaction of the change itself, so
there is no change without its row and no row without its change.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel import audit_chain
from marketplace.kernel.db import Base, db
from marketplace.kernel.types import Id, Moment


class AuditEvent(Base):
    """One act. ``actor`` and ``on_behalf_of`` are public ids of accounts, or the name of a command."""

    __tablename__ = "audit_event"
    # The acts on one thing, in their order.
    __table_args__ = (Index("ix_audit_event_object_kind_object_id_id", "object_kind", "object_id", "id"),)

    id: Mapped[Id]
    at: Mapped[Moment] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(64))
    on_behalf_of: Mapped[str | None] = mapped_column(String(64))
    verb: Mapped[str] = mapped_column(String(64))
    object_kind: Mapped[str] = mapped_column(String(64))
    object_id: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)


def record(
    verb: str,
    object_kind: str,
    object_id: str,
    *,
    actor: str,
    at: datetime,
    on_behalf_of: str | None = None,
    **data: Any,
) -> None:
    """Note an act; it is written with the open transaction and is gone with it.

    ``data`` is plain JSON and carries no personal detail: ids and amounts, never names, numbers of people or addresses.
    """
    info = db.session().info
    if not info.get("transaction_open"):
        raise RuntimeError("an act is recorded inside the transaction that does it")
    info["audit_events"].append(
        {
            "at": at,
            "actor": actor,
            "on_behalf_of": on_behalf_of,
            "verb": verb,
            "object_kind": object_kind,
            "object_id": object_id,
            "data": data,
        }
    )


def check_chain() -> tuple[int, int | None]:
    """How many events were followed from the first on, and the id of the first that does not follow, None when all do."""
    columns = AuditEvent.__table__.columns
    query = select(*columns).order_by(AuditEvent.id).execution_options(yield_per=5000)
    number = 0

    def counted(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
        nonlocal number
        for row in rows:
            number += 1
            yield dict(row)

    with db.session.execute(query) as rows:
        broken = next(audit_chain.broken_links(counted(rows.mappings())), None)
    return number, broken
