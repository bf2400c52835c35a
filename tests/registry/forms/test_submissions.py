"""What a device sends is kept first and taken into the household's file once, by the same rules as what a page notes."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError
from marketplace.registry.files import HouseholdFile, read_file
from marketplace.registry.filing import end_membership, record_values
from marketplace.registry.forms.processing import note_failure, process
from marketplace.registry.forms.receiving import open_raw, receive
from marketplace.registry.models import (
    FormSubmission,
    FormVersion,
    Household,
    HouseholdPicture,
    SubmissionFlag,
    SubmissionState,
    Visit,
)
from marketplace.registry.reading import unbounded
from marketplace.registry.visits import visit_details
from tests import factories
from tests.registry import people
from tests.registry.forms import fieldwork
from tests.registry.forms.fieldwork import NOW

YEAR = 2026


@pytest.fixture
def officer(session: Session) -> Account:
    return people.officer()


@pytest.fixture
def standard(session: Session) -> FormVersion:
    return fieldwork.standard()


@pytest.fixture
def household(session: Session) -> Household:
    return factories.household()


def send(raw: bytes, by: Account, folder: Path, *, media: dict[str, bytes] | None = None, form: str = "xml") -> FormSubmission:
    """Keep and take in, as the edge does."""
    with transaction():
        kept = receive(raw, form, media or {}, by=by, channel="openrosa", now=NOW)
        number, state = kept.id, kept.state
    if state != SubmissionState.WAITING:
        return kept
    return take_in(number, folder)


def take_in(number: int, folder: Path) -> FormSubmission:
    try:
        with transaction():
            return process(number, folder, now=NOW)
    except DomainError as error:
        with transaction():
            return note_failure(number, error)


def shown(household: Household, year: int = YEAR) -> HouseholdFile:
    return read_file(household, year)


def counted(model: type) -> int:
    return db.session.scalar(unbounded(select(func.count()).select_from(model), "a test")) or 0


def test_answers_become_values_that_say_they_came_by_a_form(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    answers = {
        "income_wages_yuan": "12345.5",
        "income_wages_fen": "1234550.0",
        "other_causes": "schooling lack_of_water",
        "water_minutes": "25",
        "phone": "138 0000 4711",
        "arable_mu": "2.50",
        "has_power": "yes",
    }
    kept = send(fieldwork.xml(household.public_id, answers), officer, tmp_path)

    assert (kept.state, kept.fault, kept.version_id, kept.household_id) == ("done", "", standard.id, household.id)
    file = shown(household)
    assert file.values == {
        "kind": "general_poor",
        "main_cause": "illness",
        "other_causes": ["schooling", "lack_of_water"],
        "phone": "13800004711",
        "income_wages_fen": 1234550,
        "dwelling_grade": "b",
        "water_source": "spring",
        "water_minutes": 25,
        "arable_mu": "2.5",
        "has_power": True,
    }
    assert {file.sources[name].how for name in ("kind", "phone", "arable_mu", "income_wages_fen")} == {"told"}
    assert {file.sources[name].how for name in ("dwelling_grade", "water_source", "has_power")} == {"seen"}
    assert {source.origin for source in file.sources.values()} == {"form"}
    assert kept.outcome["values"] == 10


def test_what_came_is_kept_as_it_came_and_does_not_lie_open(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    raw = fieldwork.xml(household.public_id, {"phone": "13800009876"})
    kept = send(raw, officer, tmp_path)
    assert open_raw(kept) == raw
    rows = str(db.session.execute(unbounded(text("SELECT form_submission::text FROM form_submission"), "a test")).all())
    assert "13800009876" not in rows and household.public_id not in rows


def test_the_same_instance_three_times_is_one_submission_and_one_change(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    member = {"name": "潘小梅", "relation": "child", "sex": "female", "born_on": "2010-02-03"}
    raw = fieldwork.xml(household.public_id, {"fuel": "wood"}, (member,))
    first = [send(raw, officer, tmp_path).public_id for _ in range(3)]
    assert len(set(first)) == 1
    assert (counted(FormSubmission), counted(Visit), len(shown(household).members)) == (1, 1, 1)


def test_another_content_under_the_same_instance_id_is_refused_and_nothing_changes(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    name = fieldwork.instance_id()
    send(fieldwork.xml(household.public_id, {"fuel": "wood"}, name=name), officer, tmp_path)
    with pytest.raises(Conflict) as refused:
        send(fieldwork.xml(household.public_id, {"fuel": "coal"}, name=name), officer, tmp_path)
    assert refused.value.code == "submission_differs"
    assert shown(household).values["fuel"] == "wood"


def test_a_new_member_is_put_on_file_and_a_known_one_gets_this_years_values(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    with transaction():
        head = people.head(household, officer)
    number = people.id_number(sex="female")
    members = (
        {"member": head.public_id, "health": "long_illness", "labour": "weak", "work_place": "county", "work_months": "4"},
        {"name": "潘小梅", "relation": "spouse", "id_number": number, "sex": "female", "born_on": "1970-03-07"},
    )
    kept = send(fieldwork.xml(household.public_id, {}, members), officer, tmp_path)
    assert (kept.state, kept.outcome["members_added"]) == ("done", 1)
    first, second = shown(household).members
    assert first.values == {"health": "long_illness", "labour": "weak", "work_place": "county", "work_months": 4}
    assert (second.identity["name"], second.identity["id_number"]) == ("潘小梅", number)


def test_two_forms_made_without_sight_of_each_other_make_a_conflict(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    with transaction():
        record_values(household, {"fuel": "wood", "road": "path"}, people.noting(officer), year=YEAR)
    seen = shown(household).seen
    other = people.officer("522636100", "潘干部")
    send(fieldwork.xml(household.public_id, {"fuel": "gas"}, seen=seen), other, tmp_path)
    kept = send(fieldwork.xml(household.public_id, {"fuel": "coal", "road": "gravel"}, seen=seen), officer, tmp_path)
    assert kept.outcome["conflicts"] == 1
    file = shown(household)
    assert (file.values["fuel"], file.values["road"]) == ("gas", "gravel")
    assert [conflict.field for conflict in file.conflicts] == ["fuel"]


def test_a_household_outside_the_senders_area_is_unknown_to_the_form_too(
    standard: FormVersion, officer: Account, tmp_path: Path
) -> None:
    elsewhere = factories.household("522636100002")
    kept = send(fieldwork.xml(elsewhere.public_id), officer, tmp_path)
    assert (kept.state, kept.fault, kept.household_id) == ("failed", "household_unknown", None)
    assert shown(elsewhere).values == {}


def test_a_failed_one_can_be_tried_again_when_the_reason_is_gone(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    elsewhere, number = factories.household("522636101001"), people.id_number()
    with transaction():
        person = people.head(elsewhere, officer, id_number=number)
    member = {"name": "杨阿山", "relation": "head", "id_number": number, "sex": "male", "born_on": "1970-03-07"}
    kept = send(fieldwork.xml(household.public_id, {"fuel": "wood"}, (member,)), officer, tmp_path)
    assert (kept.state, kept.fault, kept.attempts, kept.household_id) == ("failed", "person_on_file", 1, household.id)
    assert shown(household).values == {}

    with transaction():
        end_membership(person, elsewhere, factories.TODAY, "moved", people.noting(officer))
    again = take_in(kept.id, tmp_path)
    assert (again.state, again.fault, again.attempts) == ("done", "", 2)
    assert shown(household).members[0].identity["id_number"] == number


def test_what_must_be_answered_and_is_not_fails_by_name_and_changes_nothing(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    answers = {"kind": "", "water_litres": "5000", "shoe_size": "42", "road": "motorway"}
    kept = send(fieldwork.xml(household.public_id, answers, ({"labour": "strong"},)), officer, tmp_path)
    assert (kept.state, kept.fault) == ("failed", "values_invalid")
    assert set(kept.fault_fields) == {
        "kind",
        "water_litres",
        "shoe_size",
        "road",
        "members.1.name",
        "members.1.relation",
        "members.1.sex",
        "members.1.born_on",
        "members.1.labour",
    }
    assert shown(household).values == {}


@pytest.mark.parametrize("typed", ["many", "NaN", "1e999999"])
def test_a_number_that_is_none_fails_by_name(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path, typed: str
) -> None:
    answers = {"income_wages_yuan": typed, "water_litres": typed, "water_source": "spring"}
    kept = send(fieldwork.xml(household.public_id, answers), officer, tmp_path)
    assert (kept.state, set(kept.fault_fields)) == ("failed", {"income_wages_yuan", "water_litres"})


def test_a_question_that_was_not_to_be_asked_is_not_looked_at(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    send(fieldwork.xml(household.public_id, {"water_source": "tap", "water_minutes": "25"}), officer, tmp_path)
    assert "water_minutes" not in shown(household).values


def test_an_empty_answer_changes_nothing(standard: FormVersion, household: Household, officer: Account, tmp_path: Path) -> None:
    with transaction():
        record_values(household, {"fuel": "gas", "arable_mu": "3"}, people.noting(officer), year=YEAR)
    send(fieldwork.xml(household.public_id, {"fuel": ""}, seen=shown(household).seen), officer, tmp_path)
    assert (shown(household).values["fuel"], shown(household).values["arable_mu"]) == ("gas", "3")


def test_last_years_form_waits_for_a_second_person(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    ended = NOW - timedelta(days=200)
    kept = send(
        fieldwork.xml(household.public_id, {"fuel": "wood"}, began=ended - timedelta(hours=1), ended=ended), officer, tmp_path
    )
    assert kept.state == "done" and kept.outcome["requests"] == 2
    assert shown(household, YEAR - 1).values == {}


def test_photos_may_come_later_and_are_put_away_as_pictures_of_the_household(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    raw = fieldwork.xml(household.public_id, {"photo_house": "1.jpg", "photo_water": "2.jpg"})
    first = send(raw, officer, tmp_path)
    assert (first.state, counted(HouseholdPicture), shown(household).values) == ("incomplete", 0, {})
    second = send(raw, officer, tmp_path, media={"1.jpg": fieldwork.photo(1)})
    assert (second.public_id, second.state) == (first.public_id, "incomplete")
    third = send(raw, officer, tmp_path, media={"2.jpg": b"no picture at all"})
    assert (third.public_id, third.state) == (first.public_id, "done")
    assert (third.outcome["pictures"], third.outcome["pictures_refused"]) == (1, ["photo_water"])
    picture = db.session.scalars(unbounded(select(HouseholdPicture), "a test")).one()
    assert (picture.subject, picture.household_id, picture.origin_id) == ("house", household.id, first.public_id)
    assert [medium.sealed is None for medium in third.media] == [True, False]


def test_where_it_was_made_is_sealed_in_a_visit_of_the_household(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    kept = send(fieldwork.xml(household.public_id, {"place": "26.2001 107.8002 812.0 6.5"}), officer, tmp_path)
    visit = db.session.scalars(unbounded(select(Visit), "a test")).one()
    assert (visit.origin_id, visit.by_id, visit.at) == (kept.public_id, officer.id, NOW - timedelta(minutes=2))
    assert visit_details(visit, household) == {"latitude": 26.2001, "longitude": 107.8002, "accuracy_m": 6.5}


def test_a_submission_stays_under_the_version_it_was_made_with(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    standard.ends_on = factories.TODAY + timedelta(days=1)
    db.session.commit()
    kept = send(fieldwork.xml(household.public_id), officer, tmp_path)
    assert (kept.state, kept.version_id) == ("done", standard.id)


def test_one_of_a_version_that_is_not_known_yet_waits_with_its_photos(
    household: Household, officer: Account, tmp_path: Path
) -> None:
    raw = fieldwork.xml(household.public_id, {"photo_house": "1.jpg"})
    kept = send(raw, officer, tmp_path, media={"1.jpg": fieldwork.photo(1)})
    assert (kept.state, kept.fault) == ("failed", "form_version_unknown")
    version = fieldwork.standard()
    again = take_in(kept.id, tmp_path)
    assert (again.state, again.version_id, again.outcome["pictures"]) == ("done", version.id, 1)
    assert [medium.question for medium in again.media] == ["photo_house"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<data",
        b"<data id='household_52' version='1'></data>",
        b"<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><data id='household_52' version='1'>&a;</data>",
        b"<!DOCTYPE d [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><data id='x' version='1'>&b;</data>",
        b"<data>" + b"<a>" * 2000 + b"</a>" * 2000 + b"</data>",
        b"<data>" + b"<a/>" * 5000 + b"</data>",
        b"x" * (513 * 1024),
        b"\xff\xfe\x00nonsense",
    ],
    ids=["empty", "cut off", "unnamed", "external entity", "entities", "deep", "wide", "large", "bytes"],
)
def test_what_cannot_be_read_is_kept_as_it_came_and_named(
    standard: FormVersion, officer: Account, tmp_path: Path, raw: bytes
) -> None:
    kept = [send(raw, officer, tmp_path) for _ in range(2)]
    assert {(one.state, one.fault, open_raw(one)) for one in kept} == {("unreadable", "submission_unreadable", raw)}
    assert counted(FormSubmission) == 1


def test_json_says_the_same_as_xml(
    standard: FormVersion, household: Household, officer: Account, tmp_path: Path, app: Flask
) -> None:
    body = {
        "instance_id": fieldwork.instance_id(),
        "form_id": fieldwork.FORM_ID,
        "version": fieldwork.VERSION,
        "began_at": "2026-06-15T11:35:00+08:00",
        "ended_at": "2026-06-15T11:58:00+08:00",
        "answers": {
            **fieldwork.USUAL,
            "household": household.public_id,
            "seen": 0,
            "has_power": True,
            "other_causes": ["schooling"],
            "water_minutes": 25,
            "income_wages_yuan": 1200,
        },
        "members": [{"name": "潘小梅", "relation": "child", "sex": "female", "born_on": "2010-02-03"}],
    }
    kept = send(app.json.dumps(body).encode(), officer, tmp_path, form="json")
    assert (kept.state, kept.fault_fields) == ("done", {})
    values = shown(household).values
    assert (values["other_causes"], values["water_minutes"], values["income_wages_fen"]) == (["schooling"], 25, 120_000)
    assert counted(SubmissionFlag) == 0
