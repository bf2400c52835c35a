"""Reading the terms of delivery."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import joinedload, selectinload

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
from marketplace.delivery.quoting import Rate, Terms, Zone
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.codes import ancestor_codes


@dataclass(frozen=True)
class MethodTerms:
    """A method in force on a day with its terms around one place; ``origin_code`` is empty for the whole country."""

    id: int
    public_id: str
    kind: MethodKind
    name_zh: str
    name_en: str
    origin_code: str
    hub: Hub | None
    terms: Terms


def in_force(model: Any, day: date) -> ColumnElement[bool]:
    """The condition that a row holds on a day of the market; the last day of a span is the one before ``valid_to``."""
    return and_(model.valid_from <= day, or_(model.valid_to.is_(None), model.valid_to > day))


def methods_from(origins: Collection[str], around: str, day: date) -> list[MethodTerms]:
    """The methods that sellers of some areas have on a day, with their zones that hold or lie in a place, in one statement.

    A method that does not go there is answered without zones; ``around`` is empty where nobody knows the place yet.
    """
    ancestors = {code for origin in origins for code in ancestor_codes(origin)}
    near = or_(
        DeliveryZone.area_code.is_(None),
        DeliveryZone.area_code.in_(ancestor_codes(around)),
        DeliveryZone.area_code.startswith(around, autoescape=True),
    )
    rows = db.session.execute(
        select(DeliveryMethod, Hub, DeliveryZone, DeliveryRate)
        .outerjoin(Hub, Hub.id == DeliveryMethod.hub_id)
        .outerjoin(DeliveryZone, and_(DeliveryZone.method_id == DeliveryMethod.id, in_force(DeliveryZone, day), near))
        .outerjoin(DeliveryRate, DeliveryRate.zone_id == DeliveryZone.id)
        .where(
            in_force(DeliveryMethod, day),
            or_(DeliveryMethod.origin_code.is_(None), DeliveryMethod.origin_code.in_(ancestors)),
            or_(DeliveryMethod.hub_id.is_(None), in_force(Hub, day)),
        )
        .order_by(DeliveryMethod.id, DeliveryZone.id)
    ).all()
    methods: dict[int, tuple[DeliveryMethod, Hub | None]] = {}
    zones: dict[int, dict[int, tuple[DeliveryZone, dict[Temperature, Rate]]]] = {}
    for method, hub, zone, rate in rows:
        methods[method.id] = (method, hub)
        own = zones.setdefault(method.id, {})
        if zone is not None:
            _, rates = own.setdefault(zone.id, (zone, {}))
            if rate is not None:
                rates[Temperature(rate.temperature)] = Rate(rate.first_kg_fen, rate.each_kg_fen, rate.free_from_fen)
    return [
        MethodTerms(
            id=method.id,
            public_id=method.public_id,
            kind=MethodKind(method.kind),
            name_zh=method.name_zh,
            name_en=method.name_en,
            origin_code=method.origin_code or "",
            hub=hub,
            terms=Terms(
                [Zone(zone.area_code or "", zone.days_from, zone.days_to, rates) for zone, rates in zones[method.id].values()],
                consolidated=hub is not None,
            ),
        )
        for method, hub in methods.values()
    ]


def all_methods() -> Sequence[DeliveryMethod]:
    """Every method with its zones and rates, newest first."""
    return db.session.scalars(
        select(DeliveryMethod)
        .options(
            joinedload(DeliveryMethod.carrier),
            joinedload(DeliveryMethod.hub),
            selectinload(DeliveryMethod.zones).selectinload(DeliveryZone.rates),
        )
        .order_by(DeliveryMethod.id.desc())
    ).all()


def get_method(public_id: str, *, lock: bool = False) -> DeliveryMethod:
    """A method, or ``NotFound``."""
    query = select(DeliveryMethod).filter_by(public_id=public_id)
    return _found(query, N_("There is no such way of delivery."), "method_unknown", lock=lock)


def get_hub(public_id: str, *, lock: bool = False) -> Hub:
    """A hub, or ``NotFound``."""
    return _found(select(Hub).filter_by(public_id=public_id), N_("There is no such hub."), "hub_unknown", lock=lock)


def find_hub(hub_id: int) -> Hub:
    """The hub that an order names."""
    return db.session.get_one(Hub, hub_id)


def get_point(public_id: str, *, lock: bool = False) -> PickupPoint:
    """A pickup point, or ``NotFound``."""
    query = select(PickupPoint).filter_by(public_id=public_id)
    return _found(query, N_("There is no such pickup point."), "point_unknown", lock=lock)


def get_carrier(code: str) -> Carrier:
    """A carrier by its code, or ``NotFound``."""
    return _found(select(Carrier).filter_by(code=code), N_("There is no such carrier."), "carrier_unknown")


def _found(query: Any, words: str, code: str, *, lock: bool = False) -> Any:
    # What was read before the lock was there may be older than the row that is locked.
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    row = db.session.scalars(query).first()
    if row is None:
        raise NotFound(code, words)
    return row


def carriers(*, active: bool = True) -> Sequence[Carrier]:
    """The carriers in the order they were added, without those no longer used."""
    query = select(Carrier).order_by(Carrier.id)
    return db.session.scalars(query.where(Carrier.active) if active else query).all()


def hubs() -> Sequence[Hub]:
    """Every hub, newest first."""
    return db.session.scalars(select(Hub).order_by(Hub.id.desc())).all()


def hubs_kept_by(account: str) -> Sequence[Hub]:
    """The hubs that an account keeps, by its public id."""
    return db.session.scalars(select(Hub).filter_by(keeper=account).order_by(Hub.id)).all()


def points() -> Sequence[PickupPoint]:
    """Every pickup point, newest first."""
    return db.session.scalars(select(PickupPoint).order_by(PickupPoint.id.desc())).all()
