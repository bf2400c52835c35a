"""One whole life of an online purchase in committed transactions, for tests that cut it off somewhere."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import case, func, select

from marketplace.catalogue.denials import deny_listing
from marketplace.catalogue.models import Listing, ListingDenial, Lot, Producer, StockHold, StockMovement, Unit
from marketplace.catalogue.service import publish
from marketplace.delivery.models import MethodKind, Temperature
from marketplace.delivery.service import end
from marketplace.identity.models import Answered, RoleKind
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.steps import step
from marketplace.ledger.checking import check_ledger
from marketplace.ledger.models import Entry, LedgerAccount
from marketplace.orders.acceptance import AFTER_SHIPPING
from marketplace.orders.astray import note_sound
from marketplace.orders.collecting import give_up_payment, look_up, pay_page, receive_event, send_refunds, sweep
from marketplace.orders.holding import open_checkout
from marketplace.orders.models import Order, OrderGroup, OrderLine, ReturnedGoods, Shipment, ShipmentOrder, Weighing
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import cancel_order, send_refund_by_hand
from marketplace.orders.settlement import BUYERS, CLEARING, REFUNDS
from marketplace.orders.shipment_states import ShipmentAction
from marketplace.orders.shipments import News, dispatch, note_news, receive_at_hub, resolve_shipment, send_order
from marketplace.orders.shortfalls import bring_in_harvest, settle_shortfalls
from marketplace.orders.unapplied import book_unapplied
from marketplace.orders.weighing import weigh_and_give_back
from marketplace.payments.models import Payment, PaymentMethod, Refund
from marketplace.payments.queries import get_payment, lock_refund
from marketplace.payments.states import PaymentAction
from tests import factories
from tests.factories import delivery as terms
from tests.orders.after_sale_lives import came_back, claim_faults, missing_and_claimed, wrong_and_sent_back
from tests.orders.fund_lives import fund_faults, public_money_paid
from tests.orders.import_lives import carry_on_importing, import_faults, two_households_written
from tests.orders.recall_lives import box_called_back
from tests.payments.double import Double
from tests.stock import stock_of

TO = Destination("张三", "13800000000", "522636", "龙泉镇")
RETURN, BACK = "http://localhost/paid", "http://localhost/back"
PRICE_FEN, STOCK, BOUGHT = 1250, 10, 2
# What the two pieces cost that are weighed.
WEIGHED_FEN = 2200


@dataclass(frozen=True)
class Basket:
    """A buyer's basket of two boxes out of ten."""

    account_id: int
    account: str
    basket: str
    listing_id: int


def filled_basket() -> Basket:
    """A new listing, buyer and basket."""
    with transaction():
        listing = factories.listing(stock=STOCK, price_fen=PRICE_FEN)
        buyer = factories.account()
        return Basket(buyer.id, buyer.public_id, factories.basket(buyer, (listing, BOUGHT)).public_id, listing.id)


def place(basket: Basket, now: datetime) -> str:
    """Order it; answers the payment."""
    with transaction():
        total_fen = PRICE_FEN * BOUGHT
        group = place_order(basket.account_id, basket.account, basket.basket, TO, PaymentMethod.ONLINE, total_fen, now=now)
        payment = payment_of(group).public_id
    step("checkout.committed")
    return payment


def buy(basket: Basket, double: Double, now: datetime) -> str:
    """Order, go to the page, pay there, and have the message delivered; answers the payment."""
    payment = place(basket, now)
    pay_page(payment, RETURN, BACK, now=now)
    double.pay()
    for message in double.new_messages():
        receive_event(*message, now=now)
    return payment


def come_back(basket: Basket, double: Double, now: datetime) -> None:
    """As ``buy``, but the browser is faster than the message."""
    payment = place(basket, now)
    pay_page(payment, RETURN, BACK, now=now)
    double.pay()
    look_up(payment, now=now)


def abandon(basket: Basket, double: Double, now: datetime) -> None:
    """Go to the page, and let the time run out."""
    payment = place(basket, now)
    pay_page(payment, RETURN, BACK, now=now)
    give_up_payment(payment, PaymentAction.EXPIRE, actor="sweeper", now=now + timedelta(minutes=31))


