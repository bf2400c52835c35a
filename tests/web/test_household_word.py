"""What a household says counts at once, whichever way it says it."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, ListingDenial, ListingState
from marketplace.identity.answer_codes import CODE_HOLDS, use_code
from marketplace.identity.contacts import Contact, find_contact
from marketplace.identity.mandates import get_mandate
from marketplace.identity.models import AnswerCode, Mandate, MandateState, SignInAttempt
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from tests.web.desk_world import Desk, count, without_csrf
from tests.web.mandate_world import HOUSE_PHONE, MandateWorld, code_in, kinds, messages, state_of
from tests.web.test_acting import new_listing


@pytest.fixture
def world(session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> MandateWorld:
    without_csrf(app, monkeypatch)
    return MandateWorld()


@pytest.fixture
def listed(client: FlaskClient, world: MandateWorld) -> Listing:
    """Apples that the officer has put on sale in the house's name; the house has a text message of it."""
    world.mandate()
    assert Desk(client, world.officer).post("/farm/listings/new", new_listing()).status_code == 303
    return db.session.scalars(select(Listing)).one()


def _photo() -> io.BytesIO:
    photo = io.BytesIO()
    Image.new("RGB", (80, 60), "white").save(photo, "JPEG")
    photo.seek(0)
    return photo


def denial() -> ListingDenial:
    return db.session.scalars(select(ListingDenial)).one()


def verbs(listing: Listing) -> list[str]:
    events = db.session.scalars(select(AuditEvent).filter_by(object_id=listing.public_id).order_by(AuditEvent.id))
    return [event.verb for event in events]


def test_a_code_takes_a_listing_off_sale_once(client: FlaskClient, world: MandateWorld, listed: Listing) -> None:
    path = f"/n/{code_in(messages()[-1])}"
    visitor = Desk(client, None)
    assert "sells 红苹果 in your name" in visitor.get(path).text.replace("Apples", "红苹果")
    assert visitor.get(path).status_code == 200
    assert visitor.post(path, {"answer": "deny"}).status_code == 200
    assert state_of(listed) == ListingState.WITHDRAWN
    assert (denial().how, denial().holder, denial().settled_at) == ("code", world.officer.public_id, None)
    assert verbs(listed)[-2:] == ["listing.withdrawn", "listing.denied"]
    again = visitor.post(path, {"answer": "deny"})
    assert again.status_code == 409
    assert "This code has been used already." in again.text
    assert count(ListingDenial) == 1
    assert kinds()[-1] == "denied"


def test_what_was_denied_cannot_be_listed_again_until_the_household_agrees(
    client: FlaskClient, world: MandateWorld, listed: Listing
) -> None:
    Desk(client, None).post(f"/n/{code_in(messages()[-1])}", {"answer": "deny"})
    officer = Desk(client, world.officer)
    for path, form in ((f"/farm/listings/{listed.public_id}/publish", {}), ("/farm/listings/new", new_listing())):
        refused = officer.post(path, form)
        assert refused.status_code == 409
        assert "does not want this sold in its name" in refused.text
    assert state_of(listed) == ListingState.WITHDRAWN
    assert count(Listing) == 1
    # The one who was denied cannot bring the household's new word; another officer can.
    mandate = db.session.scalars(select(Mandate)).one().public_id
    path = f"/office/mandates/{mandate}/denials/{denial().public_id}/agree"
    assert officer.post(path).status_code == 403
    assert denial().agreed_at is None
    assert Desk(client, world.other_officer).post(path).status_code == 303
    assert Desk(client, world.officer).post(f"/farm/listings/{listed.public_id}/publish").status_code == 303
    assert state_of(listed) == ListingState.ON_SALE


