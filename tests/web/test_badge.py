"""The badge on goods is the seller's own word, counts at once in every list, and nobody else can say it."""

from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.catalogue.principals import KIND
from marketplace.identity.consents import Purpose, consents_of
from marketplace.identity.service import issue_token
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from tests.web.desk_world import Desk, World

BADGE = "Supports registered households"


def consents(world: World) -> list[tuple[str, bool]]:
    return [(one.how, one.withdrawn_at is None) for one in consents_of(KIND, world.farm.public_id)]


def test_taking_the_badge_off_counts_at_once_and_so_does_agreeing_again(client: FlaskClient, world: World) -> None:
    listing = world.listing(world.farm).public_id

    def shown() -> bool:
        return BADGE in Desk(client, None).get(f"/p/{listing}").text

    assert shown()
    farmer = Desk(client, world.farmer)
    assert "Take the badge off" in farmer.get("/farm/badge").text
    assert farmer.post("/farm/badge/refuse").location == "/farm/badge"
    page = farmer.get("/farm/badge").text
    assert "Your goods carry the badge no longer." in page
    assert "I agree" in page
    assert not shown()
    # What was agreed to before such words were kept leaves its end in the trail.
    assert db.session.scalars(select(AuditEvent.verb).filter_by(object_id=world.farm.public_id)).all() == ["consent.withdrawn"]
    farmer = Desk(client, world.farmer)
    farmer.post("/farm/badge/agree")
    assert shown()
    assert consents(world) == [("signed_in", True)]
    farmer = Desk(client, world.farmer)
    farmer.post("/farm/badge/agree")
    farmer.post("/farm/badge/refuse")
    farmer.post("/farm/badge/refuse")
    assert consents(world) == [("signed_in", False)]
    assert not shown()


def test_a_farms_program_says_the_same(client: FlaskClient, world: World) -> None:
    with transaction():
        token, _ = issue_token(world.farmer, now=clock.now())
    header = {"Authorization": f"Bearer {token}"}
    path = "/api/v1/farm/badge"
    Desk(client, None)
    assert client.get(path, headers=header).json == {"agreed": True, "text_version": None, "given_at": None}
    assert client.put(path, headers=header, json={"agreed": False}).json == {
        "agreed": False,
        "text_version": None,
        "given_at": None,
    }
    answer = client.put(path, headers=header, json={"agreed": True}).json
    assert (answer["agreed"], answer["text_version"]) == (True, "2026-01")
    assert consents(world) == [("signed_in", True)]
    assert [one.purpose for one in consents_of(KIND, world.farm.public_id)] == [Purpose.BADGE]


def test_nobody_but_a_seller_comes_to_the_page(client: FlaskClient, world: World) -> None:
    assert Desk(client, world.buyer).post("/farm/badge/refuse").status_code == 403
    assert Desk(client, world.neighbour).post("/farm/badge/refuse").status_code == 303
    db.session.refresh(world.farm)
    db.session.refresh(world.other_farm)
    assert (world.farm.badge_consent, world.other_farm.badge_consent) == (True, False)
