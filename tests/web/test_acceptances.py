"""Pictures taken at the scales are seen by both sides, the office of the seller's area and the operator, and by no one else."""

import io

import pytest
from PIL import Image
from sqlalchemy.orm import Session

from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import transaction
from marketplace.kernel.pictures import read_picture, store_picture
from marketplace.sourcing import accepting
from marketplace.sourcing.accepting import Found
from marketplace.sourcing.models import ContractPart
from marketplace.web.claim_words import private_folder
from tests import factories
from tests.sourcing.test_acceptance import part_of
from tests.sourcing.world import DAY, HOUR, NOW, Canteen, Farm, contracted, placed


@pytest.fixture
def canteen(session: Session) -> Canteen:
    return Canteen()


@pytest.fixture
def farm(canteen: Canteen) -> Farm:
    return Farm()


@pytest.fixture
def part(canteen: Canteen, farm: Farm) -> ContractPart:
    """Weighed with one picture, a tenth refused; the farm has not said a word yet."""
    part = part_of(placed(contracted(canteen, farm)), farm)
    farm.ships(part.order.public_id, at=NOW + 7 * DAY)
    sent = io.BytesIO()
    Image.new("RGB", (400, 300), "brown").save(sent, "PNG")
    name = store_picture(read_picture(sent.getvalue()), private_folder())
    with transaction():
        found = Found(100_000, 90_000, 10_000, refused_because="烂了", pictures=[name])
        accepting.weigh(canteen.receiver, part.public_id, found, now=NOW + 7 * DAY + HOUR)
    return part


def somebody(kind: RoleKind, area: str) -> Account:
    with transaction():
        return factories.account((kind, area))


def test_both_sides_the_office_and_the_operator_see_the_picture_where_they_read_of_it(
    canteen: Canteen, farm: Farm, part: ContractPart, as_: type
) -> None:
    own = f"/acceptances/{part.public_id}/1/1-320.webp"
    area = farm.producer.area_code
    readers = [
        (canteen.receiver.account, f"/buyer/contracts/{part.contract.public_id}"),
        (farm.account, "/farm/requests/"),
        (somebody(RoleKind.OFFICER, area[:6]), "/office/acceptances"),
        (somebody(RoleKind.OPERATOR, ""), None),
    ]
    for account, page in readers:
        desk = as_(account)
        if page is not None:
            text = desk.get(page).text
            assert own in text
            assert "烂了" in text
        answer = desk.get(own)
        assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (
            200,
            "image/webp",
            "private, max-age=3600",
        )
        answer.close()


def test_to_everybody_else_there_is_no_picture(canteen: Canteen, farm: Farm, part: ContractPart, as_: type) -> None:
    own = f"/acceptances/{part.public_id}/1/1-320.webp"
    strangers = [
        Canteen().owner_account,
        Farm().account,
        somebody(RoleKind.CONSUMER, ""),
        somebody(RoleKind.OFFICER, "522601"),
    ]
    for account in strangers:
        assert as_(account).get(own).status_code == 404
    assert "烂了" not in as_(strangers[-1]).get("/office/acceptances").text
    door = as_(canteen.receiver.account)
    for wrong in ("9999999/1-320", "2/1-320", "1/0-320", "1/2-320", "1/1-33"):
        assert door.get(f"/acceptances/{part.public_id}/{wrong}.webp").status_code == 404
    assert door.get("/acceptances/nobodyatalls00/1/1-320.webp").status_code == 404


def test_when_it_is_settled_the_farm_still_reads_what_was_weighed(
    canteen: Canteen, farm: Farm, part: ContractPart, as_: type
) -> None:
    farmer = as_(farm.account)
    assert farmer.post(f"/farm/requests/parts/{part.public_id}/agree").status_code == 303
    assert f"/acceptances/{part.public_id}/1/1-320.webp" in farmer.get("/farm/requests/").text
