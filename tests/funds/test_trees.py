"""Whatever offices do in whatever order, what was paid and what stands add up to what left the source; and two who race."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from marketplace.funds.payments import approve_payment, pay_from, propose_payment, reverse_payment
from marketplace.funds.queries import get_fund, get_payment, held_fen, leaves, ledger_faults, standings, totals, way_up
from marketplace.funds.service import allocate, give_back
from marketplace.funds.states import PaymentState
from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError
from marketplace.ledger.earmarks import fund_account
from marketplace.ledger.service import post_transfer
from tests import factories
from tests.factories import NOW
from tests.funds.county import COUNTY, PROJECT, PROVINCE, TOWNSHIP, fund_in_force, office, order
from tests.own_database import own_database, race

PLACES = (PROVINCE, "5226", COUNTY, TOWNSHIP, "522636200", PROJECT, "522636100001")
_acts = st.tuples(
    st.sampled_from(["allocate", "give_back", "pay", "reverse", "to_budget"]),
    st.sampled_from(["housing", "education"]),
    st.sampled_from(PLACES),
    st.sampled_from(PLACES),
    st.integers(1, 60_000_000),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(_acts, min_size=5, max_size=30))
def test_what_was_paid_and_what_stands_add_up_after_any_acts(
    session: Session, acts: list[tuple[str, str, str, str, int]]
) -> None:
    with transaction():
        factories.area()
        factories.area("522636200")
        keepers = {area: office(area) for area in (PROVINCE, "5226", COUNTY)}
        fund = fund_in_force(keepers[PROVINCE])
        paid = []
        for act, purpose, source, target, fen in acts:
            at = keepers[source[:6]]
            try:
                if act == "allocate":
                    allocate(fund, purpose, source, target, fen, "文", by=at.first, now=NOW)
                elif act == "give_back":
                    give_back(fund, purpose, source, target, fen, "文", by=at.first, now=NOW)
                elif act == "to_budget":
                    give_back(fund, purpose, PROVINCE, "source", fen, "文", by=keepers[PROVINCE].first, now=NOW)
                elif act == "pay":
                    wanted = order(purpose=purpose, place=source, fen=fen)
                    if held_fen(fund, purpose, source) >= fen:
                        paid.append(pay_from(fund, wanted, by=at.first, approved_by=at.second, now=NOW))
                elif paid:
                    last = paid.pop()
                    reverse_payment(last, "退回", by=keepers[last.place[:6]].first, now=NOW)
            except DomainError as refusal:
                assert refusal.code in {"fund_not_below", "fund_short", "fund_not_from_there"}
    assert ledger_faults() == []
    for purpose, sums in totals(fund).items():
        own = [one for one in standings([fund]) if one.purpose_code == purpose]
        assert sum(one.balance_fen for one in own) + sum(leaf.amount_fen for leaf in leaves(fund, purpose)) == sums.issued_fen
        assert all(one.balance_fen > 0 for one in own)
    for leaf in leaves(fund):
        way = way_up(leaf)
        assert way[0].kind == "issue"
        # Each place on the way was fed by moves before it passed anything on.
        assert {leaf.place, *(move.source for move in way)} - {"source"} <= {move.target for move in way}


@pytest.fixture(scope="module")
def books(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that really commits."""
    with own_database(database_server, data_dir, "funds") as app:
        yield app


def ready(books: Flask) -> tuple[str, int, int]:
    """A fund of the county's with one hundred yuan for housing, and its two officers."""
    with books.app_context(), transaction():
        at = office(COUNTY)
        fund = fund_in_force(at, COUNTY, {"housing": 10_000})
        return fund.public_id, at.first.id, at.second.id


def test_two_who_pass_on_the_last_money_at_once_pass_it_on_once(books: Flask) -> None:
    for _ in range(5):
        fund_id, first, second = ready(books)

        def pass_on(person: int, fund_id: str = fund_id) -> Callable[[], str]:
            def run() -> str:
                with transaction():
                    by = db.session.get_one(Account, person)
                    return allocate(get_fund(fund_id), "housing", COUNTY, TOWNSHIP, 7_000, "文", by=by, now=NOW).kind

            return run

        answers = race(books, pass_on(first), pass_on(second), behind="LOCK TABLE fund_earmark IN ACCESS EXCLUSIVE MODE")
        refusals = [answer for answer in answers if isinstance(answer, Conflict)]
        assert [answer for answer in answers if answer == "allocate"] == ["allocate"]
        assert [refusal.code for refusal in refusals] == ["fund_short"]
        with books.app_context():
            assert held_fen(get_fund(fund_id), "housing", COUNTY) == 3_000


def test_two_payments_of_the_last_money_approved_at_once_are_paid_once(books: Flask) -> None:
    fund_id, first, second = ready(books)
    with books.app_context(), transaction():
        by = db.session.get_one(Account, first)
        names = [propose_payment(get_fund(fund_id), order(place=COUNTY, fen=6_000), by=by, now=NOW).public_id for _ in range(2)]

    def approve(name: str) -> Callable[[], bool]:
        def run() -> bool:
            with transaction():
                return approve_payment(get_payment(name, lock=True), by=db.session.get_one(Account, second), now=NOW)

        return run

    answers = race(books, *map(approve, names), behind="LOCK TABLE fund_earmark IN ACCESS EXCLUSIVE MODE")
    assert sorted(str(getattr(answer, "code", answer)) for answer in answers) == ["True", "fund_short"]
    with books.app_context():
        assert sorted(get_payment(name).state for name in names) == [PaymentState.PAID, PaymentState.PROPOSED]
        assert ledger_faults() == []


def test_one_payment_approved_by_two_at_once_is_paid_once(books: Flask) -> None:
    fund_id, first, second = ready(books)
    with books.app_context(), transaction():
        third = office(COUNTY).first.id
        made = propose_payment(
            get_fund(fund_id), order(place=COUNTY, fen=4_000), by=db.session.get_one(Account, first), now=NOW
        )
        name = made.public_id

    def approve(person: int) -> Callable[[], bool]:
        def run() -> bool:
            with transaction():
                return approve_payment(get_payment(name, lock=True), by=db.session.get_one(Account, person), now=NOW)

        return run

    answers = race(books, approve(second), approve(third), behind="LOCK TABLE fund_payment IN ACCESS EXCLUSIVE MODE")
    assert sorted(answers) == [False, True]
    with books.app_context():
        assert held_fen(get_fund(fund_id), "housing", COUNTY) == 6_000


def test_the_database_lets_nobody_take_what_another_is_taking_though_no_earmark_was_locked(books: Flask) -> None:
    """Two transfers by bare booking, each of which would find enough if it looked before the other commits."""
    fund_id, _, _ = ready(books)

    def take(name: str) -> Callable[[], str]:
        def run() -> str:
            with transaction():
                amounts = {fund_account(fund_id, "housing", COUNTY): -7_000, fund_account(fund_id, "housing", "paid"): 7_000}
                post_transfer("x", "x", f"{fund_id}{name}", amounts, at=NOW)
                return name

        return run

    behind = "SELECT FROM ledger_account WHERE tag IS NOT NULL FOR UPDATE"
    answers = race(books, take("a"), take("b"), behind=behind)
    assert len([answer for answer in answers if answer in ("a", "b")]) == 1
    assert any("would stand at -4000 fen" in str(answer) for answer in answers)
