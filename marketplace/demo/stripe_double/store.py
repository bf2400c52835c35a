"""What the double remembers, in one SQLite file."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS thing (number INTEGER PRIMARY KEY, id TEXT UNIQUE, kind TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, digest TEXT, status INTEGER, body TEXT);
CREATE TABLE IF NOT EXISTS delivery (number INTEGER PRIMARY KEY, body TEXT, due_at REAL, remaining INTEGER, failures INTEGER);
"""


class Store:
    """Things by id, answers by idempotency key, messages to deliver. One piece of work at a time, whole or not at all."""

    def __init__(self, path: Path | str) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.executescript(_TABLES)
        self._lock = RLock()
        self._depth = 0

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def work(self) -> Iterator[None]:
        """One piece of work."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def put(self, thing: dict[str, Any]) -> None:
        """Keep a thing, new or changed."""
        self._run(
            "INSERT INTO thing (id, kind, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (thing["id"], thing["object"], json.dumps(thing)),
        )

    def find(self, kind: str, thing_id: str) -> dict[str, Any] | None:
        """The thing of this kind and id."""
        rows = self._run("SELECT body FROM thing WHERE kind = ? AND id = ?", (kind, thing_id))
        return json.loads(rows[0][0]) if rows else None

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every thing of a kind, oldest first."""
        return [json.loads(body) for (body,) in self._run("SELECT body FROM thing WHERE kind = ? ORDER BY number", (kind,))]

    def answer(self, key: str) -> tuple[str, int, str] | None:
        """Digest of the request, status and body that were given under an idempotency key."""
        rows = self._run("SELECT digest, status, body FROM answer WHERE key = ?", (key,))
        return rows[0] if rows else None

    def keep_answer(self, key: str, digest: str, status: int, body: str) -> None:
        """Remember what was answered under an idempotency key."""
        self._run("INSERT INTO answer VALUES (?, ?, ?, ?)", (key, digest, status, body))

    def forget_answers(self) -> None:
        """Let go of every idempotency key, as Stripe does after a day."""
        self._run("DELETE FROM answer")

    def queue(self, body: str, due_at: float, times: int) -> None:
        """Queue a message for delivery."""
        self._run("INSERT INTO delivery (body, due_at, remaining, failures) VALUES (?, ?, ?, 0)", (body, due_at, times))

    def due(self, now: float) -> list[tuple[int, str, int, int]]:
        """Deliveries whose time has come: number, body, remaining, failures."""
        query = "SELECT number, body, remaining, failures FROM delivery WHERE due_at <= ? AND remaining > 0 ORDER BY number"
        return self._run(query, (now,))

    def delivered(self, number: int, remaining: int, failures: int, due_at: float) -> None:
        """Note how a delivery went."""
        self._run(
            "UPDATE delivery SET remaining = ?, failures = ?, due_at = ? WHERE number = ?",
            (remaining, failures, due_at, number),
        )

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()
