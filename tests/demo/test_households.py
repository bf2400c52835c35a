"""The made-up registry of Danzhai: exact in its totals, as published in its shares, possible in every family, nobody real."""

import dataclasses
import hashlib
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import psycopg
import pytest

from marketplace.demo.households import families as family
from marketplace.demo.households import lives
from marketplace.demo.households.county import County, make_county
from marketplace.demo.households.identities import FIRST_REGISTRATION, id_numbers
from marketplace.demo.households.livelihood import (
    CAUSE_NAMES,
    CAUSE_SHARES,
    COST_PERCENT,
    GENERAL,
    NO_CAUSE,
    WUBAO,
    line_yuan,
    quotas,
)
from marketplace.demo.places import places_in
from marketplace.demo.sellers import HouseholdPlan, StatusPlan
from marketplace.regions.service import nation
from marketplace.registry.id_numbers import read_id_number
from marketplace.registry.models import StatusCategory
from tests.conftest import Demo

LAST_DAY = date(2026, 6, 15)
VILLAGES = sorted(places_in("522636"))


@pytest.fixture(scope="module")
def county() -> County:
    return make_county(VILLAGES, LAST_DAY)


def digest(value: Any) -> str:
    """One digest of everything a county holds."""
    found = hashlib.sha256()

    def take(part: Any) -> None:
        if dataclasses.is_dataclass(part):
            for field in dataclasses.fields(part):
                take(getattr(part, field.name))
        elif isinstance(part, np.ndarray):
            found.update(str(part.dtype).encode() + part.tobytes())
        else:
            found.update(repr(part).encode())

    take(value)
    return found.hexdigest()


