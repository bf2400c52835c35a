"""The farmer's side of sending: who takes the parcel, and the slip that goes on it."""

from collections.abc import Sequence
from typing import Any

import segno
from flask import render_template, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from marshmallow import validate

from marketplace.delivery.models import Carrier, MethodKind
from marketplace.delivery.queries import carriers, find_hub, get_carrier
from marketplace.kernel.errors import N_, NotFound
from marketplace.orders.models import Order, OrderDelivery
from marketplace.orders.queries import order_of_producer
from marketplace.orders.shipment_queries import underway
from marketplace.orders.shipments import driver_of
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.queries import area_names
from marketplace.web.forms import FormSchema, Text
from marketplace.web.languages import pick
from marketplace.web.places import address_line
from marketplace.web.portals.storefront.ways import days_words, temperature_name


class ShipForm(FormSchema):
    """Who takes the parcel, and its number there."""

    carrier = Text(load_default=None, validate=validate.Length(max=20))
    number = Text(load_default=None, validate=validate.Length(max=40))


def chosen_carrier(form: dict[str, Any]) -> Carrier | None:
    """The carrier of a form, or none."""
    return get_carrier(form["carrier"]) if form["carrier"] else None


def sending_of(delivery: OrderDelivery | None, known: Sequence[Carrier]) -> dict[str, Any]:
    """How an order leaves the farm: to a hub, to a pickup point or with one of the carriers."""
    if delivery is None:
        return {"hub": None, "point": None, "words": [], "carriers": _choices(known)}
    place = {"name": pick(delivery.place_zh, delivery.place_en), "address": delivery.place_address}
    return {
        "hub": place if delivery.kind == MethodKind.HUB else None,
        "point": place if delivery.kind == MethodKind.PICKUP else None,
        "words": [
            pick(delivery.name_zh, delivery.name_en),
            temperature_name(delivery.temperature),
            days_words(delivery.arrives_from, delivery.arrives_to),
        ],
        "carriers": [] if delivery.kind == MethodKind.HUB else _choices(known),
    }


def _choices(known: Sequence[Carrier]) -> list[dict[str, Any]]:
    return [{"code": row.code, "name": pick(row.name_zh, row.name_en), "numbered": row.numbered} for row in known]


def active_carriers() -> Sequence[Carrier]:
    """The carriers one can choose."""
    return carriers()


def carried_by_oneself(orders: Sequence[Order], producer_id: int, account: str) -> dict[int, str]:
    """The shipments that a farm brings to its buyers itself, by the id of the order."""
    return {
        order_id: shipment.public_id
        for order_id, shipment in underway(orders).items()
        if driver_of(shipment, producer_id=producer_id, account=account) == "seller"
    }


def label_page(public_id: str, producer_id: int) -> str:
    """The slip of an order's parcel, to print: where it goes and who is to have it, and nothing else of a person."""
    order = order_of_producer(public_id, producer_id)
    if order is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    group, delivery = order.group, order.delivery
    codes = ancestor_codes(group.area_code or "")
    names = area_names(codes)
    pickup = delivery is not None and delivery.kind == MethodKind.PICKUP
    return render_template(
        "producer/label.html",
        reference=group.reference,
        recipient=group.recipient,
        phone=group.phone,
        place=delivery.place_address
        if pickup and delivery is not None
        else address_line((names[code] for code in codes if code in names), group.address),
        sending=sending_of(delivery, []),
        seller=pick(order.lines[0].producer_zh, order.lines[0].producer_en),
        weight_g=delivery.grams if delivery is not None else sum(int(x.quantity * x.unit_grams) for x in order.lines),
        qr=_qr(order),
        qr_words=_("The hub scans this") if delivery is not None and delivery.hub_id is not None else group.reference,
    )


def _qr(order: Order) -> Markup:
    """What a phone reads off the slip: at a hub the page that takes the parcel in, elsewhere the purchase's reference."""
    text = order.group.reference
    if order.delivery is not None and order.delivery.hub_id is not None:
        hub = find_hub(order.delivery.hub_id)
        text = url_for("hub.parcel", hub_id=hub.public_id, public_id=order.public_id, _external=True)
    code = segno.make(text, error="m", micro=False)
    return Markup(code.svg_inline(scale=5, border=4, svgclass="qr", lineclass=None, omitsize=False))
