"""Bank transfers for purchases that wait for no money: booked once, owed back, returned by hand, whatever came first."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError
from marketplace.ledger.checking import check_ledger
from marketplace.ledger.models import Entry
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.placing import place_order
from marketplace.orders.refunds import cancel_order, send_refund_by_hand
from marketplace.orders.service import cancel_unpaid, confirm_payment
from marketplace.orders.settlement import BUYERS, CLEARING, REFUNDS
from marketplace.orders.unapplied import book_unapplied
from marketplace.payments.models import Payment, PaymentMethod, Refund, UnappliedReceipt
from marketplace.payments.queries import get_payment, lock_refund
from marketplace.payments.service import apply_action
from marketplace.payments.states import PaymentAction
from tests import factories
from tests.factories import NOW
from tests.orders.purchases import TO, balance
from tests.own_database import own_database, race
from tests.payments.double import collecting_by_double
from tests.stock import stock_of

ROUNDS = 10


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "unapplied") as app:
        yield app


@pytest.fixture
def desk(shop: Flask) -> Iterator[Flask]:
    with shop.app_context():
        yield shop


def bought(method: PaymentMethod = PaymentMethod.BANK_TRANSFER) -> str:
    """A purchase of two of ten boxes, 25 yuan, not paid for; answers the payment."""
    with transaction():
        listing, buyer = factories.listing(stock=10), factories.account()
        basket = factories.basket(buyer, (listing, 2)).public_id
        group = place_order(buyer.id, buyer.public_id, basket, TO, method, 2500, now=NOW)
        return db.session.scalars(select(Payment.public_id).filter_by(purpose_id=group.public_id)).one()


def confirm(payment: str) -> bool:
    with transaction():
        return confirm_payment(get_payment(payment, lock=True), actor="operator", now=NOW)


def cancel(payment: str) -> bool:
    with transaction():
        return cancel_unpaid(get_payment(payment, lock=True), actor="operator", now=NOW)


def book(payment: str, received_fen: int = 2500, reference: str = "", by: str = "operator") -> bool:
    with transaction():
        found = get_payment(payment, lock=True)
        return book_unapplied(found, received_fen, reference or f"CMB-{payment}", actor=by, now=NOW)


def refunds(payment: str) -> list[Refund]:
    return list(db.session.scalars(select(Refund).join(Payment).where(Payment.public_id == payment).order_by(Refund.id)))


def send_all(payment: str) -> None:
    """Somebody goes to the bank with what is owed."""
    with transaction():
        for refund in refunds(payment):
            locked = lock_refund(refund.public_id)
            assert locked is not None
            send_refund_by_hand(locked, actor="operator", now=NOW)


def kept() -> tuple[int, int, int]:
    """What the buyers have paid and not got back, what is held, what is owed back."""
    assert check_ledger().fault is None
    assert db.session.scalar(select(func.coalesce(func.sum(Entry.amount_fen), 0))) == 0
    return -balance(BUYERS), balance(CLEARING), balance(REFUNDS)


def more(before: tuple[int, int, int]) -> tuple[int, ...]:
    """What has come to each since."""
    return tuple(now - then for now, then in zip(kept(), before, strict=True))


def stock(payment: str) -> int:
    """How many of the boxes are on stock."""
    line = select(Order.id).join(OrderGroup).join(Payment, Payment.purpose_id == OrderGroup.public_id)
    order = db.session.get_one(Order, db.session.scalars(line.where(Payment.public_id == payment)).one())
    return int(stock_of(order.lines[0].listing_id))


def test_a_transfer_that_comes_after_the_cancelling_is_owed_back_and_sent(desk: Flask) -> None:
    before, payment = kept(), bought()
    assert cancel(payment)
    with pytest.raises(Conflict, match="can no longer be changed"):
        confirm(payment)
    assert more(before) == (0, 0, 0)
    assert book(payment)
    (refund,) = refunds(payment)
    assert (refund.amount_fen, refund.reason, refund.state) == (2500, "surplus", "created")
    assert (more(before), stock(payment), get_payment(payment).state) == ((2500, 0, 2500), 10, "cancelled")
    send_all(payment)
    assert (more(before), refunds(payment)[0].state) == ((0, 0, 0), "by_hand")


def test_a_transfer_that_comes_before_the_cancelling_pays_and_goes_back_with_it(desk: Flask) -> None:
    before, payment = kept(), bought()
    assert confirm(payment)
    with pytest.raises(Conflict, match="can no longer be changed"):
        cancel(payment)
    with transaction():
        order = db.session.scalars(
            select(Order.public_id).join(OrderGroup).where(OrderGroup.public_id == get_payment(payment).purpose_id)
        ).one()
        cancel_order(order, actor="operator", now=NOW)
    assert (more(before), stock(payment)) == ((2500, 0, 2500), 10)
    # The buyer, who did not know, sends it once more.
    assert book(payment, reference="second")
    assert more(before) == (5000, 0, 5000)
    assert [refund.reason for refund in refunds(payment)] == ["cancelled", "surplus"]
    send_all(payment)
    assert more(before) == (0, 0, 0)


def test_what_a_paid_purchase_gets_a_second_time_goes_back_and_the_purchase_goes_on(desk: Flask) -> None:
    before, payment = kept(), bought()
    confirm(payment)
    assert book(payment, 2400, "again")
    assert (more(before), get_payment(payment).refunded_fen) == ((4900, 2500, 2400), 0)


def test_a_purchase_that_was_not_paid_online_in_time_takes_no_transfer_but_gives_it_back(desk: Flask) -> None:
    with collecting_by_double():
        before, payment = kept(), bought(PaymentMethod.ONLINE)
    with transaction():
        apply_action(get_payment(payment, lock=True), PaymentAction.EXPIRE, now=NOW)
    assert book(payment)
    assert (more(before), refunds(payment)[0].attempt_id) == ((2500, 0, 2500), None)


def test_while_a_purchase_waits_for_its_money_the_transfer_pays_for_it(desk: Flask) -> None:
    before, payment = kept(), bought()
    with pytest.raises(Conflict) as refused:
        book(payment)
    assert (refused.value.code, refunds(payment), more(before)) == ("payment_open", [], (0, 0, 0))


def test_nothing_is_no_transfer(desk: Flask) -> None:
    payment = bought()
    cancel(payment)
    for fen in (0, -1):
        with pytest.raises(DomainError) as refused:
            book(payment, fen)
        assert (refused.value.code, refunds(payment)) == ("received_nothing", [])


def test_one_line_of_the_statement_is_booked_once_and_a_second_transfer_beside_it(desk: Flask) -> None:
    before, payment, other = kept(), bought(), bought()
    cancel(payment)
    cancel(other)
    assert [book(payment, reference="one"), book(payment, reference="one"), book(payment, reference="two")] == [
        True,
        False,
        True,
    ]
    for wrong in (partial(book, payment, 2499, "one"), partial(book, other, 2500, "two")):
        with pytest.raises(Conflict) as refused:
            wrong()
        assert refused.value.code == "bank_reference_used"
    assert more(before) == (5000, 0, 5000)


def hold(payment: str) -> str:
    return f"SELECT FROM payment WHERE public_id = '{payment}' FOR UPDATE"


def test_of_two_operators_with_one_statement_the_second_books_nothing(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            before, payment = kept(), bought()
            cancel(payment)
        operators = [partial(book, payment, by=name) for name in ("first", "second")]
        assert sorted(race(shop, *operators, behind=hold(payment))) == [False, True]
        with shop.app_context():
            assert (more(before), len(refunds(payment))) == ((2500, 0, 2500), 1)


def test_of_two_who_read_one_transfer_for_two_payments_one_is_told(shop: Flask) -> None:
    for number in range(ROUNDS):
        with shop.app_context():
            before, payments = kept(), [bought(), bought()]
            for payment in payments:
                cancel(payment)
        answers = race(shop, *(partial(book, payment, reference=f"line-{number}") for payment in payments))
        codes = [answer.code if isinstance(answer, Conflict) else answer for answer in answers]
        assert sorted(codes, key=str) == [True, "bank_reference_used"]
        with shop.app_context():
            assert more(before) == (2500, 0, 2500)
            assert db.session.scalar(
                select(func.count()).select_from(UnappliedReceipt).filter_by(bank_reference=f"line-{number}")
            )


def test_one_who_cancels_and_one_who_confirms_at_once_leave_the_money_in_one_place(shop: Flask) -> None:
    ends: set[str] = set()
    acts: list[Callable[[str], bool]] = [cancel, confirm]
    for number in range(ROUNDS):
        with shop.app_context():
            before, payment = kept(), bought()
        meeting = acts if number % 2 else acts[::-1]
        answers = race(shop, *(partial(act, payment) for act in meeting), behind=hold(payment))
        assert [answer for answer in answers if answer is True] == [True]
        with shop.app_context():
            state = get_payment(payment).state
            ends.add(state)
            # Whoever confirmed too late has seen the money, and books it where it goes back.
            assert state == "paid" or book(payment)
            assert more(before) == ((2500, 2500, 0) if state == "paid" else (2500, 0, 2500))
            assert stock(payment) == (8 if state == "paid" else 10)
    assert ends <= {"paid", "cancelled"}
