"""Whose enterprise somebody acts for, and what they may do in its name: members, their limits, places."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.orders.invoicing import LONGEST_TITLE, check_tax_number
from marketplace.regions.models import Area
from marketplace.sourcing.models import DeliveryPlace, Enterprise, EnterpriseMember, MemberRole

LARGEST_PRICE_FEN = 100_000_000


class Deed(enum.StrEnum):
    """What members do in the name of their enterprise."""

    MANAGE = "manage"
    BUY = "buy"
    APPROVE = "approve"
    RECEIVE = "receive"
    OPEN_BIDS = "open_bids"


_MAY: Mapping[MemberRole, frozenset[Deed]] = {
    MemberRole.OWNER: frozenset(Deed),
    MemberRole.BUYER: frozenset({Deed.BUY, Deed.APPROVE, Deed.RECEIVE, Deed.OPEN_BIDS}),
    MemberRole.APPROVER: frozenset({Deed.APPROVE, Deed.OPEN_BIDS}),
    MemberRole.RECEIVER: frozenset({Deed.RECEIVE}),
}


def may(member: EnterpriseMember, deed: Deed) -> bool:
    """Whether a member's role lets them do something."""
    return deed in _MAY[MemberRole(member.role)]


def may_approve(member: EnterpriseMember, amount_fen: int) -> bool:
    """Whether an amount is within a member's limit."""
    within = member.approval_limit_fen is None or amount_fen <= member.approval_limit_fen
    return may(member, Deed.APPROVE) and within


def find_member(account_id: int) -> EnterpriseMember | None:
    """As what an account acts for an enterprise now; None where it acts for none."""
    return db.session.scalars(select(EnterpriseMember).filter_by(account_id=account_id, left_at=None)).first()


def own_member(account: Account, *, now: datetime) -> EnterpriseMember:
    """As what an account acts for an enterprise; one that acts for none founds its own and is the owner.

    What it bought before was bought for that enterprise, so it counts as a member since there is the account.
    """
    # Of two pages that are opened at once the second finds what the first has founded.
    db.session.scalars(select(Account.id).filter_by(id=account.id).with_for_update()).one()
    member = find_member(account.id)
    if member is not None:
        return member
    enterprise = Enterprise(name=account.display_name, invoice_title=account.display_name, created_at=now)
    member = EnterpriseMember(
        enterprise=enterprise,
        account_id=account.id,
        role=MemberRole.OWNER,
        approval_limit_fen=None,
        joined_at=account.created_at,
    )
    db.session.add(member)
    db.session.flush()
    audit.record("enterprise.founded", "enterprise", enterprise.public_id, actor=account.public_id, at=now)
    return member


def member_for(account: Account, deed: Deed, *, now: datetime) -> EnterpriseMember:
    """As what an account acts for its enterprise, held until the commit, or ``Forbidden`` where its role does not let it."""
    found = own_member(account, now=now)
    member = db.session.scalars(
        select(EnterpriseMember).filter_by(id=found.id).with_for_update(read=True).execution_options(populate_existing=True)
    ).one()
    if member.left_at is not None or not may(member, deed):
        raise Forbidden("member_may_not", N_("Your part in this enterprise does not include that. Please ask its owner."))
    return member


def who_may_approve(enterprise_id: int, amount_fen: int) -> list[str]:
    """The names of those whose limit covers an amount, to be asked."""
    rows = db.session.scalars(
        select(EnterpriseMember).filter_by(enterprise_id=enterprise_id, left_at=None).order_by(EnterpriseMember.id)
    )
    return [member.account.display_name for member in rows if may_approve(member, amount_fen)]


def name_enterprise(owner: EnterpriseMember, name: str, invoice_title: str, tax_number: str | None, *, now: datetime) -> None:
    """Say what an enterprise is called, and to whom its invoices are made out."""
    name, title = name.strip(), invoice_title.strip()
    if not 1 <= len(name) <= 60:
        raise Invalid("enterprise_name", N_("Please give a name of 1 to 60 characters."))
    if not 1 <= len(title) <= LONGEST_TITLE:
        raise Invalid("invoice_title_invalid", N_("Please say to whom the invoice is made out, in 1 to 100 characters."))
    own = owner.enterprise
    own.name, own.invoice_title = name, title
    own.tax_number = check_tax_number(tax_number) if tax_number else None
    db.session.flush()
    audit.record("enterprise.named", "enterprise", own.public_id, actor=owner.account.public_id, at=now)


