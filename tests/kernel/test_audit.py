"""The audit chain: acts are written with their change and gone with it, and nobody alters one unseen."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.kernel import audit, embedded_postgres
from marketplace.kernel.audit import AuditEvent, check_chain
from marketplace.kernel.audit_chain import GENESIS
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.own_database import own_database, race


@pytest.fixture
def chain(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database whose trigger the test may switch off, as somebody with all rights could."""
    with own_database(database_server, data_dir, "audit") as app:
        yield app


def act(number: int, **data: Any) -> None:
    """An act in a transaction of its own."""
    with transaction():
        audit.record("thing.done", "thing", str(number), actor="somebody", at=factories.NOW, **data)


def test_acts_are_chained_one_behind_the_other(session: Session) -> None:
    with transaction():
        for number in range(3):
            audit.record("thing.done", "thing", str(number), actor="somebody", at=factories.NOW, on_behalf_of="other")
    act(3, amount_fen=5, name="苹果", nested={"b": [1, None], "a": 1.5})
    rows = db.session.execute(
        select(AuditEvent.object_id, AuditEvent.previous_hash, AuditEvent.hash).order_by(AuditEvent.id)
    ).all()
    assert [row.object_id for row in rows] == ["0", "1", "2", "3"]
    assert [row.previous_hash for row in rows] == [GENESIS, *(row.hash for row in rows[:-1])]
    assert check_chain() == (4, None)


def test_an_empty_chain_is_whole(session: Session) -> None:
    assert check_chain() == (0, None)


def test_an_act_is_gone_with_its_change(session: Session) -> None:
    with pytest.raises(ValueError, match="no"), transaction():
        audit.record("thing.done", "thing", "1", actor="somebody", at=factories.NOW)
        raise ValueError("no")
    act(2)
    assert db.session.scalars(select(AuditEvent.object_id)).all() == ["2"]
    assert check_chain()[1] is None


def test_an_act_needs_the_transaction_that_does_it(session: Session) -> None:
    with pytest.raises(RuntimeError, match="inside the transaction"):
        audit.record("thing.done", "thing", "1", actor="somebody", at=factories.NOW)
    assert db.session.scalar(select(func.count(AuditEvent.id))) == 0


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET actor = 'other'", "DELETE FROM audit_event"])
def test_the_database_refuses_to_alter_an_act(session: Session, statement: str) -> None:
    act(1)
    with pytest.raises(IntegrityError, match="append-only"), transaction():
        db.session.execute(text(statement))
    assert db.session.scalars(select(AuditEvent.actor)).all() == ["somebody"]


ALTERATIONS = {
    "at": "at + interval '1 microsecond'",
    "actor": "'other'",
    "on_behalf_of": "'other'",
    "verb": "'thing.undone'",
    "object_kind": "'being'",
    "object_id": "'22'",
    "data": """jsonb_set(data, '{amount_fen}', '501')""",
    "previous_hash": "set_byte(previous_hash, 0, 255 - get_byte(previous_hash, 0))",
    "hash": "set_byte(hash, 31, 255 - get_byte(hash, 31))",
}


def without_trigger(statement: str, **values: Any) -> None:
    """What somebody with all rights over the database could do."""
    with transaction():
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        db.session.execute(text(statement), values)


def test_the_list_of_alterations_covers_every_column() -> None:
    assert set(ALTERATIONS) == {column.name for column in AuditEvent.__table__.columns} - {"id"}


def test_every_alteration_of_a_past_act_is_found_where_it_is(chain: Flask) -> None:
    with chain.app_context():
        for number in range(4):
            act(number, amount_fen=500)
        altered = db.session.scalars(select(AuditEvent.id).filter_by(object_id="2")).one()
        for column, value in ALTERATIONS.items():
            db.session.rollback()
            kept = db.session.execute(text(f"SELECT {column} FROM audit_event WHERE id = :id"), {"id": altered}).scalar()
            without_trigger(f"UPDATE audit_event SET {column} = {value} WHERE id = :id", id=altered)
            assert check_chain()[1] == altered, column
            db.session.rollback()
            back = "CAST(:kept AS jsonb)" if column == "data" else ":kept"
            kept = '{"amount_fen": 500}' if column == "data" else kept
            without_trigger(f"UPDATE audit_event SET {column} = {back} WHERE id = :id", id=altered, kept=kept)
            assert check_chain()[1] is None, column


def test_an_act_taken_out_or_put_between_is_found_behind_the_gap(chain: Flask) -> None:
    with chain.app_context():
        for number in range(4):
            act(number)
        events = db.session.scalars(select(AuditEvent.id).order_by(AuditEvent.id)).all()
        without_trigger("DELETE FROM audit_event WHERE id = :id", id=events[1])
        assert check_chain()[1] == events[2]


def test_acts_of_many_at_once_still_make_one_line(chain: Flask) -> None:
    answers = race(chain, *[partial(act, number) for number in range(8)])
    assert answers == [None] * 8
    with chain.app_context():
        assert sorted(db.session.scalars(select(AuditEvent.object_id))) == [str(number) for number in range(8)]
        assert check_chain()[1] is None


def test_the_moment_is_part_of_the_act_whatever_zone_the_database_is_in(chain: Flask) -> None:
    with chain.app_context():
        with transaction():
            audit.record("thing.done", "thing", "1", actor="somebody", at=factories.NOW + timedelta(microseconds=120_000))
        with transaction():
            db.session.execute(text("SET LOCAL TIME ZONE 'Asia/Shanghai'"))
            assert check_chain()[1] is None
