"""A system of another office takes part once two persons of the data centre's office have said so; one alone can stop it."""

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.exchange.agreeing import (
    Wanted,
    changes_waiting,
    decide_change,
    partner_area,
    partners_within,
    propose_key,
    propose_partner,
    propose_resumption,
    suspend_partner,
)
from marketplace.exchange.models import ExchangePartner, PartnerChange, PartnerDeed, PartnerKind
from marketplace.exchange.queries import find_above, find_partner, reach_of
from marketplace.exchange.service import add_partner, end_partner
from marketplace.exchange.states import CHANGES, ChangeAction, ChangeState
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, savepoint, transaction
from marketplace.kernel.errors import Conflict, DomainError
from tests import factories
from tests.api.conftest import token_header
from tests.exchange.department import PURPOSE, Department, searching
from tests.factories import VILLAGE
from tests.web.conftest import Browser, StatementCount, statements

__all__ = ["statements"]

COUNTY, KEY, OTHER_KEY = VILLAGE[:6], bytes(range(32)), bytes(range(1, 33))
SENDER = "mzj.example.org"


def officer(area: str) -> Account:
    for code in (VILLAGE, area):
        factories.area(code)
    return factories.account((RoleKind.OFFICER, area))


def department(asks: Account, area: str = VILLAGE) -> Wanted:
    return Wanted(PartnerKind.DEPARTMENT, SENDER, "民政局", KEY, area, account=asks, purposes=[PURPOSE])


def proposed(by: Account, wanted: Wanted) -> PartnerChange:
    return propose_partner(wanted, own_network=False, by=by, now=clock.now())


def decided(change: PartnerChange, by: Account, action: ChangeAction = ChangeAction.CONFIRM) -> bool:
    return decide_change(change, action, own_network=False, by=by, now=clock.now())


def refused(act: object, *args: object, **more: object) -> str:
    with pytest.raises(DomainError) as error, savepoint():
        act(*args, **more)  # type: ignore[operator]
    return error.value.code


@pytest.mark.parametrize("state", list(ChangeState))
@pytest.mark.parametrize("action", list(ChangeAction))
def test_each_pair_of_state_and_action_of_a_proposal(state: ChangeState, action: ChangeAction) -> None:
    after = {ChangeAction.CONFIRM: ChangeState.CONFIRMED, ChangeAction.DROP: ChangeState.DROPPED}[action]
    if state == ChangeState.PROPOSED:
        assert CHANGES.next_state(state, action) == after
    elif state == after:
        assert CHANGES.next_state(state, action) is None
    else:
        with pytest.raises(Conflict) as error:
            CHANGES.next_state(state, action)
        assert error.value.code == "partner_change_state"


def test_a_department_takes_part_once_a_second_person_has_confirmed_and_sees_its_area_alone(session: Session) -> None:
    with transaction():
        first, second, asks, beside = officer(COUNTY), officer("52"), officer(COUNTY), officer("522635")
        change = proposed(first, department(asks))
        assert find_partner(SENDER, PartnerKind.DEPARTMENT) is None
        assert refused(proposed, second, department(asks)) == "change_waits"
        assert refused(decided, change, first) == "same_person"
        assert refused(decided, change, beside) == "centre_other"
        assert refused(decided, change, officer(VILLAGE[:9])) == "centre_other"
        assert decided(change, second)
        assert not decided(change, second)
        partner = find_partner(SENDER, PartnerKind.DEPARTMENT)
        assert partner is not None
        assert (partner.public_key, partner.purposes, partner.area_code) == (KEY, [PURPOSE], VILLAGE)
        assert reach_of(partner, asks).areas == (VILLAGE,)
        # An officer who has lost the area takes it from the department as well.
        assert reach_of(partner, beside).areas == ()
        assert refused(proposed, first, department(asks)) == "partner_there"


