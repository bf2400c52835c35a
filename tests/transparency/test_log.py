"""What entered the log stays as it was: every way of altering a row is found, and the row is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import BigInteger, Column, Date, Integer, String, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from marketplace.kernel import embedded_postgres
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import Base, db, transaction
from marketplace.kernel.errors import Invalid, NotFound
from marketplace.kernel.signing import SigningError, SigningKeys, is_signed, own_signing_keys, public_keys, use_signing_keys
from marketplace.kernel.types import UTCDateTime
from marketplace.ledger.canonical import DIGESTS
from marketplace.ledger.models import Entry, LedgerCheck, Transfer
from marketplace.registry.models import Notice, NoticeLine
from marketplace.registry.reading import unbounded
from marketplace.transparency.appending import append, log_size
from marketplace.transparency.checking import check_books, check_log
from marketplace.transparency.heads import digest_of, sign_head, text_of
from marketplace.transparency.jobs import append_now, check_now, sign_head_now
from marketplace.transparency.merkle import leaf_hash, root_from_path, root_of, roots_from_consistency
from marketplace.transparency.models import LogKey, LogLeaf, TreeHead
from marketplace.transparency.queries import (
    consistency,
    find_position,
    inclusion,
    inclusion_of,
    newest_heads,
    published_keys,
    root_at,
)
from marketplace.transparency.sources import SOURCES, Ends, leaf_entry
from tests import factories
from tests.own_database import own_database, race
from tests.transparency.log_world import altered, fill, pay

# By table: which part of the log a row of it stands in, how a fault names it, and the columns that are not part of what is
# logged: the village of a line follows its household when that moves.
ROWS: dict[type[Base], tuple[str, str]] = {
    Transfer: ("transfer", "transfer {id}: "),
    Entry: ("transfer", "transfer {transfer_id}: "),
    AuditEvent: ("audit_event", "audit event {id}: "),
    Notice: ("notice", "notice {id}: "),
    NoticeLine: ("notice", "notice {notice_id}: "),
}
LEFT_OUT = {(NoticeLine, "village_code")}
COLUMNS = [(model, column) for model in ROWS for column in model.__table__.columns if (model, column.name) not in LEFT_OUT]


@pytest.fixture(scope="module")
def database(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that really commits and whose triggers may be switched off, as somebody with all rights could."""
    with own_database(database_server, data_dir, "log") as app:
        with app.app_context():
            fill()
            db.session.remove()
        yield app


@pytest.fixture
def log(database: Flask) -> Iterator[Flask]:
    with database.app_context():
        yield database
        db.session.remove()


def fault() -> str | None:
    return check_books().fault


def changed(column: Column[Any]) -> str:
    """A value that differs from the present one, by as little as its type and constraints let it."""
    name = f'"{column.name}"'
    if column.name == "kind" and column.table.name == "case_notice":
        return "'exit'"
    if isinstance(column.type, (BigInteger, Integer)):
        return f"coalesce({name}, 0) + {1 if column.name == 'amount_fen' else 1000}"
    if isinstance(column.type, String):
        return f"overlay(coalesce({name}, '') placing '~' from 1 for 1)"
    if isinstance(column.type, UTCDateTime):
        return f"{name} + interval '1 microsecond'"
    if isinstance(column.type, Date):
        return f"coalesce({name}, DATE '2026-01-01') + 1"
    if isinstance(column.type, JSONB):
        return f"{name} || '{{\"x\": 1}}'"
    return f"set_byte({name}, 31, 255 - get_byte({name}, 31))"


def test_a_sound_log_has_no_fault_and_every_row_is_in_it(log: Flask) -> None:
    assert fault() is None
    kinds = dict(db.session.execute(text("SELECT kind, count(*) FROM log_leaf GROUP BY kind")).all())
    acts = len(db.session.scalars(select(AuditEvent.id)).all())
    assert kinds == {"transfer": 3, "notice": 2, "notice_closing": 1, "audit_event": acts}
    assert (check_log().leaves, check_log().heads) == (6 + acts, 3)


def test_kinds_enter_in_a_fixed_order_and_rows_in_the_order_of_their_ids(log: Flask) -> None:
    first = newest_heads()[-1]
    rows = db.session.execute(
        select(LogLeaf.kind, LogLeaf.row_id).where(LogLeaf.position < first.size).order_by(LogLeaf.position)
    ).all()
    order = [source.kind for source in SOURCES]
    assert [tuple(row) for row in rows] == sorted((tuple(row) for row in rows), key=lambda row: (order.index(row[0]), row[1]))
    assert [row.kind for row in rows][:4] == ["transfer", "transfer", "notice", "audit_event"]


