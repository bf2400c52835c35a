"""Rounds: committed to before the draw, drawn again by anybody, filled from outside, closed by two, and then left alone."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.audits import drawing
from marketplace.audits.models import AuditHousehold, AuditPayment, AuditProject, AuditRound, AuditStratum, StratumKind
from marketplace.audits.queries import (
    auditors_outside,
    get_own_household,
    household_frame,
    households_of,
    own_households,
    own_payments,
    own_rounds,
    payment_frame,
    payments_of,
    progress_of,
    project_frame,
    projects_of,
    strata_of,
)
from marketplace.audits.service import (
    HouseholdFindings,
    assign_auditor,
    close_round,
    discard_round,
    draw_sample,
    find_at_household,
    find_of_payment,
    open_round,
    propose_closing,
    return_round,
)
from marketplace.audits.states import RoundState
from marketplace.identity.models import Role, RoleKind
from marketplace.kernel.db import db
from marketplace.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.registry import precision_rules
from marketplace.registry.reading import unbounded
from marketplace.registry.rules import set_rule
from tests import factories
from tests.audits.county import CITY, COUNTY, GOOD, NOBODY, TOWNSHIP, VILLAGES, closed, county, drawn, looked_at, project
from tests.factories import NOW, TODAY


def test_a_round_is_opened_from_above_and_never_by_the_countys_own_line(acting: Session) -> None:
    here = county()
    both = factories.account((RoleKind.OFFICER, CITY), (RoleKind.OFFICER, TOWNSHIP))
    for who in (here.own, here.auditor, both):
        with pytest.raises(Forbidden) as refused:
            open_round(COUNTY, by=who, now=NOW)
        assert refused.value.code == "audit_level"
    with pytest.raises(Invalid) as bad:
        open_round(TOWNSHIP, by=here.first, now=NOW)
    assert bad.value.code == "audit_county"
    open_round(COUNTY, by=here.first, now=NOW)
    with pytest.raises(Conflict) as twice:
        open_round(COUNTY, by=here.second, now=NOW)
    assert twice.value.code == "audit_running"
    assert db.session.scalars(select(AuditRound.state)).all() == ["opened"]


def test_the_sample_follows_from_the_seed_that_was_committed_to(acting: Session) -> None:
    here = county(6)
    built = project()
    province = factories.account((RoleKind.OFFICER, "52"))
    for name in precision_rules.HOUSEHOLDS.values():
        set_rule(name, "52", TODAY, 8, "黔开发〔2026〕3号", by=province, now=NOW)
    row = open_round(COUNTY, by=here.first, now=NOW)
    committed = row.seed_hash
    assert draw_sample(row, by=here.first, now=NOW)
    assert not draw_sample(row, by=here.second, now=NOW)
    assert drawing.seed_hash(row.seed) == committed
    frame = household_frame(COUNTY, TODAY)
    amounts = {one.reference: one.amount_fen for one in payment_frame(COUNTY, TODAY)}
    approved = {one.reference: one.approved_fen for one in project_frame(COUNTY)}
    assert approved == {built.reference: 10_000_000}
    told = [(one.kind, one.township, one.household.public_id) for one in frame]
    assert row.frame_hash == drawing.frame_hash(told, {**amounts, **approved})
    sizes = {(one.kind, one.area_code): (one.size, one.drawn) for one in strata_of([row])}
    assert sizes[StratumKind.PROJECT, COUNTY] == (10_000_000, 60)
    # Eight of twelve of a kind are drawn, half of them in each township; two more are registered for whom the project is.
    first, second = (village[:9] for village in VILLAGES)
    drawn_of = {(kind, township): (6, 4) for kind in GOOD for township in (first, second)}
    drawn_of |= {(StratumKind.REGISTERED, first): (8, 5)}
    assert {key: size for key, size in sizes.items() if key[0] in set(GOOD)} == drawn_of
    again = {
        name
        for kind in GOOD
        for village in VILLAGES
        for name in drawing.drawn(
            row.seed,
            [one.household.public_id for one in frame if one.kind == kind and one.township == village[:9]],
            sizes[kind, village[:9]][1],
        )
    }
    ids = {one.household.id: one.household.public_id for one in frame}
    assert {ids[unit.household_id] for unit in households_of([row])} == again
    assert {unit.amount_fen: unit.draws for unit in payments_of([row])} == {
        amounts[name]: draws for name, draws in drawing.drawn_fen(row.seed, amounts, 60).items()
    }
    assert [(unit.project_id, unit.amount_fen, unit.draws) for unit in projects_of([row])] == [(built.id, 10_000_000, 60)]


def test_the_frame_tells_who_is_registered_who_left_and_who_never_was(acting: Session) -> None:
    here = county(1)
    ended = factories.household(registered_from=TODAY - timedelta(days=900), registered_until=TODAY - timedelta(days=9))
    frame = {one.household.id: one.kind for one in household_frame(COUNTY, TODAY)}
    assert frame == {each.id: kind for kind, own in here.households.items() for each in own} | {ended.id: StratumKind.EXITED}
    assert household_frame("522601", TODAY) == []
    assert {one.amount_fen for one in payment_frame(COUNTY, TODAY + timedelta(days=365))} == {10_000, 100_000}
    assert payment_frame(COUNTY, TODAY + timedelta(days=366)) == []
    assert payment_frame("522601", TODAY) == []


def test_a_drawn_round_cannot_be_dropped_to_draw_again(acting: Session) -> None:
    here = county()
    first = open_round(COUNTY, by=here.first, now=NOW)
    assert discard_round(first, by=here.first, now=NOW)
    assert not discard_round(first, by=here.first, now=NOW)
    row = drawn(here)
    with pytest.raises(Conflict) as refused:
        discard_round(row, by=here.first, now=NOW)
    assert (refused.value.code, row.state) == ("audit_round_state", "drawn")


def test_only_auditors_from_outside_the_line_are_sent(acting: Session) -> None:
    here = county()
    row = open_round(COUNTY, by=here.first, now=NOW)
    neighbour = factories.account((RoleKind.AUDITOR, "522601"), name="邻县审计")
    for who in (
        factories.account((RoleKind.AUDITOR, COUNTY)),
        factories.account((RoleKind.AUDITOR, "52"), (RoleKind.OFFICER, CITY)),
        factories.account((RoleKind.AUDITOR, "52"), (RoleKind.OFFICER, TOWNSHIP)),
        here.own,
    ):
        with pytest.raises(Forbidden) as refused:
            assign_auditor(row, who, COUNTY, by=here.first, now=NOW)
        assert refused.value.code == "audit_not_outside"
    assert {one.id for one in auditors_outside(COUNTY)} == {here.auditor.id, neighbour.id}
    assign_auditor(row, neighbour, TOWNSHIP, by=here.first, now=NOW)
    for area, code, error in ((TOWNSHIP, "audit_assigned", Conflict), (VILLAGES[0], "audit_elsewhere", Invalid)):
        with pytest.raises(error) as again:
            assign_auditor(row, neighbour, area, by=here.first, now=NOW)
        assert again.value.code == code


def test_an_auditor_sees_the_own_part_alone_and_nothing_once_an_officer_of_the_line(acting: Session) -> None:
    here = county()
    row = drawn(here)
    part = factories.account((RoleKind.AUDITOR, "522601"))
    assign_auditor(row, part, TOWNSHIP, by=here.first, now=NOW)
    assert {house.village_code for _, house in own_households(part, row)} == {VILLAGES[0]}
    assert len(own_payments(part, row)) == len(payments_of([row]))
    other = next(unit for unit, house in own_households(here.auditor, row) if house.village_code == VILLAGES[1])
    with pytest.raises(NotFound):
        get_own_household(other.public_id, part)
    assert own_rounds(part) == [row]
    unit = own_households(part, row)[0][0]
    part.roles.append(Role(kind=RoleKind.OFFICER, scope_code=COUNTY))
    db.session.flush()
    assert (own_rounds(part), own_households(part, row)) == ([], [])
    with pytest.raises(Forbidden):
        find_at_household(unit, NOBODY, by=part, now=NOW)
    assert progress_of(row).done == 0


@pytest.mark.parametrize(
    ("kind", "findings"),
    [
        (StratumKind.REGISTERED, HouseholdFindings(in_place=True)),
        (StratumKind.EXITED, HouseholdFindings(in_place=True)),
        (StratumKind.UNREGISTERED, HouseholdFindings(in_place=True, satisfied=True)),
        (StratumKind.UNREGISTERED, HouseholdFindings()),
        (StratumKind.UNREGISTERED, HouseholdFindings(in_place=True, unreached=NOBODY.unreached)),
    ],
)
def test_a_household_is_answered_for_as_its_kind_is_asked(
    acting: Session, kind: StratumKind, findings: HouseholdFindings
) -> None:
    here = county()
    row = drawn(here)
    unit = next(unit for unit, _ in own_households(here.auditor, row) if unit.kind == kind)
    with pytest.raises(Invalid) as refused:
        find_at_household(unit, findings, by=here.auditor, now=NOW)
    assert (refused.value.code, unit.in_place, unit.found_at) == ("audit_answers", None, None)


def test_two_persons_close_what_is_complete(acting: Session) -> None:
    here = county()
    row = drawn(here)
    with pytest.raises(Conflict) as waits:
        propose_closing(row, by=here.first, now=NOW)
    assert waits.value.code == "audit_waits"
    looked_at(here, row)
    assert propose_closing(row, by=here.first, now=NOW)
    unit = own_households(here.auditor, row)[0][0]
    with pytest.raises(Conflict) as over:
        find_at_household(unit, NOBODY, by=here.auditor, now=NOW)
    assert over.value.code == "audit_over"
    with pytest.raises(Forbidden) as same:
        close_round(row, by=here.first, now=NOW)
    assert same.value.code == "same_person"
    assert return_round(row, by=here.second, now=NOW)
    find_at_household(unit, NOBODY, by=here.auditor, now=NOW)
    assert propose_closing(row, by=here.second, now=NOW)
    with pytest.raises(Forbidden):
        close_round(row, by=here.own, now=NOW)
    assert close_round(row, by=here.first, now=NOW)
    assert not close_round(row, by=here.first, now=NOW)
    assert (row.state, row.closed_by_id, row.proposed_by_id) == (RoundState.CLOSED, here.first.id, here.second.id)
    with pytest.raises(Conflict):
        find_of_payment(payments_of([row])[0], False, False, by=here.auditor, now=NOW)


def test_in_a_closed_round_the_database_itself_lets_nothing_change(acting: Session) -> None:
    here = county(1)
    project()
    closed(here)
    for change in (
        update(AuditHousehold).values(in_place=False),
        update(AuditHousehold).values(persons=9),
        update(AuditPayment).values(reached_payee=False),
        update(AuditProject).values(serves=False),
        update(AuditStratum).values(size=9),
        update(AuditRound).values(state="drawn", proposed_by_id=None, closed_by_id=None, closed_at=None),
        update(AuditRound).values(poor_persons=0),
        delete(AuditHousehold),
        delete(AuditPayment),
        delete(AuditProject),
        delete(AuditStratum),
        delete(AuditRound),
    ):
        with pytest.raises(IntegrityError), acting.begin_nested():
            acting.execute(unbounded(change, "a test"))


def test_what_was_committed_to_and_drawn_stays_while_auditors_look(acting: Session) -> None:
    drawn(county(1))
    for change in (
        update(AuditRound).values(seed_hash="0" * 64),
        update(AuditHousehold).values(persons=7),
        update(AuditPayment).values(draws=1000),
    ):
        with pytest.raises(IntegrityError), acting.begin_nested():
            acting.execute(unbounded(change, "a test"))
