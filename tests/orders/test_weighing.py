"""What is weighed when it is packed: the most is charged, what it weighs is paid, the rest goes back, and every step is a row.

The faults of others that became tests here: openfoodnetwork #6109 (a weight changes the price of an order and nothing says
why, nor does the order show the weight), #3661 (what was paid too much is found by nobody), #11356 (the packer's list shows
the weight that was ordered and not the one that was found).
"""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing
from marketplace.dashboard.models import SalesFact
from marketplace.dashboard.service import build_all
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Invalid, NotFound
from marketplace.ledger.models import Entry, LedgerAccount, Transfer
from marketplace.ledger.queries import balance_fen
from marketplace.orders.models import Order, OrderGroup, Weighing
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import cancel_order, refund_order, send_refund_by_hand
from marketplace.orders.service import accept_delivery, confirm_payment, ship_order
from marketplace.orders.settlement import BUYERS, CLEARING, REFUNDS, SERVICE_FEE
from marketplace.orders.shares import producer_account
from marketplace.orders.weighing import weigh_and_give_back
from marketplace.payments.models import PaymentMethod, Refund
from marketplace.payments.queries import get_payment, refunds_by_hand
from tests import factories
from tests.orders.online import balances, hook
from tests.payments.double import Double
from tests.stock import stock_of
from tests.web.conftest import Browser
from tests.web.shop_world import COUNTY, ShopWorld

TO = Destination("王小满", "13800138000", COUNTY, "南街 1 号")


class Farmyard:
    """A registered farm with ten chickens, and a purchase of some of them and of two boxes of apples of the same farm."""

    def __init__(self, world: ShopWorld, chickens: int = 1, method: PaymentMethod = PaymentMethod.BANK_TRANSFER) -> None:
        self.world, self.farm_id = world, world.farm.id
        self.listing_id = factories.chickens(world.farm).id
        with transaction():
            hens = db.session.get_one(Listing, self.listing_id)
            basket = factories.basket(world.buyer, (hens, chickens), (world.apples, 2))
            total_fen = 8960 * chickens + 2500
            group = place_order(world.buyer.id, "buyer", basket.public_id, TO, method, total_fen, now=clock.now())
            self.group_id = group.public_id
            self.order_id = group.orders[0].public_id

    @property
    def order(self) -> Order:
        db.session.expire_all()
        return db.session.scalars(select(Order).filter_by(public_id=self.order_id)).one()

    @property
    def group(self) -> OrderGroup:
        return self.order.group

    @property
    def weighings(self) -> list[Weighing]:
        db.session.expire_all()
        return list(db.session.scalars(select(Weighing).order_by(Weighing.line_id)))

    def pay(self) -> None:
        with transaction():
            confirm_payment(get_payment(payment_of(self.group).public_id, lock=True), actor="operator", now=clock.now())

    def weigh(self, *grams: int, light_is_right: bool = False) -> int:
        """Weigh the lines in their order."""
        weights = {row.public_id: found for row, found in zip(self.weighings, grams, strict=True)}
        return weigh_and_give_back(
            self.order_id, self.farm_id, weights, light_is_right=light_is_right, actor="farmer", now=clock.now()
        )

    def ship(self) -> None:
        with transaction():
            ship_order(self.order_id, self.farm_id, actor="farmer", now=clock.now())

    def receive(self) -> None:
        with transaction():
            accept_delivery(self.order_id, self.world.buyer.id, actor="buyer", now=clock.now())

    def facts(self) -> tuple[Any, ...]:
        """All that weighing may change."""
        order = self.order
        lines = [(line.total_fen, line.benefit_fen) for line in order.lines]
        weights = [(row.grams, row.weighed_at) for row in self.weighings]
        payment = payment_of(order.group)
        refunds = [(row.amount_fen, row.reason) for row in db.session.scalars(select(Refund))]
        amounts = (order.total_fen, order.refunded_fen, order.group.total_fen, payment.amount_fen, payment.refunded_fen)
        return order.state, amounts, lines, weights, refunds, balances()


