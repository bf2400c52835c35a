"""Programs write price lists down, read those that are for them, and order of them."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from tests import factories
from tests.api.programs import Program
from tests.sourcing.world import DAY, Canteen, Farm

TODAY = clock.local_day(clock.now())
FIRST = TODAY + 8 * DAY


@pytest.fixture
def canteen(session: Session) -> Canteen:
    return Canteen()


def given(**other: Any) -> dict[str, Any]:
    usual = {
        "name": "秋冬价",
        "valid_from": TODAY.isoformat(),
        "valid_to": (TODAY + 90 * DAY).isoformat(),
        "prices": [{"product": "potato", "fen_kg": 400}, {"product": "potato", "from_g": 100_000, "fen_kg": 350}],
    }
    return usual | other


def test_a_farms_list_is_read_and_ordered_of_by_the_enterprise_it_is_for(client: FlaskClient, canteen: Canteen) -> None:
    farm, other = Farm(), Canteen()
    seller, buyer = Program(client, farm.account), Program(client, canteen.owner_account)
    named = given(enterprise=canteen.owner.enterprise.public_id)
    assert seller.call("POST", "/farm/price-lists", named)[1]["code"] == "enterprise_unknown"
    canteen.demand()
    status, made = seller.call("POST", "/farm/price-lists", named)
    assert (status, made["seller"], made["ended_at"]) == (201, farm.producer.public_id, None)
    assert [(row["from_g"], row["fen_kg"]) for row in made["prices"]] == [(0, 400), (100_000, 350)]
    assert buyer.call("GET", "/enterprise/price-lists")[1]["items"] == [made]
    assert Program(client, other.owner_account).call("GET", "/enterprise/price-lists")[1]["items"] == []
    order = {
        "product": "potato",
        "grams": 120_000,
        "place": canteen.place.public_id,
        "opens_on": FIRST.isoformat(),
        "closes_on": FIRST.isoformat(),
    }
    own = f"/enterprise/price-lists/{made['public_id']}/order"
    assert buyer.call("POST", own, order)[1]["code"] == "input_invalid"
    status, contract = buyer.call("POST", own, order, key="one")
    assert (status, contract["state"], contract["total_fen"]) == (201, "in_force", 42_000)
    # Asked again it is the same order; the stock would not do for another.
    assert buyer.call("POST", own, order, key="one") == (201, contract)
    assert buyer.call("POST", own, order, key="two")[1]["code"] == "listed_not_there"
    assert buyer.call("POST", own, order | {"grams": 1_000}, key="one")[1]["code"] == "idempotency_key_reused"
    status, problem = Program(client, canteen.receiver.account).call("POST", own, order, key="one")
    assert (status, problem["code"]) == (403, "member_may_not")
    status, problem = Program(client, other.owner_account).call(
        "POST", own, order | {"place": other.place.public_id}, key="one"
    )
    assert (status, problem["code"]) == (404, "price_list_unknown")
    assert seller.call("DELETE", f"/farm/price-lists/{made['public_id']}")[1]["ended_at"] is not None
    assert seller.call("GET", "/farm/price-lists")[1]["items"] == []
    assert buyer.call("POST", own, order, key="three")[0] == 404


def test_the_markets_list_is_the_operators_and_binds_nobody(client: FlaskClient, canteen: Canteen) -> None:
    Farm()
    with transaction():
        account = factories.account((RoleKind.OPERATOR, ""))
    operator = Program(client, account)
    status, made = operator.call("POST", "/operations/price-lists", given())
    assert (status, made["seller"], made["enterprise"]) == (201, None, None)
    buyer = Program(client, canteen.owner_account)
    assert buyer.call("GET", "/enterprise/price-lists")[1]["items"] == [made]
    assert buyer.call("POST", "/operations/price-lists", given())[0] == 403
    assert operator.call("DELETE", f"/operations/price-lists/{made['public_id']}")[0] == 200
    assert operator.call("GET", "/operations/price-lists")[1]["items"] == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"prices": []}, "input_invalid"),
        ({"prices": [{"product": "potato", "fen_kg": 0}]}, "input_invalid"),
        (
            {"prices": [{"product": "potato", "fen_kg": 5}, {"product": "potato", "from_g": 9, "fen_kg": 6}]},
            "steps_not_falling",
        ),
        ({"prices": [{"product": "gold", "fen_kg": 5}]}, "goods_unknown"),
        ({"valid_to": "2020-01-01"}, "window_in_order"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(
    client: FlaskClient, canteen: Canteen, wrong: dict[str, Any], code: str
) -> None:
    seller = Program(client, Farm().account)
    status, problem = seller.call("POST", "/farm/price-lists", given(**wrong))
    assert (status, problem["code"]) == (422, code)
    assert seller.call("GET", "/farm/price-lists")[1]["items"] == []


def test_an_enterprises_lists_are_read_page_by_page(client: FlaskClient, canteen: Canteen) -> None:
    seller, buyer = Program(client, Farm().account), Program(client, canteen.owner_account)
    names = [seller.call("POST", "/farm/price-lists", given())[1]["public_id"] for _ in range(3)]
    first = buyer.call("GET", "/enterprise/price-lists?limit=2")[1]
    assert [row["public_id"] for row in first["items"]] == [names[2], names[1]]
    rest = buyer.call("GET", f"/enterprise/price-lists?limit=2&after={first['next']}")[1]
    assert ([row["public_id"] for row in rest["items"]], rest["next"]) == ([names[0]], None)
    assert buyer.call("GET", "/enterprise/price-lists?after=nobodyatalls00")[0] == 404
