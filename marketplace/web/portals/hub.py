"""Portal: a village's hub: take parcels in, send them on together."""

from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.delivery.models import Hub
from marketplace.delivery.queries import carriers, get_carrier, get_hub, hubs_kept_by
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import may_see
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.orders.models import Order, Shipment
from marketplace.orders.queries import find_order
from marketplace.orders.shipment_queries import hub_work
from marketplace.orders.shipment_states import ON_THE_ROAD
from marketplace.orders.shipments import dispatch, driver_of, note_own_arrival, receive_at_hub
from marketplace.web.access import SIGNED_IN, account, allow
from marketplace.web.errors import errors_by_field, status_of
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.storefront.journey import carrier_line, shipment_chip
from marketplace.web.portals.storefront.ways import temperature_name
from marketplace.web.redirects import see_other

blueprint = Blueprint("hub", __name__, url_prefix="/hub")

_CARRIER = N_("Please choose who takes the parcel.")


class DispatchForm(FormSchema):
    """Who takes the shipment, and its number there."""

    carrier = Text(required=True, error_messages={"required": _CARRIER}, validate=validate.Length(max=20, error=_CARRIER))
    number = Text(load_default=None, validate=validate.Length(max=40))


def own_hub(public_id: str) -> Hub:
    """A hub of one's own: one keeps it, or is the operator of its area; any other counts as absent."""
    hub = get_hub(public_id)
    if hub.keeper != account().public_id and not may_see(account(), RoleKind.OPERATOR, hub.area_code):
        raise NotFound("hub_unknown", N_("There is no such hub."))
    return hub


@blueprint.get("/")
@allow(SIGNED_IN)
def hubs() -> str:
    """The hubs one keeps."""
    rows = [
        (pick(hub.name_zh, hub.name_en), url_for("hub.work", hub_id=hub.public_id)) for hub in hubs_kept_by(account().public_id)
    ]
    return render_template("hub/hubs.html", hubs=rows)


@blueprint.get("/<hub_id>")
@allow(SIGNED_IN)
def work(hub_id: str) -> str:
    """What is to come, what is to be sent on, what has left."""
    return _page(own_hub(hub_id))


def _page(hub: Hub, errors: dict[str, str] | None = None, at: str = "") -> str:
    found = hub_work(hub)
    return render_template(
        "hub/hub.html",
        name=pick(hub.name_zh, hub.name_en),
        hub_id=hub.public_id,
        place=f"{hub.address} · {hub.hours}",
        expected=[_parcel(order) for order in found.expected],
        gathering=[_shipment(shipment) for shipment in found.gathering],
        sent=[_shipment(shipment) for shipment in found.sent],
        carriers=[{"code": row.code, "name": pick(row.name_zh, row.name_en), "numbered": row.numbered} for row in carriers()],
        errors=errors or {},
        at=at,
    )


def _parcel(order: Order) -> dict[str, Any]:
    """What the keeper needs of a parcel: whose it is and what is in it, and nothing of its buyer."""
    delivery = order.delivery
    return {
        "public_id": order.public_id,
        "reference": order.group.reference,
        "seller": pick(order.lines[0].producer_zh, order.lines[0].producer_en),
        "goods": [(pick(line.title_zh, line.title_en), line.quantity, line.unit) for line in order.lines],
        "temperature": temperature_name(delivery.temperature) if delivery is not None else "",
        "grams": delivery.grams if delivery is not None else 0,
    }


def _shipment(shipment: Shipment) -> dict[str, Any]:
    here = [parcel for parcel in shipment.parcels if parcel.received_at is not None]
    return {
        "public_id": shipment.public_id,
        "reference": shipment.reference,
        "order": shipment.group.reference,
        "chip": shipment_chip(shipment.state),
        "carrier": carrier_line(shipment),
        "own": driver_of(shipment, producer_id=None, account=account().public_id) == "hub" and shipment.state in ON_THE_ROAD,
        "here": len(here),
        "parcels": len(shipment.parcels),
    }


@blueprint.get("/<hub_id>/orders/<public_id>")
@allow(SIGNED_IN)
def parcel(hub_id: str, public_id: str) -> str:
    """The parcel whose slip was scanned, with the one button that takes it in."""
    hub = own_hub(hub_id)
    order = find_order(public_id)
    if order is None or order.delivery is None or order.delivery.hub_id != hub.id:
        raise NotFound("order_unknown", N_("There is no such order."))
    return render_template("hub/parcel.html", hub_id=hub_id, name=pick(hub.name_zh, hub.name_en), parcel=_parcel(order))


@blueprint.post("/<hub_id>/orders/<public_id>/received")
@allow(SIGNED_IN)
def receive(hub_id: str, public_id: str) -> Response:
    """Take a parcel in."""
    read_form(FormSchema())
    hub = own_hub(hub_id)
    with transaction():
        order = receive_at_hub(hub, public_id, actor=account().public_id, now=clock.now())
        reference = order.group.reference
    flash(_("The parcel of order %(reference)s is here.", reference=reference), "success")
    return see_other(url_for("hub.work", hub_id=hub_id))


@blueprint.post("/<hub_id>/shipments/<public_id>/dispatch")
@allow(SIGNED_IN)
def send_on(hub_id: str, public_id: str) -> Response | tuple[str, int]:
    """Hand a shipment to a carrier."""
    hub = own_hub(hub_id)
    try:
        form = read_form(DispatchForm())
        with transaction():
            carrier = get_carrier(form["carrier"])
            dispatch(hub, public_id, carrier, form["number"], actor=account().public_id, now=clock.now())
    except (Conflict, Invalid, NotFound) as error:
        if isinstance(error, NotFound) and error.code == "shipment_unknown":
            raise
        db.session.rollback()
        errors = errors_by_field(error)
        return _page(own_hub(hub_id), errors, public_id), status_of(error)
    flash(_("It is with the carrier now, and the buyer can see it."), "success")
    return see_other(url_for("hub.work", hub_id=hub_id))


@blueprint.post("/<hub_id>/shipments/<public_id>/arrived")
@allow(SIGNED_IN)
def arrived(hub_id: str, public_id: str) -> Response:
    """Note that the hub's own van has brought a shipment to its buyer."""
    read_form(FormSchema())
    own_hub(hub_id)
    with transaction():
        note_own_arrival(public_id, producer_id=None, account=account().public_id, now=clock.now())
    flash(_("Noted: the buyer has it."), "success")
    return see_other(url_for("hub.work", hub_id=hub_id))