def test_a_household_that_changes_its_mind_says_so_by_the_code_of_the_confirmation(
    client: FlaskClient, world: MandateWorld, listed: Listing
) -> None:
    visitor = Desk(client, None)
    visitor.post(f"/n/{code_in(messages()[-1])}", {"answer": "deny"})
    path = f"/n/{code_in(messages()[-1])}"
    assert "Shall it be sold after all?" in visitor.get(path).text
    assert visitor.post(path, {"answer": "agree"}).status_code == 200
    assert denial().agreed_by == "household by code"
    assert Desk(client, world.officer).post(f"/farm/listings/{listed.public_id}/publish").status_code == 303


def test_a_code_can_end_the_mandate_as_well(client: FlaskClient, world: MandateWorld, listed: Listing) -> None:
    Desk(client, None).post(f"/n/{code_in(messages()[-1])}", {"answer": "revoke"})
    mandate = db.session.scalars(select(Mandate)).one()
    assert (mandate.state, mandate.ended_how) == (MandateState.REVOKED, "code")
    assert state_of(listed) == ListingState.WITHDRAWN
    assert Desk(client, world.officer).get("/farm/listings").status_code == 200
    assert Desk(client, world.officer).post("/farm/listings/new", new_listing()).status_code == 404


def test_a_code_runs_out(world: MandateWorld, listed: Listing) -> None:
    code = code_in(messages()[-1])
    issued_at = db.session.scalars(select(AnswerCode.created_at).order_by(AnswerCode.id.desc())).first()
    assert issued_at is not None
    with pytest.raises(Conflict) as refused, transaction():
        use_code(code, now=issued_at + CODE_HOLDS)
    assert refused.value.code == "code_over"
    with transaction():
        use_code(f" {code[:5].upper()} {code[5:]}", now=issued_at + CODE_HOLDS - timedelta(microseconds=1))


def test_wrong_codes_are_counted_and_stopped(client: FlaskClient, world: MandateWorld) -> None:
    visitor = Desk(client, None)
    for _ in range(5):
        assert visitor.get("/n/aaaaaaaaaa").status_code == 404
    assert visitor.get("/n/aaaaaaaaaa").status_code == 429
    assert count(SignInAttempt) == 5


def test_an_officer_writes_down_what_the_household_has_said(client: FlaskClient, world: MandateWorld, listed: Listing) -> None:
    mandate = db.session.scalars(select(Mandate)).one().public_id
    desk = Desk(client, world.other_officer)
    path = f"/office/mandates/{mandate}"
    assert "On sale in its name" in desk.get(path).text
    assert desk.post(f"{path}/listings/{listed.public_id}/deny", {"note": "Too cheap."}).status_code == 303
    assert (denial().how, denial().note, denial().denied_by) == ("told_officer", "Too cheap.", world.other_officer.public_id)
    assert state_of(listed) == ListingState.WITHDRAWN
    assert desk.post(f"{path}/revoke").status_code == 303
    assert get_mandate(mandate).ended_how == "told_officer"


def test_a_household_that_signs_in_denies_and_agrees_and_ends(client: FlaskClient, world: MandateWorld) -> None:
    farmer = Desk(client, world.farmer)
    form = {"holder": world.manager.public_id, "scopes": ["list", "stock"], "last_day": _day(60)}
    assert farmer.post("/farm/mandates/give", form).status_code == 303
    mandate = db.session.scalars(select(Mandate)).one()
    assert (mandate.state, mandate.evidence_kind, mandate.given_by_id) == ("in_force", "signed_in", world.farmer.id)
    manager = Desk(client, world.manager)
    manager.post("/farm/mandates/for", {"farm": world.farm.public_id})
    assert manager.post("/farm/listings/new", new_listing()).status_code == 303
    listing = db.session.scalars(select(Listing)).one()
    assert listing.producer_id == world.farm.id
    farmer = Desk(client, world.farmer)
    assert "This is not mine: take it off sale" in farmer.get(f"/farm/listings/{listing.public_id}").text
    assert farmer.post(f"/farm/mandates/listings/{listing.public_id}/deny").status_code == 303
    assert denial().how == "signed_in"
    assert "What you have denied" in farmer.get("/farm/mandates").text
    assert farmer.post(f"/farm/mandates/denials/{denial().public_id}/agree").status_code == 303
    assert farmer.post(f"/farm/mandates/{mandate.public_id}/revoke").status_code == 303
    assert get_mandate(mandate.public_id).state == MandateState.REVOKED
    # Its own goods a household just takes off sale.
    own = world.listing(world.farm)
    refused = farmer.post(f"/farm/mandates/listings/{own.public_id}/deny")
    assert refused.status_code == 409
    assert "You have put this on sale yourself." in refused.text


