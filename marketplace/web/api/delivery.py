"""How goods travel: what a basket's delivery costs, shipments and their news, the work of hubs."""

from datetime import timedelta
from typing import Any

from flask_smorest import Blueprint

from marketplace.catalogue.queries import producer_of
from marketplace.delivery import queries as terms
from marketplace.delivery.models import Carrier, Hub
from marketplace.identity.models import RoleKind, Scope
from marketplace.identity.queries import may_see
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.orders.delivering import DeliveryGroup, basket_goods, delivery_groups
from marketplace.orders.models import Order, Shipment
from marketplace.orders.queries import basket_view, get_group
from marketplace.orders.shipment_queries import find_by_number, shipments_of
from marketplace.orders.shipment_states import NEWS
from marketplace.orders.shipments import TOLD, News, dispatch, driver_of, get_shipment, note_news, receive_at_hub, send_order
from marketplace.web.access import account
from marketplace.web.acting import acting, current_seller, farm_named, with_scopes
from marketplace.web.api.delivery_schemas import (
    BasketDeliverySchema,
    DestinationQuerySchema,
    DispatchSchema,
    NewsSchema,
    NumberQuerySchema,
    SendingSchema,
    ShipmentSchema,
    ShipmentsSchema,
    TakenSchema,
)
from marketplace.web.api.documents import BODY, ApiBlueprint, problems, signed_in
from marketplace.web.api.for_farms import for_farm, takes_header
from marketplace.web.api.schemas import OrderSchema

blueprint: Blueprint = ApiBlueprint("api-delivery", __name__, url_prefix="/api/v1", description="Delivery and shipments")


def _seller_too(view: Any) -> Any:
    """Let in whoever shows a token; who acts for a farm names it."""
    return takes_header(signed_in(with_scopes(Scope.SHIP)(view)), (Scope.SHIP,))


@blueprint.get("/basket/delivery")
@signed_in
@blueprint.arguments(DestinationQuerySchema, location="query")
@blueprint.response(200, BasketDeliverySchema)
@problems(422)
def basket_delivery(given: dict[str, str]) -> dict[str, Any]:
    """How your basket can travel to a county, what each way costs and how that is counted."""
    now = clock.now()
    view = basket_view(account().id, None, now=now)
    groups = delivery_groups(basket_goods(view), given["area_code"], clock.local_day(now))
    delivery_fen = sum(group.options[0].quote.total_fen for group in groups if group.options)
    return {
        "groups": [_group(group) for group in groups],
        "goods_fen": view.total_fen,
        "delivery_fen": delivery_fen,
        "total_fen": view.total_fen + delivery_fen,
    }


def _group(group: DeliveryGroup) -> dict[str, Any]:
    today = clock.local_day(clock.now())
    return {
        "group": group.key,
        "sellers": group.sellers,
        "together": group.hub is not None,
        "included": group.included,
        "ways": [
            {
                "way": option.key,
                "kind": option.method.kind,
                "name_zh": option.method.name_zh,
                "name_en": option.method.name_en,
                "place_zh": option.point.name_zh if option.point is not None else None,
                "place_en": option.point.name_en if option.point is not None else None,
                "address": option.point.address if option.point is not None else None,
                "arrives_from": today + timedelta(days=option.quote.days_from),
                "arrives_to": today + timedelta(days=option.quote.days_to),
                "total_fen": option.quote.total_fen,
                "parts": option.quote.parts,
            }
            for option in group.options
        ],
    }


@blueprint.get("/orders/<public_id:public_id>/shipments")
@signed_in
@blueprint.response(200, ShipmentsSchema)
@problems(404)
def order_shipments(public_id: str) -> dict[str, Any]:
    """The shipments of a purchase of yours, each with its journey."""
    found = shipments_of(get_group(public_id, account().id))
    return {"items": list(dict.fromkeys(found.values()))}


