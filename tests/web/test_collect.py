"""The shell of the web form that works without a line, and what it asks while there is one."""

import json
import re
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.registry.models import VisitCause
from marketplace.registry.visits import open_orders, order_visit, record_visit
from tests import factories
from tests.registry import people
from tests.web.conftest import Browser, browser

__all__ = ["browser"]
SHELL = "/office/collect"


def kept_by_worker(text: str) -> dict[str, object]:
    found = re.match(r"const KEPT = (\{.*\});\n", text)
    assert found is not None
    kept: dict[str, object] = json.loads(found[1])
    return kept


def fetched(browser: Browser, address: str) -> tuple[int, bytes]:
    """Status and content of a file."""
    with browser.get(address) as answer:
        return answer.status_code, answer.data


@pytest.mark.parametrize(
    ("language", "title", "name"), [("zh_Hans", "入户采集", "农桥采集"), ("en", "Collection", "Nongqiao collection")]
)
def test_the_shell_is_the_same_for_everybody_and_names_nobody(
    session: Session, browser: Browser, language: str, title: str, name: str
) -> None:
    strange = browser.get(f"{SHELL}?language={language}").get_data(as_text=True)
    browser.is_now(people.officer(name="吴承恩干部"))
    own = browser.get(f"{SHELL}?language={language}").get_data(as_text=True)
    assert own == strange
    assert f"<title>{title}" in own
    assert "csrf" not in own
    manifest = browser.get(f"{SHELL}/manifest.webmanifest?language={language}")
    told = json.loads(manifest.data)
    assert (manifest.mimetype, told["name"], told["start_url"], told["scope"]) == (
        "application/manifest+json",
        name,
        SHELL,
        SHELL,
    )
    assert [fetched(browser, icon["src"])[0] for icon in told["icons"]] == [200, 200, 200]


def test_the_worker_keeps_every_file_that_the_shell_names_and_has_its_scope(browser: Browser, session: Session) -> None:
    answer = browser.get(f"{SHELL}/worker.js?language=en")
    assert (answer.mimetype, answer.headers["Service-Worker-Allowed"]) == ("text/javascript", SHELL)
    kept = kept_by_worker(answer.get_data(as_text=True))
    files = kept["files"]
    assert isinstance(files, list)
    bodies = {address: fetched(browser, address) for address in files}
    assert {address: status for address, (status, _) in bodies.items() if status != 200} == {}
    shell = browser.get(str(kept["source"])).get_data(as_text=True)
    named = set(re.findall(r'(?:src|href|data-icons)="(/(?:static|office/collect/modules)/[^"#]+)', shell))
    assert named <= set(files)
    # Every module that another one names is kept under the address that the name leads to.
    modules = {address.rpartition("/")[2]: body.decode() for address, (_, body) in bodies.items() if "/modules/" in address}
    imported = {name for code in modules.values() for name in re.findall(r'from "\./([a-z]+\.mjs)"', code)}
    assert imported | {"app.mjs"} == set(modules)
    # Without pictures, as it lies on the disk; on the way most of it is packed.
    weight = len(shell) + sum(
        len(body) for address, (_, body) in bodies.items() if ".svg" not in address and ".png" not in address
    )
    assert 50_000 < weight <= 150_000


def test_the_worker_has_a_new_version_when_a_word_of_the_page_changes(
    browser: Browser, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, again = (kept_by_worker(browser.get(f"{SHELL}/worker.js?language=en").get_data(as_text=True)) for _ in range(2))
    assert first["version"] == again["version"]
    monkeypatch.setattr("marketplace.web.portals.collect.words", lambda: {"collection": "Gathering"})
    assert kept_by_worker(browser.get(f"{SHELL}/worker.js?language=en").get_data(as_text=True))["version"] != first["version"]


def test_a_module_under_an_old_address_is_not_kept_by_anybody(browser: Browser, session: Session, app: Flask) -> None:
    answer = browser.get(f"{SHELL}/modules/0123456789abcdef/rules.mjs")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert browser.get(f"{SHELL}/modules/0123456789abcdef/worker.mjs").status_code == 404


def test_visits_due_are_those_of_ones_area_that_one_may_make(browser: Browser, session: Session) -> None:
    officer, other = people.officer(), people.officer(name="吴干部")
    now = clock.now()
    with transaction():
        mine, barred, made, elsewhere = (factories.household(village) for village in (*[factories.VILLAGE] * 3, "522636100002"))
        for household in (mine, made, elsewhere):
            order_visit(household, VisitCause.CHECK, due_on=date(2999, 1, 1), now=now)
        order_visit(barred, VisitCause.QUALITY, due_on=date(2999, 1, 1), now=now, not_by=officer.id)
        record_visit(made, other, now - timedelta(hours=1), now=now, answers=open_orders(made))
    browser.is_now(officer)
    answer = browser.get(f"{SHELL}/work.json")
    assert answer.headers["Cache-Control"] == "private, no-store"
    told = answer.get_json()
    assert told["account"] == {"public_id": officer.public_id, "name": "杨*部"}
    assert [(due["public_id"], due["code"], due["due_on"]) for due in told["due"]] == [
        (mine.public_id, mine.code, "2999-01-01")
    ]
    browser.is_now(other)
    assert {due["public_id"] for due in browser.get(f"{SHELL}/work.json").get_json()["due"]} == {
        mine.public_id,
        barred.public_id,
    }


def test_a_household_is_found_by_its_last_digits_nearby_and_by_its_whole_code_farther_off(
    browser: Browser, session: Session
) -> None:
    with transaction():
        household, elsewhere = factories.household(), factories.household("522636100002")

    def found(code: str) -> list[str]:
        answer = browser.get(f"{SHELL}/households.json?code={code}")
        return [row["code"] for row in answer.get_json()["households"]]

    browser.is_now(people.officer())
    assert found(household.code[-4:]) == [household.code]
    assert found(elsewhere.code) == []
    assert [browser.get(f"{SHELL}/households.json?code={code}").status_code for code in ("12", "12a4", "", "1" * 17)] == [
        422
    ] * 4
    browser.is_now(people.officer("522636", "县干部"))
    assert found(household.code[-4:]) == []
    assert browser.get(f"{SHELL}/households.json?code={household.code[-4:]}").get_json()["whole_code_needed"] is True
    assert found(elsewhere.code) == [elsewhere.code]
    # Of somebody who is only looked for by a code, nothing of the file is told.
    row = browser.get(f"{SHELL}/households.json?code={household.code}").get_json()["households"][0]
    assert set(row) == {"public_id", "code", "village"}
