"""Departments search within their areas, for their purposes, and nobody is named to them."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.exchange.envelope import check_signature, digest
from marketplace.exchange.models import ExchangeMessage
from marketplace.identity.consents import Purpose, give_consent, withdraw_consent
from marketplace.identity.models import EvidenceKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.signing import newest_signing_key, public_keys
from marketplace.registry.models import FileReading, Household, StatusCategory
from tests import factories
from tests.exchange.department import Department, codes, request, searching
from tests.registry.people import head, id_number, officer

OTHER = "522636100201"
SINCE = date(2024, 3, 1)


@pytest.fixture
def department(client: FlaskClient) -> Department:
    return Department(officer(factories.VILLAGE[:9]), client)


def member(household: Household, **values: Any) -> None:
    with transaction():
        head(household, officer(), **values)


def readings() -> int:
    return db.session.scalar(select(func.count()).select_from(FileReading).execution_options(sealed_bytes_only=True)) or 0


def test_a_household_is_found_by_its_code_and_described_without_a_name(department: Department) -> None:
    household = factories.household(registered_from=SINCE)
    member(household, name="杨阿山")
    before = readings()
    found = department.search("idtype-value", {"type": "HOUSEHOLD_CODE", "value": household.code})
    assert (found["status"], found["pagination"]) == ("succ", {"page_size": 200, "page_number": 1, "total_count": 1})
    (record,) = found["data"]["reg_records"]
    assert (record["@type"], record["group_type"], record["group_size"]) == ("spdci:Group", "family", 1)
    assert record["group_identifier"] == [
        {"@type": "Identifier", "identifier_type": "HOUSEHOLD_CODE", "identifier_value": household.code}
    ]
    assert (record["registration_date"], record["additional_attributes"]) == ("2024-03-01", [{"status": "poor"}])
    assert record["place"]["identifier"] == factories.VILLAGE
    assert "杨阿山" not in json.dumps(record, ensure_ascii=False)
    # The household can see that it was looked at.
    assert readings() == before + 1


def test_a_household_is_found_by_the_card_of_a_member(department: Department) -> None:
    household, number = factories.household(registered_from=SINCE), id_number()
    member(household, id_number=number)
    assert codes(department.search("idtype-value", {"type": "NATIONAL_ID", "value": number})) == [household.code]
    assert codes(department.search("idtype-value", {"type": "NATIONAL_ID", "value": id_number()})) == []
    wrong = department.search("idtype-value", {"type": "NATIONAL_ID", "value": "123"})
    assert (wrong["status"], wrong["status_reason_code"]) == ("rjct", "rjct.search_criteria.invalid")


def test_households_outside_the_area_of_the_account_or_on_no_register_are_not_found(department: Department) -> None:
    elsewhere = factories.household("522627100201", registered_from=SINCE)
    unregistered = factories.household()
    before = readings()
    for household in (elsewhere, unregistered):
        assert codes(department.search("idtype-value", {"type": "HOUSEHOLD_CODE", "value": household.code})) == []
    assert readings() == before


def test_predicates_and_expressions_say_the_same(department: Department) -> None:
    small, large = (factories.household(registered_from=day) for day in (SINCE, SINCE + timedelta(days=30)))
    member(large)
    area = {"attribute_name": "area_code", "operator": "eq", "attribute_value": factories.VILLAGE}
    late = {"attribute_name": "registration_date", "operator": "ge", "attribute_value": "2024-03-31"}
    assert set(codes(department.search("predicate", [{"expression1": area}]))) >= {small.code, large.code}
    both = department.search("predicate", [{"expression1": area, "condition": "and", "expression2": late}])
    tree = {"$and": [{"area_code": {"$eq": factories.VILLAGE}}, {"registration_date": {"$gte": "2024-03-31"}}]}
    same = department.search("expression", {"value": {"expression": {"collection": "Group", "query": tree}}})
    assert codes(both) == codes(same)
    assert small.code not in codes(both) and large.code in codes(both)
    alone = {"$and": [{"group_size": {"$eq": 0}}, {"$not": {"group_identifier": {"$in": [large.code]}}}]}
    assert small.code in codes(department.search("expression", {"value": alone}))


def test_pages_are_sorted_and_do_not_overlap(department: Department) -> None:
    made = [factories.household(registered_from=SINCE).code for _ in range(3)]
    query = [{"expression1": {"attribute_name": "group_identifier", "operator": "in", "attribute_value": made}}]
    sort = [{"attribute_name": "group_identifier", "sort_order": "desc"}]
    pages = [
        department.search("predicate", query, sort=sort, pagination={"page_size": 2, "page_number": number})
        for number in (1, 2)
    ]
    assert [codes(page) for page in pages] == [made[:0:-1], made[:1]]
    assert pages[1]["pagination"] == {"page_size": 2, "page_number": 2, "total_count": 3}


@pytest.mark.parametrize(
    ("criteria", "code"),
    [
        ({"query_type": "graphql"}, "rjct.search_criteria.invalid"),
        (
            {"query": [{"expression1": {"attribute_name": "name", "operator": "eq", "attribute_value": "x"}}]},
            "rjct.search_criteria.invalid",
        ),
        ({"authorize": {"purpose": {"code": "CURIOSITY"}}}, "rjct.search_criteria.invalid"),
        ({"response_entity": "Member"}, "rjct.search_criteria.invalid"),
        ({"sort": [{"attribute_name": "name"}]}, "rjct.sort.invalid"),
        ({"pagination": {"page_size": 201}}, "rjct.pagination.invalid"),
    ],
)
def test_each_fault_of_a_request_has_its_code_and_the_others_are_answered(
    department: Department, criteria: dict[str, Any], code: str
) -> None:
    good = [{"expression1": {"attribute_name": "status", "operator": "eq", "attribute_value": "poor"}}]
    message = searching("predicate", good, pagination={"page_size": 1})
    bad = request("predicate", good)
    bad["search_criteria"] |= criteria
    message["search_request"].append(bad)
    status, said = department.send("sync/search", department.envelope("search", message, 2))
    first, second = said["message"]["search_response"]
    assert (status, said["header"]["status"], first["status"]) == (200, "succ", "succ")
    assert (second["status"], second["status_reason_code"]) == ("rjct", code)


def test_a_reference_that_comes_twice_and_a_request_of_another_day_are_rejected(department: Department) -> None:
    query = {"type": "HOUSEHOLD_CODE", "value": "5226361002010001"}
    first, again, old = (request("idtype-value", query) for _ in range(3))
    again["reference_id"] = first["reference_id"]
    old["timestamp"] = "2024-01-01T00:00:00Z"
    message = {"transaction_id": "t", "search_request": [first, again, old]}
    _, said = department.send("sync/search", department.envelope("search", message, 3))
    assert [one.get("status_reason_code") for one in said["message"]["search_response"]] == [
        None,
        "rjct.reference_id.duplicate",
        "rjct.timestamp.invalid",
    ]


def test_who_asks_in_the_name_of_a_consent_finds_those_who_gave_it_and_have_not_taken_it_back(department: Department) -> None:
    agreed, silent = (factories.household(registered_from=SINCE) for _ in range(2))
    how = {"recorded_by": "test", "now": clock.now()}
    with transaction():
        give_consent("household", agreed.public_id, Purpose.SHARING, EvidenceKind.PAPER, **how)
    criteria = {"authorize": None, "consent": {"purpose": {"code": "MEDICAL_AID"}}}

    def found(household: Household) -> list[str]:
        message = searching("idtype-value", {"type": "HOUSEHOLD_CODE", "value": household.code}, **criteria)
        del message["search_request"][0]["search_criteria"]["authorize"]
        _, said = department.send("sync/search", department.envelope("search", message))
        return codes(said["message"]["search_response"][0])

    assert (found(agreed), found(silent)) == ([agreed.code], [])
    with transaction():
        withdraw_consent("household", agreed.public_id, Purpose.SHARING, by="test", now=clock.now())
    assert found(agreed) == []


def test_the_answer_is_signed_and_fits_its_question(department: Department) -> None:
    message = searching("idtype-value", {"type": "HOUSEHOLD_CODE", "value": "5226361002010001"})
    _, said = department.send("sync/search", department.envelope("search", message))
    header = said["header"]
    check_signature(said, header["sender_id"], public_keys()[newest_signing_key()], now=clock.now())
    assert (header["action"], header["receiver_id"], header["total_count"]) == ("on-search", department.sender_id, 1)
    assert said["message"]["transaction_id"] == message["transaction_id"]


def test_the_same_message_again_is_one_and_another_under_its_id_is_refused(department: Department) -> None:
    envelope = department.envelope("search", searching("idtype-value", {"type": "HOUSEHOLD_CODE", "value": "1"}))
    answers = [department.send("sync/search", envelope)[1]["message"]["correlation_id"] for _ in range(2)]
    assert answers[0] == answers[1]
    other = department.envelope(
        "search",
        searching("idtype-value", {"type": "HOUSEHOLD_CODE", "value": "2"}),
        message_id=envelope["header"]["message_id"],
    )
    status, said = department.send("sync/search", other)
    assert (status, said["message"]["error"]["code"]) == (200, "err.request.bad")
    assert said["message"]["error"]["message"].startswith("rjct.message_id.duplicate")
    (kept,) = db.session.scalars(select(ExchangeMessage).filter_by(partner_id=department.partner.id))
    assert bytes(kept.digest) == digest(envelope["header"], envelope["message"])
    # What became of it is kept; what was asked and found is not.
    assert [set(one) for one in kept.outcome] == [{"reference_id", "timestamp", "status"}]


def refused(department: Department, envelope: Any) -> str:
    status, said = department.send("sync/search", envelope)
    assert (status, said["message"]["ack_status"], said["header"], said["signature"]) == (200, "ERR", None, None)
    error = said["message"]["error"]
    return str(error["code"] if error["code"] != "err.request.bad" else error["message"].partition(":")[0])


def test_a_message_that_is_not_the_partners_own_is_refused_and_nothing_is_kept(department: Department) -> None:
    message = searching("idtype-value", {"type": "HOUSEHOLD_CODE", "value": "1"})
    good = department.envelope("search", message)
    stranger = Department(officer(factories.VILLAGE[:9]), department.client)
    changed = {**good, "message": searching("idtype-value", {"type": "HOUSEHOLD_CODE", "value": "2"})}
    unsigned = {name: part for name, part in good.items() if name != "signature"}
    old = department.envelope("search", message, now=clock.now() - timedelta(hours=2))
    assert refused(department, changed) == "err.signature.invalid"
    assert refused(department, unsigned) == "err.signature.missing"
    assert refused(department, old) == "err.signature.invalid"
    assert refused(department, stranger.envelope("search", message)) == "err.sender_id.invalid"
    assert refused(department, department.envelope("search", message, receiver_id="elsewhere")) == "err.receiver_id.invalid"
    assert refused(department, department.envelope("search", message, version="2.0.0")) == "err.version.not_supported"
    assert refused(department, department.envelope("search", message, is_msg_encrypted=True)) == "err.encryption.invalid"
    assert (
        refused(department, department.envelope("search", message, sender_uri="https://evil.example"))
        == "err.sender_uri.invalid"
    )
    assert refused(department, department.envelope("subscribe", message)) == "rjct.action.invalid"
    assert refused(department, department.envelope("search", message, 2)) == "rjct.total_count.invalid"
    many = {"transaction_id": "t", "search_request": [message["search_request"][0]] * 51}
    assert refused(department, department.envelope("search", many, 51)) == "rjct.total_count.limit_exceeded"
    assert db.session.scalar(select(func.count()).select_from(ExchangeMessage)) == 0


def test_a_household_without_a_current_status_of_that_kind_is_not_among_the_poor(department: Department) -> None:
    household = factories.household(registered_from=SINCE, registered_until=SINCE + timedelta(days=10))
    query = [{"expression1": {"attribute_name": "status", "operator": "eq", "attribute_value": StatusCategory.POOR}}]
    assert household.code not in codes(department.search("predicate", query))
