"""Two officers answer one question while it is taken back: one thing happens, and what was published is one article."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.advisory.asking import answer_question, ask_person, withdraw_question
from marketplace.advisory.models import PolicyArticle, PolicyQuestion
from marketplace.advisory.states import QuestionState
from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.advisory.test_answers import COUNTY, heading, officer
from tests.factories import NOW
from tests.own_database import own_database, race


@pytest.fixture(scope="module")
def county(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "question_races") as app:
        yield app


def test_of_two_who_answer_at_once_one_does_and_what_was_taken_back_stays_so(county: Flask) -> None:
    with county.app_context(), transaction():
        people = [officer().id, officer().id]
        asker = factories.account()
        number, asker_id = ask_person("谁来修村里的水渠？", COUNTY, by=asker, now=NOW).id, asker.id

    def question() -> PolicyQuestion:
        return db.session.get_one(PolicyQuestion, number)

    def answer(who: int) -> bool:
        with transaction():
            by = db.session.get_one(Account, who)
            return answer_question(question(), "由水务站来修。", by=by, now=NOW, publish=heading()) is not None

    def withdraw() -> bool:
        with transaction():
            return withdraw_question(question(), by=db.session.get_one(Account, asker_id), now=NOW)

    runners = [*(lambda who=who: answer(who) for who in people), withdraw]
    done = race(county, *runners, behind=f"SELECT FROM policy_question WHERE id = {number} FOR UPDATE")
    with county.app_context():
        articles = db.session.scalar(select(func.count()).select_from(PolicyArticle))
        state = question().state
    assert (state, articles) in [(QuestionState.ANSWERED, 1), (QuestionState.WITHDRAWN, 0)]
    assert done.count(True) == 1