@pytest.mark.parametrize(("model", "column"), COLUMNS, ids=lambda part: getattr(part, "__tablename__", None) or part.name)
def test_altering_any_column_of_any_row_is_found_and_the_row_named(log: Flask, model: type[Base], column: Column[Any]) -> None:
    table = model.__tablename__
    query = select(*model.__table__.columns).order_by(text("id"))
    rows = db.session.execute(unbounded(query, "a test")).mappings().all()
    row = rows[len(rows) // 2]
    name = ROWS[model][1].format(**row)
    if model is Notice and column.name in ("closed_on", "stopped_on"):
        row = rows[0]
        name = f"closing of notice {row['id']}: "
    found = altered(fault, f'UPDATE {table} SET "{column.name}" = {changed(column)} WHERE id = {row["id"]}')
    assert found is not None
    assert found.startswith(name)


def test_the_code_of_an_account_is_part_of_every_transfer_on_it(log: Flask) -> None:
    first = db.session.scalar(select(Transfer.id).order_by(Transfer.id).limit(1))
    found = altered(fault, "UPDATE ledger_account SET code = 'clearinh' WHERE code = 'clearing'")
    assert found == f"transfer {first}: it was changed after it had entered the log"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (
            ["UPDATE entry SET amount_fen = 2 * amount_fen WHERE transfer_id = {second}"],
            "transfer {second}: it was changed after it had entered the log",
        ),
        (
            [
                "DELETE FROM entry WHERE transfer_id = {second}",
                "DELETE FROM transfer WHERE id = {second}",
                "DELETE FROM account_balance",
            ],
            "transfer {second}: it is in the log and gone",
        ),
        (["DELETE FROM case_notice WHERE id = {notice}"], "notice {notice}: it is in the log and gone"),
        (
            ["UPDATE case_notice SET closed_on = NULL WHERE id = {notice}"],
            "closing of notice {notice}: it is in the log",
        ),
        (["DELETE FROM case_notice_line WHERE notice_id = {notice} AND position = 2"], "notice {notice}: it was changed"),
        (["DELETE FROM audit_event WHERE verb = 'notice.prolonged'"], "notice {notice}: it was changed"),
        (["DELETE FROM log_leaf WHERE position = 1"], "transfer {second}: it was slipped in among rows of the log"),
        (["UPDATE log_leaf SET salt = sha256('x')::bytea WHERE false OR position = 1"], None),
        (["UPDATE log_leaf SET row_id = 999 WHERE position = 2"], "notice {notice}: it was slipped in among rows of the log"),
        (["UPDATE log_leaf SET position = 999 WHERE position = 5"], "audit event {act}: it was changed"),
        (["UPDATE log_node SET hash = sha256('x') WHERE level = 1 AND place = 1"], "node 1 of level 1: the two below do not"),
        (
            ["DELETE FROM log_node WHERE level = 2 AND place = 0"],
            "level 2: a tree of {size} leaves has {quarter} nodes",
        ),
        (["UPDATE tree_head SET root = sha256('x') WHERE id = {head}"], "head {head}: the first {head_size} leaves do not"),
        (
            ["UPDATE tree_head SET size = size - 1 WHERE id = {head}"],
            "head {head}: the first {shorter} leaves do not give its root",
        ),
        (["UPDATE tree_head SET at = at + interval '1 second' WHERE id = {head}"], "head {head}: its signature is not that of"),
        (["UPDATE tree_head SET previous = sha256('x') WHERE id = {head}"], "head {head}: it does not name the head before it"),
        (["DELETE FROM tree_head WHERE id = {head}"], "head {next}: it does not name the head before it"),
        (
            ["UPDATE tree_head SET signature = set_byte(signature, 3, 255 - get_byte(signature, 3)) WHERE id = {head}"],
            "head {head}: its signature is not that of key 1",
        ),
        (["UPDATE log_key SET public_key = sha256('x')"], "key 1: another one was published than the one that signs"),
    ],
)
def test_whatever_else_is_done_to_the_books_is_found_and_named(log: Flask, statements: list[str], expected: str | None) -> None:
    second, act = (
        db.session.scalar(select(LogLeaf.row_id).filter_by(position=1)),
        db.session.scalar(select(LogLeaf.row_id).filter_by(position=5)),
    )
    heads = newest_heads()
    head, size = heads[1], log_size()
    names = {
        "second": second,
        "act": act,
        "notice": db.session.scalar(select(Notice.id).order_by(Notice.id).limit(1)),
        "head": head.id,
        "next": heads[0].id,
        "head_size": head.size,
        "shorter": head.size - 1,
        "size": size,
        "quarter": size // 4,
    }
    if expected is None:
        with pytest.raises(IntegrityError, match="salt_length"):
            altered(fault, *statements)
        return
    found = altered(fault, *(statement.format(**names) for statement in statements))
    assert found is not None
    assert found.startswith(expected.format(**names))


