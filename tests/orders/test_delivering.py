"""What a purchase pays for its delivery, how it is agreed, and that it is frozen with the order."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, Unit
from marketplace.delivery.models import DeliveryRate, DeliveryZone, MethodKind, PickupPoint, Temperature
from marketplace.delivery.service import end
from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.queries import balance_fen
from marketplace.orders.delivering import DeliveryGroup, basket_goods, delivery_groups
from marketplace.orders.models import Order, OrderDelivery, OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import basket_view, payment_of
from marketplace.orders.refunds import cancel_order
from marketplace.orders.service import accept_delivery, confirm_payment, deliver_order, ship_order
from marketplace.orders.settlement import CLEARING, REFUNDS
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment
from tests import factories
from tests.factories import delivery as terms
from tests.own_database import own_database, race

TO = Destination("张三", "13800000000", "522636", "龙泉镇")
NOW, TODAY = factories.NOW, factories.TODAY
OTHER_VILLAGE = "522636100002"


class Village:
    """Two farms of one village and one of another; a box of 1,500 g each, at 10, 20 and 30 yuan."""

    def __init__(self) -> None:
        self.farms = [factories.producer(), factories.producer(), factories.producer(OTHER_VILLAGE)]
        self.listings = [
            factories.listing(farm, price_fen=fen, stock=100) for farm, fen in zip(self.farms, (1000, 2000, 3000), strict=True)
        ]
        self.buyer = factories.account()
        db.session.commit()

    def groups(self, *numbers: int, to: str = TO.area_code, day: date = TODAY) -> list[DeliveryGroup]:
        """How a basket with one of each would travel."""
        db.session.commit()
        factories.basket(self.buyer, *((self.listings[at], 1) for at in numbers))
        found = delivery_groups(basket_goods(basket_view(self.buyer.id, None, now=NOW)), to, day)
        db.session.rollback()
        return found

    def place(self, total_fen: int, *numbers: int, delivery: dict[str, str] | None = None, now: Any = NOW) -> OrderGroup:
        """Order one of each."""
        with transaction():
            basket = factories.basket(self.buyer, *((self.listings[at], 1) for at in numbers))
            return place_order(
                self.buyer.id,
                self.buyer.public_id,
                basket.public_id,
                TO,
                PaymentMethod.BANK_TRANSFER,
                total_fen,
                now=now,
                delivery=delivery,
            )


@pytest.fixture
def village(session: Session) -> Village:
    return Village()


def fen_of(group: OrderGroup) -> list[tuple[int, int, int]]:
    return [(order.goods_fen, order.delivery_fen, order.total_fen) for order in group.orders]


def test_where_no_terms_are_set_delivery_is_included(village: Village) -> None:
    terms.method(origin="5226")
    far = factories.producer("520121001001")
    village.listings.append(factories.listing(far, price_fen=4000))
    groups = village.groups(0, 3)
    assert [(group.included, len(group.options)) for group in groups] == [(False, 1), (True, 0)]
    assert fen_of(village.place(5750, 0, 3)) == [(1000, 750, 1750), (4000, 0, 4000)]


def test_an_order_without_terms_costs_its_goods_alone(village: Village) -> None:
    group = village.place(1000, 0)
    assert fen_of(group) == [(1000, 0, 1000)]
    assert group.orders[0].delivery is None


def test_each_sellers_parcel_is_paid_and_frozen_with_its_reasons(village: Village) -> None:
    terms.method(days=(2, 4))
    group = village.place(3000 + 2 * 750, 0, 1)
    assert fen_of(group) == [(1000, 750, 1750), (2000, 750, 2750)]
    # Three per cent of the goods is the service's; of the freight, nothing.
    shares = [sorted((share.kind, share.amount_fen) for share in order.shares) for order in group.orders]
    assert shares == [
        [("freight", 750), ("platform", 30), ("producer", 970)],
        [("freight", 750), ("platform", 60), ("producer", 1940)],
    ]
    agreed = group.orders[0].delivery
    assert agreed is not None
    assert (agreed.kind, agreed.temperature, agreed.grams) == ("courier", "ambient", 1500)
    assert (agreed.arrives_from, agreed.arrives_to) == (TODAY + timedelta(days=2), TODAY + timedelta(days=4))
    assert agreed.parts == [
        {
            "temperature": "ambient",
            "grams": 1500,
            "kilograms": 2,
            "first_kg_fen": 600,
            "each_kg_fen": 150,
            "free_from_fen": None,
            "fen": 750,
            "senders": 1,
        }
    ]


def test_a_hub_makes_one_freight_of_a_villages_parcels(village: Village) -> None:
    terms.method()
    hub = terms.hub()
    van = terms.method(MethodKind.HUB, {Temperature.AMBIENT: (500, 100)}, at=hub)
    groups = village.groups(0, 1, 2)
    assert [(group.key, len(group.sellers)) for group in groups] == [
        (hub.public_id, 2),
        (village.farms[2].public_id, 1),
    ]
    # 3 kg together cost 7.00 by the hub and twice 7.50 apart.
    assert [(option.method.id == van.id, option.quote.total_fen) for option in groups[0].options] == [
        (True, 700),
        (False, 1500),
    ]
    placed = village.place(6000 + 700 + 750, 0, 1, 2)
    assert fen_of(placed) == [(1000, 350, 1350), (2000, 350, 2350), (3000, 750, 3750)]
    assert [order.delivery.hub_id if order.delivery else None for order in placed.orders] == [hub.id, hub.id, None]
    apart = village.place(3000 + 1500, 0, 1, delivery={hub.public_id: groups[0].options[1].key})
    assert fen_of(apart) == [(1000, 750, 1750), (2000, 750, 2750)]


def test_parcels_are_brought_to_the_nearest_hub_only(village: Village) -> None:
    town, near = terms.hub("522636100"), terms.hub()
    terms.method(MethodKind.HUB, {Temperature.AMBIENT: (100, 0)}, at=town)
    terms.method(MethodKind.HUB, at=near)
    assert [(group.key, [o.quote.total_fen for o in group.options]) for group in village.groups(0, 1, 2)] == [
        (near.public_id, [900]),
        (village.farms[2].public_id, [100]),
    ]


def test_a_neighbour_whose_goods_the_hub_does_not_take_travels_alone(village: Village) -> None:
    terms.method(MethodKind.HUB, at=terms.hub())
    terms.method(MethodKind.COURIER, {Temperature.FROZEN: (2000, 800)})
    village.listings[1].temperature = Temperature.FROZEN
    db.session.commit()
    groups = village.groups(0, 1)
    assert [(len(group.sellers), [o.quote.total_fen for o in group.options]) for group in groups] == [(1, [750]), (1, [2800])]
    placed = village.place(3000 + 3550, 0, 1)
    assert [order.delivery.temperature if order.delivery else None for order in placed.orders] == ["ambient", "frozen"]


def test_a_part_that_is_cancelled_leaves_the_freight_of_the_others_as_it_was_frozen(village: Village) -> None:
    terms.method(MethodKind.HUB, {Temperature.AMBIENT: (500, 100)}, at=terms.hub())
    placed = village.place(3700, 0, 1)
    with transaction():
        confirm_payment(get_payment(payment_of(placed).public_id, lock=True), actor="test", now=NOW)
    with transaction():
        refund = cancel_order(placed.orders[0].public_id, actor="test", now=NOW)
        assert refund is not None
        assert refund.amount_fen == 1350
    assert fen_of(placed) == [(1000, 350, 1350), (2000, 350, 2350)]
    assert (balance_fen(CLEARING), balance_fen(REFUNDS)) == (2350, 1350)


def test_terms_that_change_between_page_and_click_are_said_as_a_changed_total(village: Village) -> None:
    method = terms.method()
    db.session.execute(update(DeliveryRate).values(first_kg_fen=601))
    db.session.commit()
    with pytest.raises(Conflict) as refused:
        village.place(1000 + 750, 0)
    assert (refused.value.code, refused.value.data) == ("total_changed", {"total_fen": 1751})
    with transaction():
        end(method, actor="test", now=NOW)
    with pytest.raises(Conflict, match="price has changed"):
        village.place(1000 + 751, 0)
    assert db.session.scalar(select(func.count()).select_from(OrderGroup)) == 0
    assert db.session.scalars(select(Listing.available)).all() == [100] * 3


def test_the_last_moment_of_a_day_is_at_the_days_rate(village: Village) -> None:
    method = terms.method()
    db.session.execute(update(DeliveryZone).values(valid_to=TODAY + timedelta(days=1)))
    terms.add_zone(method, {Temperature.AMBIENT: (900, 0)}, since=TODAY + timedelta(days=1))
    db.session.commit()
    # 16:00 in UTC is midnight in Shanghai.
    midnight = NOW.replace(hour=16, minute=0, second=0, microsecond=0)
    assert fen_of(village.place(1750, 0, now=midnight - timedelta(microseconds=1))) == [(1000, 750, 1750)]
    assert fen_of(village.place(1900, 0, now=midnight)) == [(1000, 900, 1900)]


def test_what_cannot_be_sent_there_is_not_ordered(village: Village) -> None:
    terms.method(zone="52")
    factories.area("110101001001")
    db.session.commit()
    assert [(group.included, group.options) for group in village.groups(0, to="110101")] == [(False, ())]
    terms.method(rates={Temperature.CHILLED: (1, 1)}, zone="522636", origin="522636100001")
    village.listings[2].temperature = Temperature.FROZEN
    db.session.commit()
    with pytest.raises(Conflict) as refused:
        village.place(4000, 0, 2)
    assert refused.value.code == "not_sent_there"
    assert db.session.scalar(select(func.count()).select_from(Order)) == 0


def test_a_way_that_is_no_longer_offered_is_not_swapped_for_another(village: Village) -> None:
    one, other = terms.method(), terms.method()
    farm = village.farms[0].public_id
    with transaction():
        end(other, actor="test", now=NOW)
    with pytest.raises(Conflict) as refused:
        village.place(1750, 0, delivery={farm: other.public_id})
    assert refused.value.code == "delivery_choice_gone"
    placed = village.place(1750, 0, delivery={farm: one.public_id})
    assert fen_of(placed) == [(1000, 750, 1750)]


def test_nothing_is_said_of_prices_while_the_place_is_unknown(village: Village) -> None:
    terms.method()
    assert [(group.included, group.options) for group in village.groups(0, to="")] == [(False, ())]


def test_parts_of_a_gram_are_rounded_up_once_for_a_seller(session: Session) -> None:
    terms_at = terms.method
    farm = factories.producer()
    loose = factories.listing(farm, unit=Unit.G, unit_grams=1, price_fen=10, stock=9999)
    buyer = factories.account()
    terms_at()
    factories.basket(buyer, (loose, Decimal("999.9")))
    db.session.commit()
    groups = delivery_groups(basket_goods(basket_view(buyer.id, None, now=NOW)), "522636", TODAY)
    assert [(part.grams, part.fen) for part in groups[0].options[0].quote.parts] == [(1000, 600)]


def test_goods_and_freight_are_the_whole_total_in_the_database_too(village: Village) -> None:
    placed = village.place(1000, 0)
    with pytest.raises(IntegrityError, match="ck_order_goods_and_delivery"):
        db.session.execute(update(Order).where(Order.id == placed.orders[0].id).values(delivery_fen=1000))


class TestPickup:
    """Points keep parcels up to their capacity."""

    def test_a_point_is_a_way_of_its_own_priced_for_where_it_is(self, village: Village) -> None:
        run = terms.method(MethodKind.PICKUP, {Temperature.AMBIENT: (200, 0)}, zone="522636100")
        factories.area("522636101001")
        here, there = terms.point("522636100001"), terms.point("522636101001")
        groups = village.groups(0)
        assert [option.key for option in groups[0].options] == [f"{run.public_id}-{here.public_id}"]
        placed = village.place(1200, 0)
        agreed = placed.orders[0].delivery
        assert agreed is not None
        assert (agreed.pickup_point_id, agreed.place_zh, agreed.place_address) == (
            here.id,
            "南街自提点",
            "南街 5 号 · 9:00–20:00",
        )
        assert there.id != here.id

    def test_a_full_point_is_not_offered_and_has_room_when_a_parcel_has_left(self, village: Village) -> None:
        terms.method(MethodKind.PICKUP, {Temperature.AMBIENT: (200, 0)})
        terms.point(capacity=2)
        assert [len(group.options) for group in village.groups(0)] == [1]
        village.place(3400, 0, 1)
        assert [len(group.options) for group in village.groups(0)] == [0]
        with transaction():
            order = db.session.scalars(select(Order).limit(1)).one()
            order.state = "cancelled"
        assert [len(group.options) for group in village.groups(0)] == [1]

    def test_a_parcel_on_its_way_has_its_place_kept(self, village: Village) -> None:
        terms.method(MethodKind.PICKUP, {Temperature.AMBIENT: (200, 0)})
        terms.point(capacity=1)
        placed = village.place(1200, 0)
        with transaction():
            confirm_payment(get_payment(payment_of(placed).public_id, lock=True), actor="test", now=NOW)
            ship_order(placed.orders[0].public_id, village.farms[0].id, actor="test", now=NOW)
        assert [len(group.options) for group in village.groups(0)] == [0]

    def test_a_parcel_that_a_courier_has_brought_to_the_point_lies_there_until_it_is_fetched(self, village: Village) -> None:
        terms.method(MethodKind.PICKUP, {Temperature.AMBIENT: (200, 0)})
        terms.point(capacity=1)
        placed = village.place(1200, 0)
        order_id = placed.orders[0].public_id
        with transaction():
            confirm_payment(get_payment(payment_of(placed).public_id, lock=True), actor="test", now=NOW)
            ship_order(order_id, village.farms[0].id, actor="test", now=NOW)
            deliver_order(order_id, actor="courier", now=NOW)
        assert [len(group.options) for group in village.groups(0)] == [0]
        with transaction():
            accept_delivery(order_id, placed.account_id, actor="test", now=NOW)
        assert [len(group.options) for group in village.groups(0)] == [1]


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "pickup_races") as app:
        yield app


def test_of_two_buyers_one_gets_the_last_place_of_a_pickup_point(shop: Flask) -> None:
    def buy(account: tuple[int, str], basket: str) -> str:
        with transaction():
            group = place_order(*account, basket, TO, PaymentMethod.BANK_TRANSFER, 1450, now=NOW)
            return group.public_id

    for _ in range(5):
        with shop.app_context():
            with transaction():
                db.session.execute(update(PickupPoint).values(valid_to=NOW.date()))
                village = "522636100001"
                factories.area(village)
                if not db.session.scalar(select(func.count()).select_from(PickupPoint)):
                    terms.method(MethodKind.PICKUP, {Temperature.AMBIENT: (200, 0)})
                point = terms.point(capacity=1)
                buyers: list[Account] = [factories.account() for _ in range(2)]
                # Different goods, so that nothing but the shelf is wanted by both.
                baskets = [factories.basket(buyer, (factories.listing(), 1)).public_id for buyer in buyers]
                names = [(buyer.id, buyer.public_id) for buyer in buyers]
                point_id = point.id
            results = race(
                shop,
                *(partial(buy, name, basket) for name, basket in zip(names, baskets, strict=True)),
                behind=f"SELECT FROM pickup_point WHERE id = {point_id} FOR UPDATE",
            )
            refused = [result for result in results if isinstance(result, Conflict)]
            assert [error.code for error in refused] == ["pickup_full"], results
            assert (
                db.session.scalar(
                    select(func.count()).select_from(OrderDelivery).where(OrderDelivery.pickup_point_id == point_id)
                )
                == 1
            )
            db.session.remove()
