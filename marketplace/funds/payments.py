"""Paying public money: ordered by one person, approved by another, reversed when it came back.

``pay_from`` is the door for whoever spends money for a purpose of their own (a project, a pool of shares, a need of help): it
writes an order and its approval in one step, for two persons who have agreed elsewhere.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from marketplace.funds.models import Fund, FundMove, FundPayment, HouseholdPayment, MoveKind, PayeeKind
from marketplace.funds.places import check_place
from marketplace.funds.purposes import check_purpose
from marketplace.funds.queries import fund_of, lock_earmark
from marketplace.funds.service import book_move, check_keeps_books, move_money
from marketplace.funds.states import PAYMENTS, Action, PaymentState
from marketplace.identity.models import Account
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.privacy import blind_index
from marketplace.kernel.steps import step
from marketplace.ledger.earmarks import PAID
from marketplace.registry.models import Household, Person

_ACCOUNT = re.compile(r"[0-9]{8,30}")
_BETWEEN = re.compile(r"[\s-]")
# A unified social credit code: 18 figures and letters without I, O, S, V and Z (GB 32100).
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")


@dataclass(frozen=True)
class BankAccount:
    """Where money goes: whose account it is, at which bank, and its number."""

    holder: str
    bank: str
    number: str = field(repr=False)


@dataclass(frozen=True)
class ToHousehold:
    """A household as payee, and the member who receives the money where that is known."""

    household: Household
    person: Person | None = None


@dataclass(frozen=True)
class ToOrganisation:
    """An organisation as payee; ``representative_index`` is the keyed digest of the card of the person who answers for it."""

    credit_code: str
    invoice_number: str = ""
    invoice_fen: int | None = None
    representative_index: bytes | None = None


@dataclass(frozen=True)
class PaymentOrder:
    """What is to be paid: of which earmark, out of which place, how much, for what, on which document, to whom."""

    purpose_code: str
    place: str
    amount_fen: int
    purpose_kind: str
    purpose_id: str
    document_number: str
    payee: ToHousehold | ToOrganisation
    account: BankAccount


def propose_payment(fund: Fund, order: PaymentOrder, *, by: Account, now: datetime) -> FundPayment:
    """Write an order down, for a second person of the office to approve.

    Raises
    ------
    Forbidden
        ``fund_place_not_yours``.
    Invalid
        ``fund_purpose_not_given`` when the fund has no money for that purpose; ``payee_number``; ``payee_holder``;
        ``organisation_code``; ``fund_invoice``; ``fund_document_missing``; ``fund_amount``.
    """
    check_keeps_books(by, check_place(order.place))
    payment = _written(fund, order, by, now)
    said = {"fund": fund.public_id, "amount_fen": order.amount_fen, "purpose": order.purpose_code}
    audit.record("fund.payment_proposed", "fund_payment", payment.public_id, actor=by.public_id, at=now, **said)
    step("fund.payment_proposed")
    return payment


def approve_payment(payment: FundPayment, *, by: Account, now: datetime) -> bool:
    """Approve a locked payment as a second person: its money leaves its place. False when that was done.

    Raises
    ------
    Conflict
        ``second_person_needed``; ``fund_short`` when less is there; ``fund_payment_state`` when it was refused.
    """
    check_keeps_books(by, payment.place)
    state = PAYMENTS.next_state(PaymentState(payment.state), Action.APPROVE)
    if state is None:
        return False
    if by.id == payment.proposed_by_id:
        raise Conflict("second_person_needed", N_("Somebody else than who entered it has to agree."))
    payment.state, payment.decided_by_id, payment.decided_at = state, by.id, now
    db.session.flush()
    move_money(
        MoveKind.PAY,
        fund_of(payment),
        payment.purpose_code,
        payment.place,
        PAID,
        payment.amount_fen,
        payment.document_number,
        by=by,
        now=now,
        payment=payment,
    )
    said = {"amount_fen": payment.amount_fen}
    audit.record("fund.paid", "fund_payment", payment.public_id, actor=by.public_id, at=now, **said)
    step("fund.payment_booked")
    return True


def refuse_payment(payment: FundPayment, *, by: Account, now: datetime) -> bool:
    """Refuse a locked payment, or take back one's own order; False when that was done."""
    check_keeps_books(by, payment.place)
    state = PAYMENTS.next_state(PaymentState(payment.state), Action.REFUSE)
    if state is None:
        return False
    payment.state, payment.decided_by_id, payment.decided_at = state, by.id, now
    db.session.flush()
    audit.record("fund.payment_refused", "fund_payment", payment.public_id, actor=by.public_id, at=now)
    return True


