"""Portal: the operator's desk."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Conflict, Invalid
from marketplace.orders.dues import asked_at_first_fen
from marketplace.orders.queries import count_awaiting, payments_awaiting
from marketplace.orders.service import cancel_unpaid, confirm_payment
from marketplace.orders.unapplied import GIVEN_UP
from marketplace.payments.queries import get_payment
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of
from marketplace.web.filters import yuan
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form
from marketplace.web.portals import operator_claims, operator_delivery, operator_ledger, operator_mandates, operator_shipments

blueprint = Blueprint("operator", __name__, url_prefix="/operator")
blueprint.register_blueprint(operator_claims.blueprint)
blueprint.register_blueprint(operator_ledger.blueprint)
blueprint.register_blueprint(operator_delivery.blueprint)
blueprint.register_blueprint(operator_shipments.blueprint)
blueprint.register_blueprint(operator_mandates.blueprint)


class ReferenceForm(FormSchema):
    """The reference that stands on a bank statement or a parcel."""

    reference = Text(load_default=None, validate=validate.Length(max=24))


class ConfirmForm(FormSchema):
    """How much has arrived; nothing where it is what is due."""

    received = Yuan(load_default=None)


@blueprint.get("/payments")
@allow(RoleKind.OPERATOR)
def payments() -> str:
    """What buyers still owe, oldest first."""
    return _page(read_form(ReferenceForm(), request.args)["reference"])


def _page(reference: str | None = None, error: str | None = None) -> str:
    now = clock.now()
    number, sum_fen = count_awaiting()
    rows = [
        {
            "public_id": payment.public_id,
            "reference": payment.reference,
            "order": group.reference,
            "amount_fen": payment.amount_fen,
            "asked_fen": asked_fen if (asked_fen := asked_at_first_fen(group)) != payment.amount_fen else None,
            "method": payment.method,
            "placed_at": group.placed_at,
            "days": (clock.local_day(now) - clock.local_day(group.placed_at)).days,
        }
        for payment, group in payments_awaiting(reference)
    ]
    return render_template(
        "operator/payments.html", rows=rows, number=number, sum_fen=sum_fen, reference=reference, error=error
    )


@blueprint.post("/payments/<public_id>/confirm")
@allow(RoleKind.OPERATOR)
def confirm(public_id: str) -> Response | tuple[str, int]:
    """Book that a payment has arrived; what is more than was due goes back by hand."""
    now = clock.now()
    try:
        received_fen = read_form(ConfirmForm())["received"]
        with transaction():
            payment = get_payment(public_id, lock=True)
            reference, given_up = payment.reference, payment.state in GIVEN_UP
            excess_fen = (received_fen or payment.amount_fen) - payment.amount_fen
            booked = confirm_payment(payment, received_fen=received_fen, actor=account().public_id, now=now)
    except (Conflict, Invalid) as error:
        if isinstance(error, Conflict) and given_up:
            # Somebody has cancelled it while this page was open: the money is booked where it can go back.
            words = _(
                "Payment %(reference)s has been given up. If its money has come, please book it here.", reference=reference
            )
            flash(words, "warning")
            return redirect(url_for("operator_money.payments", reference=reference), 303)
        if request.form.get("received") is None:
            raise
        return _page(error=next(iter(error.fields.values())) if isinstance(error, FormError) else message_of(error)), 422
    if booked and excess_fen:
        flash(_("Booked. %(amount)s is to be sent back: see Refunds.", amount=yuan(excess_fen)), "success")
    elif booked:
        flash(_("Payment %(reference)s is booked.", reference=reference), "success")
    else:
        flash(_("Payment %(reference)s had already been confirmed. Nothing was booked again.", reference=reference), "info")
    return redirect(url_for("operator.payments"), 303)


@blueprint.post("/payments/<public_id>/cancel")
@allow(RoleKind.OPERATOR)
def cancel(public_id: str) -> Response:
    """Give up a purchase that was not paid; its goods go back on stock."""
    read_form(FormSchema())
    now = clock.now()
    with transaction():
        payment = get_payment(public_id, lock=True)
        cancelled = cancel_unpaid(payment, actor=account().public_id, now=now)
        reference = payment.reference
    if cancelled:
        flash(_("Payment %(reference)s is cancelled and the goods are back in stock.", reference=reference), "success")
    else:
        flash(_("Payment %(reference)s had already been cancelled. Nothing was changed.", reference=reference), "info")
    return redirect(url_for("operator.payments"), 303)
