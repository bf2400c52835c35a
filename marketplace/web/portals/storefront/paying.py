"""Paying for a purchase online, coming back from it, trying again, and giving a purchase or a part of it up."""

from typing import Any

from flask import flash, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Conflict
from marketplace.orders.collecting import give_up_payment, look_up, pay_page, send_refunds
from marketplace.orders.models import OrderGroup
from marketplace.orders.queries import get_group, payment_of
from marketplace.orders.refunds import cancel_order
from marketplace.orders.states import OrderState
from marketplace.payments.gateway import ProviderUnavailable, RefundState
from marketplace.payments.models import Payment, PaymentMethod, Refund, RefundReason
from marketplace.payments.queries import get_refund
from marketplace.payments.states import UNPAID, PaymentAction
from marketplace.web.access import SIGNED_IN, account, allow
from marketplace.web.errors import message_of
from marketplace.web.filters import yuan
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.redirects import see_other


def to_pay_page(group: OrderGroup) -> Response:
    """Send the browser of a committed online purchase to the page where it is paid.

    Whatever goes wrong with that, the purchase stands and its own page says how to go on.
    """
    own_page = url_for("storefront.order", public_id=group.public_id)
    back_url = url_for("storefront.order", public_id=group.public_id, _external=True)
    return_url = url_for("storefront.order_paid", public_id=group.public_id, _external=True)
    now = clock.now()
    payment_id = payment_of(group).public_id
    try:
        target = pay_page(payment_id, return_url, back_url, now=now)
    except Conflict as error:
        flash(message_of(error), "warning")
        target = None
    return see_other(target or own_page)


@blueprint.post("/orders/<public_id>/pay")
@allow(SIGNED_IN)
def order_pay(public_id: str) -> Response:
    """Pay, or try again."""
    read_form(FormSchema())
    return to_pay_page(get_group(public_id, account().id))


@blueprint.get("/orders/<public_id>/paid")
@allow(SIGNED_IN)
def order_paid(public_id: str) -> Response:
    """Where the payment page sends the browser: ask how it went, and show the purchase."""
    payment_id = payment_of(get_group(public_id, account().id)).public_id
    try:
        look_up(payment_id, now=clock.now())
    except ProviderUnavailable:
        flash(_("We have not heard from the payment service yet. This page will show it as soon as we do."), "info")
    return see_other(url_for("storefront.order", public_id=public_id))


@blueprint.post("/orders/<public_id>/cancel")
@allow(SIGNED_IN)
def order_cancel(public_id: str) -> Response:
    """Give up a purchase that has not been paid; its goods go back on sale."""
    read_form(FormSchema())
    group = get_group(public_id, account().id)
    payment = payment_of(group)
    if not may_give_up(payment, group):
        flash(_("This order can no longer be cancelled as a whole."), "warning")
        return see_other(url_for("storefront.order", public_id=public_id))
    now = clock.now()
    try:
        if give_up_payment(payment.public_id, PaymentAction.CANCEL, actor=account().public_id, now=now):
            flash(_("Your order is cancelled. Nothing is owed."), "success")
        else:
            flash(_("Your payment has just arrived, so the order stands. You can cancel its parts below."), "info")
    except ProviderUnavailable as error:
        flash(message_of(error), "warning")
    return see_other(url_for("storefront.order", public_id=public_id))


@blueprint.post("/orders/<group>/<order>/cancel")
@allow(SIGNED_IN)
def order_part_cancel(group: str, order: str) -> Response:
    """Cancel a seller's part that was paid for and has not left; the money goes back."""
    read_form(FormSchema())
    now = clock.now()
    get_group(group, account().id)
    with transaction():
        refund = cancel_order(order, account_id=account().id, actor=account().public_id, now=now)
        names = (refund.public_id, refund.payment.public_id) if refund is not None else None
    said, kind = _("This part is cancelled."), "success"
    if names is not None:
        refund_id, payment_id = names
        send_refunds(payment_id, now=now)
        line = refund_line(get_refund(refund_id))
        said, kind = f"{said} {line['text']}", line["kind"]
    flash(said, kind)
    return see_other(url_for("storefront.order", public_id=group))


def may_give_up(payment: Payment, group: OrderGroup) -> bool:
    """Whether the buyer can give up a purchase as a whole: nothing paid, nothing sent."""
    by_contract = payment.method == PaymentMethod.AFTER_ACCEPTANCE
    return payment.state in UNPAID and not by_contract and all(part.state == OrderState.PLACED for part in group.orders)


def method_name(method: str) -> str:
    """How a purchase is paid, in words."""
    names = {
        PaymentMethod.ONLINE: _("Card, Alipay or WeChat Pay"),
        PaymentMethod.BANK_TRANSFER: _("Bank transfer"),
        PaymentMethod.CASH_ON_DELIVERY: _("Cash on delivery"),
        PaymentMethod.AFTER_ACCEPTANCE: _("By contract, after acceptance"),
    }
    return names[PaymentMethod(method)]


def refund_line(refund: Refund) -> dict[str, Any]:
    """A refund as its buyer reads it."""
    amount = yuan(refund.amount_fen)
    if refund.state in (RefundState.SUCCEEDED, RefundState.BY_HAND):
        text, kind = _("%(amount)s has been paid back to you.", amount=amount), "success"
    elif refund.state == RefundState.FAILED:
        text, kind = (
            _("%(amount)s could not be paid back yet. The operator of the market takes care of it.", amount=amount),
            "info",
        )
    elif refund.attempt_id is None:
        text, kind = _("The operator of the market sends %(amount)s back to you.", amount=amount), "info"
    else:
        text, kind = _("%(amount)s is on its way back to you.", amount=amount), "info"
    if refund.reason == RefundReason.SURPLUS:
        text = _("A payment arrived that this order does not need.") + " " + text
    return {"text": text, "kind": kind}
