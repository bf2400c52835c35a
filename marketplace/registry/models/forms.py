"""Forms and what comes back: versions, submissions as they came, their media, what is odd about them; places of villages."""

import enum
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.identity.models import Account
from marketplace.kernel.db import Base
from marketplace.kernel.privacy import WrappedKey
from marketplace.kernel.types import AreaCode, Day, Id, Moment, PublicId
from marketplace.registry.reading import SCOPED


class SubmissionState(enum.StrEnum):
    """What has become of a submission."""

    INCOMPLETE = "incomplete"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    UNREADABLE = "unreadable"


class FlagKind(enum.StrEnum):
    """What is odd about a submission."""

    OUTSIDE = "outside"
    FAST = "fast"
    STRAIGHT = "straight"
    PHOTO = "photo"
    CLOCK = "clock"
    NIGHT = "night"


class FlagState(enum.StrEnum):
    """What somebody who looked at a flag has made of it."""

    OPEN = "open"
    EXPLAINED = "explained"
    CONFIRMED = "confirmed"


class FormVersion(Base):
    """A version of a form as it was published for an area. It never changes; only the day on which it ends is written later.

    The length of ``area_code`` is the level that publishes: two digits for a province, whose form is the standard itself.
    """

    __tablename__ = "form_version"
    __table_args__ = (
        UniqueConstraint("form_id", "version"),
        CheckConstraint("ends_on IS NULL OR ends_on > begins_on", name="ends_after_beginning"),
        # What adds to a standard says which version of it.
        CheckConstraint("(standard_id IS NULL) = (length(area_code) = 2)", name="extension_has_standard"),
        Index("ix_form_version_area_code_begins_on", "area_code", "begins_on"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    form_id: Mapped[str] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(20))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    standard_id: Mapped[int | None] = mapped_column(ForeignKey("form_version.id"))
    begins_on: Mapped[Day]
    # The first day on which it is no longer handed out; what was made with it is taken on any day.
    ends_on: Mapped[date | None]
    model: Mapped[dict[str, Any]] = mapped_column(JSONB)
    xlsx: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    xform: Mapped[str] = mapped_column(deferred=True)
    # MD5 of the XForm, by which a phone sees that it has it already (OpenRosa), and SHA-256, by which anybody may check it.
    md5: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(String(64))
    # Whether ODK Validate has looked at it, and what it and the converter had to say.
    validated: Mapped[bool]
    warnings: Mapped[list[str]] = mapped_column(JSONB, default=list)
    published_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    published_at: Mapped[Moment]

    published_by: Mapped[Account] = relationship()


class FormSubmission(Base):
    """What a device has sent, kept as it came before anything is done with it.

    ``record_key`` seals what came; answers that the standard does not know are sealed with the household's own key.
    ``area_code`` is the household's village, and the sender's own area for as long as no household is known.
    """

    __tablename__ = "form_submission"
    __table_args__ = (
        # A device sends the same submission until it is told that it was taken; it is one all the same.
        UniqueConstraint("instance_id"),
        ForeignKeyConstraint(["household_id", "area_code"], ["household.id", "household.village_code"], onupdate="CASCADE"),
        CheckConstraint("state IN ('incomplete', 'waiting', 'done', 'failed', 'unreadable')", name="state_known"),
        CheckConstraint("channel IN ('openrosa', 'web', 'program')", name="channel_known"),
        CheckConstraint("form IN ('xml', 'json')", name="form_known"),
        CheckConstraint("(state IN ('failed', 'unreadable')) = (fault <> '')", name="failure_has_fault"),
        CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="done_has_moment"),
        Index("ix_form_submission_area_code_received_at", "area_code", "received_at"),
        Index("ix_form_submission_state", "state", "received_at"),
        Index("ix_form_submission_household_id", "household_id"),
        Index("ix_form_submission_by_id_received_at", "by_id", "received_at"),
        {"info": {SCOPED: True}},
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    instance_id: Mapped[str] = mapped_column(String(80))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    form: Mapped[str] = mapped_column(String(4))
    channel: Mapped[str] = mapped_column(String(12))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("form_version.id"))
    household_id: Mapped[int | None] = mapped_column(BigInteger)
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    received_at: Mapped[Moment]
    # What the device's clock said, and the name under which it reports.
    began_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    record_key: Mapped[bytes] = mapped_column(WrappedKey)
    sealed_raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sealed_extra: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    state: Mapped[str] = mapped_column(String(12))
    # Why it was not taken in: the code of the failure, and for each field at fault a sentence. Never a value.
    fault: Mapped[str] = mapped_column(String(40), default="")
    fault_fields: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[Moment | None]
    # What became of it: how many values stand, stand against others, wait for a second person; which pictures were not kept.
    outcome: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)

    version: Mapped[FormVersion | None] = relationship()
    by: Mapped[Account] = relationship()
    media: Mapped[list["SubmissionMedium"]] = relationship(order_by="SubmissionMedium.id")
    flags: Mapped[list["SubmissionFlag"]] = relationship(order_by="SubmissionFlag.id")


