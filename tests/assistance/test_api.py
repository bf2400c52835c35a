"""Responsibility and needs for programs: what pages can, with scopes, tags and areas."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.assistance.needs.models import NeedKind
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.clock import local_day, now
from marketplace.kernel.db import db, transaction
from marketplace.registry.models import Household
from tests import factories
from tests.api.conftest import FreshClient, token_header
from tests.assistance.world import COUNTY, World, acts_for, helper, in_duty, open_need, world

DUTY, NEEDS = "/api/v1/assistance/duty", "/api/v1/assistance/needs"


@pytest.fixture
def client(app: Flask, session: Session) -> FlaskClient:
    """A program, over the test's own transaction."""
    return FreshClient(app)


@pytest.fixture
def here(client: FlaskClient) -> World:
    with transaction():
        made = world(2)
        for household in made.households:
            household.created_at = now()
        return made


def test_a_plan_is_approved_by_who_has_seen_it_as_it_is(client: FlaskClient, here: World) -> None:
    with transaction():
        leaver, heir = in_duty(here, name="老张"), in_duty(here, name="小李")
    first, second = token_header(here.first), token_header(here.second)
    assert client.post(f"{DUTY}/plans", headers=first, json={"area_code": "52"}).status_code == 404
    drafted = client.post(f"{DUTY}/plans", headers=first, json={"area_code": COUNTY})
    assert (drafted.status_code, drafted.json["households"], drafted.json["near"]) == (201, 2, {"12": 2})
    plan = f"{DUTY}/plans/{drafted.json['public_id']}"
    line = {"officer": leaver.public_id, "name": "老张", "households": 1, "near": 1}
    lines = client.get(f"{plan}/lines", headers=second, query_string={"limit": 1}).json
    assert lines == {"items": [line], "next": leaver.public_id}
    rest = client.get(f"{plan}/lines", headers=second, query_string={"after": leaver.public_id}).json
    assert rest == {"items": [{**line, "officer": heir.public_id, "name": "小李"}], "next": None}
    assert client.post(f"{plan}/approve", headers=first).json["code"] == "same_person"
    tag = client.get(plan, headers=second).headers["ETag"]
    assert client.get(plan, headers={**second, "If-None-Match": tag}).status_code == 304
    assert client.post(f"{plan}/approve", headers={**second, "If-Match": '"older"'}).status_code == 412
    approved = client.post(f"{plan}/approve", headers={**second, "If-Match": tag})
    assert (approved.status_code, approved.json["state"]) == (200, "approved")
    asked = client.get(f"{DUTY}/plans", headers=first, query_string={"area_code": COUNTY}).json
    assert (asked["waiting"], [row["state"] for row in asked["plans"]]) == (0, ["approved"])
    own = token_header(db.session.get_one(Account, leaver.account_id))
    assert [row["place"] for row in client.get(f"{DUTY}/own", headers=own).json["duties"]] == ["first"]
    assert client.post(f"{DUTY}/officers/{leaver.public_id}/leave", headers=first).json["held"] == 1
    (handover,) = client.get(f"{DUTY}/handovers", headers=first).json
    assert handover["suggested"] == heir.public_id
    done = client.post(f"{DUTY}/handovers/{handover['public_id']}", headers=first, json={"heir": heir.public_id})
    assert (done.json["held"], client.get(f"{DUTY}/handovers", headers=first).json) == (2, [])


def test_officers_in_duty_are_read_page_by_page_and_who_has_left_comes_last(client: FlaskClient, here: World) -> None:
    with transaction():
        gone, *rest = [in_duty(here).public_id for _ in range(5)]
    first, seen, after = token_header(here.first), list[str](), ""
    assert client.post(f"{DUTY}/officers/{gone}/leave", headers=first).status_code == 200
    while after is not None:
        page = client.get(f"{DUTY}/officers", headers=first, query_string={"limit": 2, **({"after": after} if after else {})})
        seen += [row["public_id"] for row in page.json["items"]]
        after = page.json["next"]
    assert seen == [*rest, gone]
    assert client.get(f"{DUTY}/officers", headers=first, query_string={"after": "abcdefghijklmn"}).status_code == 404