def test_the_most_is_charged_when_it_is_ordered_and_stock_counts_pieces(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world, chickens=2)
    hens = yard.order.lines[0]
    assert (hens.quantity, hens.price_fen, hens.total_fen, hens.benefit_fen) == (2, 8960, 17_920, 17_920)
    weighing = hens.weighing
    assert weighing is not None
    assert (weighing.unit, weighing.price_fen, weighing.least_grams, weighing.most_grams) == ("jin", 2800, 2500, 3200)
    assert (weighing.most_fen, weighing.grams, weighing.weighed_at) == (17_920, None, None)
    assert (yard.order.lines[1].weighing, yard.group.total_fen) == (None, 20_420)
    assert stock_of(yard.listing_id) == 8


def test_the_rest_goes_back_and_every_step_is_a_row_openfoodnetwork_6109_3661(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    yard.pay()
    # 1,405 g at 28.00 yuan for 500 g are 78.68 yuan; 89.60 were charged.
    assert yard.weigh(1405) == 1092
    order, refund = yard.order, session.scalars(select(Refund)).one()
    assert (refund.amount_fen, refund.reason, refund.purpose_id, refund.state) == (1092, "weighed", order.public_id, "created")
    assert (order.total_fen, order.refunded_fen) == (11_460, 1092)
    assert [(line.total_fen, line.benefit_fen) for line in order.lines] == [(7868, 7868), (2500, 2500)]
    weighing = yard.weighings[0]
    assert (weighing.most_fen, weighing.grams, weighing.weighed_at is not None) == (8960, 1405, True)
    assert balances() == {BUYERS: -11_460, CLEARING: 10_368, REFUNDS: 1092}
    event = session.scalars(select(AuditEvent).filter_by(verb="order.weighed")).one()
    assert (event.actor, event.data) == ("farmer", {"grams": {weighing.public_id: 1405}, "less_fen": 1092})
    rows = session.execute(select(Transfer.kind, Entry.amount_fen).join(Entry).join(LedgerAccount).filter_by(code=CLEARING))
    assert rows.all() == [("payment", 11_460), ("refund", -1092)]


def test_the_farm_and_the_service_get_their_parts_of_what_it_weighed(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    yard.pay()
    yard.weigh(1405)
    yard.ship()
    yard.receive()
    # 114.60 are split into 111.16 and 3.44; of the 10.92 given back the farm bears 10.59, rounded down.
    assert {share.kind: share.amount_fen for share in yard.order.shares} == {"producer": 11_116, "platform": 344}
    assert balance_fen(producer_account(world.farm.public_id)) == 10_057
    assert balances() == {BUYERS: -11_460, REFUNDS: 1092, SERVICE_FEE: 311, "producers": 10_057}


def test_the_facts_of_the_day_are_those_of_the_scales(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world, chickens=2)
    yard.pay()
    yard.weigh(2777)
    with transaction():
        build_all()
    facts = session.execute(select(SalesFact.grams, SalesFact.total_fen, SalesFact.benefit_fen).order_by(SalesFact.grams))
    # 2,777 g are 155.512 yuan.
    assert facts.all() == [(2777, 15_551, 15_551), (3000, 2500, 2500)]


@pytest.mark.parametrize("method", [PaymentMethod.CASH_ON_DELIVERY, PaymentMethod.BANK_TRANSFER])
def test_what_is_not_paid_yet_becomes_less_and_nothing_goes_back(
    session: Session, world: ShopWorld, method: PaymentMethod
) -> None:
    yard = Farmyard(world, method=method)
    assert yard.weigh(1405) == 1092
    order = yard.order
    # What it does not take stands as given back, of which each frozen share bears its part; the buyer owes the rest.
    assert (order.total_fen, order.refunded_fen, order.uncharged_fen) == (11_460, 1092, 1092)
    assert (order.group.total_fen, payment_of(order.group).amount_fen) == (10_368, 10_368)
    assert session.scalars(select(Refund)).all() == []
    yard.pay()
    yard.ship()
    yard.receive()
    assert balances() == {BUYERS: -10_368, SERVICE_FEE: 311, "producers": 10_057}


def test_a_transfer_of_the_most_that_comes_after_the_scales_goes_back_in_part(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    assert yard.weigh(1405) == 1092
    payment = payment_of(yard.group)
    with pytest.raises(Conflict) as refused, transaction():
        confirm_payment(get_payment(payment.public_id, lock=True), received_fen=10_367, actor="operator", now=clock.now())
    assert (refused.value.code, balances()) == ("received_too_little", {})
    for booked in (True, False):
        with transaction():
            locked = get_payment(payment.public_id, lock=True)
            assert confirm_payment(locked, received_fen=11_460, actor="operator", now=clock.now()) is booked
    # All of what came stands in the books: what is due is held, the rest waits to be sent back by hand.
    assert balances() == {BUYERS: -11_460, CLEARING: 10_368, REFUNDS: 1092}
    (refund,) = refunds_by_hand()
    assert (refund.amount_fen, refund.reason, refund.payment.amount_fen, refund.payment.refunded_fen) == (
        *(1092, "surplus", 10_368, 0),
    )
    with transaction():
        send_refund_by_hand(refund, actor="operator", now=clock.now())
    assert balances() == {BUYERS: -10_368, CLEARING: 10_368}


def test_what_weighs_the_most_gives_nothing_back(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    yard.pay()
    assert yard.weigh(1600) == 0
    assert (yard.order.refunded_fen, session.scalars(select(Refund)).all()) == (0, [])
    yard.ship()
    assert yard.order.state == "shipped"


def test_an_order_does_not_leave_before_it_is_weighed(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    yard.pay()
    before = yard.facts()
    with pytest.raises(Conflict) as refused:
        yard.ship()
    assert (refused.value.code, yard.facts()) == ("not_weighed", before)
    yard.weigh(1405)
    yard.ship()
    assert yard.order.state == "shipped"


def test_a_weighing_sent_again_changes_nothing_and_other_figures_are_refused(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    yard.pay()
    yard.weigh(1405)
    before = yard.facts()
    assert yard.weigh(1405) == 0
    for grams in (1404, 1500):
        with pytest.raises(Conflict) as refused:
            yard.weigh(grams)
        assert refused.value.code == "weighed_already"
    yard.ship()
    assert yard.weigh(1405) == 0
    assert yard.facts() == ("shipped", *before[1:])


@pytest.mark.parametrize(
    ("grams", "code"), [(0, "weight_range"), (-1, "weight_range"), (1601, "weight_range"), (1249, "weight_light")]
)
def test_a_weight_that_cannot_be_is_refused_and_nothing_changes(
    session: Session, world: ShopWorld, grams: int, code: str
) -> None:
    yard = Farmyard(world)
    yard.pay()
    before = yard.facts()
    with pytest.raises(DomainError) as refused:
        yard.weigh(grams)
    assert (refused.value.code, yard.facts()) == (code, before)


def test_a_small_animal_is_sold_when_somebody_has_looked_again(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    yard.pay()
    # 1,249 g are 69.944 yuan.
    assert yard.weigh(1249, light_is_right=True) == 8960 - 6994


def test_every_line_of_an_order_is_weighed_at_once(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    yard.pay()
    (row,) = yard.weighings
    before = yard.facts()
    for weights in ({}, {"nothing": 1405}, {row.public_id: 1405, "nothing": 1405}):
        with pytest.raises(Invalid) as refused:
            weigh_and_give_back(yard.order_id, yard.farm_id, weights, actor="farmer", now=clock.now())
        assert (refused.value.code, yard.facts()) == ("weights_incomplete", before)


def test_another_farm_weighs_nothing_and_what_has_no_weight_is_not_weighed(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    (row,) = yard.weighings
    with pytest.raises(NotFound):
        weigh_and_give_back(yard.order_id, world.cooperative.id, {row.public_id: 1405}, actor="x", now=clock.now())
    with pytest.raises(NotFound):
        weigh_and_give_back("nothing", yard.farm_id, {row.public_id: 1405}, actor="x", now=clock.now())
    greens = world.order((world.greens, 2)).orders[0].public_id
    with pytest.raises(Conflict) as refused:
        weigh_and_give_back(greens, world.cooperative.id, {}, actor="x", now=clock.now())
    assert refused.value.code == "nothing_to_weigh"


def test_pieces_of_two_harvests_are_two_lines_that_are_weighed_each(session: Session, world: ShopWorld) -> None:
    hens = factories.chickens(world.farm, stock=2)
    factories.lot(hens, Decimal(3))
    with transaction():
        basket = factories.basket(world.buyer, (hens, 5))
        method = PaymentMethod.BANK_TRANSFER
        group = place_order(world.buyer.id, "buyer", basket.public_id, TO, method, 5 * 8960, now=clock.now())
        confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="operator", now=clock.now())
        order_id = group.orders[0].public_id
    rows = session.scalars(select(Weighing).order_by(Weighing.most_grams)).all()
    assert [(row.most_grams, row.most_fen) for row in rows] == [(3200, 17_920), (4800, 26_880)]
    found = {rows[0].public_id: 2777, rows[1].public_id: 4444}
    # 155.512 and 248.864 yuan.
    less_fen = 17_920 - 15_551 + 26_880 - 24_886
    assert weigh_and_give_back(order_id, world.farm.id, found, actor="farmer", now=clock.now()) == less_fen
    assert balances() == {BUYERS: -44_800, CLEARING: 15_551 + 24_886, REFUNDS: less_fen}


def test_what_was_given_back_before_is_not_given_back_again(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    yard.pay()
    with transaction():
        refund_order(yard.order_id, 11_000, expected_refunded_fen=0, actor="operator", now=clock.now())
    assert yard.weigh(1405) == 460
    assert (yard.order.refunded_fen, payment_of(yard.group).refunded_fen) == (11_460, 11_460)
    assert balances() == {BUYERS: -11_460, REFUNDS: 11_460}
    # Nobody sends what has been paid back wholly, by whomever: it is on sale again.
    assert (yard.order.state, stock_of(yard.listing_id)) == ("cancelled", 10)
    with pytest.raises(Conflict, match="can no longer be changed"):
        yard.ship()


def test_a_cancelled_order_gives_everything_back_weighed_or_not(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    yard.pay()
    yard.weigh(1405)
    with transaction():
        cancel_order(yard.order_id, actor="operator", now=clock.now())
    assert balances() == {BUYERS: -11_460, REFUNDS: 11_460}
    assert [(row.amount_fen, row.reason) for row in session.scalars(select(Refund).order_by(Refund.id))] == [
        (1092, "weighed"),
        (10_368, "cancelled"),
    ]
    assert stock_of(yard.listing_id) == 10
    other = Farmyard(world)
    with transaction():
        payment = get_payment(payment_of(other.group).public_id, lock=True)
        confirm_payment(payment, actor="operator", now=clock.now())
        cancel_order(other.order_id, actor="operator", now=clock.now())
    weighings = {row.public_id: 1405 for row in other.weighings if row.grams is None}
    with pytest.raises(Conflict) as refused:
        weigh_and_give_back(other.order_id, other.farm_id, weighings, actor="farmer", now=clock.now())
    assert refused.value.code == "order_state"


def test_the_database_keeps_weights_within_what_was_paid(session: Session, world: ShopWorld) -> None:
    yard = Farmyard(world)
    for values in ({"grams": 1601, "weighed_at": clock.now()}, {"grams": 1405}, {"weighed_at": clock.now()}):
        row = yard.weighings[0]
        with pytest.raises(IntegrityError, match="ck_order_line_weighing"), session.begin_nested():
            for name, value in values.items():
                setattr(row, name, value)
            session.flush()


def test_online_the_most_is_taken_and_the_rest_sent_back(browser: Browser, world: ShopWorld, double: Double) -> None:
    hens = factories.chickens(world.farm)
    basket = world.basket((hens, 2))
    address = {"recipient": "王小满", "phone": "13800138000", "province": "52", "county": COUNTY, "address": "南街 1 号"}
    form = {"basket": basket.public_id, "expected_total_fen": 17_920, **address, "payment_method": "online"}
    assert browser.post("/checkout", form, sent_from="/checkout").status_code == 303
    order_id = db.session.scalars(select(Order.public_id)).one()
    found = {db.session.scalars(select(Weighing.public_id)).one(): 2777}
    farm_id = world.farm.id
    with pytest.raises(Conflict) as refused:
        weigh_and_give_back(order_id, farm_id, found, actor="farmer", now=clock.now())
    assert refused.value.code == "not_paid_yet"
    double.pay()
    assert {hook(browser, *message).status_code for message in double.new_messages()} == {204}
    assert weigh_and_give_back(order_id, farm_id, found, actor="farmer", now=clock.now()) == 2369
    assert balances() == {BUYERS: -15_551, CLEARING: 15_551}
    assert list(double.bank.taken().values()) == [15_551]
    page = browser.get(f"/orders/{db.session.scalars(select(OrderGroup.public_id)).one()}").text
    assert "Weighed: 5.554 jin. That is ¥23.69 less than the ¥179.20 it could have cost." in page
    assert "¥23.69 has been paid back to you." in page
