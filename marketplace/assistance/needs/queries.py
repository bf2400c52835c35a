"""Reading needs, helper units, pledges and rounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from marketplace.assistance.needs.models import HelperUnit, Need, NeedOf, NeedRound, NeedRoundLine, Pledge
from marketplace.assistance.needs.ranking import Fit, Helper, fit_of, ranked
from marketplace.assistance.needs.states import NeedState, PledgeState
from marketplace.assistance.papers import PaperState
from marketplace.identity.models import Account
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.models import Level
from marketplace.regions.queries import within, within_any
from marketplace.registry.display_rules import SMALLEST_CELL
from marketplace.registry.duty_rules import NEED_NEARNESS, NEED_PRIOR
from marketplace.registry.models import Household, HouseholdStatus
from marketplace.registry.queries import supported_on
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.rules import rule

SHOWN = (NeedState.OPEN, NeedState.PLEDGED, NeedState.DELIVERED, NeedState.CLOSED)
_HOLDS = (PledgeState.STANDING, PledgeState.DELIVERED)
_OF_NEED = "the household of a need that was read within somebody's reach"


def public_needs(kind: str | None = None, *, most: int = 100) -> Sequence[Need]:
    """The verified needs, those that wait for a helper first; whoever shows them shows ``card`` and ``shown_code`` alone."""
    query = select(Need).where(Need.state.in_(SHOWN))
    if kind is not None:
        query = query.where(Need.kind == kind)
    order = func.array_position([state.value for state in SHOWN], Need.state)
    return db.session.scalars(query.order_by(order, Need.since.desc(), Need.id.desc()).limit(most)).all()


def get_public_need(public_id: str) -> Need:
    """A verified need, or ``NotFound``."""
    need = db.session.scalars(select(Need).where(Need.public_id == public_id, Need.state.in_(SHOWN))).first()
    if need is None:
        raise need_unknown()
    return need


def need_unknown() -> NotFound:
    """The answer about a need that does not exist or is not for this person."""
    return NotFound("need_unknown", N_("There is no such need."))


def needs_within(reach: Reach) -> Sequence[Need]:
    """The needs of one's areas: those an office has to look at first."""
    first = ["raised", "delivered", "open", "pledged", "closed", "refused", "withdrawn"]
    query = select(Need).where(within_any(Need.area_code, reach.areas))
    return db.session.scalars(query.order_by(func.array_position(first, Need.state), Need.due_on, Need.id).limit(200)).all()


def get_need_within(public_id: str, reach: Reach) -> Need:
    """A need of one's areas, or ``NotFound``."""
    need = db.session.scalars(select(Need).where(Need.public_id == public_id, within_any(Need.area_code, reach.areas))).first()
    if need is None:
        raise need_unknown()
    return need


def household_of(need: Need) -> Household | None:
    """The household that a need is of; None for a village's own."""
    query = select(Household).join(NeedOf, NeedOf.household_id == Household.id).where(NeedOf.need_id == need.id)
    return db.session.scalars(unbounded(query, _OF_NEED)).first()


def get_own_need(household: Household, public_id: str) -> Need:
    """A need of a household, or ``NotFound``."""
    query = select(Need).join(NeedOf, NeedOf.need_id == Need.id)
    query = query.where(NeedOf.household_id == household.id, Need.public_id == public_id)
    need = db.session.scalars(unbounded(query, _OF_NEED)).first()
    if need is None:
        raise need_unknown()
    return need


def get_own_pledge(helper: HelperUnit, public_id: str) -> Pledge:
    """A pledge of a helper unit, or ``NotFound``."""
    made = db.session.scalars(select(Pledge).filter_by(helper_id=helper.id, public_id=public_id)).first()
    if made is None:
        raise NotFound("pledge_unknown", N_("There is no such pledge."))
    return made


def get_helper_of(account: Account) -> HelperUnit:
    """The helper unit that an account acts for, or ``NotFound``."""
    unit = find_helper(account)
    if unit is None:
        raise NotFound("no_unit", N_("Please say on your desk first whom you act for and what you can help with."))
    return unit