def test_what_could_not_take_part_is_not_even_proposed(session: Session) -> None:
    with transaction():
        first, asks = officer(COUNTY), officer(VILLAGE[:9])
        assert refused(proposed, first, department(asks, COUNTY)) == "area_outside"
        assert refused(proposed, first, Wanted(PartnerKind.DEPARTMENT, SENDER, "民政局", KEY, COUNTY)) == "partner_invalid"
        above = Wanted(PartnerKind.ABOVE, "above.example.org", "国家局", KEY, COUNTY, url="https://above.example.org")
        assert refused(proposed, first, above) == "area_outside"
        assert refused(proposed, first, Wanted(PartnerKind.BELOW, "b.example.org", "县", KEY, "52")) == "centre_other"
        assert (
            refused(proposed, officer("52"), Wanted(PartnerKind.BELOW, "b.example.org", "县", KEY[:31], "52"))
            == "partner_invalid"
        )
        assert db.session.scalars(select(PartnerChange)).all() == []


def test_a_key_is_good_until_another_is_confirmed_and_one_person_suspends_where_two_resume(session: Session) -> None:
    with transaction():
        first, second, asks = officer(COUNTY), officer(COUNTY), officer(COUNTY)
        decided(proposed(first, department(asks)), second)
        partner = db.session.scalars(select(ExchangePartner)).one()
        now = clock.now()
        assert refused(propose_key, partner, KEY, by=first, now=now) == "key_invalid"
        change = propose_key(partner, OTHER_KEY, by=first, now=now)
        assert partner.public_key == KEY
        decided(change, second)
        assert partner.public_key == OTHER_KEY
        assert refused(propose_resumption, partner, by=first, now=now) == "partner_not_suspended"
        assert suspend_partner(partner, by=first, now=now)
        assert not suspend_partner(partner, by=second, now=now)
        assert find_partner(SENDER, PartnerKind.DEPARTMENT) is None
        change = propose_resumption(partner, by=first, now=now)
        assert refused(decided, change, first) == "same_person"
        decided(change, second)
        assert find_partner(SENDER, PartnerKind.DEPARTMENT) is partner
        dropped = propose_key(partner, KEY, by=first, now=now)
        assert decided(dropped, first, ChangeAction.DROP)
        assert (partner.public_key, dropped.state) == (OTHER_KEY, "dropped")


def by_command_line(kind: PartnerKind, **more: Any) -> ExchangePartner:
    return add_partner(kind, SENDER, "名", KEY, own_network=False, actor="cli", now=clock.now(), **more)


def test_a_partner_of_the_command_line_is_suspended_resumed_and_given_a_new_key_by_two_of_the_province(
    session: Session,
) -> None:
    with transaction():
        first, second, county = officer("52"), officer("52"), officer(COUNTY)
        partner = by_command_line(PartnerKind.BELOW)
        assert partner_area(partner) == ""
        assert refused(suspend_partner, partner, by=county, now=clock.now()) == "centre_other"
        assert suspend_partner(partner, by=first, now=clock.now())
        change = propose_resumption(partner, by=first, now=clock.now())
        assert change.area_code == "52"
        assert changes_waiting(second) == [change]
        assert decided(change, second)
        assert partner.suspended_at is None
        assert decided(propose_key(partner, OTHER_KEY, by=second, now=clock.now()), first)
        assert partner.public_key == OTHER_KEY


def test_a_department_of_the_command_line_belongs_to_the_province_once_its_officer_has_lost_the_area(session: Session) -> None:
    with transaction():
        asks, province = officer(VILLAGE[:9]), officer("52")
        partner = by_command_line(PartnerKind.DEPARTMENT, account=asks, purposes=[PURPOSE])
        assert partner_area(partner) == VILLAGE[:9]
        db.session.execute(delete(Role).where(Role.account_id == asks.id))
        assert partner_area(partner) == ""
        assert propose_key(partner, OTHER_KEY, by=province, now=clock.now()).area_code == "52"


