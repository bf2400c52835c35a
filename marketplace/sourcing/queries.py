"""What an enterprise could buy and has bought, and what was found of it on its scales."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from marketplace.catalogue.models import Category, Listing, Producer
from marketplace.kernel.clock import day_bounds
from marketplace.kernel.db import db
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.sold import sold_lines
from marketplace.sourcing.models import AcceptanceRecord, Contract, ContractPart, EnterpriseMember, PurchaseTarget


@dataclass(frozen=True)
class YearOfPurchases:
    """What an enterprise has ordered in a calendar year of the market, in fen, without what was cancelled.

    ``registered_fen`` is the value of goods of registered households that have agreed to be named as such; the share of others
    would let a buyer of few goods work out whose they are.
    """

    year: int
    total_fen: int
    registered_fen: int
    target_bp: int | None
    budget_fen: int | None = None

    @property
    def whole_fen(self) -> int:
        """What the target is a part of: the year's budget, or what was bought where none was entered."""
        return self.total_fen if self.budget_fen is None else self.budget_fen

    @property
    def share(self) -> float:
        """The registered part of the value, 0 without purchases."""
        return self.registered_fen / self.total_fen if self.total_fen else 0.0

    @property
    def missing_fen(self) -> int:
        """What would still have to come from registered households for the target to be met; 0 when it is."""
        if self.target_bp is None:
            return 0
        return max(0, -(-self.whole_fen * self.target_bp // 10_000) - self.registered_fen)


def year_of_purchases(account_id: int, year: int) -> YearOfPurchases:
    """How an account's enterprise stands in a year: what its members ordered while they were, or the account alone."""
    first, last = day_bounds(date(year, 1, 1), date(year, 12, 31))
    enterprise_id = select(EnterpriseMember.enterprise_id).filter_by(account_id=account_id, left_at=None).scalar_subquery()
    target = db.session.execute(
        select(PurchaseTarget.share_bp, PurchaseTarget.budget_fen)
        .filter_by(year=year)
        .where(PurchaseTarget.enterprise_id == enterprise_id)
    ).first()
    by_member = exists().where(
        EnterpriseMember.enterprise_id == enterprise_id,
        EnterpriseMember.account_id == OrderGroup.account_id,
        EnterpriseMember.joined_at <= OrderGroup.placed_at,
        or_(EnterpriseMember.left_at.is_(None), EnterpriseMember.left_at > OrderGroup.placed_at),
    )
    sold = sold_lines()
    row = db.session.execute(
        select(
            func.coalesce(func.sum(sold.c.total_fen), 0),
            func.coalesce(func.sum(sold.c.benefit_fen).filter(Producer.badge_consent), 0),
        )
        .select_from(sold)
        .join(Order, Order.id == sold.c.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .join(Producer, Producer.id == Order.producer_id)
        .where(
            or_(by_member, and_(enterprise_id.is_(None), OrderGroup.account_id == account_id)),
            OrderGroup.placed_at >= first,
            OrderGroup.placed_at < last,
        )
    ).one()
    return YearOfPurchases(year, int(row[0]), int(row[1]), *(target or (None, None)))


def wanted_lots(category_slug: str | None, least_kg: int) -> ColumnElement[bool] | None:
    """The condition that a listing is of a category and has at least so many kilograms in stock; None where all are wanted."""
    conditions = []
    if category_slug is not None:
        conditions.append(Listing.category_id == select(Category.id).filter_by(slug=category_slug).scalar_subquery())
    if least_kg:
        conditions.append(Listing.available * Listing.unit_grams >= least_kg * 1000)
    return and_(*conditions) if conditions else None


def find_record(part_public_id: str, number: int) -> AcceptanceRecord | None:
    """What was found of a part when it was weighed for the first or second time; None for any other number."""
    if number not in (1, 2):
        return None
    return db.session.scalars(
        select(AcceptanceRecord)
        .join(ContractPart, ContractPart.id == AcceptanceRecord.part_id)
        .where(ContractPart.public_id == part_public_id, AcceptanceRecord.number == number)
    ).one_or_none()


def records_within(areas: Sequence[str], *, limit: int = 50) -> Sequence[AcceptanceRecord]:
    """The newest weighings of goods from these areas; no areas reach nothing."""
    if not areas:
        return []
    part = joinedload(AcceptanceRecord.part)
    return db.session.scalars(
        select(AcceptanceRecord)
        .join(ContractPart, ContractPart.id == AcceptanceRecord.part_id)
        .join(Producer, Producer.id == ContractPart.producer_id)
        .where(or_(*(Producer.area_code.startswith(code, autoescape=True) for code in areas)))
        .options(
            part.joinedload(ContractPart.producer),
            part.joinedload(ContractPart.listing),
            part.joinedload(ContractPart.contract).joinedload(Contract.enterprise),
        )
        .order_by(AcceptanceRecord.received_at.desc(), AcceptanceRecord.part_id.desc(), AcceptanceRecord.number.desc())
        .limit(limit)
    ).all()
