"""The four numbers of a county's households: counted from files, told as places, and visits, not statuses, where they part."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Invalid
from marketplace.registry.assessing import assess_area
from marketplace.registry.deprivations import INDICATORS, MemberFacts, lacking, weights
from marketplace.registry.files import read_file
from marketplace.registry.filing import add_member, record_values
from marketplace.registry.models import (
    AssessmentRun,
    Household,
    HouseholdAssessment,
    HouseholdStatus,
    RegistryRevision,
    RuleChange,
    VisitOrder,
)
from marketplace.registry.reading import unbounded
from marketplace.registry.village_rankings import record_ranking
from tests import factories
from tests.registry import people

NOW, YEAR, COUNTY = factories.NOW, 2026, "522636"
RATIOS = {"grain": 40, "tobacco": 45, "livestock": 40, "fruit": 15, "other": 40}
PARTS = (
    "income_wages_fen",
    "income_grain_fen",
    "income_tobacco_fen",
    "income_livestock_fen",
    "income_fruit_fen",
    "income_other_business_fen",
    "income_property_fen",
    "income_transfer_fen",
)


@pytest.fixture
def officer(session: Session) -> Account:
    """An officer of the county."""
    return people.officer(COUNTY)


@pytest.fixture
def rules(officer: Account) -> None:
    """A line of 6,000 yuan and cost ratios, set by the province."""
    for name, value in (("poverty_line_fen", 600_000), ("cost_percent", RATIOS)):
        db.session.add(
            RuleChange(
                name=name,
                area_code="52",
                begins_on=date(2026, 1, 1),
                value=value,
                source="test",
                set_by_id=officer.id,
                set_at=NOW,
            )
        )
    db.session.flush()


def filed(officer: Account, village: str, wages_yuan: int, **more: Any) -> Household:
    """A household of two with every answer that the numbers need."""
    household = factories.household(village)
    noting = people.noting(officer)
    good = {"dwelling_grade": "a", "water_source": "tap", "fuel": "power", "road": "paved", "has_power": "yes"}
    enough = {"food_enough": "yes", "clothing_enough": "yes", "dwelling_m2": 120}
    incomes = dict.fromkeys(PARTS, 0) | {"income_wages_fen": wages_yuan * 100}
    record_values(household, {**good, **enough, **incomes, **more}, noting, year=YEAR)
    spouse = {"name": "潘小梅", "relation": "spouse", "sex": "female", "born_on": "1975-05-05"}
    for person in (people.head(household, officer), add_member(household, spouse, noting, joined_on=date(2020, 1, 1))):
        answers = {"education": "junior", "labour": "ordinary", "health": "healthy", "health_insured": "yes"}
        record_values(household, answers, noting, year=YEAR, person=person)
    return household


def numbers(household: Household) -> HouseholdAssessment:
    query = select(HouseholdAssessment).where(HouseholdAssessment.household_id == household.id)
    return db.session.scalars(unbounded(query, "a test")).one()


def test_the_published_income_card_is_counted_when_the_values_are_noted(officer: Account, rules: None) -> None:
    # Chuxiong: L 6000, M 5000 4000 3000 2000 1000, N 500, P 1500 for four persons give 4,325 yuan a head.
    amounts = dict(zip(PARTS, (600_000, 500_000, 400_000, 300_000, 200_000, 100_000, 50_000, 150_000), strict=True))
    household = factories.household()
    with transaction():
        for number in range(4):
            typed = {
                "name": f"杨{number}",
                "relation": "head" if number == 0 else "child",
                "sex": "male",
                "born_on": "1990-01-01",
            }
            add_member(household, typed, people.noting(officer), joined_on=date(2020, 1, 1))
        record_values(household, amounts, people.noting(officer), year=YEAR)
    record = read_file(household, YEAR).record
    assert record is not None
    assert (record.persons, record.per_head_fen) == (4, 432_500)


def test_an_income_part_that_nobody_filled_in_leaves_the_income_unknown(officer: Account, rules: None) -> None:
    household = factories.household()
    with transaction():
        people.head(household, officer)
        record_values(household, dict.fromkeys(PARTS[1:], 0), people.noting(officer), year=YEAR)
    record = read_file(household, YEAR).record
    assert record is not None and record.per_head_fen is None


def test_a_county_is_counted_and_every_number_is_a_place_among_its_households(officer: Account, rules: None) -> None:
    with transaction():
        households = [
            filed(officer, f"52263610000{1 + number % 6}", 4_000 + 400 * number, dwelling_m2=60 + number)
            for number in range(66)
        ]
        lacking_all = filed(
            officer,
            "522636100001",
            3_000,
            dwelling_grade="d",
            water_source="river",
            fuel="wood",
            road="path",
            has_power="no",
            food_enough="no",
        )
    with transaction():
        run = assess_area(COUNTY, YEAR, now=NOW, actor="test")

    figures = run.figures
    assert (figures["households"], figures["persons"]) == (67, 134)
    # Two members each: below 6,000 yuan a head are those who earned less than 12,000 yuan.
    assert figures["income"]["P0"] == pytest.approx((20 + 1) / 67)
    assert figures["deprivation"]["H"] == pytest.approx(1 / 67)
    # The whole living dimension: six of six indicators of a third each sixth.
    assert numbers(lacking_all).deprivation == pytest.approx(1 / 3)
    assert numbers(households[0]).readings["income_gap"][0] > numbers(households[-1]).readings["income_gap"][0]
    assert figures["proxy"]["counted"] == 67
    first = numbers(households[0])
    assert first.proxy_low_fen <= first.proxy_fen <= first.proxy_high_fen  # type: ignore[operator]
    assert first.community is None and "community_rank" not in first.readings


def test_numbers_that_part_send_somebody_and_change_no_status(officer: Account, rules: None) -> None:
    with transaction():
        rich_on_paper = filed(officer, "522636100001", 90_000)
        others = [filed(officer, "522636100001", 20_000 + 1000 * number) for number in range(9)]
        everyone = [rich_on_paper, *others]
        order = {household.id: place + 1 for place, household in enumerate(everyone)}
        groups = {"women": order, "men": order, "elders": order}
        record_ranking("522636100001", YEAR, date(2026, 5, 1), groups, 2, by=officer, now=NOW)
    with transaction():
        first = assess_area(COUNTY, YEAR, now=NOW, actor="test")
    with transaction():
        again = assess_area(COUNTY, YEAR, now=NOW, actor="test")

    assert [run.figures["community"]["agreement"] for run in (first, again)] == [1.0, 1.0]
    parted = numbers(rich_on_paper).partings[0]
    assert (parted["poorer"], parted["less_poor"]) == ("community_rank", "income_gap")
    orders = db.session.scalars(unbounded(select(VisitOrder), "a test")).all()
    assert len(orders) == len({order.household_id for order in orders}) == first.figures["parted"] == again.figures["parted"]
    assert rich_on_paper.id in {order.household_id for order in orders}
    assert db.session.scalars(select(HouseholdStatus)).all() == []
    assert db.session.scalars(select(RegistryRevision)).all() == []


def test_numbers_that_part_among_those_whom_none_calls_poor_send_nobody(officer: Account, rules: None) -> None:
    with transaction():
        best_off = filed(officer, "522636100001", 90_000)
        others = [filed(officer, "522636100001", 20_000 + 1000 * number) for number in range(9)]
        order = {household.id: place + 1 for place, household in enumerate([best_off, *others])}
        record_ranking("522636100001", YEAR, date(2026, 5, 1), {"women": order, "men": order}, 0, by=officer, now=NOW)
    with transaction():
        run = assess_area(COUNTY, YEAR, now=NOW, actor="test")
    assert (run.figures["parted"], numbers(best_off).partings) == (0, [])


def test_without_a_line_there_is_no_income_gap_and_the_run_says_so(officer: Account) -> None:
    with transaction():
        household = filed(officer, "522636100001", 5_000)
        run = assess_area(COUNTY, YEAR, now=NOW, actor="test")
    assert run.figures["income"]["line_fen"] is None
    assert set(numbers(household).readings) == {"deprivation"}


def test_which_indicators_a_household_lacks_is_sealed(officer: Account, rules: None) -> None:
    with transaction():
        household = filed(officer, "522636100001", 5_000)
        assess_area(COUNTY, YEAR, now=NOW, actor="test")
    row = numbers(household)
    assert row.sealed is not None and b"health" not in row.sealed


def test_another_county_is_left_alone(officer: Account, rules: None) -> None:
    with transaction():
        filed(officer, "522636100001", 5_000)
        elsewhere = filed(officer, "522631100001", 5_000)
        assess_area(COUNTY, YEAR, now=NOW, actor="test")
    query = select(HouseholdAssessment).where(HouseholdAssessment.household_id == elsewhere.id)
    assert db.session.scalars(unbounded(query, "a test")).all() == []
    assert len(db.session.scalars(select(AssessmentRun)).all()) == 1


def test_what_nobody_knows_is_no_deprivation() -> None:
    assert lacking({}, [], date(2026, 1, 1)) == [None, False, None, None, None, None, None, None, None, None]
    assert sum(weights()) == pytest.approx(1.0)
    known = MemberFacts(date(2015, 1, 1), {"student": "dropped_out"})
    found = dict(
        zip([each.name for each in INDICATORS], lacking({"food_enough": False}, [known], date(2026, 1, 1)), strict=True)
    )
    assert (found["attendance"], found["food_clothing"], found["health"]) == (True, True, None)


@pytest.mark.parametrize(
    ("groups", "poor", "code"),
    [
        ({"women": {0: 1, 1: 2}, "men": {0: 1}}, 1, "ranking_incomplete"),
        ({"women": {0: 1}}, 0, "ranking_incomplete"),
        ({"women": {0: 1, 1: 3}}, 0, "ranking_place"),
        ({"women": {0: 1, 1: 2}}, 3, "ranking_poor_count"),
        ({"women": {0: 1, 2: 2}}, 1, "ranking_outside"),
    ],
)
def test_a_ranking_that_cannot_be_is_refused(officer: Account, groups: dict[str, dict[int, int]], poor: int, code: str) -> None:
    made = [factories.household(village).id for village in (factories.VILLAGE, factories.VILLAGE, "522636100002")]
    given = {name: {made[number]: place for number, place in places.items()} for name, places in groups.items()}
    with pytest.raises(Invalid) as refused, transaction():
        record_ranking(factories.VILLAGE, YEAR, date(2026, 5, 1), given, poor, by=officer, now=NOW)
    assert refused.value.code == code
