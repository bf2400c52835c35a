"""The lives of money that leaves the house, in committed transactions, for tests that cut them off somewhere."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from marketplace.catalogue.models import Listing, Producer
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.kernel.steps import step
from marketplace.orders.acceptance import AFTER_SHIPPING, accept_by_time
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.service import accept_delivery, ship_order
from marketplace.orders.shares import producer_account
from marketplace.payments.models import PayoutBatch, PayoutLine, PayoutWay
from marketplace.payments.payees import set_payee
from marketplace.payments.paying_out import hand_over, send_batch
from marketplace.payments.payout_queries import get_batch, lock_line
from marketplace.payments.payout_states import OPEN, BatchState, LineState
from marketplace.payments.payouts import (
    IN_TRANSIT,
    MINIMUM_FEN,
    PAID_OUT,
    approve_batch,
    confirm_line,
    discard_batch,
    draft_batch,
    return_line,
)
from tests.orders.purchases import Basket, balance, buy
from tests.payments.double import Double

# Two boxes for 25.00 yuan, less the service's 3 %.
OWED_FEN = 2425


def order_of(basket: Basket) -> Order:
    """The one order of a basket."""
    return db.session.scalars(select(Order).join(OrderLine).where(OrderLine.listing_id == basket.listing_id)).one()


def code_of(basket: Basket) -> str:
    """The ledger account of the seller."""
    query = select(Producer.public_id).join(Listing, Listing.producer_id == Producer.id)
    return producer_account(db.session.scalars(query.where(Listing.id == basket.listing_id)).one())


def name_payee(basket: Basket, way: PayoutWay, now: datetime) -> None:
    """The seller says where the money goes."""
    number = f"acct_{basket.listing_id}" if way is PayoutWay.STRIPE else f"62220000{basket.listing_id:08d}"
    bank = "" if way is PayoutWay.STRIPE else "丹寨演示银行"
    with transaction():
        set_payee(code_of(basket), way, "杨阿妹", bank, number, actor="farmer", now=now)


def ship(basket: Basket, now: datetime) -> None:
    """The goods leave."""
    order = order_of(basket)
    with transaction():
        ship_order(order.public_id, order.producer_id, actor="farmer", now=now)


def earn(basket: Basket, double: Double, way: PayoutWay, now: datetime) -> None:
    """Buy, ship and accept, so that the seller has something to be paid out."""
    buy(basket, double, now)
    name_payee(basket, way, now)
    ship(basket, now)
    with transaction():
        accept_delivery(order_of(basket).public_id, basket.account_id, actor=basket.account, now=now)


def draft(way: PayoutWay, now: datetime) -> str:
    """One person makes a batch; answers its name."""
    with transaction():
        batch = draft_batch(way, MINIMUM_FEN, actor="first", now=now).public_id
    step("payout.batch_committed")
    return batch


def approve(batch: str, now: datetime) -> None:
    """A second person approves it."""
    with transaction():
        approve_batch(get_batch(batch, lock=True), actor="second", now=now)


def waiting_lines(batch: str) -> list[tuple[str, str]]:
    """Names and references of the lines that are on their way."""
    return [(line.public_id, line.reference) for line in get_batch(batch).lines if line.state == LineState.WAITING]


def confirm(line: str, reference: str, now: datetime) -> bool:
    """A person notes that the bank has paid a line."""
    with transaction():
        return confirm_line(lock_line(line), f"B-{reference}", actor="first", now=now)


def be_accepted_by_time(basket: Basket, double: Double, now: datetime) -> None:
    """The buyer says nothing."""
    buy(basket, double, now)
    ship(basket, now)
    accept_by_time(now=now + AFTER_SHIPPING)


def pay_out_by_bank(basket: Basket, double: Double, now: datetime) -> None:
    """By a file, which the bank answers."""
    earn(basket, double, PayoutWay.BANK, now)
    batch = draft(PayoutWay.BANK, now)
    approve(batch, now)
    send_batch(batch, actor="first", now=now)
    for line, reference in waiting_lines(batch):
        confirm(line, reference, now)


def pay_out_in_vain(basket: Basket, double: Double, now: datetime) -> None:
    """By a file; the bank sends the money back."""
    earn(basket, double, PayoutWay.BANK, now)
    batch = draft(PayoutWay.BANK, now)
    approve(batch, now)
    send_batch(batch, actor="first", now=now)
    for line, _reference in waiting_lines(batch):
        with transaction():
            return_line(lock_line(line), "账号有误", actor="first", now=now)


def think_better_of_it(basket: Basket, double: Double, now: datetime) -> None:
    """Discard a batch that was approved."""
    earn(basket, double, PayoutWay.BANK, now)
    batch = draft(PayoutWay.BANK, now)
    approve(batch, now)
    with transaction():
        discard_batch(get_batch(batch, lock=True), actor="first", now=now)


def pay_out_by_transfer(basket: Basket, double: Double, now: datetime) -> None:
    """By transfers of the provider."""
    earn(basket, double, PayoutWay.STRIPE, now)
    batch = draft(PayoutWay.STRIPE, now)
    approve(batch, now)
    send_batch(batch, actor="first", now=now)


def pay_out_to_nobody(basket: Basket, double: Double, now: datetime) -> None:
    """By transfers of the provider, which refuses: it does not know the account."""
    earn(basket, double, PayoutWay.STRIPE, now)
    with transaction():
        batch = draft_batch(PayoutWay.STRIPE, MINIMUM_FEN, actor="first", now=now)
        for line in db.session.scalars(select(PayoutLine).filter_by(batch_id=batch.id)):
            line.number = "ba_unknown"
        name = batch.public_id
    approve(name, now)
    send_batch(name, actor="first", now=now)


LIVES = {
    life.__name__: life
    for life in (
        be_accepted_by_time,
        pay_out_by_bank,
        pay_out_in_vain,
        think_better_of_it,
        pay_out_by_transfer,
        pay_out_to_nobody,
    )
}


def carry_on(basket: Basket, life: str, now: datetime) -> None:
    """After a cut the jobs go round, and people who find a batch half way take it to its end and make the next."""
    later = now + timedelta(minutes=40)
    if order_of(basket).state == "placed":
        ship(basket, later)
    accept_by_time(now=later + AFTER_SHIPPING)
    hand_over(now=later)
    if life not in LIVES:
        return
    way = PayoutWay.STRIPE if life in ("pay_out_by_transfer", "pay_out_to_nobody") else PayoutWay.BANK
    name_payee(basket, way, later)
    finish(later)
    try:
        draft(way, later)
    except Conflict as nothing:
        assert nothing.code == "nothing_payable"
    finish(later)


def finish(now: datetime) -> None:
    """Take every batch that is under way to its end."""
    for batch, state in db.session.execute(
        select(PayoutBatch.public_id, PayoutBatch.state).where(PayoutBatch.state.in_(OPEN))
    ).all():
        if state == BatchState.DRAFTED:
            approve(batch, now)
        if state != BatchState.SENT:
            send_batch(batch, actor="first", now=now)
        hand_over(now=now)
        for line, reference in waiting_lines(batch):
            confirm(line, reference, now)


def payout_faults(basket: Basket, double: Double) -> list[str]:
    """Everything that is wrong with money that was paid out; empty when the seller was paid once, to the fen."""
    found = []
    lines = db.session.scalars(select(PayoutLine).filter_by(ledger_code=code_of(basket))).all()
    paid_fen = sum(line.amount_fen for line in lines if line.state == LineState.PAID)
    if paid_fen != OWED_FEN or balance(code_of(basket)):
        found.append(f"the seller got {paid_fen} fen, {balance(code_of(basket))} are left, and {OWED_FEN} were owed")
    transfers = [row for row in double.bank.store.all("transfer") if row["destination"] == f"acct_{basket.listing_id}"]
    if transfers and [row["amount"] for row in transfers] != [OWED_FEN]:
        found.append(f"the provider has sent {[row['amount'] for row in transfers]}")
    if balance(IN_TRANSIT):
        found.append(f"{balance(IN_TRANSIT)} fen are on their way for ever")
    all_paid = select(func.coalesce(func.sum(PayoutLine.amount_fen), 0)).where(PayoutLine.state == LineState.PAID)
    if balance(PAID_OUT) != db.session.scalar(all_paid):
        found.append("the ledger has not paid out what the lines say")
    if db.session.scalar(select(func.count()).select_from(PayoutBatch).where(PayoutBatch.state.in_(OPEN))):
        found.append("a batch is not done")
    return found
