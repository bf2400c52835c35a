"""Counting a county: who is entitled, whose file leaves it open, what a new line or rule changes, and a run that is cut off."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from marketplace.assistance.safety_net.costs import enter_cost, withdraw_cost
from marketplace.assistance.safety_net.counting import continue_run, start_run
from marketplace.assistance.safety_net.deciding import grant
from marketplace.assistance.safety_net.models import CostKind, Entitlement, SafetyNetRun
from marketplace.assistance.safety_net.queries import gap_of, measured, waiting_by_village
from marketplace.assistance.safety_net.rules import set_benefit
from marketplace.assistance.safety_net.states import EntitlementState, RunState
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden, Invalid
from marketplace.registry.filing import record_values
from marketplace.registry.models import HouseholdStatus
from marketplace.registry.reading import Reach, unbounded
from tests.factories import NOW, TODAY, VILLAGE
from tests.own_database import own_database
from tests.registry import people
from tests.safety_net.world import (
    COUNTY,
    LINE_FEN,
    MEDICAL,
    PROVINCE,
    TOPUP,
    counted,
    filed,
    of,
    rule_count,
    set_line,
    shown,
    world,
)

EVERYWHERE = Reach.everywhere("a test")


def test_who_lies_one_fen_below_the_line_is_owed_one_fen_and_who_lies_on_it_nothing(acting: Session) -> None:
    here = world()
    below, on = filed(here.first, LINE_FEN - 1), filed(here.first, LINE_FEN)
    run = counted()
    assert (run.state, run.households) == (RunState.DONE, 2)
    assert shown(below) == [("topup", "open", 1, 0)]
    assert shown(on) == []


def test_the_clock_runs_for_thirty_working_days_and_the_list_says_what_is_late(acting: Session) -> None:
    here = world()
    filed(here.first, 0)
    counted()
    # Thirty working days after 15 June 2026, with the Dragon Boat festival on the 19th.
    (village,) = waiting_by_village(EVERYWHERE, TODAY)
    assert (village.open, village.open_fen, village.overdue, village.next_due_on) == (1, LINE_FEN, 0, date(2026, 7, 28))
    (late,) = waiting_by_village(EVERYWHERE, date(2026, 7, 29))
    assert late.overdue == 1


def test_a_clock_past_the_last_known_holidays_says_that_it_is_provisional(acting: Session) -> None:
    here = world(replace(TOPUP, begins_on=date(2026, 12, 31)))
    household = filed(here.first, 0)
    counted(NOW.replace(month=12, day=31))
    (row,) = of(household)
    assert (row.year, row.due_provisional) == (2026, True)
    assert row.due_on == date(2027, 2, 11)


def test_a_file_that_lacks_an_answer_is_a_gap_and_no_refusal(acting: Session) -> None:
    here = world(TOPUP, MEDICAL)
    household = filed(here.first, 0, income_fruit_fen=None)
    counted()
    assert shown(household) == []
    gap = gap_of(household, TODAY.year)
    assert gap is not None
    assert gap.missing == ["income_fen"]
    record_values(household, {"income_fruit_fen": 0}, people.noting(here.first), year=TODAY.year)
    counted()
    assert gap_of(household, TODAY.year) is None
    assert shown(household) == [("topup", "open", LINE_FEN, 0)]


def test_without_a_line_nobody_is_refused(acting: Session) -> None:
    household = filed(world(line_fen=None).first, 0)
    counted()
    gap = gap_of(household, TODAY.year)
    assert gap is not None
    assert (shown(household), gap.missing) == ([], ["dibao_line_fen"])


def test_a_new_line_counts_everybody_again_and_what_was_granted_is_open_for_the_difference(acting: Session) -> None:
    here = world()
    poor, nearly = filed(here.first, 0), filed(here.first, LINE_FEN)
    counted()
    grant(of(poor)[0], "", by=here.first, now=NOW)
    set_line(here.province, LINE_FEN + 1)
    counted()
    assert shown(poor) == [("topup", "open", LINE_FEN + 1, LINE_FEN)]
    assert shown(nearly) == [("topup", "open", 1, 0)]
    (village,) = waiting_by_village(EVERYWHERE, TODAY)
    assert (village.open, village.open_fen) == (2, 2)


def test_a_version_that_begins_tomorrow_counts_from_tomorrow(acting: Session) -> None:
    here = world()
    household = filed(here.first, LINE_FEN - 100)
    tomorrow = TODAY + timedelta(days=1)
    set_benefit(PROVINCE, replace(TOPUP, amount="fen(7)", begins_on=tomorrow), by=here.province, now=NOW)
    counted()
    assert shown(household) == [("topup", "open", 100, 0)]
    counted(NOW + timedelta(days=1))
    assert shown(household) == [("topup", "open", 7, 0)]


def test_a_benefit_that_is_over_lapses_where_nobody_granted_it_and_is_asked_about_where_somebody_did(acting: Session) -> None:
    here = world()
    waiting, granted = filed(here.first, 0), filed(here.first, 0)
    counted()
    grant(of(granted)[0], "", by=here.first, now=NOW)
    set_benefit(PROVINCE, replace(TOPUP, ends_on=TODAY), by=here.province, now=NOW)
    counted(NOW + timedelta(days=1))
    assert shown(waiting) == [("topup", "lapsed", 0, 0)]
    assert shown(granted) == [("topup", "review", 0, LINE_FEN)]
    assert of(granted)[0].why == "ended"


def test_a_countys_own_version_stands_above_the_provinces(acting: Session) -> None:
    here = world()
    household = filed(here.first, LINE_FEN - 1)
    set_benefit(COUNTY, replace(TOPUP, amount="fen(9)"), by=here.province, now=NOW)
    counted()
    assert shown(household) == [("topup", "open", 9, 0)]


def test_a_household_that_leaves_the_registry_is_looked_at_again_and_keeps_what_was_granted_until_then(acting: Session) -> None:
    here = world()
    household = filed(here.first, 0)
    counted()
    grant(of(household)[0], "", by=here.first, now=NOW)
    status = db.session.scalars(select(HouseholdStatus).filter_by(household_id=household.id)).one()
    status.days = Range(date(2020, 1, 1), TODAY + timedelta(days=1))
    db.session.flush()
    counted(NOW + timedelta(days=1))
    (row,) = of(household)
    assert (row.state, row.why, row.granted_fen) == (EntitlementState.REVIEW, "exit", LINE_FEN)


def test_costs_make_a_household_poor_by_what_it_spends_and_are_counted_apart(acting: Session) -> None:
    here = world(MEDICAL)
    household, other = filed(here.first, LINE_FEN), filed(here.first, LINE_FEN - 1)
    counted()
    cost = enter_cost(household, CostKind.MEDICAL, 100_000, "结算单 1 号", TODAY.year, by=here.first, now=NOW)
    # The household is counted at once.
    assert shown(household) == [("medical", "open", 70_000, 0)]
    found = measured(counted(), EVERYWHERE)
    assert found == {"households": 2, "unknown": 0, "income_poor": 1, "expenditure_poor": 1}
    with pytest.raises(Conflict) as refused:
        enter_cost(household, CostKind.MEDICAL, 1, "结算单 1 号", TODAY.year, by=here.second, now=NOW)
    assert refused.value.code == "cost_known"
    assert withdraw_cost(household, cost.public_id, by=here.first, now=NOW)
    assert not withdraw_cost(household, cost.public_id, by=here.first, now=NOW)
    assert shown(household) == [("medical", "lapsed", 0, 0)]
    assert shown(other) == []


@pytest.mark.parametrize(
    ("amount_fen", "document", "year", "code"),
    [(0, "单", 2026, "cost_amount"), (1, " ", 2026, "cost_document"), (1, "单", 2024, "cost_year")],
)
def test_a_cost_that_cannot_be_is_refused_by_name(
    acting: Session, amount_fen: int, document: str, year: int, code: str
) -> None:
    here = world()
    household = filed(here.first, 0)
    with pytest.raises(Invalid) as refused:
        enter_cost(household, CostKind.MEDICAL, amount_fen, document, year, by=here.first, now=NOW)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code": "Topup"}, "benefit_code"),
        ({"name": " "}, "benefit_name"),
        ({"source": ""}, "benefit_source"),
        ({"begins_on": TODAY - timedelta(days=1)}, "benefit_days"),
        ({"ends_on": TODAY - timedelta(days=1)}, "benefit_days"),
        ({"kind": MEDICAL.kind}, "benefit_kind"),
        ({"condition": "income_fen"}, "expression_unit"),
        ({"amount": "exec(1)"}, "expression"),
    ],
)
def test_a_benefit_that_cannot_be_is_refused_and_nothing_is_written(
    acting: Session, change: dict[str, object], code: str
) -> None:
    here = world()
    with pytest.raises(Invalid) as refused:
        set_benefit(PROVINCE, replace(TOPUP, **change), by=here.province, now=NOW)  # type: ignore[arg-type]
    assert (refused.value.code, rule_count()) == (code, 1)
    with pytest.raises(Forbidden):
        set_benefit(PROVINCE, TOPUP, by=here.second, now=NOW)


def test_only_a_county_is_counted(acting: Session) -> None:
    world()
    with pytest.raises(Invalid) as refused:
        start_run(PROVINCE, now=NOW, actor="a test")
    assert refused.value.code == "county_needed"


@pytest.fixture
def county(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that is committed to."""
    with own_database(database_server, data_dir, "safety_net_runs") as app:
        yield app


