"""A program of an officer sends forms and sees what became of them, within the officer's area and no further."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.registry.files import read_file
from marketplace.registry.models import FormVersion, Household
from tests import factories
from tests.api.conftest import Headers, token_header
from tests.registry import people
from tests.registry.forms import fieldwork

FORMS = "/api/v1/forms"


@pytest.fixture
def officer(client: FlaskClient) -> Account:
    return people.officer()


@pytest.fixture
def standard(client: FlaskClient) -> FormVersion:
    return fieldwork.standard()


@pytest.fixture
def household(client: FlaskClient) -> Household:
    return factories.household()


def filled(household: Household, **answers: str) -> dict[str, Any]:
    given = {**fieldwork.USUAL, "household": household.public_id, "seen": "0", **answers}
    return {
        "instance": fieldwork.instance_id(),
        "form": fieldwork.FORM_ID,
        "version": fieldwork.VERSION,
        "ended_at": clock.now().isoformat(),
        "answers": [{"name": name, "value": value} for name, value in given.items()],
        "members": [
            {
                "answers": [
                    {"name": "name", "value": "潘小梅"},
                    {"name": "relation", "value": "head"},
                    {"name": "sex", "value": "female"},
                    {"name": "born_on", "value": "1980-02-03"},
                ]
            }
        ],
    }


def test_a_program_reads_the_form_and_sends_it_filled_in_once(
    client: FlaskClient, officer: Account, standard: FormVersion, household: Household
) -> None:
    bearer = token_header(officer)
    (form,) = client.get(FORMS, headers=bearer).json["items"]
    assert (form["form"], form["standard"], form["title_en"]) == ("household_52", True, "Household file")
    whole = client.get(f"{FORMS}/{form['public_id']}", headers=bearer).json
    assert whole["model"] == standard.model

    body = filled(household, fuel="coal")
    answers = [client.post(f"{FORMS}/submissions", json=body, headers=bearer) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json["public_id"] for answer in answers}) == 1
    assert (answers[0].json["state"], answers[0].json["outcome"]["members_added"]) == ("done", 1)
    assert read_file(household, clock.local_day(clock.now()).year).values["fuel"] == "coal"
    changed = {**body, "answers": body["answers"][:-1]}
    refused = client.post(f"{FORMS}/submissions", json=changed, headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (409, "submission_differs")


def test_what_does_not_fit_is_kept_named_and_tried_again(
    client: FlaskClient, officer: Account, standard: FormVersion, household: Household
) -> None:
    bearer = token_header(officer)
    kept = client.post(f"{FORMS}/submissions", json=filled(household, water_litres="9999"), headers=bearer).json
    assert (kept["state"], kept["fault"], [fault["name"] for fault in kept["faults"]]) == (
        "failed",
        "values_invalid",
        ["water_litres"],
    )
    path = f"{FORMS}/submissions/{kept['public_id']}"
    assert client.post(f"{path}/again", headers=bearer).json["attempts"] == 2
    listed = client.get(f"{FORMS}/submissions?which=failed", headers=bearer).json
    assert ([row["public_id"] for row in listed["items"]], listed["more"]) == ([kept["public_id"]], False)
    elsewhere = token_header(people.officer("522636101", "外乡干部"))
    assert client.get(path, headers=elsewhere).status_code == 404
    assert client.post(f"{path}/again", headers=elsewhere).status_code == 404
    assert client.get(f"{FORMS}/submissions", headers=elsewhere).json["items"] == []


def test_a_form_is_not_there_for_another_province_and_not_for_buyers(
    client: FlaskClient, standard: FormVersion, bearer: Headers
) -> None:
    abroad = token_header(people.officer("53", "云南干部"))
    assert client.get(f"{FORMS}/{standard.public_id}", headers=abroad).status_code == 404
    assert client.get(FORMS, headers=bearer).status_code == 403
