"""The work list of what looks odd: written each night, looked at by a person, settled in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.models import Producer, Suspicion
from marketplace.catalogue.oddities import Oddity
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.kernel.ids import public_id
from marketplace.regions.queries import within_any

MOST_WORDS = 400
# Who is registered is for the office alone to know.
OFFICE_ONLY = frozenset({"soon_after_entry"})


def keep_oddities(oddities: Sequence[Oddity], *, now: datetime) -> int:
    """Write down what was found; what is known already stays as it is, settled or not. Answers how many are new."""
    if not oddities:
        return 0
    areas = dict(
        db.session.execute(
            select(Producer.id, Producer.area_code).where(Producer.id.in_({odd.seller for odd in oddities}))
        ).all()
    )
    rows = [
        {
            "public_id": public_id(),
            "kind": odd.kind,
            "producer_id": odd.seller,
            "area_code": areas[odd.seller],
            "subject": odd.subject,
            "facts": dict(odd.facts),
            "found_at": now,
            "settled_words": "",
        }
        for odd in oddities
    ]
    known = insert(Suspicion).values(rows).on_conflict_do_nothing(index_elements=["kind", "producer_id", "subject"])
    return len(db.session.execute(known.returning(Suspicion.id)).all())


def suspicions_within(areas: Sequence[str] | None, *, settled: bool, limit: int = 100) -> Sequence[tuple[Suspicion, Producer]]:
    """What looks odd, newest first: in an officer's areas, or everywhere for the operator, who sees nothing of the registry."""
    query = select(Suspicion, Producer).join(Producer, Producer.id == Suspicion.producer_id)
    query = query.where(Suspicion.settled_at.is_not(None) if settled else Suspicion.settled_at.is_(None))
    query = _seen(query, areas)
    return [(row, producer) for row, producer in db.session.execute(query.order_by(Suspicion.id.desc()).limit(limit))]


def _seen(query: Select[Any], areas: Sequence[str] | None) -> Select[Any]:
    if areas is None:
        return query.where(Suspicion.kind.not_in(OFFICE_ONLY))
    return query.where(within_any(Suspicion.area_code, areas))


def settle_suspicion(suspicion_id: str, words: str, areas: Sequence[str] | None, *, actor: str, now: datetime) -> Suspicion:
    """Say what it was. Said again, nothing changes.

    Raises
    ------
    Invalid
        ``settling_words``.
    NotFound
        ``suspicion_unknown``, outside of what one may see too.
    """
    if not 1 <= len(words.strip()) <= MOST_WORDS:
        raise Invalid("settling_words", N_("Please say in a few words what it was."))
    row = db.session.scalars(
        _seen(select(Suspicion).where(Suspicion.public_id == suspicion_id), areas).with_for_update()
    ).first()
    if row is None:
        raise NotFound("suspicion_unknown", N_("There is no such oddity."))
    if row.settled_at is None:
        row.settled_by, row.settled_at, row.settled_words = actor, now, words.strip()
        db.session.flush()
        audit.record("suspicion.settled", "suspicion", suspicion_id, actor=actor, at=now, kind=row.kind)
    return row
