"""Whatever happens to an order, its invoice and credit notes sum to what its buyer has paid less what went back."""

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Lot
from marketplace.catalogue.service import add_harvest
from marketplace.identity.models import RoleKind
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError
from marketplace.orders import claims
from marketplace.orders.claim_moves import left_of_line
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.claims import Complaint, accept_claim, file_claim
from marketplace.orders.invoicing import InvoiceTo, invoices_of, issue_invoice
from marketplace.orders.models import Claim, Invoice, Order, OrderGroup, OrderLine, Shipment, Weighing
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.preorders import uncharged_fen
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import cancel_order, refund_order
from marketplace.orders.service import accept_delivery, confirm_payment, lock_order, ship_order
from marketplace.orders.settlement import CLEARING, REFUNDS
from marketplace.orders.shipment_states import ShipmentAction
from marketplace.orders.shipments import News, note_news, resolve_shipment, send_order
from marketplace.orders.shortfalls import bring_in_harvest
from marketplace.orders.weighing import weigh_and_give_back
from marketplace.payments.models import Payment, PaymentMethod, Refund, RefundReason
from marketplace.payments.queries import get_payment
from tests import factories
from tests.factories import NOW, TODAY
from tests.factories import delivery as terms
from tests.orders.purchases import balance

TO = Destination("张三", "13800000000", "522636", "龙泉镇")
# Late enough for everything: the harvest is in, and what has not come is missing.
LATE = NOW + timedelta(days=25)
DAY = TODAY + timedelta(days=5)
CASH, TRANSFER = PaymentMethod.CASH_ON_DELIVERY, PaymentMethod.BANK_TRANSFER
APPLES_FEN, HEN_FEN = 2500, 8960


class Purchase:
    """Two boxes of apples and three hens of one farm, brought for a freight; paid in advance the hens are a harvest to come."""

    def __init__(self, method: PaymentMethod) -> None:
        with transaction():
            farmer = factories.account((RoleKind.FARMER, factories.VILLAGE))
            farm = factories.producer(registered=True, owner=farmer)
            apples = factories.listing(farm, price_fen=APPLES_FEN)
            hens = factories.chickens(farm, stock=0 if method == TRANSFER else 3)
            self.lot: Lot | None = None
            if method == TRANSFER:
                assert farm.household_id is not None
                grams = {farm.household_id: 3 * hens.unit_grams}
                self.lot = add_harvest(hens, Decimal(3), DAY, grams, expected=True, actor="farmer", now=NOW)
            terms.method()
            buyer = factories.account()
            basket = factories.basket(buyer, (apples, 2), (hens, 3)).public_id
        self.farm_id, self.buyer_id = farm.id, buyer.id
        self.buyer = claims.buyer(buyer.id, buyer.public_id)
        self.seller = claims.seller(farmer.id, farmer.public_id, farm.id)

        def ordered(total_fen: int) -> str:
            with transaction():
                group = place_order(buyer.id, buyer.public_id, basket, TO, method, total_fen, now=NOW)
                return group.orders[0].public_id

        with pytest.raises(Conflict) as total:
            ordered(1)
        self.total_fen = total.value.data["total_fen"]
        self.order_id = ordered(self.total_fen)

    @property
    def order(self) -> Order:
        db.session.expire_all()
        return db.session.scalars(select(Order).filter_by(public_id=self.order_id)).one()

    @property
    def hens(self) -> OrderLine:
        return next(line for line in self.order.lines if line.weighing is not None)

    @property
    def payment(self) -> Payment:
        return payment_of(self.order.group)

    def pay(self) -> None:
        with transaction():
            confirm_payment(get_payment(self.payment.public_id, lock=True), actor="operator", now=NOW)

    def invoice(self) -> Invoice:
        with transaction():
            order, group = lock_order(self.order_id)
            return issue_invoice(order, group, InvoiceTo("丹寨县第一小学食堂"), actor="buyer", now=LATE)

    def harvest(self, hens: int) -> None:
        if self.lot is not None:
            bring_in_harvest(self.lot.public_id, self.farm_id, Decimal(hens), DAY, actor="farmer", now=NOW + timedelta(days=5))

    def weigh(self, grams: int) -> int:
        weights = {self.hens.weighing.public_id: grams} if self.hens.weighing else {}
        return weigh_and_give_back(
            self.order_id, self.farm_id, weights, light_is_right=True, actor="farmer", now=NOW + timedelta(days=6)
        )

    def refund(self, amount_fen: int) -> None:
        with transaction():
            seen_fen = self.order.refunded_fen
            refund_order(self.order_id, amount_fen, expected_refunded_fen=seen_fen, actor="operator", now=LATE)

    def claim(self, line: int, share_bp: int) -> Claim:
        """What has not come is claimed, and the farm agrees."""
        with transaction():
            complaint = Complaint(ClaimKind.NOT_ARRIVED, share_bp=share_bp)
            claim = file_claim(self.order_id, line, complaint, self.buyer, now=LATE).public_id
        with transaction():
            return accept_claim(claim, self.seller, now=LATE)

    def ship(self) -> None:
        with transaction():
            ship_order(self.order_id, self.farm_id, actor="farmer", now=NOW + timedelta(days=7))

    def go_astray(self, action: ShipmentAction) -> None:
        """It leaves with the farm's own van, is lost or comes back, and the operator makes it good."""
        with transaction():
            send_order(self.order_id, self.farm_id, actor="farmer", now=LATE)
            shipment = db.session.scalars(select(Shipment).filter_by(group_id=self.order.group_id)).one()
            note_news(shipment.public_id, News(action, LATE, "carrier"), actor="van", now=LATE)
            resolve_shipment(shipment.public_id, actor="operator", now=LATE)

    def accept(self) -> None:
        with transaction():
            accept_delivery(self.order_id, self.buyer_id, actor="buyer", now=LATE)

    def cancel(self) -> None:
        with transaction():
            cancel_order(self.order_id, actor="operator", now=LATE)

    def kept_fen(self) -> int:
        """What the buyer has paid less what went back."""
        payment = self.payment
        return payment.amount_fen - payment.refunded_fen if payment.state == "paid" else 0

    def invoiced_fen(self) -> int:
        return sum(row.total_fen for row in invoices_of([self.order.id]))

    def check(self) -> None:
        """All who speak of the order's money say the same."""
        order, kept_fen = self.order, self.kept_fen()
        if order.group.paid_at is not None:
            assert order.total_fen - order.refunded_fen == kept_fen
        if invoices_of([order.id]):
            assert self.invoiced_fen() == kept_fen
        query = select(func.coalesce(func.sum(Refund.amount_fen), 0)).where(Refund.purpose_id == self.order_id)
        back_fen, weighed_fen = (
            int(db.session.scalar(query.where(own)) or 0)
            for own in (Refund.reason != RefundReason.WEIGHED, Refund.reason == RefundReason.WEIGHED)
        )
        due_fen = sum(line.total_fen - uncharged_fen(line) for line in order.lines) + order.delivery_fen
        assert due_fen - back_fen == (kept_fen if order.group.paid_at is not None else self.payment.amount_fen)
        assert balance(REFUNDS) == back_fen + weighed_fen
        assert balance(CLEARING) == (0 if order.settled_at is not None else kept_fen)
        assert all(0 <= left_of_line(line, order) <= order.total_fen - order.refunded_fen for line in order.lines)


