"""A new household gets the next code of its village, also when two are opened at one moment."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid, NotFound
from marketplace.registry.files import read_file
from marketplace.registry.models import Household
from marketplace.registry.opening import next_code, open_file
from marketplace.registry.reading import Reach
from marketplace.registry.service import add_household
from tests import factories
from tests.own_database import own_database, race
from tests.registry import people

OWN, SIBLING, NOW = factories.VILLAGE, "522636100002", factories.NOW
REACH = Reach.of([OWN], "officer")
JOINED = date(2026, 6, 15)


def open_one(number: str, officer_id: int) -> str:
    """Open a file in a transaction of its own; answers its code."""
    with transaction():
        officer = db.session.get_one(Account, officer_id)
        typed = {"name": "杨阿山", "id_number": number}
        return open_file(OWN, typed, REACH, people.noting(officer), joined_on=JOINED).code


def test_the_next_code_follows_the_last_and_then_fills_the_gaps(session: Session) -> None:
    officer = people.officer()
    assert open_one(people.id_number(), officer.id) == f"{OWN}0001"
    with transaction():
        add_household(f"{OWN}0007", now=NOW)
    assert open_one(people.id_number(), officer.id) == f"{OWN}0008"
    with transaction():
        add_household(f"{OWN}9999", now=NOW)
        assert next_code(OWN) == f"{OWN}0002"


def test_the_head_is_the_first_member(session: Session) -> None:
    officer = people.officer()
    code = open_one(people.id_number(date(1960, 2, 3), "female"), officer.id)
    household = db.session.scalars(select(Household).filter_by(code=code)).one()
    member = read_file(household, 2026).members[0]
    assert (member.identity["relation"], member.identity["sex"], member.identity["born_on"]) == ("head", "female", "1960-02-03")
    assert member.person.joined_on == JOINED


def test_a_number_on_file_opens_no_second_household(session: Session) -> None:
    officer, number = people.officer(), people.id_number()
    open_one(number, officer.id)
    with pytest.raises(Conflict) as refused:
        open_one(number, officer.id)
    assert refused.value.code == "person_on_file"
    assert len(db.session.scalars(select(Household)).all()) == 1


@pytest.mark.parametrize(
    ("village", "failure"), [(SIBLING, NotFound), ("522636100", NotFound), (f"{OWN[:-1]}9", NotFound), ("", NotFound)]
)
def test_no_household_is_opened_outside_ones_own_village(session: Session, village: str, failure: type[Exception]) -> None:
    officer = people.officer()
    factories.area(SIBLING)
    with pytest.raises(failure), transaction():
        open_file(village, {"name": "杨阿山", "id_number": people.id_number()}, REACH, people.noting(officer), joined_on=JOINED)
    assert db.session.scalars(select(Household)).all() == []


def test_a_township_is_no_village(session: Session) -> None:
    officer = people.officer("522636100")
    wide = Reach.of(["522636100"], "officer")
    with pytest.raises(Invalid) as refused, transaction():
        open_file("522636100", {"name": "杨阿山"}, wide, people.noting(officer), joined_on=JOINED)
    assert refused.value.code == "village_needed"


@pytest.fixture(scope="module")
def office(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "opening") as app:
        yield app


def test_two_households_opened_at_one_moment_get_two_codes(office: Flask) -> None:
    with office.app_context():
        with transaction():
            officer_id = people.officer().id
        for at in range(10):
            numbers = [people.id_number() for _ in range(3)]
            codes = race(office, *(partial(open_one, number, officer_id) for number in numbers))
            assert sorted(codes) == [f"{OWN}{at * 3 + place:04d}" for place in (1, 2, 3)]
