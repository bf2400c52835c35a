"""Trainings that are really killed, trainings that meet another, and jobs that a dead worker has left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import procrastinate
import pytest
from flask import Flask
from sqlalchemy import select, text

from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import enqueue, queue, requeue_stalled
from marketplace.recommendations import loaded
from marketplace.recommendations.folding import fold_in
from marketplace.recommendations.jobs import train_nightly
from marketplace.recommendations.models import Event, EventKind, Failure, ModelState, ModelVersion, Stage
from marketplace.recommendations.service import delete_history
from marketplace.recommendations.training import train
from marketplace.recommendations.versions import LOCK
from recommender import Recommender
from tests.conftest import ROOT
from tests.factories import NOW
from tests.own_database import own_database
from tests.recommendations.shop_of_readers import fill

# A process that trains, tells each step, and waits for ever once it has told the step it is to be killed at.
TRAINING = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from marketplace.config import Settings
from marketplace.recommendations.training import train
from marketplace.web.application import create_app

def say(line):
    print(line, flush=True)
    if sys.argv[3] in line:
        signal.pause()

app = create_app(Settings.from_env())
with app.app_context():
    train(Path(sys.argv[1]), now=datetime.fromisoformat(sys.argv[2]), say=say)
"""


@pytest.fixture
def app(database_server: embedded_postgres.Server, tmp_path: Path) -> Iterator[Flask]:
    """An application over a database of its own, with a shop to learn from."""
    with own_database(database_server, tmp_path, "interrupted") as app:
        with app.app_context(), transaction():
            fill()
        with app.app_context():
            yield app
        loaded.use_models_in(Path("var/models"))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def begun(app: Flask, models: Path, until: str) -> "subprocess.Popen[str]":
    """A process that is training and has come to the step."""
    settings = app.extensions["settings"]
    environ = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "NONGQIAO_DATA_DIR": str(settings.data_dir),
        "SECRET_KEY": "a key for tests alone",
    }
    command = [sys.executable, "-c", TRAINING, str(models), NOW.isoformat(), until]
    process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if until in line:
            return process
    raise AssertionError("the training ended before it came to the step")


def kill(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()  # type: ignore[union-attr]
    # The server lets go of what it held once it has seen that nobody is there any more.
    with db.engine.connect() as connection:
        key = {"name": LOCK}
        connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), key)
        connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), key)


def versions() -> list[tuple[str, str, str | None]]:
    db.session.rollback()
    rows = db.session.execute(select(ModelVersion.state, ModelVersion.stage, ModelVersion.failure).order_by(ModelVersion.id))
    return [(row[0], row[1], row[2]) for row in rows]


@pytest.mark.parametrize(
    ("step", "stage", "words"),
    [
        ("events of", Stage.LEARNING, "  taking up what an interrupted training had read"),
        ("ordering", Stage.ORDERING, "  taking up the model that an interrupted training had learnt"),
    ],
)
def test_a_killed_training_is_recognised_and_taken_up_from_its_last_finished_stage(
    app: Flask, models: Path, step: str, stage: Stage, words: str
) -> None:
    kill(begun(app, models, step))
    assert versions() == [(ModelState.TRAINING, stage, None)]
    assert [path.name for path in models.iterdir()] == ["work"]
    with transaction():
        # Happened after the snapshot was read, so a training that takes it up does not know it.
        event = db.session.scalars(select(Event).limit(1)).one()
        db.session.add(Event(account_id=event.account_id, listing_id=event.listing_id, kind=EventKind.VIEW, at=NOW))
    said: list[str] = []
    version = train(models, now=NOW, say=said.append)
    assert words in said
    assert version is not None
    assert version.events == 30 * 21
    assert versions() == [(ModelState.FAILED, stage, Failure.INTERRUPTED), (ModelState.READY, Stage.DONE, None)]
    assert [path.name for path in models.iterdir()] == [version.folder]
    assert len(Recommender.load(models / version.folder).state.items) == 40
    assert fold_in(models, now=NOW, say=said.append) is not None


def test_who_deletes_the_history_while_a_training_lies_interrupted_is_not_learnt(app: Flask, models: Path) -> None:
    kill(begun(app, models, "events of"))
    with transaction():
        event = db.session.scalars(select(Event).limit(1)).one()
        delete_history(db.session.get_one(Account, event.account_id), now=NOW)
        forgotten = event.account_id
    version = train(models, now=NOW, say=lambda _: None)
    assert version is not None
    state = Recommender.load(models / version.folder).state
    assert len(state.users) == 29
    assert forgotten not in state.users


def test_two_trainings_never_run_at_once_and_a_dead_one_holds_nobody_up(app: Flask, models: Path) -> None:
    running = begun(app, models, "events of")
    try:
        said: list[str] = []
        assert train(models, now=NOW, say=said.append) is None
        assert fold_in(models, now=NOW, say=said.append) is None
        assert said == [
            "  another process is making a model; this training was not begun",
            "  another process is making a model; nothing was folded in",
        ]
        assert versions() == [(ModelState.TRAINING, Stage.LEARNING, None)]
    finally:
        kill(running)
    assert train(models, now=NOW, say=said.append) is not None


def test_a_job_of_a_dead_worker_is_queued_again(app: Flask) -> None:
    with transaction():
        enqueue(train_nightly, timestamp=1)
        enqueue(train_nightly, timestamp=2)
    with transaction():
        dead = db.session.scalar(
            text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id")
        )
        alive = db.session.scalar(text("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id"))
        db.session.execute(text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :id"), {"id": dead})
        enqueue(train_nightly, timestamp=3)
        db.session.execute(
            text("UPDATE procrastinate_jobs SET lock = 'another', status = 'doing', worker_id = :id WHERE status = 'todo'"),
            {"id": alive},
        )
    url = str(app.extensions["settings"].database_url).replace("postgresql+psycopg://", "postgresql://")

    async def run() -> None:
        with queue.replace_connector(procrastinate.PsycopgConnector(conninfo=url)) as connected:
            async with connected.open_async():
                await requeue_stalled(
                    procrastinate.JobContext(app=connected, job=None, start_timestamp=0, abort_reason=lambda: None), 0
                )  # type: ignore[arg-type]

    # In a thread of its own: the browser of other tests keeps a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result()
    rows = db.session.execute(text("SELECT args->>'timestamp', status::text FROM procrastinate_jobs ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [("1", "todo"), ("3", "doing")]
