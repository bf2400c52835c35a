"""Enterprises: their people, places, and what they reserve of a year."""

import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.identity.models import Account
from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Fen, Id, Moment, PublicId


class MemberRole(enum.StrEnum):
    """What a member does for an enterprise; an owner may do everything, and let others in."""

    OWNER = "owner"
    BUYER = "buyer"
    APPROVER = "approver"
    RECEIVER = "receiver"


class Enterprise(Base):
    """A company, school or office that buys for many; its invoices carry the title and tax number."""

    __tablename__ = "enterprise"
    __table_args__ = (
        CheckConstraint("length(name) > 0 AND length(invoice_title) > 0", name="has_names"),
        CheckConstraint("tax_number IS NULL OR tax_number ~ '^[0-9A-Z]{15,20}$'", name="tax_number_form"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(60))
    invoice_title: Mapped[str] = mapped_column(String(100))
    tax_number: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[Moment]

    members: Mapped[list["EnterpriseMember"]] = relationship(back_populates="enterprise", order_by="EnterpriseMember.id")
    places: Mapped[list["DeliveryPlace"]] = relationship(back_populates="enterprise", order_by="DeliveryPlace.id")


class EnterpriseMember(Base):
    """An account that acts for an enterprise, from a moment until it is let go; ``approval_limit_fen`` empty for any amount."""

    __tablename__ = "enterprise_member"
    __table_args__ = (
        CheckConstraint("role IN ('owner', 'buyer', 'approver', 'receiver')", name="role_known"),
        CheckConstraint("approval_limit_fen >= 0", name="limit_not_negative"),
        # Who receives goods commits the enterprise to nothing.
        CheckConstraint("role <> 'receiver' OR approval_limit_fen = 0", name="receiver_approves_nothing"),
        # An account acts for one enterprise at a time: else every page would have to ask for which.
        Index("uq_enterprise_member_account_id", "account_id", unique=True, postgresql_where=text("left_at IS NULL")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str] = mapped_column(String(10))
    approval_limit_fen: Mapped[Fen | None]
    joined_at: Mapped[Moment]
    left_at: Mapped[Moment | None]

    enterprise: Mapped[Enterprise] = relationship(back_populates="members")
    account: Mapped[Account] = relationship()


class DeliveryPlace(Base):
    """Where goods of an enterprise arrive, who takes them in, and when."""

    __tablename__ = "delivery_place"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    recipient: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str] = mapped_column(String(20))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    address: Mapped[str] = mapped_column(String(200))
    hours: Mapped[str] = mapped_column(String(80), default="")
    closed_at: Mapped[Moment | None]

    enterprise: Mapped[Enterprise] = relationship(back_populates="places")


class PurchaseTarget(Base):
    """The part of a calendar year's food budget that an enterprise reserves for goods of registered households.

    Without a budget the part is of what was bought.
    """

    __tablename__ = "purchase_target"
    __table_args__ = (
        CheckConstraint("share_bp BETWEEN 0 AND 10000", name="share_range"),
        CheckConstraint("budget_fen > 0", name="budget_positive"),
    )

    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    share_bp: Mapped[int] = mapped_column(SmallInteger)
    budget_fen: Mapped[Fen | None]
    changed_at: Mapped[Moment]
