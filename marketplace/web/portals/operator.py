"""Portal: the operator's desk."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.orders.queries import count_awaiting, payments_awaiting
from marketplace.orders.service import cancel_unpaid, confirm_payment
from marketplace.payments.queries import get_payment
from marketplace.web.access import account, allow
from marketplace.web.forms import FormSchema, Text, read_form
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


@blueprint.get("/payments")
@allow(RoleKind.OPERATOR)
def payments() -> str:
    """What buyers still owe, oldest first."""
    now = clock.now()
    reference = read_form(ReferenceForm(), request.args)["reference"]
    number, sum_fen = count_awaiting()
    rows = [
        {
            "public_id": payment.public_id,
            "reference": payment.reference,
            "order": group.reference,
            "amount_fen": payment.amount_fen,
            "method": payment.method,
            "placed_at": group.placed_at,
            "days": (clock.local_day(now) - clock.local_day(group.placed_at)).days,
        }
        for payment, group in payments_awaiting(reference)
    ]
    return render_template("operator/payments.html", rows=rows, number=number, sum_fen=sum_fen, reference=reference)


@blueprint.post("/payments/<public_id>/confirm")
@allow(RoleKind.OPERATOR)
def confirm(public_id: str) -> Response:
    """Book that a payment has arrived."""
    read_form(FormSchema())
    now = clock.now()
    with transaction():
        payment = get_payment(public_id, lock=True)
        booked = confirm_payment(payment, actor=account().public_id, now=now)
        reference = payment.reference
    if booked:
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