def test_a_partner_that_comes_again_as_another_kind_is_not_the_office_s_of_the_one_before(session: Session) -> None:
    with transaction():
        first, second, province = officer(COUNTY), officer(COUNTY), officer("52")
        decided(proposed(first, department(officer(COUNTY))), second)
        end_partner(SENDER, actor="cli", now=clock.now())
        below = by_command_line(PartnerKind.BELOW)
        assert [partner_area(below), partners_within(first, 9), partners_within(province, 9)] == ["", [], [(below, "")]]
        end_partner(SENDER, actor="cli", now=clock.now())
        # Nor is a department of that name, whose officer sits beside.
        asks = officer("522635")
        again = by_command_line(PartnerKind.DEPARTMENT, account=asks, purposes=[PURPOSE])
        assert (partner_area(again), partners_within(first, 9), partners_within(asks, 9)) == ("522635", [], [(again, "522635")])


def test_what_one_county_proposes_keeps_the_county_beside_from_nothing_and_the_first_confirmed_takes_part(
    session: Session,
) -> None:
    with transaction():
        first, second, beside, third = officer(COUNTY), officer(COUNTY), officer("522635"), officer("522635")
        here, there = proposed(first, department(officer(COUNTY))), proposed(beside, department(beside, "522635"))
        # Of one office it is one proposal, for whichever village.
        assert refused(proposed, second, department(officer(COUNTY), COUNTY)) == "change_waits"
        assert decided(there, third)
        assert refused(decided, here, second) == "partner_there"
        assert (here.state, decided(here, second, ChangeAction.DROP)) == ("proposed", True)


def test_partners_are_listed_page_by_page_with_as_many_statements_as_one(
    client: FlaskClient, statements: StatementCount
) -> None:
    with transaction():
        province = officer("52")
    browser, counted = Browser(client), []
    browser.is_now(province)
    for number in (1, 101):
        with transaction():
            for at in range(len(partners_within(province, 200)), number):
                made = ExchangePartner(kind=PartnerKind.BELOW, sender_id=f"b{at}", name=f"县{at:03}", public_key=KEY)
                made.since = clock.now()
                db.session.add(made)
        browser.get("/centre/partners")
        statements.begin()
        page = browser.get("/centre/partners").text
        counted.append(statements.number)
    assert counted[0] == counted[1]
    assert ("县099" in page, "县100" in page) == (True, False)
    assert "县100" in browser.get("/centre/partners?page=2").text
    headers = token_header(province)
    told = client.get("/api/v1/centre/partners", headers=headers).json
    assert [row["sender_id"] for row in told["items"]] == [f"b{at}" for at in range(100)]
    rest = client.get("/api/v1/centre/partners", headers=headers, query_string={"after": told["next"]}).json
    assert ([row["sender_id"] for row in rest["items"]], rest["next"]) == (["b100"], None)


def test_the_database_itself_wants_two_persons(session: Session) -> None:
    with transaction():
        first = officer(COUNTY)
        change = proposed(first, department(officer(COUNTY)))
        with pytest.raises(IntegrityError, match="two_persons"), savepoint():
            change.state, change.decided_by_id = ChangeState.CONFIRMED, first.id
            db.session.flush()


def test_the_province_agrees_with_the_level_above_and_one_that_is_suspended_is_sent_nothing(session: Session) -> None:
    with transaction():
        first, second = officer("52"), officer("52")
        above = Wanted(PartnerKind.ABOVE, "above.example.org", "国家局", KEY, "52", url="https://above.example.org/dci")
        decided(proposed(first, above), second)
        partner = find_above()
        assert partner is not None
        suspend_partner(partner, by=first, now=clock.now())
        assert find_above() is None


def test_a_department_that_is_suspended_is_answered_no_more_and_sees_its_area_alone(client: FlaskClient) -> None:
    here, beside = (
        factories.household(registered_from=date(2024, 3, 1)),
        factories.household("522636100009", registered_from=date(2024, 3, 1)),
    )
    asking = Department(officer(COUNTY), client)
    with transaction():
        asking.partner.area_code = VILLAGE

    def found(code: str) -> int:
        response = asking.search("idtype-value", {"type": "HOUSEHOLD_CODE", "value": code})
        return len(response["data"]["reg_records"]) if response["status"] == "succ" else 0

    assert (found(here.code), found(beside.code)) == (1, 0)
    with transaction():
        suspend_partner(db.session.get_one(ExchangePartner, asking.partner.id), by=asking.account, now=clock.now())
    envelope = asking.envelope("search", searching("idtype-value", {"type": "HOUSEHOLD_CODE", "value": here.code}))
    assert "err.sender_id.invalid" in str(asking.send("sync/search", envelope)[1])