def test_a_household_with_an_account_is_asked_before_a_mandate_counts(client: FlaskClient, world: MandateWorld) -> None:
    form = {"holder": world.officer.public_id, "scopes": ["ship"], "last_day": _day(30)}
    answer = Desk(client, world.officer).post(f"/office/mandates/new/{world.farm.public_id}", form)
    assert answer.status_code == 303
    mandate = db.session.scalars(select(Mandate)).one()
    assert mandate.state == MandateState.PROPOSED
    assert "does not sell for a farm yet" in Desk(client, world.officer).get("/farm/").text
    assert Desk(client, world.neighbour).post(f"/farm/mandates/{mandate.public_id}/agree").status_code == 404
    assert Desk(client, world.farmer).post(f"/farm/mandates/{mandate.public_id}/agree").status_code == 303
    db.session.refresh(mandate)
    assert (mandate.state, mandate.given_by_id) == (MandateState.IN_FORCE, world.farmer.id)
    assert "You act for" in Desk(client, world.officer).get("/farm/").text


def _day(days: int) -> str:
    return (clock.local_day(clock.now()) + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"evidence": "in_person", "note": "Her son was there."}, 303, ""),
        ({"evidence": "in_person"}, 422, "Please write who was there"),
        ({"evidence": "paper"}, 422, "Please take a picture of the paper."),
        ({}, 422, "Please say how the household has agreed."),
        ({"evidence": "signed_in"}, 422, "Please say how the household has agreed."),
        ({"evidence": "voice", "note": "Tape 3", "scopes": []}, 422, "Please choose what the mandate is for."),
        ({"evidence": "voice", "note": "Tape 3", "last_day": "2020-01-01"}, 422, "between tomorrow and a year"),
        ({"evidence": "voice", "note": "Tape 3", "last_day": "9999-12-31"}, 422, "between tomorrow and a year"),
        ({"evidence": "voice", "note": "Tape 3", "holder": "nobody"}, 422, "cannot hold a mandate"),
        ({"evidence": "voice", "note": "Tape 3", "scopes": ["everything"]}, 422, "one of the values offered"),
    ],
)
def test_a_mandate_is_written_down_in_three_steps_or_refused_with_a_reason(
    client: FlaskClient, world: MandateWorld, changes: dict[str, Any], status: int, said: str
) -> None:
    desk = Desk(client, world.officer)
    assert "Kala village farm 7" in desk.get("/office/mandates/new?q=Kala").text
    path = f"/office/mandates/new/{world.house.public_id}"
    assert desk.get(path).status_code == 200
    form = {"holder": world.officer.public_id, "scopes": ["list"], "last_day": _day(90), **changes}
    answer = desk.post(path, form, content_type="multipart/form-data")
    assert answer.status_code == status
    assert said in answer.text
    assert count(Mandate) == (status == 303)


