"""A database that a test has to itself, for what an outer transaction cannot hold: several connections that commit."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
from flask import Flask
from flask_migrate import upgrade

from marketplace.config import Settings
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db
from marketplace.web.application import create_app
from tests.conftest import make_database


@contextmanager
def own_database(server: embedded_postgres.Server, data_dir: Path, name: str) -> Iterator[Flask]:
    """An application over a migrated, empty database of its own, which is dropped afterwards."""
    environ = {
        "DATABASE_URL": make_database(server, name),
        "NONGQIAO_DATA_DIR": str(data_dir),
        "SECRET_KEY": "a key for tests alone",
    }
    app = create_app(Settings.from_env(environ), testing=True)
    # Room for every thread of a race to hold a connection of its own.
    with app.app_context():
        upgrade()
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        with psycopg.connect(f"host={server.home} user=nongqiao dbname=postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def race(app: Flask, *runners: Callable[[], Any]) -> list[Any]:
    """Let all start at one moment, each in a thread, context and connection of its own; answers or exceptions in order."""
    start = Barrier(len(runners))

    def run(runner: Callable[[], Any]) -> Any:
        with app.app_context():
            start.wait(timeout=30)
            try:
                return runner()
            except Exception as error:
                return error

    with ThreadPoolExecutor(len(runners)) as pool:
        return list(pool.map(run, runners))
