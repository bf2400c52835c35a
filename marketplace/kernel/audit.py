"""Who did what, on whose behalf, to what: one row per act of a person, chained by hashes.

Rows are only ever added (a trigger refuses anything else). ``record`` belongs into the transaction of the change itself, so
there is no change without its row and no row without its change.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel import audit_chain
from marketplace.kernel.db import Base, db
from marketplace.kernel.types import Id, Moment


class AuditEvent(Base):
    """One act. ``actor`` is an account's public id, or the name of a command; ``on_behalf_of`` the public id of a principal."""

    __tablename__ = "audit_event"
    # The acts on one thing, in their order.
    __table_args__ = (
        Index("ix_audit_event_object_kind_object_id_id", "object_kind", "object_id", "id"),
        # What was done in somebody's name, newest first.
        Index("ix_audit_event_on_behalf_of_id", "on_behalf_of", "id", postgresql_where=text("on_behalf_of IS NOT NULL")),
    )

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
    standing_in = info.get("standing_in")
    if on_behalf_of is None and standing_in is not None and standing_in["actor"] == actor:
        on_behalf_of, data = standing_in["principal"], {**data, **standing_in["data"]}
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


@contextmanager
def on_behalf_of(principal: str, *, actor: str, **data: Any) -> Iterator[list[dict[str, Any]]]:
    """Whatever ``actor`` does inside the block is done in the name of ``principal``, and every act's row says so.

    Said once around the services instead of through each of them, so that none can forget it. ``data`` is added to each row.
    Answers a list that holds the rows when the block has ended.
    """
    info = db.session().info
    if not info.get("transaction_open"):
        raise RuntimeError("an act is recorded inside the transaction that does it")
    if info.get("standing_in") is not None:
        raise RuntimeError("who acts for somebody cannot hand that on")
    first = len(info["audit_events"])
    done: list[dict[str, Any]] = []
    info["standing_in"] = {"principal": principal, "actor": actor, "data": data}
    try:
        yield done
        done += [event for event in info["audit_events"][first:] if event["on_behalf_of"] == principal]
    finally:
        info["standing_in"] = None


def acts_for(principal: str | None = None, *, object_id: str | None = None, limit: int = 50) -> Sequence[AuditEvent]:
    """What was done in somebody's name, newest first; of one principal, on one thing, or altogether."""
    query = select(AuditEvent).where(AuditEvent.on_behalf_of.is_not(None)).order_by(AuditEvent.id.desc()).limit(limit)
    if principal is not None:
        query = query.where(AuditEvent.on_behalf_of == principal)
    if object_id is not None:
        query = query.where(AuditEvent.object_id == object_id)
    return db.session.scalars(query).all()


def last_act_for(principal: str, object_id: str, verbs: Sequence[str]) -> tuple[str, dict[str, Any]] | None:
    """Who last did one of these things in somebody's name, with the act's data; what the open transaction has done counts."""
    for event in reversed(db.session().info.get("audit_events", [])):
        if (event["on_behalf_of"], event["object_id"]) == (principal, object_id) and event["verb"] in verbs:
            return event["actor"], event["data"]
    query = select(AuditEvent).where(AuditEvent.on_behalf_of == principal, AuditEvent.object_id == object_id)
    found = db.session.scalars(query.where(AuditEvent.verb.in_(verbs)).order_by(AuditEvent.id.desc()).limit(1)).first()
    return None if found is None else (found.actor, found.data)


def acts_on(object_kind: str, object_id: str, *, limit: int = 50) -> Sequence[AuditEvent]:
    """What was done to one thing, by whomever, newest first."""
    query = select(AuditEvent).filter_by(object_kind=object_kind, object_id=object_id)
    return db.session.scalars(query.order_by(AuditEvent.id.desc()).limit(limit)).all()


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
