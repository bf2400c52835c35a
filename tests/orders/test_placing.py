"""What a purchase keeps for ever, and what placing one costs."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import ListingState, Unit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.ledger.queries import balance_fen
from marketplace.orders import settlement
from marketplace.orders.models import Order, OrderGroup, OrderLine, ShareKind
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import get_group, payment_of
from marketplace.orders.service import accept_delivery, confirm_payment, ship_order
from marketplace.orders.shares import producer_account, set_term
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment
from tests import factories
from tests.factories import NOW

TO = Destination("张三", "13800000000", "522636", "龙泉镇")


def place(*lines: tuple[object, Decimal | int], total_fen: int) -> OrderGroup:
    with transaction():
        buyer = factories.account()
        basket = factories.basket(buyer, *lines)
        method = PaymentMethod.BANK_TRANSFER
        return place_order(buyer.id, buyer.public_id, basket.public_id, TO, method, total_fen, now=NOW)


def test_a_purchase_stays_readable_as_it_was_when_listing_price_and_seller_have_moved_on(session: Session) -> None:
    with transaction():
        apples = factories.listing(factories.producer(registered=True), stock=5)
        producer = apples.producer
        before = (apples.title_zh, apples.title_en, producer.name_zh, producer.name_en)
    group = place((apples, 2), total_fen=2500)
    with transaction():
        apples.title_zh, apples.title_en, apples.price_fen, apples.unit_grams = "别的", "Something else", 9999, 1
        apples.state = ListingState.WITHDRAWN
        producer.name_zh, producer.name_en = "别家", "Another farm"
    db.session.expire_all()
    (line,) = get_group(group.public_id, group.account_id).orders[0].lines
    assert (line.title_zh, line.title_en, line.producer_zh, line.producer_en) == before
    assert (line.unit, line.unit_grams, line.quantity, line.price_fen, line.total_fen) == ("box", 1500, 2, 1250, 2500)
    assert (line.harvested_on, line.area_code) == (factories.TODAY, factories.VILLAGE)
    assert (line.benefit_bp, line.benefit_fen, line.registry_revision > 0) == (10_000, 2500, True)


def test_fees_are_those_of_the_day_of_the_purchase(session: Session) -> None:
    with transaction():
        apples = factories.listing(stock=5)
    group = place((apples, 2), total_fen=2500)
    with transaction():
        set_term(ShareKind.PLATFORM, "", 5000, settlement.SERVICE_FEE, local_day(NOW), "half of it", actor="test", now=NOW)
    order = group.orders[0]
    with transaction():
        confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="operator", now=NOW)
    with transaction():
        ship_order(order.public_id, order.producer_id, actor="farmer", now=NOW)
    with transaction():
        accept_delivery(order.public_id, group.account_id, actor="buyer", now=NOW)
    assert balance_fen(producer_account(apples.producer.public_id)) == 2425
    assert balance_fen(settlement.SERVICE_FEE) == 75


def test_the_parts_of_a_purchase_are_its_whole_to_the_fen(session: Session) -> None:
    with transaction():
        pooled = factories.listing(price_fen=333, stock=0, unit=Unit.JIN, unit_grams=500)
        for day in range(3):
            factories.lot(pooled, Decimal("0.7"), harvested_on=factories.TODAY - timedelta(days=day))
        other = factories.listing(price_fen=101, stock=7)
    # 1.9 jin at 3.33 is 6.327, rounded once; three lots share it, and two sellers the whole.
    group = place((other, 3), (pooled, Decimal("1.9")), total_fen=633 + 303)
    orders = db.session.scalars(select(Order).where(Order.group_id == group.id).order_by(Order.id)).all()
    lines = db.session.scalars(select(OrderLine).where(OrderLine.listing_id == pooled.id).order_by(OrderLine.id)).all()
    assert [(line.quantity, line.total_fen) for line in lines] == [
        (Decimal("0.7"), 233),
        (Decimal("0.7"), 233),
        (Decimal("0.5"), 167),
    ]
    assert sorted(order.total_fen for order in orders) == [303, 633]
    assert all(sum(share.amount_fen for share in order.shares) == order.total_fen for order in orders)
    assert all(order.producer_fen == max(share.amount_fen for share in order.shares) for order in orders)
    assert (group.total_fen, payment_of(group).amount_fen) == (936, 936)
