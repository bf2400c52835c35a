"""Assets, values, contracts: two persons, a floor not below the reference, units neither made nor lost."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.equity.contracts import discard_contract, draft_contract, end_contract, enter_asset, sign_contract, value_asset
from marketplace.equity.models import AssetKind, EquityContract, ShareMove
from marketplace.equity.queries import holdings_of, newest_value_fen
from marketplace.equity.states import ContractState
from marketplace.identity.models import RoleKind
from marketplace.kernel.errors import Conflict, Forbidden, Invalid
from marketplace.registry.reading import unbounded
from tests import factories
from tests.equity.world import TERMS, signed, world
from tests.factories import NOW, TODAY


def test_a_contract_rests_on_the_newest_value(acting: Session) -> None:
    here = world(value_fen=500)
    value_asset(here.asset, 700, TODAY, "报告 2", by=here.first, now=NOW)
    value_asset(here.asset, 900, TODAY - timedelta(days=1), "报告 3", by=here.first, now=NOW)
    assert newest_value_fen(here.asset.id) == 700
    assert signed(here).principal_fen == 700


def test_the_second_person_signs_and_twice_is_once(acting: Session) -> None:
    here = world()
    contract = draft_contract(here.asset, TERMS, here.units(), by=here.first, now=NOW)
    with pytest.raises(Forbidden) as refused:
        sign_contract(contract, by=here.first, now=NOW)
    assert refused.value.code == "same_person"
    assert contract.state == ContractState.DRAFTED
    assert sign_contract(contract, by=here.second, now=NOW)
    assert not sign_contract(contract, by=here.second, now=NOW)


def test_the_database_itself_refuses_one_person_for_both(acting: Session) -> None:
    here = world()
    contract = draft_contract(here.asset, TERMS, here.units(), by=here.first, now=NOW)
    both = text("UPDATE equity_contract SET state = 'signed', signed_by_id = drafted_by_id WHERE id = :id")
    with pytest.raises(IntegrityError, match="two_persons"), acting.begin_nested():
        acting.execute(both, {"id": contract.id})
    acting.refresh(contract)
    assert contract.state == ContractState.DRAFTED


def test_a_floor_below_the_reference_rate_is_refused_and_one_at_it_is_not(acting: Session) -> None:
    here = world()
    with pytest.raises(Invalid) as refused:
        draft_contract(here.asset, replace(TERMS, floor_bp=349), here.units(), by=here.first, now=NOW)
    assert refused.value.code == "floor_too_low"
    assert refused.value.data == {"floor": "3.49", "reference": "3.5"}
    assert acting.scalars(select(EquityContract)).first() is None
    assert draft_contract(here.asset, replace(TERMS, floor_bp=350), here.units(), by=here.first, now=NOW).reference_bp == 350


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ends_on": TERMS.begins_on}, "term_backward"),
        ({"agreed_bp": 10_001}, "ratio_range"),
        ({"preferred_bp": -1}, "ratio_range"),
    ],
)
def test_terms_that_cannot_be_are_named(acting: Session, change: dict, code: str) -> None:
    here = world()
    with pytest.raises(Invalid) as refused:
        draft_contract(here.asset, replace(TERMS, **change), here.units(), by=here.first, now=NOW)
    assert refused.value.code == code


def test_units_go_to_households_of_the_area_and_to_somebody(acting: Session) -> None:
    here = world()
    elsewhere = factories.household("522636200001")
    for units, code in (
        ({}, "units_wrong"),
        ({here.households[0].id: 0}, "units_wrong"),
        ({elsewhere.id: 1}, "holder_elsewhere"),
        ({10**9: 1}, "holder_elsewhere"),
    ):
        with pytest.raises(Invalid) as refused:
            draft_contract(here.asset, TERMS, units, by=here.first, now=NOW)
        assert refused.value.code == code


def test_one_asset_works_for_one_operator_until_the_draft_is_dropped(acting: Session) -> None:
    here = world()
    contract = draft_contract(here.asset, TERMS, here.units(), by=here.first, now=NOW)
    with pytest.raises(Conflict) as refused:
        draft_contract(here.asset, TERMS, here.units(), by=here.first, now=NOW)
    assert refused.value.code == "asset_taken"
    assert discard_contract(contract, by=here.second, now=NOW)
    assert draft_contract(here.asset, TERMS, here.units(), by=here.first, now=NOW).state == ContractState.DRAFTED


def test_officers_of_other_areas_and_levels_do_nothing(acting: Session) -> None:
    here = world()
    contract = draft_contract(here.asset, TERMS, here.units(), by=here.first, now=NOW)
    for area in ("522636200", "52", factories.VILLAGE):
        other = factories.account((RoleKind.OFFICER, area))
        with pytest.raises(Forbidden):
            sign_contract(contract, by=other, now=NOW)
        with pytest.raises(Forbidden):
            enter_asset(AssetKind.FOREST, "林地", factories.VILLAGE, by=other, now=NOW)
    assert contract.state == ContractState.DRAFTED


def test_without_a_rate_of_the_province_there_is_no_contract(acting: Session) -> None:
    here = world()
    acting.execute(text("DELETE FROM rule_change WHERE name = 'equity_reference_rate_bp'"))
    with pytest.raises(Invalid) as refused:
        draft_contract(here.asset, TERMS, here.units(), by=here.first, now=NOW)
    assert refused.value.code == "rule_missing"


def test_ending_before_the_term_needs_a_reason(acting: Session) -> None:
    here = world()
    contract = signed(here)
    with pytest.raises(Invalid) as refused:
        end_contract(contract, " ", by=here.second, now=NOW)
    assert refused.value.code == "reason_missing"
    assert end_contract(contract, "经营不善", by=here.second, now=NOW)
    past = signed(here, replace(TERMS, ends_on=date(2026, 1, 1)))
    assert end_contract(past, "", by=here.second, now=NOW)


def _move(contract: EquityContract, household_id: int, units: int, kind: str = "exit") -> dict:
    return {
        "contract_id": contract.id,
        "household_id": household_id,
        "village_code": factories.VILLAGE,
        "kind": kind,
        "units": units,
        "at": NOW,
    }


def test_the_database_refuses_units_that_are_made_lost_or_held_without_a_move(acting: Session) -> None:
    here = world()
    contract = signed(here)
    one, other = here.households[:2]
    statements = (
        ("made nor lost", insert(ShareMove).values([_move(contract, one.id, 1)]), {}),
        ("made nor lost", insert(ShareMove).values([_move(contract, one.id, -1)]), {}),
        ("made nor lost", insert(ShareMove).values([_move(contract, one.id, 3, "issue")]), {}),
        ("units_not_negative", insert(ShareMove).values([_move(contract, one.id, -2), _move(contract, other.id, 2)]), {}),
        ("by moves alone", text("UPDATE share_holding SET units = units + 1 WHERE contract_id = :id"), {"id": contract.id}),
        ("by moves alone", text("DELETE FROM share_holding WHERE contract_id = :id"), {"id": contract.id}),
        ("append", text("UPDATE share_move SET units = 2 WHERE contract_id = :id"), {"id": contract.id}),
    )
    for named, statement, values in statements:
        with pytest.raises(Exception, match=named), acting.begin_nested():
            acting.execute(unbounded(statement, "a test"), values)
    assert holdings_of(contract) == here.units()
