"""The operator's view of all payments: refunds, what people have to send by hand, and the provider's messages."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, DomainError, Invalid, NotFound
from marketplace.orders.collecting import send_refunds
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.queries import payments_listed
from marketplace.orders.refunds import cancel_order, refund_order, send_refund_by_hand
from marketplace.orders.states import OrderState
from marketplace.orders.unapplied import CLOSED, book_unapplied
from marketplace.payments.gateway import RefundState
from marketplace.payments.models import Payment, Refund
from marketplace.payments.queries import get_payment, get_refund, lock_refund, newest_events, refunds_by_hand
from marketplace.payments.states import PaymentState
from marketplace.web.access import account, allow
from marketplace.web.errors import errors_by_field, status_of
from marketplace.web.filters import yuan
from marketplace.web.forms import FormSchema, Text, Yuan, read_form
from marketplace.web.languages import pick
from marketplace.web.portals import operator_payouts
from marketplace.web.portals.storefront.paying import method_name

blueprint = Blueprint("operator_money", __name__, url_prefix="/operator/money")
blueprint.register_blueprint(operator_payouts.blueprint)


class SearchForm(FormSchema):
    """The reference of a payment or an order."""

    reference = Text(load_default=None, validate=validate.Length(max=24))


class UnappliedForm(FormSchema):
    """A transfer as it stands on the bank's statement."""

    received = Yuan(required=True, error_messages={"required": N_("Please give the amount that has arrived.")})
    bank_reference = Text(required=True, validate=validate.Length(max=64, error=N_("This is too long.")))


class RefundForm(FormSchema):
    """How much of an order goes back, and how much of it had gone back when that was decided."""

    expected_refunded_fen = fields.Integer(required=True, error_messages={"required": N_("Please open this page again.")})
    amount = Yuan(required=True, error_messages={"required": N_("Please give an amount to refund.")})


@blueprint.get("/payments")
@allow(RoleKind.OPERATOR)
def payments() -> str:
    """Every payment, newest first, with what can be given back."""
    return _page(read_form(SearchForm(), request.args)["reference"])


def _page(reference: str | None, error: DomainError | None = None, at: str = "") -> str:
    """The page; with what was wrong with the transfer that was to be booked ``at`` a payment, and what had been typed."""
    found = payments_listed(reference)
    if at and all(payment.public_id != at for payment, _group in found):
        found = payments_listed(get_payment(at).reference)
    rows = [_payment_row(payment, group) for payment, group in found]
    by_hand = [
        {"public_id": row.public_id, "reference": row.payment.reference, "amount_fen": row.amount_fen, "failed": _failed(row)}
        for row in refunds_by_hand()
        # Whoever has looked for one payment is not shown the others first.
        if reference is None or any(payment.id == row.payment_id for payment, _group in found)
    ]
    errors = {} if error is None else errors_by_field(error)
    return render_template(
        "operator/all_payments.html",
        rows=rows,
        by_hand=by_hand,
        reference=reference,
        at=at,
        form=request.form if error is not None else {},
        errors=errors,
    )


def _failed(refund: Refund) -> bool:
    return refund.state == RefundState.FAILED


def _payment_row(payment: Payment, group: OrderGroup) -> dict[str, Any]:
    paid = payment.state == PaymentState.PAID
    return {
        "public_id": payment.public_id,
        "is_closed": payment.state in CLOSED,
        "reference": payment.reference,
        "order": group.reference,
        "amount_fen": payment.amount_fen,
        "method": method_name(payment.method),
        "chip": state_chip(payment.state),
        "placed_at": group.placed_at,
        "parts": [_part_row(part) for part in group.orders] if paid else [],
        "refunds": [{"amount_fen": row.amount_fen, "words": refund_words(row)} for row in payment.refunds],
    }


def _part_row(part: Order) -> dict[str, Any]:
    return {
        "public_id": part.public_id,
        "seller": pick(part.lines[0].producer_zh, part.lines[0].producer_en),
        "left_fen": part.total_fen - part.refunded_fen,
        "refunded_fen": part.given_back_fen,
        "can_be_cancelled": part.state == OrderState.PLACED,
    }


def state_chip(state: str) -> tuple[str, str]:
    """Where a payment stands, in words, and the tone of its chip."""
    words = {
        PaymentState.AWAITING: (_("Waiting for the money"), "wait"),
        PaymentState.PROCESSING: (_("Payment on its way"), "info"),
        PaymentState.PAID: (_("Paid"), "good"),
        PaymentState.FAILED: (_("Last try failed"), "bad"),
        PaymentState.CANCELLED: (_("Cancelled"), "neutral"),
        PaymentState.EXPIRED: (_("Not paid in time"), "neutral"),
    }
    return words[PaymentState(state)]


