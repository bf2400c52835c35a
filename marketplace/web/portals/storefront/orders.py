"""What somebody has bought: the list, one purchase, and the button that says it has come."""

from typing import Any

from flask import current_app, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from marshmallow import EXCLUDE, validate
from werkzeug.wrappers import Response

from marketplace.catalogue.queries import product_art
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.orders.models import Order, OrderGroup, OrderLine
from marketplace.orders.preorders import waits_for_harvest
from marketplace.orders.queries import get_group, groups_after, payment_with_refunds
from marketplace.orders.service import accept_delivery
from marketplace.orders.shipment_queries import shipments_of
from marketplace.orders.shipments import note_received
from marketplace.orders.states import UNACCEPTED, OrderState
from marketplace.payments.models import Payment, PaymentMethod
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.queries import area_names
from marketplace.web.access import SIGNED_IN, account, allow
from marketplace.web.filters import yuan
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.places import address_line
from marketplace.web.portals.storefront.after_sale import after_sale, note_messages_read
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.portals.storefront.invoices import invoices_on
from marketplace.web.portals.storefront.journey import agreed_words, journey_of
from marketplace.web.portals.storefront.paying import may_give_up, method_name, refund_line
from marketplace.web.prices import order_line_price, weighing_words
from marketplace.web.redirects import see_other

PER_PAGE = 10


