"""A household can see who has looked at its file: which office, when and at what."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Invalid
from marketplace.registry.corrections import ask_correction, corrections_asked
from marketplace.registry.file_requests import approve_request
from marketplace.registry.files import read_file
from marketplace.registry.models import FileReading, Household
from marketplace.registry.reading import unbounded
from marketplace.registry.reading_log import FILE, RISK, SLIP, looks_at, note_reading, note_readings, note_readings_of_day
from tests import factories
from tests.registry import people

NOW = factories.NOW


@pytest.fixture
def household(session: Session) -> Household:
    """A household with nothing on file."""
    return factories.household()


def test_each_look_names_the_nearest_office_and_not_the_officer(household: Household) -> None:
    both = factories.account((RoleKind.OFFICER, "52"), (RoleKind.OFFICER, "522636100"), name="潘干部")
    county, gone = people.officer("522636"), people.officer("522636101")
    with transaction():
        note_reading(household, both, FILE, now=NOW)
        note_reading(household, county, SLIP, now=NOW + timedelta(hours=1))
        note_reading(household, gone, FILE, now=NOW + timedelta(hours=2))
    seen = [(look.office, look.part, look.at) for look in looks_at(household)]
    assert seen == [
        ("", "file", NOW + timedelta(hours=2)),
        ("522636", "slip", NOW + timedelta(hours=1)),
        ("522636100", "file", NOW),
    ]


def test_many_readings_are_written_down_at_once(household: Household) -> None:
    officer, other = people.officer("522636"), factories.household()
    with transaction():
        assert note_readings([(row.id, row.village_code) for row in (household, other)], officer, "export", now=NOW) == 2
    rows = db.session.scalars(unbounded(select(FileReading), "a test")).all()
    assert {(row.household_id, row.by_id, row.part) for row in rows} == {
        (household.id, officer.id, "export"),
        (other.id, officer.id, "export"),
    }


def test_a_list_that_is_opened_again_is_told_once_of_each_reader_and_local_day(household: Household) -> None:
    first, second, home = people.officer("522636"), people.officer("522636"), [(household.id, household.village_code)]
    # Half an hour before and after midnight in Shanghai.
    late = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)
    with transaction():
        told = [
            note_readings_of_day(home, by, RISK, now=late + timedelta(minutes=minutes))
            for by, minutes in ((first, 0), (first, 20), (second, 20), (first, 60), (first, 80))
        ]
        note_reading(household, first, FILE, now=late + timedelta(minutes=90))
    assert told == [1, 0, 1, 1, 0]
    assert [look.part for look in looks_at(household)] == [FILE, RISK, RISK, RISK]


def test_what_a_household_says_is_wrong_stands_only_when_an_officer_agrees(household: Household) -> None:
    farmer, officer = factories.account((RoleKind.FARMER, factories.VILLAGE)), people.officer()
    with transaction():
        request = ask_correction(household, {"water_source": "spring"}, by=farmer, reason="The tap is dry", year=2026, now=NOW)
    assert read_file(household, 2026).values == {}
    assert [row.id for row in corrections_asked(household, farmer)] == [request.id]
    with transaction():
        approve_request(request, household, by=officer, now=NOW)
    file = read_file(household, 2026)
    assert file.values == {"water_source": "spring"}
    assert (file.sources["water_source"].by_id, file.sources["water_source"].origin) == (farmer.id, "request")
    with pytest.raises(Invalid) as refused, transaction():
        ask_correction(household, {"water_source": "spring"}, by=farmer, reason="So it is", year=2026, now=NOW)
    assert refused.value.code == "nothing_changed"
    with pytest.raises(Invalid) as refused, transaction():
        ask_correction(household, {"water_source": "tap"}, by=farmer, reason=" ", year=2026, now=NOW)
    assert refused.value.code == "reason_needed"


def test_nothing_is_corrected_in_a_year_that_has_not_begun(household: Household) -> None:
    farmer = factories.account((RoleKind.FARMER, factories.VILLAGE))
    with pytest.raises(Invalid) as refused, transaction():
        ask_correction(household, {"fuel": "gas"}, by=farmer, reason="Soon", year=date(2027, 1, 1).year, now=NOW)
    assert refused.value.code == "year_ahead"
