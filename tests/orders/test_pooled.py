"""A harvest of several households earns money, and each has its part of it to the fen."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy.orm import Session

from marketplace.catalogue.lot_tree import pool_lots
from marketplace.catalogue.models import ProducerKind, Unit
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.queries import balance_fen
from marketplace.orders.models import Order
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.pooled import brought_by, divide, earned_by, foresee, pooled_lots_of
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import refund_order
from marketplace.orders.service import accept_delivery, confirm_payment, ship_order
from marketplace.orders.shares import parts_of_refund, producer_account, shares_of
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment
from tests import factories
from tests.factories import NOW
from tests.factories import delivery as terms

TO = Destination("张三", "13800000000", "522636", "龙泉镇")


class Cooperative:
    """Three households brought 30, 20 and 10.007 kg of potatoes at 4.00 yuan; the last also sells by itself."""

    def __init__(self) -> None:
        with transaction():
            self.account = factories.account((RoleKind.FARMER, ""), name="合作社")
            self.producer = factories.producer(kind=ProducerKind.COOPERATIVE, owner=self.account)
            self.member_account = factories.account((RoleKind.FARMER, ""), name="社员")
            self.member = factories.producer(owner=self.member_account)
            own = self.member.household_id
            assert own is not None
            self.grams = {factories.household().id: 30_000, factories.household().id: 20_000, own: 10_007}
            kind = factories.product("potato", "土豆", "Potato")
            self.listing = factories.listing(self.producer, kind, price_fen=400, stock=0, unit=Unit.KG, unit_grams=1000)
            self.lot = factories.lot(self.listing, Decimal(60), contributions=self.grams)


@pytest.fixture
def cooperative(session: Session) -> Cooperative:
    return Cooperative()


@given(some.integers(0, 10**9), some.dictionaries(some.integers(1, 99), some.integers(1, 10**7), min_size=1, max_size=20))
def test_the_parts_sum_to_the_whole_and_none_is_a_fen_away_from_its_share(fen: int, grams: dict[int, int]) -> None:
    portions = divide(fen, grams)
    whole_g = sum(grams.values())
    assert sum(one.fen for one in portions) == fen
    assert all(abs(one.fen * whole_g - fen * grams[one.household_id]) < whole_g for one in portions)


def test_before_it_is_written_down_one_sees_how_a_harvest_would_be_divided(cooperative: Cooperative) -> None:
    found = foresee(cooperative.listing, Decimal(60), cooperative.grams, now=NOW)
    assert (found.goods_fen, found.farm_fen) == (24_000, 23_280)
    # Of 240 yuan 3 % are the service's. 23,280 x 30,000 / 60,007 = 11,638.64, x 20,000 = 7,759.09, x 10,007 = 3,882.27.
    assert {one.grams: one.fen for one in found.portions} == {30_000: 11_639, 20_000: 7_759, 10_007: 3_882}


def bought(cooperative: Cooperative, kg: int) -> Order:
    """So many kilograms, ordered, paid by transfer, sent, and not yet accepted."""
    with transaction():
        buyer = factories.account(name="买家")
        basket = factories.basket(buyer, (cooperative.listing, kg)).public_id
    with pytest.raises(Conflict) as total, transaction():
        place_order(buyer.id, buyer.public_id, basket, TO, PaymentMethod.BANK_TRANSFER, 1, now=NOW)
    with transaction():
        total_fen = total.value.data["total_fen"]
        group = place_order(buyer.id, buyer.public_id, basket, TO, PaymentMethod.BANK_TRANSFER, total_fen, now=NOW)
    with transaction():
        confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="operator", now=NOW)
    with transaction():
        return ship_order(group.orders[0].public_id, cooperative.producer.id, actor="farm", now=NOW)


def accepted(order: Order) -> Order:
    with transaction():
        return accept_delivery(order.public_id, order.group.account_id, actor="buyer", now=NOW)


def test_a_lot_earns_when_its_buyer_has_paid_and_accepted_and_each_has_their_part(cooperative: Cooperative) -> None:
    order = bought(cooperative, 7)
    assert earned_by([cooperative.lot.id]) == {cooperative.lot.id: 0}
    order = accepted(order)
    farm_fen = order.producer_fen
    assert balance_fen(producer_account(cooperative.producer.public_id)) == farm_fen
    found = pooled_lots_of(cooperative.producer.id)
    assert [(row.lot.id, row.grams, row.earned_fen) for row in found] == [(cooperative.lot.id, 60_007, farm_fen)]
    assert found[0].portions == divide(farm_fen, cooperative.grams)
    accepted(bought(cooperative, 11))
    whole_fen = balance_fen(producer_account(cooperative.producer.public_id))
    assert earned_by([cooperative.lot.id]) == {cooperative.lot.id: whole_fen}


def test_what_a_buyer_gets_back_is_taken_off_what_the_lot_has_earned(cooperative: Cooperative) -> None:
    order = accepted(bought(cooperative, 10))
    with transaction():
        refund_order(order.public_id, 333, expected_refunded_fen=0, actor="operator", now=NOW)
    db.session.expire_all()
    left_fen = order.producer_fen - parts_of_refund(shares_of(order), 333)[0]
    assert earned_by([cooperative.lot.id]) == {cooperative.lot.id: left_fen}
    (found,) = pooled_lots_of(cooperative.producer.id)
    assert sum(one.fen for one in found.portions) == left_fen


def test_a_household_reads_its_own_part_and_none_of_what_it_sells_by_itself(cooperative: Cooperative) -> None:
    order = accepted(bought(cooperative, 7))
    own = cooperative.member.household_id
    assert own is not None
    with transaction():
        factories.listing(cooperative.member, stock=5)
    (found,) = brought_by(own)
    part = next(one for one in divide(order.producer_fen, cooperative.grams) if one.household_id == own)
    assert (found.seller, found.grams, found.fen) == (cooperative.producer, 10_007, part.fen)
    assert brought_by(factories.household().id) == []
    assert pooled_lots_of(cooperative.member.id) == []


def test_what_was_made_into_another_lot_is_counted_there_alone(cooperative: Cooperative) -> None:
    own = cooperative.member.household_id
    assert own is not None
    with transaction():
        # 30 of 60 kg are sorted, and 0.6 kg of them are lost.
        sorted_lot = pool_lots(cooperative.listing, {cooperative.lot.public_id: Decimal(30)}, 600, actor="farm", now=NOW)
    found = {row.lot.id: row for row in pooled_lots_of(cooperative.producer.id)}
    # 10.007 of 60.007 kg are 5.003 kg of the 30 kg, and 4.903 kg of the 29.4 kg that were left.
    assert {lot_id: row.grams for lot_id, row in found.items()} == {cooperative.lot.id: 30_007, sorted_lot.id: 29_400}
    assert sorted(row.grams for row in brought_by(own)) == [4_903, 5_004]
    with transaction():
        pool_lots(cooperative.listing, {cooperative.lot.public_id: Decimal(30)}, 0, actor="farm", now=NOW)
    # Nothing of the harvest itself is left, so nobody waits for its money.
    assert cooperative.lot.id not in {row.lot.id for row in pooled_lots_of(cooperative.producer.id)}
    assert sorted(row.grams for row in brought_by(own)) == [4_903, 5_003]


def test_what_a_farm_keeps_of_goods_that_were_all_given_back_is_divided_too(cooperative: Cooperative) -> None:
    with transaction():
        terms.method()
    order = accepted(bought(cooperative, 10))
    # The freight was not given back, and what was given back is borne by all who had a part.
    assert order.delivery_fen > 0
    with transaction():
        (line,) = order.lines
        order.refunded_fen = order.goods_fen
        line.refunded_fen = line.total_fen
    db.session.expire_all()
    shares = shares_of(order)
    borne = parts_of_refund(shares, order.refunded_fen)
    payee = producer_account(cooperative.producer.public_id)
    left_fen = sum(part.amount_fen - gone for part, gone in zip(shares, borne, strict=True) if part.payee == payee)
    assert left_fen > 0
    assert earned_by([cooperative.lot.id]) == {cooperative.lot.id: left_fen}
    assert sum(one.fen for one in pooled_lots_of(cooperative.producer.id)[0].portions) == left_fen


def test_orders_of_one_lot_and_of_several_sum_to_what_the_farm_has(cooperative: Cooperative) -> None:
    with transaction():
        second = factories.lot(cooperative.listing, Decimal(30), contributions=dict(list(cooperative.grams.items())[:2]))
    orders = [accepted(bought(cooperative, kg)) for kg in (50, 20, 5)]
    assert [len(order.lines) for order in orders] == [1, 2, 1]
    earned = earned_by([cooperative.lot.id, second.id])
    assert sum(earned.values()) == balance_fen(producer_account(cooperative.producer.public_id))
    first_fen, second_fen = (earned[lot_id] for lot_id in (cooperative.lot.id, second.id))
    assert first_fen > orders[0].producer_fen
    assert second_fen > orders[2].producer_fen
    assert earned_by([second.id]) == {second.id: second_fen}
