"""The line to a real server is cut in the middle of a submission, at twenty places; the phone tries again; all come once."""

import base64
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.identity.models import Account
from marketplace.kernel import clock, embedded_postgres
from marketplace.kernel.db import db
from marketplace.kernel.processes import ending_with_parent
from marketplace.registry.files import read_file
from marketplace.registry.forms.versions import find_version
from marketplace.registry.models import FileChange, FormSubmission, Household, HouseholdPicture, Visit
from marketplace.registry.reading import unbounded
from marketplace.web.submissions import take
from tests import factories
from tests.browser.conftest import free_port, wait_until_answering
from tests.conftest import ROOT
from tests.own_database import own_database, race
from tests.registry import people
from tests.registry.forms import fieldwork
from tests.registry.forms.test_openrosa import BOUNDARY, multipart

CUTS = 20


@pytest.fixture(scope="module")
def registry(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that a server of its own commits to."""
    with own_database(database_server, data_dir, "cut_line") as app:
        yield app


@contextmanager
def serving(app: Flask, folder: Path) -> Iterator[int]:
    """The web server over that database; answers its port."""
    settings, port = app.extensions["settings"], free_port()
    environ = {
        "OFFICER_SECOND_FACTOR": "offered",
        "DATABASE_URL": settings.database_url.replace("postgresql+psycopg://", "postgresql://"),
        "NONGQIAO_DATA_DIR": str(folder),
        "SECRET_KEY": settings.secret_key,
        "PATH": "/usr/bin:/bin",
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "error", "wsgi:app"]
    process = subprocess.Popen(command, env=environ, cwd=ROOT, preexec_fn=ending_with_parent())
    try:
        wait_until_answering(f"http://127.0.0.1:{port}/health", process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def request(port: int, signed: str, raw: bytes, photos: dict[str, bytes]) -> bytes:
    """A whole request, head and body."""
    body = multipart(raw, photos)
    head = (
        f"POST /openrosa/submission HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Basic {signed}\r\n"
        f"X-OpenRosa-Version: 1.0\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def send(port: int, content: bytes, until: int | None = None) -> int:
    """Send a request, or its first bytes and hang up without a word; answers the status, 0 when nobody waited for one."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(content[:until])
        if until is not None:
            return 0
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk
    return int(answer.split(b" ", 2)[1])


def counted(model: Any, names: list[str]) -> int:
    """How many rows hang on these households."""
    query = select(func.count()).select_from(model).join(Household, Household.id == model.household_id)
    return db.session.scalar(unbounded(query.where(Household.public_id.in_(names)), "a test")) or 0


def test_two_tries_at_one_moment_make_one_submission(registry: Flask) -> None:
    with registry.app_context():
        officer, household = people.officer(), factories.household()
        if find_version(fieldwork.FORM_ID, fieldwork.VERSION) is None:
            fieldwork.standard(begins_on=clock.local_day(clock.now()))
        db.session.commit()
        number, name = officer.id, household.public_id
    now = clock.now()
    raw = fieldwork.xml(name, {"fuel": "gas"}, began=now - timedelta(minutes=30), ended=now)

    def send_it() -> str:
        kept = take(raw, "xml", {}, by=db.session.get_one(Account, number), channel="openrosa", now=now)
        return kept.state

    # Both have found no row of the name when they are let go.
    states = race(registry, send_it, send_it, behind="LOCK TABLE form_submission IN EXCLUSIVE MODE")
    assert states == ["done", "done"]
    with registry.app_context():
        assert [counted(model, [name]) for model in (FormSubmission, Visit)] == [1, 1]


def test_no_cut_loses_a_submission_and_none_doubles_one(registry: Flask, data_dir: Path) -> None:
    with registry.app_context():
        officer = people.officer()
        if find_version(fieldwork.FORM_ID, fieldwork.VERSION) is None:
            fieldwork.standard(begins_on=clock.local_day(clock.now()))
        households = [factories.household() for _ in range(CUTS)]
        signed = base64.b64encode(f"{officer.login}:{fieldwork.token(officer)}".encode()).decode()
        names = [household.public_id for household in households]
        db.session.commit()
    photos = {"a.jpg": fieldwork.photo(1, size=(90, 80)), "b.jpg": fieldwork.photo(2, size=(90, 80))}
    now = clock.now()
    with serving(registry, data_dir) as port:
        for at, name in enumerate(names):
            answers = {"fuel": "coal", "photo_house": "a.jpg", "photo_water": "b.jpg"}
            head = {"name": f"杨{at}", "relation": "head", "sex": "male", "born_on": "1970-01-01"}
            raw = fieldwork.xml(name, answers, (head,), began=now - timedelta(minutes=30), ended=now)
            content = request(port, signed, raw, photos)
            # The last cut is after the last byte: all has come, and only the answer is lost.
            send(port, content, len(content) * (at + 1) // CUTS)
            assert send(port, content) == 201
    with registry.app_context():
        made = [counted(model, names) for model in (FormSubmission, Visit, HouseholdPicture, FileChange)]
        assert made == [CUTS, CUTS, 2 * CUTS, 3 * CUTS]
        year = clock.local_day(now).year
        for name in names:
            household = db.session.scalars(select(Household).filter_by(public_id=name)).one()
            file = read_file(household, year)
            assert (file.values["fuel"], len(file.members)) == ("coal", 1)