def test_whoever_writes_the_whole_tree_anew_is_found_by_the_heads(log: Flask) -> None:
    second = db.session.scalar(select(LogLeaf.row_id).filter_by(position=1))
    oldest = newest_heads()[-1]
    leaf = (
        "sha256('\\x00'::bytea || convert_to('transfer ' || encode(leaf.salt, 'hex') || ' ' || encode(row.digest, 'hex'),"
        " 'UTF8'))"
    )
    digests = DIGESTS.replace(":after", "0").replace(":through", "999999")
    statements = [
        f"UPDATE entry SET amount_fen = 2 * amount_fen WHERE transfer_id = {second}",
        "DELETE FROM account_balance",
        (
            f"UPDATE log_node SET hash = {leaf} FROM log_leaf AS leaf JOIN ({digests}) AS row ON row.id = leaf.row_id"
            f" WHERE level = 0 AND place = 1 AND leaf.position = 1 AND leaf.row_id = {second}"
        ),
    ]
    join = (
        "UPDATE log_node AS node SET hash = sha256('\\x01'::bytea || below.hash || beside.hash)"
        " FROM log_node AS below, log_node AS beside WHERE below.level = node.level - 1 AND beside.level = below.level"
        " AND below.place = 2 * node.place AND beside.place = below.place + 1 AND node.level = "
    )
    found = altered(fault, *statements, *(f"{join}{level}" for level in range(1, log_size().bit_length())))
    assert found == f"head {oldest.id}: the first {oldest.size} leaves do not give its root"


def test_an_intruder_with_a_low_id_is_found(log: Flask) -> None:
    first = db.session.scalar(select(Transfer.id).order_by(Transfer.id).limit(1))
    assert first is not None
    low = first - 1000
    found = altered(
        fault,
        "INSERT INTO transfer (id, public_id, kind, purpose_kind, purpose_id, at) OVERRIDING SYSTEM VALUE"
        f" VALUES ({low}, 'slipped', 'payment', 'test', 'slipped', now())",
        "INSERT INTO entry (transfer_id, account_id, amount_fen)"
        f" SELECT {low}, id, CASE code WHEN 'buyers' THEN -7 ELSE 7 END FROM ledger_account",
        "DELETE FROM account_balance",
    )
    assert found == f"transfer {low}: it was slipped in among rows of the log"


