"""The terms of delivery: carriers, methods with their zones and rates, hubs, pickup points."""

from collections.abc import Sequence
from typing import Any

from marketplace.delivery import queries, service
from marketplace.delivery.models import Carrier, DeliveryMethod, Hub, MethodKind, PickupPoint, Temperature
from marketplace.delivery.quoting import Rate
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import find_account_by_login
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.web.access import PUBLIC, account, allow
from marketplace.web.api.delivery import blueprint
from marketplace.web.api.delivery_terms_schemas import (
    CarrierInSchema,
    CarrierSchema,
    CarriersSchema,
    HubChangeSchema,
    HubInSchema,
    HubSchema,
    HubsSchema,
    MethodInSchema,
    MethodNamesSchema,
    MethodSchema,
    MethodsSchema,
    PointChangeSchema,
    PointInSchema,
    PointSchema,
    PointsSchema,
    ZoneInSchema,
)
from marketplace.web.api.documents import BODY, only, problems
from marketplace.web.api.preconditions import check_unchanged, if_match

_METHODS, _HUBS, _POINTS = "/delivery/methods", "/delivery/hubs", "/delivery/points"
_ONE = "<public_id:public_id>"


@blueprint.get("/delivery/carriers")
@allow(PUBLIC)
@blueprint.response(200, CarriersSchema)
def delivery_carriers() -> dict[str, Sequence[Carrier]]:
    """Everybody who carries parcels."""
    return {"items": queries.carriers()}


@blueprint.post("/delivery/carriers")
@only(RoleKind.OPERATOR)
@blueprint.arguments(CarrierInSchema)
@blueprint.response(201, CarrierSchema)
@problems(409, *BODY)
def delivery_carrier_add(given: dict[str, Any]) -> Carrier:
    """Add a carrier. `carrier_known` (409) where the code is taken, `login_unknown` (422) where nobody signs in so."""
    reports = _account_named(given.pop("login"))
    with transaction():
        return service.add_carrier(**given, account=reports, actor=account().public_id, now=clock.now())


@blueprint.get(_METHODS)
@allow(PUBLIC)
@blueprint.response(200, MethodsSchema)
def delivery_methods() -> dict[str, Sequence[DeliveryMethod]]:
    """Every way to send, with what it charges where and since when."""
    return {"items": queries.all_methods()}


@blueprint.get(f"{_METHODS}/{_ONE}")
@allow(PUBLIC)
@blueprint.response(200, MethodSchema)
@problems(404)
def delivery_method(public_id: str) -> DeliveryMethod:
    """One way to send; its ETag goes into `If-Match` of a change."""
    return queries.get_method(public_id)


@blueprint.post(_METHODS)
@only(RoleKind.OPERATOR)
@blueprint.arguments(MethodInSchema)
@blueprint.response(201, MethodSchema)
@problems(404, *BODY)
def delivery_method_add(given: dict[str, Any]) -> DeliveryMethod:
    """Give the sellers of an area a way to send; it goes nowhere until a zone says what it charges there."""
    with transaction():
        return service.add_method(
            MethodKind(given["kind"]),
            given["name_zh"],
            given["name_en"],
            origin_code=given["origin_code"],
            carrier=queries.get_carrier(given["carrier"]) if given["carrier"] else None,
            hub=queries.get_hub(given["hub"]) if given["hub"] else None,
            actor=account().public_id,
            now=clock.now(),
        )


@blueprint.patch(f"{_METHODS}/{_ONE}")
@if_match
@only(RoleKind.OPERATOR)
@blueprint.arguments(MethodNamesSchema)
@blueprint.response(200, MethodSchema)
@problems(404, *BODY)
def delivery_method_rename(given: dict[str, str], public_id: str) -> DeliveryMethod:
    """Call a way to send otherwise. Orders placed before keep the name that they were placed with."""
    with transaction():
        method = queries.get_method(public_id, lock=True)
        check_unchanged(MethodSchema(), method)
        service.change(method, given, actor=account().public_id, now=clock.now())
        return method


@blueprint.post(f"{_METHODS}/{_ONE}/zones")
@if_match
@only(RoleKind.OPERATOR)
@blueprint.arguments(ZoneInSchema)
@blueprint.response(201, MethodSchema)
@problems(404, *BODY)
def delivery_zone(given: dict[str, Any], public_id: str) -> DeliveryMethod:
    """Say what a method charges for a place from a day on. Orders placed before keep what they agreed."""
    rates = {Temperature(row["temperature"]): _rate(row) for row in given["rates"]}
    days = (given["days_from"], given["days_to"])
    with transaction():
        method = queries.get_method(public_id, lock=True)
        check_unchanged(MethodSchema(), method)
        actor = account().public_id
        service.set_zone(method, given["area_code"], given["from_day"], days, rates, actor=actor, now=clock.now())
    return queries.get_method(public_id)


def _rate(row: dict[str, Any]) -> Rate:
    try:
        return Rate(row["first_kg_fen"], row["each_kg_fen"], row["free_from_fen"])
    except ValueError:
        raise Invalid(
            "rate_invalid", N_("A further kilogram must not cost more than the first, nor less than nothing.")
        ) from None


