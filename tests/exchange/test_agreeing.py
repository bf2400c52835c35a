"""A system of another office takes part once two persons of the data centre's office have said so; one alone can stop it."""

from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.exchange.agreeing import (
    Wanted,
    decide_change,
    propose_key,
    propose_partner,
    propose_resumption,
    suspend_partner,
)
from marketplace.exchange.models import ExchangePartner, PartnerChange, PartnerDeed, PartnerKind
from marketplace.exchange.queries import find_above, find_partner, reach_of
from marketplace.exchange.states import CHANGES, ChangeAction, ChangeState
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, savepoint, transaction
from marketplace.kernel.errors import Conflict, DomainError
from tests import factories
from tests.api.conftest import token_header
from tests.exchange.department import PURPOSE, Department, searching
from tests.factories import VILLAGE
from tests.web.conftest import Browser

COUNTY, KEY, OTHER_KEY = VILLAGE[:6], bytes(range(32)), bytes(range(1, 33))
SENDER = "mzj.example.org"


def officer(area: str) -> Account:
    factories.area(VILLAGE)
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
    given = {"kind": "department", "sender_id": SENDER, "name": "民政局", "key": KEY.hex(), "area": VILLAGE}
    given |= {"login": asks.login, "purposes": f"{PURPOSE}, EDUCATION"}
    browser = Browser(client)
    browser.is_now(first)
    for name, value in (("key", "00"), ("login", "nobody"), ("sender_id", "A B"), ("area", "a"), ("purposes", "für")):
        answer = browser.post("/centre/partners", {**given, name: value})
        assert (answer.status_code, f'id="f-{name}-error"' in answer.text) == (422, True), name
        assert "民政局" in answer.text
    assert browser.post("/centre/partners", given).status_code == 303
    change = db.session.scalars(select(PartnerChange)).one()
    assert (change.deed, change.purposes) == (PartnerDeed.ADD, ["EDUCATION", PURPOSE])
    page = browser.get("/centre/partners").text
    assert "00010203 04050607" in page
    assert f"/centre/partners/changes/{change.public_id}/confirm" not in page
    assert browser.post(f"/centre/partners/changes/{change.public_id}/confirm", {}).status_code == 403
    browser.is_now(second)
    assert browser.post(f"/centre/partners/changes/{change.public_id}/confirm", {}).status_code == 303
    partner = db.session.scalars(select(ExchangePartner)).one()
    assert browser.post(f"/centre/partners/{partner.public_id}/key", {"key": KEY.hex()}).status_code == 422
    assert browser.post(f"/centre/partners/{partner.public_id}/key", {"key": OTHER_KEY.hex()}).status_code == 303
    assert browser.post(f"/centre/partners/{partner.public_id}/suspend", {}).status_code == 303
    assert "Suspended" in browser.get("/centre/partners").text
    told = client.get("/api/v1/centre/partners", headers=token_header(second)).json
    assert [(row["sender_id"], row["key"], row["area_code"]) for row in told] == [(SENDER, KEY.hex(), VILLAGE)]
    assert told[0]["suspended_at"] is not None
    with transaction():
        beside = officer("522635")
    assert client.get("/api/v1/centre/partners", headers=token_header(beside)).json == []
    browser.is_now(beside)
    assert partner.name not in browser.get("/centre/partners").text
    assert browser.post(f"/centre/partners/{partner.public_id}/suspend", {}).status_code == 404