@blueprint.post("/farm/orders/<public_id:public_id>/shipped")
@for_farm(Scope.SHIP)
@blueprint.arguments(SendingSchema)
@blueprint.response(200, OrderSchema)
@problems(404, 409, *BODY)
def shipped(given: dict[str, str | None], public_id: str) -> Order:
    """Say that an order of your farm has left: with a carrier, or to the hub it goes by. Said again, nothing changes."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        carrier = terms.get_carrier(given["carrier"]) if given["carrier"] else None
        return send_order(public_id, producer.id, carrier, given["number"], actor=actor, now=now)


@blueprint.get("/shipments")
@signed_in
@blueprint.arguments(NumberQuerySchema, location="query")
@blueprint.response(200, ShipmentSchema)
@problems(404, 422)
def shipment_by_number(given: dict[str, str]) -> Shipment:
    """A carrier's shipment by its number, for the carrier and the operator."""
    carrier = terms.get_carrier(given["carrier"])
    found = find_by_number(carrier, given["number"])
    if found is None or not (_is_operator() or _reports_for(carrier)):
        raise NotFound("shipment_unknown", N_("There is no such shipment."))
    return found


@blueprint.post("/shipments/<public_id:public_id>/events")
@_seller_too
@blueprint.arguments(NewsSchema)
@blueprint.response(200, TakenSchema)
@problems(404, 409, *BODY)
def shipment_news(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Tell what happened to a shipment: its carrier, the operator, or whoever drives it themselves, as a farm may.

    News may come again and in any order. What contradicts what is known is refused (`shipment_state`, 409).
    """
    action = next(action for action in TOLD if NEWS[action] == given["kind"])
    now = clock.now()
    with acting(now) if farm_named() else transaction():
        source = _source(get_shipment(public_id))
        news = News(action, given["at"], source, given["place"], given["key"])
        new = note_news(public_id, news, actor=account().public_id, now=now)
        return {"new": new, "state": get_shipment(public_id).state}


def _source(shipment: Shipment) -> str:
    """As what the caller may speak of a shipment; who has nothing to say of it is told that there is none."""
    if _is_operator() and not farm_named():
        return "operator"
    if shipment.carrier is not None and _reports_for(shipment.carrier) and not farm_named():
        return "carrier"
    producer = current_seller().producer if farm_named() else producer_of(account().id)
    driver = driver_of(shipment, producer_id=producer.id if producer is not None else None, account=account().public_id)
    if driver is not None:
        return driver
    raise NotFound("shipment_unknown", N_("There is no such shipment."))


def _is_operator() -> bool:
    return may_see(account(), RoleKind.OPERATOR, "")


def _reports_for(carrier: Carrier) -> bool:
    return carrier.account is not None and carrier.account == account().public_id


@blueprint.post("/hubs/<public_id:hub>/orders/<public_id:order>/received")
@signed_in
@blueprint.response(200, OrderSchema)
@problems(404, 409)
def hub_received(hub: str, order: str) -> Order:
    """Say that the parcel of an order has come to the hub you keep. Said again, nothing changes."""
    with transaction():
        return receive_at_hub(_own_hub(hub), order, actor=account().public_id, now=clock.now())


@blueprint.post("/hubs/<public_id:hub>/shipments/<public_id:public_id>/dispatched")
@signed_in
@blueprint.arguments(DispatchSchema)
@blueprint.response(200, ShipmentSchema)
@problems(404, 409, *BODY)
def hub_dispatched(given: dict[str, Any], hub: str, public_id: str) -> Shipment:
    """Say that a shipment has left the hub you keep; parcels that have not come make another."""
    with transaction():
        own = _own_hub(hub)
        carrier = terms.get_carrier(given["carrier"])
        return dispatch(own, public_id, carrier, given["number"], actor=account().public_id, now=clock.now())


def _own_hub(public_id: str) -> Hub:
    hub = terms.get_hub(public_id)
    if hub.keeper != account().public_id and not may_see(account(), RoleKind.OPERATOR, hub.area_code):
        raise NotFound("hub_unknown", N_("There is no such hub."))
    return hub
