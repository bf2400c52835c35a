"""Events, policies, served lists, models."""

import enum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, Integer, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel import ids
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


class ModelKind(enum.StrEnum):
    """How a model came to be."""

    FIT = "fit"
    FOLD_IN = "fold_in"


class Stage(enum.StrEnum):
    """What a training is doing, in order."""

    READING = "reading"
    LEARNING = "learning"
    ORDERING = "ordering"
    DONE = "done"


class Failure(enum.StrEnum):
    """Why a training has left the model before it in place."""

    NOTHING_TO_LEARN = "nothing"
    INTERRUPTED = "interrupted"
    NO_SPACE = "no_space"
    UNREADABLE = "unreadable"
    UNEXPECTED = "unexpected"


class ModelVersion(Base):
    """One training of the recommender, or one folding-in of what has happened since; ``folder`` is its place on disk."""

    __tablename__ = "model_version"
    __table_args__ = (
        CheckConstraint("state IN ('training', 'ready', 'failed')", name="state_known"),
        CheckConstraint("kind IN ('fit', 'fold_in')", name="kind_known"),
        CheckConstraint("stage IN ('reading', 'learning', 'ordering', 'done')", name="stage_known"),
        # Errors would add up if one folding-in were made from another.
        CheckConstraint("(kind = 'fold_in') = (parent_id IS NOT NULL)", name="fold_in_has_parent"),
        CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failed_says_why"),
        Index("ix_model_version_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), default=ModelKind.FIT)
    # The fit that a folding-in was made from.
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    state: Mapped[str] = mapped_column(String(10))
    stage: Mapped[str] = mapped_column(String(10), default=Stage.READING)
    folder: Mapped[str] = mapped_column(String(120))
    # Events learnt from; of a folding-in those since its fit.
    events: Mapped[int] = mapped_column(BigInteger, default=0)
    # A fingerprint of what was folded in, so that nothing is made twice of the same.
    digest: Mapped[str] = mapped_column(String(64), default="")
    began_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    failure: Mapped[str | None] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(500), default="")

    @property
    def fit_id(self) -> int:
        """The fit that it knows the past by."""
        return self.parent_id if self.parent_id is not None else self.id


class ForgottenHistory(Base):
    """A consumer's wish to be forgotten; until a fit without the history serves, they are a stranger to every model."""

    __tablename__ = "forgotten_history"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    at: Mapped[Moment]
    # The first fit that does not know the history any more; empty until there is one.
    gone_from_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))


class DigestSubscription(Base):
    """A consumer's wish to get the weekly letter, or to get it no longer."""

    __tablename__ = "digest_subscription"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(254))
    wanted: Mapped[bool]
    changed_at: Mapped[Moment]


class ListingExposure(Base):
    """What a listing has been shown in its first days, in units of a list's first place; lists add to it."""

    __tablename__ = "listing_exposure"

    # No foreign key: its lock on the listing would make every list wait for a checkout of those goods.
    listing_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    exposure: Mapped[float] = mapped_column(Double)


class ServedList(Base):
    """One list that was shown; the arrays run by place, best first. Partitioned by month (``partitions``).

    ``benefit_bp`` is the benefit share as the policies count it: that of the lots in stock, and 0 for goods that no policy
    covers while there is any. The sums of a policy over its goods follow from the arrays; the daily report counts so.
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
    # A partitioned table cannot hold a constraint without the moment; two random ids of twenty characters do not meet.
    public_id: Mapped[str] = mapped_column(String(20), index=True, default=ids.public_id)
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
    # Expected sales over those of the list without policies; empty for lists from before it was noted.
    kept_utility: Mapped[float | None]
    # "guard" and "new_listing" of the list, and under "policies" those of each policy by its id.
    multipliers: Mapped[dict[str, Any]] = mapped_column(JSONB)


class TiltReport(Base):
    """What one day gave to the goods that a policy covers, against its targets; built again, it comes out the same.

    ``*_error`` is the standard error of a share, the parties being readers for lists and buyers for sales; empty where fewer
    than two took part. ``shown_*`` are those sales whose buyer had been shown the listing in the week before.
    """

    __tablename__ = "tilt_report"
    __table_args__ = (
        CheckConstraint("registered_exposure BETWEEN 0 AND exposure", name="exposure_within_whole"),
        CheckConstraint("registered_expected BETWEEN 0 AND expected", name="expected_within_whole"),
        CheckConstraint("registered_fen BETWEEN 0 AND sold_fen", name="sold_within_whole"),
        CheckConstraint("shown_registered_fen BETWEEN 0 AND shown_fen", name="shown_within_whole"),
        CheckConstraint("shown_fen <= sold_fen", name="shown_within_sold"),
        CheckConstraint("kept_share BETWEEN 0 AND 1", name="kept_range"),
    )

    reported_on: Mapped[Day] = mapped_column(primary_key=True)
    policy_id: Mapped[int] = mapped_column(ForeignKey("tilt_policy.id"), primary_key=True, index=True)
    lists: Mapped[int] = mapped_column(Integer)
    readers: Mapped[int] = mapped_column(Integer)
    exposure: Mapped[float] = mapped_column(Double)
    registered_exposure: Mapped[float] = mapped_column(Double)
    exposure_error: Mapped[float | None] = mapped_column(Double)
    expected: Mapped[float] = mapped_column(Double)
    registered_expected: Mapped[float] = mapped_column(Double)
    expected_error: Mapped[float | None] = mapped_column(Double)
    # Part of the untilted lists' expected sales that was kept for certain; empty where no list was shown.
    kept_share: Mapped[float | None] = mapped_column(Double)
    order_lines: Mapped[int] = mapped_column(Integer)
    sold_fen: Mapped[int] = mapped_column(BigInteger)
    registered_fen: Mapped[int] = mapped_column(BigInteger)
    sold_error: Mapped[float | None] = mapped_column(Double)
    shown_fen: Mapped[int] = mapped_column(BigInteger)
    shown_registered_fen: Mapped[int] = mapped_column(BigInteger)


class TiltAlarm(Base):
    """A time in which a share lay behind its target for good; without a last day it still does."""

    __tablename__ = "tilt_alarm"
    __table_args__ = (
        CheckConstraint("measure IN ('exposure', 'expected', 'sold')", name="measure_known"),
        CheckConstraint("ended_on > began_on", name="ends_after_begin"),
    )

    policy_id: Mapped[int] = mapped_column(ForeignKey("tilt_policy.id"), primary_key=True)
    measure: Mapped[str] = mapped_column(String(10), primary_key=True)
    began_on: Mapped[Day] = mapped_column(primary_key=True)
    ended_on: Mapped[Day | None]
