"""Programs do what people do with complaints and inspections, and read no more."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import g
from flask.testing import FlaskClient

from marketplace.complaints.checklists import CHECKLISTS
from marketplace.complaints.models import Complaint, Topic
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.api.conftest import token_header
from tests.complaints.world import COUNTY, TOWNSHIP, World, world
from tests.factories import VILLAGE

ROOT = "/api/v1/complaints"
BODY = {"kind": "money", "about": "fund", "area_code": VILLAGE, "office_code": TOWNSHIP, "words": "少了一分钱"}


@pytest.fixture
def here(client: FlaskClient, calls_forgotten: None) -> World:
    with transaction():
        return world()


def send(method: Callable[..., Any], path: str, **more: Any) -> Any:
    """One call of a program, without what the one before it kept in memory."""
    db.session.commit()
    vars(g._get_current_object()).clear()
    db.session.expire_all()
    return method(path, **more)


def test_a_complaint_from_sending_to_the_stars(client: FlaskClient, here: World) -> None:
    made = send(client.post, ROOT, json=BODY)
    assert made.status_code == 201, made.json
    code = {"code": made.json["code"]}
    inspector, officer = token_header(here.auditors[COUNTY]), token_header(here.officers[TOWNSHIP])
    assert send(client.get, ROOT, headers=officer).json == []
    (heard,) = send(client.get, ROOT, headers=inspector).json
    assert (heard["words"], heard["anonymous"], heard["heard_at"]) == ("少了一分钱", True, COUNTY)
    own = f"{ROOT}/{heard['public_id']}"
    assert send(client.get, own, headers=officer).status_code == 404
    assert send(client.post, f"{own}/take", headers=inspector).json["state"] == "assigned"
    answered = send(client.post, f"{own}/answer", json={"words": "补发一分钱"}, headers=inspector)
    assert answered.json["state"] == "answered", answered.json
    followed = send(client.post, f"{ROOT}/follow", json=code).json
    assert [(step["action"], step["words"]) for step in followed["steps"]] == [("answer", "补发一分钱")]
    assert send(client.post, f"{ROOT}/follow/back", json=code).json["code"] == "complaint_state"
    assert send(client.post, f"{ROOT}/follow/stars", json={**code, "stars": 5}).json["rating"] == 5
    assert send(client.post, f"{ROOT}/follow", json={"code": "2222-2222-2222-2222"}).status_code == 404


def test_a_token_leaves_no_trace_on_a_complaint_without_a_name(client: FlaskClient, here: World) -> None:
    send(client.post, ROOT, json=BODY, headers=token_header(here.stranger))
    row = db.session.query(Complaint).one()
    assert (row.anonymous, row.complainant_id, row.taken_down_by_id) == (True, None, None)


def test_an_inspection_from_the_plan_to_the_proof(client: FlaskClient, here: World) -> None:
    with transaction():
        factories.household()
    inspector, office = token_header(here.auditors[COUNTY]), token_header(here.officers[COUNTY])
    body = {"topic": "policy", "area_code": COUNTY, "number": 1}
    assert send(client.post, f"{ROOT}/inspections", json=body, headers=office).status_code == 403
    (planned,) = send(client.post, f"{ROOT}/inspections", json=body, headers=inspector).json
    assert (planned["subject"], planned["drawn"]) == (TOWNSHIP, "risk")
    own = f"{ROOT}/inspections/{planned['public_id']}"
    assert send(client.post, f"{own}/begin", headers=inspector).json["state"] == "under_way"
    answers = [{"item": item, "verdict": "right"} for item in CHECKLISTS[Topic.POLICY] if item != "no_fee"]
    early = send(client.post, f"{own}/answers", json={"answers": answers, "finished": True}, headers=inspector)
    assert (early.status_code, early.json["code"]) == (422, "checklist_open")
    answers.append({"item": "no_fee", "verdict": "wrong", "words": "收了表格费"})
    done = send(client.post, f"{own}/answers", json={"answers": answers, "finished": True}, headers=inspector)
    assert done.json["state"] == "reported", done.json
    (finding,) = send(client.get, f"{ROOT}/findings", headers=office).json
    path = f"{ROOT}/findings/{finding['public_id']}"
    proof = {"action": "rectify", "words": "退了", "proof": "收据 3"}
    assert send(client.post, path, json=proof, headers=inspector).json["code"] == "other_side"
    assert send(client.post, path, json=proof, headers=office).json["state"] == "rectified"
    assert send(client.post, path, json={"action": "confirm"}, headers=inspector).json["state"] == "confirmed"
    assert send(client.get, f"{ROOT}/acts", headers=inspector).json == []
