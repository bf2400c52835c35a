"""A database that a test has to itself, for what an outer transaction cannot hold: several connections that commit."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, text

from marketplace.config import Settings
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db
from marketplace.registry.reading import unbounded
from marketplace.web.application import create_app
from tests.conftest import make_database

_TEMPLATE = "migrated"


def migrated_database(server: embedded_postgres.Server, data_dir: Path, name: str) -> str:
    """An empty database with every table, copied from one that was migrated once; answers its address."""
    with psycopg.connect(f"host={server.home} user=nongqiao dbname=postgres", autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [_TEMPLATE]).fetchone()
        if known is None:
            environ = {"DATABASE_URL": make_database(server, _TEMPLATE), "NONGQIAO_DATA_DIR": str(data_dir), "SECRET_KEY": "x"}
            app = create_app(Settings.from_env(environ), testing=True)
            with app.app_context():
                upgrade()
                db.session.remove()
                db.engine.dispose()
            connection.execute(f'ALTER DATABASE "{_TEMPLATE}" WITH IS_TEMPLATE true')
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{_TEMPLATE}"')
    return server.url(name)


@contextmanager
def own_database(server: embedded_postgres.Server, data_dir: Path, name: str) -> Iterator[Flask]:
    """An application over a migrated, empty database of its own, which is dropped afterwards."""
    environ = {
        "DATABASE_URL": migrated_database(server, data_dir, name),
        "NONGQIAO_DATA_DIR": str(data_dir),
        "SECRET_KEY": "a key for tests alone",
        "API_CALLS_PER_MINUTE": "0",
        "OFFICER_SECOND_FACTOR": "offered",
    }
    app = create_app(Settings.from_env(environ), testing=True)
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        with psycopg.connect(f"host={server.home} user=nongqiao dbname=postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def race(app: Flask, *runners: Callable[[], Any], behind: str | None = None) -> list[Any]:
    """Let all run at one moment, each in a thread, context and connection of its own; answers or exceptions in order.

    With ``behind``, a statement that locks something, all of them are first held up at that lock and let go together: they
    meet in every round, not only by luck.
    """
    start = Barrier(len(runners) + 1)

    def run(runner: Callable[[], Any]) -> Any:
        with app.app_context():
            start.wait(timeout=30)
            try:
                return runner()
            except Exception as error:
                return error

    with app.app_context(), db.engine.connect() as gate, ThreadPoolExecutor(len(runners)) as pool:
        if behind is not None:
            gate.execute(unbounded(text(behind), "a lock reads nothing"))
        racing = [pool.submit(run, runner) for runner in runners]
        start.wait(timeout=30)
        if behind is not None:
            try:
                wait_until_held_up(gate, len(runners))
            finally:
                gate.commit()
        return [racer.result() for racer in racing]


def wait_until_held_up(gate: Connection, number: int) -> None:
    """Look again until that many wait for a lock."""
    waiting = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
    deadline = time.monotonic() + 10
    while gate.scalar(waiting) != number:
        if time.monotonic() > deadline:
            raise AssertionError(f"not all of {number} came to the lock that was to hold them up")
