"""What programs of finance offices and auditors do with public money: read it, move it, pay it, trace it."""

import re
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.funds.models import Budget, Fund, FundMove, FundPayment, MoveKind, PayeeKind
from marketplace.funds.payments import (
    BankAccount,
    PaymentOrder,
    ToHousehold,
    ToOrganisation,
    approve_payment,
    propose_payment,
    refuse_payment,
    reverse_payment,
)
from marketplace.funds.places import PLACE, is_below
from marketplace.funds.purposes import NAMES
from marketplace.funds.queries import (
    funds_by_id,
    funds_within,
    get_fund,
    get_payment,
    moves_of,
    payments_within,
    public_totals,
    standings,
    totals,
    totals_of,
    way_up,
)
from marketplace.funds.receiving import household_of, receiver_within
from marketplace.funds.service import allocate, approve_fund, give_back, propose_fund, refuse_fund
from marketplace.funds.states import FundState, PaymentState
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.ledger.earmarks import SOURCE
from marketplace.projects.tracking import check_within_approved
from marketplace.registry.reading_log import MONEY, note_reading
from marketplace.web.access import PUBLIC, account, allow
from marketplace.web.api.documents import BODY, OPTIONAL_BEARER, ApiBlueprint, only, problems
from marketplace.web.api.inputs import AREA, FenField, InputSchema, Line, Spelled, WholeField
from marketplace.web.api.schemas import OutputSchema, fen
from marketplace.web.money_reach import READERS, holds, money_area, money_reach, seen_fund, seen_payment

blueprint: Blueprint = ApiBlueprint("api-funds", __name__, url_prefix="/api/v1", description="Public money and its payments")

_PURPOSES = list(NAMES)
_TARGET = re.compile(f"source|{PLACE.pattern}")
_HOUSEHOLD = re.compile(r"[0-9]{16}")
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
_NUMBER = re.compile(r"[0-9]{8,30}")
_WITHIN = {"description": "Digits of an area within your own; your widest, when left out"}


class FundsQuerySchema(InputSchema):
    """Of which area."""

    area = Spelled(AREA, most=12, metadata=_WITHIN)


class FundSumSchema(OutputSchema):
    """Of one purpose: given, paid, and what stands at places; the last two add up to the first."""

    purpose = fields.String(validate=validate.OneOf(_PURPOSES))
    issued_fen = fen()
    paid_fen = fen()
    standing_fen = fen()


class FundSchema(OutputSchema):
    """A document's money."""

    public_id = fields.String()
    document_number = fields.String()
    title = fields.String()
    year = fields.Integer()
    budget = fields.String(validate=validate.OneOf([budget.value for budget in Budget]))
    area_code = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in FundState]))
    sums = fields.List(fields.Nested(FundSumSchema))


class FundsSchema(OutputSchema):
    """Funds, newest first."""

    items = fields.List(fields.Nested(FundSchema))


class FundStandingSchema(OutputSchema):
    """Money that stands at a place within your areas."""

    place = fields.String()
    purpose = fields.String(attribute="purpose_code")
    balance_fen = fen()


class FundMoveSchema(OutputSchema):
    """A movement of a fund's money."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf([kind.value for kind in MoveKind]))
    purpose = fields.String(attribute="purpose_code")
    source = fields.String()
    target = fields.String()
    amount_fen = fen()
    document_number = fields.String()
    at = fields.AwareDateTime()


class WholeFundSchema(FundSchema):
    """A fund, where its money stands, and the moves that brought it there, within your areas."""

    standings = fields.List(fields.Nested(FundStandingSchema))
    moves = fields.List(fields.Nested(FundMoveSchema))


class FundEarmarkInputSchema(InputSchema):
    """How much is for one purpose."""

    purpose = fields.String(required=True, validate=validate.OneOf(_PURPOSES))
    amount_fen = FenField(least=1, required=True)


class FundInputSchema(InputSchema):
    """A document's money, to be agreed to by a second person."""

    area_code = Spelled(AREA, most=12, required=True)
    budget = fields.String(required=True, validate=validate.OneOf([budget.value for budget in Budget]))
    document_number = Line(60, required=True)
    title = Line(120, required=True)
    year = WholeField(2013, 2100, required=True)
    earmarks = fields.List(
        fields.Nested(FundEarmarkInputSchema), required=True, validate=validate.Length(min=1, max=len(_PURPOSES))
    )


