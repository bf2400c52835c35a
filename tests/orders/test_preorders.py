"""Buying a harvest that is not in yet: paid in advance, sent when it is in, and less of it where less has grown."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, Lot
from marketplace.catalogue.preorders import confirm_harvest
from marketplace.catalogue.service import add_harvest
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid
from marketplace.ledger.models import Entry
from marketplace.orders.models import Order, OrderGroup, OrderLine
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import cancel_order
from marketplace.orders.service import accept_delivery, confirm_payment, ship_order
from marketplace.orders.settlement import BUYERS, CLEARING, REFUNDS
from marketplace.orders.shortfalls import bring_in_harvest, make_smaller, settle_shortfalls
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment
from tests import factories
from tests.factories import NOW, TODAY
from tests.orders.purchases import balance
from tests.orders.test_races import hold, named
from tests.own_database import own_database, race
from tests.stock import stock_of

TO = Destination("张三", "13800000000", "522636", "龙泉镇")
DAY = TODAY + timedelta(days=5)
HARVESTED_AT = NOW + timedelta(days=5)
TRANSFER = PaymentMethod.BANK_TRANSFER


def coming(cap: int = 10, stock: int = 0) -> tuple[Listing, Lot]:
    """A listing with a harvest to come, in a transaction of its own."""
    with transaction():
        listing = factories.listing(stock=stock)
        household_id = listing.producer.household_id
        assert household_id is not None
        grams = {household_id: cap * listing.unit_grams}
        lot = add_harvest(listing, Decimal(cap), DAY, grams, expected=True, actor="farmer", now=NOW)
    return listing, lot


def buy(*wanted: tuple[Listing, int], paid: bool = True, minutes: int = 0, method: PaymentMethod = TRANSFER) -> OrderGroup:
    """A purchase of a new buyer, ``minutes`` after the first."""
    now = NOW + timedelta(minutes=minutes)
    with transaction():
        buyer = factories.account()
        basket = factories.basket(buyer, *wanted)
        total_fen = sum(listing.price_fen * quantity for listing, quantity in wanted)
        group = place_order(buyer.id, buyer.public_id, basket.public_id, TO, method, total_fen, now=now)
        payment_id = payment_of(group).public_id
    if paid:
        with transaction():
            confirm_payment(get_payment(payment_id, lock=True), actor="operator", now=now)
    return group


def bring_in(lot: Lot, listing: Listing, quantity: int) -> Decimal:
    return bring_in_harvest(lot.public_id, listing.producer_id, Decimal(quantity), DAY, actor="farmer", now=HARVESTED_AT)


def lines_of(group: OrderGroup) -> list[OrderLine]:
    return [line for order in group.orders for line in order.lines]


def test_an_order_says_what_of_it_is_still_to_be_harvested(session: Session) -> None:
    listing, _ = coming(cap=4, stock=3)
    group = buy((listing, 5))
    lines = lines_of(group)
    assert [(line.quantity, line.expected, line.harvested_on) for line in lines] == [(3, False, TODAY), (2, True, DAY)]
    assert sum(line.total_fen for line in lines) == group.total_fen == 6250


def test_a_harvest_to_come_is_not_sold_for_cash_at_the_door(session: Session) -> None:
    listing, _ = coming(cap=4, stock=3)
    assert buy((listing, 3), paid=False, method=PaymentMethod.CASH_ON_DELIVERY).total_fen == 3750
    with pytest.raises(Invalid) as refused:
        buy((listing, 1), paid=False, method=PaymentMethod.CASH_ON_DELIVERY)
    assert refused.value.code == "preorder_prepaid"
    assert db.session.get_one(Listing, listing.id).available == 4 == stock_of(listing.id)


def test_nothing_leaves_before_its_harvest_is_confirmed(session: Session) -> None:
    listing, lot = coming()
    order = buy((listing, 2)).orders[0]
    with pytest.raises(Conflict) as refused, transaction():
        ship_order(order.public_id, listing.producer_id, actor="farmer", now=HARVESTED_AT + timedelta(days=30))
    assert (refused.value.code, refused.value.data["expected_on"], order.state) == ("not_harvested_yet", DAY, "placed")
    assert bring_in(lot, listing, 10) == 0
    with transaction():
        ship_order(order.public_id, listing.producer_id, actor="farmer", now=HARVESTED_AT)
    assert (order.state, [(line.expected, line.harvested_on) for line in order.lines]) == ("shipped", [(False, DAY)])
    assert db.session.get_one(Listing, listing.id).available == 8 == stock_of(listing.id)


def test_what_did_not_grow_is_taken_off_the_latest_orders_and_paid_back(session: Session) -> None:
    listing, lot = coming(cap=10)
    early, late, latest = (buy((listing, quantity), minutes=at) for at, quantity in enumerate((4, 3, 2)))
    # Six of the nine that were ordered have grown: the latest order falls away, and one box of the one before it.
    assert bring_in(lot, listing, 6) == 3
    assert [[line.missing for line in lines_of(group)] for group in (early, late, latest)] == [[0], [1], [0]]
    assert [group.orders[0].state for group in (early, late, latest)] == ["placed", "placed", "cancelled"]
    assert [group.orders[0].refunded_fen for group in (early, late, latest)] == [0, 1250, 2500]
    assert [refund.amount_fen for refund in payment_of(late).refunds] == [1250]
    assert (balance(REFUNDS), session.scalar(select(func.sum(Entry.amount_fen)))) == (3750, 0)
    assert (db.session.get_one(Lot, lot.id).short, db.session.get_one(Listing, listing.id).available) == (0, 0)
    assert stock_of(listing.id) == 0
    assert not any(line.expected for group in (early, late, latest) for line in lines_of(group))
    # A second round finds nothing to do.
    settle_shortfalls(now=HARVESTED_AT)
    assert balance(REFUNDS) == 3750


def test_who_has_not_paid_gives_way_before_who_has_and_loses_only_what_did_not_grow(session: Session) -> None:
    listing, lot = coming(cap=10)
    unpaid, paid = buy((listing, 4), paid=False), buy((listing, 3), minutes=1)
    assert bring_in(lot, listing, 5) == 2
    assert [group.orders[0].state for group in (unpaid, paid)] == ["placed", "placed"]
    assert [(line.missing, line.uncharged) for group in (unpaid, paid) for line in lines_of(group)] == [(2, 2), (0, 0)]
    # Two boxes are still due, and nothing goes back of what nobody has paid.
    order = unpaid.orders[0]
    assert (unpaid.total_fen, payment_of(unpaid).amount_fen, order.refunded_fen, order.uncharged_fen) == (2500,) * 4
    assert (balance(REFUNDS), db.session.get_one(Listing, listing.id).available, stock_of(listing.id)) == (0, 0, 0)
    with transaction():
        confirm_payment(get_payment(payment_of(unpaid).public_id, lock=True), actor="operator", now=HARVESTED_AT)
        ship_order(order.public_id, listing.producer_id, actor="farmer", now=HARVESTED_AT)
        accept_delivery(order.public_id, unpaid.account_id, actor="buyer", now=HARVESTED_AT)
    assert (balance(CLEARING), balance(BUYERS), order.settled_at) == (3750, -6250, HARVESTED_AT)


def test_an_unpaid_purchase_of_which_nothing_grew_is_given_up_and_what_else_was_ordered_stays(session: Session) -> None:
    listing, lot = coming(cap=10)
    other = factories.listing(stock=5, price_fen=700)
    alone, mixed = buy((listing, 4), paid=False), buy((listing, 2), (other, 3), paid=False, minutes=1)
    assert bring_in(lot, listing, 0) == 6
    assert ([order.state for order in alone.orders], payment_of(alone).state) == (["cancelled"], "cancelled")
    # The other seller's part is still wanted, and costs what it did.
    assert sorted((order.total_fen, order.state) for order in mixed.orders) == [(2100, "placed"), (2500, "cancelled")]
    assert (payment_of(mixed).state, payment_of(mixed).amount_fen, mixed.total_fen) == ("awaiting", 2100, 2100)
    assert (balance(REFUNDS), stock_of(listing.id), stock_of(other.id)) == (0, 0, 2)
    with transaction():
        confirm_payment(get_payment(payment_of(mixed).public_id, lock=True), actor="operator", now=HARVESTED_AT)
    assert (balance(BUYERS), balance(CLEARING)) == (-2100, 2100)


def test_a_harvest_that_fails_altogether_gives_everything_back(session: Session) -> None:
    listing, lot = coming(cap=10)
    other = factories.listing(stock=5, price_fen=700)
    alone, mixed = buy((listing, 4)), buy((listing, 2), (other, 3), minutes=1)
    assert bring_in(lot, listing, 0) == 6
    assert [order.state for order in alone.orders] == ["cancelled"]
    # The other seller's part of the purchase goes on.
    assert sorted((order.total_fen, order.state) for order in mixed.orders) == [(2100, "placed"), (2500, "cancelled")]
    assert (balance(REFUNDS), stock_of(listing.id), stock_of(other.id)) == (7500, 0, 2)


def test_of_an_order_with_ripe_goods_only_what_did_not_grow_is_taken(session: Session) -> None:
    listing, lot = coming(cap=4, stock=3)
    group = buy((listing, 5))
    assert bring_in(lot, listing, 0) == 2
    order = group.orders[0]
    assert (order.state, order.refunded_fen, [line.missing for line in order.lines]) == ("placed", 2500, [0, 2])
    with transaction():
        ship_order(order.public_id, listing.producer_id, actor="farmer", now=HARVESTED_AT)
    assert order.state == "shipped"


def test_making_an_order_smaller_locks_all_its_listings_at_once_and_in_order(session: Session) -> None:
    with transaction():
        farm = factories.producer(registered=True)
        apples, pears = factories.listing(farm, stock=5), factories.listing(farm, stock=0)
        assert farm.household_id is not None
        lot = add_harvest(pears, Decimal(4), DAY, {farm.household_id: 20_000}, expected=True, actor="farmer", now=NOW)
    order = buy((apples, 1), (pears, 2)).orders[0]
    with transaction():
        confirm_harvest(lot.public_id, farm.id, Decimal(1), DAY, actor="farmer", now=HARVESTED_AT)
    locked: list[list[int]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM listing" in statement and "FOR NO KEY UPDATE" in statement:
            locked.append(sorted(parameters.values()))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with transaction():
            line = next(line for line in order.lines if line.expected)
            assert make_smaller(order.public_id, line.id, now=HARVESTED_AT) == 1
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    # A later lock of fewer of them waits for nobody.
    assert locked[0] == sorted([apples.id, pears.id])


def test_a_smaller_order_that_is_cancelled_returns_only_what_there_was(session: Session) -> None:
    listing, lot = coming(cap=10)
    group = buy((listing, 4))
    assert bring_in(lot, listing, 3) == 1
    order = group.orders[0]
    with transaction():
        refund = cancel_order(order.public_id, actor="buyer", now=HARVESTED_AT)
    assert refund is not None
    assert (order.refunded_fen, refund.amount_fen) == (5000, 3750)
    assert (db.session.get_one(Listing, listing.id).available, stock_of(listing.id)) == (3, 3)


def test_a_price_that_does_not_divide_is_given_back_to_the_fen(session: Session) -> None:
    with transaction():
        listing = factories.listing(stock=0, price_fen=333)
        assert listing.producer.household_id is not None
        grams = {listing.producer.household_id: 30_000}
        lot = add_harvest(listing, Decimal(10), DAY, grams, expected=True, actor="farmer", now=NOW)
    groups = [buy((listing, 3), minutes=at) for at in range(3)]
    assert bring_in(lot, listing, 4) == 5
    # The latest goes whole; of the one before it two of three, 999 fen times two thirds.
    assert [group.orders[0].refunded_fen for group in groups] == [0, 666, 999]


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    with own_database(database_server, data_dir, "preorders") as app:
        yield app


def _place(account: tuple[int, str], basket: str, total_fen: int) -> str:
    with transaction():
        return place_order(*account, basket, TO, TRANSFER, total_fen, now=NOW).public_id


def _two_baskets(listing: Listing, *quantities: int) -> tuple[list[tuple[int, str]], list[str]]:
    buyers = [factories.account() for _ in quantities]
    baskets = [factories.basket(buyer, (listing, quantity)) for buyer, quantity in zip(buyers, quantities, strict=True)]
    return [named(buyer) for buyer in buyers], [basket.public_id for basket in baskets]


def test_of_two_who_want_the_last_of_a_harvest_to_come_one_gets_it(shop: Flask) -> None:
    for _ in range(10):
        with shop.app_context():
            listing, lot = coming(cap=1)
            with transaction():
                who, baskets = _two_baskets(listing, 1, 1)
            listing_id, lot_id = listing.id, lot.id
        answers = race(
            shop,
            *(partial(_place, one, basket, 1250) for one, basket in zip(who, baskets, strict=True)),
            behind=hold("listing", id=listing_id),
        )
        assert sorted(isinstance(answer, str) for answer in answers) == [False, True]
        assert [answer.code for answer in answers if isinstance(answer, Conflict)] == ["sold_out"]
        with shop.app_context():
            assert (db.session.get_one(Lot, lot_id).on_hand, stock_of(listing_id)) == (0, 0)


def test_an_order_placed_while_the_harvest_is_confirmed_is_of_the_old_or_the_new_and_never_of_neither(shop: Flask) -> None:
    for _ in range(10):
        with shop.app_context():
            listing, lot = coming(cap=5)
            group = buy((listing, 3))
            with transaction():
                who, baskets = _two_baskets(listing, 2)
            names = (lot.public_id, listing.producer_id, Decimal(4), DAY)
            listing_id, order_id = listing.id, group.orders[0].id

        def confirm(names: tuple[str, int, Decimal, object] = names) -> Decimal:
            return bring_in_harvest(*names, actor="farmer", now=HARVESTED_AT)  # type: ignore[arg-type]

        answers = race(shop, confirm, partial(_place, who[0], baskets[0], 2500), behind=hold("listing", id=listing_id))
        with shop.app_context():
            left = db.session.get_one(Listing, listing_id).available
            sold = db.session.scalar(
                select(func.sum(OrderLine.quantity - OrderLine.missing))
                .join(Order)
                .where(OrderLine.listing_id == listing_id, Order.state == "placed")
            )
            # Four have grown: they are sold or in stock, and who paid first has all of theirs.
            assert sold + left == 4
            assert left == stock_of(listing_id)
            assert db.session.scalars(select(OrderLine.missing).filter_by(order_id=order_id)).all() == [0]
            assert not db.session.scalar(select(Lot.short).filter_by(listing_id=listing_id))
        assert all(isinstance(answer, (Decimal, str, Conflict)) for answer in answers), answers


def test_a_buyer_who_cancels_while_orders_are_made_smaller_gets_their_money_once(shop: Flask) -> None:
    for _ in range(10):
        with shop.app_context():
            listing, lot = coming(cap=5)
            first, second = buy((listing, 2)), buy((listing, 3), minutes=1)
            names = (lot.public_id, listing.producer_id, Decimal(3), DAY)
            order_id, orders = second.orders[0].public_id, (first.orders[0].id, second.orders[0].id)
            listing_id = listing.id

        def confirm(names: tuple[str, int, Decimal, object] = names) -> Decimal:
            return bring_in_harvest(*names, actor="farmer", now=HARVESTED_AT)  # type: ignore[arg-type]

        def cancel(order_id: str = order_id) -> str:
            with transaction():
                cancel_order(order_id, actor="buyer", now=HARVESTED_AT)
            return "cancelled"

        answers = race(shop, confirm, cancel, behind=hold("listing", id=listing_id))
        assert (answers[0], answers[1]) in ((2, "cancelled"), (0, "cancelled"))
        with shop.app_context():
            found = [db.session.get_one(Order, one) for one in orders]
            assert [(order.state, order.refunded_fen) for order in found] == [("placed", 0), ("cancelled", 3750)]
            assert db.session.get_one(Listing, listing_id).available == 1 == stock_of(listing_id)
