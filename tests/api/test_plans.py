"""Supplies, plans and parts for programs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from marketplace.delivery.service import Place, add_hub
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.sourcing.answers import answer_part
from tests import factories
from tests.api.conftest import Headers
from tests.factories import NOW
from tests.sourcing.plan_world import KG, WEEK, approved, buyer, demand, farm, supply

Bearer = Callable[[Account], Headers]


@pytest.fixture(autouse=True)
def the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def test_from_a_declaration_to_a_yes_by_programs_alone(client: FlaskClient, bearer_of: Bearer) -> None:
    goods = farm(registered=True)
    owner = factories.account((RoleKind.FARMER, goods.area_code))
    goods.producer.account_id = owner.id
    weeks = [{"week_on": (WEEK + timedelta(days=7 * at)).isoformat(), "harvest_g": 100 * KG} for at in range(2)]
    given = {"listing": goods.public_id, "grade": "first", "min_price_fen_kg": 210, "loss_rate_bp": 1000, "weeks": weeks}
    made = client.post("/api/v1/farm/supplies", json=given, headers=bearer_of(owner))
    assert (made.status_code, made.json["weeks"][0]["grams"]) == (201, 90 * KG)
    assert client.post("/api/v1/farm/supplies", json=given, headers=bearer_of(owner)).json["code"] == "supply_declared"

    who, enterprise = buyer()
    wanted = demand(who, enterprise, 60, 60)
    plan = client.post("/api/v1/plans", json={"demands": [wanted.public_id]}, headers=bearer_of(who))
    assert (plan.status_code, plan.json["planned_g"], plan.json["state"]) == (201, 120 * KG, "proposed")
    # One seller: what it is would tell who it is.
    assert (plan.json["share_attained"], plan.json["curve"]) == (None, [])
    path = f"/api/v1/plans/{plan.json['public_id']}"
    assert client.post(f"{path}/approval", headers=bearer_of(who)).json == {"done": True}
    assert client.post(f"{path}/approval", headers=bearer_of(who)).json == {"done": False}

    asked = client.get("/api/v1/farm/parts", headers=bearer_of(owner)).json["items"]
    assert [(row["grams"], row["fen_kg"], row["state"]) for row in asked] == [(60 * KG, 210, "asked")] * 2
    answer = f"/api/v1/farm/parts/{asked[0]['public_id']}/answer"
    assert client.post(answer, json={"accept": True}, headers=bearer_of(owner)).json == {"done": True}
    assert client.post(answer, json={"accept": False}, headers=bearer_of(owner)).json["code"] == "plan_part_state"
    less = {"week_on": WEEK.isoformat(), "harvest_g": 50 * KG}
    supply = f"/api/v1/farm/supplies/{made.json['public_id']}"
    assert client.post(f"{supply}/yield", json=less, headers=bearer_of(owner)).json == {
        "week_on": WEEK.isoformat(),
        "grams": 45 * KG,
        "promised_g": 45 * KG,
    }
    assert client.post(f"{supply}/withdrawal", headers=bearer_of(owner)).json == {"done": True}
    states = {row["state"] for row in client.get("/api/v1/farm/parts", headers=bearer_of(owner)).json["items"]}
    assert states == {"cut"}

    officer = factories.account((RoleKind.OFFICER, goods.area_code[:6]))
    seen = client.get(path, headers=bearer_of(officer)).json
    assert (seen["share_attained"], len(seen["parts"])) == (1.0, 2)
    elsewhere = factories.account((RoleKind.OFFICER, "522635"))
    assert client.get(path, headers=bearer_of(elsewhere)).status_code == 404
    assert client.get("/api/v1/plans", headers=bearer_of(elsewhere)).json == {"items": []}


def test_a_stranger_s_demand_part_or_supply_is_not_there(client: FlaskClient, bearer_of: Bearer) -> None:
    who, _ = buyer()
    other, company = buyer()
    wanted = demand(other, company, 60)
    answer = client.post("/api/v1/plans", json={"demands": [wanted.public_id]}, headers=bearer_of(who))
    assert (answer.status_code, answer.json["code"]) == (404, "demand_unknown")
    goods = farm()
    owner = factories.account((RoleKind.FARMER, goods.area_code))
    goods.producer.account_id = owner.id
    db.session.commit()
    for path in ("farm/parts/aaaaaaaaaaaaaa/answer", "farm/supplies/aaaaaaaaaaaaaa/withdrawal"):
        body = {"accept": True} if "parts" in path else None
        assert client.post(f"/api/v1/{path}", json=body, headers=bearer_of(owner)).status_code == 404


def test_a_hub_s_keeper_reads_who_brings_what(client: FlaskClient, bearer_of: Bearer) -> None:
    keeper = factories.account()
    goods = farm()
    db.session.commit()
    with transaction():
        hub = add_hub(Place("村口", "At the gate", goods.area_code, "村口", "8–18"), keeper.public_id, actor="x", now=NOW)
    supply(goods, 60, hub=hub)
    who, enterprise = buyer()
    (part,) = approved([demand(who, enterprise, 50)], who).parts
    path = f"/api/v1/hubs/{hub.public_id}/loads"
    assert client.get(path, headers=bearer_of(keeper)).json == {"items": []}
    with transaction():
        answer_part(part.public_id, part.producer_id, accept=True, actor="x", now=NOW)
    (load,) = client.get(path, headers=bearer_of(keeper)).json["items"]
    assert (load["grams"], [row["listing"] for row in load["parts"]]) == (50 * KG, [goods.public_id])
    assert client.get(path, headers=bearer_of(who)).status_code == 404