def needs_of(household: Household) -> Sequence[Need]:
    """A household's own needs, the newest first."""
    query = select(Need).join(NeedOf, NeedOf.need_id == Need.id).where(NeedOf.household_id == household.id)
    return db.session.scalars(unbounded(query.order_by(Need.id.desc()), "a household's own needs")).all()


def place_shown(area_code: str, day: date) -> str:
    """The smallest area around a place with so many registered households that none of them is meant.

    Like a small cell of a table (``registry.small_cells``), a village with few of them is not named but the area around it.
    """
    smallest = int(rule(SMALLEST_CELL, area_code, day).value)
    for code in reversed(ancestor_codes(area_code)):
        query = select(func.count()).select_from(Household)
        query = query.join(HouseholdStatus, HouseholdStatus.household_id == Household.id)
        if (db.session.scalar(query.where(within(Household.village_code, code), supported_on(day))) or 0) >= smallest:
            return code
    return area_code[: Level.PROVINCE]


def pledge_of(need: Need) -> Pledge | None:
    """The pledge that holds a need, or kept it."""
    query = select(Pledge).where(Pledge.need_id == need.id, Pledge.state.in_([*_HOLDS, PledgeState.KEPT]))
    return db.session.scalars(query).first()


def pledges_of(helper: HelperUnit) -> list[tuple[Pledge, Need]]:
    """What a helper unit has pledged, what is still to be done first."""
    query = select(Pledge, Need).join(Need, Need.id == Pledge.need_id).where(Pledge.helper_id == helper.id)
    query = query.order_by(Pledge.state.not_in(_HOLDS), Pledge.deliver_by, Pledge.id)
    return [(pledge, need) for pledge, need in db.session.execute(query)]


def asked_of(helper: HelperUnit) -> Sequence[Need]:
    """The open needs that approved rounds ask a helper unit for."""
    query = (
        select(Need)
        .join(NeedRoundLine, NeedRoundLine.need_id == Need.id)
        .join(NeedRound, NeedRound.id == NeedRoundLine.round_id)
        .where(NeedRoundLine.helper_id == helper.id, NeedRound.state == PaperState.APPROVED, Need.state == NeedState.OPEN)
        .distinct()
        .order_by(Need.id)
    )
    return db.session.scalars(query).all()


def find_helper(account: Account) -> HelperUnit | None:
    """The helper unit that an account acts for."""
    return db.session.scalars(select(HelperUnit).filter_by(account_id=account.id)).first()


def helpers_within(reach: Reach) -> Sequence[HelperUnit]:
    """The helper units of one's areas, those that nobody has looked at first."""
    query = select(HelperUnit).where(within_any(HelperUnit.area_code, reach.areas))
    return db.session.scalars(query.order_by(HelperUnit.approved_at.is_not(None), HelperUnit.id)).all()


def get_helper_within(public_id: str, reach: Reach) -> HelperUnit:
    """A helper unit of one's areas, or ``NotFound``."""
    query = select(HelperUnit).where(HelperUnit.public_id == public_id, within_any(HelperUnit.area_code, reach.areas))
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("helper_unknown", N_("There is no such helper unit."))
    return found


def busy_count(helper: HelperUnit) -> int:
    """How many needs a helper unit has taken on and not seen closed."""
    query = select(func.count()).select_from(Pledge).where(Pledge.helper_id == helper.id, Pledge.state.in_(_HOLDS))
    return db.session.scalar(query) or 0


