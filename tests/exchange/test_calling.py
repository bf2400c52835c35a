"""Answers that come later, subscriptions, and what is asked after them."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.exchange import calls
from marketplace.exchange.calls import MOST_ATTEMPTS, NotReached, take_out_calls, use_caller
from marketplace.exchange.envelope import check_signature
from marketplace.exchange.models import ExchangeCall, ExchangePartner
from marketplace.exchange.service import end_partner
from marketplace.exchange.subscriptions import notify_subscribers
from marketplace.identity.models import Role
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.signing import newest_signing_key, public_keys
from tests import factories
from tests.exchange.department import Department, searching, subscribing
from tests.registry.people import officer

URL = "https://department.example.org/dci"
TODAY = date(2024, 3, 1)


class Line:
    """The way to a department, which can be cut."""

    def __init__(self) -> None:
        self.cut, self.came = False, list[tuple[str, Any]]()

    def __call__(self, url: str, body: bytes) -> tuple[int, bytes]:
        if self.cut:
            raise NotReached("the line is cut")
        self.came.append((url, json.loads(body)))
        return 200, b"{}"


@pytest.fixture
def line() -> Any:
    made, before = Line(), calls._InUse.caller
    use_caller(made)
    yield made
    use_caller(before)


@pytest.fixture
def department(client: FlaskClient) -> Department:
    return Department(officer(factories.VILLAGE[:9]), client, url=URL)


def waiting(department: Department) -> list[ExchangeCall]:
    query = select(ExchangeCall).filter_by(partner_id=department.partner.id).order_by(ExchangeCall.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def take_out(now: Any) -> int:
    db.session.commit()
    return take_out_calls(now=now)


def test_an_answer_that_comes_later_survives_a_cut_line_and_is_emptied_when_it_has_arrived(
    department: Department, line: Line
) -> None:
    household = factories.household(registered_from=TODAY)
    envelope = department.envelope("search", searching("idtype-value", {"type": "HOUSEHOLD_CODE", "value": household.code}))
    status, said = department.send("search", envelope)
    assert (status, said["message"]["ack_status"]) == (200, "ACK")
    # The same message again is taken in once.
    assert department.send("search", envelope)[1]["message"]["correlation_id"] == said["message"]["correlation_id"]
    line.cut, now = True, clock.now()
    assert take_out(now) == 0
    (kept,) = waiting(department)
    assert (kept.attempts, kept.last_error, kept.next_try_at) == (1, "the line is cut", now + timedelta(seconds=5))
    line.cut = False
    # Not before its time.
    assert (take_out(now), line.came) == (0, [])
    assert take_out(now + timedelta(seconds=5)) == 1
    ((url, came),) = line.came
    assert url == f"{URL}/registry/on-search"
    check_signature(came, came["header"]["sender_id"], public_keys()[newest_signing_key()], now=now)
    assert came["message"]["correlation_id"] == said["message"]["correlation_id"]
    (kept,) = waiting(department)
    assert (kept.body, kept.arrived_at) == (None, now + timedelta(seconds=5))
    assert take_out(now + timedelta(days=1)) == 0


def test_a_call_is_given_up_after_the_last_attempt_and_emptied(department: Department, line: Line) -> None:
    department.send(
        "search", department.envelope("search", searching("idtype-value", {"type": "HOUSEHOLD_CODE", "value": "1"}))
    )
    (kept,) = waiting(department)
    kept.attempts = MOST_ATTEMPTS - 1
    line.cut = True
    now = clock.now()
    assert take_out(now) == 0
    (kept,) = waiting(department)
    assert (kept.body, kept.arrived_at, kept.given_up_at) == (None, None, now)


def ask(department: Department) -> None:
    """A question that is answered by a call."""
    message = searching("idtype-value", {"type": "HOUSEHOLD_CODE", "value": "1"})
    assert department.send("search", department.envelope("search", message))[0] == 200


def is_suspended(department: Department, *, resumed: bool = False) -> None:
    with transaction():
        partner = db.session.get_one(ExchangePartner, department.partner.id)
        partner.suspended_at = None if resumed else clock.now()


def test_calls_and_notices_of_a_suspended_department_wait_and_arrive_after_it_is_resumed(
    department: Department, line: Line
) -> None:
    assert subscribed(department, line, factories.VILLAGE[:9])["status"] == "succ"
    ask(department)
    is_suspended(department)
    new = factories.household(registered_from=TODAY)
    with transaction():
        assert notify_subscribers(now=clock.now()) == 0
    assert (take_out(clock.now()), line.came) == (0, [])
    assert waiting(department)[-1].attempts == 0
    is_suspended(department, resumed=True)
    with transaction():
        assert notify_subscribers(now=clock.now()) == 1
    assert take_out(clock.now()) == 2
    (_, answer), (url, told) = line.came
    assert answer["message"]["search_response"][0]["status"] == "succ"
    assert url == f"{URL}/registry/notify"
    (event,) = told["message"]["notify_event"]
    assert event["data"]["reg_records"]["group_identifier"][0]["identifier_value"] == new.code


def test_a_department_suspended_in_the_midst_of_a_round_is_called_no_more_in_it(department: Department, line: Line) -> None:
    ask(department)
    ask(department)

    def suspending(url: str, body: bytes) -> tuple[int, bytes]:
        is_suspended(department)
        return line(url, body)

    use_caller(suspending)
    assert (take_out(clock.now()), len(line.came)) == (1, 1)
    first, second = waiting(department)
    assert (first.body is None, second.body is None, second.attempts) == (True, False, 0)
    is_suspended(department, resumed=True)
    assert take_out(clock.now()) == 1


def test_what_waits_for_a_department_that_was_suspended_and_then_ended_is_given_up_and_emptied(
    department: Department, line: Line
) -> None:
    ask(department)
    is_suspended(department)
    with transaction():
        end_partner(department.sender_id, actor="test", now=clock.now())
    now = clock.now()
    assert (take_out(now), line.came) == (0, [])
    (kept,) = waiting(department)
    assert (kept.body, kept.given_up_at, kept.last_error) == (None, now, "the partner has left")


def subscribed(department: Department, line: Line, area: str) -> dict[str, Any]:
    """The answer to a subscription, as it comes by a call."""
    line.came.clear()
    department.send("subscribe", department.envelope("subscribe", subscribing(area)))
    take_out(clock.now())
    ((url, came),) = line.came
    assert url == f"{URL}/registry/on-subscribe"
    (answer,) = came["message"]["subscribe_response"]
    line.came.clear()
    return dict(answer)


def test_who_has_subscribed_is_told_once_of_each_household_registered_in_the_area_since(
    department: Department, line: Line
) -> None:
    factories.household(registered_from=TODAY)
    answer = subscribed(department, line, factories.VILLAGE[:9])
    assert answer["status"] == "succ"
    new = factories.household(registered_from=TODAY)
    factories.household("522627100201", registered_from=TODAY)
    with transaction():
        assert notify_subscribers(now=clock.now()) == 1
    with transaction():
        assert notify_subscribers(now=clock.now()) == 0
    take_out(clock.now())
    ((url, came),) = line.came
    assert url == f"{URL}/registry/notify"
    (event,) = came["message"]["notify_event"]
    assert event["data"]["reg_event_type"] == "REGISTER"
    assert event["data"]["reg_records"]["group_identifier"][0]["identifier_value"] == new.code


def test_who_has_lost_the_area_is_told_nothing_more(department: Department, line: Line) -> None:
    assert subscribed(department, line, factories.VILLAGE)["status"] == "succ"
    for role in list(department.account.roles):
        db.session.delete(db.session.get_one(Role, role.id))
    factories.household(registered_from=TODAY)
    db.session.commit()
    db.session.expire_all()
    with transaction():
        assert notify_subscribers(now=clock.now()) == 0


def test_a_subscription_is_refused_for_what_is_there_already_or_lies_outside(department: Department, line: Line) -> None:
    def code(area: str, **criteria: Any) -> str:
        line.came.clear()
        department.send("subscribe", department.envelope("subscribe", subscribing(area, **criteria)))
        take_out(clock.now())
        return str(line.came[0][1]["message"]["subscribe_response"][0]["status_reason_code"])

    assert subscribed(department, line, factories.VILLAGE)["status"] == "succ"
    assert code(factories.VILLAGE) == "rjct.event.already_subscribed"
    assert code("522627") == "rjct.filter.invalid"
    assert code(factories.VILLAGE, reg_event_type="DEATH") == "rjct.notify_types.invalid"
    assert code(factories.VILLAGE, notify_record_type="Member") == "rjct.notify_details.invalid"


def test_subscriptions_end_all_together_or_not_at_all(department: Department, line: Line) -> None:
    code = subscribed(department, line, factories.VILLAGE)["subscriptions"][0]["code"]

    def ended(*names: str) -> dict[str, Any]:
        line.came.clear()
        message = {"transaction_id": "t", "timestamp": "2024-03-01T00:00:00Z", "subscription_codes": list(names)}
        department.send("unsubscribe", department.envelope("unsubscribe", message))
        take_out(clock.now())
        return dict(line.came[0][1]["message"])

    assert ended(code, "nothing")["status_reason_code"] == "rjct.subscription_code.invalid"
    assert ended(code)["subscription_status"] == [{"code": code, "status": "unsubscribe"}]
    assert ended(code)["status_reason_code"] == "rjct.event.already_unsubscribed"


def test_what_became_of_a_search_can_be_asked_by_its_three_numbers_and_by_nobody_else(department: Department) -> None:
    message = searching("idtype-value", {"type": "HOUSEHOLD_CODE", "value": "1"})
    reference = message["search_request"][0]["reference_id"]
    _, said = department.send("sync/search", department.envelope("search", message))
    other = Department(officer(factories.VILLAGE[:9]), department.client)

    def statuses(asking: Department, kind: str, value: Any) -> list[tuple[str, str]]:
        asked = {"reference_id": "r", "txn_type": "search", "attribute_type": kind, "attribute_value": value}
        envelope = asking.envelope("txn-status", {"transaction_id": "t", "txnstatus_request": asked})
        _, answer = asking.send("sync/txn/status", envelope)
        inner = answer["message"]["txnstatus_response"]["txn_status"]["search_response"]
        return [(one["reference_id"], one["status"]) for one in inner]

    for kind, value in (
        ("transaction_id", message["transaction_id"]),
        ("correlation_id", said["message"]["correlation_id"]),
        ("reference_id_list", [reference]),
    ):
        assert statuses(department, kind, value) == [(reference, "succ")]
        assert statuses(other, kind, value) == []