def buy_and_cancel(basket: Basket, double: Double, now: datetime) -> None:
    """Buy, cancel, and have the money sent back."""
    payment = buy(basket, double, now)
    order = db.session.scalars(select(Order.public_id).join(OrderLine).where(OrderLine.listing_id == basket.listing_id)).one()
    with transaction():
        cancel_order(order, actor=basket.account, now=now)
    send_refunds(payment, now=now)


def give_up_and_transfer(basket: Basket, double: Double, now: datetime) -> None:
    """Give up the purchase, and transfer the money to the market's bank all the same; a person sends it back."""
    payment = place(basket, now)
    give_up_payment(payment, PaymentAction.CANCEL, actor=basket.account, now=now)
    with transaction():
        book_unapplied(get_payment(payment, lock=True), PRICE_FEN * BOUGHT, payment, actor="operator", now=now)
    with transaction():
        promised = select(Refund.public_id).join(Payment, Payment.id == Refund.payment_id).where(Payment.public_id == payment)
        refund = lock_refund(db.session.scalars(promised).one())
        assert refund is not None
        send_refund_by_hand(refund, actor="operator", now=now)


def check_out(basket: Basket, double: Double, now: datetime) -> None:
    """Open the checkout, which keeps the goods, and buy from there."""
    open_page(basket, now)
    buy(basket, double, now)


def walk_away(basket: Basket, double: Double, now: datetime) -> None:
    """Open the checkout and never come back; the sweeper goes round after a while."""
    open_page(basket, now)
    sweep(now=now + timedelta(minutes=11))


def open_page(basket: Basket, now: datetime) -> None:
    """Look at the checkout."""
    with transaction():
        open_checkout(basket.account_id, now=now)
    step("hold.committed")


def weigh(basket: Basket, double: Double, now: datetime) -> None:
    """Buy two pieces that weigh 1,000 to 1,250 g at 5.00 yuan a jin, and have them weighed: 2,200 g are 22.00 of 25.00 yuan."""
    with transaction():
        listing = db.session.get_one(Listing, basket.listing_id)
        listing.unit, listing.unit_grams = Unit.PIECE, 1250
        listing.weight_unit, listing.weight_price_fen, listing.piece_grams_min = Unit.JIN, 500, 1000
        producer_id = listing.producer_id
    buy(basket, double, now)
    with transaction():
        lines = select(Order.public_id, Weighing.public_id).join(OrderLine, OrderLine.order_id == Order.id).join(Weighing)
        order, weighing = db.session.execute(lines.where(OrderLine.listing_id == basket.listing_id)).one()
    weigh_and_give_back(order, producer_id, {weighing: 2200}, actor="farmer", now=now)


def order_what_does_not_grow(basket: Basket, double: Double, now: datetime) -> None:
    """Buy two boxes of a harvest to come, of which one box grows."""
    with transaction():
        lot = db.session.scalars(select(Lot).filter_by(listing_id=basket.listing_id)).one()
        lot.expected, lot.harvested_on = True, local_day(now) + timedelta(days=5)
        seller, lot_name = db.session.get_one(Listing, basket.listing_id).producer_id, lot.public_id
    buy(basket, double, now)
    bring_in_harvest(lot_name, seller, Decimal(1), local_day(now), actor="farmer", now=now)


def pay_for_what_grew(basket: Basket, double: Double, now: datetime) -> None:
    """Look at the page for two boxes of a harvest to come, of which one grows, and pay for that one on a new page."""
    with transaction():
        lot = db.session.scalars(select(Lot).filter_by(listing_id=basket.listing_id)).one()
        lot.expected, lot.harvested_on = True, local_day(now) + timedelta(days=5)
        seller, lot_name = db.session.get_one(Listing, basket.listing_id).producer_id, lot.public_id
    payment = place(basket, now)
    pay_page(payment, RETURN, BACK, now=now)
    bring_in_harvest(lot_name, seller, Decimal(1), local_day(now), actor="farmer", now=now)
    pay_page(payment, RETURN, BACK, now=now)
    double.pay()
    for message in double.new_messages():
        receive_event(*message, now=now)


