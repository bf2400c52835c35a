"""The operator's view of delivery: methods with their zones and rates, hubs, pickup points."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.delivery import queries, service
from marketplace.delivery.models import DeliveryMethod, DeliveryZone, Hub, MethodKind, PickupPoint, Temperature
from marketplace.delivery.quoting import Rate
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import account_names, find_account_by_login
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, DomainError, Invalid
from marketplace.regions.queries import area_names
from marketplace.web.access import account, allow
from marketplace.web.errors import errors_by_field, status_of
from marketplace.web.filters import yuan
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form, spelled
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.portals.storefront.ways import temperature_name
from marketplace.web.redirects import see_other

blueprint = Blueprint("delivery", __name__, url_prefix="/delivery")

_DAYS = {"required": N_("Please give a first and a last day.")}


def _name(most: int) -> Text:
    return Text(required=True, validate=validate.Length(max=most, error=N_("This is too long.")))


def _area_code(*, required: bool) -> Text:
    known = spelled(r"([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})", error=N_("Please give an area’s code."))
    return Text(required=required, validate=known) if required else Text(load_default=None, validate=known)


class CarrierForm(FormSchema):
    """Who carries parcels; ``login`` is the account through which it reports."""

    code = Text(required=True, validate=spelled(r"[a-z0-9-]{2,20}", error=N_("Please use small letters and figures.")))
    name_zh = _name(40)
    name_en = _name(60)
    numbered = fields.Boolean(load_default=False)
    login = Text(load_default=None, validate=validate.Length(max=120))


class MethodForm(FormSchema):
    """A way to send."""

    kind = fields.Enum(MethodKind, by_value=fields.String(), required=True)
    name_zh = _name(40)
    name_en = _name(60)
    origin_code = _area_code(required=False)
    carrier = Text(load_default=None, validate=validate.Length(max=20))
    hub = Text(load_default=None, validate=validate.Length(max=20))


class ZoneForm(FormSchema):
    """What a method charges for a place from a day on; a temperature without a first kilogram is not taken."""

    area_code = _area_code(required=False)
    from_day = fields.Date(required=True)
    days_from = fields.Integer(required=True, error_messages=_DAYS)
    days_to = fields.Integer(required=True, error_messages=_DAYS)
    first_ambient, each_ambient, free_ambient = (Yuan(load_default=None) for _ in range(3))
    first_chilled, each_chilled, free_chilled = (Yuan(load_default=None) for _ in range(3))
    first_frozen, each_frozen, free_frozen = (Yuan(load_default=None) for _ in range(3))


class PlaceForm(FormSchema):
    """A hub or a pickup point."""

    name_zh = _name(60)
    name_en = _name(80)
    area_code = _area_code(required=True)
    address = _name(200)
    hours = _name(80)


class HubForm(PlaceForm):
    """A hub, and the login of its keeper."""

    login = Text(load_default=None, validate=validate.Length(max=120))


class PointForm(PlaceForm):
    """A pickup point."""

    capacity = fields.Integer(required=True)


class CapacityForm(FormSchema):
    """How many parcels a point may have."""

    capacity = fields.Integer(required=True)


@blueprint.get("/")
@allow(RoleKind.OPERATOR)
def methods() -> str:
    """Every way to send, with what it charges where."""
    return _methods_page()


def _methods_page(error: DomainError | None = None) -> str:
    rows = queries.all_methods()
    today = clock.local_day(clock.now())
    codes = {code for row in rows for code in (row.origin_code, *(zone.area_code for zone in row.zones)) if code}
    names = area_names(codes)
    return render_template(
        "operator/delivery.html",
        methods=[_method(row, names) for row in rows],
        carriers=[
            {"code": row.code, "name": pick(row.name_zh, row.name_en), "numbered": row.numbered} for row in queries.carriers()
        ],
        kinds=[(kind.value, _kind_name(kind)) for kind in MethodKind],
        carrier_choices=[("", _("None")), *((row.code, pick(row.name_zh, row.name_en)) for row in queries.carriers())],
        hub_choices=[("", _("None")), *((hub.public_id, pick(hub.name_zh, hub.name_en)) for hub in _open_hubs())],
        temperatures=[(temperature.value, temperature_name(temperature)) for temperature in Temperature],
        today=today.isoformat(),
        **_kept_form(error),
    )


def _kept_form(error: DomainError | None) -> dict[str, Any]:
    """What was typed into the form that was refused, which form it was, and what was wrong with it."""
    if error is None:
        return {"form": {}, "errors": {}, "at": ""}
    errors = errors_by_field(error)
    return {"form": request.form, "errors": errors, "at": request.path}


def _open_hubs() -> list[Hub]:
    today = clock.local_day(clock.now())
    return [hub for hub in queries.hubs() if hub.valid_to is None or hub.valid_to > today]


def _kind_name(kind: str) -> str:
    words = {
        MethodKind.COURIER: _("Courier to the door"),
        MethodKind.PICKUP: _("To a pickup point"),
        MethodKind.HUB: _("Together from a hub"),
    }
    return str(words[MethodKind(kind)])


def _place(code: str | None, names: Mapping[str, str]) -> str:
    return place_name(names[code]) if code in names and code else str(_("Whole country"))


def _method(row: DeliveryMethod, names: Mapping[str, str]) -> dict[str, Any]:
    today = clock.local_day(clock.now())
    ended = row.valid_to is not None and row.valid_to <= today
    return {
        "public_id": row.public_id,
        "name": pick(row.name_zh, row.name_en),
        "kind": _kind_name(row.kind),
        "origin": _place(row.origin_code, names),
        "carrier": pick(row.carrier.name_zh, row.carrier.name_en) if row.carrier is not None else None,
        "hub": pick(row.hub.name_zh, row.hub.name_en) if row.hub is not None else None,
        "since": row.valid_from,
        "until": row.valid_to if ended else None,
        "zones": [_zone(zone, names) for zone in row.zones if zone.valid_to is None or zone.valid_to > today],
    }


def _zone(zone: DeliveryZone, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "place": _place(zone.area_code, names),
        "days": str(zone.days_to) if zone.days_from == zone.days_to else f"{zone.days_from}–{zone.days_to}",
        "since": zone.valid_from,
        "until": zone.valid_to,
        "rates": [_rate_words(rate) for rate in zone.rates] or [_("Not served")],
    }


def _rate_words(rate: Any) -> str:
    text = _(
        "%(kind)s: %(first)s + %(each)s per further kg",
        kind=temperature_name(rate.temperature),
        first=yuan(rate.first_kg_fen),
        each=yuan(rate.each_kg_fen),
    )
    if rate.free_from_fen is not None:
        text = _("%(rate)s, free from %(amount)s on", rate=text, amount=yuan(rate.free_from_fen))
    return str(text)


@blueprint.post("/carriers")
@allow(RoleKind.OPERATOR)
def carrier_add() -> Response | tuple[str, int]:
    """Add a carrier."""
    try:
        form = read_form(CarrierForm())
        with transaction():
            service.add_carrier(
                form["code"],
                form["name_zh"],
                form["name_en"],
                numbered=form["numbered"],
                account=_account_named(form["login"]),
                actor=account().public_id,
                now=clock.now(),
            )
    except (Conflict, Invalid) as error:
        return _refused(error, _methods_page)
    return _done(_("Added."), "operator.delivery.methods")


@blueprint.post("/methods")
@allow(RoleKind.OPERATOR)
def method_add() -> Response | tuple[str, int]:
    """Give sellers a way to send."""
    try:
        form = read_form(MethodForm())
        with transaction():
            service.add_method(
                form["kind"],
                form["name_zh"],
                form["name_en"],
                origin_code=form["origin_code"],
                carrier=queries.get_carrier(form["carrier"]) if form["carrier"] else None,
                hub=queries.get_hub(form["hub"]) if form["hub"] else None,
                actor=account().public_id,
                now=clock.now(),
            )
    except (Conflict, Invalid) as error:
        return _refused(error, _methods_page)
    return _done(_("Added. Now say what it charges where."), "operator.delivery.methods")


@blueprint.post("/methods/<public_id>/zones")
@allow(RoleKind.OPERATOR)
def zone_set(public_id: str) -> Response | tuple[str, int]:
    """Say what a method charges for a place from a day on."""
    try:
        form = read_form(ZoneForm())
        rates = _rates(form)
        with transaction():
            service.set_zone(
                queries.get_method(public_id, lock=True),
                form["area_code"],
                form["from_day"],
                (form["days_from"], form["days_to"]),
                rates,
                actor=account().public_id,
                now=clock.now(),
            )
    except (Conflict, Invalid) as error:
        return _refused(error, _methods_page)
    return _done(_("Set. Orders placed before keep what they agreed."), "operator.delivery.methods")


def _rates(form: Mapping[str, Any]) -> dict[Temperature, Rate]:
    rates = {}
    for temperature in Temperature:
        first, each, free = (form[f"{part}_{temperature}"] for part in ("first", "each", "free"))
        if first is None:
            if each is not None or free is not None:
                raise FormError({f"first_{temperature}": _("Please give the price of the first kilogram.")})
            continue
        try:
            rates[temperature] = Rate(first, each if each is not None else first, free)
        except ValueError:
            message = _("A further kilogram must not cost more than the first, nor less than nothing.")
            raise FormError({f"each_{temperature}": message}) from None
    return rates


@blueprint.post("/methods/<public_id>/end")
@allow(RoleKind.OPERATOR)
def method_end(public_id: str) -> Response:
    """Offer a way no longer."""
    read_form(FormSchema())
    with transaction():
        service.end(queries.get_method(public_id, lock=True), actor=account().public_id, now=clock.now())
    return _done(_("It is no longer offered. Orders placed before keep what they agreed."), "operator.delivery.methods")


@blueprint.get("/places")
@allow(RoleKind.OPERATOR)
def places() -> str:
    """Hubs and pickup points."""
    return _places_page()


def _places_page(error: DomainError | None = None) -> str:
    hubs, points = queries.hubs(), queries.points()
    names = area_names({row.area_code for row in (*hubs, *points)})
    keepers = account_names(hub.keeper for hub in hubs if hub.keeper)
    return render_template(
        "operator/delivery_places.html",
        hubs=[{**_spot(hub, names), "keeper": keepers.get(hub.keeper or "")} for hub in hubs],
        points=[{**_spot(point, names), "capacity": point.capacity} for point in points],
        **_kept_form(error),
    )


def _spot(row: Hub | PickupPoint, names: Mapping[str, str]) -> dict[str, Any]:
    today = clock.local_day(clock.now())
    return {
        "public_id": row.public_id,
        "name": pick(row.name_zh, row.name_en),
        "area": _place(row.area_code, names),
        "address": row.address,
        "hours": row.hours,
        "until": row.valid_to if row.valid_to is not None and row.valid_to <= today else None,
    }


@blueprint.post("/hubs")
@allow(RoleKind.OPERATOR)
def hub_add() -> Response | tuple[str, int]:
    """Open a hub."""
    try:
        form = read_form(HubForm())
        keeper = _account_named(form.pop("login"))
        with transaction():
            service.add_hub(service.Place(**form), keeper, actor=account().public_id, now=clock.now())
    except (Conflict, Invalid) as error:
        return _refused(error, _places_page)
    return _done(_("The hub is open."), "operator.delivery.places")


@blueprint.post("/hubs/<public_id>/end")
@allow(RoleKind.OPERATOR)
def hub_end(public_id: str) -> Response:
    """Close a hub; parcels on their way to it are still taken in."""
    read_form(FormSchema())
    with transaction():
        service.end(queries.get_hub(public_id, lock=True), actor=account().public_id, now=clock.now())
    return _done(_("The hub is closed to new orders."), "operator.delivery.places")


@blueprint.post("/points")
@allow(RoleKind.OPERATOR)
def point_add() -> Response | tuple[str, int]:
    """Open a pickup point."""
    try:
        form = read_form(PointForm())
        capacity = form.pop("capacity")
        with transaction():
            service.add_point(service.Place(**form), capacity, actor=account().public_id, now=clock.now())
    except (Conflict, Invalid) as error:
        return _refused(error, _places_page)
    return _done(_("The pickup point is open."), "operator.delivery.places")


@blueprint.post("/points/<public_id>/capacity")
@allow(RoleKind.OPERATOR)
def point_capacity(public_id: str) -> Response | tuple[str, int]:
    """Say how many parcels a point may have."""
    try:
        form = read_form(CapacityForm())
        with transaction():
            point = queries.get_point(public_id, lock=True)
            service.change(point, {"capacity": form["capacity"]}, actor=account().public_id, now=clock.now())
    except (Conflict, Invalid) as error:
        return _refused(error, _places_page)
    return _done(_("Saved."), "operator.delivery.places")


@blueprint.post("/points/<public_id>/end")
@allow(RoleKind.OPERATOR)
def point_end(public_id: str) -> Response:
    """Close a pickup point; parcels on their way to it can still be fetched."""
    read_form(FormSchema())
    with transaction():
        service.end(queries.get_point(public_id, lock=True), actor=account().public_id, now=clock.now())
    return _done(_("The pickup point is closed to new orders."), "operator.delivery.places")


def _account_named(login: str | None) -> str | None:
    if login is None:
        return None
    found = find_account_by_login(login)
    if found is None:
        raise FormError({"login": _("Nobody signs in with this name.")})
    return found.public_id


def _refused(error: DomainError, page: Any) -> tuple[str, int]:
    db.session.rollback()
    return page(error), status_of(error)


def _done(words: str, endpoint: str) -> Response:
    flash(words, "success")
    return see_other(url_for(endpoint))
