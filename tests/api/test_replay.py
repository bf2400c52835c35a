"""One Idempotency-Key sent by twenty at once is one purchase."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.catalogue.models import Listing, MovementKind, StockMovement
from marketplace.identity.service import issue_token
from marketplace.kernel import clock, embedded_postgres
from marketplace.kernel.audit import AuditEvent, check_chain
from marketplace.kernel.db import db, transaction
from marketplace.kernel.idempotency import IdempotencyKey
from marketplace.orders.models import Order, OrderGroup
from marketplace.payments.models import Payment
from marketplace.recommendations.models import Event
from tests import factories
from tests.own_database import own_database, race

CALLERS = 20


@pytest.fixture
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that twenty connections can commit to."""
    with own_database(database_server, data_dir, "replay") as app:
        yield app


def count(table: type) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_one_key_sent_by_twenty_at_once_is_one_purchase_and_all_get_the_same_answer(shop: Flask) -> None:
    with shop.app_context(), transaction():
        buyer = factories.account(login="buyer@example.org")
        apples = factories.listing(stock=5)
        pears = factories.listing(stock=5, price_fen=333)
        basket = factories.basket(buyer, (apples, 2), (pears, 1))
        listing_ids = [apples.id, pears.id]
        token, _ = issue_token(buyer, now=clock.now())
        body = {
            "basket": basket.public_id,
            "expected_total_fen": 2833,
            "destination": {"recipient": "张三", "phone": "13800000000", "area_code": "522636", "address": "龙泉镇"},
            "payment_method": "bank_transfer",
        }

    def call() -> tuple[int, bytes, str]:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one-purchase"}
        answer = shop.test_client().post("/api/v1/checkout", headers=headers, json=body)
        return answer.status_code, answer.data, answer.headers["Location"]

    answers = race(shop, *[call] * CALLERS)
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    with shop.app_context():
        assert [count(table) for table in (OrderGroup, Order, Payment, IdempotencyKey, Event)] == [1, 2, 1, 1, 2]
        left = [db.session.get_one(Listing, listing_id).available for listing_id in listing_ids]
        assert left == [Decimal(3), Decimal(4)]
        taken = db.session.scalars(select(StockMovement.quantity).filter_by(kind=MovementKind.SALE)).all()
        assert sorted(taken) == [Decimal(-2), Decimal(-1)]
        assert db.session.scalar(select(func.count(AuditEvent.id)).filter_by(verb="order.placed")) == 1
        assert check_chain()[1] is None
        assert db.session.scalars(select(Payment.amount_fen)).all() == [2833]
