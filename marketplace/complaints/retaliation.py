"""Watching whether a household suffers for having complained: what happened to it afterwards, for somebody outside the line.

Seen are a procedure to strike it off the register, public money refused or taken back, and a suspicion raised against what it
sells, within the days of the rule. That one came after the other proves nothing; somebody looks. Of a complaint without a name
nobody knows the household, so it cannot be watched, and its sender is told so before they choose.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.models import Producer, Suspicion
from marketplace.complaints.models import AdverseAct, AdverseKind, Complaint, ComplaintHousehold
from marketplace.complaints.queries import adverse_acts_for
from marketplace.funds.models import FundPayment, HouseholdPayment
from marketplace.funds.states import PaymentState
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import day_bounds, local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.registry import complaint_rules
from marketplace.registry.models import Case, CaseKind
from marketplace.registry.reading import unbounded
from marketplace.registry.rules import rule

_WHY = "the watch over households that have complained, which names none"
_LONGEST = 400
# Ten years, which no rule of days should pass: what is over by its own rule finds nothing new.
_LONGEST_WATCH = 3_660


def watch_household(complaint_id: int, *, now: datetime) -> int:
    """List what happened to the household of a complaint since; answers how much of it is new."""
    complaint, today = lock_rows(Complaint, [complaint_id])[complaint_id], local_day(now)
    days: int = rule(complaint_rules.WATCH, complaint.area_code, complaint.made_on).value
    last = min(today, complaint.made_on + timedelta(days=days))
    query = select(ComplaintHousehold.household_id).filter_by(complaint_id=complaint.id)
    household_id = db.session.scalar(unbounded(query, _WHY))
    if household_id is None:
        return 0
    new = 0
    for kind, subject, day in _happened(household_id, complaint.made_on, last):
        row = insert(AdverseAct).values(complaint_id=complaint.id, kind=kind, subject=subject, happened_on=day)
        again = row.on_conflict_do_nothing(index_elements=["complaint_id", "kind", "subject"]).returning(AdverseAct.id)
        new += db.session.scalar(again) is not None
    return new


def watched_complaints(*, now: datetime) -> list[int]:
    """The complaints with a household whose watched time may not be over, by id."""
    earliest = local_day(now) - timedelta(days=_LONGEST_WATCH)
    query = select(Complaint.id).join(ComplaintHousehold, ComplaintHousehold.complaint_id == Complaint.id)
    query = query.where(Complaint.made_on >= earliest).order_by(Complaint.id)
    return list(db.session.scalars(unbounded(query, _WHY)))


def settle_act(public_id: str, words: str, *, by: Account, now: datetime) -> bool:
    """Say what an act was; False when the same was said already.

    Raises
    ------
    NotFound
        ``adverse_act_unknown``, as well for whoever stands in the line or audits another area.
    Invalid
        ``reason_needed``.
    Conflict
        ``adverse_act_settled`` by somebody else's word.
    """
    found = next((act for act, _ in adverse_acts_for(by) if act.public_id == public_id), None)
    if found is None:
        raise NotFound("adverse_act_unknown", N_("There is no such act."))
    act, words = lock_rows(AdverseAct, [found.id])[found.id], words.strip()
    if not 0 < len(words) <= _LONGEST:
        raise Invalid("reason_needed", N_("Please say why."))
    if act.settled_on is not None:
        if (act.settled_by_id, act.settled_words) == (by.id, words):
            return False
        raise Conflict("adverse_act_settled", N_("This has been looked at already."))
    act.settled_by_id, act.settled_on, act.settled_words = by.id, local_day(now), words
    db.session.flush()
    audit.record("complaint.act_settled", "adverse_act", act.public_id, actor=by.public_id, at=now)
    return True


def _happened(household_id: int, first: date, last: date) -> Iterator[tuple[AdverseKind, str, date]]:
    begins, ends = day_bounds(first, last)
    exits = select(Case.public_id, Case.opened_on).where(
        Case.household_id == household_id, Case.kind == CaseKind.EXIT, Case.opened_on.between(first, last)
    )
    for public_id, day in db.session.execute(unbounded(exits, _WHY)):
        yield AdverseKind.EXIT, public_id, day
    refused = (
        select(FundPayment.public_id, FundPayment.decided_at)
        .join(HouseholdPayment, HouseholdPayment.payment_id == FundPayment.id)
        .where(HouseholdPayment.household_id == household_id)
        .where(FundPayment.state.in_((PaymentState.REFUSED, PaymentState.REVERSED)))
        .where(FundPayment.decided_at >= begins, FundPayment.decided_at < ends)
    )
    for public_id, at in db.session.execute(unbounded(refused, _WHY)):
        yield AdverseKind.PAYMENT, public_id, local_day(at)
    raised = (
        select(Suspicion.public_id, Suspicion.found_at)
        .join(Producer, Producer.id == Suspicion.producer_id)
        .where(Producer.household_id == household_id, Suspicion.found_at >= begins, Suspicion.found_at < ends)
    )
    for public_id, at in db.session.execute(raised):
        yield AdverseKind.SUSPICION, public_id, local_day(at)
