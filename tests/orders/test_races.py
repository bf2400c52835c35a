"""Real connections that want the same thing at the same moment: exactly one gets it, and nobody waits for ever."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.catalogue.models import Listing
from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.checking import check_ledger
from marketplace.ledger.models import Transfer
from marketplace.ledger.queries import balance_fen
from marketplace.orders.baskets import add_line, open_basket
from marketplace.orders.models import Basket, BasketLine, Order, OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import accept_delivery, cancel_unpaid, confirm_payment, ship_order
from marketplace.orders.settlement import BUYERS, CLEARING, SERVICE_FEE
from marketplace.orders.shares import producer_account
from marketplace.payments.models import Payment, PaymentMethod
from marketplace.payments.queries import get_payment
from tests import factories
from tests.own_database import own_database, race
from tests.stock import stock_of

ROUNDS = 50
TO = Destination("张三", "13800000000", "522636", "龙泉镇")


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "races") as app:
        yield app


def place(account: tuple[int, str], basket: str, total_fen: int) -> str:
    """Place a basket in a transaction of its own; answers the purchase."""
    with transaction():
        group = place_order(*account, basket, TO, PaymentMethod.BANK_TRANSFER, total_fen, now=factories.NOW)
        return group.public_id


def named(account: Account) -> tuple[int, str]:
    """What another session needs to know of an account."""
    return account.id, account.public_id


def hold(table: str, **which: object) -> str:
    """The statement that locks one row."""
    ((column, value),) = which.items()
    return f"SELECT FROM {table} WHERE {column} = '{value}' FOR UPDATE"


def count(table: Any, **which: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table).filter_by(**which)) or 0


def test_of_two_buyers_of_the_last_unit_exactly_one_gets_it(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context(), transaction():
            last = factories.listing(stock=1)
            buyers = [factories.account() for _ in range(2)]
            baskets = [factories.basket(buyer, (last, 1)).public_id for buyer in buyers]
            who, listing_id = [named(buyer) for buyer in buyers], last.id
        answers = race(
            shop,
            partial(place, who[0], baskets[0], 1250),
            partial(place, who[1], baskets[1], 1250),
            behind=hold("listing", id=listing_id),
        )
        won = [answer for answer in answers if isinstance(answer, str)]
        lost = [answer for answer in answers if not isinstance(answer, str)]
        assert (len(won), [type(answer) for answer in lost]) == (1, [Conflict])
        assert lost[0].code == "sold_out"
        with shop.app_context():
            assert db.session.get_one(Listing, listing_id).available == 0
            assert stock_of(listing_id) == 0
            groups = db.session.scalars(select(OrderGroup.public_id).where(OrderGroup.account_id.in_([w[0] for w in who])))
            assert groups.all() == won


def test_two_baskets_that_cross_the_same_listings_both_go_through(shop: Flask) -> None:
    for number in range(ROUNDS):
        with shop.app_context(), transaction():
            one, other = factories.listing(stock=10), factories.listing(stock=10)
            buyers = [factories.account() for _ in range(2)]
            baskets = [
                factories.basket(buyers[0], (one, 3), (other, 4)).public_id,
                factories.basket(buyers[1], (other, 5), (one, 6)).public_id,
            ]
            who, listing_ids = [named(buyer) for buyer in buyers], (one.id, other.id)
        answers = race(
            shop,
            partial(place, who[0], baskets[0], 7 * 1250),
            partial(place, who[1], baskets[1], 11 * 1250),
            behind=hold("listing", id=listing_ids[number % 2]),
        )
        assert all(isinstance(answer, str) for answer in answers), answers
        with shop.app_context():
            assert [db.session.get_one(Listing, listing_id).available for listing_id in listing_ids] == [1, 1]
            assert [stock_of(listing_id) for listing_id in listing_ids] == [1, 1]


def test_one_basket_placed_twice_at_once_is_one_purchase(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context(), transaction():
            listing = factories.listing(stock=10)
            buyer = factories.account()
            basket = factories.basket(buyer, (listing, 4)).public_id
            who, listing_id = named(buyer), listing.id
        first, second = race(shop, *[partial(place, who, basket, 5000)] * 2, behind=hold("basket", public_id=basket))
        assert isinstance(first, str)
        assert first == second
        with shop.app_context():
            assert count(OrderGroup, account_id=who[0]) == 1
            assert count(Payment, purpose_id=first) == 1
            assert db.session.get_one(Listing, listing_id).available == 6
            assert stock_of(listing_id) == 6


def placed(shop: Flask) -> tuple[str, str, str, int, tuple[int, str], str]:
    """A purchase of two boxes: (purchase, payment, order, producer id, buyer, producer)."""
    with shop.app_context(), transaction():
        listing = factories.listing(stock=10)
        buyer = factories.account()
        basket = factories.basket(buyer, (listing, 2))
        method = PaymentMethod.CASH_ON_DELIVERY
        group = place_order(*named(buyer), basket.public_id, TO, method, 2500, now=factories.NOW)
        order = group.orders[0]
        seller = order.producer
        return (
            group.public_id,
            payment_of(group).public_id,
            order.public_id,
            seller.id,
            named(buyer),
            seller.public_id,
        )


def confirm(payment: str) -> bool:
    """The operator's click."""
    with transaction():
        return confirm_payment(get_payment(payment, lock=True), actor="operator", now=factories.NOW)


