"""Programs of finance offices and auditors move, pay and trace public money under the rules of the pages."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from marketplace.funds.looking import look_through
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from tests import factories
from tests.api.conftest import Headers, token_header
from tests.funds.county import COUNTY, CREDIT_CODE, TOWNSHIP, office
from tests.registry import people

API = "/api/v1"
FUND = {
    "area_code": COUNTY,
    "budget": "county",
    "document_number": "丹财预〔2026〕8号",
    "title": "住房安全资金",
    "year": 2026,
    "earmarks": [{"purpose": "housing", "amount_fen": 900_000}, {"purpose": "housing", "amount_fen": 100_000}],
}


class Programs:
    """The tokens of an office's two, of an auditor and of an officer beside."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        at = office(COUNTY)
        self.first, self.second = token_header(at.first), token_header(at.second)
        self.auditor = token_header(factories.account((RoleKind.AUDITOR, COUNTY)))
        factories.area("522635100001")
        self.sibling = token_header(factories.account((RoleKind.OFFICER, "522635")))

    def post(self, who: Headers, path: str, body: Any = None) -> tuple[int, Any]:
        given = {} if body is None else {"json": body}
        answer = self.client.post(f"{API}{path}", headers=who, **given)
        return answer.status_code, answer.get_json()

    def get(self, who: Headers, path: str) -> tuple[int, Any]:
        answer = self.client.get(f"{API}{path}", headers=who)
        return answer.status_code, answer.get_json()

    def fund(self) -> str:
        """A fund in force, its public id."""
        status, made = self.post(self.first, "/funds", FUND)
        assert status == 201, made
        assert self.post(self.second, f"/funds/{made['public_id']}/approve")[0] == 200
        return str(made["public_id"])


@pytest.fixture
def programs(client: FlaskClient) -> Programs:
    return Programs(client)


def test_a_fund_goes_from_its_document_to_a_household_and_the_way_back_up_is_told(programs: Programs) -> None:
    status, made = programs.post(programs.first, "/funds", FUND)
    path = f"/funds/{made['public_id']}"
    assert (status, made["state"]) == (201, "proposed")
    assert programs.post(programs.first, "/funds", FUND)[1]["code"] == "fund_document_known"
    assert programs.post(programs.first, f"{path}/approve")[1]["code"] == "second_person_needed"
    assert programs.post(programs.second, f"{path}/approve")[1]["sums"] == [
        {"purpose": "housing", "issued_fen": 1_000_000, "paid_fen": 0, "standing_fen": 1_000_000}
    ]
    move = {"purpose": "housing", "source": COUNTY, "target": TOWNSHIP, "amount_fen": 600_000, "document_number": "文〔1〕"}
    assert programs.post(programs.first, f"{path}/moves", move)[0] == 201
    assert programs.post(programs.first, f"{path}/moves", move)[1]["code"] == "fund_short"
    back = {**move, "source": TOWNSHIP, "target": COUNTY, "amount_fen": 100_000}
    assert programs.post(programs.first, f"{path}/moves", back)[1]["kind"] == "return"
    household = factories.household()
    with transaction():
        people.head(household, people.officer(), name="潘阿水")
    order = {
        "purpose": "housing",
        "place": TOWNSHIP,
        "amount_fen": 200_000,
        "subject": "危房-1",
        "document_number": "文〔2〕",
        "household_code": household.code,
        "account_holder": "潘阿水",
        "bank": "农业银行",
        "account_number": "6228480000000004321",
    }
    status, payment = programs.post(programs.first, f"{path}/payments", order)
    assert (status, payment["state"], payment["account_last_four"]) == (201, "proposed", "4321")
    other = programs.post(programs.first, f"{path}/payments", {**order, "purpose": "health"})
    assert other[1]["code"] == "fund_purpose_not_given"
    one = f"/fund-payments/{payment['public_id']}"
    assert programs.post(programs.second, f"{one}/approve")[1]["state"] == "paid"
    status, whole = programs.get(programs.auditor, one)
    assert [(step["source"], step["target"]) for step in whole["way"]] == [("source", COUNTY), (COUNTY, TOWNSHIP)]
    assert (whole["payee_name"], whole["household_code"]) == ("潘阿水", household.code)
    shown = programs.get(programs.auditor, path)[1]
    assert {row["place"]: row["balance_fen"] for row in shown["standings"]} == {COUNTY: 500_000, TOWNSHIP: 300_000}
    assert [move["kind"] for move in shown["moves"]] == ["issue", "allocate", "return"]
    assert programs.post(programs.first, f"{one}/reverse", {"reason": "退回"})[1]["state"] == "reversed"
    public = programs.get({}, "/public-money")[1]["items"]
    assert [(row["document_number"], row["sums"][0]["paid_fen"]) for row in public] == [(FUND["document_number"], 0)]


