"""What is noted in a household's file: where values come from, what needs a second person, and two who note one thing."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.file_requests import approve_request, decide_conflict, refuse_request, requested
from marketplace.registry.files import HouseholdFile, file_as_of, get_household_within, read_file
from marketplace.registry.filing import add_member, ask_identity, check_number_is_free, end_membership, record_values
from marketplace.registry.models import ChangeRequest, FileChange, Household, How, Person
from marketplace.registry.reading import Reach, UnscopedReading, unbounded
from tests import factories
from tests.registry import people

NOW, TODAY, YEAR = factories.NOW, factories.TODAY, 2026


@pytest.fixture
def officer(session: Session) -> Account:
    """The village's officer."""
    return people.officer()


@pytest.fixture
def other(session: Session) -> Account:
    """An officer of the township."""
    return people.officer("522636100", "潘干部")


@pytest.fixture
def household(session: Session) -> Household:
    """A household with nothing on file."""
    return factories.household()


def shown(household: Household, year: int = YEAR) -> HouseholdFile:
    return read_file(household, year)


def test_a_value_says_who_noted_it_how_they_know_and_when(household: Household, officer: Account) -> None:
    with transaction():
        record_values(
            household, {"water_source": "spring", "water_minutes": "25"}, people.noting(officer, how=How.SEEN), year=YEAR
        )

    file = shown(household)
    assert file.values == {"water_source": "spring", "water_minutes": 25}
    source = file.sources["water_minutes"]
    assert (source.by_id, source.how, source.at, source.origin) == (officer.id, "seen", NOW, "page")


def test_what_describes_a_person_is_not_in_the_database_in_the_clear(household: Household, officer: Account) -> None:
    with transaction():
        person = people.head(household, officer, name="杨金丝雀")
        record_values(household, {"phone": "138 0000 4711"}, people.noting(officer), year=YEAR)
        record_values(
            household, {"health": "grave_illness", "education": "primary"}, people.noting(officer), year=YEAR, person=person
        )

    rows = ""
    for table in ("person", "file_record", "file_change"):
        rows += str(db.session.execute(unbounded(text(f"SELECT {table}::text FROM {table}"), "looks for what lies open")).all())
    assert "杨金丝雀" not in rows and "13800004711" not in rows and "grave_illness" not in rows
    assert "primary" in rows
    member = shown(household).members[0]
    assert member.identity["name"] == "杨金丝雀"
    assert member.values == {"health": "grave_illness", "education": "primary"}
    assert shown(household).values == {"phone": "13800004711"}


def test_a_sealed_value_does_not_open_in_another_households_file(officer: Account, household: Household) -> None:
    sibling = factories.household()
    with transaction():
        one, two = people.head(household, officer), people.head(sibling, officer)
        two.sealed_name = one.sealed_name
    with pytest.raises(RuntimeError, match="sealed"):
        read_file(sibling, YEAR)


def test_a_past_years_value_waits_for_a_second_person(household: Household, officer: Account, other: Account) -> None:
    with transaction():
        done = record_values(
            household, {"dwelling_grade": "c"}, people.noting(officer, reason="The roof was mended only now"), year=YEAR - 1
        )
    assert done.change is None and done.request is not None
    assert shown(household, YEAR - 1).values == {}

    with pytest.raises(Forbidden) as refused, transaction():
        approve_request(done.request, household, by=officer, now=NOW)
    assert refused.value.code == "own_request"
    assert shown(household, YEAR - 1).values == {}

    with transaction():
        approve_request(done.request, household, by=other, now=NOW)
    assert shown(household, YEAR - 1).values == {"dwelling_grade": "c"}
    assert shown(household, YEAR - 1).sources["dwelling_grade"].by_id == officer.id
    with pytest.raises(Conflict, match="decided"), transaction():
        refuse_request(done.request, by=other, now=NOW, note="")


def test_a_request_without_a_reason_is_refused_and_nothing_is_kept(household: Household, officer: Account) -> None:
    with pytest.raises(Invalid) as refused, transaction():
        record_values(household, {"dwelling_grade": "c"}, people.noting(officer), year=YEAR - 1)
    assert refused.value.code == "reason_needed"
    assert db.session.scalars(unbounded(select(ChangeRequest), "a test")).all() == []


