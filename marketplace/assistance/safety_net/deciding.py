"""A person's word on an entitlement: granted, declined, kept or taken back; and its payment by a second person.

Who grants does not pay. Money leaves only through public funds, out of the earmark of the benefit's purpose.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from marketplace.assistance.safety_net.benefits import PURPOSES, BenefitKind
from marketplace.assistance.safety_net.counting import DECIDE, take
from marketplace.assistance.safety_net.models import BenefitRule, Entitlement
from marketplace.assistance.safety_net.queries import PURPOSE_KIND, paid_fen
from marketplace.assistance.safety_net.states import EntitlementAction, EntitlementState
from marketplace.funds.models import Fund, FundPayment
from marketplace.funds.payments import BankAccount, PaymentOrder, ToHousehold, pay_from
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.regions.codes import contains
from marketplace.registry.cases.clocks import due_day
from marketplace.registry.files import read_file
from marketplace.registry.filing import find_head, identity
from marketplace.registry.models import Household
from marketplace.registry.offices import holds_office
from marketplace.registry.reading import unbounded


@dataclass(frozen=True)
class Paying:
    """Out of which money an entitlement is paid, on which document, and at which bank the household has its account."""

    fund: Fund
    place: str
    document_number: str
    bank: str


def check_decides(by: Account, village_code: str) -> None:
    """Refuse whoever does not decide about a village's households.

    Raises
    ------
    Forbidden
        ``other_level``.
    """
    if not holds_office(by, village_code):
        raise Forbidden("other_level", N_("Officers of the township or the county decide this."))


def grant(entitlement: Entitlement, words: str, *, by: Account, now: datetime) -> bool:
    """Grant what was counted; False when that was done.

    Raises
    ------
    Forbidden
        ``other_level`` for officers of a village, a city or a province.
    Conflict
        ``entitlement_state`` where it no longer waits for that.
    """
    row, _ = _locked(entitlement, by)
    if not take(row, EntitlementAction.GRANT, None, now):
        return False
    row.granted_fen, row.granted_by_id, row.granted_at = row.amount_fen, by.id, now
    return _decided(row, "granted", words, by, now)


def decline(entitlement: Entitlement, words: str, *, by: Account, now: datetime) -> bool:
    """Decline it with words that the household can read; False when that was done.

    Raises
    ------
    Invalid
        ``words_needed``.
    Conflict
        ``entitlement_state``; ``granted_before`` for the rest of one of which a part was granted.
    """
    row, _ = _locked(entitlement, by)
    _need(words)
    if row.state == EntitlementState.OPEN and row.granted_fen:
        raise Conflict("granted_before", N_("A part of this was granted before; grant the rest, or correct the file."))
    if not take(row, EntitlementAction.DECLINE, None, now):
        return False
    return _decided(row, "declined", words, by, now)


def review(entitlement: Entitlement, keep: bool, words: str, *, by: Account, now: datetime) -> bool:
    """Look again at what was granted: it stays as it is, or only what is counted now is open. False when that was done.

    What was paid is never taken back, whatever is said here.

    Raises
    ------
    Invalid
        ``words_needed``.
    """
    row, household = _locked(entitlement, by)
    _need(words)
    paid = paid_fen([row.public_id]).get(row.public_id, 0)
    if keep:
        action = EntitlementAction.KEEP
    else:
        action = EntitlementAction.REDUCE if row.amount_fen > paid else EntitlementAction.WITHDRAW
    due = due_day(DECIDE, household.village_code, local_day(now))
    if not take(row, action, due, now):
        return False
    if not keep:
        row.granted_fen = paid
    return _decided(row, action.value, words, by, now)


def pay(entitlement: Entitlement, paying: Paying, *, by: Account, now: datetime) -> FundPayment | None:
    """Pay what was granted and is not paid, as a second person; None when that was done.

    Raises
    ------
    Conflict
        ``second_person_needed`` for who granted it; ``no_account`` where the file names none; ``entitlement_state``;
        ``fund_short``.
    Forbidden
        ``other_level``; ``fund_place_not_yours`` for who does not keep the books of the place.
    Invalid
        ``fund_place_elsewhere`` for money of another area; those of ``funds.payments.propose_payment``.
    """
    row, household = _locked(entitlement, by)
    if not take(row, EntitlementAction.PAY, None, now):
        return None
    if row.granted_by_id is None or row.granted_by_id == by.id:
        raise Conflict("second_person_needed", N_("Somebody else than who granted it has to pay it."))
    if not contains(paying.place.partition("-")[0], household.village_code):
        raise Invalid("fund_place_elsewhere", N_("This money stands in another area."))
    rule = db.session.get_one(BenefitRule, row.rule_id)
    amount_fen = row.granted_fen - paid_fen([row.public_id]).get(row.public_id, 0)
    head, number = find_head(household), read_file(household, row.year).values.get("bank_account")
    number = number or read_file(household, row.year - 1).values.get("bank_account")
    if head is None or not number:
        raise Conflict("no_account", N_("The file names no head or no account for payments; please complete it first."))
    order = PaymentOrder(
        purpose_code=PURPOSES[BenefitKind(rule.kind)],
        place=paying.place,
        amount_fen=amount_fen,
        purpose_kind=PURPOSE_KIND,
        purpose_id=row.public_id,
        document_number=paying.document_number,
        payee=ToHousehold(household, head),
        account=BankAccount(identity(head, household)["name"], paying.bank, number),
    )
    granted_by = db.session.get_one(Account, row.granted_by_id)
    payment = pay_from(paying.fund, order, by=granted_by, approved_by=by, now=now)
    said = {"amount_fen": amount_fen, "payment": payment.public_id}
    audit.record("safety_net.paid", "entitlement", row.public_id, actor=by.public_id, at=now, **said)
    return payment


def _locked(entitlement: Entitlement, by: Account) -> tuple[Entitlement, Household]:
    """The entitlement behind its household, in the order in which a counting locks them."""
    household = lock_rows(Household, [entitlement.household_id])[entitlement.household_id]
    check_decides(by, household.village_code)
    query = select(Entitlement).filter_by(id=entitlement.id).with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(unbounded(query, "an entitlement that was read within somebody's reach")).one(), household


def _need(words: str) -> None:
    if not words.strip():
        raise Invalid("words_needed", N_("Please say why, in words that the household understands."))


def _decided(row: Entitlement, verb: str, words: str, by: Account, now: datetime) -> bool:
    row.words, row.decided_by_id, row.decided_at = words.strip()[:400], by.id, now
    db.session.flush()
    said = {"amount_fen": row.amount_fen, "granted_fen": row.granted_fen}
    audit.record(f"safety_net.{verb}", "entitlement", row.public_id, actor=by.public_id, at=now, **said)
    return True
