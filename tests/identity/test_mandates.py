"""Mandates: every pair of state and action, what the database itself refuses, and races on real connections."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.denials import deny_listing
from marketplace.catalogue.models import Listing, ListingDenial, ListingState, Producer
from marketplace.catalogue.principals import principal_of
from marketplace.catalogue.service import publish, withdraw
from marketplace.identity.mandate_states import MANDATES, MandateAction
from marketplace.identity.mandates import (
    LONGEST,
    Evidence,
    MandateRefused,
    Terms,
    agree_to_mandate,
    carrying_mandate,
    confirm_mandate,
    end_mandate,
    get_mandate,
    give_mandate,
    record_mandate,
)
from marketplace.identity.models import Account, Answered, EvidenceKind, HolderRole, Mandate, MandateState, RoleKind, Scope
from marketplace.kernel import audit, embedded_postgres
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid
from tests import factories
from tests.factories import NOW, VILLAGE
from tests.own_database import own_database, race

SPOKEN = Evidence(EvidenceKind.IN_PERSON, "at home")
ENDS_AT = NOW + timedelta(days=30)
LISTING = frozenset({Scope.LIST})
A_STATE, AN_ACTION = list(MandateState), list(MandateAction)
LEADS = {
    (MandateState.PROPOSED, MandateAction.CONSENT): MandateState.IN_FORCE,
    (MandateState.PROPOSED, MandateAction.DENY): MandateState.DENIED,
    (MandateState.PROPOSED, MandateAction.REVOKE): MandateState.REVOKED,
    (MandateState.PROPOSED, MandateAction.EXPIRE): MandateState.EXPIRED,
    (MandateState.IN_FORCE, MandateAction.DENY): MandateState.DENIED,
    (MandateState.IN_FORCE, MandateAction.REVOKE): MandateState.REVOKED,
    (MandateState.IN_FORCE, MandateAction.EXPIRE): MandateState.EXPIRED,
}
DONE = {
    (MandateState.IN_FORCE, MandateAction.CONSENT),
    (MandateState.DENIED, MandateAction.DENY),
    (MandateState.REVOKED, MandateAction.REVOKE),
    (MandateState.EXPIRED, MandateAction.EXPIRE),
}


@pytest.mark.parametrize("action", AN_ACTION)
@pytest.mark.parametrize("state", A_STATE)
def test_every_pair_of_state_and_action(state: MandateState, action: MandateAction) -> None:
    if (state, action) in LEADS:
        assert MANDATES.next_state(state, action) is LEADS[state, action]
    elif (state, action) in DONE:
        assert MANDATES.next_state(state, action) is None
    else:
        with pytest.raises(Conflict):
            MANDATES.next_state(state, action)


def officer(scope: str = VILLAGE) -> Account:
    return factories.account((RoleKind.OFFICER, scope))


def recorded(house: Producer, holder: Account, *, scopes: frozenset[Scope] = LISTING) -> Mandate:
    terms = Terms(scopes, ENDS_AT)
    return record_mandate(principal_of(house), holder, HolderRole.OFFICER, terms, SPOKEN, officer=officer(), now=NOW)


@pytest.mark.parametrize(
    ("scope", "role", "terms", "code"),
    [
        ("522636101", HolderRole.OFFICER, Terms(LISTING, ENDS_AT), "outside_area"),
        (VILLAGE, HolderRole.COOPERATIVE, Terms(LISTING, ENDS_AT), "holder_unfit"),
        (VILLAGE, HolderRole.OFFICER, Terms(frozenset(), ENDS_AT), "scopes_missing"),
        (VILLAGE, HolderRole.OFFICER, Terms(LISTING, NOW), "ends_at_invalid"),
        (VILLAGE, HolderRole.OFFICER, Terms(LISTING, NOW + LONGEST + timedelta(microseconds=1)), "ends_at_invalid"),
    ],
)
def test_what_cannot_be_written_down(session: Session, scope: str, role: HolderRole, terms: Terms, code: str) -> None:
    house, holder = factories.producer(), officer(scope)
    with pytest.raises(DomainError) as refused, transaction():
        record_mandate(principal_of(house), holder, role, terms, SPOKEN, officer=holder, now=NOW)
    assert refused.value.code == code
    assert session.scalars(select(Mandate)).all() == []


@pytest.mark.parametrize(
    ("evidence", "by_holder", "state"),
    [
        (SPOKEN, True, "proposed"),
        (Evidence(EvidenceKind.VOICE, "Tape 3."), True, "proposed"),
        (Evidence(EvidenceKind.THUMBPRINT, picture="a" * 64), True, "in_force"),
        (SPOKEN, False, "in_force"),
    ],
)
def test_spoken_words_that_their_holder_wrote_down_wait_for_another_officer(
    session: Session, evidence: Evidence, by_holder: bool, state: str
) -> None:
    house, holder, other, far = factories.producer(), officer(), officer(), officer("522636101")
    terms, principal = Terms(LISTING, ENDS_AT), principal_of(house)
    writer = holder if by_holder else other
    with transaction():
        mandate = record_mandate(principal, holder, HolderRole.OFFICER, terms, evidence, officer=writer, now=NOW)
    assert mandate.state == state
    if state == "proposed":
        with pytest.raises(MandateRefused) as refused, transaction():
            carrying_mandate(holder, principal, [LISTING], now=NOW)
        assert refused.value.code == "mandate_not_agreed"
    for person, code in ((holder, "another_officer"), (far, "outside_area")):
        with pytest.raises(Forbidden) as forbidden, transaction():
            confirm_mandate(mandate, principal, person, now=NOW)
        assert forbidden.value.code == code
    if state == "proposed":
        for new in (True, False):
            with transaction():
                assert confirm_mandate(mandate, principal, other, now=NOW) is new
        events = session.scalars(select(AuditEvent).filter_by(verb="mandate.in_force", object_id=mandate.public_id)).all()
        assert [event.actor for event in events] == [other.public_id]
    with transaction():
        assert carrying_mandate(holder, principal, [LISTING], now=NOW) is mandate


def test_another_officer_cannot_confirm_in_the_place_of_a_household_that_signs_in(session: Session) -> None:
    owner = factories.account((RoleKind.FARMER, VILLAGE))
    house, holder = factories.producer(owner=owner), officer()
    with transaction():
        mandate = recorded(house, holder)
    with pytest.raises(Conflict) as refused, transaction():
        confirm_mandate(mandate, principal_of(house), officer(), now=NOW)
    assert (refused.value.code, mandate.state) == ("nothing_to_confirm", "proposed")


def test_a_household_that_gets_an_account_confirms_by_signing_in(session: Session) -> None:
    house, holder = factories.producer(), officer()
    terms = Terms(LISTING, ENDS_AT)
    with transaction():
        mandate = record_mandate(principal_of(house), holder, HolderRole.OFFICER, terms, SPOKEN, officer=holder, now=NOW)
        house.account_id = factories.account((RoleKind.FARMER, VILLAGE)).id
    with transaction():
        owner = session.get_one(Account, house.account_id)
        assert agree_to_mandate(mandate, principal_of(house), owner, now=NOW)
    assert mandate.state == "in_force"


def test_nobody_gives_more_than_their_own_right_and_nobody_hands_it_on(session: Session) -> None:
    owner = factories.account((RoleKind.FARMER, VILLAGE))
    house, village = factories.producer(owner=owner), officer()
    other = factories.account((RoleKind.FARMER, VILLAGE))
    terms = Terms(LISTING, ENDS_AT)
    with transaction():
        mandate = give_mandate(principal_of(house), owner, village, HolderRole.OFFICER, terms, now=NOW)
    # The holder cannot give what it holds, a neighbour not what is not theirs, the owner nothing to itself.
    for giver, holder in ((village, other), (other, village)):
        with pytest.raises(Forbidden), transaction():
            give_mandate(principal_of(house), giver, holder, HolderRole.COOPERATIVE, terms, now=NOW)
    with pytest.raises(Invalid), transaction():
        give_mandate(principal_of(house), owner, owner, HolderRole.COOPERATIVE, terms, now=NOW)
    assert session.scalars(select(Mandate)).all() == [mandate]
    # When the farm is no longer the giver's, what was given is worth nothing.
    house.account_id = other.id
    session.commit()
    with pytest.raises(MandateRefused) as refused, transaction():
        carrying_mandate(village, principal_of(house), [LISTING], now=NOW)
    assert refused.value.code == "mandate_giver_gone"


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("scopes", ["list", "everything"], "ck_mandate_scopes_known"),
        ("scopes", [], "ck_mandate_scopes_known"),
        ("ends_at", NOW, "ck_mandate_ends_after_beginning"),
        ("evidence_note", "", "ck_mandate_evidence_is_there"),
        ("evidence_kind", "paper", "ck_mandate_evidence_is_there"),
        ("evidence_kind", "signed_in", "ck_mandate_evidence_is_there"),
        ("state", "revoked", "ck_mandate_ended_has_moment"),
        ("state", "forgotten", "ck_mandate_state_known"),
    ],
)
def test_the_database_refuses_a_mandate_that_cannot_be(session: Session, column: str, value: object, constraint: str) -> None:
    with transaction():
        mandate = recorded(factories.producer(), officer())
    with pytest.raises(IntegrityError) as refused, transaction():
        setattr(mandate, column, value)
        db.session.flush()
    assert constraint in str(refused.value)


def test_who_acts_for_somebody_cannot_hand_that_on_in_the_trail_either(session: Session) -> None:
    with transaction(), audit.on_behalf_of("house", actor="officer", mandate="m") as done:
        audit.record("thing.done", "thing", "1", actor="officer", at=NOW)
        audit.record("thing.heard", "thing", "1", actor="payment provider", at=NOW)
        with pytest.raises(RuntimeError), audit.on_behalf_of("other", actor="officer"):
            pass
    assert [(event["verb"], event["on_behalf_of"], event["data"]) for event in done] == [
        ("thing.done", "house", {"mandate": "m"})
    ]
    heard = session.scalars(select(AuditEvent).filter_by(verb="thing.heard")).one()
    assert (heard.on_behalf_of, heard.data) == (None, {})


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    with own_database(database_server, data_dir, "mandates") as app:
        yield app


def test_a_revocation_and_an_act_at_once_are_one_after_the_other(shop: Flask) -> None:
    """Either the act is committed before the mandate ends, or it is refused: never an act after the end."""
    for round_number in range(8):
        with shop.app_context(), transaction():
            house, holder = factories.producer(), officer()
            mandate = recorded(house, holder)
            listing = factories.listing(house, state=ListingState.ON_SALE)
            ids = (house.id, holder.id, mandate.public_id, listing.id)

        def act(ids: tuple[int, int, str, int] = ids) -> str:
            holder, house = db.session.get_one(Account, ids[1]), db.session.get_one(Producer, ids[0])
            with transaction():
                principal = principal_of(house, lock=True)
                mandate = carrying_mandate(holder, principal, [LISTING], now=NOW)
                with audit.on_behalf_of(principal.id, actor=holder.public_id, mandate=mandate.public_id):
                    withdraw(db.session.get_one(Listing, ids[3]), actor=holder.public_id, now=NOW)
            return "acted"

        def revoke(ids: tuple[int, int, str, int] = ids) -> str:
            with transaction():
                mandate = get_mandate(ids[2], lock=True)
                end_mandate(mandate, MandateAction.REVOKE, Answered.TOLD_OFFICER, actor="test", now=NOW)
            return "revoked"

        runners = (act, revoke) if round_number % 2 else (revoke, act)
        answers = race(shop, *runners, behind="LOCK TABLE mandate IN ACCESS EXCLUSIVE MODE")
        acted = next(answer for answer in answers if answer != "revoked")
        with shop.app_context():
            listing = db.session.get_one(Listing, ids[3])
            events = db.session.scalars(
                select(AuditEvent.verb)
                .where(AuditEvent.object_id.in_([ids[2], listing.public_id]))
                .where(AuditEvent.verb.in_(["mandate.revoked", "listing.withdrawn"]))
                .order_by(AuditEvent.id)
            ).all()
            if acted == "acted":
                assert (listing.state, events) == (ListingState.WITHDRAWN, ["listing.withdrawn", "mandate.revoked"])
            else:
                assert isinstance(acted, MandateRefused)
                assert acted.code == "mandate_revoked"
                assert (listing.state, events) == (ListingState.ON_SALE, ["mandate.revoked"])


def test_a_denial_and_a_new_publishing_at_once_leave_nothing_on_sale(shop: Flask) -> None:
    for round_number in range(6):
        with shop.app_context(), transaction():
            house, holder = factories.producer(), officer()
            recorded(house, holder)
            listing = factories.listing(house, state=ListingState.WITHDRAWN)
            with audit.on_behalf_of(house.public_id, actor=holder.public_id, mandate="m"):
                publish(listing, actor=holder.public_id, now=NOW)
            ids = (house.id, holder.id, listing.id)

        def publish_again(ids: tuple[int, int, int] = ids) -> str:
            holder, house = db.session.get_one(Account, ids[1]), db.session.get_one(Producer, ids[0])
            with transaction():
                carrying_mandate(holder, principal_of(house, lock=True), [LISTING], now=NOW)
                listing = db.session.get_one(Listing, ids[2], with_for_update=True, populate_existing=True)
                publish(listing, actor=holder.public_id, now=NOW)
            return "published"

        def deny(ids: tuple[int, int, int] = ids) -> str:
            house, listing = db.session.get_one(Producer, ids[0]), db.session.get_one(Listing, ids[2])
            with transaction():
                deny_listing(listing, house, Answered.TOLD_OFFICER, actor="test", now=NOW)
            return "denied"

        runners = (publish_again, deny) if round_number % 2 else (deny, publish_again)
        answers = race(shop, *runners, behind="LOCK TABLE mandate IN ACCESS EXCLUSIVE MODE")
        published = next(answer for answer in answers if answer != "denied")
        assert published == "published" or (isinstance(published, Conflict) and published.code == "listing_denied")
        with shop.app_context():
            assert db.session.get_one(Listing, ids[2]).state == ListingState.WITHDRAWN
            assert len(db.session.scalars(select(ListingDenial).filter_by(listing_id=ids[2])).all()) == 1


def test_two_denials_at_once_are_one(shop: Flask) -> None:
    with shop.app_context(), transaction():
        house, holder = factories.producer(), officer()
        recorded(house, holder)
        listing = factories.listing(house)
        with audit.on_behalf_of(house.public_id, actor=holder.public_id, mandate="m"):
            publish(listing, actor=holder.public_id, now=NOW)
        ids = (house.id, listing.id)

    def deny() -> str:
        house, listing = db.session.get_one(Producer, ids[0]), db.session.get_one(Listing, ids[1])
        with transaction():
            return deny_listing(listing, house, Answered.SIGNED_IN, actor="test", now=NOW).public_id

    answers = race(shop, deny, deny, behind="LOCK TABLE mandate IN ACCESS EXCLUSIVE MODE")
    assert len(set(answers)) == 1
    assert isinstance(answers[0], str)
