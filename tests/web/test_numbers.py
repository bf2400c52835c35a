"""The pages of the four numbers: in plain words, within one's own area, written down as a reading, deciding nothing."""

from datetime import date

import pytest
from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day, now
from marketplace.kernel.db import db, transaction
from marketplace.registry.assessing import assess_area
from marketplace.registry.filing import record_values
from marketplace.registry.models import FileReading, Household, HouseholdStatus, RuleChange, VillageRanking
from marketplace.registry.reading import unbounded
from tests import factories
from tests.registry import people
from tests.web.conftest import Browser

COUNTY = "522636"
RATIOS = {"grain": 40, "tobacco": 45, "livestock": 40, "fruit": 15, "other": 40}
INCOMES = {
    "income_wages_fen": "9000",
    "income_grain_fen": "0",
    "income_tobacco_fen": "0",
    "income_livestock_fen": "0",
    "income_fruit_fen": "0",
    "income_other_business_fen": "0",
    "income_property_fen": "0",
    "income_transfer_fen": "0",
}


@pytest.fixture
def officer(browser: Browser) -> Account:
    """An officer of the village."""
    return people.officer(factories.VILLAGE)


@pytest.fixture
def household(officer: Account) -> Household:
    """A household with an income of 90 yuan a head and a line of 6,000."""
    made, day, moment = factories.household(), date(2026, 1, 1), now()
    with transaction():
        for name, value in (("poverty_line_fen", 600_000), ("cost_percent", RATIOS)):
            row = {"area_code": "52", "begins_on": day, "source": "County notice 7", "set_by_id": officer.id, "set_at": moment}
            db.session.add(RuleChange(name=name, value=value, **row))
        db.session.flush()
        people.head(made, officer, name="杨阿山")
        record_values(made, INCOMES, people.noting(officer, moment), year=local_day(moment).year)
        assess_area(COUNTY, local_day(moment).year, now=moment, actor="test")
    return made


def test_a_household_reads_its_number_and_where_it_comes_from(browser: Browser, officer: Account, household: Household) -> None:
    browser.is_now(officer)
    page = browser.get(f"/office/numbers/{household.public_id}").text

    assert "¥90.00 a head and year: ¥5,910.00 below the line of ¥6,000.00." in page
    assert "The line: County notice 7." in page
    assert "Not every answer that this number needs is on file." in page
    assert "none of them decides" in page
    looked = db.session.scalars(unbounded(select(FileReading), "a test")).all()
    assert [(row.household_id, row.by_id, row.part) for row in looked] == [(household.id, officer.id, "numbers")]


def test_a_sibling_village_is_told_that_there_is_no_such_household(browser: Browser, household: Household) -> None:
    browser.is_now(people.officer("522636100002"))
    assert browser.get(f"/office/numbers/{household.public_id}").status_code == 404
    assert browser.get("/office/numbers?area=522636100001").status_code == 404
    assert browser.get("/office/numbers/village/522636100001/order").status_code == 404


def test_an_area_says_for_how_many_each_number_could_be_counted(browser: Browser, household: Household) -> None:
    browser.is_now(people.officer(COUNTY))
    page = browser.get(f"/office/numbers?area={COUNTY}").text
    assert "Of 1 households" in page
    assert "never added up" in page
    assert "Count anew" in page


def test_a_gathering_is_written_down_and_its_faults_are_named(browser: Browser, officer: Account, household: Household) -> None:
    other = factories.household()
    browser.is_now(officer)
    address = f"/office/numbers/village/{factories.VILLAGE}/order"
    order = f"{household.code[-4:]}\n{other.code[-4:]}"
    wrong = browser.post(f"{address}", data={"held_on": "2026-05-01", "poor_count": "1", "women": "9999"})
    assert wrong.status_code == 422 and "9999 is not a household of this village." in wrong.text
    assert db.session.scalars(unbounded(select(VillageRanking), "a test")).all() == []

    done = browser.post(address, data={"held_on": "2026-05-01", "poor_count": "1", "women": order, "men": order})
    assert done.status_code == 303
    kept = db.session.scalars(unbounded(select(VillageRanking), "a test")).one()
    assert (kept.village_code, kept.year, kept.groups, kept.poor_count) == (factories.VILLAGE, 2026, ["women", "men"], 1)


def test_no_number_and_no_counting_begins_or_ends_a_status(household: Household) -> None:
    assert db.session.scalars(select(HouseholdStatus)).all() == []