def test_the_table_itself_refuses_that_one_person_asks_and_agrees(household: Household, officer: Account) -> None:
    with transaction():
        done = record_values(household, {"fuel": "coal"}, people.noting(officer, reason="Seen"), year=YEAR - 1)
    assert done.request is not None
    done.request.state, done.request.decided_by_id, done.request.decided_at = "approved", officer.id, NOW
    with pytest.raises(IntegrityError, match="ck_change_request_decided_by_another"):
        db.session.flush()
    db.session.rollback()


def test_agreement_is_refused_when_the_field_was_changed_after_the_asking(
    household: Household, officer: Account, other: Account
) -> None:
    with transaction():
        one = record_values(household, {"fuel": "coal"}, people.noting(officer, reason="Seen"), year=YEAR - 1)
        two = record_values(household, {"fuel": "gas"}, people.noting(officer, reason="Told"), year=YEAR - 1)
    assert one.request is not None and two.request is not None
    with transaction():
        approve_request(one.request, household, by=other, now=NOW)
    with pytest.raises(Conflict) as refused, transaction():
        approve_request(two.request, household, by=other, now=NOW)
    assert refused.value.code == "file_moved_on"
    assert shown(household, YEAR - 1).values == {"fuel": "coal"}


def test_two_who_had_not_seen_each_others_values_make_a_conflict_of_the_field_they_share(
    household: Household, officer: Account, other: Account
) -> None:
    with transaction():
        record_values(household, {"fuel": "wood", "road": "path"}, people.noting(officer), year=YEAR)
    seen = shown(household).seen
    later = NOW + timedelta(hours=1)
    with transaction():
        record_values(household, {"fuel": "gas"}, people.noting(other, later, seen=seen), year=YEAR)
    with transaction():
        sent = {"fuel": "coal", "road": "gravel", "has_power": "yes"}
        done = record_values(household, sent, people.noting(officer, later, seen=seen), year=YEAR)

    assert done.applied == ["road", "has_power"]
    assert [conflict.field for conflict in done.conflicts] == ["fuel"]
    file = shown(household)
    assert file.values == {"fuel": "gas", "road": "gravel", "has_power": True}

    with transaction():
        decide_conflict(file.conflicts[0], household, replace=True, by=other, now=later)
    assert shown(household).values["fuel"] == "coal"
    assert shown(household).conflicts == []
    with pytest.raises(Conflict, match="decided"), transaction():
        decide_conflict(file.conflicts[0], household, replace=False, by=other, now=later)


def test_two_fields_that_two_people_noted_make_two_conflicts_at_once(
    household: Household, officer: Account, other: Account
) -> None:
    with transaction():
        record_values(household, {"fuel": "wood", "road": "path"}, people.noting(officer, seen=0), year=YEAR)
        done = record_values(household, {"fuel": "gas", "road": "paved"}, people.noting(other, seen=0), year=YEAR)
    assert sorted(conflict.field for conflict in done.conflicts) == ["fuel", "road"]


def test_a_value_that_was_only_sent_along_as_it_was_seen_changes_nothing(
    household: Household, officer: Account, other: Account
) -> None:
    with transaction():
        record_values(household, {"fuel": "wood", "road": "path"}, people.noting(officer), year=YEAR)
    seen = shown(household).seen
    with transaction():
        record_values(household, {"fuel": "gas"}, people.noting(other, seen=seen), year=YEAR)
    with transaction():
        done = record_values(household, {"fuel": "wood", "road": "paved"}, people.noting(officer, seen=seen), year=YEAR)

    assert (done.applied, done.conflicts) == (["road"], [])
    assert shown(household).values == {"fuel": "gas", "road": "paved"}


def test_the_same_value_from_two_sides_is_no_conflict_and_no_new_change(
    household: Household, officer: Account, other: Account
) -> None:
    with transaction():
        record_values(household, {"fuel": "gas"}, people.noting(officer, seen=0), year=YEAR)
        done = record_values(household, {"fuel": "gas"}, people.noting(other, seen=0), year=YEAR)

    assert (done.change, done.conflicts) == (None, [])
    assert len(db.session.scalars(unbounded(select(FileChange), "a test")).all()) == 1


def test_an_impossible_value_names_its_field_and_keeps_the_rest_out_too(household: Household, officer: Account) -> None:
    with pytest.raises(Invalid) as refused, transaction():
        record_values(household, {"fuel": "peat", "road": "path", "shoe_size": 42}, people.noting(officer), year=YEAR)
    assert set(refused.value.data["fields"]) == {"fuel", "shoe_size"}
    assert shown(household).values == {}


