"""Changes of the terms of delivery. What has been in force stays: a change is an end and a beginning."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select

from marketplace.delivery.models import (
    Carrier,
    DeliveryMethod,
    DeliveryRate,
    DeliveryZone,
    Hub,
    MethodKind,
    PickupPoint,
    Temperature,
)
from marketplace.delivery.quoting import Rate
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.regions.queries import find_area_in_force

MOST_DAYS = 60
MOST_FEN = 1_000_000


@dataclass(frozen=True)
class Place:
    """What a hub or a pickup point says of itself."""

    name_zh: str
    name_en: str
    area_code: str
    address: str
    hours: str


def add_carrier(
    code: str, name_zh: str, name_en: str, *, numbered: bool, account: str | None = None, actor: str, now: datetime
) -> Carrier:
    """Add somebody who carries parcels."""
    if db.session.scalar(select(Carrier.id).filter_by(code=code)) is not None:
        raise Conflict("carrier_known", N_("There is a carrier with this code already."))
    carrier = Carrier(code=code, name_zh=name_zh, name_en=name_en, numbered=numbered, account=account)
    return _added(carrier, "carrier", code, actor, now)


def add_hub(place: Place, keeper: str | None, *, actor: str, now: datetime) -> Hub:
    """Open a hub for the households of its area; its keeper is named by the public id of an account."""
    hub = Hub(**_of_place(place), keeper=keeper, valid_from=local_day(now))
    return _added(hub, "hub", None, actor, now)


def add_point(place: Place, capacity: int, *, actor: str, now: datetime) -> PickupPoint:
    """Open a pickup point."""
    point = PickupPoint(**_of_place(place), capacity=_capacity(capacity), valid_from=local_day(now))
    return _added(point, "pickup_point", None, actor, now)


def change(thing: DeliveryMethod | Hub | PickupPoint, values: Mapping[str, Any], *, actor: str, now: datetime) -> bool:
    """Say otherwise what a locked thing is called, where it is, when it is open, who keeps it or how much room it has.

    Orders keep what they were placed with, and a point the parcels it has, however many they are. Whom it serves and how it
    sends does not change: that would be another one. False when nothing is otherwise.

    Raises
    ------
    Invalid
        ``capacity_invalid`` for a room that no point has, ``delivery_ended`` for what is no longer offered.
    """
    if "capacity" in values:
        _capacity(values["capacity"])
    if thing.valid_to is not None and thing.valid_to <= local_day(now):
        raise Invalid("delivery_ended", N_("It is no longer offered, so there is nothing to change."))
    new = {name: value for name, value in values.items() if getattr(thing, name) != value}
    if not new:
        return False
    for name in sorted(new):
        setattr(thing, name, new[name])
    db.session.flush()
    audit.record("delivery.changed", thing.__tablename__, thing.public_id, actor=actor, at=now, values=new)
    return True


def add_method(
    kind: MethodKind,
    name_zh: str,
    name_en: str,
    *,
    origin_code: str | None = None,
    carrier: Carrier | None = None,
    hub: Hub | None = None,
    actor: str,
    now: datetime,
) -> DeliveryMethod:
    """Give the sellers of an area a way to send; a hub's is for those who bring their parcels to it."""
    if (kind is MethodKind.HUB) != (hub is not None):
        raise Invalid("method_hub", N_("A hub’s shipment names its hub, and nothing else does."))
    method = DeliveryMethod(
        kind=kind,
        name_zh=name_zh,
        name_en=name_en,
        origin_code=hub.area_code if hub is not None else _area(origin_code),
        carrier_id=carrier.id if carrier is not None else None,
        hub_id=hub.id if hub is not None else None,
        valid_from=local_day(now),
    )
    return _added(method, "delivery_method", None, actor, now)


def set_zone(
    method: DeliveryMethod,
    area_code: str | None,
    from_day: date,
    days: tuple[int, int],
    rates: Mapping[Temperature, Rate],
    *,
    actor: str,
    now: datetime,
) -> DeliveryZone:
    """Say what a locked method charges for a place from the beginning of a day of the market on.

    What held before holds until then; what was planned for the day or later is replaced. No rates at all close the place.

    Raises
    ------
    Invalid
        For a day that has passed, days in the wrong order or a rate out of bounds.
    """
    if from_day < local_day(now):
        raise Invalid("zone_in_past", N_("Terms can be changed from today on, not in the past."))
    if not 0 <= days[0] <= days[1] <= MOST_DAYS:
        raise Invalid("days_invalid", N_("Please give the days as a first and a last, at most %(most)s."), most=MOST_DAYS)
    if any(rate.first_kg_fen > MOST_FEN or rate.free_from_fen == 0 for rate in rates.values()):
        raise Invalid("rate_invalid", N_("Please give a rate of at most %(most)s yuan."), most=MOST_FEN // 100)
    area_code = _area(area_code)
    same = DeliveryZone.area_code.is_(None) if area_code is None else DeliveryZone.area_code == area_code
    going_on = or_(DeliveryZone.valid_to.is_(None), DeliveryZone.valid_to > from_day)
    for zone in db.session.scalars(select(DeliveryZone).where(DeliveryZone.method_id == method.id, same, going_on)):
        if zone.valid_from >= from_day:
            db.session.delete(zone)
        else:
            zone.valid_to = from_day
    db.session.flush()
    zone = DeliveryZone(method_id=method.id, area_code=area_code, days_from=days[0], days_to=days[1], valid_from=from_day)
    zone.rates = [
        DeliveryRate(
            temperature=temperature,
            first_kg_fen=rate.first_kg_fen,
            each_kg_fen=rate.each_kg_fen,
            free_from_fen=rate.free_from_fen,
        )
        for temperature, rate in rates.items()
    ]
    db.session.add(zone)
    db.session.flush()
    data = {"area": area_code or "", "from": from_day.isoformat(), "days": list(days)}
    said = {name: [rate.first_kg_fen, rate.each_kg_fen, rate.free_from_fen] for name, rate in rates.items()}
    audit.record("delivery.zone_set", "delivery_method", method.public_id, actor=actor, at=now, **data, rates=said)
    return zone


def end(thing: DeliveryMethod | Hub | PickupPoint, *, actor: str, now: datetime) -> bool:
    """End something from today on; orders that were placed with it keep what they agreed. False when it had ended."""
    today = local_day(now)
    if thing.valid_to is not None and thing.valid_to <= today:
        return False
    thing.valid_to = today
    db.session.flush()
    audit.record("delivery.ended", thing.__tablename__, thing.public_id, actor=actor, at=now)
    return True


def _area(code: str | None) -> str | None:
    if code and find_area_in_force(code) is None:
        raise Invalid("delivery_area_unknown", N_("There is no area with the code %(code)s."), code=code[:20])
    return code or None


def _of_place(place: Place) -> dict[str, Any]:
    return {
        "name_zh": place.name_zh,
        "name_en": place.name_en,
        "area_code": _area(place.area_code),
        "address": place.address,
        "hours": place.hours,
    }


def _capacity(number: int) -> int:
    if not 0 <= number <= 100_000:
        raise Invalid("capacity_invalid", N_("Please give a number of parcels from 0 to 100,000."))
    return number


def _added(thing: Any, kind: str, name: str | None, actor: str, now: datetime) -> Any:
    db.session.add(thing)
    db.session.flush()
    audit.record(f"{kind}.added", kind, name or thing.public_id, actor=actor, at=now)
    return thing
