"""What the operator's programs do: payments, refunds, and the ledger."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.ledger.queries import statement, trial_balance
from marketplace.orders.collecting import send_refunds
from marketplace.orders.queries import payments_listed
from marketplace.orders.refunds import cancel_order, refund_order, send_refund_by_hand
from marketplace.orders.service import cancel_unpaid, confirm_payment
from marketplace.orders.unapplied import book_unapplied
from marketplace.payments.gateway import RefundState
from marketplace.payments.models import Payment, PaymentMethod, Refund
from marketplace.payments.queries import get_payment, get_refund, lock_refund, refunds_by_hand
from marketplace.payments.states import PaymentState
from marketplace.web.access import account
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import REFERENCE, FenField, InputSchema, Line, QueryDay, QueryNumber, Spelled
from marketplace.web.api.schemas import OutputSchema, fen, given_back, uncharged

blueprint: Blueprint = ApiBlueprint(
    "api-operations", __name__, url_prefix="/api/v1/operations", description="Payments, refunds and the ledger"
)
_MOST_LINES = 1_000
# As many figures as a number in a query has.
_MOST_RECEIVED_FEN = 999_999_999


class ReferenceQuerySchema(InputSchema):
    """The reference of a payment or of a purchase."""

    reference = Spelled(REFERENCE, most=24)


class RefundSchema(OutputSchema):
    """Money that goes back, and how far it has come."""

    public_id = fields.String()
    amount_fen = fen()
    state = fields.String(validate=validate.OneOf([state.value for state in RefundState]))


class PaidPartSchema(OutputSchema):
    """One seller's order of a payment, with what of it has been given back; `refunded_fen` goes into a refund's expectation."""

    public_id = fields.String()
    state = fields.String()
    total_fen = fen()
    refunded_fen = given_back()
    uncharged_fen = uncharged()


class OperatorPaymentSchema(OutputSchema):
    """A payment with the orders it is for and what went back of it."""

    public_id = fields.String()
    reference = fields.String()
    purchase = fields.String(metadata={"description": "The purchase's reference"})
    method = fields.String(validate=validate.OneOf([method.value for method in PaymentMethod]))
    state = fields.String(validate=validate.OneOf([state.value for state in PaymentState]))
    amount_fen = fen()
    placed_at = fields.AwareDateTime()
    orders = fields.List(fields.Nested(PaidPartSchema))
    refunds = fields.List(fields.Nested(RefundSchema))


class OperatorPaymentsSchema(OutputSchema):
    """The newest payments, at most fifty."""

    items = fields.List(fields.Nested(OperatorPaymentSchema))


class PaymentStateSchema(OutputSchema):
    """A payment after an act; ``done`` is false where it had been done before."""

    public_id = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in PaymentState]))
    done = fields.Boolean()


class ReceivedQuerySchema(InputSchema):
    """How much has arrived; left out where it is what is due."""

    received_fen = QueryNumber(1, _MOST_RECEIVED_FEN, load_default=None)


class UnappliedSchema(InputSchema):
    """A transfer as it stands on the bank's statement; the bank's reference makes a repeated call book it once."""

    amount_fen = FenField(least=1, required=True)
    bank_reference = Line(64, required=True)


class RefundInputSchema(InputSchema):
    """How much goes back, and how much had gone back when that was decided: so a repeated call refunds once."""

    amount_fen = FenField(least=1, required=True)
    expected_refunded_fen = FenField(required=True)


class BalanceSchema(OutputSchema):
    """What stands on an account; all of them sum to zero."""

    account = fields.String()
    balance_fen = fields.Integer()


class BalancesSchema(OutputSchema):
    """The trial balance."""

    items = fields.List(fields.Nested(BalanceSchema))
    sum_fen = fields.Integer()


class StatementQuerySchema(InputSchema):
    """Which account, which days."""

    account = Line(80, required=True)
    first = QueryDay(data_key="from", required=True)
    last = QueryDay(data_key="to", required=True)


class StatementLineSchema(OutputSchema):
    """One entry, with the balance behind it."""

    at = fields.AwareDateTime()
    transfer = fields.String(attribute="transfer_public_id")
    kind = fields.String()
    purpose_kind = fields.String()
    purpose = fields.String(attribute="purpose_id")
    amount_fen = fields.Integer()
    balance_fen = fields.Integer()


class StatementSchema(OutputSchema):
    """What moved on an account; at most 1000 lines, so ask for fewer days where there are as many."""

    account = fields.String(attribute="code")
    opening_fen = fields.Integer()
    lines = fields.List(fields.Nested(StatementLineSchema))
    closing_fen = fields.Integer()


@blueprint.get("/payments")
@only(RoleKind.OPERATOR)
@blueprint.arguments(ReferenceQuerySchema, location="query")
@blueprint.response(200, OperatorPaymentsSchema)
@problems(422)
def operator_payments(given: dict[str, Any]) -> dict[str, Any]:
    """The newest payments, or those that a reference names."""
    rows = payments_listed(given.get("reference"))
    return {
        "items": [
            {
                "public_id": payment.public_id,
                "reference": payment.reference,
                "purchase": group.reference,
                "method": payment.method,
                "state": payment.state,
                "amount_fen": payment.amount_fen,
                "placed_at": group.placed_at,
                "orders": group.orders,
                "refunds": payment.refunds,
            }
            for payment, group in rows
        ]
    }


def _moved(payment: Payment, done: bool) -> dict[str, Any]:
    return {"public_id": payment.public_id, "state": payment.state, "done": done}


@blueprint.post("/payments/<public_id:public_id>/confirm")
@only(RoleKind.OPERATOR)
@blueprint.arguments(ReceivedQuerySchema, location="query")
@blueprint.response(200, PaymentStateSchema)
@problems(404, 409, 422)
def operator_confirm(given: dict[str, int | None], public_id: str) -> dict[str, Any]:
    """Book that a transfer or cash has arrived; `confirmed_by_provider` (409) for an online payment.

    What is more than is due goes back by hand; `received_too_little` (409) for less.
    """
    with transaction():
        payment = get_payment(public_id, lock=True)
        received_fen = given["received_fen"]
        booked = confirm_payment(payment, received_fen=received_fen, actor=account().public_id, now=clock.now())
        return _moved(payment, booked)


@blueprint.post("/payments/<public_id:public_id>/unapplied")
@only(RoleKind.OPERATOR)
@blueprint.arguments(UnappliedSchema)
@blueprint.response(200, PaymentStateSchema)
@problems(404, 409, *BODY)
def operator_unapplied(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Book a transfer that came for a purchase which waits for no money: given up, or paid already. It goes back by hand.

    `payment_open` (409) where the purchase does wait for it, `bank_reference_used` (409) where the reference stands elsewhere.
    """
    with transaction():
        payment = get_payment(public_id, lock=True)
        actor, now = account().public_id, clock.now()
        booked = book_unapplied(payment, given["amount_fen"], given["bank_reference"], actor=actor, now=now)
        return _moved(payment, booked)