class Cut(BaseException):
    """The process ends here."""


def everything() -> list[tuple[object, ...]]:
    columns = (Entitlement.household_id, Entitlement.code, Entitlement.state, Entitlement.amount_fen)
    return [tuple(row) for row in db.session.execute(unbounded(select(*columns).order_by(*columns), "a test"))]


def test_a_run_that_is_cut_off_half_way_goes_on_from_there_and_gives_the_same_once(county: Flask) -> None:
    with county.app_context(), transaction():
        here = world()
        for number in range(7):
            filed(here.first, number * 100_000, VILLAGE if number % 2 else f"{VILLAGE[:-1]}2")
    with county.app_context():
        with transaction():
            run_id = start_run(COUNTY, now=NOW, actor="a test").id
        with transaction():
            assert continue_run(run_id, now=NOW, at_once=3)

        with pytest.raises(Cut), transaction():
            continue_run(run_id, now=NOW, at_once=3)
            raise Cut
        # The second piece has left nothing.
        assert len(everything()) == 3
        with transaction():
            assert start_run(COUNTY, now=NOW, actor="a test").id == run_id
        more = True
        while more:
            with transaction():
                more = continue_run(run_id, now=NOW, at_once=3)
        once = everything()
        assert [row[3] for row in once] == [400_000, 300_000, 200_000, 100_000]
        run = db.session.get_one(SafetyNetRun, run_id)
        assert (run.state, run.households, sum(own["households"] for own in run.figures.values())) == (RunState.DONE, 7, 7)
        # Counted again as a whole, nothing is found twice.
        with transaction():
            counted()
        assert everything() == once
        assert db.session.scalar(select(func.count()).select_from(SafetyNetRun)) == 2


def test_a_new_line_overtakes_a_run_that_is_under_way(acting: Session) -> None:
    here = world()
    households = [filed(here.first, LINE_FEN) for _ in range(3)]
    old = start_run(COUNTY, now=NOW, actor="a test")
    assert continue_run(old.id, now=NOW, at_once=2)
    set_line(here.province, LINE_FEN + 1)
    run = counted()
    assert not continue_run(old.id, now=NOW)
    db.session.refresh(old)
    assert (old.state, run.state, run.id != old.id) == (RunState.OVERTAKEN, RunState.DONE, True)
    assert [shown(each) for each in households] == [[("topup", "open", 1, 0)]] * 3
