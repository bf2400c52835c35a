"""Keys that make a repeated call one call."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid
from marketplace.kernel.idempotency import IdempotencyKey, claim, settle
from marketplace.ledger.models import LedgerAccount
from tests import factories
from tests.own_database import own_database, race


@pytest.fixture
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "idempotency") as app:
        yield app


def work(key: str, caller: str = "caller", request: bytes = b"request", *, fail: bool = False) -> dict[str, object]:
    """Open an account of the ledger under a key; answers what the caller is told."""
    with transaction():
        claimed = claim(caller, key, request, now=factories.NOW)
        if claimed.answer is not None:
            return claimed.answer
        made = LedgerAccount(code=f"made {len(db.session.scalars(select(LedgerAccount.id)).all())} for {caller}")
        db.session.add(made)
        db.session.flush()
        if fail:
            raise ValueError("the work has failed")
        answer: dict[str, object] = {"code": made.code}
        settle(claimed, answer)
        return answer


def codes() -> list[str]:
    return list(db.session.scalars(select(LedgerAccount.code).order_by(LedgerAccount.id)))


def test_the_second_call_gets_the_first_answer_and_does_nothing(session: Session) -> None:
    assert work("1") == work("1") == {"code": "made 0 for caller"}
    assert codes() == ["made 0 for caller"]


def test_another_key_and_another_caller_are_other_work(session: Session) -> None:
    answers = [work("1"), work("2"), work("1", "other")]
    assert [answer["code"] for answer in answers] == codes()
    assert len(codes()) == 3


def test_one_key_for_two_requests_is_refused(session: Session) -> None:
    work("1")
    with pytest.raises(Conflict) as refused:
        work("1", request=b"another")
    assert (refused.value.code, codes()) == ("idempotency_key_reused", ["made 0 for caller"])


def test_work_that_failed_leaves_the_key_free(session: Session) -> None:
    with pytest.raises(ValueError, match="failed"):
        work("1", fail=True)
    assert (codes(), db.session.scalars(select(IdempotencyKey.key)).all()) == ([], [])
    assert work("1") == {"code": "made 0 for caller"}


@pytest.mark.parametrize("key", ["", "k" * 129])
def test_a_key_that_is_none_is_refused(session: Session, key: str) -> None:
    with pytest.raises(Invalid) as refused:
        work(key)
    assert (refused.value.code, codes()) == ("idempotency_key_invalid", [])


def test_of_many_simultaneous_calls_one_works_and_all_get_its_answer(shop: Flask) -> None:
    for round_number in range(10):
        answers = race(shop, *[partial(work, f"key {round_number}")] * 8)
        assert answers == [{"code": f"made {round_number} for caller"}] * 8
    with shop.app_context():
        assert len(codes()) == 10


def test_when_the_first_of_two_fails_the_second_does_the_work(shop: Flask) -> None:
    for round_number in range(10):
        answers = race(shop, partial(work, f"key {round_number}", fail=True), partial(work, f"key {round_number}"))
        good = {"code": f"made {round_number} for caller"}
        assert answers[1] == good
        # The failing one either failed or came second and was told the answer.
        assert answers[0] == good or isinstance(answers[0], ValueError)
        with shop.app_context():
            assert len(codes()) == round_number + 1
