"""Real connections that act on one case at the same moment: one of them wins, and the other is told."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.registry.cases.notices import get_notice, open_notices
from marketplace.registry.cases.objections import object_to
from marketplace.registry.cases.opening import open_entry, open_monitoring
from marketplace.registry.cases.permissions import Taker
from marketplace.registry.cases.reading_cases import get_case
from marketplace.registry.cases.rounds import get_round, take_round
from marketplace.registry.cases.taking import take
from marketplace.registry.models import (
    Case,
    CaseAction,
    CaseSource,
    CaseStep,
    Household,
    HouseholdStatus,
    Objection,
    Risk,
    Round,
)
from marketplace.registry.reading import unbounded
from tests import factories
from tests.own_database import own_database, race
from tests.registry.cases.village import EVERYWHERE, Village, make_village

A = CaseAction
ROUNDS = 5


@pytest.fixture(scope="module")
def own(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "case_races") as app:
        yield app


def taking(public_id: str, action: CaseAction, by_id: int, place: Village, reason: str = "") -> bool:
    """Take a step in a transaction of its own."""
    with transaction():
        case, _ = get_case(public_id, EVERYWHERE)
        return take(case, action, Taker(db.session.get_one(Account, by_id)), now=place.now, reason=reason)


def hold(table: str, row_id: int) -> str:
    """The statement that locks one row; it changes nothing, and reads nobody's file."""
    return f"UPDATE {table} SET village_code = village_code WHERE id = {row_id}"


def ids(accounts: list[Account]) -> list[int]:
    return [account.id for account in accounts]


def test_of_two_who_decide_differently_one_wins_and_the_other_is_told(own: Flask) -> None:
    for _ in range(ROUNDS):
        with own.app_context():
            place = make_village()
            case = place.clue(place.household())
            public_id, case_id, by = case.public_id, case.id, ids(place.township)
        answers = race(
            own,
            partial(taking, public_id, A.CHECK, by[0], place),
            partial(taking, public_id, A.REFUSE, by[1], place, "没有风险"),
            behind=hold("registry_case", case_id),
        )
        with own.app_context():
            state = get_case(public_id, EVERYWHERE)[0].state
            taken = db.session.scalars(
                unbounded(select(CaseStep.action).where(CaseStep.case_id == case_id, CaseStep.action.is_not(None)), "a test")
            ).all()
        # The one who comes second may still refuse what was checked a moment before, but nobody checks what was refused.
        assert (state, taken) in [("refused", ["refuse"]), ("refused", ["check", "refuse"])]
        lost = [answer for answer in answers if isinstance(answer, Conflict)]
        assert len(lost) == (1 if taken == ["refuse"] else 0)


def test_of_two_who_monitor_at_once_one_begins_the_status(own: Flask) -> None:
    for _ in range(ROUNDS):
        with own.app_context():
            place = make_village()
            household = place.household()
            case = place.clue(household)
            place.take(case, A.CHECK, place.township[0])
            place.take(case, A.PUBLISH, place.village[0])
            place.wait(6)
            place.take(case, A.CLOSE, place.village[0])
            public_id, case_id, household_id, by = case.public_id, case.id, household.id, ids(place.county)
        answers = race(
            own,
            *(partial(taking, public_id, A.MONITOR, number, place) for number in by),
            behind=hold("registry_case", case_id),
        )
        assert sorted(answers) == [False, True]
        with own.app_context():
            query = select(func.count()).select_from(HouseholdStatus).where(HouseholdStatus.household_id == household_id)
            assert db.session.scalar(query) == 1


def test_two_procedures_that_end_at_once_give_a_household_one_status(own: Flask) -> None:
    """It is registered as poor and monitored in the same moment: the second finds the first's status and is refused."""
    with own.app_context():
        place = make_village()
        household = place.household()
        clue, application = place.clue(household), place.apply(household)
        village_round = place.round_of(application)
        place.to_first_closed(village_round)
        place.to_second_closed(village_round)
        place.to_announced(village_round)
        place.take(clue, A.CHECK, place.township[0])
        place.take(clue, A.PUBLISH, place.village[0])
        place.wait(6)
        place.take(clue, A.CLOSE, place.village[0])
        clue_id, round_id, household_id, by = clue.public_id, village_round.public_id, household.id, ids(place.county)

    def register() -> bool:
        with transaction():
            found = get_round(round_id, EVERYWHERE)
            return take_round(found, A.REGISTER, Taker(db.session.get_one(Account, by[1])), now=place.now)

    answers = race(own, register, partial(taking, clue_id, A.MONITOR, by[0], place), behind=hold("household", household_id))
    assert [type(answer) for answer in answers].count(Conflict) == 1
    with own.app_context():
        query = select(HouseholdStatus.category).where(HouseholdStatus.household_id == household_id)
        assert len(db.session.scalars(query).all()) == 1


def test_an_objection_and_the_closing_of_its_notice_do_not_pass_each_other(own: Flask) -> None:
    for _ in range(ROUNDS):
        with own.app_context():
            place = make_village()
            case = place.clue(place.household())
            place.take(case, A.CHECK, place.township[0])
            place.take(case, A.PUBLISH, place.village[0])
            place.wait(6)
            (notice,) = open_notices([case.id])
            public_id, notice_id, row_id, by = case.public_id, notice.public_id, notice.id, place.village[0].id
            db.session.commit()

        def objecting(public_id: str = notice_id, place: Village = place) -> str:
            with transaction():
                return object_to(get_notice(public_id), 1, "不属实", "", now=place.now).public_id

        answers = race(own, objecting, partial(taking, public_id, A.CLOSE, by, place), behind=hold("case_notice", row_id))
        assert [isinstance(answer, Conflict) for answer in answers].count(True) == 1
        with own.app_context():
            state = get_case(public_id, EVERYWHERE)[0].state
            made = db.session.scalar(
                unbounded(select(func.count()).select_from(Objection).where(Objection.notice_id == row_id), "a test")
            )
        assert (state, made) in [("notice", 1), ("notice_closed", 0)]


def test_of_two_who_open_the_same_case_or_round_there_is_one(own: Flask) -> None:
    for number in range(ROUNDS):
        village = f"5226361020{number + 10:02d}"
        with own.app_context(), transaction():
            one, two = factories.household(village), factories.household(village)
            by = factories.account(("officer", village))  # type: ignore[arg-type]
            household_ids, by_id = [one.id, two.id], by.id

        def applying(household_id: int, by_id: int = by_id) -> int | None:
            with transaction():
                household = db.session.get_one(Household, household_id)
                taker = Taker(db.session.get_one(Account, by_id))
                return open_entry(household, CaseSource.OFFICER, taker, now=factories.NOW).round_id

        rounds = race(own, *(partial(applying, number) for number in household_ids))
        assert rounds[0] == rounds[1] and isinstance(rounds[0], int)

        def hinting(household_id: int = household_ids[0], by_id: int = by_id) -> int:
            with transaction():
                household = db.session.get_one(Household, household_id)
                taker = Taker(db.session.get_one(Account, by_id))
                return open_monitoring(household, Risk.SUDDEN, CaseSource.OFFICER, taker, now=factories.NOW).id

        answers = race(own, hinting, hinting, behind=hold("household", household_ids[0]))
        assert [type(answer) for answer in answers].count(Conflict) == 1
    with own.app_context():
        assert (
            db.session.scalar(select(func.count()).select_from(Round).where(Round.village_code.startswith("5226361020")))
            == ROUNDS
        )
        assert db.session.scalar(unbounded(select(func.count()).select_from(Case), "a test"))
