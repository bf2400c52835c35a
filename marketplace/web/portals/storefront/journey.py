"""The journey of a parcel, in words, for its buyer as for whoever handles it."""

from typing import Any

from flask_babel import gettext as _

from marketplace.delivery.models import MethodKind
from marketplace.orders.models import OrderDelivery, Shipment
from marketplace.orders.shipment_states import ShipmentState
from marketplace.web.languages import pick
from marketplace.web.portals.storefront.ways import days_words, reason_words, temperature_name


def shipment_chip(state: str) -> tuple[str, str]:
    """Where a shipment is, in words, and the tone of its chip."""
    words = {
        ShipmentState.PACKED: (_("On its way to the hub"), "wait"),
        ShipmentState.AT_HUB: (_("At the hub"), "wait"),
        ShipmentState.HANDED_OVER: (_("With the carrier"), "info"),
        ShipmentState.IN_TRANSIT: (_("On its way"), "info"),
        ShipmentState.DELIVERED: (_("Delivered"), "good"),
        ShipmentState.LOST: (_("Lost"), "bad"),
        ShipmentState.RETURNED: (_("Came back"), "bad"),
    }
    return words[ShipmentState(state)]


def event_words(kind: str) -> str:
    """A piece of a shipment's news, in words."""
    words = {
        ShipmentState.PACKED: _("Packed and left the farm"),
        ShipmentState.AT_HUB: _("Arrived at the village’s hub"),
        ShipmentState.HANDED_OVER: _("Handed over to the carrier"),
        ShipmentState.IN_TRANSIT: _("On its way"),
        ShipmentState.DELIVERED: _("Delivered"),
        ShipmentState.LOST: _("Lost on its way"),
        ShipmentState.RETURNED: _("Went back to the sender"),
    }
    return str(words[ShipmentState(kind)])


def carrier_line(shipment: Shipment) -> str | None:
    """Who carries a shipment and under which number; None while nobody does."""
    if shipment.carrier is None:
        return None
    name = pick(shipment.carrier.name_zh, shipment.carrier.name_en)
    return f"{name} {shipment.tracking_number}" if shipment.tracking_number else name


def journey_of(shipment: Shipment | None) -> dict[str, Any] | None:
    """A shipment as a page shows it: who carries it, where it is, and its news from the first to the last."""
    if shipment is None:
        return None
    return {
        "reference": shipment.reference,
        "carrier": carrier_line(shipment),
        "chip": shipment_chip(shipment.state),
        "failed": shipment.state in (ShipmentState.LOST, ShipmentState.RETURNED),
        "resolved": shipment.resolved_at is not None,
        "events": [
            {"words": event_words(event.kind), "at": event.at, "place": event.place}
            for event in sorted(shipment.events, key=lambda event: (event.at, event.id))
        ],
    }


def agreed_words(delivery: OrderDelivery | None) -> dict[str, Any] | None:
    """How an order was agreed to travel and how its freight was counted; None where delivery was included."""
    if delivery is None:
        return None
    place = None
    if delivery.kind != MethodKind.COURIER:
        words = _("By way of %(place)s") if delivery.kind == MethodKind.HUB else _("Please fetch it at %(place)s")
        place = words % {"place": pick(delivery.place_zh, delivery.place_en)}
    return {
        "line": " · ".join(
            [
                pick(delivery.name_zh, delivery.name_en),
                temperature_name(delivery.temperature),
                days_words(delivery.arrives_from, delivery.arrives_to),
            ]
        ),
        "place": place,
        "address": delivery.place_address if delivery.kind == MethodKind.PICKUP else None,
        "reasons": [reason_words(part) for part in delivery.parts],
    }
