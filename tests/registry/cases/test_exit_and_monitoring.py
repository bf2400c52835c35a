"""Out and watched: four eyes, the household's own word, a year of tracking, and what one procedure does to another."""

from datetime import date, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db
from marketplace.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.cases.permissions import Taker
from marketplace.registry.cases.procedures import EXIT, MONITORING, Way, steps_from
from marketplace.registry.cases.reading_cases import possible_steps
from marketplace.registry.cases.statuses import category_on
from marketplace.registry.models import Case, CaseAction, CaseKind, CaseState, Household, StatusCategory
from tests import factories
from tests.registry import people
from tests.registry.cases.village import Village

A, S = CaseAction, CaseState


@pytest.fixture
def poor(place: Village) -> Household:
    """A household that is registered as poor."""
    return place.household(poor=True)


def before(day: date) -> date:
    return day - timedelta(days=1)


def test_a_household_is_lifted_tracked_for_a_year_and_then_no_longer_registered(place: Village, poor: Household) -> None:
    case = place.exit(poor)
    place.lift(case)
    lifted = place.today
    assert category_on(poor.id, before(lifted)) == StatusCategory.POOR
    assert category_on(poor.id, lifted) == StatusCategory.LIFTED_TRACKED
    place.wait(365)
    with pytest.raises(Conflict) as refused:
        place.take(case, A.END, place.county[0])
    assert refused.value.code == "too_early"
    place.wait(1)
    place.take(case, A.END, place.county[0])
    assert category_on(poor.id, before(place.today)) == StatusCategory.LIFTED_TRACKED
    assert category_on(poor.id, place.today) is None
    assert case.state == S.ENDED


def test_village_and_work_team_are_two_people_and_neither_writes_down_that_the_household_agrees(
    place: Village, poor: Household
) -> None:
    case = place.exit(poor)
    place.take(case, A.VERIFY, place.village[0])
    with pytest.raises(Forbidden) as refused:
        place.take(case, A.VERIFY_AGAIN, place.village[0])
    assert refused.value.code == "same_person"
    place.take(case, A.VERIFY_AGAIN, place.township[0])
    for by in (place.village[0], place.township[0]):
        with pytest.raises(Forbidden):
            place.take(case, A.AGREE, by, "同意")
    with pytest.raises(Invalid) as silent:
        place.take(case, A.AGREE, place.village[1])
    assert silent.value.code == "reason_needed"
    assert case.state == S.VERIFIED
    place.take(case, A.AGREE, place.village[1], "户主当面签字")
    assert case.state == S.AGREED


def test_a_household_that_refuses_stays(place: Village, poor: Household) -> None:
    case, farmer = place.exit(poor), factories.account()
    place.take(case, A.VERIFY, place.village[0])
    place.take(case, A.VERIFY_AGAIN, place.township[0])
    place.take(case, A.DISAGREE, farmer, as_household=True)
    assert case.state == S.REFUSED
    assert category_on(poor.id, place.today) == StatusCategory.POOR
    with pytest.raises(Conflict):
        place.take(case, A.PUBLISH, place.village[0])


def test_who_lifts_has_had_no_part_in_the_verification(place: Village, poor: Household) -> None:
    case = place.exit(poor)
    place.to_agreed(case)
    place.take(case, A.PUBLISH, place.village[0])
    place.wait(11)
    place.take(case, A.CLOSE, place.village[0])
    both = factories.account((RoleKind.OFFICER, "522636"))
    case_step_by = place.county[0]
    with pytest.raises(Conflict, match="moved on"):
        place.take(case, A.REGISTER, both)
    assert place.take(case, A.LIFT, case_step_by)
    assert not place.take(case, A.LIFT, both), "done already is no error and no second change"


def test_a_tracked_household_that_is_registered_again_has_come_back(place: Village, poor: Household) -> None:
    case = place.exit(poor)
    place.lift(case)
    place.wait(30)
    place.register(place.round_of(place.apply(poor)))
    assert case.state == S.RETURNED
    assert category_on(poor.id, before(place.today)) == StatusCategory.LIFTED_TRACKED
    assert category_on(poor.id, place.today) == StatusCategory.POOR


