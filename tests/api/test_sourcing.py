"""Programs of an enterprise and of a farm come from a demand to a contract, and hear clear words where they may not."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy.orm import Session

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.pictures import read_picture, store_picture
from marketplace.sourcing import accepting
from marketplace.sourcing.accepting import Found
from marketplace.web.claim_words import private_folder
from tests.api.programs import Program
from tests.sourcing.test_acceptance import part_of
from tests.sourcing.world import DAY, Canteen, Farm, contracted, placed
from tests.sourcing.world import NOW as PAST

NOW = clock.now()
FIRST = clock.local_day(NOW) + 8 * DAY


@pytest.fixture
def canteen(session: Session) -> Canteen:
    return Canteen()


def wanted(canteen: Canteen, **other: Any) -> dict[str, Any]:
    usual = {
        "place": canteen.place.public_id,
        "goods": "potato",
        "windows": [{"opens_on": FIRST.isoformat(), "closes_on": FIRST.isoformat(), "wanted_g": 100_000}],
        "price_ceiling_fen_kg": 500,
        "way": "quotes",
        "answer_by_at": (NOW + 2 * DAY).isoformat(),
    }
    return usual | other


def test_a_demand_becomes_a_contract_between_two_programs(client: FlaskClient, canteen: Canteen) -> None:
    farm = Farm()
    buyer, seller = Program(client, canteen.owner_account), Program(client, farm.account)
    status, demand = buyer.call("POST", "/enterprise/demands", wanted(canteen))
    assert (status, demand["state"], demand["product"]) == (201, "draft", "potato")
    name = demand["public_id"]
    assert buyer.call("POST", f"/enterprise/demands/{name}/publish")[1]["state"] == "open"
    assert [row["public_id"] for row in seller.call("GET", "/farm/requests")[1]["items"]] == [name]
    offered = {"listing": farm.listing.public_id, "grams": 100_000, "fen_kg": 450}
    status, quote = seller.call("POST", f"/farm/requests/{name}/quote", offered)
    assert (status, quote["state"], quote["fen_kg"]) == (201, "offered", 450)
    own = f"/enterprise/quotes/{quote['public_id']}/counter"
    assert buyer.call("POST", own, {"grams": 100_000, "fen_kg": 400})[1]["state"] == "countered"
    assert seller.call("POST", f"/farm/quotes/{quote['public_id']}/answer", {})[1]["fen_kg"] == 400
    assert [row["fen_kg"] for row in buyer.call("GET", f"/enterprise/demands/{name}/answers")[1]["quotes"]] == [400]
    status, contract = buyer.call("POST", f"/enterprise/demands/{name}/contract", {"chosen": [quote["public_id"]]})
    assert (status, contract["state"], contract["total_fen"]) == (201, "in_force", 40_000)
    assert buyer.call("GET", "/enterprise/contracts")[1]["items"] == [contract]


@pytest.mark.parametrize(
    ("change", "status"),
    [({"price_ceiling_fen_kg": 0}, 422), ({"price_ceiling_fen_kg": -1}, 422), ({"windows": []}, 422), ({"extra": 1}, 422)],
)
def test_a_demand_that_cannot_be_meant_is_refused(
    client: FlaskClient, canteen: Canteen, change: dict[str, Any], status: int
) -> None:
    Farm()
    buyer = Program(client, canteen.owner_account)
    assert buyer.call("POST", "/enterprise/demands", wanted(canteen, **change))[0] == status
    assert buyer.call("GET", "/enterprise/demands")[1] == {"items": []}


def test_a_sealed_bid_is_answered_with_its_receipt_alone(client: FlaskClient, canteen: Canteen) -> None:
    farm = Farm()
    buyer, seller = Program(client, canteen.owner_account), Program(client, farm.account)
    name = buyer.call("POST", "/enterprise/demands", wanted(canteen, way="tender"))[1]["public_id"]
    buyer.call("POST", f"/enterprise/demands/{name}/publish")
    given = {"listing": farm.listing.public_id, "grams": 100_000, "fen_kg": 431}
    status, receipt = seller.call("POST", f"/farm/requests/{name}/bid", given)
    assert (status, set(receipt), len(receipt["digest"])) == (201, {"public_id", "digest"}, 64)
    assert buyer.call("GET", f"/enterprise/demands/{name}/answers")[1] == {"quotes": [], "tender": "sealed", "bids": []}
    status, problem = buyer.call("POST", f"/enterprise/demands/{name}/opening")
    assert (status, problem["code"]) == (409, "not_yet")
    assert seller.call("DELETE", f"/farm/requests/{name}/bid")[1] == {"done": True}


def test_what_was_found_on_the_scales_is_read_with_its_pictures_by_both_sides(client: FlaskClient, canteen: Canteen) -> None:
    farm = Farm()
    part = part_of(placed(contracted(canteen, farm)), farm)
    farm.ships(part.order.public_id, at=PAST + 7 * DAY)
    sent = io.BytesIO()
    Image.new("RGB", (40, 30), "brown").save(sent, "PNG")
    name = store_picture(read_picture(sent.getvalue()), private_folder())
    with transaction():
        found = Found(100_000, 90_000, 10_000, refused_because="烂了", pictures=[name])
        accepting.weigh(canteen.receiver, part.public_id, found, now=PAST + 7 * DAY)
    buyer, stranger = Program(client, canteen.owner_account), Program(client, Canteen().owner_account)
    (record,) = buyer.call("GET", "/enterprise/contracts")[1]["items"][0]["parts"][0]["records"]
    bounds = [record[name] for name in ("ordered_g", "least_g", "most_g", "weighed_g", "short_g", "surplus_g", "pictures")]
    assert bounds == [100_000, 100_000, 100_000, 100_000, 0, 0, 1]
    own = f"/acceptances/{part.public_id}/1/pictures/1"
    for program in (buyer, Program(client, farm.account)):
        answer = program.ask("GET", own)
        assert (answer.status_code, answer.mimetype) == (200, "image/webp")
        answer.close()
    assert stranger.call("GET", own)[0] == 404
    assert buyer.call("GET", f"/acceptances/{part.public_id}/99999999/pictures/1")[0] == 404


def test_what_is_anothers_is_not_there(client: FlaskClient, canteen: Canteen) -> None:
    Farm()
    demand, other = canteen.demand(), Canteen()
    program = Program(client, other.owner_account)
    assert program.call("GET", f"/enterprise/demands/{demand.public_id}/answers")[0] == 404
    assert program.call("POST", f"/enterprise/demands/{demand.public_id}/withdraw")[0] == 404
    receiver = Program(client, canteen.receiver.account)
    assert receiver.call("POST", "/enterprise/demands", wanted(canteen))[0] == 403
