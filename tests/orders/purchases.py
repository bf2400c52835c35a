"""One whole life of an online purchase in committed transactions, for tests that cut it off somewhere."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from marketplace.catalogue.models import Listing
from marketplace.kernel.db import db, transaction
from marketplace.kernel.steps import step
from marketplace.ledger.models import Entry, LedgerAccount
from marketplace.ledger.seals import check_ledger
from marketplace.orders.collecting import give_up_payment, look_up, pay_page, receive_event, send_refunds, sweep
from marketplace.orders.models import Order, OrderGroup, OrderLine
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import cancel_order
from marketplace.orders.settlement import BUYERS, CLEARING, REFUNDS
from marketplace.payments.models import Payment, PaymentMethod, Refund
from marketplace.payments.states import PaymentAction
from tests import factories
from tests.orders.after_sale_lives import came_back, claim_faults, missing_and_claimed, wrong_and_sent_back
from tests.payments.double import Double
from tests.stock import stock_of

TO = Destination("张三", "13800000000", "522636", "龙泉镇")
RETURN, BACK = "http://localhost/paid", "http://localhost/back"
PRICE_FEN, STOCK, BOUGHT = 1250, 10, 2


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


def buy_and_claim(basket: Basket, double: Double, now: datetime) -> None:
    """Buy, wait in vain, and have all of the money back."""
    buy(basket, double, now)
    missing_and_claimed(basket.listing_id, basket.account_id, basket.account, now)


def buy_and_send_back(basket: Basket, double: Double, now: datetime) -> None:
    """Buy, get other goods, and send them back."""
    buy(basket, double, now)
    wrong_and_sent_back(basket.listing_id, basket.account_id, basket.account, now)


LIVES = {life.__name__: life for life in (buy, come_back, abandon, buy_and_cancel, buy_and_claim, buy_and_send_back)}


def recover(double: Double, now: datetime, *, silent: bool = False) -> None:
    """What happens after a crash without anybody's doing: messages come (again), and the sweeper goes round, early and late.

    A ``silent`` provider's messages are all lost, so that asking must do.
    """
    for minutes in (0, 3, 35):
        for message in double.new_messages():
            if not silent:
                receive_event(*message, now=now)
        if minutes:
            sweep(now=now + timedelta(minutes=minutes))
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
        select(func.coalesce(func.sum(OrderLine.quantity), 0))
        .join(Order)
        .where(OrderLine.listing_id == basket.listing_id, Order.state != "cancelled")
    )
    sold -= came_back(basket.listing_id)
    found += claim_faults(basket.listing_id)
    names = {payment.public_id for payment in payments}
    if any(page["status"] == "open" and page["metadata"]["payment"] in names for page in double.sessions()):
        found.append("somebody could still pay on a page of theirs")
    if taken_fen != kept_fen:
        found.append(f"the provider holds {taken_fen} fen of theirs and we count {kept_fen}")
    if sum(taken.values()) != -balance(BUYERS):
        found.append(f"the provider holds {sum(taken.values())} fen in all and the ledger says {-balance(BUYERS)}")
    if len(payments) > 1:
        found.append("one basket became two purchases")
    if any(payment.state not in ("paid", "cancelled", "expired") for payment in payments):
        found.append(f"left unfinished: {[payment.state for payment in payments]}")
    if listing.available != STOCK - sold or stock_of(listing.id) != listing.available:
        found.append(f"{listing.available} available, {stock_of(listing.id)} by movements, {sold} sold of {STOCK}")
    if kept_fen != PRICE_FEN * sold:
        found.append(f"{sold} boxes are sold for {kept_fen} fen")
    if db.session.scalar(select(func.count()).select_from(Refund).where(Refund.state != "succeeded")):
        found.append("a refund was not sent")
    if check_ledger().fault or db.session.scalar(select(func.sum(Entry.amount_fen))):
        found.append("the ledger does not sum to zero")
    if balance(REFUNDS):
        found.append(f"{balance(REFUNDS)} fen wait to be given back")
    if balance(CLEARING) != held_fen():
        found.append("what is held is not what was paid and has neither gone on nor back")
    return found


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
