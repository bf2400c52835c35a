"""Two at once: one approval wins, no week is promised twice, and an answer meets its deadline on one side or the other."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.sourcing.answers import answer_part, lapse_parts
from marketplace.sourcing.models import Plan, PlanPart, SupplyDeclaration, SupplyWeek
from marketplace.sourcing.planning import approve_plan
from marketplace.sourcing.states import PlanPartState, PlanState
from marketplace.sourcing.supplies import withdraw_supply
from tests.factories import NOW
from tests.own_database import own_database, race
from tests.sourcing.plan_world import approved, buyer, demand, farm, planned, supply

ROUNDS = 3
WEEKS_HELD = "SELECT id FROM supply_week ORDER BY id FOR UPDATE"


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "plan_races") as app:
        yield app


def approve(plan: str, account_id: int) -> bool:
    with transaction():
        return approve_plan(plan, by=db.session.get_one(Account, account_id), now=NOW)


def say(part: str, producer_id: int, *, yes: bool) -> bool:
    with transaction():
        return answer_part(part, producer_id, accept=yes, actor="a", now=NOW)


def take_back(declaration: str, producer_id: int) -> bool:
    with transaction():
        return withdraw_supply(declaration, producer_id, actor="b", now=NOW)


def let_lapse(now: datetime) -> int:
    with transaction():
        return lapse_parts(now=now)


def promised() -> bool:
    """Whether every week has promised what its live parts bring, and no more than it can give."""
    for week in db.session.scalars(select(SupplyWeek)):
        live = db.session.scalars(
            select(PlanPart.grams).where(
                PlanPart.week_id == week.id, PlanPart.state.in_((PlanPartState.ASKED, PlanPartState.ACCEPTED))
            )
        )
        if week.committed_g != sum(live) or week.committed_g > week.grams:
            return False
    return True


def test_of_two_who_approve_one_plan_at_once_one_has_done_it(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            who, enterprise = buyer()
            supply(farm(), 60)
            plan = planned([demand(who, enterprise, 50)], who).public_id
            account_id = who.id
        answers = race(shop, *[partial(approve, plan, account_id)] * 2, behind="SELECT id FROM plan ORDER BY id FOR UPDATE")
        assert sorted(answers) == [False, True]
        with shop.app_context():
            assert promised()
            withdraw_all()


def test_of_two_plans_that_count_on_the_same_week_one_is_approved(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            who, enterprise = buyer()
            supply(farm(), 60)
            plans = [planned([demand(who, enterprise, 50)], who).public_id for _ in range(2)]
            account_id = who.id
        answers = race(shop, *[partial(approve, plan, account_id) for plan in plans], behind=WEEKS_HELD)
        assert sorted(str(answer) if not isinstance(answer, Conflict) else answer.code for answer in answers) == [
            "True",
            "plan_outdated",
        ]
        with shop.app_context():
            states = db.session.scalars(select(Plan.state).where(Plan.public_id.in_(plans)))
            assert sorted(states) == [PlanState.APPROVED, PlanState.PROPOSED]
            assert promised()
            withdraw_all()


def test_a_yes_and_goods_taken_back_at_once_leave_nothing_promised(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            who, enterprise = buyer()
            declared = supply(farm(), 60)
            (part,) = approved([demand(who, enterprise, 50)], who).parts
            names = part.public_id, part.producer_id, declared.public_id

        yes, back = partial(say, names[0], names[1], yes=True), partial(take_back, names[2], names[1])
        said, taken = race(shop, yes, back, behind=WEEKS_HELD)
        assert taken is True
        assert said is True or isinstance(said, Conflict)
        with shop.app_context():
            assert db.session.scalars(select(PlanPart.state).filter_by(public_id=names[0])).one() == PlanPartState.CUT
            assert promised()


def test_an_answer_at_the_last_moment_counts_or_the_part_has_lapsed(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            who, enterprise = buyer()
            supply(farm(), 60)
            (part,) = approved([demand(who, enterprise, 50)], who).parts
            public_id, producer_id, last = part.public_id, part.producer_id, part.answer_by_at

        assert last is not None
        no = partial(say, public_id, producer_id, yes=False)
        said, lapsed = race(shop, no, partial(let_lapse, last), behind=WEEKS_HELD)
        assert (said is True) != (lapsed == 1)
        with shop.app_context():
            assert promised()
            assert db.session.scalar(select(SupplyWeek.committed_g).join(PlanPart).where(PlanPart.public_id == public_id)) == 0
            withdraw_all()


def withdraw_all() -> None:
    """Leave nothing declared for the next round."""
    for declared in db.session.scalars(select(SupplyDeclaration).filter_by(state="open")).all():
        with transaction():
            withdraw_supply(declared.public_id, declared.producer_id, actor="x", now=NOW)