def parents_of(county: County) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Ages in days of children and of somebody who must be their parent, pair by pair."""
    ages, of = county.families.age_days, county.families.household
    head = ages[county.families.heads]
    for name in ("spouse", "child", "parent", "child_in_law", "grandchild"):
        here = county.families.is_relation(name)
        own = ages[here]
        if name == "child":
            yield own, head[of[here]]
            spouse = np.zeros(len(head), np.int64)
            married = county.families.is_relation("spouse")
            spouse[of[married]] = ages[married]
            with_both = spouse[of[here]] > 0
            yield own[with_both], spouse[of[here]][with_both]
        elif name == "parent":
            yield head[of[here]], own
        elif name == "grandchild":
            oldest = np.zeros(len(head), np.int64)
            children = county.families.is_relation("child")
            np.maximum.at(oldest, of[children], ages[children])
            at_home = oldest[of[here]] > 0
            yield own[at_home], oldest[of[here]][at_home]
            yield own, head[of[here]]


def test_danzhai_has_13_600_households_with_51_300_persons_in_all_of_its_122_villages(county: County) -> None:
    assert len(county.codes) == len(set(county.codes)) == 13_600
    assert len(county.families.household) == len(county.id_numbers) == 51_300
    assert len(VILLAGES) == 122
    assert {code[:12] for code in county.codes} == set(VILLAGES)
    assert len({code[:9] for code in county.codes}) == 7


def test_one_seed_gives_the_same_county_to_the_last_byte_and_another_gives_another(county: County) -> None:
    assert digest(make_county(VILLAGES, LAST_DAY)) == digest(county)
    assert digest(make_county(VILLAGES, LAST_DAY, seed=2)) != digest(county)


def test_main_causes_stand_in_the_published_shares(county: County) -> None:
    counted = np.bincount(county.main_cause, minlength=12)
    assert {name: counted[at] for at, name in enumerate(CAUSE_NAMES)} == quotas(13_600)
    assert (CAUSE_SHARES["illness"], CAUSE_SHARES["disaster"], CAUSE_SHARES["schooling"]) == (420, 200, 100)
    assert quotas(13_600)["illness"] == 5_712
    assert sum(CAUSE_SHARES.values()) == 1000


def test_ages_and_sexes_are_those_of_the_census_within_two_and_a_half_points(county: County) -> None:
    years = county.families.years
    shares = [(years < 15).mean(), ((years >= 15) & (years < 60)).mean(), (years >= 60).mean()]
    assert shares == pytest.approx([0.240, 0.606, 0.154], abs=0.025)
    assert county.families.male.mean() == pytest.approx(0.511, abs=0.015)


def test_sizes_follow_their_table_within_a_point_and_a_half(county: County) -> None:
    shares = np.bincount(county.families.sizes, minlength=9)[1:] / 13_600
    assert shares == pytest.approx(np.array(family.SIZES) / 1000, abs=0.015)


def test_every_household_has_one_head_who_comes_first_and_is_grown_up(county: County) -> None:
    heads = county.families.is_relation("head")
    assert (county.families.per_household(heads) == 1).all()
    assert (np.flatnonzero(heads) == county.families.heads).all()
    assert county.families.years[heads].min() >= 28
    assert (county.families.per_household(county.families.is_relation("spouse")) <= 1).all()


def test_nobody_is_less_than_eighteen_years_younger_than_a_parent_or_not_yet_born(county: County) -> None:
    pairs = list(parents_of(county))
    assert len(pairs) == 5
    for child, parent in pairs:
        assert len(child) > 1000
        assert ((parent - child) >= 18 * 365).all()
    assert county.families.age_days.min() >= 1
    assert county.families.years.max() < 105
    assert (county.joined_on >= county.born_on).all()
    assert (county.joined_on <= np.datetime64(LAST_DAY)).all()


def test_birthdays_are_spread_over_the_days(county: County) -> None:
    # Two a day on average, and at most four where a generation is strong; chance alone brings seldom more than fifteen.
    _, of_a_day = np.unique(county.born_on, return_counts=True)
    assert of_a_day.max() <= 20


def test_spouses_are_of_two_sexes(county: County) -> None:
    spouses = county.families.is_relation("spouse")
    heads = county.families.heads[county.families.household[spouses]]
    assert (county.families.male[spouses] != county.families.male[heads]).all()


def test_every_card_can_be_right_says_the_same_as_the_file_and_is_nobodys(county: County) -> None:
    assert len(set(county.id_numbers)) == 51_300
    born = county.born_on.astype(object)
    for at in range(0, 51_300, 7):
        card = read_id_number(county.id_numbers[at])
        assert (card.born_on, card.sex) == (born[at], "male" if county.families.male[at] else "female")
    assert {number[:6] for number in county.id_numbers} == {FIRST_REGISTRATION}
    assert FIRST_REGISTRATION[:2] not in {code[:2] for code, _ in nation()}


def test_all_numbers_of_a_day_have_their_last_character_even_when_the_serial_runs_far() -> None:
    same_day = id_numbers(np.full(499, "1990-05-01", "datetime64[D]"), np.zeros(499, bool))
    assert len({read_id_number(number).text for number in same_day}) == 499
    with pytest.raises(ValueError, match="more persons of one birthday"):
        id_numbers(np.full(500, "1990-05-01", "datetime64[D]"), np.zeros(500, bool))


def test_who_is_at_school_is_of_its_age_and_does_not_work(county: County) -> None:
    years, student = county.families.years, county.lives.student
    for school, lowest, highest in (
        (lives.PRESCHOOL, 3, 5),
        (lives.IN_PRIMARY, 6, 11),
        (lives.IN_JUNIOR, 12, 14),
        (lives.IN_SENIOR, 15, 17),
        (lives.IN_COLLEGE, 18, 21),
    ):
        ages = years[student == school]
        assert (ages.min(), ages.max()) == (lowest, highest)
    away = county.lives.work_months > 0
    assert not (away & np.isin(student, [lives.IN_PRIMARY, lives.IN_JUNIOR, lives.IN_SENIOR, lives.IN_COLLEGE])).any()
    assert years[away].min() >= 16
    assert (away == (county.lives.work_place >= lives.COUNTY)).all()


def test_a_cause_shows_in_who_lives_there(county: County) -> None:
    families, health = county.families, county.lives.health

    def households(cause: str) -> np.ndarray:
        return county.main_cause == CAUSE_NAMES.index(cause)

    ill = families.per_household((health == lives.LONG_ILLNESS) | (health == lives.GRAVE_ILLNESS))
    assert (ill[households("illness")] > 0).all()
    assert (families.per_household(health == lives.DISABLED)[households("disability")] > 0).all()
    costly = families.per_household(np.isin(county.lives.student, [lives.IN_SENIOR, lives.IN_COLLEGE]))
    assert (costly[households("schooling")] > 0).all()
    grown = families.per_household((families.years >= 16) & (families.years < 60) & (county.lives.student == lives.NO))
    assert grown[households("lack_of_labour")].max() <= 1
    assert county.holding.arable[households("lack_of_land")].mean() < county.holding.arable.mean() / 4
    minutes = county.registration.living.water_minutes
    assert minutes[households("lack_of_water")].mean() > 1.5 * minutes.mean()


def test_kinds_are_three_quarters_general_and_hardship_means_old_and_alone(county: County) -> None:
    assert (county.kind == GENERAL).mean() == pytest.approx(0.73, abs=0.02)
    alone = county.kind == WUBAO
    assert 0.02 < alone.mean() < 0.04
    assert (county.families.sizes[alone] == 1).all()
    assert county.families.years[county.families.heads[alone]].min() >= 60


def test_incomes_are_whole_never_negative_and_add_up_to_what_is_said_a_head(county: County) -> None:
    for record in (county.registration, county.last_year, county.this_year):
        assert (record.incomes_fen >= 0).all()
        for at in range(0, 13_600, 501):
            receipts = [int(fen) for fen in record.incomes_fen[at]]
            costs = sum((2 * fen * int(percent) + 100) // 200 for fen, percent in zip(receipts, COST_PERCENT, strict=True))
            persons = int(record.persons[at])
            expected = (2 * (sum(receipts) - costs) + persons) // (2 * persons) if persons else 0
            assert record.per_head_fen[at] == expected
    assert (county.this_year.persons == county.families.sizes).all()


def test_everybody_registered_was_below_the_line_of_that_year_and_most_are_above_it_now(county: County) -> None:
    record = county.registration
    there = record.year > 0
    assert there.mean() > 0.98
    assert (record.persons[there] >= 1).all()
    lines = np.array([100 * line_yuan(int(year)) for year in record.year[there]])
    assert (record.per_head_fen[there] < lines).all()
    assert 0.02 < (county.this_year.per_head_fen < 100 * line_yuan(2026)).mean() < 0.10
    assert line_yuan(2015) == 2855


def test_who_works_away_earns_wages_and_who_does_not_earns_none(county: County) -> None:
    months = np.bincount(county.families.household, weights=county.lives.work_months)
    assert ((county.this_year.incomes_fen[:, 0] > 0) <= (months > 0)).all()
    assert (county.this_year.incomes_fen[months > 0, 0] > 0).mean() > 0.99


def test_statuses_follow_one_another_without_a_gap_and_nobody_is_poor_any_more(county: County) -> None:
    for spans in county.histories.statuses:
        assert spans[-1].end is None
        assert spans[-1].category != StatusCategory.POOR
        for earlier, later in pairwise(spans):
            assert earlier.end == later.start
            assert earlier.start < later.start


def test_households_that_sell_keep_their_codes_and_statuses_and_others_get_codes_behind_theirs() -> None:
    village = VILLAGES[3]
    registered = [StatusPlan(StatusCategory.POOR, date(2014, 1, 1), None)]
    sellers = [HouseholdPlan(f"{village}0001", registered), HouseholdPlan(f"{village}0002", [])]

    county = make_county(VILLAGES, LAST_DAY, sellers=sellers, households=1360, persons=5130)

    assert list(county.codes[:2]) == [f"{village}0001", f"{village}0002"]
    assert county.plans[:2] == sellers
    assert sorted(code for code in county.codes if code.startswith(village))[2] == f"{village}0003"
    assert len(set(county.codes)) == 1360
    # Nobody has ever asked why the second one is poor.
    assert county.main_cause[1] == county.kind[1] == NO_CAUSE
    assert county.registration.year[1] == 0
    assert county.main_cause[0] != NO_CAUSE


@pytest.mark.parametrize("last_day", [date(2026, 1, 1), date(2028, 2, 29), date(2026, 12, 31)])
def test_a_county_can_be_made_on_any_day(last_day: date) -> None:
    county = make_county(VILLAGES, last_day, households=400, persons=1509)
    assert len(county.id_numbers) == 1509
    assert county.this_year.year.max() == last_day.year


def test_more_persons_than_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        make_county(VILLAGES, LAST_DAY, households=10, persons=81)


@pytest.fixture(scope="module")
def ask(demo: Demo) -> Iterator[Any]:
    """Asks the demo's database for one row."""
    with psycopg.connect(demo.environ["DATABASE_URL"].replace("+psycopg", "")) as connection:
        yield lambda query: connection.execute(query).fetchone()


