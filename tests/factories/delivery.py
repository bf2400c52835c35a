"""Terms of delivery with complete defaults: carriers, methods with one zone, hubs, pickup points."""

from datetime import date

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
from marketplace.kernel.db import db
from tests import factories

COUNTY, VILLAGE = "522636", "522636100001"
SINCE = date(2026, 1, 1)
# First and each further kilogram, in fen.
PLAIN = {Temperature.AMBIENT: (600, 150)}


def carrier(code: str = "sf", *, numbered: bool = True, account: str | None = None) -> Carrier:
    """A carrier, made once for its code."""
    known = db.session.query(Carrier).filter_by(code=code).first()
    if known is not None:
        return known
    made = Carrier(code=code, name_zh=f"快递{code}", name_en=f"Carrier {code}", numbered=numbered, account=account)
    db.session.add(made)
    db.session.flush()
    return made


def hub(area_code: str = VILLAGE, *, keeper: str | None = None, since: date = SINCE) -> Hub:
    """A hub for the households of an area."""
    factories.area(area_code)
    made = Hub(
        name_zh="摆泥村集货点",
        name_en="Baini hub",
        area_code=area_code,
        address="村委会旁",
        hours="8:00–18:00",
        keeper=keeper,
        valid_from=since,
    )
    db.session.add(made)
    db.session.flush()
    return made


def point(area_code: str = COUNTY, *, capacity: int = 10) -> PickupPoint:
    """A pickup point."""
    made = PickupPoint(
        name_zh="南街自提点",
        name_en="South street point",
        area_code=area_code,
        address="南街 5 号",
        hours="9:00–20:00",
        capacity=capacity,
        valid_from=SINCE,
    )
    db.session.add(made)
    db.session.flush()
    return made


def method(
    kind: MethodKind = MethodKind.COURIER,
    rates: dict[Temperature, tuple[int, ...]] | None = None,
    *,
    origin: str | None = None,
    zone: str | None = None,
    days: tuple[int, int] = (2, 3),
    at: Hub | None = None,
    by: Carrier | None = None,
) -> DeliveryMethod:
    """A way to send with one zone, the whole country unless said otherwise."""
    made = DeliveryMethod(
        kind=kind,
        name_zh="快递",
        name_en=kind.value.capitalize(),
        origin_code=at.area_code if at is not None else origin,
        hub_id=at.id if at is not None else None,
        carrier_id=by.id if by is not None else None,
        valid_from=SINCE,
    )
    db.session.add(made)
    db.session.flush()
    add_zone(made, rates or PLAIN, zone=zone, days=days)
    return made


def add_zone(
    to: DeliveryMethod,
    rates: dict[Temperature, tuple[int, ...]],
    *,
    zone: str | None = None,
    days: tuple[int, int] = (2, 3),
    since: date = SINCE,
    until: date | None = None,
) -> DeliveryZone:
    """A further zone of a method."""
    made = DeliveryZone(method_id=to.id, area_code=zone, days_from=days[0], days_to=days[1], valid_from=since, valid_to=until)
    made.rates = [
        DeliveryRate(temperature=name, first_kg_fen=fen[0], each_kg_fen=fen[1], free_from_fen=fen[2] if fen[2:] else None)
        for name, fen in rates.items()
    ]
    db.session.add(made)
    db.session.flush()
    return made