def add_member(
    owner: EnterpriseMember, login: str, role: MemberRole, limit_fen: int | None, *, now: datetime
) -> EnterpriseMember:
    """Let an account act for the owner's enterprise.

    Raises
    ------
    Invalid
        ``limit_range``; a receiver's limit is nothing.
    NotFound
        ``account_unknown``; also for one that cannot buy for an enterprise, because who may is no secret to be asked for.
    Conflict
        ``acts_for_another``.
    """
    if limit_fen is not None and limit_fen < 0:
        raise Invalid("limit_range", N_("A limit is not less than nothing."))
    account = db.session.scalars(select(Account).filter_by(login=login.strip().lower()).with_for_update()).first()
    if account is None or not account.active or not any(one.kind == "enterprise" for one in account.roles):
        raise NotFound("account_unknown", N_("There is no such account of an enterprise. Please look at the name once more."))
    if find_member(account.id) is not None:
        raise Conflict("acts_for_another", N_("This account acts for an enterprise already."))
    member = EnterpriseMember(
        enterprise_id=owner.enterprise_id,
        account_id=account.id,
        role=role,
        approval_limit_fen=0 if role is MemberRole.RECEIVER else limit_fen,
        joined_at=now,
    )
    db.session.add(member)
    db.session.flush()
    data = {"member": account.public_id, "role": role, "limit_fen": member.approval_limit_fen}
    audit.record(
        "enterprise.member_added", "enterprise", owner.enterprise.public_id, actor=owner.account.public_id, at=now, **data
    )
    return member


def change_member(
    owner: EnterpriseMember, public_id: str, role: MemberRole, limit_fen: int | None, *, now: datetime
) -> EnterpriseMember:
    """Give a member another part, or another limit; the last owner stays one."""
    member = _lock_member(owner, public_id)
    if limit_fen is not None and limit_fen < 0:
        raise Invalid("limit_range", N_("A limit is not less than nothing."))
    if role is not MemberRole.OWNER:
        _check_other_owner(member)
    member.role = role
    member.approval_limit_fen = 0 if role is MemberRole.RECEIVER else limit_fen
    db.session.flush()
    data = {"member": member.public_id, "role": role, "limit_fen": member.approval_limit_fen}
    audit.record(
        "enterprise.member_changed", "enterprise", owner.enterprise.public_id, actor=owner.account.public_id, at=now, **data
    )
    return member


def remove_member(owner: EnterpriseMember, public_id: str, *, now: datetime) -> None:
    """Let a member go; what they did stays. The last owner cannot."""
    member = _lock_member(owner, public_id)
    _check_other_owner(member)
    member.left_at = now
    db.session.flush()
    data = {"member": member.public_id}
    audit.record(
        "enterprise.member_left", "enterprise", owner.enterprise.public_id, actor=owner.account.public_id, at=now, **data
    )


