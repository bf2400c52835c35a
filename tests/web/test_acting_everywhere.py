"""Every page and operation of the farmer's side, one by one, for its own farm, for holders of mandates, and for all others."""

from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from marketplace.catalogue.models import Producer
from marketplace.identity.mandate_states import MandateAction
from marketplace.identity.mandates import end_mandate, get_mandate, open_mandate
from marketplace.identity.models import Account, Answered, HolderRole, Mandate, RoleKind, Scope
from marketplace.identity.service import issue_token
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent, check_chain
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import ClaimStep
from marketplace.web import acting
from marketplace.web.acting import HEADER
from tests.web.desk_world import POOR_VILLAGE, make_account, without_csrf
from tests.web.farm_things import GET, HOUSEHOLD, OF_MANDATES, OPERATIONS, Operation, Things
from tests.web.mandate_world import MandateWorld, kinds

# What a household hears of when everything of the table has been done in its name.
TOLD = {
    *("listed", "withdrawn", "changed", "stocked", "sent", "shown", "harvested", "put_off", "certified", "weighed", "brought"),
    "looked_at",
    *("claim.paid", "claim.offered", "claim.refused", "wrote", "replied"),
}


class Person:
    """Somebody with a browser and a program, who works for a farm or says so."""

    def __init__(self, client: FlaskClient, account: Account, farm: Producer | None = None) -> None:
        self.client, self.account, self.farm = client, account, farm
        with transaction():
            self.token, _ = issue_token(account, now=clock.now())

    def ask(self, things: Things, key: tuple[str, str], operation: Operation) -> TestResponse:
        """Ask for a page or do an act, in the browser or as a program."""
        db.session.commit()
        vars(g._get_current_object()).clear()
        endpoint, method = key
        headers = {"Accept-Language": "en"}
        with self.client.session_transaction() as kept:
            kept.clear()
            if not endpoint.startswith("api-"):
                kept["_user_id"] = f"{self.account.id}:{self.account.session_epoch}"
                if self.farm is not None:
                    kept["acting_for"] = self.farm.public_id
        if endpoint.startswith("api-"):
            headers["Authorization"] = f"Bearer {self.token}"
            if self.farm is not None:
                headers[HEADER] = self.farm.public_id
        answer = self.client.open(operation.path(things), method=method, headers=headers, **operation.body(things))
        # A file that is sent is open until it has been read.
        answer.get_data()
        answer.close()
        return answer


@pytest.fixture
def world(session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> MandateWorld:
    without_csrf(app, monkeypatch)
    return MandateWorld()


def holder_of(client: FlaskClient, world: MandateWorld, scopes: frozenset[Scope]) -> Person:
    """An officer of the village with a mandate for exactly this."""
    officer = make_account(RoleKind.OFFICER, POOR_VILLAGE, "holder")
    world.mandate(scopes, holder=officer)
    return Person(client, officer, world.house)


def ended(mandate: Mandate) -> None:
    with transaction():
        locked = get_mandate(mandate.public_id, lock=True)
        end_mandate(locked, MandateAction.REVOKE, Answered.CODE, actor="test", now=clock.now())


def without(needed: tuple[set[Scope], ...]) -> list[frozenset[Scope]]:
    """The widest mandates that do not cover this."""
    everything = frozenset(Scope)
    if len(needed) > 1:
        return [everything - frozenset().union(*needed)]
    return [everything - {scope} for scope in needed[0]]


def last_event() -> int:
    return db.session.scalar(select(AuditEvent.id).order_by(AuditEvent.id.desc()).limit(1)) or 0


def events_since(event_id: int) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.id > event_id).order_by(AuditEvent.id)))


def opened() -> Iterable[tuple[tuple[str, str], Operation]]:
    return ((key, operation) for key, operation in OPERATIONS.items() if operation.needed != HOUSEHOLD)


def test_the_table_has_every_page_and_operation_of_the_farmers_side(app: Flask) -> None:
    found: dict[tuple[str, str], tuple[set[Scope], ...]] = {}
    for rule in app.url_map.iter_rules():
        scopes = getattr(app.view_functions[rule.endpoint], "scopes", ())
        if rule.rule.startswith(("/farm", "/api/v1/farm")) or scopes:
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                found[rule.endpoint, method] = tuple(set(some) for some in scopes)
    of_mandates = {key for key in found if key[0].startswith(OF_MANDATES)}
    assert {found.pop(key) for key in of_mandates} == {HOUSEHOLD}
    assert found == {key: operation.needed for key, operation in OPERATIONS.items()}


def test_a_farm_does_all_of_it_for_itself(client: FlaskClient, world: MandateWorld) -> None:
    things, farmer = Things(world, world.farm), Person(client, world.farmer)
    before = last_event()
    for key, operation in OPERATIONS.items():
        answer = farmer.ask(things, key, operation)
        assert answer.status_code == operation.status, f"{key}: {answer.text[:2000]}"
    assert {event.on_behalf_of for event in events_since(before)} == {None}