def buy_and_get(basket: Basket, double: Double, now: datetime) -> None:
    """Buy, and have it brought by a courier who says when it has arrived."""
    buy(basket, double, now)
    order = _order_of(basket)
    with transaction():
        send_order(order.public_id, order.producer_id, actor="farmer", now=now)
    with transaction():
        note_news(_shipment_of(order), News(ShipmentAction.DELIVER, now, "carrier"), actor="carrier", now=now)


def buy_by_hub(basket: Basket, double: Double, now: datetime) -> None:
    """Buy, have it brought to the village's hub, sent on from there and lost, and get the money back."""
    with transaction():
        hub = terms.hub(factories.VILLAGE)
        method = terms.method(MethodKind.HUB, {Temperature.AMBIENT: (0, 0)}, at=hub)
        van = terms.carrier("van", numbered=False)
    payment = buy(basket, double, now)
    # Purchases of other tests go without a hub.
    with transaction():
        end(method, actor="test", now=now)
    order = _order_of(basket)
    with transaction():
        receive_at_hub(hub, order.public_id, actor="keeper", now=now)
    with transaction():
        dispatch(hub, _shipment_of(order), van, None, actor="keeper", now=now)
    with transaction():
        note_news(_shipment_of(order), News(ShipmentAction.LOSE, now, "carrier"), actor="carrier", now=now)
    with transaction():
        resolve_shipment(_shipment_of(order), actor="operator", now=now)
    send_refunds(payment, now=now)


def get_it_back(basket: Basket, double: Double, now: datetime) -> None:
    """Buy two boxes, have the parcel come back, get the money, and have the farm look: one box is sound."""
    payment = buy(basket, double, now)
    order = _order_of(basket)
    with transaction():
        send_order(order.public_id, order.producer_id, actor="farmer", now=now)
    with transaction():
        note_news(_shipment_of(order), News(ShipmentAction.RETURN, now, "carrier"), actor="carrier", now=now)
    with transaction():
        resolve_shipment(_shipment_of(order), actor="operator", now=now)
    send_refunds(payment, now=now)
    with transaction():
        note_sound(order.public_id, order.producer_id, {1: Decimal(1)}, actor="farmer", now=now)


def _order_of(basket: Basket) -> Order:
    return db.session.scalars(select(Order).join(OrderLine).where(OrderLine.listing_id == basket.listing_id)).one()


def _shipment_of(order: Order) -> str:
    query = select(Shipment.public_id).join(ShipmentOrder).where(ShipmentOrder.order_id == order.id)
    return db.session.scalars(query).one()


def deny(basket: Basket, double: Double, now: datetime) -> None:
    """Have an officer put it on sale in the household's name; somebody buys, and the household denies the listing."""
    with transaction():
        listing = db.session.get_one(Listing, basket.listing_id)
        house, holder = (
            db.session.get_one(Producer, listing.producer_id),
            factories.account((RoleKind.OFFICER, factories.VILLAGE)),
        )
        with audit.on_behalf_of(house.public_id, actor=holder.public_id, mandate="m", role="officer"):
            publish(listing, actor=holder.public_id, now=now)
    buy(basket, double, now)
    with transaction():
        deny_listing(listing, house, Answered.TOLD_OFFICER, actor="test", now=now)


def buy_and_claim(basket: Basket, double: Double, now: datetime) -> None:
    """Buy, wait in vain, and have all of the money back."""
    buy(basket, double, now)
    missing_and_claimed(basket.listing_id, basket.account_id, basket.account, now)


def buy_and_send_back(basket: Basket, double: Double, now: datetime) -> None:
    """Buy, get other goods, and send them back."""
    buy(basket, double, now)
    wrong_and_sent_back(basket.listing_id, basket.account_id, basket.account, now)


def get_it_called_back(basket: Basket, double: Double, now: datetime) -> None:
    """Buy, get it, and have its box called back and the money given back."""
    payment = buy(basket, double, now)
    order = _order_of(basket)
    with transaction():
        send_order(order.public_id, order.producer_id, actor="farmer", now=now)
    box_called_back(basket.listing_id, basket.account_id, basket.account, now)
    send_refunds(payment, now=now)


def have_files_written(basket: Basket, double: Double, now: datetime) -> None:
    """Leave the basket alone; an officer has a table of household files written."""
    two_households_written(basket.account_id, now)


