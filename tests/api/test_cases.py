"""Cases for programs: the same rules as on the pages, of one's own area alone."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.kernel import clock
from marketplace.registry.cases.rounds import live_cases
from marketplace.registry.models import CaseAction
from tests.api.conftest import Headers, token_header
from tests.registry import people
from tests.registry.cases.village import Village, make_village

CASES = "/api/v1/cases"


@pytest.fixture
def place(session: Session) -> Village:
    """A village whose days end today."""
    made = make_village()
    made.now = clock.now()
    return made


@pytest.fixture
def village(place: Village) -> Headers:
    return token_header(place.village[0])


def test_a_program_opens_reads_and_takes_the_steps_of_its_own_level(
    client: FlaskClient, place: Village, village: Headers
) -> None:
    household = place.household(poor=True)
    given = {"file": household.public_id, "kind": "exit", "source": "officer", "reason": "收入稳定"}
    opened = client.post(CASES, json=given, headers=village)
    assert opened.status_code == 201
    case = opened.json["public_id"]
    assert (opened.json["state"], opened.json["possible"]) == ("proposed", ["verify", "refuse"])
    due = client.get(CASES, headers=village).json
    assert (due["number"], [item["public_id"] for item in due["items"]]) == (1, [case])
    township = token_header(place.township[0])
    refused = client.post(f"{CASES}/{case}/steps", json={"action": "verify"}, headers=township)
    assert (refused.status_code, refused.json["code"]) == (403, "other_level")
    for _ in range(2):
        taken = client.post(f"{CASES}/{case}/steps", json={"action": "verify"}, headers=village)
        assert (taken.status_code, taken.json["state"], len(taken.json["taken"])) == (200, "village_verified", 2)
    early = client.post(f"{CASES}/{case}/steps", json={"action": "lift"}, headers=township)
    assert (early.status_code, early.json["code"]) == (409, "case_elsewhere")


def test_a_case_beside_ones_area_is_not_there(client: FlaskClient, place: Village, village: Headers) -> None:
    case = place.exit(place.household(poor=True))
    sibling = token_header(people.officer("522636100002"))
    assert client.get(f"{CASES}/{case.public_id}", headers=sibling).status_code == 404
    assert client.get(f"{CASES}/{case.public_id}", headers=village).json["taken"][0]["action"] is None
    assert client.get(f"{CASES}?area=522636100002", headers=village).status_code == 404


def test_a_round_is_voted_on_and_goes_on_together(client: FlaskClient, place: Village, village: Headers) -> None:
    cases = [place.apply(place.household()) for _ in range(2)]
    of = place.round_of(cases[0])
    address = f"{CASES}/rounds/{of.public_id}"
    assert client.get(address, headers=village).json["state"] == "applied"
    votes = [{"case": case.public_id, "in_favour": 15, "against": 1} for case in cases]
    assembly = {"held_on": place.today.isoformat(), "entitled": 30, "present": 20, "votes": votes}
    missing = client.post(f"{address}/assemblies", json={**assembly, "votes": votes[:1]}, headers=village)
    assert (missing.status_code, missing.json["code"]) == (422, "votes_missing")
    assert client.post(f"{address}/assemblies", json=assembly, headers=village).json["state"] == "voted"
    done = client.post(f"{address}/steps", json={"action": "publish_first"}, headers=village)
    assert done.json["state"] == "first_notice"
    place.wait(11)
    place.together(of, CaseAction.CLOSE_FIRST, place.village[0])
    waiting = client.get(address, headers=village).json
    assert len(waiting["sample"]) == 1 and waiting["sample_seed"].endswith("/1")
    visitor = token_header(place.township[1])
    visit = f"{address}/visits/{waiting['sample'][0]}"
    assert client.post(visit, json={"fit": True, "finding": "看过"}, headers=visitor).status_code == 200
    assert client.post(f"{address}/sample", headers=visitor).json["state"] == "checked"
    assert {case.state for case in live_cases(of)} == {"checked"}


def test_the_registered_of_a_day_are_counted_by_area(client: FlaskClient, place: Village, village: Headers) -> None:
    place.household(poor=True)
    found = client.get(f"{CASES}/registered?day=2026-06-15", headers=village).json
    assert found["items"] == [{"area_code": "522636100001", "poor": 1, "monitored": 0, "lifted_tracked": 0}]


def test_cases_are_for_officers(client: FlaskClient, session: Session) -> None:
    assert client.get(CASES).status_code == 401
