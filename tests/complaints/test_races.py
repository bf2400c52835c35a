"""Several people reach for a complaint at one moment: one has it, and it is answered or taken back, never both."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.complaints.following import withdraw_complaint
from marketplace.complaints.handling import answer_complaint, take_complaint
from marketplace.complaints.models import Complaint, ComplaintStep
from marketplace.complaints.states import ComplaintState
from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from tests.complaints.world import COUNTY, filed, world
from tests.factories import NOW
from tests.own_database import own_database, race


@pytest.fixture(scope="module")
def county(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "complaint_races") as app:
        yield app


def test_of_two_who_take_a_complaint_at_once_one_has_it_and_it_ends_in_one_way(county: Flask) -> None:
    with county.app_context(), transaction():
        there = world()
        complaint, code = filed()
        number, people = complaint.id, [there.auditors[COUNTY].id, there.second_auditor.id]
    lock = f"SELECT FROM complaint WHERE id = {number} FOR UPDATE"

    def take(who: int) -> int:
        with transaction():
            take_complaint(db.session.get_one(Complaint, number), by=db.session.get_one(Account, who), now=NOW)
            return who

    taken = race(county, *(lambda who=who: take(who) for who in people), behind=lock)
    handler = next(each for each in taken if isinstance(each, int))
    assert [each.code for each in taken if isinstance(each, Conflict)] == ["complaint_taken"]

    def answer() -> bool:
        with transaction():
            by = db.session.get_one(Account, handler)
            return answer_complaint(db.session.get_one(Complaint, number), "已经查实，款项退回。", by=by, now=NOW)

    def withdraw() -> bool:
        with transaction():
            return withdraw_complaint(code, now=NOW)

    ended = race(county, answer, answer, withdraw, behind=lock)
    with county.app_context():
        state = db.session.get_one(Complaint, number).state
        steps = select(func.count()).select_from(ComplaintStep).filter_by(complaint_id=number, action="answer")
        answers = db.session.scalar(steps)
    assert (state, answers) in [(ComplaintState.ANSWERED, 1), (ComplaintState.WITHDRAWN, 0)]
    assert [each for each in ended if each is True] == [True]
