"""The checksum of every table at one moment, and of the same tables elsewhere.

The checksum of a table is the number of its rows and the sum of a 64-bit hash of each row's text, so it does not depend on the
order in which rows lie. It finds what a copy has lost, doubled or altered by accident; against somebody who alters rows on
purpose there is the public log.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg import sql

# What rows look like as text must not depend on how a connection was made.
_AS_TEXT = "SET TIME ZONE 'UTC'; SET datestyle = 'ISO'; SET extra_float_digits = 1; SET bytea_output = 'hex'"
_TABLES = """
    SELECT namespace.nspname, class.relname
    FROM pg_class class JOIN pg_namespace namespace ON namespace.oid = class.relnamespace
    WHERE class.relkind = 'r' AND class.relpersistence = 'p'
      AND namespace.nspname NOT LIKE 'pg\\_%' AND namespace.nspname <> 'information_schema'
    ORDER BY 1, 2
"""
# Writers that are held up for longer than this would be felt; whoever is at work is given another moment to end.
_LOCK_WAIT = "5s"
_ATTEMPTS = 6


@dataclass(frozen=True)
class TableSum:
    """How many rows, and the sum of their hashes."""

    rows: int
    hash_sum: Decimal


Checksums = Mapping[str, TableSum]


class NoQuietMoment(RuntimeError):
    """Somebody kept a table locked for so long that no moment could be named."""


@contextmanager
def checksums_at_point(url: str, name: str) -> Iterator[psycopg.Connection]:
    """Name a point in the write-ahead log, and answer a connection that sees the database exactly as it is there.

    Every table is locked against writers for the moment in which the point is named and the view taken, and let go at once:
    what was written before is in both, what comes later in neither. The view then lasts as long as it is needed, while all go
    on.

    Raises
    ------
    NoQuietMoment
        When no such moment came.
    """
    with psycopg.connect(url) as naming, psycopg.connect(url) as viewing:
        viewing.execute(_AS_TEXT)
        viewing.commit()
        snapshot = _named(naming, name)
        viewing.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        viewing.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
        naming.commit()
        yield viewing


def _named(connection: psycopg.Connection, name: str) -> str:
    for _attempt in range(_ATTEMPTS):
        tables = [sql.Identifier(*row) for row in connection.execute(_TABLES)]
        connection.rollback()
        try:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(_LOCK_WAIT)))
            if tables:
                # The view of this transaction begins with its first question, which comes after the locks.
                connection.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(sql.SQL(", ").join(tables)))
            connection.execute("SELECT pg_create_restore_point(%s)", [name])
            found = connection.execute("SELECT pg_export_snapshot()").fetchone()
            assert found is not None
            return str(found[0])
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            connection.rollback()
    raise NoQuietMoment("no moment was found in which nobody wrote; try again later")


def table_checksums(connection: psycopg.Connection) -> Checksums:
    """The checksum of every lasting table that a connection sees, by its name."""
    connection.execute(_AS_TEXT)
    found = {}
    for schema, table in connection.execute(_TABLES).fetchall():
        query = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(row::text, 0)), 0) FROM {} AS row")
        made = connection.execute(query.format(sql.Identifier(schema, table))).fetchone()
        assert made is not None
        found[table if schema == "public" else f"{schema}.{table}"] = TableSum(*made)
    return found


def differing(ours: Checksums, theirs: Checksums) -> list[str]:
    """The tables that are not the same in both, by name; one that is missing counts."""
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def point_name() -> str:
    """A name for a point that no other has."""
    return f"drill-{secrets.token_hex(8)}"
