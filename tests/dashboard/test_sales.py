"""Sales to registered households: facts from order lines, figures from facts, exact to the fen."""

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from marketplace.catalogue.models import ProducerKind
from marketplace.catalogue.service import add_harvest
from marketplace.dashboard.models import SalesFact
from marketplace.dashboard.queries import days_with_facts, sales, sales_total
from marketplace.dashboard.service import build_all, build_day
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import cancel_unpaid, confirm_payment
from marketplace.orders.shortfalls import bring_in_harvest
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment
from marketplace.registry.models import HouseholdStatus
from tests import factories
from tests.factories import NOW, TODAY

VILLAGE, SIBLING = "522636100001", "522636101001"
HERE = Destination("李四", "13800000000", "522636", "民族路 1 号")


def buy(*lines: tuple[object, int], paid: bool = True, days_ago: int = 0) -> OrderGroup:
    """A purchase of listings, paid on the day it was placed unless said otherwise."""
    at = NOW - timedelta(days=days_ago)
    with transaction():
        buyer = factories.account()
        basket = factories.basket(buyer, *lines)  # type: ignore[arg-type]
        total = sum(listing.price_fen * quantity for listing, quantity in lines)  # type: ignore[attr-defined]
        group = place_order(buyer.id, buyer.public_id, basket.public_id, HERE, PaymentMethod.BANK_TRANSFER, total, now=at)
    if paid:
        with transaction():
            confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="test", now=at)
    return group


def test_a_paid_line_is_counted_with_the_share_it_was_sold_with(session: Session) -> None:
    with transaction():
        poor = factories.listing(factories.producer(VILLAGE, registered=True), price_fen=1000, unit_grams=500)
        other = factories.listing(factories.producer(SIBLING), price_fen=3000, unit_grams=500)
    buy((poor, 2), (other, 1))
    with transaction():
        assert build_day(TODAY) == 2
    total = sales_total("52", TODAY, TODAY)
    assert (total.total_fen, total.benefit_fen, total.grams, total.order_lines, total.producers) == (5000, 2000, 1500, 2, 2)
    assert total.benefit_share == 0.4
    assert sales_total(VILLAGE, TODAY, TODAY).benefit_fen == 2000
    assert sales_total(SIBLING, TODAY, TODAY).benefit_fen == 0


def test_what_did_not_grow_was_never_sold(session: Session) -> None:
    with transaction():
        pears = factories.listing(factories.producer(VILLAGE, registered=True), stock=0, price_fen=1000, unit_grams=500)
        household_id = pears.producer.household_id
        assert household_id is not None
        day = TODAY + timedelta(days=5)
        lot = add_harvest(pears, Decimal(4), day, {household_id: 2000}, expected=True, actor="test", now=NOW)
    buy((pears, 3))
    later = NOW + timedelta(days=5)
    assert bring_in_harvest(lot.public_id, pears.producer_id, Decimal(2), day, actor="test", now=later) == 1
    with transaction():
        assert build_day(TODAY) == 1
    total = sales_total("52", TODAY, TODAY)
    assert (total.total_fen, total.benefit_fen, total.grams, total.order_lines) == (2000, 2000, 1000, 1)


def test_every_level_of_the_drill_down_sums_to_the_one_above(session: Session) -> None:
    with transaction():
        listings = [
            factories.listing(factories.producer(village, registered=True), price_fen=price_fen)
            for village, price_fen in ((VILLAGE, 700), (SIBLING, 1100), ("522635100001", 1300))
        ]
    for listing in listings:
        buy((listing, 1))
    with transaction():
        build_all()
    for scope in ("52", "5226", "522636", "522636100"):
        rows = sales(scope, TODAY, TODAY, by="area")
        assert sum(row.total_fen for row in rows) == sales_total(scope, TODAY, TODAY).total_fen
    assert {row.key: row.total_fen for row in sales("5226", TODAY, TODAY, by="area")} == {"522636": 1800, "522635": 1300}


def test_what_is_unpaid_or_cancelled_is_left_out(session: Session) -> None:
    with transaction():
        listing = factories.listing(factories.producer(registered=True))
    buy((listing, 1), paid=False)
    given_up = buy((listing, 1), paid=False)
    with transaction():
        cancel_unpaid(get_payment(payment_of(given_up).public_id, lock=True), actor="test", now=NOW)
        assert build_all() == 0
    assert sales_total("52", TODAY, TODAY).total_fen == 0
    assert db.session.scalars(select(Order.state).where(Order.group_id == given_up.id)).all() == ["cancelled"]


