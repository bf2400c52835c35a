"""Events, policies, served lists, models."""

import enum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, Integer, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Id, Moment, PublicId


class EventKind(enum.StrEnum):
    """What a consumer did with a listing."""

    VIEW = "view"
    BASKET = "basket"
    PURCHASE = "purchase"


class Event(Base):
    """One act of one consumer on one listing."""

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("kind IN ('view', 'basket', 'purchase')", name="kind_known"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_event_account_id_at", "account_id", "at"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    kind: Mapped[str] = mapped_column(String(8))
    quantity: Mapped[float] = mapped_column(REAL, default=1.0)
    at: Mapped[Moment]


class Preference(Base):
    """A consumer's own say; no row means the default, personalised."""

    __tablename__ = "preference"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    personalised: Mapped[bool]
    changed_at: Mapped[Moment]


class Policy(Base):
    """The tilt that government has set for the sellers of an area from a day on.

    It covers the goods of its area, but not those of a nearer area that has a policy of its own in force. Without a last day it
    holds until another begins for the same area; targets are parts of what the goods it covers receive.
    """

    __tablename__ = "tilt_policy"
    __table_args__ = (
        CheckConstraint("exposure_share BETWEEN 0 AND 1", name="exposure_share_range"),
        CheckConstraint("sales_share BETWEEN 0 AND 1", name="sales_share_range"),
        CheckConstraint("consumer_guard BETWEEN 0 AND 1", name="consumer_guard_range"),
        CheckConstraint("household_floor BETWEEN 0 AND 1", name="household_floor_range"),
        # A floor is a part of an exposure target; without one there is nothing to take the part of.
        CheckConstraint("household_floor = 0 OR exposure_share IS NOT NULL", name="household_floor_of_exposure"),
        CheckConstraint("ends_on >= begins_on", name="ends_after_begin"),
        # Two policies beginning on one day for one area would leave open which is in force.
        Index("uq_tilt_policy_area_day", "area_code", "begins_on", unique=True),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[PublicId]
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    exposure_share: Mapped[float | None]
    sales_share: Mapped[float | None]
    consumer_guard: Mapped[float] = mapped_column(default=0.0)
    # Part of its severity-weighted share of the exposure target that every registered household with stock is owed.
    household_floor: Mapped[float] = mapped_column(default=0.0)
    begins_on: Mapped[Day]
    # The last day it holds; empty for one that holds until another begins.
    ends_on: Mapped[Day | None]
    set_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Moment]


class TiltSum(Base):
    """One of the sums the controller of a policy remembers; processes add to it and never overwrite it.

    Beside them stands ``severity``, that of all sellers a policy helps, which is counted anew now and then.
    """

    __tablename__ = "tilt_sum"

    policy_id: Mapped[int] = mapped_column(ForeignKey("tilt_policy.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[float] = mapped_column(Double)


class ModelState(enum.StrEnum):
    """Where a training stands."""

    TRAINING = "training"
    READY = "ready"
    FAILED = "failed"


class ModelVersion(Base):
    """One training of the recommender; ``folder`` is its place under the data directory."""

    __tablename__ = "model_version"
    __table_args__ = (
        CheckConstraint("state IN ('training', 'ready', 'failed')", name="state_known"),
        Index("ix_model_version_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    folder: Mapped[str] = mapped_column(String(120))
    events: Mapped[int] = mapped_column(BigInteger, default=0)
    began_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    note: Mapped[str] = mapped_column(String(500), default="")


class ListingExposure(Base):
    """What a listing has been shown in its first days, in units of a list's first place; lists add to it."""

    __tablename__ = "listing_exposure"

    # No foreign key: its lock on the listing would make every list wait for a checkout of those goods.
    listing_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    exposure: Mapped[float] = mapped_column(Double)


class ServedList(Base):
    """One list that was shown; the arrays run by place, best first. Partitioned by month (``partitions``).

    ``benefit_bp`` is the benefit share as the policies count it: that of the lots in stock, and 0 for goods that no policy
    covers while there is any. The sums of a policy over its goods follow from the arrays (``queries.exposure_by_policy``).
    """

    __tablename__ = "served_list"
    __table_args__ = (
        # Lists are written in the order of time, which is all that such an index needs.
        Index("ix_served_list_at", "at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    # A partitioned table has no identity before PostgreSQL 17, so its numbers come from a sequence.
    id: Mapped[int] = mapped_column(
        BigInteger, server_default=text("nextval('served_list_id_seq'::regclass)"), primary_key=True, autoincrement=False
    )
    at: Mapped[Moment] = mapped_column(primary_key=True)
    surface: Mapped[str] = mapped_column(String(16))
    # Empty for a visitor and for a consumer who has switched personalisation off.
    account_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    model_version_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    listing_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    # The policy that covers each good; empty for a good of none.
    policy_ids: Mapped[list[int | None]] = mapped_column(ARRAY(Integer))
    position_weights: Mapped[list[float]] = mapped_column(ARRAY(REAL))
    relevance: Mapped[list[float]] = mapped_column(ARRAY(REAL))
    propensity: Mapped[list[float]] = mapped_column(ARRAY(REAL))
    benefit_bp: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    exposure: Mapped[float]
    registered_exposure: Mapped[float]
    # "guard" and "new_listing" of the list, and under "policies" those of each policy by its id.
    multipliers: Mapped[dict[str, Any]] = mapped_column(JSONB)
