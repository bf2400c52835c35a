"""Acting for a household: only within the mandate, checked at each act, named in the audit trail, told to the household."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, ListingState
from marketplace.catalogue.principals import principal_of
from marketplace.identity.mandate_states import MandateAction
from marketplace.identity.mandates import end_mandate, get_mandate, refusal
from marketplace.identity.models import Answered, HolderRole, Mandate, RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent, check_chain
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from tests.web.desk_world import OTHER_VILLAGE, Desk, make_account, without_csrf
from tests.web.mandate_world import ALL, MandateWorld, code_in, kinds, messages, state_of


@pytest.fixture
def world(session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> MandateWorld:
    without_csrf(app, monkeypatch)
    return MandateWorld()


@pytest.fixture
def officer(client: FlaskClient, world: MandateWorld) -> Desk:
    return Desk(client, world.officer)


def end(mandate: Mandate, action: MandateAction = MandateAction.REVOKE) -> None:
    with transaction():
        end_mandate(get_mandate(mandate.public_id, lock=True), action, Answered.TOLD_OFFICER, actor="test", now=clock.now())


def new_listing(**changes: Any) -> dict[str, Any]:
    today = clock.local_day(clock.now()).isoformat()
    form = {"product": "apple", "unit": "jin", "price": "6.00", "harvested_on": today, "quantity": "12", "title_zh": "红苹果"}
    return {**form, **changes}


def test_a_page_that_no_mandate_opens_stays_closed_to_who_acts_for_another(client: FlaskClient, world: MandateWorld) -> None:
    manager = Desk(client, world.manager)
    world.mandate(holder=world.manager, role=HolderRole.COOPERATIVE)
    manager.post("/farm/mandates/for", {"farm": world.house.public_id})
    # Its own page of mandates shows its own farm, not the household's: who acts for another cannot hand that on.
    assert "Nobody may act for you." in manager.get("/farm/mandates").text
    form = {"holder": world.officer.public_id, "scopes": ["list"], "last_day": "2027-01-01"}
    manager.post("/farm/mandates/give", form)
    given = db.session.scalars(select(Mandate).where(Mandate.given_by_id == world.manager.id)).all()
    assert [row.principal_id for row in given if row.principal_id != world.cooperative.public_id] == []


def test_an_act_names_actor_and_principal_and_the_chain_stays_whole(officer: Desk, world: MandateWorld) -> None:
    mandate = world.mandate()
    assert officer.post("/farm/listings/new", new_listing()).status_code == 303
    events = db.session.scalars(select(AuditEvent).where(AuditEvent.on_behalf_of.is_not(None)).order_by(AuditEvent.id)).all()
    assert [event.verb for event in events] == ["listing.created", "lot.added", "listing.published"]
    assert {(event.actor, event.on_behalf_of) for event in events} == {(world.officer.public_id, world.house.public_id)}
    assert {(event.data["mandate"], event.data["role"]) for event in events} == {(mandate.public_id, "officer")}
    assert check_chain()[1] is None
    listing = db.session.scalars(select(Listing)).one()
    assert (listing.producer_id, listing.state) == (world.house.id, ListingState.ON_SALE)


def test_the_household_is_told_of_each_act_once(officer: Desk, world: MandateWorld) -> None:
    world.mandate()
    officer.post("/farm/listings/new", new_listing())
    listing = db.session.scalars(select(Listing)).one()
    at = f"/farm/listings/{listing.public_id}"
    officer.post(at, {"price": "7.00", "title_zh": "红苹果"})
    order = world.order(world.purchase(listing, "1", cash=True))
    officer.post(f"/farm/orders/{order.public_id}/ship")
    officer.post(f"/farm/orders/{order.public_id}/ship")
    assert kinds() == ["listed", "changed", "order.new", "sent"]
    listed, changed, _new, sent = messages()
    assert listed.startswith("【农桥】wangganbu（村镇干部）")
    assert "替您上架了红苹果，¥6.00/斤。不是您的意思？请点： http://127.0.0.1:5000/n/" in listed
    assert "现价¥7.00/斤" in changed
    assert sent.endswith("替您发出了一单红苹果。")


def test_of_many_listings_at_once_the_household_hears_in_one_message(officer: Desk, world: MandateWorld) -> None:
    world.mandate()
    day = local_day(clock.now()).isoformat()
    titles = ["红苹果", "青苹果", "黄苹果", "小苹果"]
    rows = [f"apple,{title},6.00,jin,5,{day}" for title in titles]
    table = "\n".join(["product,title_zh,price,unit,quantity,harvested_on", *rows])
    assert officer.post("/farm/listings/import", {"table": table, "act": "sell"}).status_code == 303
    assert (kinds(), len(db.session.scalars(select(Listing)).all())) == (["listed"], 4)
    (told,) = messages()
    assert "替您上架了4种货：红苹果、青苹果、黄苹果等。不是您的意思？请点： http://127.0.0.1:5000/n/" in told
    # Its code ends the mandate, and all four are off sale.
    officer.client.get(f"/n/{code_in(told)}")
    assert officer.post(f"/n/{code_in(told)}", {"answer": "revoke"}).status_code == 200
    assert officer.post("/farm/listings/import", {"table": table, "act": "sell"}).status_code in (403, 404)


def test_somebody_who_acts_sees_for_whom_and_what(officer: Desk, world: MandateWorld) -> None:
    world.mandate(frozenset({Scope.SHIP}))
    page = officer.get("/farm/").text
    assert "You act for Kala village farm 7" in page
    assert "pack and send orders" in page
    assert "/farm/money" not in page
    assert "/farm/listings" not in page


def test_one_who_may_act_for_several_is_asked_for_whom_and_remembered(officer: Desk, world: MandateWorld) -> None:
    world.mandate()
    world.mandate(farm=world.other_farm_without_account())
    answer = officer.get("/farm/")
    assert (answer.status_code, answer.location) == (303, "/farm/mandates/for")
    assert officer.get(answer.location).text.count('name="farm"') == 2
    assert officer.post("/farm/mandates/for", {"farm": world.house.public_id}).location == "/farm/"
    assert "You act for Kala village farm 7" in officer.get("/farm/").text
    assert "You act for Kala village farm 7" in officer.get("/farm/listings").text


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (MandateAction.REVOKE, "The household has taken this mandate back."),
        (MandateAction.DENY, "The household has taken this mandate back."),
        (MandateAction.EXPIRE, "The time of this mandate is over."),
    ],
)
def test_a_mandate_that_ended_between_page_and_click_is_said_kindly_and_nothing_happens(
    officer: Desk, world: MandateWorld, action: MandateAction, said: str
) -> None:
    mandate = world.mandate()
    officer.post("/farm/mandates/for", {"farm": world.house.public_id})
    listing = world.listing(world.house)
    assert officer.get(f"/farm/listings/{listing.public_id}").status_code == 200
    end(mandate, action)
    answer = officer.post(f"/farm/listings/{listing.public_id}/withdraw")
    assert answer.status_code == 403
    assert said in answer.text
    assert state_of(listing) == ListingState.ON_SALE
    assert kinds() == []


def test_of_two_mandates_that_overlap_the_one_that_covers_the_act_counts(officer: Desk, world: MandateWorld) -> None:
    narrow, wide = world.mandate(frozenset({Scope.SHIP})), world.mandate(frozenset({Scope.LIST}), days=10)
    listing = world.listing(world.house)
    assert officer.post(f"/farm/listings/{listing.public_id}/withdraw").status_code == 303
    event = db.session.scalars(select(AuditEvent).filter_by(verb="listing.withdrawn")).one()
    assert event.data["mandate"] == wide.public_id
    end(wide)
    assert officer.post(f"/farm/listings/{listing.public_id}/publish").status_code == 403
    assert narrow.state == "in_force"


def test_a_mandate_ends_when_the_household_moves_out_of_the_officers_area(officer: Desk, world: MandateWorld) -> None:
    world.mandate()
    listing = world.listing(world.house)
    officer.post("/farm/mandates/for", {"farm": world.house.public_id})
    world.house.area_code = OTHER_VILLAGE
    db.session.commit()
    answer = officer.post(f"/farm/listings/{listing.public_id}/withdraw")
    assert answer.status_code == 403
    assert "This household is no longer in your area." in answer.text
    assert state_of(listing) == ListingState.ON_SALE


def test_a_mandate_ends_with_the_role_it_is_held_by(officer: Desk, world: MandateWorld) -> None:
    world.mandate()
    listing = world.listing(world.house)
    officer.post("/farm/mandates/for", {"farm": world.house.public_id})
    world.officer.roles[0].scope_code = OTHER_VILLAGE
    db.session.commit()
    answer = officer.post(f"/farm/listings/{listing.public_id}/withdraw")
    assert "This household is no longer in your area." in answer.text
    assert state_of(listing) == ListingState.ON_SALE


def test_an_officer_without_a_mandate_finds_no_farm(officer: Desk, world: MandateWorld) -> None:
    assert "does not sell for a farm yet" in officer.get("/farm/").text
    assert officer.post("/farm/listings/new", new_listing()).status_code == 404


def test_whoever_packs_for_a_household_hears_of_its_orders(world: MandateWorld) -> None:
    holder = make_account(RoleKind.OFFICER, "522636", "13700001111")
    holder.login = "13700001111"
    db.session.commit()
    world.mandate(frozenset({Scope.SHIP}), holder=holder)
    world.purchase(world.listing(world.house), "2", cash=True)
    assert kinds("13700001111") == ["order.new"]


def test_neither_buyers_nor_the_public_learn_who_acts_for_whom(officer: Desk, world: MandateWorld, client: FlaskClient) -> None:
    mandate = world.mandate()
    officer.post("/farm/listings/new", new_listing())
    listing = db.session.scalars(select(Listing)).one()
    group = world.purchase(listing, "1", cash=True)
    officer.post(f"/farm/orders/{world.order(group).public_id}/ship")
    secrets = [
        *(world.officer.public_id, world.officer.display_name, mandate.public_id, str(world.house.household_id) + "0077"),
        *("mandate", "Mandate", "village office", "in your name", "You act for", "on behalf"),
    ]
    visitor, buyer = Desk(client, None), None
    pages = [visitor.get(path).text for path in ("/", f"/p/{listing.public_id}", f"/api/v1/listings/{listing.public_id}")]
    buyer = Desk(client, world.buyer)
    pages += [buyer.get(path).text for path in (f"/orders/{group.public_id}", "/orders", f"/p/{listing.public_id}")]
    for page in pages:
        assert [secret for secret in secrets if secret in page] == []
    assert all("wangganbu" not in text for text in messages(world.buyer.login))


def test_the_listings_history_is_for_the_household_and_its_holder(officer: Desk, world: MandateWorld) -> None:
    world.mandate(ALL)
    officer.post("/farm/listings/new", new_listing())
    listing = db.session.scalars(select(Listing)).one()
    page = officer.get(f"/farm/listings/{listing.public_id}").text
    assert f"{world.officer.display_name} (village office) for Kala village farm 7" in page


def test_a_mandate_counts_until_the_very_second(world: MandateWorld, officer: Desk) -> None:
    mandate = world.mandate(days=3)
    principal, ends_at = principal_of(world.house), mandate.ends_at
    just_before, just_then = ends_at - timedelta(microseconds=1), ends_at
    assert refusal(mandate, world.officer, principal, {Scope.LIST}, now=just_before) is None
    refused = refusal(mandate, world.officer, principal, {Scope.LIST}, now=just_then)
    assert refused is not None
    assert refused.code == "mandate_expired"
    early = refusal(mandate, world.officer, principal, {Scope.LIST}, now=mandate.begins_at - timedelta(microseconds=1))
    assert early is not None
    assert early.code == "mandate_expired"
