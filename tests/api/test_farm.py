"""A farm's programs list, change, bring in, publish and import as its pages do."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.catalogue.models import Listing, ListingState, Producer
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db
from tests import factories
from tests.api.conftest import Headers, token_header

LISTINGS = "/api/v1/farm/listings"


@pytest.fixture
def farm(client: FlaskClient) -> Producer:
    factories.product()
    return factories.producer(registered=True, owner=factories.account((RoleKind.FARMER, factories.VILLAGE), login="farm"))


@pytest.fixture
def farmer(farm: Producer) -> Headers:
    return token_header(db.session.get_one(factories.Account, farm.account_id))


def listing(**changes: Any) -> dict[str, Any]:
    harvest = {"harvested_on": clock.local_day(clock.now()).isoformat(), "quantity": "5"}
    return {"product": "apple", "title_zh": "苹果", "unit": "jin", "price_fen": 990, "harvest": harvest, **changes}


def test_a_listing_is_made_changed_withdrawn_and_shown_again(client: FlaskClient, farmer: Headers, farm: Producer) -> None:
    made = client.post(LISTINGS, headers=farmer, json=listing())
    assert (made.status_code, made.json["state"], made.json["available"], made.json["title_en"]) == (
        201,
        "on_sale",
        "5",
        "Apple",
    )
    own = f"{LISTINGS}/{made.json['public_id']}"
    changed = client.patch(own, headers=farmer, json={"story_zh": "树上熟的"}).json
    assert changed == {**made.json, "story_zh": "树上熟的"}
    more = client.post(f"{own}/harvests", headers=farmer, json={**listing()["harvest"], "quantity": "2.5"}).json
    assert more["available"] == "7.5"
    assert client.post(f"{own}/withdraw", headers=farmer).json["state"] == "withdrawn"
    assert client.post(f"{own}/withdraw", headers=farmer).json["state"] == "withdrawn"
    assert client.post(f"{own}/publish", headers=farmer).json["state"] == "on_sale"
    assert [row["public_id"] for row in client.get(LISTINGS, headers=farmer).json["items"]] == [made.json["public_id"]]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"product": "unicorn"}, 409),
        ({"unit": "box"}, 409),
        ({"price_fen": 0}, 422),
        ({"story_zh": "a\x00b"}, 422),
        ({"story_en": "a\ud800b"}, 422),
        ({"title_zh": " "}, 422),
        ({"harvest": {"harvested_on": "2999-01-01", "quantity": "5"}}, 422),
        ({"harvest": {"harvested_on": "2001-01-01", "quantity": "5"}}, 409),
        ({"delivers_to": "11"}, 422),
        ({"state": "on_sale"}, 422),
    ],
)
def test_what_cannot_be_sold_is_not_written(client: FlaskClient, farmer: Headers, changes: dict[str, Any], status: int) -> None:
    assert client.post(LISTINGS, headers=farmer, json=listing(**changes)).status_code == status
    assert db.session.scalar(select(func.count(Listing.id))) == 0


def test_another_farms_listing_is_not_there(client: FlaskClient, farmer: Headers) -> None:
    other = factories.listing(factories.producer())
    own = f"{LISTINGS}/{other.public_id}"
    assert client.get(own, headers=farmer).status_code == 404
    assert client.patch(own, headers=farmer, json={"title_zh": "x"}).status_code == 404
    for act in ("publish", "withdraw"):
        assert client.post(f"{own}/{act}", headers=farmer).status_code == 404
    assert other.state == ListingState.ON_SALE


def test_a_table_is_checked_first_and_then_put_on_sale(client: FlaskClient, farmer: Headers) -> None:
    today = clock.local_day(clock.now()).isoformat()
    table = f"product,title_zh,unit,price,quantity,harvested_on\napple,甲,jin,9.90,5,{today}\napple,乙,jin,-1,5,{today}"
    path = "/api/v1/farm/imports"
    checked = client.post(path, headers=farmer, json={"table": table, "dry_run": False}).json
    assert checked["written"] is False
    assert [(row["line"], list(row["errors"])) for row in checked["rows"]] == [(2, []), (3, ["price"])]
    table = table.replace(",-1,", ",8.80,")
    assert client.post(path, headers=farmer, json={"table": table}).json["written"] is False
    assert db.session.scalar(select(func.count(Listing.id))) == 0
    done = client.post(path, headers=farmer, json={"table": table, "dry_run": False}).json
    assert done["written"], done
    assert db.session.scalars(select(Listing.price_fen).order_by(Listing.id)).all() == [990, 880]
    broken = client.post(path, headers=farmer, json={"table": table.replace("甲", "a\x00b")}).json
    assert [(row["line"], list(row["errors"])) for row in broken["rows"]] == [(2, ["title_zh"]), (3, [])]
    refused = client.post(path, headers=farmer, json={"table": "colour\nred"})
    assert (refused.status_code, refused.json["code"]) == (409, "columns_invalid")


def test_the_orders_of_a_farm_are_its_own(client: FlaskClient, farmer: Headers, bearer: Headers) -> None:
    assert client.get("/api/v1/farm/orders", headers=farmer).json == {"items": []}
    assert client.get("/api/v1/farm/orders", headers=bearer).status_code == 403