@blueprint.post(f"{_METHODS}/{_ONE}/end")
@only(RoleKind.OPERATOR)
@blueprint.response(200, MethodSchema)
@problems(404)
def delivery_method_end(public_id: str) -> DeliveryMethod:
    """Offer a way no longer. Orders placed before keep what they agreed. Said again, nothing changes."""
    with transaction():
        method = queries.get_method(public_id, lock=True)
        service.end(method, actor=account().public_id, now=clock.now())
        return method


@blueprint.get(_HUBS)
@only(RoleKind.OPERATOR)
@blueprint.response(200, HubsSchema)
def delivery_hubs() -> dict[str, Sequence[Hub]]:
    """Every hub, those that are closed too."""
    return {"items": queries.hubs()}


@blueprint.get(f"{_HUBS}/{_ONE}")
@only(RoleKind.OPERATOR)
@blueprint.response(200, HubSchema)
@problems(404)
def delivery_hub(public_id: str) -> Hub:
    """One hub; its ETag goes into `If-Match` of a change."""
    return queries.get_hub(public_id)


@blueprint.post(_HUBS)
@only(RoleKind.OPERATOR)
@blueprint.arguments(HubInSchema)
@blueprint.response(201, HubSchema)
@problems(*BODY)
def delivery_hub_add(given: dict[str, Any]) -> Hub:
    """Open a hub for the households of an area."""
    keeper = _account_named(given.pop("login"))
    with transaction():
        return service.add_hub(service.Place(**given), keeper, actor=account().public_id, now=clock.now())


@blueprint.patch(f"{_HUBS}/{_ONE}")
@if_match
@only(RoleKind.OPERATOR)
@blueprint.arguments(HubChangeSchema)
@blueprint.response(200, HubSchema)
@problems(404, *BODY)
def delivery_hub_change(given: dict[str, Any], public_id: str) -> Hub:
    """Say otherwise what a hub is called, where it is, when it is open or who keeps it."""
    if "login" in given:
        given["keeper"] = _account_named(given.pop("login"))
    with transaction():
        hub = queries.get_hub(public_id, lock=True)
        check_unchanged(HubSchema(), hub)
        service.change(hub, given, actor=account().public_id, now=clock.now())
        return hub


@blueprint.post(f"{_HUBS}/{_ONE}/end")
@only(RoleKind.OPERATOR)
@blueprint.response(200, HubSchema)
@problems(404)
def delivery_hub_end(public_id: str) -> Hub:
    """Close a hub; parcels on their way to it are still taken in. Said again, nothing changes."""
    with transaction():
        hub = queries.get_hub(public_id, lock=True)
        service.end(hub, actor=account().public_id, now=clock.now())
        return hub


@blueprint.get(_POINTS)
@only(RoleKind.OPERATOR)
@blueprint.response(200, PointsSchema)
def delivery_points() -> dict[str, Sequence[PickupPoint]]:
    """Every pickup point, those that are closed too."""
    return {"items": queries.points()}


@blueprint.get(f"{_POINTS}/{_ONE}")
@only(RoleKind.OPERATOR)
@blueprint.response(200, PointSchema)
@problems(404)
def delivery_point(public_id: str) -> PickupPoint:
    """One pickup point; its ETag goes into `If-Match` of a change."""
    return queries.get_point(public_id)


@blueprint.post(_POINTS)
@only(RoleKind.OPERATOR)
@blueprint.arguments(PointInSchema)
@blueprint.response(201, PointSchema)
@problems(*BODY)
def delivery_point_add(given: dict[str, Any]) -> PickupPoint:
    """Open a pickup point."""
    capacity = given.pop("capacity")
    with transaction():
        return service.add_point(service.Place(**given), capacity, actor=account().public_id, now=clock.now())


@blueprint.patch(f"{_POINTS}/{_ONE}")
@if_match
@only(RoleKind.OPERATOR)
@blueprint.arguments(PointChangeSchema)
@blueprint.response(200, PointSchema)
@problems(404, *BODY)
def delivery_point_change(given: dict[str, Any], public_id: str) -> PickupPoint:
    """Say otherwise what a point is called, where it is, when it is open or how many parcels it may have."""
    with transaction():
        point = queries.get_point(public_id, lock=True)
        check_unchanged(PointSchema(), point)
        service.change(point, given, actor=account().public_id, now=clock.now())
        return point


@blueprint.post(f"{_POINTS}/{_ONE}/end")
@only(RoleKind.OPERATOR)
@blueprint.response(200, PointSchema)
@problems(404)
def delivery_point_end(public_id: str) -> PickupPoint:
    """Close a pickup point; parcels on their way to it can still be fetched. Said again, nothing changes."""
    with transaction():
        point = queries.get_point(public_id, lock=True)
        service.end(point, actor=account().public_id, now=clock.now())
        return point


def _account_named(login: str | None) -> str | None:
    if login is None:
        return None
    found = find_account_by_login(login)
    if found is None:
        raise Invalid("login_unknown", N_("Nobody signs in with this name."))
    return found.public_id
