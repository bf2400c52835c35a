"""What everybody can read off a box: where its goods come from and how far they came. It names nobody, and no address.

A page of the goods of one household says no more than a page of goods of many: the village, the day, the certificates, the days
of the journey, and how a seller's money splits. Places of the journey end where the buyer's side begins.
"""

from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext as _
from sqlalchemy import select

from marketplace.catalogue.certificates import certificates_of_lot
from marketplace.catalogue.lots import public_lot
from marketplace.catalogue.models import Listing, Lot, Producer, ProducerKind
from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.orders.boxes import get_box
from marketplace.orders.models import Box, Shipment, ShipmentOrder
from marketplace.orders.recall_clock import is_called_back
from marketplace.orders.shipment_states import ShipmentState
from marketplace.orders.waterfall import money_columns, money_split
from marketplace.web.access import PUBLIC, allow
from marketplace.web.evidence import certificate_words
from marketplace.web.filters import unit_name
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.portals.storefront.journey import event_words
from marketplace.web.waterfall import Waterfall, waterfall

blueprint = Blueprint("boxes", __name__)

# Where these are said to have happened lies on the farm's side.
_PLACED = (ShipmentState.PACKED, ShipmentState.AT_HUB, ShipmentState.HANDED_OVER)


@blueprint.get("/b/<code>")
@allow(PUBLIC)
def box(code: str) -> str:
    """The page that the code on a box leads to."""
    found = get_box(code)
    lot = db.session.get_one(Lot, found.line.lot_id)
    shown = public_lot(lot.public_id)
    return render_template(
        "storefront/box.html",
        number=found.public_id.upper(),
        title=pick(found.line.title_zh, found.line.title_en),
        art=shown.art,
        grams=found.grams,
        harvested_on=lot.harvested_on,
        places=[place_name(name) for name in shown.places],
        lot=lot.public_id,
        opened=found.opened_at is not None,
        called_back=is_called_back(found.line_id),
        certificates=[certificate_words(row) for row in certificates_of_lot(lot, clock.local_day(clock.now()))],
        journey=journey(found),
        flow=flow_of(found),
        unit=unit_name(found.line.unit),
        price_fen=found.line.price_fen,
    )


def journey(box: Box) -> list[dict[str, Any]]:
    """The days of a box, in order; a place only as far as the carrier's counter."""
    days: list[dict[str, Any]] = [{"words": _("Packed"), "at": box.packed_at, "place": ""}]
    shipment = db.session.scalars(
        select(Shipment).join(ShipmentOrder).where(ShipmentOrder.order_id == box.line.order_id)
    ).first()
    if shipment is None:
        return days
    for event in sorted(shipment.events, key=lambda event: (event.at, event.id)):
        place = event.place if event.kind in _PLACED and event.source in ("hub", "seller") else ""
        days.append({"words": event_words(event.kind), "at": event.at, "place": place})
    return days


def flow_of(box: Box) -> Waterfall:
    """How one yuan paid to the seller splits."""
    day = clock.local_day(clock.now())
    row = db.session.execute(
        select(Producer.kind, *money_columns(day))
        .select_from(Listing)
        .join(Producer, Producer.id == Listing.producer_id)
        .where(Listing.id == box.line.listing_id)
    ).one()
    return waterfall(money_split(row), box.line.price_fen, cooperative=row.kind == ProducerKind.COOPERATIVE)