class FundMoveInputSchema(InputSchema):
    """Pass money on to an area below or a project, or give it back up; ``source`` is the budget."""

    purpose = fields.String(required=True, validate=validate.OneOf(_PURPOSES))
    source = Spelled(PLACE, most=27, required=True)
    target = Spelled(_TARGET, most=27, required=True)
    amount_fen = FenField(least=1, required=True)
    document_number = Line(60, required=True)


class FundPaymentInputSchema(InputSchema):
    """An order to pay: to a household by its code, or to an organisation by its credit code."""

    purpose = fields.String(required=True, validate=validate.OneOf(_PURPOSES))
    place = Spelled(PLACE, most=27, required=True)
    amount_fen = FenField(least=1, required=True)
    subject = Line(64, required=True, metadata={"description": "What it is paid for, such as a project's number"})
    document_number = Line(60, required=True)
    household_code = Spelled(_HOUSEHOLD, most=16, load_default=None, allow_none=True)
    credit_code = Spelled(_CREDIT_CODE, most=18, load_default=None, allow_none=True)
    invoice_number = Line(40, load_default=None, allow_none=True)
    invoice_fen = FenField(least=1, load_default=None, allow_none=True)
    account_holder = Line(60, required=True)
    bank = Line(60, required=True)
    account_number = Spelled(_NUMBER, most=30, required=True)


class FundReversalSchema(InputSchema):
    """Why the money came back."""

    reason = Line(200, required=True)


class FundPaymentSchema(OutputSchema):
    """A payment, without its payee."""

    public_id = fields.String()
    reference = fields.String()
    fund = fields.String(metadata={"description": "The fund's public id"})
    purpose = fields.String(attribute="payment.purpose_code")
    place = fields.String(attribute="payment.place")
    amount_fen = fen(attribute="payment.amount_fen")
    payee_kind = fields.String(attribute="payment.payee_kind", validate=validate.OneOf([kind.value for kind in PayeeKind]))
    account_last_four = fields.String(attribute="payment.last_four")
    subject = fields.String(attribute="payment.purpose_id")
    document_number = fields.String(attribute="payment.document_number")
    state = fields.String(attribute="payment.state", validate=validate.OneOf([state.value for state in PaymentState]))
    proposed_at = fields.AwareDateTime(attribute="payment.proposed_at")
    decided_at = fields.AwareDateTime(attribute="payment.decided_at", allow_none=True)


class WholeFundPaymentSchema(FundPaymentSchema):
    """A payment with its payee and the way of its money from the source. Looking at a household's is written down."""

    payee_name = fields.String()
    household_code = fields.String(allow_none=True)
    credit_code = fields.String()
    way = fields.List(fields.Nested(FundMoveSchema))


class FundPaymentsSchema(OutputSchema):
    """The newest payments, at most 100."""

    items = fields.List(fields.Nested(FundPaymentSchema))


class PublicFundsSchema(OutputSchema):
    """Every fund in force with its sums, and nobody who got any of it."""

    items = fields.List(fields.Nested(FundSchema))


def _fund(fund: Fund, sums: Any = None) -> dict[str, Any]:
    own = totals(fund) if sums is None else sums
    rows = [
        {"purpose": code, "issued_fen": one.issued_fen, "paid_fen": one.paid_fen, "standing_fen": one.standing_fen}
        for code, one in own.items()
    ]
    names = ("public_id", "document_number", "title", "year", "budget", "area_code", "state")
    return {**{name: getattr(fund, name) for name in names}, "sums": rows}