def refund_words(refund: Refund) -> str:
    """Where a refund stands, in words."""
    words = {
        RefundState.CREATED: _("promised"),
        RefundState.PENDING: _("on its way"),
        RefundState.SUCCEEDED: _("paid back"),
        RefundState.FAILED: _("could not be delivered"),
        RefundState.BY_HAND: _("sent back by hand"),
    }
    return words[RefundState(refund.state)]


@blueprint.post("/payments/<public_id>/unapplied")
@allow(RoleKind.OPERATOR)
def unapplied(public_id: str) -> Response | tuple[str, int]:
    """Book a transfer that came for a purchase which waits for no money; all of it is to be sent back by hand."""
    try:
        form = read_form(UnappliedForm())
        with transaction():
            payment = get_payment(public_id, lock=True)
            actor, now = account().public_id, clock.now()
            booked = book_unapplied(payment, form["received"], form["bank_reference"], actor=actor, now=now)
            reference = payment.reference
    except (Conflict, Invalid) as error:
        db.session.rollback()
        return _page(None, error=error, at=public_id), status_of(error)
    if booked:
        flash(_("Booked. %(amount)s is to be sent back by hand.", amount=yuan(form["received"])), "success")
    else:
        flash(_("This transfer had been booked already. Nothing was booked again."), "info")
    return redirect(url_for("operator_money.payments", reference=reference), 303)


@blueprint.post("/orders/<public_id>/refund")
@allow(RoleKind.OPERATOR)
def refund(public_id: str) -> Response:
    """Give back part or all of what an order took."""
    form = read_form(RefundForm())
    seen_fen = form["expected_refunded_fen"]
    with transaction():
        made = refund_order(
            public_id, form["amount"], expected_refunded_fen=seen_fen, actor=account().public_id, now=clock.now()
        )
        refund_id = made.public_id
    return _sent(refund_id)


@blueprint.post("/orders/<public_id>/cancel")
@allow(RoleKind.OPERATOR)
def cancel(public_id: str) -> Response:
    """Cancel a paid part that has not left, and give all of its money back."""
    read_form(FormSchema())
    with transaction():
        made = cancel_order(public_id, actor=account().public_id, now=clock.now())
        refund_id = made.public_id if made is not None else None
    if refund_id is None:
        flash(_("This part is cancelled. Nothing was left to give back."), "info")
        return redirect(url_for("operator_money.payments"), 303)
    return _sent(refund_id)


def _sent(refund_id: str) -> Response:
    # The refund is committed; only now is the provider asked, and the sweeper asks again what it did not answer.
    send_refunds(get_refund(refund_id).payment.public_id, now=clock.now())
    made = get_refund(refund_id)
    reference = made.payment.reference
    if made.attempt_id is None:
        flash(_("The refund of payment %(reference)s is noted. Please send the money by hand.", reference=reference), "info")
    elif made.state == RefundState.FAILED:
        flash(
            _(
                "The payment service has refused the refund of payment %(reference)s. Please send the money by hand.",
                reference=reference,
            ),
            "warning",
        )
    elif made.state == RefundState.SUCCEEDED:
        flash(_("The refund of payment %(reference)s has been paid back.", reference=reference), "success")
    else:
        flash(_("The refund of payment %(reference)s is on its way.", reference=reference), "success")
    return redirect(url_for("operator_money.payments"), 303)


@blueprint.post("/refunds/<public_id>/sent")
@allow(RoleKind.OPERATOR)
def sent_by_hand(public_id: str) -> Response:
    """Note that a person has sent a refund."""
    read_form(FormSchema())
    with transaction():
        found = lock_refund(public_id)
        if found is None:
            raise NotFound("refund_unknown", N_("There is no such refund."))
        send_refund_by_hand(found, actor=account().public_id, now=clock.now())
    flash(_("Noted: the money has been sent back."), "success")
    return redirect(url_for("operator_money.payments"), 303)


@blueprint.get("/events")
@allow(RoleKind.OPERATOR)
def events() -> str:
    """The provider's messages as they came, newest first."""
    outcomes = {"acted": _("acted on"), "ignored": _("not for us"), "given_up": _("given up"), None: _("not acted on yet")}
    rows = [
        {
            "received_at": row.received_at,
            "kind": row.kind,
            "event_id": row.event_id,
            "deliveries": row.deliveries,
            "outcome": outcomes[row.outcome],
        }
        for row in newest_events()
    ]
    return render_template("operator/events.html", rows=rows)