def _lock_member(owner: EnterpriseMember, public_id: str) -> EnterpriseMember:
    # All of them, so that of two owners who let each other go one finds that the other has left.
    rows = db.session.scalars(
        select(EnterpriseMember)
        .filter_by(enterprise_id=owner.enterprise_id, left_at=None)
        .order_by(EnterpriseMember.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if owner not in rows or owner.role != MemberRole.OWNER:
        raise Forbidden("member_may_not", N_("Your part in this enterprise does not include that. Please ask its owner."))
    member = next((row for row in rows if row.public_id == public_id), None)
    if member is None:
        raise NotFound("member_unknown", N_("There is no such member."))
    return member


def _check_other_owner(member: EnterpriseMember) -> None:
    others = select(EnterpriseMember.id).filter_by(enterprise_id=member.enterprise_id, left_at=None, role=MemberRole.OWNER)
    if db.session.scalars(others.where(EnterpriseMember.id != member.id)).first() is None:
        raise Conflict("last_owner", N_("An enterprise has one owner at least."))


# How the phone of a place is written: five to twenty signs, no space before or behind.
PLACE_PHONE = r"[+(0-9][0-9+() -]{3,18}[0-9)]"


@dataclass(frozen=True)
class PlaceGiven:
    """Where goods shall arrive."""

    name: str
    recipient: str
    phone: str
    area_code: str
    address: str
    hours: str = ""


def add_place(owner: EnterpriseMember, given: PlaceGiven, *, now: datetime) -> DeliveryPlace:
    """Add a place where goods of the enterprise can arrive.

    Raises
    ------
    Invalid
        ``place_area``, ``place_incomplete``.
    """
    if db.session.get(Area, given.area_code) is None or len(given.area_code) < 6:
        raise Invalid("place_area", N_("Please choose the county of this place."))
    _check_place(given)
    place = DeliveryPlace(
        enterprise_id=owner.enterprise_id,
        name=given.name.strip(),
        recipient=given.recipient.strip(),
        phone=given.phone.strip(),
        area_code=given.area_code,
        address=given.address.strip(),
        hours=given.hours.strip(),
    )
    db.session.add(place)
    db.session.flush()
    audit.record("enterprise.place_added", "delivery_place", place.public_id, actor=owner.account.public_id, at=now)
    return place


def _check_place(given: PlaceGiven) -> None:
    if not all(text.strip() for text in (given.name, given.recipient, given.phone, given.address)):
        raise Invalid("place_incomplete", N_("Please give the place a name, an address, and somebody to call there."))


def change_place(owner: EnterpriseMember, public_id: str, given: PlaceGiven, *, now: datetime) -> DeliveryPlace:
    """Say anew what a place is called, who takes goods in there, and where in its county it is.

    Orders that were placed keep the address they were placed with; deliveries to come go to the new one.

    Raises
    ------
    NotFound
        ``place_unknown``.
    Invalid
        ``place_incomplete``; ``place_elsewhere`` for another area, because sellers have agreed to the way to this one.
    Conflict
        ``place_closed``.
    """
    place = get_place(owner.enterprise_id, public_id, lock=True)
    if place.closed_at is not None:
        raise Conflict("place_closed", N_("This place is no longer in use. Please choose another."))
    if given.area_code != place.area_code:
        raise Invalid("place_elsewhere", N_("Sellers have agreed to send there. Please add the other place as a new one."))
    _check_place(given)
    place.name, place.recipient, place.phone = given.name.strip(), given.recipient.strip(), given.phone.strip()
    place.address, place.hours = given.address.strip(), given.hours.strip()
    db.session.flush()
    audit.record("enterprise.place_changed", "delivery_place", place.public_id, actor=owner.account.public_id, at=now)
    return place


def close_place(owner: EnterpriseMember, public_id: str, *, now: datetime) -> None:
    """Take a place out of use; what is on its way there still arrives."""
    place = get_place(owner.enterprise_id, public_id, lock=True)
    if place.closed_at is None:
        place.closed_at = now
        db.session.flush()
        audit.record("enterprise.place_closed", "delivery_place", place.public_id, actor=owner.account.public_id, at=now)


def get_place(enterprise_id: int, public_id: str, *, lock: bool = False) -> DeliveryPlace:
    """A place of an enterprise, in use or not, or ``NotFound``."""
    query = select(DeliveryPlace).filter_by(enterprise_id=enterprise_id, public_id=public_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    place = db.session.scalars(query).first()
    if place is None:
        raise NotFound("place_unknown", N_("There is no such place."))
    return place


def places_of(enterprise_id: int) -> Sequence[DeliveryPlace]:
    """Where goods of an enterprise can arrive, those that were there first before."""
    return db.session.scalars(
        select(DeliveryPlace).filter_by(enterprise_id=enterprise_id, closed_at=None).order_by(DeliveryPlace.id)
    ).all()


def members_of(enterprise_id: int) -> Sequence[EnterpriseMember]:
    """Who acts for an enterprise now."""
    return db.session.scalars(
        select(EnterpriseMember)
        .filter_by(enterprise_id=enterprise_id, left_at=None)
        .options(joinedload(EnterpriseMember.account))
        .order_by(EnterpriseMember.id)
    ).all()