def _payment(payment: FundPayment, fund: Fund) -> dict[str, Any]:
    return {"public_id": payment.public_id, "reference": payment.reference, "fund": fund.public_id, "payment": payment}


@blueprint.get("/public-money")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.response(200, PublicFundsSchema)
def funds_public() -> dict[str, Any]:
    """What budgets have given, for what, and how much of it has been paid."""
    return {"items": [_fund(one.fund, one.totals) for one in public_totals()]}


@blueprint.get("/funds")
@only(*READERS)
@blueprint.arguments(FundsQuerySchema, location="query")
@blueprint.response(200, FundsSchema)
@problems(404, 422)
def funds_listed(given: dict[str, Any]) -> dict[str, Any]:
    """The funds that concern an area of your own."""
    found = funds_within([money_area(given.get("area"))])
    sums = totals_of(found)
    return {"items": [_fund(fund, sums[fund.public_id]) for fund in found]}


@blueprint.post("/funds")
@only(RoleKind.OFFICER)
@blueprint.arguments(FundInputSchema)
@blueprint.response(201, FundSchema)
@problems(404, 409, *BODY)
def funds_enter(given: dict[str, Any]) -> dict[str, Any]:
    """Enter a document's money; it is there when a second person of your office agrees."""
    earmarks: dict[str, int] = {}
    for one in given["earmarks"]:
        earmarks[one["purpose"]] = earmarks.get(one["purpose"], 0) + one["amount_fen"]
    with transaction():
        named = (given["area_code"], Budget(given["budget"]), given["document_number"], given["title"], given["year"])
        fund = propose_fund(*named, earmarks, by=account(), now=clock.now())
    return _fund(fund)


@blueprint.get("/funds/<public_id:public_id>")
@only(*READERS)
@blueprint.response(200, WholeFundSchema)
@problems(404)
def funds_one(public_id: str) -> dict[str, Any]:
    """A fund: where its money stands and how it got there, within your areas."""
    fund = seen_fund(get_fund(public_id))
    moves = [move for move in moves_of(fund) if move.kind != MoveKind.PAY and (holds(move.source) or holds(move.target))]
    return {**_fund(fund), "standings": [one for one in standings([fund]) if holds(one.place)], "moves": moves}


@blueprint.post("/funds/<public_id:public_id>/approve")
@only(RoleKind.OFFICER)
@blueprint.response(200, FundSchema)
@problems(404, 409)
def funds_approve(public_id: str) -> dict[str, Any]:
    """Agree to a fund as a second person."""
    with transaction():
        fund = seen_fund(get_fund(public_id, lock=True))
        approve_fund(fund, by=account(), now=clock.now())
    return _fund(fund)


@blueprint.post("/funds/<public_id:public_id>/refuse")
@only(RoleKind.OFFICER)
@blueprint.response(200, FundSchema)
@problems(404, 409)
def funds_refuse(public_id: str) -> dict[str, Any]:
    """Refuse a fund, or take back what you have entered."""
    with transaction():
        fund = seen_fund(get_fund(public_id, lock=True))
        refuse_fund(fund, by=account(), now=clock.now())
    return _fund(fund)


@blueprint.post("/funds/<public_id:public_id>/moves")
@only(RoleKind.OFFICER)
@blueprint.arguments(FundMoveInputSchema)
@blueprint.response(201, FundMoveSchema)
@problems(404, 409, *BODY)
def funds_move(given: dict[str, Any], public_id: str) -> FundMove:
    """Pass money on, or give it back; never more than there is."""
    with transaction():
        fund = seen_fund(get_fund(public_id))
        down = given["target"] != SOURCE and is_below(given["source"], given["target"])
        act = allocate if down else give_back
        said = (given["purpose"], given["source"], given["target"], given["amount_fen"], given["document_number"])
        return act(fund, *said, by=account(), now=clock.now())


