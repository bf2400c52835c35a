"""Real connections at one moment: two operators over one batch, twenty over one line, a refund while a batch is made."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.checking import check_ledger
from marketplace.ledger.models import Transfer
from marketplace.ledger.queries import balance_fen
from marketplace.ledger.service import post_transfer
from marketplace.payments.models import PayoutBatch, PayoutLine, PayoutWay
from marketplace.payments.payees import set_payee
from marketplace.payments.paying_out import send_batch
from marketplace.payments.payout_queries import get_batch, lock_line
from marketplace.payments.payouts import IN_TRANSIT, approve_batch, confirm_line, discard_batch, draft_batch, return_line
from tests.factories import NOW
from tests.own_database import own_database, race

CODE = "producer:raced"
ROUNDS = 5


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "payout_races") as app:
        with app.app_context(), transaction():
            set_payee(CODE, PayoutWay.BANK, "杨阿妹", "丹寨银行", "6222000011112222", actor="farmer", now=NOW)
        yield app


def earn(shop: Flask, purpose: str, amount_fen: int = 5000) -> None:
    with shop.app_context(), transaction():
        post_transfer("settlement", "order", purpose, {"clearing": -amount_fen, CODE: amount_fen}, at=NOW)


def drafted(actor: str = "first") -> str:
    with transaction():
        return draft_batch(PayoutWay.BANK, 1000, actor=actor, now=NOW).public_id


def approved(batch: str, actor: str) -> bool:
    with transaction():
        return approve_batch(get_batch(batch, lock=True), actor=actor, now=NOW)


def discarded(batch: str) -> bool:
    with transaction():
        return discard_batch(get_batch(batch, lock=True), actor="first", now=NOW)


def confirmed(line: str, reference: str) -> bool:
    with transaction():
        return confirm_line(lock_line(line), reference, actor="first", now=NOW)


def returned(line: str) -> bool:
    with transaction():
        return return_line(lock_line(line), "账号有误", actor="second", now=NOW)


def sent(shop: Flask) -> tuple[str, str]:
    """A sent batch and its line."""
    with shop.app_context():
        batch = drafted()
        approved(batch, "second")
        send_batch(batch, actor="first", now=NOW)
        return batch, get_batch(batch).lines[0].public_id


def hold(batch: str) -> str:
    return f"SELECT FROM payout_batch WHERE public_id = '{batch}' FOR UPDATE"


def booked(line: str) -> dict[str, int]:
    """How often each kind of transfer was booked for a line."""
    query = select(Transfer.kind, func.count().label("number")).where(Transfer.purpose_id == line).group_by(Transfer.kind)
    return {row.kind: row.number for row in db.session.execute(query)}


def test_two_who_draft_at_once_pay_a_balance_once(shop: Flask) -> None:
    for number in range(ROUNDS):
        earn(shop, f"draft-{number}")
        answers = race(shop, partial(drafted, "first"), partial(drafted, "second"))
        assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "str"]
        with shop.app_context():
            assert balance_fen(CODE) == 0
            assert discarded(next(answer for answer in answers if isinstance(answer, str)))
            assert balance_fen(CODE) == 5000
            batch = drafted()
            approved(batch, "second")
            send_batch(batch, actor="first", now=NOW)
            assert confirmed(get_batch(batch).lines[0].public_id, f"D{number}")


def test_two_who_approve_at_once_are_one_and_discarding_at_that_moment_leaves_one_of_the_two(shop: Flask) -> None:
    for number in range(ROUNDS):
        earn(shop, f"approve-{number}")
        with shop.app_context():
            batch = drafted()
        answers = race(shop, partial(approved, batch, "second"), partial(approved, batch, "third"), behind=hold(batch))
        assert sorted(answers) == [False, True]
        answers = race(shop, partial(send_batch, batch, actor="first", now=NOW), partial(discarded, batch), behind=hold(batch))
        with shop.app_context():
            state = db.session.scalars(select(PayoutBatch.state).filter_by(public_id=batch)).one()
            assert state == ("sent" if answers[0] is True else "discarded")
            assert [type(answer) for answer in answers].count(Conflict) == 1
            if state == "sent":
                assert confirmed(get_batch(batch).lines[0].public_id, f"A{number}")


def test_twenty_who_confirm_one_line_confirm_it_once(shop: Flask) -> None:
    earn(shop, "twenty")
    _batch, line = sent(shop)
    answers = race(shop, *[partial(confirmed, line, "T1")] * 20)
    assert sorted(answers) == [False] * 19 + [True]
    with shop.app_context():
        assert booked(line) == {"payout": 1, "payout_paid": 1}
        assert balance_fen(IN_TRANSIT) == 0
        assert check_ledger().fault is None


def test_confirming_and_returning_at_once_end_with_the_money_in_one_place(shop: Flask) -> None:
    for number in range(ROUNDS):
        earn(shop, f"both-{number}")
        batch, line = sent(shop)
        answers = race(shop, partial(confirmed, line, f"R{number}"), partial(returned, line), behind=hold(batch))
        # Paid and then sent back, or sent back and then not to be confirmed: the seller has it again either way.
        assert answers[1] is True
        with shop.app_context():
            assert booked(line) == {"payout": 1, "payout_returned": 1, **({"payout_paid": 1} if answers[0] is True else {})}
            assert db.session.scalars(select(PayoutLine.state).filter_by(public_id=line)).one() == "returned"
            # It grows by each round's, which the next batch takes all together.
            assert (balance_fen(CODE), balance_fen(IN_TRANSIT)) == (5000 * (number + 1), 0)
    with shop.app_context():
        assert check_ledger().fault is None
