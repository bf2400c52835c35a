"""Looking for persons who stand on file twice, and putting those found into the queue."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.kernel import audit, clock, ids
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import job
from marketplace.registry.duplicates.matching import is_possible
from marketplace.registry.duplicates.people import AlikePair, alike_pairs, read_people
from marketplace.registry.models import DuplicatePair

LOOKED = "registry.duplicates_looked_for"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Looked:
    """How many persons were compared, how many pairs are alike, and how many of those nobody had been asked about."""

    persons: int
    alike: int
    new: int


def look_for_duplicates(*, actor: str) -> Looked:
    """Compare everybody on file with everybody and keep who is alike. An edge: it owns its transactions.

    What is opened for it lies in memory until it returns, and in no open transaction while it is compared.
    """
    people = read_people()
    db.session.rollback()
    pairs = alike_pairs(people)
    with transaction():
        now = clock.now()
        new = keep_pairs(pairs, now=now)
        looked = Looked(len(people), len(pairs), new)
        audit.record(LOOKED, "registry", "person", actor=actor, at=now, persons=looked.persons, alike=looked.alike, new=new)
    return looked


def keep_pairs(pairs: Sequence[AlikePair], *, now: datetime) -> int:
    """Put pairs into the queue; answers how many are new. What was said of a pair before stays said."""
    new = 0
    for pair in sorted(pairs, key=lambda one: (one.first.person_id, one.second.person_id)):
        row = insert(DuplicatePair).values(
            public_id=ids.public_id(),
            first_id=pair.first.person_id,
            second_id=pair.second.person_id,
            first_household_id=pair.first.household_id,
            first_village_code=pair.first.village_code,
            second_household_id=pair.second.household_id,
            second_village_code=pair.second.village_code,
            score=pair.score,
            why=pair.why,
            found_at=now,
            state="open",
            note="",
        )
        made = db.session.scalar(row.on_conflict_do_nothing().returning(DuplicatePair.id))
        new += made is not None
    return new


def last_looked() -> datetime | None:
    """When somebody was last looked for; None before the first time."""
    query = select(AuditEvent.at).where(AuditEvent.object_kind == "registry", AuditEvent.object_id == "person")
    return db.session.scalar(query.where(AuditEvent.verb == LOOKED).order_by(AuditEvent.id.desc()).limit(1))


@job("registry.look_for_duplicates", every="40 18 * * 6", lock="registry.look_for_duplicates")
def look_for_duplicates_job(timestamp: int) -> None:
    """Weekly, on the night to Sunday."""
    if is_possible():
        look_for_duplicates(actor="look_for_duplicates")
    else:
        _log.warning("nobody looks for persons who stand on file twice: the extra 'dedupe' is not installed")
