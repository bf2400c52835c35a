"""Visits to households: those that are due, those that were made, and the pictures taken."""

import enum
from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Day, Id, Moment, PublicId
from marketplace.registry.models.files import OfHousehold, of_household


class VisitCause(enum.StrEnum):
    """Why somebody is to go there."""

    COLLECTION = "collection"
    CHECK = "check"
    DISAGREEMENT = "disagreement"
    MONITORING = "monitoring"
    QUALITY = "quality"


class VisitOrder(OfHousehold, Base):
    """A visit that is due. ``case_id`` names what asks for it, where something does."""

    __tablename__ = "visit_order"
    __table_args__ = of_household(
        CheckConstraint("cause IN ('collection', 'check', 'disagreement', 'monitoring', 'quality')", name="cause_known"),
        # The same question does not send two people to one door.
        Index(
            "uq_visit_order_open", "household_id", "cause", "asked_for", unique=True, postgresql_where=text("visit_id IS NULL")
        ),
        Index("ix_visit_order_village_code_due_on", "village_code", "due_on", postgresql_where=text("visit_id IS NULL")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    cause: Mapped[str] = mapped_column(String(16))
    # The public id of the case, submission or sample that asks for it; empty where nothing does.
    asked_for: Mapped[str] = mapped_column(String(64), default="")
    reason: Mapped[str] = mapped_column(String(400), default="")
    # Somebody else than this account is to go; empty where anybody may.
    not_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ordered_at: Mapped[Moment]
    due_on: Mapped[Day]
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))


class Visit(OfHousehold, Base):
    """Somebody was there. Where exactly, and what they wrote, is sealed with the household's key."""

    __tablename__ = "visit"
    __table_args__ = of_household(Index("ix_visit_household_id_at", "household_id", "at"))

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]
    # JSON with ``latitude``, ``longitude``, ``accuracy_m`` and ``note``, as far as they are known.
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    origin_id: Mapped[str] = mapped_column(String(64), default="")


class HouseholdPicture(OfHousehold, Base):
    """A picture of a dwelling, its kitchen, its water: kept without what the camera wrote (``kernel.pictures``)."""

    __tablename__ = "household_picture"
    __table_args__ = of_household(
        Index("ix_household_picture_household_id", "household_id"),
        Index("ix_household_picture_fingerprint", "fingerprint"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    subject: Mapped[str] = mapped_column(String(16))
    picture: Mapped[str] = mapped_column(String(64))
    # Sixty-four bits that nearly equal pictures share, to find one that was sent for two houses.
    fingerprint: Mapped[int] = mapped_column(BigInteger)
    taken_on: Mapped[date | None]
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]
    origin_id: Mapped[str] = mapped_column(String(64), default="")
