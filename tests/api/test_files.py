"""Programs of the office do with household files what people do, within their own areas alone."""

from base64 import b64encode
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.registry.duplicates.looking import look_for_duplicates
from marketplace.registry.importing.jobs import run_import
from marketplace.registry.models import FileImport, FileReading, Household, Person
from marketplace.registry.reading import unbounded
from tests import factories
from tests.aftersale.sale import jpeg
from tests.api.conftest import Headers
from tests.registry import people, tables
from tests.registry.tables import BESIDE, HERE, as_csv

FILES = "/api/v1/files"
Bearer = Callable[[Account], Headers]
YEAR = clock.local_day(clock.now()).year


@pytest.fixture
def officer(client: FlaskClient, bearer_of: Bearer) -> Headers:
    return bearer_of(people.officer())


@pytest.fixture
def second(client: FlaskClient, bearer_of: Bearer) -> Headers:
    """The township's."""
    return bearer_of(people.officer("522636100", "潘干部"))


@pytest.fixture
def household(client: FlaskClient) -> Household:
    return factories.household()


def note(**more: object) -> dict[str, object]:
    return {"how": "seen", **more}


def test_a_file_is_read_with_who_said_what_and_the_reading_is_written_down(
    client: FlaskClient, officer: Headers, household: Household
) -> None:
    own = f"{FILES}/{household.public_id}"
    identity = {"name": "杨阿山", "relation": "head", "id_number": people.id_number()}
    made = client.post(f"{own}/members", headers=officer, json=note(joined_on="2020-01-01", identity=identity))
    assert made.status_code == 201
    values = {"fuel": "wood", "dwelling_m2": 80, "arable_mu": "2.5", "other_causes": ["illness"], "has_power": True}
    noted = client.post(f"{own}/values", headers=officer, json=note(year=YEAR, values=values))
    assert (noted.status_code, sorted(noted.json["applied"]), noted.json["request"]) == (200, sorted(values), None)

    answer = client.get(own, headers=officer)

    file = answer.json
    assert {name: file["values"][name] for name in values} == values
    assert file["values"]["road"] is None
    assert (file["members"][0]["identity"]["name"], file["seen"]) == ("杨阿山", noted.json["seen"])
    assert (file["sources"]["fuel"]["how"], file["sources"]["fuel"]["origin"]) == ("seen", "page")
    same = client.get(own, headers={**officer, "If-None-Match": answer.headers["ETag"]})
    assert same.status_code == 304
    parts = db.session.scalars(unbounded(select(FileReading.part), "a test")).all()
    assert parts == ["api", "api"]


def test_an_impossible_value_is_named_by_its_place(client: FlaskClient, officer: Headers, household: Household) -> None:
    own = f"{FILES}/{household.public_id}"
    wrong = client.post(f"{own}/values", headers=officer, json=note(year=YEAR, values={"fuel": "peat"}))
    assert (wrong.status_code, wrong.json["code"], list(wrong.json["errors"])) == (422, "input_invalid", ["values.fuel"])
    wrong = client.post(f"{own}/values", headers=officer, json=note(year=YEAR, values={"phone": "not a phone"}))
    assert (wrong.status_code, wrong.json["code"], list(wrong.json["errors"])) == (422, "values_invalid", ["values.phone"])
    identity = {"name": "杨阿山", "relation": "head", "id_number": "522636197003070011"}
    wrong = client.post(f"{own}/members", headers=officer, json=note(joined_on="2020-01-01", identity=identity))
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["identity.id_number"])
    assert client.get(own, headers=officer).json["members"] == []


def test_a_past_year_waits_for_another_officer(
    client: FlaskClient, officer: Headers, second: Headers, household: Household
) -> None:
    own = f"{FILES}/{household.public_id}"
    body = note(year=YEAR - 1, values={"fuel": "gas"}, reason="The bill was shown")
    asked = client.post(f"{own}/values", headers=officer, json=body).json["request"]
    assert (asked["fields"], asked["state"]) == (["fuel"], "open")
    approve = f"{own}/requests/{asked['public_id']}/approve"
    refused = client.post(approve, headers=officer, json={})
    assert (refused.status_code, refused.json["code"]) == (403, "own_request")
    assert client.post(approve, headers=second, json={}).json["state"] == "approved"
    again = client.post(approve, headers=second, json={})
    assert (again.status_code, again.json["code"]) == (409, "request_decided")
    assert client.get(own, headers=officer, query_string={"year": YEAR - 1}).json["values"]["fuel"] == "gas"
    assert [row["state"] for row in client.get(f"{own}/requests", headers=second).json["items"]] == ["approved"]


def test_of_two_values_noted_apart_a_person_chooses(
    client: FlaskClient, officer: Headers, second: Headers, household: Household
) -> None:
    own = f"{FILES}/{household.public_id}"
    client.post(f"{own}/values", headers=officer, json=note(year=YEAR, values={"fuel": "wood"}, seen=0))
    late = client.post(f"{own}/values", headers=second, json=note(year=YEAR, values={"fuel": "gas"}, seen=0)).json
    (conflict,) = late["conflicts"]
    decided = client.post(f"{own}/conflicts/{conflict['public_id']}/decide", headers=officer, json={"replace": True})
    assert decided.json["state"] == "replaced"
    file = client.get(own, headers=officer).json
    assert (file["values"]["fuel"], file["conflicts"]) == ("gas", [])