def test_a_holder_does_what_the_mandate_is_for_in_the_households_name_and_the_household_is_told(
    client: FlaskClient, world: MandateWorld
) -> None:
    things, people = Things(world, world.house), {}
    before = last_event()
    for key, operation in opened():
        for scopes in map(frozenset, operation.needed):
            person = people.get(scopes) or people.setdefault(scopes, holder_of(client, world, scopes))
            started = last_event()
            answer = person.ask(things, key, operation)
            assert answer.status_code == operation.status, f"{key}: {answer.text[:2000]}"
            done = [event for event in events_since(started) if event.actor == person.account.public_id]
            assert {event.on_behalf_of for event in done} <= {world.house.public_id}
            assert {event.data["role"] for event in done} <= {HolderRole.OFFICER.value}
            if key[1] == GET and not key[0].startswith("api-") and (answer.mimetype, answer.status_code) == ("text/html", 200):
                assert "You act for Kala village farm 7" in answer.text, key
    verbs = {event.verb for event in events_since(before) if event.on_behalf_of is not None}
    assert {"claim.accept", "claim.offer", "claim.refuse", "message.sent", "order.weighed", "photo.added"} <= verbs
    assert set(kinds()) >= TOLD
    steps = db.session.scalars(select(ClaimStep).where(ClaimStep.party == "seller")).all()
    assert {step.account_id for step in steps} == {people[frozenset({Scope.ANSWER})].account.id}
    assert check_chain()[1] is None


def test_nobody_else_is_let_in_and_nothing_is_done(client: FlaskClient, world: MandateWorld) -> None:
    things, narrow = Things(world, world.house), {}
    past = holder_of(client, world, frozenset(Scope))
    ended(db.session.scalars(select(Mandate).filter_by(holder_id=past.account.id)).one())
    # A cooperative whose mandate is for everything; what is the household's own stays closed to it.
    everything = Person(client, world.manager, world.house)
    world.mandate(holder=world.manager, role=HolderRole.COOPERATIVE)
    strangers = [past, Person(client, world.neighbour, world.house), Person(client, make_account(name="stranger"), world.house)]
    before = last_event()
    for key, operation in OPERATIONS.items():
        if operation.needed == HOUSEHOLD:
            others = [everything]
        else:
            sets = without(operation.needed)
            others = [narrow.get(some) or narrow.setdefault(some, holder_of(client, world, some)) for some in sets]
        for person in (*strangers, *others):
            answer = person.ask(things, key, operation)
            assert answer.status_code == 403, f"{key} as {person.account.display_name}: {answer.text[:2000]}"
    verbs = {event.verb for event in events_since(before)}
    assert verbs == {"mandate.proposed", "mandate.in_force", "token.issued"}


def test_a_neighbour_finds_nothing_of_the_farm_among_its_own(client: FlaskClient, world: MandateWorld) -> None:
    things, neighbour = Things(world, world.house), Person(client, world.neighbour)
    before = last_event()
    for key, operation in OPERATIONS.items():
        of_one_thing = any(character.isdigit() for character in operation.path(things).removeprefix("/api/v1"))
        if of_one_thing:
            assert neighbour.ask(things, key, operation).status_code == 404, key
    assert events_since(before) == []


def test_an_act_is_refused_when_its_mandate_ends_after_the_look_and_before_the_deed(
    client: FlaskClient, world: MandateWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    things, officer = Things(world, world.house), Person(client, world.officer, world.house)

    def ends_right_after(*given: Any, **named: Any) -> Mandate:
        mandate = open_mandate(*given, **named)
        ended(mandate)
        return mandate

    monkeypatch.setattr(acting, "open_mandate", ends_right_after)
    told = kinds()
    for key, operation in opened():
        if key[1] != GET:
            mandate = world.mandate(frozenset(operation.needed[0]))
            answer = officer.ask(things, key, operation)
            assert (answer.status_code, mandate.state) == (403, "revoked"), f"{key}: {answer.text[:2000]}"
    assert db.session.scalars(select(AuditEvent).where(AuditEvent.on_behalf_of.is_not(None))).all() == []
    assert kinds() == told


def test_a_program_that_names_a_farm_where_none_can_be_named_is_refused(client: FlaskClient, world: MandateWorld) -> None:
    world.mandate()
    officer = Person(client, world.officer, world.house)
    key, mine = ("api-mandates.mandates", GET), Operation(HOUSEHOLD, 200, lambda _things: "/api/v1/mandates")
    answer = officer.ask(Any, key, mine)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json["code"]) == (403, "own_farm_only")
    officer.farm = None
    assert officer.ask(Any, key, mine).json["held"][0]["farm"] == world.house.public_id  # type: ignore[arg-type]