def cancel(payment: str) -> bool:
    """The other click."""
    with transaction():
        return cancel_unpaid(get_payment(payment, lock=True), actor="operator", now=factories.NOW)


def receive(order: str, buyer: tuple[int, str]) -> bool:
    """The buyer's click."""
    with transaction():
        accept_delivery(order, buyer[0], actor=buyer[1], now=factories.NOW)
    return True


def put(buyer_id: int, listing: str) -> bool:
    """Two of a listing into the basket."""
    with transaction():
        add_line(open_basket(buyer_id, None, now=factories.NOW), listing, Decimal(2), now=factories.NOW)
    return True


def test_two_confirmations_of_one_payment_book_it_once(shop: Flask) -> None:
    for _ in range(ROUNDS):
        group, payment, *_ = placed(shop)
        assert sorted(race(shop, *[partial(confirm, payment)] * 2, behind=hold("payment", public_id=payment))) == [False, True]
        with shop.app_context():
            assert count(Transfer, kind="payment", purpose_id=group) == 1
            assert db.session.scalars(select(Payment.state).filter_by(public_id=payment)).one() == "paid"


def test_confirming_and_cancelling_at_once_ends_in_one_of_the_two(shop: Flask) -> None:
    for _ in range(ROUNDS):
        group, payment, order, *_ = placed(shop)
        answers = race(shop, partial(confirm, payment), partial(cancel, payment), behind=hold("payment", public_id=payment))
        assert [answer for answer in answers if answer is True] == [True]
        assert [type(answer) for answer in answers if answer is not True] == [Conflict]
        with shop.app_context():
            paid = answers[0] is True
            state = db.session.scalars(select(Order.state).filter_by(public_id=order)).one()
            assert (count(Transfer, kind="payment", purpose_id=group), state) == ((1, "placed") if paid else (0, "cancelled"))


def test_paying_and_receiving_at_once_settles_once_to_the_fen(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            before = {code: balance_fen(code) for code in (BUYERS, CLEARING, SERVICE_FEE)}
        group, payment, order, producer_id, buyer, producer = placed(shop)
        with shop.app_context(), transaction():
            ship_order(order, producer_id, actor="farmer", now=factories.NOW)
        answers = race(
            shop, partial(confirm, payment), *[partial(receive, order, buyer)] * 2, behind=hold("order_group", public_id=group)
        )
        assert answers == [True, True, True]
        with shop.app_context():
            assert count(Transfer, kind="settlement", purpose_id=order) == 1
            moved = {code: balance_fen(code) - before[code] for code in before}
            assert moved == {BUYERS: -2500, CLEARING: 0, SERVICE_FEE: 75}
            assert balance_fen(producer_account(producer)) == 2425
            assert check_ledger().fault is None


def test_two_tabs_that_open_a_basket_at_once_share_it(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context(), transaction():
            buyer_id = factories.account().id
            listing = factories.listing(stock=10).public_id
        assert race(shop, *[partial(put, buyer_id, listing)] * 2, behind=hold("account", id=buyer_id)) == [True, True]
        with shop.app_context():
            basket = db.session.scalars(select(Basket).filter_by(account_id=buyer_id)).one()
            assert db.session.scalars(select(BasketLine.quantity).filter_by(basket_id=basket.id)).all() == [4]
