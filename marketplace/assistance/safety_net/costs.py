"""Costs that a household could not do without paying for, shown by documents; each counts once."""

from datetime import datetime

from sqlalchemy import select

from marketplace.assistance.safety_net.counting import count_again
from marketplace.assistance.safety_net.models import CostKind, NecessaryCost
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.registry.filing import lock_household
from marketplace.registry.models import Household
from marketplace.registry.reading import unbounded

_MOST_FEN = 10**10
_HELD = "a household that was read already"


def enter_cost(
    household: Household, kind: CostKind, amount_fen: int, document: str, year: int, *, by: Account, now: datetime
) -> NecessaryCost:
    """Write down a cost that a document shows, for this year or the last, and count the household again.

    Raises
    ------
    Invalid
        ``cost_amount``, ``cost_document``, ``cost_year``.
    Conflict
        ``cost_known`` for a document that counts already.
    """
    this_year = local_day(now).year
    if not 0 < amount_fen <= _MOST_FEN:
        raise Invalid("cost_amount", N_("The amount must be more than nothing and less than 100 million yuan."))
    if not document.strip() or len(document.strip()) > 120:
        raise Invalid("cost_document", N_("Please name the bill or the report, in at most 120 characters."))
    if year not in (this_year - 1, this_year):
        raise Invalid("cost_year", N_("Costs of this year and the last can be written down."))
    household = lock_household(household)
    query = select(NecessaryCost.id).where(
        NecessaryCost.household_id == household.id,
        NecessaryCost.kind == kind,
        NecessaryCost.document == document.strip(),
        NecessaryCost.withdrawn_at.is_(None),
    )
    if db.session.scalar(unbounded(query, _HELD)) is not None:
        raise Conflict("cost_known", N_("This document counts already."))
    row = NecessaryCost(
        household_id=household.id,
        village_code=household.village_code,
        year=year,
        kind=kind,
        amount_fen=amount_fen,
        document=document.strip(),
        entered_by_id=by.id,
        entered_at=now,
    )
    db.session.add(row)
    db.session.flush()
    audit.record("safety_net.cost_entered", "household", household.public_id, actor=by.public_id, at=now, kind=kind.value)
    count_again(household, now=now)
    return row


def withdraw_cost(household: Household, public_id: str, *, by: Account, now: datetime) -> bool:
    """Let a cost that was a mistake count no longer, and count the household again; False when that was done."""
    household = lock_household(household)
    query = select(NecessaryCost).filter_by(household_id=household.id, public_id=public_id)
    row = db.session.scalars(unbounded(query, _HELD)).first()
    if row is None:
        raise NotFound("cost_unknown", N_("There is no such cost."))
    if row.withdrawn_at is not None:
        return False
    row.withdrawn_by_id, row.withdrawn_at = by.id, now
    db.session.flush()
    audit.record("safety_net.cost_withdrawn", "household", household.public_id, actor=by.public_id, at=now, kind=row.kind)
    count_again(household, now=now)
    return True
