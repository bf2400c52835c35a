"""Agreements with other systems: one person of the data centre's office proposes, a second confirms; one alone can suspend.

The office of a department's area is that of its county or province. The levels above and below see or send what concerns the
whole installation, so the province alone agrees with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select, tuple_
from sqlalchemy.exc import IntegrityError

from marketplace.exchange.models import ExchangePartner, PartnerChange, PartnerDeed, PartnerKind
from marketplace.exchange.service import add_partner, check_new
from marketplace.exchange.states import CHANGES, ChangeAction, ChangeState
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit
from marketplace.kernel.db import db, lock_rows, savepoint
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.regions.codes import contains
from marketplace.regions.models import Level
from marketplace.regions.queries import get_area, within_any

_OFFICES = (Level.PROVINCE, Level.COUNTY)
_KEY_BYTES = 32

# What was agreed when the partner came, not when an earlier one of that name did.
_AGREED = (
    select(PartnerChange.area_code)
    .where(
        PartnerChange.sender_id == ExchangePartner.sender_id,
        PartnerChange.kind == ExchangePartner.kind,
        PartnerChange.deed == PartnerDeed.ADD,
        PartnerChange.state == ChangeState.CONFIRMED,
        PartnerChange.decided_at >= ExchangePartner.since,
    )
    .order_by(PartnerChange.id.desc())
    .limit(1)
    .scalar_subquery()
)
# Of a department that was entered at the command line: the widest area of the officer through whom it asks.
_OFFICERS = (
    select(Role.scope_code)
    .where(Role.account_id == ExchangePartner.account_id, Role.kind == RoleKind.OFFICER)
    .order_by(func.length(Role.scope_code), Role.scope_code)
    .limit(1)
    .scalar_subquery()
)
_AREA = func.coalesce(ExchangePartner.area_code, _AGREED, _OFFICERS, "")


@dataclass(frozen=True)
class Wanted:
    """A system that is to take part: what it is, how it is known, and how far it may see."""

    kind: PartnerKind
    sender_id: str
    name: str
    public_key: bytes
    area_code: str
    url: str = ""
    account: Account | None = None
    purposes: Sequence[str] = ()


def holds_centre(by: Account, area_code: str) -> bool:
    """Whether somebody is an officer of the county or province over an area; of any province where no area is named."""
    return any(contains(code, area_code) if area_code else len(code) == Level.PROVINCE for code in _offices(by))


def _offices(by: Account) -> list[str]:
    return [code for code in scopes(by, RoleKind.OFFICER) if len(code) in _OFFICES]


def propose_partner(wanted: Wanted, *, own_network: bool, by: Account, now: datetime) -> PartnerChange:
    """Propose that another system takes part; it does once a second person confirms.

    Raises
    ------
    Forbidden
        ``centre_other``.
    Invalid, Conflict
        As ``add_partner``; ``area_outside`` when its officer does not see the area; ``change_waits``.
    """
    area = get_area(wanted.area_code)
    department = wanted.kind is PartnerKind.DEPARTMENT
    if not department and len(area.code) != Level.PROVINCE:
        raise Invalid("area_outside", N_("The province agrees with the levels above and below; please give its code."))
    _check_centre(by, area.code)
    known = {"url": wanted.url, "account": wanted.account, "purposes": wanted.purposes}
    check_new(wanted.kind, wanted.sender_id, wanted.public_key, own_network=own_network, **known)
    if wanted.account is not None and not _sees(wanted.account, area.code):
        raise Invalid("area_outside", N_("The officer through whom it asks does not see that area."))
    return _proposed(
        PartnerChange(
            deed=PartnerDeed.ADD,
            area_code=area.code,
            kind=wanted.kind,
            sender_id=wanted.sender_id,
            name=wanted.name,
            url=wanted.url,
            account_id=wanted.account.id if wanted.account is not None else None,
            public_key=wanted.public_key,
            purposes=sorted(set(wanted.purposes)),
        ),
        by,
        now,
    )


def propose_key(partner: ExchangePartner, public_key: bytes, *, by: Account, now: datetime) -> PartnerChange:
    """Propose another key for a partner; the old one is good until a second person confirms.

    Raises
    ------
    Forbidden
        ``centre_other``.
    Invalid
        ``key_invalid`` for one of another length, or the same.
    Conflict
        ``change_waits``.
    """
    if len(public_key) != _KEY_BYTES or public_key == partner.public_key:
        raise Invalid("key_invalid", N_("Please give the partner’s new key, which is not the old one."))
    return _of_partner(partner, PartnerDeed.KEY, by, now, public_key=public_key)


def propose_resumption(partner: ExchangePartner, *, by: Account, now: datetime) -> PartnerChange:
    """Propose that a suspended partner takes part again.

    Raises
    ------
    Forbidden
        ``centre_other``.
    Conflict
        ``partner_not_suspended``, ``change_waits``.
    """
    if partner.suspended_at is None:
        raise Conflict("partner_not_suspended", N_("This partner takes part as it is."))
    return _of_partner(partner, PartnerDeed.RESUME, by, now)


def suspend_partner(partner: ExchangePartner, *, by: Account, now: datetime) -> bool:
    """Stop an exchange at once, which one person may; False when it was stopped. Nothing goes in or out until it is resumed.

    Raises
    ------
    Forbidden
        ``centre_other``.
    """
    _check_centre(by, partner_area(partner))
    partner = lock_rows(ExchangePartner, [partner.id])[partner.id]
    if partner.suspended_at is not None:
        return False
    partner.suspended_at = now
    db.session.flush()
    audit.record("exchange.partner_suspended", "exchange_partner", partner.public_id, actor=by.public_id, at=now)
    return True


def decide_change(change: PartnerChange, action: ChangeAction, *, own_network: bool, by: Account, now: datetime) -> bool:
    """A second person confirms, and it is so; or it is dropped, by whom ever. False when that was said already.

    Raises
    ------
    Forbidden
        ``centre_other``, ``same_person``.
    Conflict
        ``partner_change_state``; ``partner_there`` when another took its place meanwhile.
    """
    change = lock_rows(PartnerChange, [change.id])[change.id]
    _check_centre(by, change.area_code)
    if action is ChangeAction.CONFIRM and change.proposed_by_id == by.id:
        raise Forbidden("same_person", N_("Somebody else has to look at this: you wrote it yourself."))
    state = CHANGES.next_state(ChangeState(change.state), action)
    if state is None:
        return False
    if action is ChangeAction.CONFIRM:
        _carry_out(change, own_network, by, now)
    change.state, change.decided_by_id, change.decided_at = state, by.id, now
    db.session.flush()
    about = {"deed": change.deed, "proposed_by": db.session.get_one(Account, change.proposed_by_id).public_id}
    audit.record(f"exchange.change_{action.value}", "partner_change", change.public_id, actor=by.public_id, at=now, **about)
    return True


def _carry_out(change: PartnerChange, own_network: bool, by: Account, now: datetime) -> None:
    if change.deed == PartnerDeed.ADD:
        made = add_partner(
            PartnerKind(change.kind),
            change.sender_id,
            change.name,
            change.public_key or b"",
            url=change.url,
            account=db.session.get(Account, change.account_id) if change.account_id is not None else None,
            purposes=change.purposes,
            own_network=own_network,
            actor=by.public_id,
            now=now,
        )
        made.area_code = change.area_code if change.kind == PartnerKind.DEPARTMENT else None
        return
    partner = lock_rows(ExchangePartner, [change.partner_id or 0])[change.partner_id or 0]
    if partner.ended_at is not None:
        raise Conflict("partner_unknown", N_("There is no such partner."))
    if change.deed == PartnerDeed.KEY and change.public_key is not None:
        partner.public_key = change.public_key
    else:
        partner.suspended_at = None


def partner_area(partner: ExchangePartner) -> str:
    """The area whose office decides about a partner; empty where nothing says which, and then every province does."""
    return db.session.scalar(select(_AREA).where(ExchangePartner.id == partner.id)) or ""


def partners_within(by: Account, most: int, *, page: int = 1, after: str | None = None) -> list[tuple[ExchangePartner, str]]:
    """The partners that somebody's offices decide about, by name, suspended ones among them, each with its area.

    Parameters
    ----------
    most : int
        How many at the most.
    page : int
        Which page of so many, counted from 1.
    after : str, optional
        The public id of the one behind which it goes on.
    """
    query = select(ExchangePartner, _AREA).where(_decides(by)).order_by(ExchangePartner.name, ExchangePartner.id)
    if after is not None:
        last = get_partner(after, by)
        query = query.where(tuple_(ExchangePartner.name, ExchangePartner.id) > (last.name, last.id))
    return [(partner, area) for partner, area in db.session.execute(query.limit(most).offset((page - 1) * most))]


def partner_count(by: Account) -> int:
    """How many there are on all pages."""
    return db.session.scalar(select(func.count()).select_from(ExchangePartner).where(_decides(by))) or 0


def _decides(by: Account) -> ColumnElement[bool]:
    """The condition that a partner is in force and somebody's offices decide about it, as ``holds_centre`` says."""
    own = _offices(by)
    held = [_AREA.startswith(code) for code in own]
    if any(len(code) == Level.PROVINCE for code in own):
        held.append(_AREA == "")
    return and_(ExchangePartner.ended_at.is_(None), or_(false(), *held))


