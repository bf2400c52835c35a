"""Work that only one process may do at a time, by advisory locks that PostgreSQL drops when their holder dies."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, exc, text

from marketplace.kernel.db import db


class LockLost(RuntimeError):
    """The connection that held the lock is gone, so another process may have begun the same work."""


class Held:
    """A lock that is held by this process, on a connection of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def confirm(self) -> None:
        """Return if the lock is still held; to be asked before the result of long work is published.

        Raises
        ------
        LockLost
            When the server has dropped it with the connection.
        """
        try:
            self._connection.execute(text("SELECT 1"))
        except exc.DBAPIError as error:
            raise LockLost("the connection that kept others away was lost; nothing was published") from error


def is_held(name: str) -> bool:
    """Whether any process holds the lock of this name at this moment."""
    found = text(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND (classid::bigint << 32 | objid::bigint) = hashtextextended(:name, 0))"
    )
    return bool(db.session.scalar(found, {"name": name}))


@contextmanager
def only_one(name: str) -> Iterator[Held | None]:
    """Hold the lock of this name inside the block; None when another process holds it.

    Nothing has to be guessed of a holder that was killed: its connection ends with it, and the server lets go.
    """
    # A connection beside the session's, because the lock outlives many transactions.
    connection = db.engine.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    key = {"name": name}
    try:
        taken = connection.scalar(text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))"), key)
        if not taken:
            yield None
            return
        try:
            yield Held(connection)
        finally:
            _let_go(connection, key)
    finally:
        connection.close()


@contextmanager
def in_turn(name: str) -> Iterator[None]:
    """Hold the lock of this name inside the block, after waiting until nobody else does.

    Not to be entered with a transaction open, because whoever holds the lock may be waiting for its rows.
    """
    connection = db.engine.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    key = {"name": name}
    try:
        connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), key)
        try:
            yield
        finally:
            _let_go(connection, key)
    finally:
        connection.close()


def _let_go(connection: Connection, key: dict[str, str]) -> None:
    try:
        connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), key)
    except exc.DBAPIError:
        # The server has let go of it already, together with the connection.
        connection.invalidate()