def test_beside_ones_own_area_nothing_is_there_and_auditors_change_nothing(programs: Programs) -> None:
    fund = programs.fund()
    order = {
        "purpose": "housing",
        "place": COUNTY,
        "amount_fen": 5,
        "subject": "桥",
        "document_number": "合同",
        "credit_code": CREDIT_CODE,
        "account_holder": "公司",
        "bank": "银行",
        "account_number": "62284800004321",
    }
    status, payment = programs.post(programs.first, f"/funds/{fund}/payments", order)
    assert status == 201
    assert programs.get(programs.sibling, "/funds") == (200, {"items": []})
    for path in (f"/funds/{fund}", f"/fund-payments/{payment['public_id']}", "/funds?area=52"):
        assert programs.get(programs.sibling, path)[0] == 404
    for path in (f"/funds/{fund}/refuse", f"/fund-payments/{payment['public_id']}/refuse"):
        assert programs.post(programs.auditor, path)[0] == 403
        assert programs.post(programs.sibling, path)[0] == 404
    assert len(programs.get(programs.auditor, "/fund-payments")[1]["items"]) == 1
    assert programs.post(programs.first, f"/fund-payments/{payment['public_id']}/refuse")[1]["state"] == "refused"


def test_a_finding_and_a_banks_day_are_settled_by_programs_as_by_people(programs: Programs) -> None:
    fund = programs.fund()
    with transaction():
        look_through(COUNTY, actor="test", now=clock.now() + timedelta(days=400))
    [finding] = programs.get(programs.auditor, "/fund-findings")[1]["items"]
    assert (finding["kind"], finding["amount_fen"]) == ("idle", 1_000_000)
    assert finding["evidence"][0].startswith(f"{fund}:housing|{COUNTY}|")
    path = f"/fund-findings/{finding['public_id']}"
    assert programs.post(programs.sibling, path, {"action": "explain", "words": "x"})[0] == 404
    assert programs.post(programs.first, path, {"action": "explain", "words": "项目延期"})[1]["state"] == "explained"
    assert programs.post(programs.first, path, {"action": "hand_on", "words": "x"})[1]["code"] == "fund_finding_state"
    day = local_day(clock.now()) - timedelta(days=3)
    body = {"area_code": COUNTY, "day": day.isoformat(), "statement": f"day,amount,reference,account\n{day},-3,手续费,\n"}
    assert programs.post(programs.sibling, "/bank-days", body)[0] == 403
    status, made = programs.post(programs.first, "/bank-days", body)
    assert (status, [item["side"] for item in made["items"]]) == (201, ["bank"])
    one = f"/bank-days/{made['public_id']}"
    assert programs.post(programs.first, f"{one}/settle")[1]["code"] == "bank_day_unexplained"
    assert programs.post(programs.first, f"{one}/items/1", {"words": "手续费"})[1]["words"] == "手续费"
    assert programs.post(programs.first, f"{one}/settle")[1]["state"] == "settled"
    assert programs.post(programs.first, f"{one}/reopen")[1]["state"] == "open"
    assert programs.post(programs.first, f"{one}/settle")[1]["state"] == "settled"
    assert programs.post(programs.first, f"{one}/close")[1]["code"] == "second_person_needed"
    assert programs.post(programs.second, f"{one}/close")[1]["state"] == "closed"
    assert programs.get(programs.sibling, one)[0] == 404
    assert [row["state"] for row in programs.get(programs.auditor, "/bank-days")[1]["items"]] == ["closed"]
    operator = token_header(factories.account((RoleKind.OPERATOR, "")))
    market = {"day": day.isoformat(), "statement": "day,amount,reference,account\n"}
    assert programs.post(operator, "/bank-days", market)[1]["area_code"] == ""
    assert len(programs.get(operator, "/bank-days")[1]["items"]) == 1
