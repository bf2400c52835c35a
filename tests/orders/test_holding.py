"""A basket's holds: opening the checkout takes them, changes follow, leaving and buying give back; lists know nothing of it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, StockHold
from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.orders.baskets import add_line, change_line, merge_visitors_basket, open_basket
from marketplace.orders.collecting import sweep
from marketplace.orders.holding import leave_checkout, open_checkout
from marketplace.orders.models import Basket, BasketLine, Order, OrderGroup, OrderLine
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import basket_view
from marketplace.payments.models import PaymentMethod
from tests import factories
from tests.factories import NOW
from tests.stock import stock_of

TO = Destination("张三", "13800000000", "522636", "龙泉镇")


class Shop:
    """Five boxes of apples, five of pears, and two buyers."""

    def __init__(self) -> None:
        with transaction():
            self.apples, self.pears = factories.listing(stock=5), factories.listing(stock=5)
            self.anna, self.boris = factories.account(), factories.account()

    def put(self, who: Account, listing: Listing, quantity: int) -> None:
        with transaction():
            add_line(open_basket(who.id, None, now=NOW), listing.public_id, Decimal(quantity), now=NOW)

    def change(self, who: Account, listing: Listing, quantity: int, minutes: int = 0) -> None:
        now = NOW + timedelta(minutes=minutes)
        with transaction():
            basket = open_basket(who.id, None, now=now)
            line = db.session.scalars(select(BasketLine).filter_by(basket_id=basket.id, listing_id=listing.id)).one()
            change_line(basket, line.public_id, Decimal(quantity), now=now)

    def open(self, who: Account, minutes: int = 0) -> None:
        with transaction():
            open_checkout(who.id, now=NOW + timedelta(minutes=minutes))

    def buy(self, who: Account, total_fen: int, minutes: int = 0) -> OrderGroup:
        with transaction():
            basket = db.session.scalars(select(Basket).filter_by(account_id=who.id, ordered=False)).one()
            now = NOW + timedelta(minutes=minutes)
            method = PaymentMethod.CASH_ON_DELIVERY
            return place_order(who.id, who.public_id, basket.public_id, TO, method, total_fen, now=now)

    def kept(self) -> dict[str, Decimal]:
        """What is on hold, by what of whom."""
        names = {self.apples.id: "apples", self.pears.id: "pears"}
        owners = {
            basket.public_id: "anna" if basket.account_id == self.anna.id else "boris"
            for basket in db.session.scalars(select(Basket))
        }
        rows = db.session.scalars(select(StockHold).execution_options(populate_existing=True))
        return {f"{owners[row.purpose_id]}'s {names[row.listing_id]}": row.quantity for row in rows}

    def problems(self, who: Account) -> list[tuple[str | None, Decimal]]:
        return [(line.problem, line.left) for line in basket_view(who.id, None, now=NOW).lines]


@pytest.fixture
def shop(session: Session) -> Shop:
    return Shop()


def test_a_basket_keeps_nothing_until_its_checkout_is_opened(shop: Shop) -> None:
    shop.put(shop.anna, shop.apples, 5)
    assert shop.kept() == {}
    assert basket_view(shop.anna.id, None, now=NOW).held_until is None
    shop.open(shop.anna)
    assert shop.kept() == {"anna's apples": 5}
    assert basket_view(shop.anna.id, None, now=NOW).held_until == NOW + timedelta(minutes=10)


def test_others_see_in_their_basket_what_is_left_for_them(shop: Shop) -> None:
    for who in (shop.anna, shop.boris):
        shop.put(who, shop.apples, 4)
        shop.put(who, shop.pears, 5)
    shop.open(shop.anna)
    assert shop.problems(shop.anna) == [(None, 5), (None, 5)]
    assert shop.problems(shop.boris) == [("too_few", 1), ("held", 0)]
    assert not basket_view(shop.boris.id, None, now=NOW).ready
    # Lists and product pages go on reading what is in stock.
    assert (shop.apples.available, shop.pears.available) == (5, 5)


def test_others_are_told_kindly_when_they_add_what_is_kept(shop: Shop) -> None:
    shop.put(shop.anna, shop.apples, 4)
    shop.open(shop.anna)
    with pytest.raises(Conflict) as refused:
        shop.put(shop.boris, shop.apples, 2)
    assert (refused.value.code, refused.value.data["left"]) == ("held", "1")
    with pytest.raises(Conflict) as refused:
        shop.put(shop.boris, shop.apples, 6)
    assert refused.value.code == "sold_out"
    shop.put(shop.boris, shop.apples, 1)


def test_changing_the_basket_at_the_checkout_moves_the_hold_on(shop: Shop) -> None:
    shop.put(shop.anna, shop.apples, 4)
    shop.open(shop.anna)
    shop.change(shop.anna, shop.apples, 2, minutes=5)
    assert basket_view(shop.anna.id, None, now=NOW).held_until == NOW + timedelta(minutes=15)
    shop.put(shop.anna, shop.pears, 1)
    assert shop.kept() == {"anna's apples": 2, "anna's pears": 1}
    shop.change(shop.anna, shop.apples, 0)
    assert shop.kept() == {"anna's pears": 1}
    shop.change(shop.anna, shop.pears, 0)
    assert shop.kept() == {}


def test_changing_the_basket_after_the_hold_is_over_keeps_nothing(shop: Shop) -> None:
    shop.put(shop.anna, shop.apples, 4)
    shop.open(shop.anna)
    shop.change(shop.anna, shop.apples, 2, minutes=10)
    assert basket_view(shop.anna.id, None, now=NOW + timedelta(minutes=10)).held_until is None


def test_leaving_the_checkout_gives_back_and_leaves_the_basket(shop: Shop) -> None:
    shop.put(shop.anna, shop.apples, 4)
    shop.open(shop.anna)
    with transaction():
        leave_checkout(shop.anna.id)
    assert shop.kept() == {}
    assert shop.problems(shop.anna) == [(None, 5)]


def test_opening_a_checkout_or_leaving_one_without_a_basket_does_nothing(shop: Shop) -> None:
    shop.open(shop.anna)
    with transaction():
        leave_checkout(shop.anna.id)
    assert shop.kept() == {}


def test_placing_gives_back_what_was_kept(shop: Shop) -> None:
    shop.put(shop.anna, shop.apples, 4)
    shop.open(shop.anna)
    shop.buy(shop.anna, 4 * 1250)
    assert shop.kept() == {}
    assert (shop.apples.available, stock_of(shop.apples.id)) == (1, 1)


def test_who_comes_first_to_the_checkout_gets_it_though_another_presses_the_button_first(shop: Shop) -> None:
    shop.put(shop.boris, shop.apples, 3)
    shop.put(shop.anna, shop.apples, 3)
    shop.open(shop.anna)
    with pytest.raises(Conflict) as refused:
        shop.buy(shop.boris, 3 * 1250)
    assert (refused.value.code, refused.value.data["left"]) == ("held", "2")
    shop.buy(shop.anna, 3 * 1250)
    with pytest.raises(Conflict) as refused:
        shop.buy(shop.boris, 3 * 1250)
    assert (refused.value.code, refused.value.data["left"]) == ("sold_out", "2")


def test_a_changed_price_refuses_and_keeps_the_goods_for_another_look(shop: Shop) -> None:
    shop.put(shop.anna, shop.apples, 4)
    shop.open(shop.anna)
    with transaction():
        shop.apples.price_fen = 1300
    with pytest.raises(Conflict) as refused:
        shop.buy(shop.anna, 4 * 1250)
    assert (refused.value.code, refused.value.data["total_fen"]) == ("total_changed", 5200)
    assert shop.kept() == {"anna's apples": 4}
    assert (shop.apples.available, db.session.scalars(select(OrderGroup)).all()) == (5, [])


def test_the_sweeper_deletes_dead_holds(shop: Shop) -> None:
    shop.put(shop.anna, shop.apples, 4)
    shop.open(shop.anna)
    sweep(now=NOW + timedelta(minutes=9))
    assert shop.kept() == {"anna's apples": 4}
    sweep(now=NOW + timedelta(minutes=10))
    assert shop.kept() == {}


def test_what_a_visitor_had_is_kept_with_the_rest_once_the_checkout_is_open(shop: Shop) -> None:
    shop.put(shop.anna, shop.apples, 1)
    shop.open(shop.anna)
    with transaction():
        visitor = open_basket(None, None, now=NOW)
        add_line(visitor, shop.pears.public_id, Decimal(2), now=NOW)
        visitors = visitor.public_id
    assert shop.kept() == {"anna's apples": 1}
    with transaction():
        merge_visitors_basket(visitors, shop.anna.id, now=NOW)
    assert shop.kept() == {"anna's apples": 1, "anna's pears": 2}


def test_the_same_goods_put_in_twice_are_one_line_one_hold_and_taken_once(shop: Shop) -> None:
    with transaction():
        factories.lot(shop.apples, Decimal(2), harvested_on=factories.TODAY - timedelta(days=1))
    shop.put(shop.anna, shop.apples, 3)
    shop.put(shop.anna, shop.apples, 3)
    shop.open(shop.anna)
    assert shop.kept() == {"anna's apples": 6}
    group = shop.buy(shop.anna, 6 * 1250)
    lines = db.session.scalars(select(OrderLine).join(Order).where(Order.group_id == group.id).order_by(OrderLine.id)).all()
    # The older lot first, and the parts are the whole.
    assert [(line.quantity, line.total_fen) for line in lines] == [(2, 2500), (4, 5000)]
    assert shop.apples.available == stock_of(shop.apples.id) == 1


def test_the_database_itself_refuses_a_second_line_of_the_same_goods(shop: Shop) -> None:
    shop.put(shop.anna, shop.apples, 1)
    with pytest.raises(IntegrityError, match="uq_basket_line_basket_id"), transaction():
        basket = open_basket(shop.anna.id, None, now=NOW)
        line = BasketLine(basket_id=basket.id, listing_id=shop.apples.id, quantity=Decimal(1), price_fen_shown=1250)
        db.session.add(line)