def test_what_an_officer_alone_has_heard_waits_for_a_colleague(client: FlaskClient, world: MandateWorld) -> None:
    desk = Desk(client, world.officer)
    path = f"/office/mandates/new/{world.house.public_id}"
    last_day = (clock.local_day(clock.now()) + timedelta(days=90)).isoformat()
    form = {"holder": world.officer.public_id, "scopes": ["ship"], "last_day": last_day, "evidence": "voice", "note": "tape 3"}
    at = desk.post(path, form).location
    page = desk.get(at).text
    assert "Waits for another officer" in page and "I have asked the household" not in page
    assert "会有另一位干部先问您" in messages()[-1]
    assert "does not sell for a farm yet" in desk.get("/farm/").text
    assert desk.post(f"{at}/confirm").status_code == 403
    colleague = Desk(client, world.other_officer)
    assert "I have asked the household" in colleague.get(at).text
    for said in ("The mandate is in force.", "It was in force already."):
        colleague.post(f"{at}/confirm")
        assert said in colleague.get(at).text
    assert "You act for Kala village farm 7" in Desk(client, world.officer).get("/farm/").text


def test_the_picture_of_the_paper_is_kept_for_those_who_may_see_it(client: FlaskClient, world: MandateWorld) -> None:
    desk = Desk(client, world.officer)
    form = {
        "holder": world.officer.public_id,
        "scopes": ["list"],
        "last_day": _day(90),
        "evidence": "thumbprint",
        "picture": (_photo(), "thumb.jpg"),
    }
    answer = desk.post(f"/office/mandates/new/{world.house.public_id}", form, content_type="multipart/form-data")
    assert answer.status_code == 303
    path = f"/mandates/{answer.location.rsplit('/', 1)[1]}/evidence"
    for person, status in ((world.officer, 200), (world.operator, 200), (world.other_officer, 200), (world.manager, 404)):
        with Desk(client, person).get(path) as seen:
            assert (seen.status_code, seen.mimetype == "image/webp") == (status, status == 200)
            assert seen.headers["Cache-Control"].startswith("private, no-store")


def test_an_officer_writes_nothing_down_outside_the_own_area(client: FlaskClient, world: MandateWorld) -> None:
    desk = Desk(client, world.officer)
    assert desk.get(f"/office/mandates/new/{world.other_farm.public_id}").status_code == 404
    far = world.mandate(farm=world.other_farm, holder=world.other_officer).public_id
    for path in (f"/office/mandates/{far}", f"/mandates/{far}/evidence"):
        assert desk.get(path).status_code == 404
    assert desk.post(f"/office/mandates/{far}/revoke").status_code == 404
    assert "Farm of 522636101001" not in desk.get("/office/mandates").text


def test_the_household_is_never_told_at_the_number_of_whoever_acts(client: FlaskClient, world: MandateWorld) -> None:
    world.officer.login = "13800009999"
    db.session.commit()
    mandate = world.mandate()
    desk = Desk(client, world.officer)
    refused = desk.post(f"/office/mandates/{mandate.public_id}/contact", {"phone": "+86 138-0000-9999"})
    assert refused.status_code == 422
    assert find_contact("producer", world.house.public_id) == Contact("sms", HOUSE_PHONE, "", False)
    assert desk.post(f"/office/mandates/{mandate.public_id}/contact", {"phone": "13611112222"}).status_code == 303
    assert kinds()[-1] == "contact.changed"
    assert HOUSE_PHONE not in desk.get(f"/office/mandates/{mandate.public_id}").text


def test_the_operator_looks_into_denials_and_sees_actor_and_principal(
    client: FlaskClient, world: MandateWorld, listed: Listing
) -> None:
    Desk(client, None).post(f"/n/{code_in(messages()[-1])}", {"answer": "deny"})
    operator = Desk(client, world.operator)
    page = operator.get("/operator/in-names").text
    assert "1 household has denied a listing." in page
    assert page.count("<td>wangganbu (village office)</td><td>Kala village farm 7</td>") == 3
    path = f"/operator/in-names/{denial().public_id}/settle"
    assert operator.post(path, {"note": "Spoke with both."}).status_code == 303
    assert (denial().settled_note, denial().settled_by) == ("Spoke with both.", world.operator.public_id)
    assert "No denied listing waits for you." in operator.get("/operator/in-names").text
    assert "Nothing was changed." in operator.post(path, {"note": "Twice."}, follow_redirects=True).text
    assert denial().settled_note == "Spoke with both."
