"""A village with its form behind the real web server, and phones to carry into it: browsers that can be closed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.processes import ending_with_parent
from marketplace.registry.files import HouseholdFile, read_file
from marketplace.registry.filing import record_values
from marketplace.registry.models import FormSubmission, Household, VisitCause
from marketplace.registry.reading import unbounded
from marketplace.registry.visits import order_visit
from tests import factories
from tests.browser.conftest import CHROMIUM, FLAGS, free_port, wait_until_answering
from tests.conftest import ROOT
from tests.registry import people
from tests.registry.forms import fieldwork

# A busy machine takes its time over a key that is meant to be slow; what never comes still fails.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

PASSPHRASE = "青山 绿水 1987"
# A name that stands nowhere but in the file of this household, to be looked for where it must not be.
CANARY = "canary石榴花"
SHELL = "/office/collect"


@dataclass
class Field:
    """The running site, its application for looking into the database, and who works there."""

    url: str
    app: Flask
    process: "subprocess.Popen[bytes]"
    login: str
    other_login: str

    def household(self, **values: Any) -> str:
        """A household with a head, answers of this year, and a visit due; answers its public id."""
        with self.app.app_context(), transaction():
            made = factories.household()
            by = people.officer(name="建档人")
            head = people.head(made, by, name=CANARY)
            noting = people.noting(by, clock.now())
            year = clock.local_day(clock.now()).year
            known = {"kind": "general_poor", "main_cause": "illness", "dwelling_grade": "b", "water_source": "spring", **values}
            record_values(made, known, noting, year=year)
            record_values(made, {"health": "long_illness"}, noting, year=year, person=head)
            order_visit(made, VisitCause.COLLECTION, due_on=date(2999, 1, 31), now=clock.now(), reason="yearly")
            return made.public_id

    def file(self, public_id: str) -> HouseholdFile:
        """What is on file this year."""
        with self.app.app_context():
            household = db.session.scalars(select(Household).filter_by(public_id=public_id)).one()
            return read_file(household, clock.local_day(clock.now()).year)

    def submissions(self, public_id: str) -> list[tuple[str, int]]:
        """State and number of pictures of the submissions about a household."""
        with self.app.app_context():
            query = select(FormSubmission).join(Household, Household.id == FormSubmission.household_id)
            rows = db.session.scalars(unbounded(query.where(Household.public_id == public_id), "a test")).all()
            return [(row.state, int(row.outcome.get("pictures", 0))) for row in rows]


@contextmanager
def serving(app: Flask, database_url: str, data_dir: Path) -> Iterator[Field]:
    """Put a province's form and two officers into the database, and start the web server on it."""
    with app.app_context():
        fieldwork.standard()
        with transaction():
            officer, other = people.officer(name="杨干部"), people.officer(name="吴干部")
        logins = officer.login, other.login
    port = free_port()
    environ = {
        **os.environ,
        "DATABASE_URL": database_url,
        "NONGQIAO_DATA_DIR": str(data_dir),
        "SECRET_KEY": "a key for tests alone",
        "OFFICER_SECOND_FACTOR": "offered",
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "warning", "wsgi:app"]
    process = subprocess.Popen(command, env=environ, cwd=ROOT, preexec_fn=ending_with_parent())
    try:
        wait_until_answering(f"http://127.0.0.1:{port}/health", process)
        yield Field(f"http://127.0.0.1:{port}", app, process, *logins)
    finally:
        process.terminate()
        process.wait(timeout=20)


@dataclass
class Phone:
    """A browser with a folder of its own, which keeps what it knows when it is closed."""

    browser: Browser
    site: Field
    folder: Path
    locale: str = "zh-CN"
    errors: list[str] = field(default_factory=list)
    context: BrowserContext | None = None
    page: Page = None  # type: ignore[assignment]

    def switch_on(self, *, offline: bool = False, width: int = 390) -> Page:
        """Start the browser and open the page."""
        self.context = self.browser.browser_type.launch_persistent_context(
            str(self.folder),
            executable_path=str(CHROMIUM),
            args=FLAGS,
            headless=True,
            base_url=self.site.url,
            locale=self.locale,
            viewport={"width": width, "height": 844},
            reduced_motion="reduce",
            geolocation={"latitude": 26.2, "longitude": 107.79, "accuracy": 8},
            permissions=["geolocation"],
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.set_offline(offline)
        self.page = self.context.pages[0] if self.context.pages else self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        return self.page

    def switch_off(self) -> None:
        """Close the browser; all in its memory is gone."""
        if self.context is not None:
            self.context.close()
            self.context = None

    def sign_in(self, login: str) -> None:
        """Sign in on the ordinary page, and come back to the form."""
        self.page.goto(f"/sign-in?next={SHELL}")
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", factories.PASSWORD)
        self.page.click("main form button[type=submit]")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def set_up(self, login: str | None = None) -> None:
        """Sign in and choose a passphrase; the files of the page are kept when this returns."""
        self.sign_in(login or self.site.login)
        self.page.fill("#new-passphrase", PASSPHRASE)
        self.page.fill("#again", PASSPHRASE)
        self.page.click("main form button[type=submit]")
        self.page.wait_for_selector("#line")
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    def unlock(self, passphrase: str = PASSPHRASE) -> None:
        """Give the passphrase."""
        self.page.fill("#passphrase", passphrase)
        self.page.click("main form button[type=submit]")

    def card(self, household: str, state: str | None = None) -> Any:
        """The place of a household in the list."""
        marked = f"[data-state={state}]" if state else ""
        return self.page.locator(f"li.visit[data-household='{household}']{marked}")

    def take(self, household: str) -> None:
        """Take a household with a visit due along."""
        self.card(household).locator("button").click()
        expect(self.card(household, "taken")).to_be_visible()

    def begin(self, household: str) -> None:
        """Open the form of a household."""
        self.card(household).locator("a.button").click()
        self.page.wait_for_selector("progress")

    def go_to(self, step: int | str) -> None:
        """Go to a step of the form by its address."""
        current = self.page.evaluate("location.hash").split("/")
        self.page.evaluate(f"location.hash = '{'/'.join([*current[:3], str(step)])}'")

    def choose(self, question: str, value: str) -> None:
        """Tick a choice."""
        self.page.check(f"#q-{question}-{value}")

    def write(self, question: str, words: str) -> None:
        """Write an answer and leave its field."""
        self.page.fill(f"#q-{question}", words)
        self.page.locator(f"#q-{question}").blur()

    def saved(self) -> None:
        """Until all that was answered is on the disk."""
        expect(self.page.locator("#told")).not_to_be_empty()

    def finish(self) -> None:
        """Finish the form."""
        self.go_to("review")
        self.page.click("#finish")
        self.page.wait_for_selector("#line")