def test_who_somebody_is_waits_and_a_member_leaves(
    client: FlaskClient, officer: Headers, second: Headers, household: Household
) -> None:
    own = f"{FILES}/{household.public_id}"
    identity = {"name": "杨阿山", "relation": "head", "sex": "male", "born_on": "1970-03-07"}
    made = client.post(f"{own}/members", headers=officer, json=note(joined_on="2020-01-01", identity=identity)).json
    member = f"{own}/members/{made['public_id']}"
    assert client.post(f"{member}/values", headers=officer, json=note(year=YEAR, values={"health": "disabled"})).json[
        "applied"
    ] == ["health"]
    asked = client.post(f"{member}/identity", headers=officer, json=note(identity={"name": "杨阿杉"}, reason="Card")).json
    refusal = client.post(
        f"{own}/requests/{asked['request']['public_id']}/refuse", headers=second, json={"note": "The card says otherwise"}
    )
    assert refusal.json["state"] == "refused"
    early = client.post(f"{member}/leave", headers=officer, json={"how": "told", "left_on": "2019-12-31", "why": "died"})
    assert (early.status_code, early.json["code"]) == (422, "left_before_joining")
    left = client.post(f"{member}/leave", headers=officer, json={"how": "told", "left_on": "2026-01-31", "why": "died"})
    assert left.status_code == 200
    assert client.get(own, headers=officer).json["members"] == []


def test_a_file_beside_ones_area_is_not_there(client: FlaskClient, officer: Headers, bearer: Headers) -> None:
    beside = f"{FILES}/{factories.household(BESIDE).public_id}"
    assert client.get(beside, headers=officer).status_code == 404
    assert client.post(f"{beside}/values", headers=officer, json=note(year=YEAR, values={})).status_code == 404
    assert client.get(beside, headers=bearer).status_code == 403
    assert client.get(beside).status_code == 401
    assert db.session.scalar(unbounded(select(func.count(FileReading.id)), "a test")) == 0


def test_a_table_is_checked_and_then_written(client: FlaskClient, second: Headers, officer: Headers) -> None:
    for village in (HERE, BESIDE):
        factories.area(village)
    given = tables.rows(8)
    given[2]["health"] = "fine"
    body = {"table": b64encode(as_csv(given)).decode(), "how": "told", "year": YEAR}
    made = client.post(f"{FILES}/imports", headers={**second, "Accept-Language": "en"}, json=body)
    assert (made.status_code, made.json["good_rows"], made.json["state"]) == (201, 7, "checked")
    assert made.json["faults"] == [{"line": 4, "column": "health", "message": "This value is not possible here."}]
    own = f"{FILES}/imports/{made.json['public_id']}"
    assert client.get(own, headers=officer).status_code == 404
    assert client.post(f"{own}/run", headers=second, json={}).json["code"] == "rows_wrong"
    assert client.post(f"{own}/run", headers=second, json={"good_rows_only": True}).status_code == 202
    run_import(db.session.scalars(select(FileImport.id)).one())
    done = client.get(own, headers=second).json
    assert (done["state"], done["position"], done["counts"]["new_persons"]) == ("done", 2, 7)
    assert client.post(f"{own}/drop", headers=second).status_code == 409
    assert len(client.get(f"{FILES}/imports", headers=second).json["items"]) == 1


def test_a_pair_is_decided_by_two_programs_of_two_officers(
    client: FlaskClient, officer: Headers, second: Headers, bearer_of: Bearer
) -> None:
    county = people.officer("522636", "县干部")
    with transaction():
        known = {"name": "杨秀英", "sex": "female", "born_on": "1961-03-07", "id_number": ""}
        for village in (HERE, BESIDE):
            people.head(factories.household(village), county, **known)
    look_for_duplicates(actor="test")
    (half,) = client.get(f"{FILES}/duplicates", headers=officer).json["items"]
    assert (half["second"], half["why"]) == (None, {})
    own = f"{FILES}/duplicates/{half['public_id']}"
    assert client.post(f"{own}/different", headers=officer, json={}).json["code"] == "pair_not_whole"
    whole = client.get(own, headers=second).json
    body = {"leaves": whole["first"]["person"], "note": "Married"}
    assert client.post(f"{own}/same", headers=second, json=body).json["state"] == "proposed"
    assert client.post(f"{own}/agree", headers=second).json["code"] == "own_proposal"
    assert client.post(f"{own}/back", headers=bearer_of(county)).json["state"] == "open"
    client.post(f"{own}/same", headers=second, json=body)
    assert client.post(f"{own}/agree", headers=bearer_of(county)).json["state"] == "same"
    assert db.session.scalar(unbounded(select(func.count(Person.left_on)), "a test")) == 1


def test_a_picture_is_put_into_a_file_listed_and_read_back_and_each_look_is_written_down(
    client: FlaskClient, officer: Headers, household: Household, bearer_of: Bearer
) -> None:
    address, village = f"{FILES}/{household.public_id}/pictures", officer
    given = {"picture": b64encode(jpeg()).decode(), "subject": "kitchen"}
    made = client.post(address, json=given, headers=village)
    assert (made.status_code, made.json["subject"]) == (201, "kitchen")
    assert client.get(address, headers=village).json["items"] == [made.json]
    shown = client.get(f"{address}/{made.json['public_id']}", headers=village)
    assert (shown.mimetype, shown.headers["Cache-Control"]) == ("image/webp", "private, no-store")
    parts = db.session.scalars(unbounded(select(FileReading.part).order_by(FileReading.id), "a test")).all()
    assert parts == ["api", "picture"]
    sibling = bearer_of(people.officer("522636100002"))
    for answer in (
        client.get(address, headers=sibling),
        client.post(address, json=given, headers=sibling),
        client.get(f"{address}/{made.json['public_id']}", headers=sibling),
    ):
        assert answer.status_code == 404
    broken = client.post(address, json={**given, "picture": b64encode(b"GIF89a").decode()}, headers=village)
    assert broken.status_code == 422
