"""Refunds that a person had sent before they had a state of their own are told apart by the ledger, and carried back."""

from pathlib import Path

from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Order
from marketplace.orders.placing import place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import refund_order, send_refund_by_hand
from marketplace.orders.service import confirm_payment
from marketplace.orders.settlement import book_refund_sent
from marketplace.payments.models import PaymentMethod, Refund
from marketplace.payments.queries import get_payment, lock_refund
from marketplace.payments.service import move_refund
from marketplace.payments.states import RefundAction
from tests.factories import NOW
from tests.orders.purchases import TO, filled_basket
from tests.own_database import own_database


def refunded(by_hand: bool) -> None:
    """A part of a purchase that was given back, by a person or by a provider."""
    basket = filled_basket()
    with transaction():
        placed = (basket.account_id, basket.account, basket.basket, TO, PaymentMethod.BANK_TRANSFER, 2500)
        group = place_order(*placed, now=NOW)
        confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="operator", now=NOW)
        order = db.session.scalars(select(Order.public_id).filter_by(group_id=group.id)).one()
        made = refund_order(order, 1000, expected_refunded_fen=0, actor="operator", now=NOW)
        refund = lock_refund(made.public_id)
        assert refund is not None
        if by_hand:
            send_refund_by_hand(refund, actor="operator", now=NOW)
        else:
            move_refund(refund, RefundAction.SUCCEED, now=NOW)
            book_refund_sent(refund, by_hand=False, now=NOW)


def states() -> list[str]:
    found = list(db.session.scalars(select(Refund.state).order_by(Refund.id)))
    db.session.remove()
    return found


def test_what_a_person_has_sent_is_found_in_the_ledger(database_server: embedded_postgres.Server, data_dir: Path) -> None:
    with own_database(database_server, data_dir, "by_hand") as app, app.app_context():
        refunded(by_hand=True)
        refunded(by_hand=False)
        assert states() == ["by_hand", "succeeded"]
        downgrade(revision="0008")
        assert states() == ["succeeded", "succeeded"]
        upgrade()
        assert states() == ["by_hand", "succeeded"]
