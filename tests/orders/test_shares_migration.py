"""Orders from before there were shares get theirs from the two parts they had, and what a buyer had received is accepted."""

from pathlib import Path

from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Order, OrderShare
from marketplace.orders.placing import place_order
from marketplace.orders.service import accept_delivery, ship_order
from marketplace.payments.models import PaymentMethod
from tests.factories import NOW
from tests.orders.purchases import TO, filled_basket
from tests.own_database import own_database


def accepted() -> None:
    basket = filled_basket()
    with transaction():
        placed = (basket.account_id, basket.account, basket.basket, TO, PaymentMethod.CASH_ON_DELIVERY, 2500)
        order = place_order(*placed, now=NOW).orders[0]
        ship_order(order.public_id, order.producer_id, actor="farmer", now=NOW)
        accept_delivery(order.public_id, basket.account_id, actor="buyer", now=NOW)


def shares() -> list[tuple[str, str, int]]:
    rows = db.session.scalars(select(OrderShare).order_by(OrderShare.amount_fen)).all()
    found = [(row.kind, row.payee.split(":")[0], row.amount_fen) for row in rows]
    db.session.remove()
    return found


def test_old_orders_get_their_shares_and_their_state(database_server: embedded_postgres.Server, data_dir: Path) -> None:
    with own_database(database_server, data_dir, "shares") as app, app.app_context():
        accepted()
        wanted = [("platform", "platform", 75), ("producer", "producer", 2425)]
        assert shares() == wanted
        downgrade(revision="0009")
        old = text('SELECT state, producer_fen, service_fee_fen, delivered_at IS NOT NULL FROM "order"')
        assert [tuple(row) for row in db.session.execute(old)] == [("delivered", 2425, 75, True)]
        db.session.remove()
        upgrade()
        assert shares() == wanted
        order = db.session.scalars(select(Order)).one()
        assert (order.state, order.accepted_at, order.claim_open) == ("accepted", NOW, False)