def test_a_tracked_household_that_is_monitored_is_handed_over(place: Village, poor: Household) -> None:
    case = place.exit(poor)
    place.lift(case)
    place.wait(30)
    clue = place.clue(poor)
    place.monitor(clue)
    assert (case.state, clue.state) == (S.HANDED_OVER, S.MONITORED)
    assert category_on(poor.id, place.today) == StatusCategory.MONITORED


def test_monitoring_is_decided_within_fifteen_days_of_the_clue_and_after_five_of_notice(place: Village) -> None:
    household = place.household()
    clue = place.clue(household)
    opened = place.today
    assert clue.due_on == opened + timedelta(days=15)
    place.take(clue, A.CHECK, place.township[0])
    place.wait(2)
    place.take(clue, A.PUBLISH, place.village[0])
    assert clue.due_on == opened + timedelta(days=15)
    place.wait(5)
    with pytest.raises(Conflict) as refused:
        place.take(clue, A.CLOSE, place.village[0])
    assert refused.value.code == "too_early"
    place.wait(1)
    place.take(clue, A.CLOSE, place.village[0])
    place.take(clue, A.MONITOR, place.county[0])
    assert clue.due_on is None
    assert category_on(household.id, place.today) == StatusCategory.MONITORED


def test_monitoring_ends_when_the_risk_is_gone_and_a_notice_has_said_so(place: Village) -> None:
    household = place.household()
    clue = place.clue(household)
    place.monitor(clue)
    place.wait(40)
    place.take(clue, A.PROPOSE_REMOVAL, place.township[0], "收入稳定")
    place.take(clue, A.PUBLISH_REMOVAL, place.village[0])
    place.wait(6)
    place.take(clue, A.CLOSE_REMOVAL, place.village[0])
    assert category_on(household.id, place.today) == StatusCategory.MONITORED
    place.take(clue, A.END, place.county[0])
    assert category_on(household.id, place.today) is None


def test_a_poor_household_is_not_monitored_besides(place: Village, poor: Household) -> None:
    with pytest.raises(Conflict) as refused:
        place.clue(poor)
    assert refused.value.code == "status_elsewhere"


AREAS = {
    "own village": "522636100001",
    "own township": "522636100",
    "own county": "522636",
    "city": "5226",
    "province": "52",
    "sibling village": "522636100002",
    "sibling township": "522636101",
    "sibling county": "522635",
}
BY_LEVEL = {"own village": 12, "own township": 9, "own county": 6, "city": 4, "province": 2}


@pytest.mark.parametrize("where", list(AREAS))
@pytest.mark.parametrize("table", [EXIT, MONITORING], ids=["exit", "monitoring"])
def test_who_may_take_a_step_is_an_officer_of_its_level_over_the_village_and_nobody_else(
    place: Village, where: str, table: dict[tuple[CaseState, CaseAction], object]
) -> None:
    kind = CaseKind.EXIT if table is EXIT else CaseKind.MONITORING
    case = place.exit(place.household(poor=True)) if kind is CaseKind.EXIT else place.clue(place.household())
    by = people.officer(AREAS[where])
    for state in {state for state, _ in table}:
        case.state = state
        db.session.commit()
        for action, step in steps_from(kind, state).items():
            if step.way not in (Way.HAND, Way.HOUSEHOLD):
                continue
            may = BY_LEVEL.get(where) in step.levels
            assert (action in possible_steps(case, Taker(by))) is may
            if not may:
                with pytest.raises(Forbidden if where in BY_LEVEL else NotFound):
                    place.take(case, action, by, "理由")


def test_the_table_refuses_a_monitoring_case_without_its_kind_of_risk(place: Village) -> None:
    clue = place.clue(place.household())
    clue.risk = None
    with pytest.raises(IntegrityError, match="ck_registry_case_monitoring_has_risk"):
        db.session.flush()
    db.session.rollback()


def test_a_second_case_of_a_kind_is_refused_by_the_index_itself(place: Village, poor: Household) -> None:
    one = place.exit(poor)
    db.session.add(
        Case(
            household_id=one.household_id,
            village_code=one.village_code,
            kind=one.kind,
            state=one.state,
            source=one.source,
            opened_by_id=one.opened_by_id,
            opened_on=one.opened_on,
            entered_on=one.entered_on,
        )
    )
    with pytest.raises(IntegrityError, match="uq_registry_case_open"):
        db.session.flush()
    db.session.rollback()
