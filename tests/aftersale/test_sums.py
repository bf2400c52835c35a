"""Whatever claims, answers and rulings come in whatever order: no line gives back more than it cost, and the books sum."""

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.ledger.checking import check_ledger
from marketplace.ledger.queries import trial_balance
from marketplace.orders.claim_handling import sweep_claims
from marketplace.orders.claim_states import ENDED, ClaimState
from marketplace.orders.claims import accept_claim, dispute_claim, offer_amount, open_claim_on_line, refuse_claim, take_offer
from marketplace.orders.disputes import Ruling, rule, rule_again
from marketplace.orders.goodwill import GOODWILL
from marketplace.orders.models import Claim, Order
from marketplace.orders.refunds import refund_order
from marketplace.orders.settlement import REFUNDS, SERVICE_FEE, kept_fen
from marketplace.orders.shares import producer_account
from marketplace.payments.models import Refund
from tests.aftersale.sale import HOUR, NOW, Sale, step

AMOUNT = st.integers(1, 2600)
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["claim", "accept", "offer", "take", "refuse", "dispute", "rule", "again", "refund", "sweep"]),
        st.integers(1, 2),
        AMOUNT,
    ),
    min_size=5,
    max_size=16,
)


class Course:
    """One course of things on one order."""

    def __init__(self, sale: Sale) -> None:
        self.sale, self.now = sale, NOW + HOUR

    def go(self, kind: str, line: int, amount_fen: int) -> None:
        """One move; what is refused is as if it had not been."""
        with suppress(DomainError):
            getattr(self, kind)(line, amount_fen)

    def _step(self, act: Any, line: int, *args: Any, by: Any) -> None:
        claim = open_claim_on_line(self.sale.order.lines[line - 1].id)
        if claim is not None:
            step(act, claim.public_id, *args, by=by, now=self.now)

    def claim(self, line: int, amount_fen: int) -> None:
        self.sale.claim(amount_fen, line=line, now=self.now)

    def accept(self, line: int, amount_fen: int) -> None:
        self._step(accept_claim, line, by=self.sale.seller)

    def offer(self, line: int, amount_fen: int) -> None:
        self._step(offer_amount, line, amount_fen, "少一点", by=self.sale.seller)

    def take(self, line: int, amount_fen: int) -> None:
        self._step(take_offer, line, by=self.sale.buyer)

    def refuse(self, line: int, amount_fen: int) -> None:
        self._step(refuse_claim, line, "没坏", by=self.sale.seller)

    def dispute(self, line: int, amount_fen: int) -> None:
        self._step(dispute_claim, line, "坏了", by=self.sale.buyer)

    def rule(self, line: int, amount_fen: int) -> None:
        self._step(rule, line, Ruling(amount_fen, amount_fen // 3, "看过了"), by=self.sale.operator)

    def again(self, line: int, amount_fen: int) -> None:
        self._step(rule_again, line, Ruling(amount_fen, amount_fen // 2, "看过了"), by=self.sale.colleague)

    def refund(self, line: int, amount_fen: int) -> None:
        with transaction():
            seen = self.sale.order.refunded_fen
            refund_order(self.sale.order_id, amount_fen, expected_refunded_fen=seen, actor="operator", now=self.now)

    def sweep(self, line: int, amount_fen: int) -> None:
        # Only forward in time, and never beyond the clock of fresh goods.
        sweep_claims(now=self.now + 200 * HOUR)


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(MOVES)
def test_no_line_gives_back_more_than_it_cost_and_the_books_sum_to_nothing(session: Session, moves: list[Any]) -> None:
    sale = Sale()
    course = Course(sale)
    for move in moves:
        course.go(*move)
    order = sale.order
    settled = dict(
        db.session.execute(
            select(Claim.order_line_id, func.sum(Claim.settled_fen))
            .where(Claim.order_id == order.id)
            .group_by(Claim.order_line_id)
        ).all()
    )
    for line in order.lines:
        assert line.refunded_fen == settled.get(line.id, 0) <= line.total_fen
    refunds = db.session.scalars(select(Refund).filter_by(purpose_id=order.public_id)).all()
    assert order.refunded_fen == sum(refund.amount_fen for refund in refunds) <= order.total_fen
    claims = db.session.scalars(select(Claim).filter_by(order_id=order.id)).all()
    assert sum(claim.settled_fen for claim in claims) <= order.refunded_fen
    assert all((claim.answer_by is None) == (ClaimState(claim.state) in ENDED) for claim in claims)
    # Everything that was promised back waits in one place; the sellers have the rest and what the platform bears for them.
    # The sweep may have gone on with purchases of courses before this one, so all of them are summed.
    total_fen, refunded_fen = db.session.execute(select(func.sum(Order.total_fen), func.sum(Order.refunded_fen))).one()
    kept = dict(trial_balance())
    sellers = sum(fen for code, fen in kept.items() if code.startswith("producer:"))
    assert kept.get(REFUNDS, 0) == refunded_fen
    assert sellers + kept[SERVICE_FEE] == total_fen - refunded_fen - kept.get(GOODWILL, 0)
    assert kept_fen(order) <= kept[producer_account(sale.producer.public_id)]
    assert sum(kept.values()) == 0
    assert check_ledger().fault is None