def test_a_number_on_file_is_refused_in_every_household_until_its_person_has_left(
    officer: Account, household: Household
) -> None:
    elsewhere = factories.household("522636101001")
    number = people.id_number()
    with transaction():
        person = people.head(household, officer, id_number=number)
    with pytest.raises(Conflict) as refused, transaction():
        people.head(elsewhere, officer, id_number=number)
    assert refused.value.code == "person_on_file"
    assert read_file(elsewhere, YEAR).members == []

    with transaction():
        end_membership(person, household, TODAY, "married_away", people.noting(officer))
        people.head(elsewhere, officer, id_number=number)
    assert [member.identity["id_number"] for member in read_file(elsewhere, YEAR).members] == [number]
    with pytest.raises(Conflict):
        check_number_is_free(number)


def test_birthday_and_sex_come_from_the_card_and_must_not_contradict_it(officer: Account, household: Household) -> None:
    number = people.id_number(date(1985, 6, 1), "female")
    with transaction():
        person = people.head(household, officer, id_number=number)
    assert (person.born_on, person.sex) == (date(1985, 6, 1), "female")

    with pytest.raises(Invalid) as refused, transaction():
        typed = {"name": "潘小梅", "relation": "child", "sex": "male", "id_number": people.id_number(sex="female")}
        add_member(household, typed, people.noting(officer), joined_on=TODAY)
    assert set(refused.value.data["fields"]) == {"sex"}


def test_who_somebody_is_changes_only_with_a_second_person(household: Household, officer: Account, other: Account) -> None:
    with transaction():
        person = people.head(household, officer, name="杨阿山")
        request = ask_identity(person, household, {"name": "杨阿杉"}, people.noting(officer, reason="The card says so"))
    assert request is not None and requested(request, household) == {"name": "杨阿杉"}
    assert shown(household).members[0].identity["name"] == "杨阿山"
    with transaction():
        approve_request(request, household, by=other, now=NOW)
    member = shown(household).members[0]
    assert member.identity["name"] == "杨阿杉"
    assert member.sources["name"].origin == "request"


def test_the_file_of_a_past_day_says_what_was_known_then(household: Household, officer: Account, other: Account) -> None:
    with transaction():
        head = people.head(household, officer)
        record_values(household, {"fuel": "wood", "road": "path"}, people.noting(officer, seen=0), year=YEAR)
    seen = shown(household).seen
    after = NOW + timedelta(days=3)
    with transaction():
        record_values(household, {"fuel": "gas"}, people.noting(other, after, seen=seen), year=YEAR)
        lost = record_values(household, {"fuel": "coal"}, people.noting(officer, after, seen=seen), year=YEAR)
    decided = NOW + timedelta(days=9)
    with transaction():
        decide_conflict(lost.conflicts[0], household, replace=True, by=other, now=decided)
        end_membership(head, household, decided.date(), "died", people.noting(officer, decided))

    def fuel(days: int) -> str:
        moment = NOW + timedelta(days=days, hours=1)
        return str(file_as_of(household, moment, moment.date()).values[YEAR]["fuel"])

    assert [fuel(days) for days in (0, 2, 3, 8, 9)] == ["wood", "wood", "gas", "gas", "coal"]
    assert file_as_of(household, NOW, TODAY).members[head.id]["relation"] == "head"
    later = decided + timedelta(days=1)
    assert file_as_of(household, later, later.date()).members == {}


def test_a_question_without_a_reach_is_refused_before_it_is_sent(household: Household, officer: Account) -> None:
    for statement in (select(Person), select(FileChange.id), text("SELECT count(*) FROM file_record")):
        with pytest.raises(UnscopedReading):
            db.session.execute(statement)
    assert db.session.scalars(Reach.of(["522636"], "a test").over(select(Person), Person.village_code)).all() == []


def test_a_household_beside_ones_own_area_is_as_absent_as_none(officer: Account, household: Household) -> None:
    own, sibling = Reach.of([factories.VILLAGE], "officer"), factories.household("522636100002")

    assert get_household_within(household.public_id, own) is household
    for public_id in (sibling.public_id, "nobody"):
        with pytest.raises(NotFound) as refused:
            get_household_within(public_id, own)
        assert refused.value.code == "household_unknown"


def test_a_reach_over_no_area_finds_nothing(household: Household, officer: Account) -> None:
    with transaction():
        people.head(household, officer)
    assert db.session.scalars(Reach.of([], "nobody").over(select(Person), Person.village_code)).all() == []
