"""A program of an enterprise lets colleagues in and says where goods arrive, as far as its account may."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.api.programs import Program
from tests.sourcing.world import Canteen


@pytest.fixture
def canteen(session: Session) -> Canteen:
    return Canteen()


@pytest.fixture
def owner(client: FlaskClient, canteen: Canteen) -> Program:
    return Program(client, canteen.owner_account)


PLACE = {
    "name": "二食堂",
    "recipient": "李师傅",
    "phone": "0855-1234567",
    "area_code": "522636",
    "address": "北街 2 号",
    "hours": "5:00–7:00",
}


def test_a_colleague_is_let_in_given_another_part_and_let_go(owner: Program, canteen: Canteen) -> None:
    with transaction():
        colleague = factories.account((RoleKind.ENTERPRISE, ""), name="会计")
    given = {"login": colleague.login, "role": "approver", "approval_limit_fen": 300_000}
    status, made = owner.call("POST", "/enterprise/members", given)
    assert (status, made["name"], made["role"], made["approval_limit_fen"]) == (201, "会计", "approver", 300_000)
    own = f"/enterprise/members/{made['public_id']}"
    status, changed = owner.call("PUT", own, {"role": "receiver", "approval_limit_fen": 5})
    assert (status, changed["role"], changed["approval_limit_fen"]) == (200, "receiver", 0)
    status, changed = owner.call("PUT", own, {"role": "buyer", "approval_limit_fen": None})
    assert (status, changed["role"], changed["approval_limit_fen"]) == (200, "buyer", None)
    # Who says nothing of a limit has not said that there is none.
    status, problem = owner.call("PUT", own, {"role": "approver"})
    assert (status, problem["code"]) == (422, "input_invalid")
    names = [row["name"] for row in owner.call("GET", "/enterprise/members")[1]["items"]]
    assert names == ["王园长", "采购员", "副园长", "厨师长", "会计"]
    assert owner.call("DELETE", own) == (204, None)
    assert len(owner.call("GET", "/enterprise/members")[1]["items"]) == 4
    assert owner.call("DELETE", own)[0] == 404


def test_who_is_no_owner_lets_nobody_in_and_the_last_owner_stays(client: FlaskClient, canteen: Canteen) -> None:
    with transaction():
        stranger = factories.account((RoleKind.ENTERPRISE, ""), name="外人")
    buyer, owner = Program(client, canteen.buyer.account), Program(client, canteen.owner_account)
    given = {"login": stranger.login, "role": "buyer", "approval_limit_fen": None}
    status, problem = buyer.call("POST", "/enterprise/members", given)
    assert (status, problem["code"]) == (403, "member_may_not")
    own = f"/enterprise/members/{canteen.owner.public_id}"
    for method, body in (("PUT", {"role": "buyer", "approval_limit_fen": None}), ("DELETE", None)):
        status, problem = owner.call(method, own, body)
        assert (status, problem["code"]) == (409, "last_owner")
    assert owner.call("POST", "/enterprise/members", {**given, "login": "nobody"})[1]["code"] == "account_unknown"
    assert owner.call("POST", "/enterprise/members", {**given, "role": "king"})[0] == 422
    assert owner.call("POST", "/enterprise/members", {**given, "approval_limit_fen": -1})[0] == 422
    assert len(owner.call("GET", "/enterprise/members")[1]["items"]) == 4


def test_members_and_places_of_another_enterprise_are_not_there(client: FlaskClient, canteen: Canteen) -> None:
    other = Program(client, Canteen().owner_account)
    member, place = canteen.buyer.public_id, canteen.place.public_id
    assert other.call("PUT", f"/enterprise/members/{member}", {"role": "buyer", "approval_limit_fen": None})[0] == 404
    assert other.call("DELETE", f"/enterprise/members/{member}")[0] == 404
    assert other.call("PUT", f"/enterprise/places/{place}", PLACE)[0] == 404
    assert other.call("DELETE", f"/enterprise/places/{place}")[0] == 404
    db.session.refresh(canteen.place)
    assert (canteen.place.name, canteen.place.closed_at, canteen.buyer.left_at) == ("食堂", None, None)


def test_a_place_is_added_changed_and_taken_out_of_use(owner: Program, canteen: Canteen) -> None:
    status, made = owner.call("POST", "/enterprise/places", PLACE)
    assert (status, {name: made[name] for name in PLACE}, made["closed_at"]) == (201, PLACE, None)
    own = f"/enterprise/places/{made['public_id']}"
    status, changed = owner.call("PUT", own, PLACE | {"recipient": "张师傅", "address": "北街 3 号"})
    assert (status, changed["recipient"], changed["address"]) == (200, "张师傅", "北街 3 号")
    status, problem = owner.call("PUT", own, PLACE | {"area_code": "520000"})
    assert (status, problem["code"]) == (422, "place_elsewhere")
    assert [row["name"] for row in owner.call("GET", "/enterprise/places")[1]["items"]] == ["食堂", "二食堂"]
    assert owner.call("DELETE", own)[0] == 204
    assert owner.call("DELETE", own)[0] == 204
    assert [row["name"] for row in owner.call("GET", "/enterprise/places")[1]["items"]] == ["食堂"]
    status, problem = owner.call("PUT", own, PLACE)
    assert (status, problem["code"]) == (409, "place_closed")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"area_code": "52"}, "input_invalid"),
        ({"area_code": "999999"}, "place_area"),
        ({"phone": "call me"}, "input_invalid"),
        ({"name": " "}, "input_invalid"),
    ],
)
def test_a_place_that_cannot_be_meant_is_refused(owner: Program, canteen: Canteen, wrong: dict[str, str], code: str) -> None:
    status, problem = owner.call("POST", "/enterprise/places", PLACE | wrong)
    assert (status, problem["code"]) == (422, code)
    assert len(owner.call("GET", "/enterprise/places")[1]["items"]) == 1


def test_a_receiver_changes_no_place(client: FlaskClient, canteen: Canteen) -> None:
    receiver = Program(client, canteen.receiver.account)
    assert receiver.call("PUT", f"/enterprise/places/{canteen.place.public_id}", PLACE)[0] == 403
    assert [row["name"] for row in receiver.call("GET", "/enterprise/places")[1]["items"]] == ["食堂"]


@pytest.mark.parametrize("hours", ["", "5:00–7:00"])
def test_a_place_can_be_sent_back_as_it_was_read(owner: Program, canteen: Canteen, hours: str) -> None:
    made = owner.call("POST", "/enterprise/places", PLACE | {"hours": hours, "phone": "(0855) 123456"})[1]
    read = next(row for row in owner.call("GET", "/enterprise/places")[1]["items"] if row["public_id"] == made["public_id"])
    status, kept = owner.call("PUT", f"/enterprise/places/{made['public_id']}", {name: read[name] for name in PLACE})
    assert (status, kept) == (200, read)
    assert (kept["hours"], kept["phone"]) == (hours, "(0855) 123456")