MADE = "code LIKE '522636%' AND right(code, 4) < '9000'"


def test_the_demo_has_them_all_with_the_households_that_sell_among_them(ask: Any) -> None:
    # The demo's cases and tables add some of their own, whose codes end in 9000 and above.
    assert ask(f"SELECT count(*) FROM household WHERE {MADE}") == (13_600,)
    persons = "SELECT count(*) FROM person JOIN household ON household.id = household_id WHERE left_on IS NULL"
    assert ask(f"{persons} AND {MADE}") == (51_300,)
    assert ask("SELECT count(*) FROM producer JOIN household ON household.id = household_id WHERE code LIKE '522636%'") == (
        588,
    )
    records = "SELECT count(*) FROM file_record JOIN household ON household.id = household_id WHERE person_id IS NULL"
    assert ask(f"{records} AND year = extract(year FROM now()) AND {MADE}") == (13_600,)


def test_every_office_of_the_demo_has_an_officer(ask: Any) -> None:
    offices = "SELECT length(scope_code) AS level, count(DISTINCT scope_code) FROM role WHERE kind = 'officer' GROUP BY level"
    assert ask(f"SELECT array_agg(ARRAY[level, count] ORDER BY level) FROM ({offices}) levels") == (
        [[2, 1], [4, 1], [6, 1], [9, 7], [12, 122]],
    )
