"""Where a leaving household's units go: proposed by one officer, decided by another, none lost."""

from datetime import datetime

from sqlalchemy import select

from marketplace.equity.contracts import move_units
from marketplace.equity.dividends import revert_units
from marketplace.equity.models import EquityContract, MoveKind, OnExit, ShareHandover
from marketplace.equity.queries import holdings_of, leaving, open_handovers
from marketplace.equity.states import HANDOVERS, ContractState, HandoverAction, HandoverState
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.regions.codes import contains
from marketplace.registry.models import Household
from marketplace.registry.offices import check_office, check_second_person
from marketplace.registry.queries import registered_households
from marketplace.registry.reading import unbounded

_LOCKED = "shares of a contract that was read within somebody's reach"


def propose_handover(
    contract: EquityContract, household: Household, heir: Household | None, *, by: Account, now: datetime
) -> ShareHandover:
    """Propose where a leaving household's units go: to a registered household, or without one to all that stay, equally.

    Raises
    ------
    Conflict
        ``not_leaving`` for a household that is still registered or holds nothing; ``handover_open`` when one is proposed.
    Invalid
        ``heir_wrong`` for a household that is not registered, not of the area or the same; ``heir_not_agreed`` where the
        contract says that the units go to all.
    """
    contract = lock_rows(EquityContract, [contract.id])[contract.id]
    check_office(by, contract.area_code)
    today = local_day(now)
    if contract.state != ContractState.SIGNED or household.id not in leaving(contract, today):
        raise Conflict("not_leaving", N_("This household keeps its shares: it has not left the registry."))
    if any(row.household_id == household.id for row in open_handovers(contract)):
        raise Conflict("handover_open", N_("This is proposed already and waits for a second officer."))
    if heir is not None:
        _check_heir(contract, household, heir, now)
    row = ShareHandover(
        contract_id=contract.id,
        household_id=household.id,
        village_code=household.village_code,
        heir_id=None if heir is None else heir.id,
        proposed_by_id=by.id,
        proposed_at=now,
    )
    db.session.add(row)
    db.session.flush()
    audit.record("equity.handover_proposed", "share_handover", row.public_id, actor=by.public_id, at=now)
    return row


def _check_heir(contract: EquityContract, household: Household, heir: Household, now: datetime) -> None:
    if contract.on_exit != OnExit.NEW_HOUSEHOLD:
        raise Invalid("heir_not_agreed", N_("By this contract the units go to all households that stay."))
    there = contains(contract.area_code, heir.village_code) and heir.id != household.id
    if not there or not registered_households([heir.id], local_day(now)):
        raise Invalid("heir_wrong", N_("The units can only go to another registered household of the area."))


def decide_handover(handover: ShareHandover, action: HandoverAction, *, by: Account, now: datetime) -> bool:
    """The second officer's word: the units move, or stay; False when that was done already.

    Raises
    ------
    Forbidden
        ``same_person``, ``other_level``.
    Conflict
        ``share_handover_state``; ``not_leaving`` when the household has been registered again; ``heir_wrong`` as above.
    """
    contract = lock_rows(EquityContract, [handover.contract_id])[handover.contract_id]
    query = select(ShareHandover).filter_by(id=handover.id).with_for_update().execution_options(populate_existing=True)
    handover = db.session.scalars(unbounded(query, _LOCKED)).one()
    check_office(by, contract.area_code)
    check_second_person(by, handover.proposed_by_id)
    state = HANDOVERS.next_state(HandoverState(handover.state), action)
    if state is None:
        return False
    handover.state, handover.decided_by_id, handover.decided_at = state, by.id, now
    if state is HandoverState.DONE:
        _hand_over(contract, handover, now)
    db.session.flush()
    audit.record("equity.handover_decided", "share_handover", handover.public_id, actor=by.public_id, at=now, state=state.value)
    return True


def _hand_over(contract: EquityContract, handover: ShareHandover, now: datetime) -> None:
    gone = leaving(contract, local_day(now))
    units = gone.get(handover.household_id)
    if contract.state != ContractState.SIGNED or units is None:
        raise Conflict("not_leaving", N_("This household keeps its shares: it has not left the registry."))
    if handover.heir_id is not None:
        heir = db.session.get_one(Household, handover.heir_id)
        _check_heir(contract, db.session.get_one(Household, handover.household_id), heir, now)
        gains = {heir.id: units}
    else:
        staying = {household_id: count for household_id, count in holdings_of(contract).items() if household_id not in gone}
        if not staying:
            raise Conflict("nobody_stays", N_("No household stays that could have the units."))
        gains = {household_id: count for household_id, count in revert_units(units, staying).items() if count}
    rows = {row.id: row for row in db.session.query(Household).filter(Household.id.in_([*gains, handover.household_id]))}
    moves = {rows[household_id]: count for household_id, count in gains.items()} | {rows[handover.household_id]: -units}
    move_units(contract, moves, MoveKind.EXIT, now=now, handover_id=handover.id)