def helpers_for(kind: str) -> dict[int, Helper]:
    """The approved helper units that can do something, with what they have kept and let lapse of that kind."""
    query = select(HelperUnit).join(Account, Account.id == HelperUnit.account_id)
    # Nobody can be asked whose account is closed.
    query = query.where(HelperUnit.approved_at.is_not(None), HelperUnit.can.contains([kind]), Account.active)
    units = db.session.scalars(query.order_by(HelperUnit.id)).all()
    busy = dict(
        db.session.execute(
            select(Pledge.helper_id, func.count()).where(Pledge.state.in_(_HOLDS)).group_by(Pledge.helper_id)
        ).all()
    )
    kept = func.count().filter(Pledge.state == PledgeState.KEPT)
    lapsed = func.count().filter(Pledge.state == PledgeState.LAPSED)
    tried = select(Pledge.helper_id, kept, lapsed).join(Need, Need.id == Pledge.need_id).where(Need.kind == kind)
    past = {row[0]: (row[1], row[2]) for row in db.session.execute(tried.group_by(Pledge.helper_id))}
    return {
        unit.id: Helper(unit.area_code, frozenset(unit.can), unit.quota, busy.get(unit.id, 0), *past.get(unit.id, (0, 0)))
        for unit in units
    }


@dataclass(frozen=True)
class Suited:
    """A helper unit that suits a need, and what the fit is made of."""

    helper: HelperUnit
    seen: Helper
    fit: Fit


def suited(need: Need, day: date, *, most: int = 10) -> list[Suited]:
    """The helper units that suit a need, the best first; a person decides."""
    helpers = helpers_for(need.kind)
    best = ranked(
        need.kind,
        need.area_code,
        helpers,
        rule(NEED_NEARNESS, need.area_code, day).value,
        rule(NEED_PRIOR, need.area_code, day).value,
    )[:most]
    rows = {unit.id: unit for unit in db.session.scalars(select(HelperUnit).where(HelperUnit.id.in_([id for id, _ in best])))}
    return [Suited(rows[number], helpers[number], fit) for number, fit in best]


def rounds_within(reach: Reach) -> Sequence[NeedRound]:
    """The rounds of one's areas, the newest first."""
    query = select(NeedRound).where(within_any(NeedRound.area_code, reach.areas)).order_by(NeedRound.id.desc()).limit(10)
    return db.session.scalars(query).all()


def get_round_within(public_id: str, reach: Reach) -> NeedRound:
    """A round of one's areas, or ``NotFound``."""
    query = select(NeedRound).where(NeedRound.public_id == public_id, within_any(NeedRound.area_code, reach.areas))
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("need_round_unknown", N_("There is no such round."))
    return found


def lines_of(found: NeedRound) -> list[tuple[NeedRoundLine, Need, HelperUnit]]:
    """What a round proposes, the best fit first; the need within the round's area, whatever became of it."""
    query = (
        select(NeedRoundLine, Need, HelperUnit)
        .join(Need, Need.id == NeedRoundLine.need_id)
        .join(HelperUnit, HelperUnit.id == NeedRoundLine.helper_id)
        .where(NeedRoundLine.round_id == found.id)
        .order_by(NeedRoundLine.fit.desc(), NeedRoundLine.id)
    )
    return [(line, need, helper) for line, need, helper in db.session.execute(query)]


def reasons_of(found: NeedRound, day: date) -> dict[int, Suited]:
    """Why a round's units suit its needs, by line, as the units stand now; a line whose unit is full meanwhile is absent."""
    reasons: dict[int, Suited] = {}
    helpers = {kind: helpers_for(kind) for kind in {need.kind for _line, need, _unit in lines_of(found)}}
    for line, need, unit in lines_of(found):
        rules = rule(NEED_NEARNESS, need.area_code, day).value, rule(NEED_PRIOR, need.area_code, day).value
        seen = helpers[need.kind].get(unit.id)
        fit = None if seen is None else fit_of(need.kind, need.area_code, seen, *rules)
        if seen is not None and fit is not None:
            reasons[line.id] = Suited(unit, seen, fit)
    return reasons


def unmatched_of(found: NeedRound) -> Sequence[Need]:
    """The open needs of a round's area that it proposes no helper unit for."""
    line = select(NeedRoundLine.id).where(NeedRoundLine.need_id == Need.id, NeedRoundLine.round_id == found.id)
    query = select(Need).where(within(Need.area_code, found.area_code), Need.state == NeedState.OPEN, ~line.exists())
    return db.session.scalars(query.order_by(Need.id)).all()