class SubmissionMedium(Base):
    """A file that belongs to a submission: expected from its first mention, sealed when it has come, gone when put away."""

    __tablename__ = "submission_medium"
    __table_args__ = (
        UniqueConstraint("submission_id", "name"),
        CheckConstraint("(digest IS NULL) = (came_at IS NULL)", name="come_has_digest"),
        {"info": {SCOPED: True}},
    )

    id: Mapped[Id]
    submission_id: Mapped[int] = mapped_column(ForeignKey("form_submission.id"))
    name: Mapped[str] = mapped_column(String(120))
    question: Mapped[str] = mapped_column(String(40), default="")
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    came_at: Mapped[Moment | None]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    # Set when it was kept as a picture of the household.
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("household_picture.id"))


class SubmissionFlag(Base):
    """Something odd about a submission, with the measured figures; for somebody to look at."""

    __tablename__ = "submission_flag"
    __table_args__ = (
        UniqueConstraint("submission_id", "kind"),
        CheckConstraint("kind IN ('outside', 'fast', 'straight', 'photo', 'clock', 'night')", name="kind_known"),
        CheckConstraint("state IN ('open', 'explained', 'confirmed')", name="state_known"),
        CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name="decided_has_moment"),
        Index("ix_submission_flag_state", "state"),
        {"info": {SCOPED: True}},
    )

    id: Mapped[Id]
    submission_id: Mapped[int] = mapped_column(ForeignKey("form_submission.id"))
    kind: Mapped[str] = mapped_column(String(12))
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(12), default=FlagState.OPEN)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
    note: Mapped[str] = mapped_column(String(400), default="")


class RevisitDraw(Base):
    """The submissions of one collector in one week, drawn from by a seed that anybody may draw from again."""

    __tablename__ = "revisit_draw"
    __table_args__ = (UniqueConstraint("collector_id", "week_on"),)

    id: Mapped[Id]
    collector_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    week_on: Mapped[Day]
    seed: Mapped[str] = mapped_column(String(40))
    share: Mapped[float] = mapped_column(Float)
    # Instance ids, in the order in which they were drawn from, and those drawn.
    of: Mapped[list[str]] = mapped_column(JSONB)
    drawn: Mapped[list[str]] = mapped_column(JSONB)
    drawn_at: Mapped[Moment]


class AreaPlace(Base):
    """Where a village lies: a point and how far from it its houses may stand. A village without a row is not checked."""

    __tablename__ = "area_place"
    __table_args__ = (
        CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="on_earth"),
        CheckConstraint("radius_m > 0", name="radius_positive"),
        CheckConstraint("source <> ''", name="source_named"),
    )

    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"), primary_key=True)
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)
    radius_m: Mapped[int]
    source: Mapped[str] = mapped_column(String(200))
