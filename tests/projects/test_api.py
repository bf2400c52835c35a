"""Programs declare, judge, object, approve and follow a project as people do on the pages; strangers learn nothing."""

import base64
import io
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import g
from flask.testing import FlaskClient
from PIL import Image

from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.projects.declaring import submit_project
from marketplace.projects.models import Project
from marketplace.projects.states import LEVELS, ProjectState
from tests import factories
from tests.api.conftest import token_header
from tests.factories import VILLAGE
from tests.projects.world import COUNTY, SCORES, World, declared, officer, passed, world

ROOT = "/api/v1/projects"
S = ProjectState


@pytest.fixture
def here(client: FlaskClient) -> World:
    with transaction():
        return world()


def send(method: Callable[..., Any], path: str, **more: Any) -> Any:
    """One call of a program, without what the one before it kept in memory."""
    vars(g._get_current_object()).clear()
    db.session.expire_all()
    return method(f"{ROOT}{path}", **more)


def declaration(here: World) -> dict[str, Any]:
    first = local_day(clock.now())
    return {
        "category": "water",
        "nature": "new",
        "place_words": "一组",
        "asset": "水渠",
        "begins_on": first.isoformat(),
        "ends_on": (first + timedelta(days=100)).isoformat(),
        "responsible": "村委会",
        "task": "修水渠",
        "target": "灌溉三百亩",
        "mechanism": "投工",
        "sources": [{"kind": "fiscal", "document": "文件", "amount_fen": 1_000}],
        "milestones": [{"name": "完工", "weight": 100, "due_on": (first + timedelta(days=90)).isoformat()}],
        "households": [household.code for household in here.households],
    }


def test_programs_declare_a_project_and_four_levels_pass_it(client: FlaskClient, here: World) -> None:
    unit = token_header(here.declarer)
    made = send(client.post, "/office", json={"area_code": VILLAGE, "name": "水渠"}, headers=unit)
    assert (made.status_code, len(made.json["missing"])) == (201, 10)
    path = f"/office/{made.json['public_id']}"
    assert send(client.post, f"{path}/submit", headers=unit).json["code"] == "item_missing_category"
    seen = send(client.get, path, headers=unit)
    body = declaration(here)
    saved = send(client.patch, path, json=body, headers={**unit, "If-Match": seen.headers["ETag"]})
    assert (saved.status_code, saved.json["missing"], saved.json["households"]) == (200, [], 2)
    late = send(client.patch, path, json={"task": "改"}, headers={**unit, "If-Match": seen.headers["ETag"]})
    assert late.status_code == 412
    assert send(client.post, f"{path}/submit", headers=unit).json["state"] == "township"
    for state in LEVELS:
        by = token_header(here.reviewers[state])
        scores = SCORES if state in (S.TOWNSHIP, S.COUNTY) else None
        answer = send(client.post, f"{path}/pass", json={"state": state.value, "scores": scores}, headers=by)
        assert answer.status_code == 200
    assert [review["total"] for review in answer.json["reviews"]] == [75, 75, None, None]
    county = token_header(here.county)
    assert send(client.post, f"{path}/approve", headers=county).json["code"] == "too_early"
    public = send(client.get, f"/{made.json['public_id']}")
    assert (public.json["state"], public.json["households"], public.json["budget_fen"]) == ("notice", None, 1_000)
    assert here.households[0].code not in public.text
    objected = send(client.post, f"/{made.json['public_id']}/objections", json={"words": "已修过"})
    assert objected.status_code == 204
    assert [row["words"] for row in send(client.get, path, headers=county).json["objections"]] == ["已修过"]
    assert send(client.get, path, headers=unit).json["objections"] == []


def picture() -> str:
    buffer = io.BytesIO()
    Image.frombytes("RGB", (8, 8), os.urandom(192)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def approved_long_ago(here: World) -> str:
    """A project that was noticed and may be approved today; answers its public id."""
    with transaction():
        project = declared(here, submit=False, now=clock.now() - timedelta(days=20))
        assert submit_project(project, by=here.declarer, now=clock.now() - timedelta(days=20))
        passed(here, project, now=clock.now() - timedelta(days=12))
        return project.public_id


def test_programs_follow_a_project_to_its_completion(client: FlaskClient, here: World) -> None:
    path = f"/office/{approved_long_ago(here)}"
    unit, county = token_header(here.declarer), token_header(here.county)
    assert send(client.post, f"{path}/approve", headers=county).json["approved_fen"] == 10_000_000
    begun = send(client.post, f"{path}/start", headers=unit).json
    today = local_day(clock.now()).isoformat()
    for milestone in begun["milestones"]:
        shot = {"picture": picture(), "milestone": milestone["public_id"], "taken_on": today, "place_words": "一组"}
        added = send(client.post, f"{path}/photos", json={**shot, "latitude": 26.2, "longitude": 107.8}, headers=unit)
        assert added.status_code == 201
    assert (added.json["work_percent"], added.json["photos"][0]["latitude"]) == (100, 26.2)
    shown = send(client.get, f"{path}/photos/{added.json['photos'][0]['public_id']}", headers=county)
    assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "private, no-store")
    done = send(client.post, f"{path}/complete", headers=county).json
    assert (done["state"], [check["years"] for check in done["checks"]]) == ("completed", [1, 2, 3])
    early = send(client.post, f"{path}/checks", json={"years": 1, "works": True}, headers=county)
    assert (early.status_code, early.json["code"]) == (409, "too_early")


def test_a_stranger_finds_nothing_and_a_draft_is_not_public(client: FlaskClient, here: World) -> None:
    with transaction():
        project: Project = declared(here, now=clock.now())
        factories.area("522636200001")
        beside = officer("522636200")
        public_id = project.public_id
    assert send(client.get, f"/{public_id}").status_code == 404
    assert send(client.post, f"/{public_id}/objections", json={"words": "x"}).status_code == 404
    stranger = token_header(beside)
    assert send(client.get, f"/office/{public_id}", headers=stranger).status_code == 404
    assert send(client.post, f"/office/{public_id}/submit", headers=stranger).status_code == 404
    assert send(client.get, "/office", headers=stranger).json == {"items": [], "next": None}
    assert send(client.get, "").json == {"items": [], "next": None}
    listed = send(client.get, "/office", headers=token_header(here.county)).json
    assert ([row["public_id"] for row in listed["items"]], listed["next"]) == ([public_id], None)


def test_the_template_says_what_a_declaration_may_be(client: FlaskClient) -> None:
    template = send(client.get, f"/template?area={COUNTY}").json
    assert (template["version"], sum(line["most"] for line in template["rubric"])) == ("1", 100)
    assert {"water", "roads"} <= {line["key"] for line in template["categories"]}