def test_visits_money_and_the_year_of_an_officer(client: FlaskClient, here: World) -> None:
    with transaction():
        officer = in_duty(here)
    household = here.households[0].public_id
    first, second = token_header(here.first), token_header(here.second)
    own = token_header(db.session.get_one(Account, officer.account_id))
    given = {"officer": officer.public_id, "place": "first"}
    assert client.post(f"{DUTY}/households/{household}/helpers", headers=first, json=given).status_code == 201
    again = client.post(f"{DUTY}/households/{household}/helpers", headers=first, json=given)
    assert (again.status_code, again.json["code"]) == (409, "already_helps")
    visit = client.post(f"{DUTY}/households/{household}/visits", headers=own, json={"note": "一切都好"}).json["public_id"]
    said = {"took_place": True, "satisfaction": 5}
    assert client.post(f"{DUTY}/visits/{visit}/word", headers=own, json=said).json["code"] == "asked_by_another"
    assert client.post(f"{DUTY}/visits/{visit}/word", headers=first, json={**said, "satisfaction": 6}).status_code == 422
    assert [row["public_id"] for row in client.get(f"{DUTY}/visits", headers=first).json] == [visit]
    assert client.post(f"{DUTY}/visits/{visit}/word", headers=first, json=said).json["satisfaction"] == 5
    money = {"amount_fen": 1, "source": "县农业局", "document_number": "收据1"}
    funds = client.post(f"{DUTY}/households/{household}/funds", headers=own, json=money).json
    assert (funds["state"], client.get(f"{DUTY}/funds", headers=first).json) == ("drafted", [funds])
    assert client.post(f"{DUTY}/funds/{funds['public_id']}/approve", headers=first).json["state"] == "approved"
    scored = client.post(f"{DUTY}/years", headers=first, json={"area_code": COUNTY, "year": local_day(now()).year}).json
    year = f"{DUTY}/years/{scored['public_id']}"
    (row,) = scored["scores"]
    assert row["items"] == {"visits": 0.25, "confirmed": 1.0, "satisfaction": 1.0, "funds": 1 / 50_000}
    assert client.post(f"{year}/approve", headers=second).json["state"] == "approved"
    proposal = {"kind": "penalty", "reason": "走访太少"}
    merit = client.post(f"{year}/officers/{officer.public_id}/merits", headers=first, json=proposal).json["public_id"]
    assert client.post(f"{year}/merits/{merit}/approve", headers=second).json["code"] == "not_heard"
    answer = client.post(f"{DUTY}/own/merits/{merit}/answer", headers=own, json={"answer": "路断了"}).json
    assert answer["answer"] == "路断了"
    assert client.post(f"{year}/merits/{merit}/discard", headers=second).json["state"] == "discarded"


def test_a_need_of_a_households_own_is_verified_pledged_delivered_and_closed(client: FlaskClient, here: World) -> None:
    with transaction():
        farmer = factories.account((RoleKind.FARMER, ""))
        household = db.session.get_one(Household, factories.producer(registered=True, owner=farmer).household_id)
        household.created_at = now()
        unit = helper(here, NeedKind.SKILL)
    own, first, acting = token_header(farmer), token_header(here.first), token_header(acts_for(unit))
    raised = client.post(f"{NEEDS}/mine", headers=own, json={"kind": "skill", "words": "王家不会修剪"})
    assert (raised.status_code, raised.json["state"]) == (201, "raised")
    need = raised.json["public_id"]
    assert client.get(f"{NEEDS}/{need}").status_code == 404
    office = client.get(f"{NEEDS}/office/{need}", headers=first)
    assert office.json["file"] == household.public_id
    tag = {**first, "If-Match": office.headers["ETag"]}
    told = client.post(f"{NEEDS}/office/{need}/verify", headers=tag, json={"card": "电话 13800001111"})
    assert (told.status_code, told.json["code"]) == (422, "card_tells")
    assert client.post(f"{NEEDS}/office/{need}/verify", headers=tag, json={"card": "想学修剪"}).status_code == 200
    assert client.post(f"{NEEDS}/office/{need}/verify", headers=tag, json={"card": "想学修剪"}).status_code == 412
    assert [each["near"] for each in client.get(f"{NEEDS}/office/{need}", headers=first).json["suited"]] == ["county"]
    card = client.get(f"{NEEDS}/{need}").json
    assert set(card) == {"public_id", "kind", "card", "shown_code", "worth_fen", "state", "due_on"}
    assert client.post(f"{NEEDS}/{need}/pledge", headers=own).json["code"] == "no_unit"
    made = client.post(f"{NEEDS}/{need}/pledge", headers=acting).json["public_id"]
    proof = {"proof": "签到表"}
    assert client.post(f"{NEEDS}/pledges/{made}/deliver", headers=acting, json=proof).json["state"] == "delivered"
    assert client.post(f"{NEEDS}/mine/{need}/arrived", headers=own, json={"arrived": True}).json["state"] == "closed"
    assert client.get(f"{NEEDS}/desk", headers=acting).json["pledges"][0]["state"] == "kept"


def test_a_round_asks_a_unit_and_an_office_beside_finds_none_of_it(client: FlaskClient, here: World) -> None:
    with transaction():
        unit = helper(here, NeedKind.SKILL)
        need = open_need(here).public_id
        factories.area("522601100001")
    first, second = token_header(here.first), token_header(here.second)
    beside = token_header(factories.account((RoleKind.OFFICER, "522601")))
    drafted = client.post(f"{NEEDS}/rounds", headers=first, json={"area_code": COUNTY, "method": "stable"}).json
    assert [(row["need"]["public_id"], row["helper"]["public_id"]) for row in drafted["lines"]] == [(need, unit.public_id)]
    found = f"{NEEDS}/rounds/{drafted['public_id']}"
    assert [client.get(path, headers=beside).status_code for path in (found, f"{NEEDS}/office/{need}")] == [404, 404]
    assert client.get(f"{NEEDS}/office", headers=beside).json == []
    assert client.post(f"{found}/approve", headers=second).json["state"] == "approved"
    desk = client.get(f"{NEEDS}/desk", headers=token_header(acts_for(unit))).json
    assert [row["public_id"] for row in desk["asked"]] == [need]