@pytest.mark.parametrize("table", ["log_leaf", "log_node", "log_key", "tree_head"])
@pytest.mark.parametrize("act", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_nothing_of_the_log_is_ever_changed(log: Flask, table: str, act: str) -> None:
    column = {"log_leaf": "salt", "log_node": "hash", "log_key": "public_key", "tree_head": "root"}[table]
    with pytest.raises(IntegrityError, match="append-only"), transaction():
        db.session.execute(text(act.format(table, column)))
    assert fault() is None


def test_every_leaf_is_proven_in_every_head_and_every_head_in_every_later_one(log: Flask) -> None:
    heads = newest_heads()[::-1]
    assert len(heads) == 3
    for head in heads:
        assert head.root == root_at(head.size)
        for position in range(head.size):
            proof = inclusion(position, head.size)
            assert root_from_path(proof.leaf_hash, position, head.size, proof.path) == head.root
        assert inclusion_of(proof.leaf_hash, head.size) == proof
        for later in heads:
            if later.size >= head.size:
                roots = roots_from_consistency(head.size, later.size, head.root, consistency(head.size, later.size))
                assert roots == (head.root, later.root)


def test_a_leaf_is_made_of_the_kind_the_salt_and_the_digest_of_its_row(log: Flask) -> None:
    first = db.session.scalar(select(Transfer.id).order_by(Transfer.id).limit(1))
    assert first is not None
    found = find_position("transfer", first)
    assert found is not None
    position, salt = found
    digest = db.session.execute(text(DIGESTS), {"after": first - 1, "through": first}).one().digest
    assert inclusion(position, newest_heads()[0].size).leaf_hash == leaf_hash(leaf_entry("transfer", salt, digest))
    salts = db.session.scalars(select(LogLeaf.salt)).all()
    assert len(set(salts)) == len(salts)


def test_what_cannot_be_proven_is_said(log: Flask) -> None:
    size = newest_heads()[0].size
    for call, code in (
        (lambda: inclusion(size, size), "position_outside"),
        (lambda: inclusion(-1, size), "position_outside"),
        (lambda: inclusion(0, size + 1), "size_unknown"),
        (lambda: consistency(size, size - 1), "sizes_invalid"),
        (lambda: consistency(1, size), "size_unknown"),
    ):
        with pytest.raises(Invalid) as refused:
            call()
        assert refused.value.code == code
    with pytest.raises(NotFound) as unknown:
        inclusion_of(bytes(32), size)
    assert unknown.value.code == "leaf_unknown"
    assert find_position("transfer", 10**9) is None


def test_each_head_names_the_one_before_and_is_signed_by_the_published_key(log: Flask) -> None:
    first, second, third = newest_heads()[::-1]
    assert (first.previous, second.previous, third.previous) == (bytes(32), digest_of(first), digest_of(second))
    (key,) = published_keys()
    assert (key.number, key.public_key) == (1, public_keys()[1])
    for head in (first, second, third):
        assert is_signed(key.public_key, text_of(head).encode(), head.signature)
    assert not is_signed(key.public_key, text_of(first).encode(), second.signature)


def test_the_check_is_kept_with_its_fault(log: Flask) -> None:
    made = check_now()
    assert (made.fault, made.transfers, made.entries) == (None, 3, 6)
    assert made.leaves == log_size()
    assert db.session.get_one(LedgerCheck, made.id) is made


@pytest.fixture
def empty(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database in which nothing has happened yet."""
    with own_database(database_server, data_dir, "log_empty") as app, app.app_context():
        yield app
        db.session.remove()


def test_an_empty_log_is_sound_and_has_no_head(empty: Flask) -> None:
    assert (append_now(), sign_head_now(now=factories.NOW)) == (0, None)
    assert (check_log().leaves, fault()) == (0, None)
    with pytest.raises(Invalid):
        consistency(0, 0)


def test_a_day_has_one_head_and_a_new_key_signs_the_next_beside_the_old_ones(empty: Flask, data_dir: Path) -> None:
    day = factories.NOW
    pay(1)
    head = sign_head_now(now=day)
    assert head is not None
    assert (head.size, head.key_number, head.at) == (1, 1, day.replace(microsecond=0))
    pay(2)
    assert sign_head_now(now=day) is None
    assert log_size() == 2
    own = own_signing_keys(data_dir)
    try:
        # The new key alone: what the old one signed is checked by the public half that was kept.
        use_signing_keys(SigningKeys({2: bytes(range(32))}))
        second = sign_head_now(now=day.replace(day=day.day + 1))
        assert second is not None
        assert (second.size, second.key_number) == (2, 2)
        assert [key.number for key in published_keys()] == [1, 2]
        assert fault() is None
        use_signing_keys(SigningKeys({2: bytes(32)}))
        with pytest.raises(SigningError, match="signing key 2 is not the one that was published"):
            sign_head_now(now=day.replace(day=day.day + 2))
    finally:
        use_signing_keys(own)
    assert len(db.session.scalars(select(TreeHead.id)).all()) == 2
    assert len(db.session.scalars(select(LogKey.number)).all()) == 2


def test_two_who_add_at_once_add_everything_once(empty: Flask) -> None:
    for number in range(5):
        pay(number)
    assert sorted(race(empty, append_now, append_now)) == [0, 5]
    assert [row.row_id for row in db.session.scalars(select(LogLeaf).order_by(LogLeaf.position))] == list(
        db.session.scalars(select(Transfer.id).order_by(Transfer.id))
    )
    assert fault() is None


def test_the_log_is_the_same_tree_however_often_it_was_added_to(empty: Flask) -> None:
    for number in range(9):
        pay(number)
    ids = list(db.session.scalars(select(Transfer.id).order_by(Transfer.id)))
    db.session.rollback()
    for through in (ids[0], ids[2], ids[2], ids[6], ids[8]):
        with transaction():
            append(Ends({"transfer": through, "notice": 0, "audit_event": 0}))
        assert fault() is None
    with transaction():
        assert sign_head(now=factories.NOW) is not None
    leaves = [inclusion(position, 9).leaf_hash for position in range(9)]

    assert root_at(9) == root_of(leaves)