def spend_public_money(basket: Basket, double: Double, now: datetime) -> None:
    """Leave the basket alone; a county's office issues, passes on, pays and takes back public money."""
    public_money_paid(basket.account_id, now)


LIVES = {
    life.__name__: life
    for life in (
        *(
            buy,
            come_back,
            abandon,
            buy_and_cancel,
            give_up_and_transfer,
            check_out,
            walk_away,
            weigh,
            order_what_does_not_grow,
            pay_for_what_grew,
        ),
        *(buy_and_get, buy_by_hub, get_it_back, deny, buy_and_claim, buy_and_send_back),
        get_it_called_back,
        have_files_written,
        spend_public_money,
    )
}


def recover(double: Double, now: datetime, *, silent: bool = False) -> None:
    """What happens after a crash without anybody's doing: messages come (again), and the sweeper goes round, early and late.

    A ``silent`` provider's messages are all lost, so that asking must do.
    """
    carry_on_importing()
    for minutes in (0, 3, 35):
        for message in double.new_messages():
            if not silent:
                receive_event(*message, now=now)
        if minutes:
            sweep(now=now + timedelta(minutes=minutes))
            settle_shortfalls(now=now + timedelta(minutes=minutes))
    for message in double.new_messages():
        if not silent:
            receive_event(*message, now=now)


def faults(basket: Basket, double: Double) -> list[str]:
    """Everything that is wrong after recovery; empty when money and goods agree."""
    found = []
    listing = db.session.get_one(Listing, basket.listing_id, populate_existing=True)
    payments = db.session.scalars(
        select(Payment)
        .join(OrderGroup, OrderGroup.public_id == Payment.purpose_id)
        .where(OrderGroup.account_id == basket.account_id)
        .execution_options(populate_existing=True)
    ).all()
    kept_fen = sum(payment.amount_fen - payment.refunded_fen for payment in payments if payment.state == "paid")
    taken = double.bank.taken()
    taken_fen = sum(taken.get(payment.public_id, 0) for payment in payments)
    sold = db.session.scalar(
        select(func.coalesce(func.sum(OrderLine.quantity - OrderLine.missing), 0))
        .join(Order)
        .where(OrderLine.listing_id == basket.listing_id, Order.state != "cancelled")
    )
    worth_fen, weighed, ordered = db.session.execute(
        select(
            func.coalesce(func.sum(OrderLine.total_fen), 0),
            func.count(Weighing.grams),
            func.coalesce(func.sum(OrderLine.quantity), 0),
        )
        .join(Order, Order.id == OrderLine.order_id)
        .outerjoin(Weighing, Weighing.line_id == OrderLine.id)
        .where(OrderLine.listing_id == basket.listing_id, Order.state != "cancelled")
    ).one()
    sold -= came_back(basket.listing_id)
    sold += _not_looked_at(basket.listing_id)
    found += claim_faults(basket.listing_id)
    found += import_faults(basket.account_id)
    found += fund_faults(basket.account_id)
    names = {payment.public_id for payment in payments}
    if any(page["status"] == "open" and page["metadata"]["payment"] in names for page in double.sessions()):
        found.append("somebody could still pay on a page of theirs")
    if taken_fen != kept_fen:
        found.append(f"the provider holds {taken_fen} fen of theirs and we count {kept_fen}")
    if sum(taken.values()) != -balance(BUYERS):
        found.append(f"the provider holds {sum(taken.values())} fen in all and the ledger says {-balance(BUYERS)}")
    denied = db.session.scalar(select(func.count()).where(ListingDenial.listing_id == listing.id))
    if (listing.state == "on_sale") == bool(denied):
        found.append("a listing that was denied is on sale, or one is off sale that was not")
    if len(payments) > 1:
        found.append("one basket became two purchases")
    if any(payment.state not in ("paid", "cancelled", "expired") for payment in payments):
        found.append(f"left unfinished: {[payment.state for payment in payments]}")
    grown = db.session.scalar(
        select(func.sum(StockMovement.quantity))
        .join(Lot, Lot.id == StockMovement.lot_id)
        .where(Lot.listing_id == listing.id, StockMovement.kind.in_(("harvest", "correction", "write_off")))
    )
    if listing.available != grown - sold or stock_of(listing.id) != listing.available:
        found.append(f"{listing.available} available, {stock_of(listing.id)} by movements, {sold} sold of {grown}")
    if db.session.scalar(select(func.sum(Lot.short)).where(Lot.listing_id == listing.id)):
        found.append("a harvest still owes something")
    # What was lost on its way, or did not grow, was ordered and paid back.
    lost_fen = db.session.scalar(
        select(func.coalesce(func.sum(Refund.amount_fen), 0))
        .join(Payment, Payment.id == Refund.payment_id)
        .join(OrderGroup, OrderGroup.public_id == Payment.purpose_id)
        .where(OrderGroup.account_id == basket.account_id, Refund.reason == "claim")
    )
    # What did not grow before it was paid for was never charged.
    uncharged_fen = db.session.scalar(
        select(func.coalesce(func.sum(Order.uncharged_fen), 0))
        .join(OrderGroup)
        .where(OrderGroup.account_id == basket.account_id, Order.state != "cancelled")
    )
    if kept_fen != worth_fen - lost_fen - uncharged_fen or worth_fen != (WEIGHED_FEN if weighed else PRICE_FEN * ordered):
        found.append(f"{sold} boxes that are worth {worth_fen} fen are sold for {kept_fen} fen")
    if db.session.scalar(select(func.count()).select_from(StockHold)):
        found.append("goods are still on hold")
    if db.session.scalar(select(func.count()).select_from(Refund).where(Refund.state.not_in(("succeeded", "by_hand")))):
        found.append("a refund was not sent")
    if check_ledger().fault or db.session.scalar(select(func.sum(Entry.amount_fen))):
        found.append("the ledger does not sum to zero")
    if balance(REFUNDS):
        found.append(f"{balance(REFUNDS)} fen wait to be given back")
    if balance(CLEARING) != held_fen():
        found.append("what is held is not what was paid and has neither gone on nor back")
    return found + _shipment_faults()