def test_on_the_page_one_proposes_another_confirms_and_bad_input_is_named(client: FlaskClient) -> None:
    with transaction():
        first, second, asks = officer(COUNTY), officer(COUNTY), officer(COUNTY)
        officer("522635")
    given = {"kind": "department", "sender_id": SENDER, "name": "民政局", "key": KEY.hex(), "area": VILLAGE}
    given |= {"login": asks.login, "purposes": f"{PURPOSE}, EDUCATION", "url": "https://mzj.example.org/dci"}
    browser = Browser(client)
    browser.is_now(first)
    for name, value in (
        ("key", "00"),
        ("login", "nobody"),
        ("sender_id", "A B"),
        ("area", "a"),
        ("purposes", "für"),
        ("purposes", "A" * 41),
    ):
        answer = browser.post("/centre/partners", {**given, name: value})
        assert (answer.status_code, f'id="f-{name}-error"' in answer.text) == (422, True), name
        assert "民政局" in answer.text
    # No code of an area has five digits; one that is of nowhere, or of the county beside, is an error of that field as well.
    for area in ("52263", "529999", "522635"):
        answer = browser.post("/centre/partners", {**given, "area": area})
        assert (answer.status_code, 'id="f-area-error"' in answer.text, KEY.hex() in answer.text) == (422, True, True), area
    assert browser.post("/centre/partners", given).status_code == 303
    change = db.session.scalars(select(PartnerChange)).one()
    assert (change.deed, change.purposes) == (PartnerDeed.ADD, ["EDUCATION", PURPOSE])
    page = browser.get("/centre/partners").text
    assert "00010203 04050607" in page
    assert f"/centre/partners/changes/{change.public_id}/confirm" not in page
    assert browser.post(f"/centre/partners/changes/{change.public_id}/confirm", {}).status_code == 403
    browser.is_now(second)
    # Whoever confirms sees where what is told of households goes, and whose eyes they are.
    behind = ("https://mzj.example.org/dci", f"{asks.display_name} ({asks.login})")
    assert all(words in browser.get("/centre/partners").text for words in behind)
    assert browser.post(f"/centre/partners/changes/{change.public_id}/confirm", {}).status_code == 303
    assert all(words in browser.get("/centre/partners").text for words in behind)
    partner = db.session.scalars(select(ExchangePartner)).one()
    refused_key = browser.post(f"/centre/partners/{partner.public_id}/key", {"key": KEY.hex()})
    assert (refused_key.status_code, f'value="{KEY.hex()}"' in refused_key.text) == (422, True)
    assert browser.post(f"/centre/partners/{partner.public_id}/key", {"key": OTHER_KEY.hex()}).status_code == 303
    assert browser.post(f"/centre/partners/{partner.public_id}/suspend", {}).status_code == 303
    assert "Suspended" in browser.get("/centre/partners").text
    told = client.get("/api/v1/centre/partners", headers=token_header(second)).json["items"]
    assert [(row["sender_id"], row["key"], row["area_code"]) for row in told] == [(SENDER, KEY.hex(), VILLAGE)]
    assert told[0]["suspended_at"] is not None
    assert (told[0]["url"], told[0]["asks_through"]) == ("https://mzj.example.org/dci", asks.login)
    with transaction():
        beside = officer("522635")
    assert client.get("/api/v1/centre/partners", headers=token_header(beside)).json["items"] == []
    browser.is_now(beside)
    assert partner.name not in browser.get("/centre/partners").text
    assert browser.post(f"/centre/partners/{partner.public_id}/suspend", {}).status_code == 404