def test_building_a_day_again_gives_the_same_rows(session: Session) -> None:
    with transaction():
        listing = factories.listing(factories.producer(registered=True), stock=50)
    for _ in range(3):
        buy((listing, 2))

    def rows() -> list[tuple[object, ...]]:
        return [tuple(row) for row in db.session.execute(select(*SalesFact.__table__.columns)).all()]

    with transaction():
        build_day(TODAY)
    first = rows()
    with transaction():
        build_day(TODAY)
    assert rows() == first
    with transaction():
        build_all()
    assert rows() == first
    assert [(row.total_fen, row.benefit_fen) for row in db.session.scalars(select(SalesFact))] == [(7500, 7500)]


def test_as_of_another_day_counts_with_the_registry_of_that_day(session: Session) -> None:
    with transaction():
        producer = factories.producer(registered=True)
        listing = factories.listing(producer, price_fen=1000)
    buy((listing, 1))
    with transaction():
        build_day(TODAY)
        status = db.session.scalars(select(HouseholdStatus).filter_by(household_id=producer.household_id)).one()
        status.days = Range(date(2020, 1, 1), TODAY + timedelta(days=10))
    assert sales_total("52", TODAY, TODAY).benefit_fen == 1000
    assert sales_total("52", TODAY, TODAY, as_of=TODAY).benefit_fen == 1000
    assert sales_total("52", TODAY, TODAY, as_of=TODAY + timedelta(days=10)).benefit_fen == 0
    assert sales_total("52", TODAY, TODAY, as_of=date(2019, 12, 31)).benefit_fen == 0


def test_a_pooled_lot_counts_by_contributed_grams(session: Session) -> None:
    with transaction():
        cooperative = factories.producer(kind=ProducerKind.COOPERATIVE)
        poor = factories.household(registered_from=date(2020, 1, 1))
        other = factories.household()
        listing = factories.listing(cooperative, price_fen=1000, contributions={poor.id: 1000, other.id: 2000})
    buy((listing, 1))
    with transaction():
        build_day(TODAY)
    assert sales_total("52", TODAY, TODAY).benefit_fen == 333
    assert sales_total("52", TODAY, TODAY, as_of=TODAY).benefit_fen == 333


def test_a_payment_late_in_the_evening_belongs_to_that_day_of_the_market(session: Session) -> None:
    with transaction():
        listing = factories.listing(factories.producer(registered=True))
    group = buy((listing, 1))
    with transaction():
        # 23:30 in Danzhai is 15:30 in UTC; half an hour later is the next day there, though not in UTC.
        group = db.session.get_one(OrderGroup, group.id)
        group.paid_at = NOW.replace(hour=16, minute=30)
        build_all()
    assert days_with_facts("52") == (TODAY + timedelta(days=1), TODAY + timedelta(days=1))


def test_months_and_products_sum_to_the_whole(session: Session) -> None:
    with transaction():
        seller = factories.producer(registered=True)
        pear = factories.product("pear", "梨", "Pear")
        apples = factories.listing(seller, price_fen=1000, stock=Decimal(100))
        pears = factories.listing(seller, pear, price_fen=500, stock=Decimal(100))
    buy((apples, 1), days_ago=40)
    buy((apples, 2), (pears, 3))
    with transaction():
        build_all()
    first = TODAY - timedelta(days=60)
    assert [(row.key, row.total_fen) for row in sales("52", first, TODAY, by="month")] == [("2026-05", 1000), ("2026-06", 3500)]
    assert [(row.key, row.total_fen) for row in sales("52", first, TODAY, by="product")] == [("apple", 3000), ("pear", 1500)]
    assert [row.key for row in sales("52", first, TODAY, by="day")] == ["2026-05-06", "2026-06-15"]


def test_a_month_that_is_built_again_is_read_again(session: Session) -> None:
    with transaction():
        listing = factories.listing(factories.producer(registered=True), price_fen=1000, stock=9)
    told = []
    for quantity in (1, 2):
        buy((listing, quantity))
        told.append(sales_total("52", TODAY, TODAY).total_fen)
        with transaction():
            build_day(TODAY)
        told.append(sales_total("52", TODAY, TODAY).total_fen)
    assert told == [0, 1000, 1000, 3000]