def _not_looked_at(listing_id: int) -> Decimal:
    """How many of a listing came back in a parcel and wait for their farm to look."""
    query = select(func.sum(ReturnedGoods.quantity)).join(OrderLine, OrderLine.id == ReturnedGoods.line_id)
    query = query.where(OrderLine.listing_id == listing_id, ReturnedGoods.checked_at.is_(None))
    return db.session.scalar(query) or Decimal(0)


def _shipment_faults() -> list[str]:
    """Orders and shipments that say different things, over all of them."""
    # Whom silence has accepted for, nobody may have said that it came.
    in_silence = (Order.state == "accepted") & (Order.accepted_at - Order.shipped_at >= AFTER_SHIPPING)
    rows = db.session.execute(
        select(case((in_silence, "accepted in silence"), else_=Order.state), Shipment.state)
        .outerjoin(ShipmentOrder, ShipmentOrder.order_id == Order.id)
        .outerjoin(Shipment, Shipment.id == ShipmentOrder.shipment_id)
    )
    whole = {("placed", None), ("cancelled", None), ("delivered", "delivered"), ("accepted", "delivered"), ("accepted", None)}
    under_way = ("packed", "at_hub", "handed_over", "in_transit")
    whole |= {("shipped", state) for state in (*under_way, "lost", "returned")}
    whole |= {("cancelled", state) for state in ("lost", "returned")}
    whole |= {("accepted in silence", state) for state in (None, *under_way, "delivered")}
    return [f"an order is {order} and its shipment {shipment}" for order, shipment in rows if (order, shipment) not in whole]


def held_fen() -> int:
    """What should be held: paid, not settled, not promised back."""
    query = select(func.sum(Order.total_fen - Order.refunded_fen)).join(OrderGroup)
    return int(db.session.scalar(query.where(OrderGroup.paid_at.is_not(None), Order.settled_at.is_(None))) or 0)


def balance(code: str) -> int:
    """The sum of an account's entries."""
    query = select(func.coalesce(func.sum(Entry.amount_fen), 0)).join(LedgerAccount).where(LedgerAccount.code == code)
    return int(db.session.scalar(query) or 0)


def real_now() -> datetime:
    """The present moment, as the double has it."""
    return datetime.fromtimestamp(time.time(), tz=factories.NOW.tzinfo)
