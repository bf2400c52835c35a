"""Assets, what they are worth, and the contracts that put them to work: drafted by one officer, signed by another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert

from marketplace.equity.models import Asset, AssetKind, EquityContract, MoveKind, OnExit, ShareMove, Valuation, Way
from marketplace.equity.queries import newest_value_fen
from marketplace.equity.states import CONTRACTS, ContractAction, ContractState
from marketplace.identity.models import Account
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.regions.codes import contains
from marketplace.regions.queries import get_area
from marketplace.registry.models import Household
from marketplace.registry.offices import check_office, check_second_person
from marketplace.registry.rules import find_rule

# The least that a floor may be, in ten-thousandths of the principal a year; a province sets it by a document.
REFERENCE_RATE = "equity_reference_rate_bp"
# As many as one statement can write.
MOST_HOLDERS = 5_000


@dataclass(frozen=True)
class ContractTerms:
    """What two parties have agreed, as it stands on paper."""

    way: Way
    operator: str
    floor_bp: int
    agreed_bp: int
    preferred_bp: int
    on_exit: OnExit
    begins_on: date
    ends_on: date


def enter_asset(kind: AssetKind, name: str, area_code: str, *, by: Account, now: datetime) -> Asset:
    """Write down what a village can put to work."""
    area = get_area(area_code)
    check_office(by, area.code)
    asset = Asset(kind=kind, name=name, area_code=area.code, entered_by_id=by.id, entered_at=now)
    db.session.add(asset)
    db.session.flush()
    audit.record("equity.asset_entered", "equity_asset", asset.public_id, actor=by.public_id, at=now, kind=kind.value)
    return asset


def value_asset(asset: Asset, value_fen: int, valued_on: date, source: str, *, by: Account, now: datetime) -> Valuation:
    """Write down what an asset was found to be worth; a contract rests on the newest.

    Raises
    ------
    Invalid
        ``value_positive``, ``value_day`` for a day to come.
    """
    check_office(by, asset.area_code)
    if value_fen <= 0:
        raise Invalid("value_positive", N_("A value must be more than nothing."))
    if valued_on > local_day(now):
        raise Invalid("value_day", N_("A valuation cannot be of a day to come."))
    row = Valuation(
        asset_id=asset.id, value_fen=value_fen, valued_on=valued_on, source=source, entered_by_id=by.id, entered_at=now
    )
    db.session.add(row)
    db.session.flush()
    audit.record("equity.valued", "equity_asset", asset.public_id, actor=by.public_id, at=now, value_fen=value_fen)
    return row


def draft_contract(
    asset: Asset, terms: ContractTerms, units: Mapping[int, int], *, by: Account, now: datetime
) -> EquityContract:
    """Draft a contract over an asset at its newest value, with the units that each household is to hold.

    Parameters
    ----------
    units : mapping of household id to int
        Whole units, more than nothing each; households of the asset's area.

    Raises
    ------
    Invalid
        ``value_missing`` without a valuation; ``rule_missing`` where no reference rate is known; ``floor_too_low``;
        ``ratio_range``; ``term_backward``; ``units_wrong``; ``holders_too_many``; ``holder_elsewhere``.
    Conflict
        ``asset_taken`` while another contract over the asset is drafted or runs.
    """
    check_office(by, asset.area_code)
    lock_rows(Asset, [asset.id])
    principal_fen = newest_value_fen(asset.id)
    if principal_fen is None:
        raise Invalid("value_missing", N_("The asset has no valuation yet."))
    reference = find_rule(REFERENCE_RATE, asset.area_code, local_day(now))
    if reference is None:
        raise Invalid("rule_missing", N_("No reference rate is set here. The province has to set one first."))
    _check_terms(terms, int(reference.value))
    holders = _holders(asset, units)
    if (
        db.session.query(EquityContract)
        .filter(EquityContract.asset_id == asset.id, EquityContract.state.in_([ContractState.DRAFTED, ContractState.SIGNED]))
        .first()
    ):
        raise Conflict("asset_taken", N_("There is a contract over this asset already."))
    contract = EquityContract(
        reference=ids.reference("EQ", local_day(now)),
        asset_id=asset.id,
        area_code=asset.area_code,
        way=terms.way,
        operator=terms.operator,
        principal_fen=principal_fen,
        units=sum(units.values()),
        floor_bp=terms.floor_bp,
        reference_bp=int(reference.value),
        reference_source=reference.source,
        agreed_bp=terms.agreed_bp,
        preferred_bp=terms.preferred_bp,
        on_exit=terms.on_exit,
        begins_on=terms.begins_on,
        ends_on=terms.ends_on,
        drafted_by_id=by.id,
        drafted_at=now,
    )
    db.session.add(contract)
    db.session.flush()
    move_units(contract, {household: units[household.id] for household in holders}, MoveKind.ISSUE, now=now)
    audit.record("equity.drafted", "equity_contract", contract.public_id, actor=by.public_id, at=now, units=contract.units)
    return contract


def move_units(
    contract: EquityContract, gains: Mapping[Household, int], kind: MoveKind, *, now: datetime, handover_id: int | None = None
) -> None:
    """Write what each household gains or loses, in one statement, so that the database sees that none is made or lost."""
    db.session.execute(
        insert(ShareMove).values(
            [
                {
                    "contract_id": contract.id,
                    "household_id": household.id,
                    "village_code": household.village_code,
                    "kind": kind,
                    "units": units,
                    "handover_id": handover_id,
                    "at": now,
                }
                for household, units in gains.items()
            ]
        )
    )


def _check_terms(terms: ContractTerms, reference_bp: int) -> None:
    if terms.ends_on <= terms.begins_on:
        raise Invalid("term_backward", N_("A contract must end after it begins."))
    if not all(0 <= part <= 10_000 for part in (terms.floor_bp, terms.agreed_bp, terms.preferred_bp)):
        raise Invalid("ratio_range", N_("A ratio lies between 0 and 100 per cent."))
    if terms.floor_bp < reference_bp:
        raise Invalid(
            "floor_too_low",
            N_("The floor of %(floor)s %% is below the reference rate of %(reference)s %%."),
            floor=f"{terms.floor_bp / 100:g}",
            reference=f"{reference_bp / 100:g}",
        )


def _holders(asset: Asset, units: Mapping[int, int]) -> list[Household]:
    if not units or any(count <= 0 for count in units.values()):
        raise Invalid("units_wrong", N_("Each household must have at least one unit, and somebody must have one."))
    if len(units) > MOST_HOLDERS:
        raise Invalid(
            "holders_too_many", N_("A contract has at most %(most)s households. Please divide it."), most=MOST_HOLDERS
        )
    holders = list(lock_rows(Household, list(units)).values())
    if len(holders) != len(units) or any(not contains(asset.area_code, each.village_code) for each in holders):
        raise Invalid("holder_elsewhere", N_("Shares can only go to households of the area."))
    return holders


def sign_contract(contract: EquityContract, *, by: Account, now: datetime) -> bool:
    """The second officer's word: the contract runs; False when it did already.

    Raises
    ------
    Forbidden
        ``same_person`` for the officer who drafted it, ``other_level``.
    Conflict
        ``equity_contract_state``.
    """
    contract = _locked(contract)
    check_office(by, contract.area_code)
    check_second_person(by, contract.drafted_by_id)
    if not _move(contract, ContractAction.SIGN):
        return False
    contract.signed_by_id, contract.signed_at = by.id, now
    db.session.flush()
    audit.record("equity.signed", "equity_contract", contract.public_id, actor=by.public_id, at=now)
    return True


def discard_contract(contract: EquityContract, *, by: Account, now: datetime) -> bool:
    """Drop a draft, by either officer; its asset is free again."""
    contract = _locked(contract)
    check_office(by, contract.area_code)
    if not _move(contract, ContractAction.DISCARD):
        return False
    db.session.flush()
    audit.record("equity.discarded", "equity_contract", contract.public_id, actor=by.public_id, at=now)
    return True


def end_contract(contract: EquityContract, reason: str, *, by: Account, now: datetime) -> bool:
    """End a contract, at its term or because the operator has failed; what is owed stays owed.

    Raises
    ------
    Invalid
        ``reason_missing`` before the term is over without a reason.
    """
    contract = _locked(contract)
    check_office(by, contract.area_code)
    if contract.ends_on > local_day(now) and not reason.strip():
        raise Invalid("reason_missing", N_("Please say why the contract ends before its time."))
    if not _move(contract, ContractAction.END):
        return False
    contract.ended_at = now
    db.session.flush()
    audit.record("equity.ended", "equity_contract", contract.public_id, actor=by.public_id, at=now, reason=reason.strip()[:200])
    return True


def _locked(contract: EquityContract) -> EquityContract:
    return lock_rows(EquityContract, [contract.id])[contract.id]


def _move(contract: EquityContract, action: ContractAction) -> bool:
    state = CONTRACTS.next_state(ContractState(contract.state), action)
    if state is None:
        return False
    contract.state = state
    return True