class OrdersQuery(FormSchema):
    """From which purchase on."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    after = Text(validate=validate.Length(max=20, error=N_("There is no such order.")))


@blueprint.get("/orders")
@allow(SIGNED_IN)
def orders() -> str:
    """One's purchases, newest first."""
    after = read_form(OrdersQuery(), request.args).get("after")
    found = groups_after(account().id, after, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    return render_template(
        "storefront/orders.html",
        groups=[_summary(group) for group in shown],
        first_page=after is None,
        older=url_for("storefront.orders", after=shown[-1].public_id) if len(found) > PER_PAGE else None,
    )


def _summary(group: OrderGroup) -> dict[str, Any]:
    return {
        "reference": group.reference,
        "url": url_for("storefront.order", public_id=group.public_id),
        "placed_at": group.placed_at,
        "total_fen": group.total_fen,
        "parts": [
            {"seller": _seller(order), "chip": state_of(order, group), "titles": [row["title"] for row in _lines(order, {})]}
            for order in group.orders
        ],
    }


@blueprint.get("/orders/<public_id>")
@allow(SIGNED_IN)
def order(public_id: str) -> str:
    """One purchase: how to pay, where it goes, how far each seller's part is."""
    now = clock.now()
    # The account's own id: what is committed here must not send the page to read the account again.
    new = note_messages_read(public_id, current_user.account_id, now)
    group = get_group(public_id, current_user.account_id)
    codes = ancestor_codes(group.area_code or "")
    names = area_names(codes)
    art = product_art(line.listing_id for part in group.orders for line in part.lines)
    payment = payment_with_refunds(group)
    shipments = shipments_of(group)
    return render_template(
        "storefront/order.html",
        group=group,
        payment=payment,
        invoices=invoices_on(group),
        method=method_name(group.payment_method),
        refunds=[refund_line(refund) for refund in payment.refunds],
        can_be_cancelled=may_give_up(payment, group),
        bank_account=current_app.extensions["settings"].bank_account,
        by_transfer=group.payment_method == PaymentMethod.BANK_TRANSFER,
        place=address_line((names[code] for code in codes if code in names), group.address),
        parts=[
            {**_part(part, group, art), "journey": journey_of(shipments.get(part.id)), "back_fen": _back_fen(part, payment)}
            for part in group.orders
        ],
        total_rows=_total_rows(group),
        after=after_sale(group, new, now),
        # A seller who has not agreed to the badge must not be told by a sum either.
        benefit_fen=sum(line.benefit_fen for part in group.orders if part.producer.badge_consent for line in part.lines),
    )


def _part(part: Order, group: OrderGroup, art: dict[int, str]) -> dict[str, Any]:
    """One seller's part of a purchase."""
    return {
        "public_id": part.public_id,
        "id": part.id,
        "can_be_invoiced": group.paid_at is not None and part.refunded_fen < part.total_fen,
        "seller": _seller(part),
        "chip": state_of(part, group),
        "lines": _lines(part, art),
        "total_fen": part.total_fen,
        "delivery_fen": part.delivery_fen,
        "agreed": agreed_words(part.delivery),
        "shipped_at": part.shipped_at,
        "delivered_at": part.delivered_at,
        "accepted_at": part.accepted_at,
        "can_be_received": part.state in UNACCEPTED,
        "can_be_cancelled": part.state == OrderState.PLACED and group.paid_at is not None,
    }


def _back_fen(part: Order, payment: Payment) -> int:
    """What of a part goes back to its buyer; not what a weight took off before anything was paid."""
    return sum(refund.amount_fen for refund in payment.refunds if refund.purpose_id == part.public_id)


def _total_rows(group: OrderGroup) -> list[tuple[str, str]]:
    """Goods and freight of a purchase; of one that pays none, that it is included."""
    # A part for which nothing is due any more pays no freight either.
    delivery_fen = sum(part.delivery_fen for part in group.orders if part.uncharged_fen < part.total_fen)
    if all(part.delivery is None for part in group.orders):
        return [(_("Delivery"), _("Included"))]
    return [(_("Goods"), yuan(group.total_fen - delivery_fen)), (_("Delivery"), yuan(delivery_fen))]


def _seller(part: Order) -> str:
    """The seller's name as it was when the order was placed."""
    first: OrderLine = part.lines[0]
    return pick(first.producer_zh, first.producer_en)


def _lines(part: Order, art: dict[int, str]) -> list[dict[str, Any]]:
    """The lines of a part. A listing that was taken from two lots has two lines, and is shown as it was bought."""
    return [
        {
            "title": pick(line.title_zh, line.title_en),
            "art": art.get(line.listing_id),
            "quantity": line.quantity,
            "unit": line.unit,
            "price": order_line_price(line),
            "weighing": weighing_words(line.weighing, line.total_fen),
            "harvested_on": line.harvested_on,
            "expected": line.expected,
            "missing": line.missing,
            "total_fen": line.total_fen,
        }
        for line in part.lines
    ]


def state_of(part: Order, group: OrderGroup) -> tuple[str, str]:
    """How far a part is, in words, and the tone of its chip."""
    if part.state == OrderState.PLACED and group.paid_at is None and group.payment_method == PaymentMethod.BANK_TRANSFER:
        return _("Waiting for your transfer"), "wait"
    if part.state == OrderState.PLACED and group.paid_at is None and group.payment_method == PaymentMethod.ONLINE:
        return _("Waiting for the payment"), "wait"
    if part.state == OrderState.PLACED and any(waits_for_harvest(line) for line in part.lines):
        return _("Waiting for the harvest"), "wait"
    words: dict[str, tuple[str, str]] = {
        OrderState.PLACED: (_("Being packed"), "info"),
        OrderState.SHIPPED: (_("On its way"), "info"),
        OrderState.DELIVERED: (_("It has arrived"), "info"),
        OrderState.ACCEPTED: (_("Received"), "good"),
        OrderState.CANCELLED: (_("Cancelled"), "neutral"),
    }
    return words[part.state]


@blueprint.post("/orders/<group>/<order>/received")
@allow(SIGNED_IN)
def order_received(group: str, order: str) -> Response:
    """Say that a seller's part has come; what was paid for goes to the seller then."""
    read_form(FormSchema())
    now = clock.now()
    with transaction():
        found = accept_delivery(order, account().id, actor=account().public_id, now=now)
        if found.group.public_id != group:
            raise NotFound("order_unknown", N_("There is no such order."))
        news = found.accepted_at == now
        note_received(found, actor=account().public_id, now=now)
    if news:
        flash(_("Thank you. The seller is paid for it now."), "success")
    else:
        flash(_("You had already told us. Nothing was changed."), "info")
    return see_other(url_for("storefront.order", public_id=group))
