"""Whose enterprise somebody acts for, and what they may do in its name: members, their limits, places, price lists."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.orders.invoicing import LONGEST_TITLE, check_tax_number
from marketplace.regions.models import Area
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import DeliveryPlace, Enterprise, EnterpriseMember, MemberRole, PriceList, PriceListLine

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
    """Add a place where goods of the enterprise can arrive."""
    if db.session.get(Area, given.area_code) is None or len(given.area_code) < 6:
        raise Invalid("place_area", N_("Please choose the county of this place."))
    if not all(text.strip() for text in (given.name, given.recipient, given.phone, given.address)):
        raise Invalid("place_incomplete", N_("Please give the place a name, an address, and somebody to call there."))
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


def close_place(owner: EnterpriseMember, public_id: str, *, now: datetime) -> None:
    """Take a place out of use; what is on its way there still arrives."""
    place = get_place(owner.enterprise_id, public_id)
    if place.closed_at is None:
        place.closed_at = now
        audit.record("enterprise.place_closed", "delivery_place", place.public_id, actor=owner.account.public_id, at=now)


def get_place(enterprise_id: int, public_id: str) -> DeliveryPlace:
    """A place of an enterprise, in use or not, or ``NotFound``."""
    place = db.session.scalars(select(DeliveryPlace).filter_by(enterprise_id=enterprise_id, public_id=public_id)).first()
    if place is None:
        raise NotFound("place_unknown", N_("There is no such place."))
    return place


def set_price_list(
    buyer: EnterpriseMember,
    name: str,
    span: tuple[date, date],
    prices: Mapping[tuple[int, Grade], int],
    *,
    producer_id: int | None = None,
    now: datetime,
) -> PriceList:
    """Write down what was agreed for a kilogram of products (by id) and grades, for the days of a span, both included."""
    if span[1] < span[0]:
        raise Invalid("window_in_order", N_("The last day cannot be before the first."))
    if span[1] < local_day(now):
        raise Invalid("window_past", N_("These days are over. Please choose days to come."))
    if not prices or any(not 1 <= fen <= LARGEST_PRICE_FEN for fen in prices.values()):
        raise Invalid("price_range", N_("A price is more than nothing and at most 1,000,000 yuan a kilogram."))
    made = PriceList(
        enterprise_id=buyer.enterprise_id,
        producer_id=producer_id,
        name=name.strip() or "—",
        valid_from=span[0],
        valid_to=span[1],
        set_at=now,
        lines=[PriceListLine(product_id=product, grade=grade, fen_kg=fen) for (product, grade), fen in prices.items()],
    )
    db.session.add(made)
    db.session.flush()
    audit.record("price_list.set", "price_list", made.public_id, actor=buyer.account.public_id, at=now)
    return made


def agreed_price(enterprise_id: int, product_id: int, grade: Grade, producer_id: int, day: date) -> int | None:
    """The agreed price of a kilogram on a day, in fen: the newest that holds, a seller's own before one for all; or None."""
    return db.session.scalar(
        select(PriceListLine.fen_kg)
        .join(PriceList, PriceList.id == PriceListLine.list_id)
        .where(
            PriceList.enterprise_id == enterprise_id,
            PriceListLine.product_id == product_id,
            PriceListLine.grade == grade,
            PriceList.valid_from <= day,
            PriceList.valid_to >= day,
            (PriceList.producer_id == producer_id) | PriceList.producer_id.is_(None),
        )
        .order_by(PriceList.producer_id.is_(None), PriceList.id.desc())
        .limit(1)
    )


def members_of(enterprise_id: int) -> Sequence[EnterpriseMember]:
    """Who acts for an enterprise now."""
    return db.session.scalars(
        select(EnterpriseMember).filter_by(enterprise_id=enterprise_id, left_at=None).order_by(EnterpriseMember.id)
    ).all()