def reverse_payment(payment: FundPayment, why: str, *, by: Account, now: datetime) -> bool:
    """Note that the money of a locked payment has come back: it stands at its place again. False when that was done.

    Raises
    ------
    Invalid
        ``fund_reason`` without a reason.
    """
    check_keeps_books(by, payment.place)
    state = PAYMENTS.next_state(PaymentState(payment.state), Action.REVERSE)
    if state is None:
        return False
    if not why.strip():
        raise Invalid("fund_reason", N_("Please say why."))
    fund = fund_of(payment)
    lock_earmark(fund, payment.purpose_code)
    booked = db.session.scalars(select(FundMove).filter_by(payment_id=payment.id)).one()
    payment.state, payment.reversed_why = state, why.strip()[:200]
    db.session.flush()
    given = (fund, payment.purpose_code, PAID, payment.place, payment.amount_fen, payment.document_number)
    book_move(MoveKind.REVERSE, *given, by=by, now=now, reverses=booked)
    audit.record("fund.reversed", "fund_payment", payment.public_id, actor=by.public_id, at=now)
    step("fund.payment_reversed")
    return True


def pay_from(fund: Fund, order: PaymentOrder, *, by: Account, approved_by: Account, now: datetime) -> FundPayment:
    """Pay at once what two persons have agreed on elsewhere; the second one's office keeps the books of the place.

    Raises
    ------
    Conflict
        ``second_person_needed`` when the two are one; ``fund_short``; ``fund_not_in_force``.
    Forbidden
        ``fund_place_not_yours`` when the second one's office does not.
    Invalid
        As for ``propose_payment``.
    """
    check_keeps_books(approved_by, check_place(order.place))
    payment = _written(fund, order, by, now)
    approve_payment(payment, by=approved_by, now=now)
    return payment


def _written(fund: Fund, order: PaymentOrder, by: Account, now: datetime) -> FundPayment:
    number = _BETWEEN.sub("", order.account.number)
    _check(fund, order, number)
    household = order.payee if isinstance(order.payee, ToHousehold) else None
    organisation = order.payee if isinstance(order.payee, ToOrganisation) else None
    payment = FundPayment(
        reference=ids.reference("FP", local_day(now)),
        fund_id=fund.id,
        purpose_code=order.purpose_code,
        place=order.place,
        amount_fen=order.amount_fen,
        purpose_kind=order.purpose_kind,
        purpose_id=order.purpose_id,
        payee_kind=PayeeKind.HOUSEHOLD if household else PayeeKind.ORGANISATION,
        payee_name=order.account.holder.strip(),
        bank=order.account.bank.strip(),
        account_number=number,
        last_four=number[-4:],
        # The same word as for payees of the market, so that one account on both sides has one digest.
        account_index=blind_index(number, "payee_account.number"),
        organisation_code=organisation.credit_code if organisation else "",
        representative_index=organisation.representative_index if organisation else None,
        document_number=order.document_number.strip(),
        invoice_number=organisation.invoice_number.strip() if organisation else "",
        invoice_fen=organisation.invoice_fen if organisation else None,
        proposed_by_id=by.id,
        proposed_at=now,
    )
    db.session.add(payment)
    db.session.flush()
    if household:
        db.session.add(
            HouseholdPayment(
                payment_id=payment.id,
                household_id=household.household.id,
                village_code=household.household.village_code,
                person_id=None if household.person is None else household.person.id,
            )
        )
        db.session.flush()
    return payment


def _check(fund: Fund, order: PaymentOrder, number: str) -> None:
    check_purpose(order.purpose_code)
    if order.purpose_code not in {earmark.purpose_code for earmark in fund.earmarks}:
        raise Invalid("fund_purpose_not_given", N_("This fund has no money for that purpose."))
    if order.amount_fen <= 0:
        raise Invalid("fund_amount", N_("The amount must be more than nothing."))
    if not order.document_number.strip():
        raise Invalid("fund_document_missing", N_("Please give the document’s number and title."))
    if not _ACCOUNT.fullmatch(number):
        raise Invalid("payee_number", N_("Please check the account number: it has 8 to 30 figures."))
    if not order.account.holder.strip() or not order.account.bank.strip():
        raise Invalid("payee_holder", N_("Please name the account’s holder and the bank."))
    if isinstance(order.payee, ToHousehold):
        person = order.payee.person
        if person is not None and person.household_id != order.payee.household.id:
            raise Invalid("fund_person_elsewhere", N_("This person is no member of the household."))
        return
    if not _CREDIT_CODE.fullmatch(order.payee.credit_code):
        raise Invalid("organisation_code", N_("The unified social credit code has 18 figures and letters."))
    if bool(order.payee.invoice_number.strip()) != (order.payee.invoice_fen is not None):
        raise Invalid("fund_invoice", N_("Please give both the invoice’s number and its amount, or neither."))
