"""Offices' programs find, count and ask for tables within their own area; a household's program reads its own file."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.registry.figures import publish_county, quarter_start
from marketplace.registry.models import FileReading, FileSearch, Household
from marketplace.registry.reading import unbounded
from marketplace.web.file_exports import make_exports
from tests.api.conftest import token_header
from tests.web.file_world import COUNTY, SIBLING_VILLAGE, TOWNSHIP, VILLAGE, FileWorld

ROOT = "/api/v1/registry"


class Program:
    """A program with the token of one account."""

    def __init__(self, client: FlaskClient, account: Account) -> None:
        self.client, self.headers = client, token_header(account)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(ROOT + path, headers=self.headers, query_string=query)

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(ROOT + path, headers=self.headers, **({} if body is None else {"json": body}))


@pytest.fixture
def files(client: FlaskClient) -> FileWorld:
    return FileWorld()


def test_a_search_finds_masked_names_within_the_area_and_is_written_down(client: FlaskClient, files: FileWorld) -> None:
    village, sibling = Program(client, files.village), Program(client, files.sibling_village)
    found = village.post("/search", {"word": files.number}).json
    assert found == {
        "kind": "id_number",
        "items": [{"public_id": files.household.public_id, "code": files.household.code, "head": "杨*山", "person": "杨*山"}],
        "more": False,
    }
    assert sibling.post("/search", {"word": files.number}).json["items"] == []
    assert [(row.by_id, row.found) for row in db.session.scalars(select(FileSearch).order_by(FileSearch.id))] == [
        (files.village.id, 1),
        (files.sibling_village.id, 0),
    ]
    assert village.post("/search", {"word": "杨"}).status_code == 422
    assert Program(client, files.farmer).post("/search", {"word": "杨阿山"}).status_code == 403


def test_a_villages_list_is_for_the_offices_above(client: FlaskClient, files: FileWorld) -> None:
    path = f"/villages/{VILLAGE}"
    assert Program(client, files.village).get(path).status_code == 403
    assert Program(client, files.sibling_township).get(path).status_code == 404
    listed = Program(client, files.township).get(path).json
    assert ([row["head"] for row in listed["items"]], listed["pages"]) == (["杨*山"], 1)


def test_a_household_is_opened_once(client: FlaskClient, files: FileWorld) -> None:
    village = Program(client, files.village)
    head = {"village_code": VILLAGE, "how": "seen", "name": "韦阿木", "sex": "male", "born_on": "1980-01-01"}
    opened = village.post("/households", head)
    assert (opened.status_code, opened.json["code"]) == (201, f"{VILLAGE}0002")
    doubled = village.post("/households", {**head, "id_number": files.number, "born_on": None})
    assert (doubled.status_code, doubled.json["code"]) == (409, "person_on_file")
    without = village.post("/households", {**head, "sex": None})
    assert (without.status_code, set(without.json["errors"])) == (422, {"sex"})
    assert village.post("/households", {**head, "village_code": SIBLING_VILLAGE}).status_code == 404
    assert len(db.session.scalars(select(Household)).all()) == 3


def test_the_roll_up_is_that_of_the_page(client: FlaskClient, files: FileWorld) -> None:
    counted = Program(client, files.county).get("/roll-up", area=TOWNSHIP, by="kind").json
    assert counted["cells"] == [{"area_code": VILLAGE, "category": "dibao", "households": 1, "persons": 2}]
    assert (counted["households"], counted["persons"]) == (1, 2)
    assert Program(client, files.sibling_township).get("/roll-up", area=TOWNSHIP).status_code == 404


def test_an_export_goes_through_two_programs_and_is_taken_once(client: FlaskClient, files: FileWorld) -> None:
    asker, other = Program(client, files.township), Program(client, files.county)
    asked = asker.post("/exports", {"area_code": VILLAGE, "purpose": "Winter visits", "year": files.year})
    assert (asked.status_code, asked.json["state"]) == (201, "asked")
    path = f"/exports/{asked.json['public_id']}"
    assert asker.post(f"{path}/decision", {"release": True}).status_code == 403
    assert Program(client, files.sibling_township).post(f"{path}/decision", {"release": True}).status_code == 404
    assert other.post(f"{path}/decision", {"release": True}).json["state"] == "released"
    assert asker.post(f"{path}/table").status_code == 409
    make_exports(0)
    assert other.post(f"{path}/table").status_code == 403
    table = asker.post(f"{path}/table").json["csv"]
    assert table.splitlines()[0].startswith(f"# {asked.json['public_id']} · {VILLAGE} · {files.year} · 潘镇干 / 韦县干 · ")
    assert "杨阿山" in table and files.number not in table and "6222021234567890123" not in table
    assert asker.post(f"{path}/table").json["code"] == "export_gone"
    told = db.session.scalars(unbounded(select(FileReading), "a test")).one()
    assert (told.household_id, told.by_id, told.part) == (files.household.id, files.township.id, "export")


def test_a_household_reads_and_corrects_its_own_file_alone(client: FlaskClient, files: FileWorld) -> None:
    farmer = Program(client, files.farmer)
    own = farmer.get("/own-file").json
    assert (own["code"], own["values"]["phone"]) == (files.household.code, "13812345678")
    assert [member["identity"]["name"] for member in own["members"]] == ["杨阿山", "杨小花"]
    body = {"values": {"water_source": "tap"}, "reason": "There is a tap now"}
    assert farmer.post("/own-file/corrections", body).json["state"] == "open"
    child = {"values": {"student": "junior"}, "reason": "She has changed school", "member": files.child.public_id}
    assert farmer.post("/own-file/corrections", child).status_code == 201
    wrong = farmer.post("/own-file/corrections", {"values": {"water_source": "sea"}, "reason": "x"})
    assert (wrong.status_code, set(wrong.json["errors"])) == (422, {"water_source"})
    other = Program(client, files.other_farmer)
    assert other.get("/own-file").status_code == 404
    assert other.post("/own-file/corrections", body).status_code == 404
    assert Program(client, files.village).get("/own-file").status_code == 403


def test_published_figures_are_for_everybody(client: FlaskClient, files: FileWorld) -> None:
    path = f"{ROOT}/figures/{COUNTY}"
    assert client.get(path).status_code == 404
    day = quarter_start(files.now.date())
    with transaction():
        publish_county(COUNTY, day, year=files.year, now=files.now)
    assert client.get(path).json["cells"]["total"]["total"] == 0