def changes_waiting(by: Account) -> list[PartnerChange]:
    """What was proposed in somebody's areas and waits, the oldest first."""
    query = select(PartnerChange).where(
        PartnerChange.state == ChangeState.PROPOSED, within_any(PartnerChange.area_code, _offices(by))
    )
    return list(db.session.scalars(query.order_by(PartnerChange.id)))


def get_change(public_id: str, by: Account) -> PartnerChange:
    """A proposal of somebody's areas, or ``NotFound``."""
    found = db.session.scalars(select(PartnerChange).filter_by(public_id=public_id)).first()
    if found is None or not holds_centre(by, found.area_code):
        raise NotFound("partner_change_unknown", N_("There is no such proposal."))
    return found


def get_partner(public_id: str, by: Account) -> ExchangePartner:
    """A partner of somebody's areas that has not been ended, or ``NotFound``."""
    found = db.session.scalars(select(ExchangePartner).filter_by(public_id=public_id, ended_at=None)).first()
    if found is None or not holds_centre(by, partner_area(found)):
        raise NotFound("partner_unknown", N_("There is no such partner."))
    return found


def _of_partner(
    partner: ExchangePartner, deed: PartnerDeed, by: Account, now: datetime, *, public_key: bytes | None = None
) -> PartnerChange:
    area = partner_area(partner)
    _check_centre(by, area)
    told = {name: getattr(partner, name) for name in ("kind", "sender_id", "name", "url", "account_id", "purposes")}
    # Where nothing says whose it is, the province of who proposes takes it on.
    office = area or next(code for code in _offices(by) if len(code) == Level.PROVINCE)
    change = PartnerChange(deed=deed, area_code=office, partner_id=partner.id, public_key=public_key, **told)
    return _proposed(change, by, now)


def _proposed(change: PartnerChange, by: Account, now: datetime) -> PartnerChange:
    change.proposed_by_id, change.proposed_at = by.id, now
    try:
        with savepoint():
            db.session.add(change)
            db.session.flush()
    except IntegrityError as error:
        if "_proposed" not in str(error.orig):
            raise
        raise Conflict("change_waits", N_("A proposal about this partner waits for a second person already.")) from error
    audit.record(
        "exchange.change_proposed", "partner_change", change.public_id, actor=by.public_id, at=now, deed=str(change.deed)
    )
    return change


def _check_centre(by: Account, area_code: str) -> None:
    if not holds_centre(by, area_code):
        raise Forbidden("centre_other", N_("The data centre’s office of the county or province decides about this partner."))


def _sees(account: Account, area_code: str) -> bool:
    return any(contains(code, area_code) for code in scopes(account, RoleKind.OFFICER))
