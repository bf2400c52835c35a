"""Households, their status periods and the revisions of the registry."""

import enum
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.privacy import WrappedKey
from marketplace.kernel.types import AreaCode, Id, Moment, PublicId


class StatusCategory(enum.StrEnum):
    """The categories of a status; which of them count as supported is data (``SUPPORTED``)."""

    POOR = "poor"
    MONITORED = "monitored"
    LIFTED_TRACKED = "lifted_tracked"


# The categories whose sales the policy supports. They changed nationally in 2021: poor before, monitored and tracked after.
SUPPORTED = (StatusCategory.POOR, StatusCategory.MONITORED, StatusCategory.LIFTED_TRACKED)


class RegistryRevision(Base):
    """One change of statuses, by one actor for one reason."""

    __tablename__ = "registry_revision"

    id: Mapped[Id]
    at: Mapped[Moment]
    actor: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(200))


class Household(Base):
    """A farm household on file. What is known of it stands in ``FileRecord``, its members in ``Person``.

    ``record_key`` seals whatever names or describes its people (``kernel.privacy``): one key for a household, itself sealed by
    the installation's. Without it the file can no longer be read, by anybody. A household has none before its first value.
    """

    __tablename__ = "household"
    __table_args__ = (
        # The code is the village's and four digits, so the two can never disagree.
        CheckConstraint("code ~ '^[0-9]{16}$' AND starts_with(code, village_code)", name="code_in_village"),
        # What hangs on a household names its village too, so that every question can be held to somebody's area.
        UniqueConstraint("id", "village_code", name="uq_household_id_village_code"),
        Index("ix_household_village_code", "village_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    code: Mapped[str] = mapped_column(String(16, collation="C"), unique=True)
    village_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    created_at: Mapped[Moment]
    record_key: Mapped[bytes | None] = mapped_column(WrappedKey)


class HouseholdStatus(Base):
    """A category and the half-open span of days on which it is in force."""

    __tablename__ = "household_status"
    __table_args__ = (
        # No household has two statuses on one day, whoever writes them and when.
        ExcludeConstraint(("household_id", "="), ("days", "&&"), name="ex_household_status_one_a_day", using="gist"),
        CheckConstraint("NOT isempty(days)", name="days_not_empty"),
        CheckConstraint("category IN ('poor', 'monitored', 'lifted_tracked')", name="category_known"),
    )

    id: Mapped[Id]
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    category: Mapped[str] = mapped_column(String(16))
    days: Mapped[Range[date]] = mapped_column(DATERANGE)
    revision_id: Mapped[int] = mapped_column(ForeignKey("registry_revision.id"))
