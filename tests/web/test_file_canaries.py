"""A token that stands nowhere else in every personal field; then every route is asked by everybody.

``file_routes.csv`` is the table of who is answered what by the routes of files: the status, and which of the tokens the answer
shows. All other routes of the application show none of them to anybody, nor do the database as it lies there and the logs.
"""

import csv
import io
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.service import issue_token
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.registry.exports import ask_export, decide_export
from marketplace.registry.figures import publish_county
from marketplace.registry.filing import record_values
from marketplace.registry.models import ChangeRequest, FieldConflict, Household, HouseholdPicture, Visit
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.sealing import seal_text
from marketplace.web.access import LIBRARY_ENDPOINTS
from marketplace.web.file_exports import make_exports
from tests import factories
from tests.aftersale.sale import jpeg
from tests.web.desk_world import without_csrf
from tests.web.file_world import COUNTY, TOWNSHIP, VILLAGE, FileWorld
from tests.web.test_access import a_value
from tests.web.test_access import kept_table as access_table

TABLE = Path(__file__).with_name("file_routes.csv")
OFFICERS = ("village", "township", "county", "sibling_village", "sibling_township", "sibling_county")
OTHERS = ("visitor", "consumer", "enterprise", "operator", "farmer", "other_farmer")
PEOPLE = (*OTHERS, *reversed(OFFICERS))
OF_FILES = ("officer.files.", "officer.numbers.", "api-files.", "api-registry.", "producer_file.")
# Signing out would end the crawl; the token's own end would, too.
_LEFT_OUT = {"account.sign_out"}
ROLES = ("visitor", *RoleKind)
ROLE_OF = {"village": "officer", "sibling_village": "officer"}
Cell = tuple[str, str]


