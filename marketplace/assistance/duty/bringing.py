"""What comes of a duty: what households say of visits, and money that officers have brought them."""

from datetime import datetime

from sqlalchemy import select

from marketplace.assistance.deciding import decide, lock_own
from marketplace.assistance.duty.models import DutyOfficer, FundsBrought, VisitWord
from marketplace.assistance.duty.queries import OF_HOUSEHOLD, duties_of
from marketplace.assistance.papers import PaperAction
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.ledger.service import post_transfer
from marketplace.registry.models import Household, Visit
from marketplace.registry.offices import check_office
from marketplace.registry.reading import unbounded

# Money of departments, firms and friends that has come from outside.
HELPERS = "helpers"


def helped_account(household: Household) -> str:
    """The ledger account of what helpers have handed to a household."""
    return f"helped:{household.public_id}"


def say_of_visit(visit: Visit, took_place: bool, satisfaction: int | None, *, to: Account, now: datetime) -> VisitWord:
    """What a household says of a visit: to its own account's page, or to an officer who was not there.

    Parameters
    ----------
    satisfaction : int or None
        1 (not at all content) to 5; None when it does not say.

    Raises
    ------
    Forbidden
        ``asked_by_another`` for whoever made the visit.
    Invalid
        ``satisfaction_range``; ``visit_denied`` for being content with a visit that never was.
    Conflict
        ``visit_said`` when it said so before.
    """
    lock_own(visit)
    if visit.by_id == to.id:
        raise Forbidden("asked_by_another", N_("Somebody else than who was there has to ask."))
    if satisfaction is not None and not 1 <= satisfaction <= 5:
        raise Invalid("satisfaction_range", N_("Please choose 1 to 5."))
    if satisfaction is not None and not took_place:
        raise Invalid("visit_denied", N_("Nobody can be content with a visit that did not take place."))
    if db.session.scalar(unbounded(select(VisitWord.id).filter_by(visit_id=visit.id), OF_HOUSEHOLD)):
        raise Conflict("visit_said", N_("The household has said that already."))
    word = VisitWord(
        household_id=visit.household_id,
        village_code=visit.village_code,
        visit_id=visit.id,
        visited_by_id=visit.by_id,
        took_place=took_place,
        satisfaction=satisfaction,
        said_to_id=to.id,
        at=now,
    )
    db.session.add(word)
    db.session.flush()
    audit.record("duty.visit_said", "visit", visit.public_id, actor=to.public_id, at=now, took_place=took_place)
    return word


def bring_funds(
    officer: DutyOfficer, household: Household, amount_fen: int, source: str, document: str, *, by: Account, now: datetime
) -> FundsBrought:
    """Write down money brought to a household of one's duty; it counts once a second person has seen the paper.

    Raises
    ------
    Invalid
        ``amount_positive``, ``fund_document_missing``.
    Forbidden
        ``not_your_duty`` for a household that is none of the officer's.
    Conflict
        ``funds_known`` when the paper was written down before.
    """
    if amount_fen <= 0:
        raise Invalid("amount_positive", N_("An amount must be more than nothing."))
    if not document.strip():
        raise Invalid("fund_document_missing", N_("Please give the document’s number and title."))
    if by.id != officer.account_id:
        check_office(by, household.village_code)
    if household.id not in {own.id for _, own in duties_of(officer)}:
        raise Forbidden("not_your_duty", N_("This household is in somebody else’s duty."))
    lock_rows(Household, [household.id])
    known = select(FundsBrought.id).filter_by(household_id=household.id, document_number=document.strip())
    if db.session.scalar(unbounded(known, OF_HOUSEHOLD)):
        raise Conflict("funds_known", N_("That paper has been written down already."))
    funds = FundsBrought(
        household_id=household.id,
        village_code=household.village_code,
        officer_id=officer.id,
        amount_fen=amount_fen,
        source=source.strip(),
        document_number=document.strip(),
        drafted_by_id=by.id,
        drafted_at=now,
    )
    db.session.add(funds)
    db.session.flush()
    audit.record("duty.funds_written", "funds_brought", funds.public_id, actor=by.public_id, at=now, amount_fen=amount_fen)
    return funds


def decide_funds(funds: FundsBrought, action: PaperAction, *, by: Account, now: datetime) -> bool:
    """A second person has seen the paper, and it is booked; or it is dropped. False when that was said already."""
    lock_own(funds)
    check_office(by, funds.village_code)
    if not decide(funds, action, by=by, now=now):
        return False
    if action == PaperAction.APPROVE:
        household = db.session.get_one(Household, funds.household_id)
        amounts = {HELPERS: -funds.amount_fen, helped_account(household): funds.amount_fen}
        post_transfer("funds_brought", "duty", funds.public_id, amounts, at=now)
    db.session.flush()
    audit.record(f"duty.funds_{action.value}", "funds_brought", funds.public_id, actor=by.public_id, at=now)
    return True
