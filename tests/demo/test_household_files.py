"""A made-up registry written to the database reads like one that officers have filled in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.demo.households.county import County, make_county
from marketplace.demo.households.loading import add_files, add_households
from marketplace.demo.households.offices import add_officers, login_of
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.identity.service import verify_password
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.registry.file_values import read_values
from marketplace.registry.files import HouseholdFile, file_as_of, read_file
from marketplace.registry.filing import check_number_is_free
from marketplace.registry.models import FileChange, FileRecord, Household, HouseholdStatus, Person, RegistryRevision
from marketplace.registry.reading import Reach, UnscopedReading
from marketplace.registry.sealing import id_number_index, name_index
from marketplace.registry.standard import About
from tests import factories

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
VILLAGES = {"522636100205": "泉山村村民委员会", "522636100206": "金山村村民委员会", "522636101200": "兴仁村村民委员会"}
TEST = Reach.everywhere("a test looks at all of it")


@dataclass
class Registry:
    """What was made, and the households that came of it, in the same order."""

    county: County
    households: Sequence[Household]
    officers: dict[str, list[int]]


@pytest.fixture
def registry(session: Session) -> Registry:
    """A hundred households of three villages, on file."""
    for code, name in VILLAGES.items():
        factories.area(code, name)
    county = make_county(sorted(VILLAGES), date(2026, 6, 15), households=100, persons=377)
    with transaction():
        ids = add_households(county.plans, "demo", opened_at=NOW, now=NOW)
        officers = add_officers(VILLAGES, "a password of the demo", now=NOW)
        add_files(county, VILLAGES, officers, now=NOW)
    found = {household.id: household for household in db.session.scalars(select(Household))}
    return Registry(county, [found[number] for number in ids], officers)


def current(registry: Registry, at: int) -> HouseholdFile:
    return read_file(registry.households[at], 2026)


def test_all_households_and_their_people_are_on_file(registry: Registry) -> None:
    assert db.session.scalar(TEST.over(select(func.count()).select_from(Person), Person.village_code)) == 377
    assert [household.code for household in registry.households] == list(registry.county.codes)
    for at in range(0, 100, 9):
        assert len(current(registry, at).members) == registry.county.families.sizes[at]


def test_a_file_opens_with_its_own_key_and_says_what_was_made(registry: Registry) -> None:
    county = registry.county
    file = current(registry, 4)
    first = int(county.families.heads[4])

    head = file.members[0]
    assert head.identity["name"] == county.name(first)
    assert head.identity["id_number"] == county.id_numbers[first]
    assert head.identity["relation"] == "head"
    assert head.values["ethnicity"].endswith("族")
    assert file.values["phone"] == "00000000004"
    assert file.values["address"].startswith(VILLAGES[county.codes[4][:12]][:3])
    assert file.values["income_wages_fen"] == county.this_year.incomes_fen[4, 0]
    assert file.record is not None
    assert (file.record.per_head_fen, file.record.persons) == (county.this_year.per_head_fen[4], county.families.sizes[4])
    assert file.conflicts == []


def test_every_value_is_one_that_the_standard_knows_and_has_a_source(registry: Registry) -> None:
    for at in range(0, 100, 7):
        file = current(registry, at)
        for year in file.years:
            of_year = read_file(registry.households[at], year)
            assert read_values(of_year.values, [About.HOUSEHOLD]) == of_year.values
            assert of_year.sources.keys() == of_year.values.keys()
        for member in file.members:
            assert read_values(member.values, [About.MEMBER]) == member.values
            assert read_values(member.identity, [About.PERSON]) == member.identity
            assert member.sources.keys() == member.values.keys() | member.identity.keys()


def test_there_are_three_years_of_records_where_a_household_was_registered(registry: Registry) -> None:
    years = Counter(len(current(registry, at).years) for at in range(100))
    assert years[3] > 95
    assert max(years) == 3


def test_the_file_as_it_was_this_morning_is_the_file_as_it_is(registry: Registry) -> None:
    for at in range(0, 100, 11):
        file = current(registry, at)
        past = file_as_of(registry.households[at], NOW, date(2026, 6, 15))
        assert past.values[2026] == file.values
        assert past.members == {member.person.id: member.identity for member in file.members}
        assert {person: values for (person, year), values in past.member_values.items() if year == 2026} == {
            member.person.id: member.values for member in file.members
        }


def test_nothing_was_known_before_it_was_noted(registry: Registry) -> None:
    past = file_as_of(registry.households[0], datetime(2014, 1, 1, tzinfo=UTC), date(2014, 1, 1))
    assert (past.values, past.members, past.member_values) == ({}, {}, {})


def test_changes_of_a_household_rise_with_time_and_none_lies_ahead(registry: Registry) -> None:
    query = select(FileChange.household_id, FileChange.at).order_by(FileChange.household_id, FileChange.id)
    rows = db.session.execute(TEST.over(query, FileChange.village_code)).all()
    assert rows == sorted(rows, key=lambda row: (row.household_id, row.at))
    assert max(row.at for row in rows) <= NOW


def test_who_noted_it_is_an_officer_of_the_village_or_its_township(registry: Registry) -> None:
    query = select(FileChange.village_code, FileChange.by_id).distinct()
    for village, by in db.session.execute(TEST.over(query, FileChange.village_code)):
        assert by in registry.officers[village] + registry.officers[village[:9]]


def test_people_are_found_by_number_and_name_and_the_next_change_has_an_id_of_its_own(registry: Registry) -> None:
    number, name = registry.county.id_numbers[0], registry.county.name(0)
    wanted = select(Person.village_code).where(Person.id_number_index == id_number_index(number))
    assert db.session.scalars(TEST.over(wanted, Person.village_code)).all() == [registry.county.codes[0][:12]]
    named = select(func.count()).where(Person.name_index == name_index(name))
    assert db.session.scalar(TEST.over(named, Person.village_code)) >= 1
    with pytest.raises(Conflict, match="on file already"):
        check_number_is_free(number)
    highest = db.session.scalar(TEST.over(select(func.max(FileChange.id)), FileChange.village_code))
    assert db.session.scalar(text("SELECT nextval(pg_get_serial_sequence('file_change', 'id'))")) == highest + 1


def test_statuses_have_a_revision_for_each_day_in_the_order_of_the_days(registry: Registry) -> None:
    moments = db.session.scalars(select(RegistryRevision.at).order_by(RegistryRevision.id)).all()
    assert moments == sorted(set(moments))
    statuses = db.session.scalar(select(func.count()).select_from(HouseholdStatus))
    assert statuses == sum(map(len, registry.county.histories.statuses))


def test_loading_reads_nobodys_file_and_reading_one_without_a_reach_is_still_refused(registry: Registry) -> None:
    with pytest.raises(UnscopedReading):
        db.session.scalars(select(FileRecord)).all()


def test_officers_of_five_levels_sign_in_each_with_their_own_area(registry: Registry) -> None:
    assert [len(registry.officers[code]) for code in ("52", "5226", "522636", "522636100", "522636100205")] == [2, 2, 2, 2, 1]
    for code, nth in (("52", 2), ("522636101", 1), ("522636101200", 1)):
        account = verify_password(login_of(code, nth), "a password of the demo")
        assert scopes(account, RoleKind.OFFICER) == [code]
        assert 2 <= len(account.display_name) <= 3