@blueprint.post("/funds/<public_id:public_id>/payments")
@only(RoleKind.OFFICER)
@blueprint.arguments(FundPaymentInputSchema)
@blueprint.response(201, FundPaymentSchema)
@problems(404, 409, *BODY)
def funds_order(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Order a payment, for a second person to approve; to a household where its code is given, else to an organisation."""
    with transaction():
        fund = seen_fund(get_fund(public_id))
        payee: ToHousehold | ToOrganisation
        if given["household_code"] is not None:
            payee = ToHousehold(*receiver_within(given["household_code"], given["account_holder"], money_reach()))
        else:
            payee = ToOrganisation(given["credit_code"] or "", given["invoice_number"] or "", given["invoice_fen"])
        order = PaymentOrder(
            given["purpose"],
            given["place"],
            given["amount_fen"],
            "subject",
            given["subject"],
            given["document_number"],
            payee,
            BankAccount(given["account_holder"], given["bank"], given["account_number"]),
        )
        payment = propose_payment(fund, order, by=account(), now=clock.now())
    return _payment(payment, fund)


@blueprint.get("/fund-payments")
@only(*READERS)
@blueprint.arguments(FundsQuerySchema, location="query")
@blueprint.response(200, FundPaymentsSchema)
@problems(404, 422)
def funds_payments(given: dict[str, Any]) -> dict[str, Any]:
    """The newest payments out of places in an area of your own."""
    found = payments_within(money_area(given.get("area")))
    funds = funds_by_id(payment.fund_id for payment in found)
    return {"items": [_payment(payment, funds[payment.fund_id]) for payment in found]}


@blueprint.get("/fund-payments/<public_id:public_id>")
@only(*READERS)
@blueprint.response(200, WholeFundPaymentSchema)
@problems(404)
def funds_payment(public_id: str) -> dict[str, Any]:
    """A payment with its payee, and the way of its money from the source down."""
    with transaction():
        payment = seen_payment(get_payment(public_id))
        household = household_of(payment, money_reach())
        if household is not None:
            note_reading(household, account(), MONEY, now=clock.now())
        return {
            **_payment(payment, funds_by_id([payment.fund_id])[payment.fund_id]),
            "payee_name": payment.payee_name,
            "household_code": None if household is None else household.code,
            "credit_code": payment.organisation_code,
            "way": way_up(payment),
        }


@blueprint.post("/fund-payments/<public_id:public_id>/approve")
@only(RoleKind.OFFICER)
@blueprint.response(200, FundPaymentSchema)
@problems(404, 409, 422)
def funds_payment_approve(public_id: str) -> dict[str, Any]:
    """Approve a payment as a second person: the money leaves its place."""
    with transaction():
        payment = seen_payment(get_payment(public_id, lock=True))
        check_within_approved(payment)
        approve_payment(payment, by=account(), now=clock.now())
    return _payment(payment, funds_by_id([payment.fund_id])[payment.fund_id])


@blueprint.post("/fund-payments/<public_id:public_id>/refuse")
@only(RoleKind.OFFICER)
@blueprint.response(200, FundPaymentSchema)
@problems(404, 409)
def funds_payment_refuse(public_id: str) -> dict[str, Any]:
    """Refuse a payment, or take back your own order."""
    with transaction():
        payment = seen_payment(get_payment(public_id, lock=True))
        refuse_payment(payment, by=account(), now=clock.now())
    return _payment(payment, funds_by_id([payment.fund_id])[payment.fund_id])


@blueprint.post("/fund-payments/<public_id:public_id>/reverse")
@only(RoleKind.OFFICER)
@blueprint.arguments(FundReversalSchema)
@blueprint.response(200, FundPaymentSchema)
@problems(404, 409, *BODY)
def funds_payment_reverse(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Note that a payment's money has come back."""
    with transaction():
        payment = seen_payment(get_payment(public_id, lock=True))
        reverse_payment(payment, given["reason"], by=account(), now=clock.now())
    return _payment(payment, funds_by_id([payment.fund_id])[payment.fund_id])
