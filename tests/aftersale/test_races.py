"""Two answers at one moment on real connections: one of them counts, money goes back once, and nobody waits for ever."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.checking import check_ledger
from marketplace.orders.claim_handling import sweep_claims, take_step
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.claims import Complaint, accept_claim, file_claim, offer_amount, refuse_claim, withdraw_claim
from marketplace.orders.models import Claim, Order, Review
from marketplace.orders.refunds import refund_order
from marketplace.orders.reviews import Opinion, write_review
from marketplace.payments.models import Refund
from tests.aftersale.sale import HOUR, NOW, PHOTO, Sale
from tests.own_database import own_database, race

LATER = NOW + 2 * HOUR


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    with own_database(database_server, data_dir, "after-sale-races") as app:
        yield app


class Claimed:
    """A claim of ten yuan that has just been filed, and what another connection has to know of it."""

    def __init__(self) -> None:
        sale = Sale()
        self.order, self.buyer, self.seller = sale.order_id, sale.buyer, sale.seller
        self.order_row = sale.order.id
        self.payment_lock = f"SELECT FROM payment WHERE purpose_id = '{sale.group.public_id}' FOR UPDATE"
        self.claim = sale.claim(1000)


def run(act: Callable[..., Claim], claimed: Claimed, *args: Any, by: Any) -> str:
    return take_step(partial(act, claimed.claim, *args, by, now=LATER), now=LATER)


def standing(claimed: Claimed) -> tuple[str, int, int, int]:
    """State and settled money of the claim, what the order gave back, and how many refunds there are."""
    claim = db.session.scalars(select(Claim).filter_by(public_id=claimed.claim)).one()
    order = db.session.get_one(Order, claimed.order_row)
    refunds = db.session.scalar(select(func.count()).select_from(Refund).filter_by(purpose_id=claimed.order)) or 0
    return claim.state, claim.settled_fen, order.refunded_fen, refunds


def test_accepted_twice_at_once_it_is_paid_once(shop: Flask) -> None:
    with shop.app_context():
        claimed = Claimed()
    accept = partial(run, accept_claim, claimed, by=claimed.seller)
    answers = race(shop, accept, accept, behind=claimed.payment_lock)
    with shop.app_context():
        assert answers == [claimed.claim] * 2
        assert standing(claimed) == ("settled", 1000, 1000, 1)


@pytest.mark.parametrize("other", ["offer", "refuse", "withdraw", "sweep"])
def test_of_two_different_answers_one_counts_and_the_other_is_told(shop: Flask, other: str) -> None:
    with shop.app_context():
        claimed = Claimed()
    accept = partial(run, accept_claim, claimed, by=claimed.seller)
    against: dict[str, Callable[[], Any]] = {
        "offer": partial(run, offer_amount, claimed, 400, "少一点", by=claimed.seller),
        "refuse": partial(run, refuse_claim, claimed, "没坏", by=claimed.seller),
        "withdraw": partial(run, withdraw_claim, claimed, by=claimed.buyer),
        "sweep": partial(sweep_claims, now=NOW + 60 * HOUR),
    }
    answers = race(shop, accept, against[other], behind=claimed.payment_lock)
    ended = {"offer": "offered", "refuse": "refused", "withdraw": "withdrawn"}
    with shop.app_context():
        state, settled_fen, refunded_fen, refunds = standing(claimed)
        if state == "settled":
            assert (settled_fen, refunded_fen, refunds) == (1000, 1000, 1)
        else:
            assert (state, settled_fen, refunded_fen, refunds) == (ended[other], 0, 0, 0)
        if other != "sweep":
            assert sum(isinstance(answer, Conflict) for answer in answers) == 1
        assert check_ledger().fault is None


def test_two_claims_on_one_line_at_once_are_one(shop: Flask) -> None:
    with shop.app_context():
        claimed = Claimed()

    def file() -> str:
        complaint = Complaint(ClaimKind.ROTTEN, "烂了", asked_fen=300, pictures=[PHOTO])
        act = partial(file_claim, claimed.order, 2, complaint, claimed.buyer, now=LATER)
        return take_step(act, now=LATER)

    answers = race(shop, file, file, behind=claimed.payment_lock)
    lost = [answer for answer in answers if isinstance(answer, Conflict)]
    assert [error.code for error in lost] == ["claim_open"]


def test_a_claim_and_the_operators_refund_at_once_give_no_more_than_there_is(shop: Flask) -> None:
    with shop.app_context():
        claimed = Claimed()

    def refund() -> int:
        with transaction():
            return refund_order(claimed.order, 3500, expected_refunded_fen=0, actor="operator", now=LATER).amount_fen

    race(shop, partial(run, accept_claim, claimed, by=claimed.seller), refund, behind=claimed.payment_lock)
    with shop.app_context():
        state, settled_fen, refunded_fen, _refunds = standing(claimed)
        # The claim came first and the refund was told that something had changed, or it got what the refund had left.
        assert (state, settled_fen, refunded_fen) in (("settled", 1000, 1000), ("settled", 500, 4000))


def test_two_reviews_of_one_line_at_once_are_one(shop: Flask) -> None:
    with shop.app_context():
        claimed = Claimed()

    def write() -> str:
        with transaction():
            author = db.session.get_one(Account, claimed.buyer.account_id)
            return write_review(claimed.order, 1, Opinion(5, "甜"), author, now=LATER).public_id

    answers = race(shop, write, write, behind=f'SELECT FROM "order" WHERE id = {claimed.order_row} FOR UPDATE')
    with shop.app_context():
        assert len({str(answer) for answer in answers}) == 1
        assert db.session.scalar(select(func.count()).select_from(Review)) == 1
