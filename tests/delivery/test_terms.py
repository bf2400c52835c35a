"""Terms hold from a day to a day of the market, and what has been in force is not changed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.delivery.models import DeliveryRate, DeliveryZone, MethodKind, PickupPoint, Temperature
from marketplace.delivery.queries import methods_from
from marketplace.delivery.quoting import Parcel, Rate, quote
from marketplace.delivery.service import Place as PlaceOf
from marketplace.delivery.service import add_hub, add_method, end, set_zone
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Invalid
from tests import factories
from tests.factories import delivery as terms

NOW = factories.NOW
TODAY = factories.TODAY
AMBIENT = Temperature.AMBIENT


def price(grams: int = 500, *, origin: str = terms.VILLAGE, to: str = "522636", day: date = TODAY) -> list[int | None]:
    """What each method asks for a parcel on a day."""
    found = []
    for method in methods_from([origin], to, day):
        quoted = quote([Parcel("a", AMBIENT, grams, 100)], to, method.terms)
        found.append(quoted.total_fen if quoted is not None else None)
    return found


def test_a_new_rate_begins_at_midnight_in_shanghai(session: Session) -> None:
    factories.area()
    method = terms.method()
    tomorrow = TODAY + timedelta(days=1)
    with transaction():
        set_zone(method, None, tomorrow, (1, 2), {AMBIENT: Rate(800, 150)}, actor="test", now=NOW)
    before, after = (datetime(2026, 6, 15, 15, 59, 59, tzinfo=UTC), datetime(2026, 6, 15, 16, 0, tzinfo=UTC))
    assert [price(day=local_day(moment)) for moment in (before, after)] == [[600], [800]]
    spans = session.execute(select(DeliveryZone.valid_from, DeliveryZone.valid_to).order_by(DeliveryZone.id)).all()
    assert spans == [(terms.SINCE, tomorrow), (tomorrow, None)]
    assert session.scalars(select(AuditEvent.verb)).all() == ["delivery.zone_set"]


def test_what_was_planned_is_replaced_and_the_past_refused(session: Session) -> None:
    factories.area()
    method = terms.method()
    for fen in (800, 900):
        with transaction():
            set_zone(method, None, TODAY + timedelta(days=2), (1, 2), {AMBIENT: Rate(fen, 0)}, actor="test", now=NOW)
    assert [price(day=TODAY + timedelta(days=days)) for days in (1, 2)] == [[600], [900]]
    assert session.scalars(select(DeliveryRate.first_kg_fen).order_by(DeliveryRate.zone_id)).all() == [600, 900]
    with pytest.raises(Invalid, match="not in the past"), transaction():
        set_zone(method, None, TODAY - timedelta(days=1), (1, 2), {}, actor="test", now=NOW)
    for days in ((3, 2), (-1, 2), (0, 61)):
        with pytest.raises(Invalid, match="a first and a last"), transaction():
            set_zone(method, None, TODAY, days, {}, actor="test", now=NOW)
    with pytest.raises(Invalid, match="no area with the code"), transaction():
        set_zone(method, "999999", TODAY, (1, 2), {}, actor="test", now=NOW)


def test_the_database_keeps_two_answers_for_one_day_apart(session: Session) -> None:
    factories.area()
    method = terms.method()
    with pytest.raises(IntegrityError, match="ex_delivery_zone_one_a_day"):
        terms.add_zone(method, terms.PLAIN, since=TODAY)


def test_a_further_kilogram_dearer_than_the_first_is_refused_by_the_database(session: Session) -> None:
    factories.area()
    with pytest.raises(IntegrityError, match="ck_delivery_rate_rate_range"):
        terms.method(rates={AMBIENT: (100, 101)})


def test_a_method_serves_the_sellers_of_its_area_until_it_ends(session: Session) -> None:
    factories.area()
    factories.area("520121001001")
    method = terms.method(origin="5226")
    assert (price(), price(origin="520121001001")) == ([600], [])
    with transaction():
        assert end(method, actor="test", now=NOW) is True
        assert end(method, actor="test", now=NOW) is False
    assert (price(), price(day=TODAY - timedelta(days=1))) == ([], [600])


def test_a_closed_place_is_one_without_rates(session: Session) -> None:
    factories.area()
    method = terms.method()
    with transaction():
        set_zone(method, "522636", TODAY, (1, 1), {}, actor="test", now=NOW)
    assert (price(to="522636"), price(to="110101")) == ([None], [600])


def test_a_hubs_shipment_belongs_to_a_hub(session: Session) -> None:
    factories.area()
    with transaction():
        place = PlaceOf("村集货点", "Village hub", terms.VILLAGE, "村口", "8:00–18:00")
        hub = add_hub(place, None, actor="test", now=NOW)
        made = add_method(MethodKind.HUB, "集货", "Hub van", hub=hub, actor="test", now=NOW)
        set_zone(made, None, TODAY, (1, 2), {AMBIENT: Rate(500, 100)}, actor="test", now=NOW)
    assert price() == [500]
    assert price(origin="522636100002") == []
    with transaction():
        end(hub, actor="test", now=NOW)
    assert price() == []
    with pytest.raises(Invalid, match="names its hub"), transaction():
        add_method(MethodKind.HUB, "集货", "Hub van", actor="test", now=NOW)


def test_a_point_holds_no_less_than_nothing(session: Session) -> None:
    factories.area()
    point = terms.point()
    with pytest.raises(IntegrityError, match="capacity_range"):
        session.execute(PickupPoint.__table__.update().where(PickupPoint.id == point.id).values(capacity=-1))
