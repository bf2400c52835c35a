"""Where two rules meet in one order: a harvest that is short, the scales, freight, a claim, an invoice, a lost parcel."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, Lot
from marketplace.catalogue.service import add_harvest
from marketplace.dashboard.models import SalesFact
from marketplace.dashboard.service import build_all
from marketplace.kernel.clock import day_start
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.models import Entry
from marketplace.orders import claims
from marketplace.orders.acceptance import AFTER_SHIPPING, accept_by_time, may_accept_by_time
from marketplace.orders.claim_moves import left_of_line
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.claims import Complaint, claimed_quantity, file_claim
from marketplace.orders.invoicing import InvoiceTo, invoices_of, issue_invoice
from marketplace.orders.models import Order, OrderGroup, Weighing
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import refund_order
from marketplace.orders.service import confirm_payment, lock_order, ship_order
from marketplace.orders.shipment_queries import shipments_of
from marketplace.orders.shipment_states import ShipmentAction
from marketplace.orders.shipments import News, note_news, send_order
from marketplace.orders.shortfalls import bring_in_harvest
from marketplace.orders.weighing import weigh_and_give_back
from marketplace.payments.models import PaymentMethod, Refund
from marketplace.payments.queries import get_payment
from tests import factories
from tests.factories import NOW, TODAY, delivery

TO = Destination("张三", "13800000000", "522636", "龙泉镇")
DAY = TODAY + timedelta(days=5)
HARVESTED_AT = NOW + timedelta(days=5)


def ordered(*wanted: tuple[Listing, int], freight_fen: int = 0) -> str:
    """The public id of the only order of a new buyer's paid purchase."""
    with transaction():
        buyer = factories.account()
        basket = factories.basket(buyer, *wanted)
        total_fen = sum(listing.price_fen * quantity for listing, quantity in wanted) + freight_fen
        group = place_order(buyer.id, buyer.public_id, basket.public_id, TO, PaymentMethod.BANK_TRANSFER, total_fen, now=NOW)
        payment_id, order_id = payment_of(group).public_id, group.orders[0].public_id
    with transaction():
        confirm_payment(get_payment(payment_id, lock=True), actor="operator", now=NOW)
    return order_id


def order_of(public_id: str) -> Order:
    db.session.expire_all()
    return db.session.scalars(select(Order).filter_by(public_id=public_id)).one()


def refunds() -> list[tuple[int, str]]:
    return [(row.amount_fen, row.reason) for row in db.session.scalars(select(Refund).order_by(Refund.id))]


def coming(listing: Listing, cap: int) -> Lot:
    """A harvest to come, in a transaction of its own."""
    with transaction():
        household_id = listing.producer.household_id
        assert household_id is not None
        grams = {household_id: cap * listing.unit_grams}
        return add_harvest(listing, Decimal(cap), DAY, grams, expected=True, actor="farmer", now=NOW)


def bring_in(lot: Lot, listing: Listing, quantity: int) -> None:
    bring_in_harvest(lot.public_id, listing.producer_id, Decimal(quantity), DAY, actor="farmer", now=HARVESTED_AT)


def weigh(order_id: str, producer_id: int, *grams: int) -> int:
    rows = db.session.scalars(select(Weighing).where(Weighing.grams.is_(None)).order_by(Weighing.line_id)).all()
    weights = {row.public_id: found for row, found in zip(rows, grams, strict=True)}
    return weigh_and_give_back(order_id, producer_id, weights, light_is_right=True, actor="farmer", now=HARVESTED_AT)


def all_entries() -> int:
    return int(db.session.scalar(select(func.coalesce(func.sum(Entry.amount_fen), 0))) or 0)