class Canaries:
    """A household whose every personal field holds a token of its own, with something waiting in each place."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.tokens = {
            "name": "金丝雀一",
            "phone": "13987650001",
            "bank": "6217009876543210001",
            "address": "金丝雀路二号",
            "people": "金丝雀三族",
            "plan": "金丝雀四计划",
            "visit": "金丝雀五走访",
        }
        values = {
            "phone": self.tokens["phone"],
            "address": self.tokens["address"],
            "bank_account": self.tokens["bank"],
            "plan_text": self.tokens["plan"],
            "kind": "dibao",
            "main_cause": "illness",
        }
        self.world = world = FileWorld(name=self.tokens["name"], **values)
        self.tokens["number"] = world.number
        self.accounts: dict[str, Account | None] = {name: getattr(world, name) for name in OFFICERS}
        self.accounts |= {"farmer": world.farmer, "other_farmer": world.other_farmer, "visitor": None}
        for kind in (RoleKind.CONSUMER, RoleKind.ENTERPRISE, RoleKind.OPERATOR):
            self.accounts[kind.value] = factories.account((kind, ""))
        self._fill()
        self.bearers = {
            name: {} if account is None else {"Authorization": f"Bearer {self._token(account)}"}
            for name, account in self.accounts.items()
        }

    def _token(self, account: Account) -> str:
        with transaction():
            return issue_token(account, now=clock.now())[0]

    def _fill(self) -> None:
        world, household = self.world, self.world.household
        with transaction():
            noting = world.noting(world.township)
            more = {"ethnicity": self.tokens["people"], "health": "grave_illness"}
            record_values(household, more, noting, year=world.year, person=world.child)
            # One value that waits for a second person, and two that contradict each other.
            asked = world.noting(world.township, reason="The passbook is new")
            record_values(household, {"bank_account": self.tokens["bank"] + "9"}, asked, year=world.year)
            record_values(household, {"address": "别处"}, world.noting(seen=0), year=world.year)
            note = seal_text(household, f'{{"note": "{self.tokens["visit"]}"}}', "visit.sealed")
            db.session.add(
                Visit(household_id=household.id, village_code=VILLAGE, by_id=world.village.id, at=world.now, sealed=note)
            )
            reach = Reach.of([TOWNSHIP], "officer")
            about = {"year": world.year, "with_id_numbers": True, "by": world.township, "now": world.now}
            self.export = ask_export(TOWNSHIP, "冬季走访", reach, **about)
            decide_export(self.export, release=True, by=world.county, now=world.now)
            publish_county(COUNTY, world.now.date(), year=world.year, now=world.now)
        make_exports(0)
        self.send("village", "POST", f"{world.path}/pictures", {"subject": "house", "picture": (io.BytesIO(jpeg()), "a.jpg")})

    @property
    def ids(self) -> dict[str, Any]:
        """What an address needs to lead to this household's things."""
        one = {
            name: db.session.scalars(unbounded(select(model.public_id).order_by(model.id), "a test")).first()
            for name, model in (("change", ChangeRequest), ("conflict", FieldConflict), ("picture", HouseholdPicture))
        }
        household, child = self.world.household.public_id, self.world.child.public_id
        return {**one, "public_id": household, "member": child, "code": VILLAGE, "village_code": int(VILLAGE), "size": 1600}

    def send(self, person: str, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Ask as somebody; answers the status and the text."""
        vars(g._get_current_object()).clear()
        db.session.commit()
        db.session.expire_all()
        account, api = self.accounts[person], path.startswith("/api/")
        with self.client.session_transaction() as kept:
            kept.clear()
            if account is not None:
                kept["_user_id"] = f"{account.id}:{account.session_epoch}"
        headers = {"Accept-Language": "zh", **(self.bearers[person] if api else {})}
        given = {} if body is None else {"json" if api else "data": body}
        answer = self.client.open(path, method=method, headers=headers, **given)
        page = answer.get_data().decode("utf-8", "replace")
        if "json" in answer.mimetype:
            # Programs read what JSON spells with escapes.
            page = json.dumps(json.loads(page), ensure_ascii=False)
        return answer.status_code, page

    def shown(self, page: str) -> str:
        """The names of the tokens that a page shows, in their order."""
        return " ".join(name for name, token in self.tokens.items() if token in page)


@pytest.fixture
def canaries(client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Canaries:
    without_csrf(app, monkeypatch)
    return Canaries(client)


def address(app: Flask, rule: Rule, ids: dict[str, Any], method: str) -> str:
    """An address of the rule that leads to what there is, or to nothing where nothing of that name is known."""
    kinds = rule._converters.items()
    values = {name: ids.get(name, a_value(kind)) for name, kind in kinds}
    if rule.endpoint.startswith("officer.files.member"):
        values |= {"section": "person"}
    elif "section" in values:
        values["section"] = "contact"
    values |= {name: code for name, code in (("county", COUNTY), ("county_code", int(COUNTY))) if name in values}
    if "export" in values or rule.endpoint.startswith("api-registry.registry_export"):
        values |= {name: ids["export"] for name in ("export", "public_id") if name in values}
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(rule.endpoint, values, method=method))


def bodies(canaries: Canaries) -> dict[str, Any]:
    """What is sent to the routes that change something, by endpoint; each could be meant."""
    world, token = canaries.world, canaries.tokens["name"]
    new = {"name": "新人", "sex": "male", "born_on": "1980-01-01", "how": "told", "joined_on": "2020-01-01"}
    ask = {"purpose": "冬季走访", "year": world.year}
    return {
        "officer.files.search": {"word": token},
        "officer.files.open_new": {**new, "village": VILLAGE, "id_number": canaries.tokens["number"]},
        "officer.files.note": {"phone": "not a number", "how": "told"},
        "officer.files.member_add": {**new, "relation": "other", "id_number": canaries.tokens["number"]},
        "officer.files.member_note": {"health": "unheard of", "how": "told"},
        "officer.files.member_left": {"on": "2999-01-01", "why": "died", "how": "told"},
        "officer.files.decide": {"decision": "approve"},
        "officer.files.settle": {"keep": "standing"},
        "officer.files.add": {"subject": "cat"},
        "officer.files.export_ask": {**ask, "area": TOWNSHIP},
        "officer.files.export_decide": {"decision": "release"},
        "officer.files.export_take": {},
        "producer_file.ask": {"phone": "not a number", "reason": "x"},
        "api-registry.registry_search": {"word": token},
        "api-registry.registry_open": {"village_code": VILLAGE, "how": "told", "name": "新人", "id_number": world.number},
        "api-registry.registry_export_ask": {**ask, "area_code": TOWNSHIP},
        "api-registry.registry_export_decide": {"release": True},
        "api-registry.registry_export_take": None,
        "api-registry.registry_own_correction": {"values": {"phone": "x"}, "reason": "x"},
    }


def routes(app: Flask, wanted: Callable[[str], bool]) -> list[tuple[str, str, Rule]]:
    """The (endpoint, method, rule) of routes, those that only read first, what hands out a table last."""
    found = [
        (rule.endpoint, method, rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in LIBRARY_ENDPOINTS | _LEFT_OUT and wanted(rule.endpoint)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    return sorted(found, key=lambda row: (row[1] != "GET", "take" in row[0], row[0], row[1]))


def asked_by_all(app: Flask, canaries: Canaries) -> dict[Cell, dict[str, str]]:
    """What everybody is answered by the routes of files."""
    ids = {**canaries.ids, "export": canaries.export.public_id}
    sent = bodies(canaries)
    answers: dict[Cell, dict[str, str]] = {}
    for endpoint, method, rule in routes(app, lambda name: name.startswith(OF_FILES)):
        path = address(app, rule, ids, method)
        row = answers[endpoint, method] = {}
        for person in PEOPLE:
            status, page = canaries.send(person, method, path, sent.get(endpoint))
            row[person] = f"{status} {canaries.shown(page)}".strip()
    return answers


def kept_table() -> dict[Cell, dict[str, str]]:
    """The table as it was agreed."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {(row["endpoint"], row["method"]): {name: row[name] for name in PEOPLE} for row in csv.DictReader(file)}


def test_each_route_of_files_answers_each_person_as_the_table_says_and_nothing_lies_open_afterwards(
    app: Flask, canaries: Canaries, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert asked_by_all(app, canaries) == kept_table()
    assert canaries.shown(caplog.text) == ""
    tables = db.session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    assert {"person", "file_record", "file_change", "change_request", "file_export", "visit"} <= set(tables)
    for table in tables:
        dump = text(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM \"{table}\" t")
        rows = db.session.execute(unbounded(dump, "a test looks for what lies open")).scalar_one()
        assert canaries.shown(rows) == "", table
        assert "grave_illness" not in rows, table
        plain = b"".join(bytes.fromhex(part[: len(part) // 2 * 2]) for part in _hex_parts(rows)).decode("utf-8", "ignore")
        assert canaries.shown(plain) == "", table


def test_the_table_lets_nobody_see_a_file_from_beside_it() -> None:
    for (endpoint, _method), row in kept_table().items():
        searching = endpoint == "officer.files.search"
        for person in ("visitor", "consumer", "enterprise", "operator", "other_farmer", *OFFICERS[3:]):
            _status, _, shown = row[person].partition(" ")
            # What one has typed oneself stands in one's own search box.
            assert shown == ("name" if searching and person in OFFICERS else ""), (endpoint, person)
        if " " in row["village"] and not searching and endpoint != "officer.files.open_new":
            assert {row[person] for person in OFFICERS[3:]} == {"404"}, endpoint


def test_no_other_route_shows_a_token_to_anybody(app: Flask, canaries: Canaries, caplog: pytest.LogCaptureFixture) -> None:
    ids = {**canaries.ids, "export": canaries.export.public_id}
    roles = {(row[0], row[1]): dict(zip(ROLES, row[2:], strict=True)) for row in access_table()}
    asked = 0
    with caplog.at_level(logging.DEBUG):
        for endpoint, method, rule in routes(app, lambda name: not name.startswith(OF_FILES)):
            if method != "GET":
                continue
            path = address(app, rule, ids, method)
            entering = roles[endpoint, method]
            for person in (*OTHERS[:5], "village", "sibling_village"):
                # Who is not let in is refused before anything is read.
                if entering[ROLE_OF.get(person, person)] == "yes":
                    assert canaries.shown(canaries.send(person, method, path)[1]) == "", (endpoint, person)
                    asked += 1
    assert asked > 400
    assert canaries.shown(caplog.text) == ""


def _hex_parts(rows: str) -> list[str]:
    """The binary columns of a dump, as they are written there."""
    found = []
    for part in rows.split("\\x")[1:]:
        digits = part[: next((at for at, sign in enumerate(part) if sign not in "0123456789abcdef"), len(part))]
        found.append(digits)
    return found


def test_a_token_is_found_where_it_may_be(canaries: Canaries, session: Session) -> None:
    """Without this the tests above could look for something that is nowhere."""
    status, page = canaries.send("village", "GET", canaries.world.path)
    assert (status, canaries.shown(page)) == (200, "name phone bank address people plan visit number")
    assert db.session.get_one(Household, canaries.world.household.id).record_key is not None