def act(purchase: Purchase, chance: random.Random) -> None:
    """Something happens, or is refused."""
    left_fen = purchase.order.total_fen - purchase.order.refunded_fen
    weighing = purchase.hens.weighing
    assert weighing is not None
    acts: list[Callable[[], object]] = [
        purchase.invoice,
        purchase.pay,
        lambda: purchase.harvest(chance.choice((0, 1, 2, 2, 3))),
        lambda: purchase.weigh(chance.randint(1, weighing.most_grams)),
        lambda: purchase.refund(max(1, left_fen // chance.choice((1, 2, 3, 10)))),
        lambda: purchase.claim(chance.choice((1, 2)), chance.choice((1, 3333, 10_000))),
        purchase.ship,
        purchase.accept,
        purchase.cancel,
        lambda: purchase.go_astray(chance.choice((ShipmentAction.LOSE, ShipmentAction.RETURN))),
    ]
    try:
        chance.choices(acts, (2, 3, 3, 4, 2, 3, 1, 1, 0.3, 0.7))[0]()
    except DomainError:
        db.session.rollback()


@pytest.mark.parametrize("method", [TRANSFER, CASH])
@pytest.mark.parametrize("seed", range(8))
def test_the_invoices_of_an_order_sum_to_what_was_kept_of_it(session: Session, seed: int, method: PaymentMethod) -> None:
    chance, purchase = random.Random(seed), Purchase(method)
    if chance.random() < 0.7:
        purchase.pay()
    for _ in range(14):
        act(purchase, chance)
        purchase.check()
    given_up = purchase.payment.state == "cancelled"
    if not given_up and purchase.payment.state != "paid":
        purchase.pay()
    try:
        purchase.invoice()
    except Conflict as refused:
        why = "not_paid" if given_up else "nothing_to_invoice"
        assert (refused.code, purchase.kept_fen(), purchase.invoiced_fen()) == (why, 0, 0)
    assert purchase.order.state == "cancelled" or not given_up
    purchase.check()


def test_the_scales_after_an_invoice_give_a_credit_note(session: Session) -> None:
    purchase = Purchase(TRANSFER)
    purchase.pay()
    purchase.harvest(3)
    invoice = purchase.invoice()
    # 4,500 g at 28.00 yuan for 500 g are 252.00 of 268.80 yuan.
    assert purchase.weigh(4500) == 1680
    notes = [(row.credits_id, row.total_fen) for row in invoices_of([purchase.order.id])]
    assert notes == [(None, purchase.total_fen), (invoice.id, -1680)]
    purchase.check()


def test_an_order_weighed_before_it_is_paid_for_at_the_door_is_invoiced_as_it_was_paid(session: Session) -> None:
    purchase = Purchase(CASH)
    assert purchase.weigh(4500) == 1680
    purchase.pay()
    assert (purchase.invoice().total_fen, purchase.kept_fen()) == (purchase.total_fen - 1680, purchase.total_fen - 1680)
    assert session.scalars(select(Refund)).all() == []
    assert purchase.order.uncharged_fen == purchase.order.refunded_fen == 1680


def test_what_did_not_grow_is_neither_weighed_nor_given_back_twice(session: Session) -> None:
    purchase = Purchase(TRANSFER)
    purchase.pay()
    with pytest.raises(Conflict) as refused:
        purchase.weigh(4500)
    assert refused.value.code == "not_harvested_yet"
    purchase.harvest(1)
    # Two hens of three did not grow; the third weighs between 1,250 and 1,600 g.
    weighing = session.scalars(select(Weighing).execution_options(populate_existing=True)).one()
    assert (purchase.order.refunded_fen, weighing.least_grams, weighing.most_grams) == (2 * HEN_FEN, 1250, 1600)
    # 1,405 g are 78.68 yuan.
    assert purchase.weigh(1405) == HEN_FEN - 7868
    assert (purchase.hens.total_fen, left_of_line(purchase.hens, purchase.order)) == (2 * HEN_FEN + 7868, 7868)
    purchase.check()


def test_a_claim_is_on_what_grew(session: Session) -> None:
    purchase = Purchase(TRANSFER)
    purchase.pay()
    purchase.harvest(1)
    hens = purchase.order.lines.index(purchase.hens) + 1
    claim = purchase.claim(hens, 10_000)
    assert (claim.settled_fen, purchase.order.refunded_fen) == (HEN_FEN, 3 * HEN_FEN)
    # They are not sent any more, so there is nothing to weigh.
    with pytest.raises(Conflict) as refused:
        purchase.weigh(1405)
    assert (refused.value.code, purchase.hens.missing) == ("nothing_to_weigh", 3)
    purchase.check()


def test_what_did_not_grow_before_it_was_paid_for_is_not_invoiced(session: Session) -> None:
    purchase = Purchase(TRANSFER)
    purchase.harvest(1)
    assert purchase.payment.amount_fen == purchase.total_fen - 2 * HEN_FEN
    purchase.pay()
    lines = purchase.invoice().snapshot["lines"]
    assert [(line["quantity"], line["total_fen"]) for line in lines] == [("2", 2 * APPLES_FEN), ("1", HEN_FEN)]
    assert session.scalars(select(Refund)).all() == []
    purchase.check()


def test_of_a_harvest_to_come_nothing_is_missing_before_its_day(session: Session) -> None:
    purchase = Purchase(TRANSFER)
    purchase.pay()
    complaint = Complaint(ClaimKind.NOT_ARRIVED, share_bp=10_000)
    due = NOW + timedelta(days=14)
    with pytest.raises(Conflict) as refused, transaction():
        file_claim(purchase.order_id, 1, complaint, purchase.buyer, now=due)
    assert (refused.value.code, local_day(due) < DAY + timedelta(days=14)) == ("not_late_yet", True)


def test_an_order_of_which_nothing_grew_gives_its_freight_back_too(session: Session) -> None:
    with transaction():
        listing = factories.listing(stock=0)
        assert listing.producer.household_id is not None
        grams = {listing.producer.household_id: 2 * listing.unit_grams}
        lot = add_harvest(listing, Decimal(2), DAY, grams, expected=True, actor="farmer", now=NOW)
        terms.method()
        buyer = factories.account()
        basket = factories.basket(buyer, (listing, 2)).public_id
    with pytest.raises(Conflict) as total, transaction():
        place_order(buyer.id, buyer.public_id, basket, TO, TRANSFER, 1, now=NOW)
    with transaction():
        total_fen = total.value.data["total_fen"]
        group = place_order(buyer.id, buyer.public_id, basket, TO, TRANSFER, total_fen, now=NOW)
        confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="operator", now=NOW)
    bring_in_harvest(lot.public_id, listing.producer_id, Decimal(0), DAY, actor="farmer", now=NOW + timedelta(days=5))
    group = session.scalars(select(OrderGroup).execution_options(populate_existing=True)).one()
    (order,) = group.orders
    assert order.delivery_fen > 0
    assert (order.state, order.refunded_fen, balance(REFUNDS)) == ("cancelled", total_fen, total_fen)
