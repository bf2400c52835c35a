"""Needs: raised by a household or an office, verified by another person, and taken back."""

import re
from datetime import datetime

from sqlalchemy import select

from marketplace.assistance.needs.models import Need, NeedKind, NeedOf
from marketplace.assistance.needs.queries import household_of, place_shown
from marketplace.assistance.needs.states import DEADLINES, NEEDS, NeedAction, NeedState
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import may_see
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.regions.queries import get_area
from marketplace.registry.cases.clocks import due_day
from marketplace.registry.files import read_file
from marketplace.registry.models import Household, HouseholdStatus
from marketplace.registry.offices import check_office, check_second_person
from marketplace.registry.queries import registered_households, supported_on
from marketplace.registry.reading import unbounded

# A number of a person, a telephone or a household: five figures and more, however they are parted.
_NUMBER = re.compile(r"(?:[0-9０-９][\s-]?){5,}")


def raise_need(
    kind: NeedKind,
    words: str,
    *,
    by: Account,
    now: datetime,
    household: Household | None = None,
    area_code: str | None = None,
    worth_fen: int | None = None,
) -> Need:
    """Write down what a household, or else a whole village, lacks. Nobody but offices sees it before it is verified.

    The caller has read the household as the account's own or within an officer's reach.

    Raises
    ------
    Invalid
        ``words_missing``, ``worth_positive``, ``need_of_whom``; ``not_registered`` for a household that is not.
    Forbidden
        ``need_elsewhere`` for a village that is not the officer's.
    """
    if not words.strip():
        raise Invalid("words_missing", N_("Please say what is needed."))
    if worth_fen is not None and worth_fen <= 0:
        raise Invalid("worth_positive", N_("An amount must be more than nothing."))
    code = household.village_code if household is not None else area_code
    if code is None:
        raise Invalid("need_of_whom", N_("Please say who needs it: a household or a village."))
    get_area(code)
    if household is None and not may_see(by, RoleKind.OFFICER, code):
        raise Forbidden("need_elsewhere", N_("Officers raise the needs of their own villages."))
    if household is not None and not registered_households([household.id], local_day(now)):
        raise Invalid("not_registered", N_("Needs are raised for registered households."))
    need = Need(
        reference=ids.reference("ND", local_day(now)),
        area_code=code,
        kind=kind,
        words=words.strip(),
        worth_fen=worth_fen,
        since=now,
        due_on=due_day(DEADLINES[NeedState.RAISED][1], code, local_day(now)).on,
        raised_by_id=by.id,
        raised_at=now,
    )
    db.session.add(need)
    db.session.flush()
    if household is not None:
        db.session.add(NeedOf(need_id=need.id, household_id=household.id, village_code=household.village_code))
        db.session.flush()
    audit.record("need.raised", "need", need.public_id, actor=by.public_id, at=now, kind=kind.value)
    return need


def verify_need(need: Need, card: str, *, by: Account, now: datetime) -> bool:
    """Verify a need and write its card, which everybody may read; False when it was verified already.

    Raises
    ------
    Forbidden
        ``same_person`` for whoever raised it, ``other_level``.
    Invalid
        ``card_missing``; ``card_tells`` when the card holds a number or a name by which somebody could be recognised.
    Conflict
        ``need_state``.
    """
    need = locked(need)
    check_office(by, need.area_code)
    check_second_person(by, need.raised_by_id)
    if NEEDS.next_state(NeedState(need.state), NeedAction.VERIFY) is None:
        return False
    _check_card(need, card.strip(), now)
    # Written before it is shown: no need is open without its card.
    need.shown_code = place_shown(need.area_code, local_day(now))
    need.card, need.verified_by_id, need.verified_at = card.strip(), by.id, now
    move(need, NeedAction.VERIFY, now)
    db.session.flush()
    audit.record("need.verified", "need", need.public_id, actor=by.public_id, at=now)
    return True


def _check_card(need: Need, card: str, now: datetime) -> None:
    if not card:
        raise Invalid("card_missing", N_("Please write the card that everybody reads."))
    household = household_of(need)
    names = (
        []
        if household is None
        else [str(member.identity.get("name", "")) for member in read_file(household, local_day(now).year).members]
    )
    if _NUMBER.search(card) or any(name and name in card for name in names):
        raise Invalid("card_tells", N_("The card must name nobody, and no number by which somebody could be found."))


def refuse_need(need: Need, why: str, *, by: Account, now: datetime) -> bool:
    """Say that a need is none, with the reason; False when that was said already."""
    need = locked(need)
    check_office(by, need.area_code)
    if not why.strip():
        raise Invalid("reason_missing", N_("Please say why."))
    if not move(need, NeedAction.REFUSE, now):
        return False
    need.ended_why = why.strip()[:200]
    db.session.flush()
    audit.record("need.refused", "need", need.public_id, actor=by.public_id, at=now)
    return True


def withdraw_need(need: Need, *, by: Account, household: Household | None = None, now: datetime) -> bool:
    """Take back a need that no helper has taken on; by whoever raised it, the household or an office.

    Parameters
    ----------
    household : Household, optional
        The account's own, when it is the household that speaks.

    Returns
    -------
    bool
        False when it was taken back.
    """
    need = locked(need)
    of = None if household is None else household_of(need)
    if by.id != need.raised_by_id and (household is None or of is None or of.id != household.id):
        check_office(by, need.area_code)
    if not move(need, NeedAction.WITHDRAW, now):
        return False
    db.session.flush()
    audit.record("need.withdrawn", "need", need.public_id, actor=by.public_id, at=now)
    return True


def withdraw_departed(*, now: datetime) -> int:
    """Take back the needs of households that are registered no more; what a helper has taken on is carried through.

    Returns
    -------
    int
        How many were taken back; none of them again on the next run.
    """
    registered = select(HouseholdStatus.id).where(
        HouseholdStatus.household_id == NeedOf.household_id, supported_on(local_day(now))
    )
    query = select(Need.id).join(NeedOf, NeedOf.need_id == Need.id)
    query = query.where(Need.state.in_([NeedState.RAISED, NeedState.OPEN]), ~registered.exists())
    gone = 0
    for need in lock_rows(Need, list(db.session.scalars(unbounded(query, "the nightly look at needs")))).values():
        if need.state in (NeedState.RAISED, NeedState.OPEN) and move(need, NeedAction.WITHDRAW, now):
            audit.record("need.withdrawn", "need", need.public_id, actor="need.withdraw_departed", at=now)
            gone += 1
    db.session.flush()
    return gone


def locked(need: Need) -> Need:
    """The need as it stands now, locked."""
    return lock_rows(Need, [need.id])[need.id]


def move(need: Need, action: NeedAction, now: datetime) -> bool:
    """Move a locked need and set its new last day; False when that was done already."""
    state = NEEDS.next_state(NeedState(need.state), action)
    if state is None:
        return False
    need.state, need.since = state, now
    need.due_on = due_day(DEADLINES[state][1], need.area_code, local_day(now)).on if state in DEADLINES else None
    return True


def taken() -> Conflict:
    """The answer to whoever comes second."""
    return Conflict("need_taken", N_("Another helper has taken this on. Thank you all the same."))