@blueprint.post("/payments/<public_id:public_id>/cancel")
@only(RoleKind.OPERATOR)
@blueprint.response(200, PaymentStateSchema)
@problems(404, 409)
def operator_cancel(public_id: str) -> dict[str, Any]:
    """Give up a purchase that was not paid; its goods go back on stock."""
    with transaction():
        payment = get_payment(public_id, lock=True)
        return _moved(payment, cancel_unpaid(payment, actor=account().public_id, now=clock.now()))


@blueprint.post("/orders/<public_id:public_id>/refunds")
@only(RoleKind.OPERATOR)
@blueprint.arguments(RefundInputSchema)
@blueprint.response(201, RefundSchema)
@problems(404, 409, *BODY)
def operator_refund(given: dict[str, int], public_id: str) -> Refund:
    """Give part or all of a paid order back; `refund_changed` (409) when something has gone back since."""
    with transaction():
        made = refund_order(
            public_id,
            given["amount_fen"],
            expected_refunded_fen=given["expected_refunded_fen"],
            actor=account().public_id,
            now=clock.now(),
        )
        refund_id = made.public_id
    return _sent(refund_id)


@blueprint.post("/orders/<public_id:public_id>/cancel")
@only(RoleKind.OPERATOR)
@blueprint.response(200, RefundSchema)
@blueprint.alt_response(204, description="Nothing was left to give back")
@problems(404, 409)
def operator_cancel_order(public_id: str) -> Refund | tuple[str, int]:
    """Cancel a paid order that has not left, and give all of its money back."""
    with transaction():
        made = cancel_order(public_id, actor=account().public_id, now=clock.now())
        refund_id = made.public_id if made is not None else None
    return _sent(refund_id) if refund_id is not None else ("", 204)


def _sent(refund_id: str) -> Refund:
    # Committed before the provider is asked; what it does not answer the sweeper asks again.
    send_refunds(get_refund(refund_id).payment.public_id, now=clock.now())
    return get_refund(refund_id)


class ByHandSchema(OutputSchema):
    """Refunds that a person has to send."""

    items = fields.List(fields.Nested(RefundSchema))


@blueprint.get("/refunds/by-hand")
@only(RoleKind.OPERATOR)
@blueprint.response(200, ByHandSchema)
def operator_by_hand() -> dict[str, Any]:
    """What people have to send back themselves, oldest first."""
    return {"items": refunds_by_hand()}


@blueprint.post("/refunds/<public_id:public_id>/sent")
@only(RoleKind.OPERATOR)
@blueprint.response(200, RefundSchema)
@problems(404, 409)
def operator_sent_by_hand(public_id: str) -> Refund:
    """Note that a person has sent a refund."""
    with transaction():
        found = lock_refund(public_id)
        if found is None:
            raise NotFound("refund_unknown", N_("There is no such refund."))
        send_refund_by_hand(found, actor=account().public_id, now=clock.now())
        return found


@blueprint.get("/ledger")
@only(RoleKind.OPERATOR)
@blueprint.response(200, BalancesSchema)
def operator_ledger() -> dict[str, Any]:
    """Every account with what stands on it; the sum is zero."""
    rows = trial_balance()
    items = [{"account": code, "balance_fen": balance} for code, balance in rows]
    return {"items": items, "sum_fen": sum(balance for _, balance in rows)}


@blueprint.get("/ledger/statement")
@only(RoleKind.OPERATOR)
@blueprint.arguments(StatementQuerySchema, location="query")
@blueprint.response(200, StatementSchema)
@problems(404, 422)
def operator_statement(given: dict[str, Any]) -> Any:
    """What moved on an account, oldest first, both days included."""
    begin, end = clock.day_bounds(given["first"], given["last"])
    return statement(given["account"], begin, end, limit=_MOST_LINES)