def test_a_piece_that_did_not_grow_is_paid_back_once_and_the_others_are_weighed(session: Session) -> None:
    with transaction():
        hens = factories.chickens(stock=0)
    lot = coming(hens, 3)
    order_id = ordered((hens, 3))
    with pytest.raises(Conflict) as early:
        weigh(order_id, hens.producer_id, 4000)
    assert early.value.code == "not_harvested_yet"
    bring_in(lot, hens, 2)
    line = order_of(order_id).lines[0]
    assert (line.missing, line.total_fen) == (1, 26_880)
    assert line.weighing is not None
    assert (line.weighing.least_grams, line.weighing.most_grams) == (2500, 3200)
    # 2,900 g at 28.00 yuan for 500 g are 162.40 yuan of the 179.20 that two could cost.
    assert weigh(order_id, hens.producer_id, 2900) == 1680
    order = order_of(order_id)
    assert (order.total_fen, order.refunded_fen, order.lines[0].total_fen) == (26_880, 10_640, 25_200)
    assert refunds() == [(8960, "claim"), (1680, "weighed")]
    assert left_of_line(order.lines[0], order) == order.total_fen - order.refunded_fen == 16_240
    assert all_entries() == 0
    with transaction():
        build_all()
    facts = session.execute(select(SalesFact.grams, SalesFact.total_fen, SalesFact.benefit_fen)).one()
    assert tuple(facts) == (2900, 16_240, order.lines[0].benefit_fen - order.lines[0].benefit_fen * 8960 // 25_200)


def test_what_did_not_grow_at_all_is_not_put_on_the_scales(session: Session) -> None:
    with transaction():
        farm = factories.producer(registered=True)
        hens, apples = factories.chickens(farm, stock=0), factories.listing(farm, price_fen=1000)
    lot = coming(hens, 2)
    order_id = ordered((hens, 2), (apples, 1))
    bring_in(lot, hens, 0)
    order = order_of(order_id)
    assert (order.state, order.refunded_fen) == ("placed", 17_920)
    with transaction():
        ship_order(order_id, farm.id, actor="farmer", now=HARVESTED_AT)
    assert order_of(order_id).state == "shipped"
    with transaction():
        build_all()
    assert session.scalars(select(SalesFact.total_fen)).all() == [1000]


def test_a_harvest_that_fails_altogether_gives_the_freight_back_as_well(session: Session) -> None:
    with transaction():
        listing = factories.listing(stock=0)
        delivery.method()
    lot = coming(listing, 2)
    with transaction():
        freight_fen = _freight_of(listing, 2)
    assert freight_fen > 0
    order_id = ordered((listing, 2), freight_fen=freight_fen)
    bring_in(lot, listing, 0)
    order = order_of(order_id)
    assert (order.state, order.refunded_fen) == ("cancelled", order.total_fen)
    assert order.total_fen == 2 * listing.price_fen + freight_fen
    assert all_entries() == 0


def _freight_of(listing: Listing, quantity: int) -> int:
    """What bringing so much of a listing costs, as a refused total tells."""
    buyer = factories.account()
    basket = factories.basket(buyer, (listing, quantity))
    with pytest.raises(Conflict) as changed, db.session.begin_nested():
        place_order(buyer.id, "buyer", basket.public_id, TO, PaymentMethod.BANK_TRANSFER, 1, now=NOW)
    return int(changed.value.data["total_fen"]) - quantity * listing.price_fen


def test_a_claim_cannot_ask_for_what_did_not_grow(session: Session) -> None:
    with transaction():
        farm = factories.producer(registered=True)
        pears, apples = factories.listing(farm, stock=0, price_fen=1000), factories.listing(farm, price_fen=5000)
    lot = coming(pears, 4)
    order_id = ordered((pears, 4), (apples, 1))
    bring_in(lot, pears, 1)
    order = order_of(order_id)
    line = next(line for line in order.lines if line.missing)
    assert (line.missing, order.refunded_fen) == (3, 3000)
    # The apples' money is the apples'.
    assert left_of_line(line, order) == 1000
    assert claimed_quantity(line, 1000) == 1


def test_what_a_claim_has_brought_for_a_line_is_not_given_back_again_by_the_scales(session: Session) -> None:
    with transaction():
        farm = factories.producer(registered=True)
        hens, apples = factories.chickens(farm), factories.listing(farm, price_fen=5000)
    order_id = ordered((hens, 1), (apples, 1))
    order = order_of(order_id)
    late = day_start(TODAY) + timedelta(days=15)
    with transaction():
        by = claims.buyer(order.group.account_id, "buyer")
        claim = file_claim(order_id, 1, Complaint(ClaimKind.NOT_ARRIVED, share_bp=9_900), by, now=late)
    with transaction():
        farmer = factories.account()
        claim.order.producer.account_id = farmer.id
    with transaction():
        claims.accept_claim(claim.public_id, claims.seller(farmer.id, "farmer", farm.id), now=late)
    assert order_of(order_id).refunded_fen == 8870
    # 1,405 g are 10.92 yuan less than the most; of the line only 90 fen are left.
    assert weigh(order_id, farm.id, 1405) == 90
    order = order_of(order_id)
    assert (order.refunded_fen, [line.total_fen for line in order.lines]) == (8960, [8870, 5000])


def test_an_invoice_from_before_the_weighing_gets_a_credit_note_for_what_it_was_less(session: Session) -> None:
    with transaction():
        hens = factories.chickens()
    order_id = ordered((hens, 1))
    with transaction():
        order, group = lock_order(order_id)
        issue_invoice(order, group, InvoiceTo("食堂"), actor="buyer", now=NOW)
    assert weigh(order_id, hens.producer_id, 1405) == 1092
    order = order_of(order_id)
    papers = invoices_of([order.id])
    assert [paper.total_fen for paper in papers] == [8960, -1092]
    assert sum(paper.total_fen for paper in papers) == order.total_fen - order.refunded_fen


def test_an_invoice_from_after_the_weighing_says_what_it_weighed_and_needs_no_note(session: Session) -> None:
    with transaction():
        hens = factories.chickens()
    order_id = ordered((hens, 1))
    weigh(order_id, hens.producer_id, 1405)
    with transaction():
        order, group = lock_order(order_id)
        issue_invoice(order, group, InvoiceTo("食堂"), actor="buyer", now=NOW)
    order = order_of(order_id)
    assert [paper.total_fen for paper in invoices_of([order.id])] == [7868] == [order.total_fen - order.refunded_fen]


def test_a_harvest_to_come_is_not_missing_before_it_can_have_come(session: Session) -> None:
    with transaction():
        listing = factories.listing(stock=0)
    coming(listing, 2)
    order = order_of(ordered((listing, 2)))
    missing = Complaint(ClaimKind.NOT_ARRIVED, share_bp=10_000)
    by = claims.buyer(order.group.account_id, "buyer")
    # The harvest is hoped for on the fifth day; fourteen days from then on it should have come.
    with pytest.raises(Conflict) as early, transaction():
        file_claim(order.public_id, 1, missing, by, now=day_start(DAY) + timedelta(days=14, seconds=-1))
    assert early.value.code == "not_late_yet"
    with transaction():
        claim = file_claim(order.public_id, 1, missing, by, now=day_start(DAY) + timedelta(days=14))
    assert claim.asked_fen == 2500


def test_a_parcel_that_is_lost_while_the_clock_looks_at_it_is_not_accepted(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction():
        listing = factories.listing()
        carrier = delivery.carrier()
    order_id = ordered((listing, 1))
    with transaction():
        order = send_order(order_id, listing.producer_id, carrier, "SF0000001", actor="farmer", now=NOW)
        shipment_id = _shipment_of(order.group)
    now = NOW + AFTER_SHIPPING
    with transaction():
        assert may_accept_by_time(order_of(order_id), now)
        note_news(shipment_id, News(ShipmentAction.LOSE, now, "carrier"), actor="carrier", now=now)
    # What the clock had found before the news came.
    monkeypatch.setattr("marketplace.orders.acceptance.due_for_acceptance", lambda now: [order_id])
    assert accept_by_time(now=now) == 0
    assert order_of(order_id).state == "shipped"


def _shipment_of(group: OrderGroup) -> str:
    return next(iter(shipments_of(group).values())).public_id


def test_what_the_operator_gave_back_beside_a_short_harvest_is_not_given_back_again(session: Session) -> None:
    with transaction():
        listing = factories.listing(stock=0, price_fen=1000)
    lot = coming(listing, 4)
    order_id = ordered((listing, 4))
    with transaction():
        refund_order(order_id, 3500, expected_refunded_fen=0, actor="operator", now=NOW)
    bring_in(lot, listing, 1)
    order = order_of(order_id)
    assert (order.refunded_fen, order.total_fen) == (4000, 4000)
    assert all_entries() == 0
