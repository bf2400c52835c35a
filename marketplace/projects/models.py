"""Projects with what is declared of them, reviews, notices and objections, milestones, pictures, later checks."""

import enum
from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.privacy import Encrypted
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId
from marketplace.projects.states import AFTER_APPROVAL, ObjectionState, ProjectState, TemplateState
from marketplace.registry.models.cases import one_of
from marketplace.registry.models.files import OfHousehold, of_household

_IN_FORCE = text("state NOT IN ('draft', 'returned', 'refused', 'withdrawn', 'stopped')")
_APPROVED = ", ".join(f"'{state}'" for state in AFTER_APPROVAL)


class SourceKind(enum.StrEnum):
    """Whose money it is; only the first is public money, paid through the books of funds."""

    FISCAL = "fiscal"
    SOCIAL = "social"
    LOAN = "loan"
    OWN = "own"


class Outcome(enum.StrEnum):
    """What a reviewer has made of a project."""

    PASSED = "passed"
    RETURNED = "returned"
    REFUSED = "refused"


class NoticeKind(enum.StrEnum):
    """What a notice makes known: that a project is to be approved, to which anybody may object, or that it is done."""

    APPROVAL = "approval"
    COMPLETION = "completion"


class Project(Base):
    """A declaration and what became of it. What a draft does not have yet is empty."""

    __tablename__ = "project"
    __table_args__ = (
        one_of("state", ProjectState, "state_known"),
        CheckConstraint("ends_on >= begins_on", name="schedule_forward"),
        CheckConstraint("starts_with(place_code, unit_code)", name="place_of_unit"),
        CheckConstraint("length(unit_code) IN (9, 12)", name="unit_level"),
        CheckConstraint("decides IN (6, 4, 2)", name="decides_known"),
        # Another township judges for one that declares itself, and never itself for itself.
        CheckConstraint("length(cross_code) = 9 AND cross_code <> unit_code", name="cross_is_another"),
        CheckConstraint("approved_fen >= 0", name="approved_not_negative"),
        # Public money is never paid above what was approved, through whichever door; triggers keep the sum.
        CheckConstraint("paid_fen BETWEEN 0 AND approved_fen", name="paid_within_approved"),
        CheckConstraint(f"(approved_at IS NOT NULL) = (state IN ({_APPROVED}))", name="approved_has_moment"),
        CheckConstraint("(approved_by_id IS NULL) = (approved_at IS NULL)", name="approved_has_person"),
        CheckConstraint("(completed_on IS NOT NULL) = (state = 'completed')", name="completed_has_day"),
        CheckConstraint("(handed_in_on IS NOT NULL) = (round > 0)", name="handed_in_has_day"),
        # The same thing at the same place in the same time is paid for once.
        ExcludeConstraint(
            ("place_code", "="),
            ("category", "="),
            ("asset_key", "="),
            (text("daterange(begins_on, ends_on, '[]')"), "&&"),
            name="ex_project_funded_once",
            using="gist",
            where=_IN_FORCE,
        ),
        Index("ix_project_place_code_state", "place_code", "state"),
        Index("ix_project_cross_code", "cross_code", postgresql_where=text("cross_code IS NOT NULL")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    state: Mapped[str] = mapped_column(String(12), default=ProjectState.DRAFT)
    # Raised each time it is handed in; reviews and notices are of one round.
    round: Mapped[int] = mapped_column(SmallInteger, default=0)
    # The village or township that declares it.
    unit_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    place_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    cross_code: Mapped[AreaCode | None] = mapped_column(ForeignKey("area.code"))
    name: Mapped[str | None] = mapped_column(String(80))
    category: Mapped[str | None] = mapped_column(String(16))
    nature: Mapped[str | None] = mapped_column(String(16))
    place_words: Mapped[str | None] = mapped_column(String(120))
    # What will stand there, and the same as it is compared with others.
    asset: Mapped[str | None] = mapped_column(String(80))
    asset_key: Mapped[str | None] = mapped_column(String(80))
    begins_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    responsible: Mapped[str | None] = mapped_column(String(80))
    task: Mapped[str | None] = mapped_column(Text)
    target: Mapped[str | None] = mapped_column(Text)
    mechanism: Mapped[str | None] = mapped_column(Text)
    # What is answered to the items that offices ask besides the eleven, by key; only offices and auditors read it.
    answers: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    budget_fen: Mapped[Fen] = mapped_column(default=0)
    # The level up to which it is scored and that approves; known once it is handed in.
    decides: Mapped[int | None] = mapped_column(SmallInteger)
    # Of public money: none before approval.
    approved_fen: Mapped[Fen] = mapped_column(default=0)
    paid_fen: Mapped[Fen] = mapped_column(default=0)
    due_on: Mapped[date | None]
    due_provisional: Mapped[bool] = mapped_column(default=False)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[Moment]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    submitted_at: Mapped[Moment | None]
    # The first time, whatever was sent back since: what it is asked is what was asked on that day.
    handed_in_on: Mapped[date | None]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    approved_at: Mapped[Moment | None]
    completed_on: Mapped[date | None]
    stopped_why: Mapped[str | None] = mapped_column(String(400))

    sources: Mapped[list["ProjectSource"]] = relationship(order_by="ProjectSource.id", cascade="all, delete-orphan")
    milestones: Mapped[list["Milestone"]] = relationship(order_by="Milestone.position", cascade="all, delete-orphan")

    @property
    def public_fen(self) -> int:
        """How much public money it asks for."""
        return sum(source.amount_fen for source in self.sources if source.kind == SourceKind.FISCAL)


class ProjectSource(Base):
    """Money of one kind that a project rests on, and the document that promises it."""

    __tablename__ = "project_source"
    __table_args__ = (
        one_of("kind", SourceKind, "kind_known"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        UniqueConstraint("project_id", "kind"),
    )

    id: Mapped[Id]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    kind: Mapped[str] = mapped_column(String(8))
    document: Mapped[str] = mapped_column(String(80))
    amount_fen: Mapped[Fen]


class Beneficiary(OfHousehold, Base):
    """A registered household that a project is for. Everybody may know how many there are, and nobody outside which."""

    __tablename__ = "project_beneficiary"
    __table_args__ = of_household(
        UniqueConstraint("project_id", "household_id"), Index("ix_project_beneficiary_household_id", "household_id")
    )

    id: Mapped[Id]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))


class Review(Base):
    """What one person of one level has made of a project in one round; never altered."""

    __tablename__ = "project_review"
    __table_args__ = (
        one_of("outcome", Outcome, "outcome_known"),
        CheckConstraint("level IN (9, 6, 4, 2)", name="level_known"),
        CheckConstraint("(scores IS NULL) = (total IS NULL)", name="total_of_scores"),
        CheckConstraint("outcome = 'passed' OR reason <> ''", name="reason_given"),
        # A level speaks once in a round, and a person at one level alone.
        UniqueConstraint("project_id", "round", "level"),
        UniqueConstraint("project_id", "round", "reviewer_id"),
    )

    id: Mapped[Id]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    round: Mapped[int] = mapped_column(SmallInteger)
    level: Mapped[int] = mapped_column(SmallInteger)
    outcome: Mapped[str] = mapped_column(String(8))
    # Points by criterion of the project's template; none where a level above the deciding one confirms.
    scores: Mapped[dict[str, int] | None] = mapped_column(JSONB(none_as_null=True))
    total: Mapped[int | None] = mapped_column(SmallInteger)
    reason: Mapped[str] = mapped_column(String(400), default="")
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]


class ProjectNotice(Base):
    """A notice that everybody may read, from the day after ``published_on``; one before approval hangs ten days at least."""

    __tablename__ = "project_notice"
    __table_args__ = (
        one_of("kind", NoticeKind, "kind_known"),
        CheckConstraint("closes_on - published_on >= 10", name="ten_days"),
        CheckConstraint("closed_on > closes_on OR stopped", name="closed_after_its_length"),
        CheckConstraint("closed_on IS NOT NULL OR NOT stopped", name="stopped_is_closed"),
        UniqueConstraint("project_id", "round", "kind"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    round: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(String(12))
    published_on: Mapped[Day]
    closes_on: Mapped[Day]
    closed_on: Mapped[date | None]
    # An objection was upheld, so it came down before its time.
    stopped: Mapped[bool] = mapped_column(default=False)
    published_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))


class ProjectObjection(Base):
    """What somebody says against a project; its words and where to answer are read only by whoever decides."""

    __tablename__ = "project_objection"
    __table_args__ = (
        one_of("state", ObjectionState, "state_known"),
        CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(state = 'open') = (answer IS NULL)", name="decided_has_answer"),
        Index("ix_project_objection_notice_id", "notice_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    notice_id: Mapped[int] = mapped_column(ForeignKey("project_notice.id"))
    words: Mapped[str] = mapped_column(Encrypted("project_objection.words"))
    contact: Mapped[str | None] = mapped_column(Encrypted("project_objection.contact"))
    made_at: Mapped[Moment]
    due_on: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(12), default=ObjectionState.OPEN)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
    answer: Mapped[str | None] = mapped_column(Encrypted("project_objection.answer"))


class Milestone(Base):
    """A part of the work by which its progress is told; the weights of a project's milestones add up to 100."""

    __tablename__ = "project_milestone"
    __table_args__ = (
        CheckConstraint("weight BETWEEN 1 AND 100", name="weight_percent"),
        CheckConstraint("(reached_on IS NULL) = (reached_by_id IS NULL)", name="reached_has_person"),
        UniqueConstraint("project_id", "position"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(String(80))
    weight: Mapped[int] = mapped_column(SmallInteger)
    due_on: Mapped[Day]
    reached_on: Mapped[date | None]
    reached_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class ProjectPhoto(Base):
    """A picture of the work, with where and when it was taken; without one no milestone is reached."""

    __tablename__ = "project_photo"
    __table_args__ = (
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="place_is_whole"),
        CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="place_on_earth"),
        Index("ix_project_photo_project_id", "project_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    milestone_id: Mapped[int | None] = mapped_column(ForeignKey("project_milestone.id"))
    picture: Mapped[str] = mapped_column(String(64))
    taken_on: Mapped[Day]
    place_words: Mapped[str] = mapped_column(String(120))
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]


class AssetCheck(Base):
    """Whether what was built still works some years later: due on a day, and answered once."""

    __tablename__ = "project_check"
    __table_args__ = (
        CheckConstraint("years BETWEEN 1 AND 3", name="years_range"),
        CheckConstraint("(works IS NULL) = (checked_on IS NULL)", name="answered_has_day"),
        CheckConstraint("(works IS NULL) = (checked_by_id IS NULL)", name="answered_has_person"),
        # What no longer works is described.
        CheckConstraint("works IS NOT FALSE OR note <> ''", name="broken_has_note"),
        UniqueConstraint("project_id", "years"),
        Index("ix_project_check_due_on", "due_on", postgresql_where=text("works IS NULL")),
    )

    id: Mapped[Id]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    years: Mapped[int] = mapped_column(Integer)
    due_on: Mapped[Day]
    works: Mapped[bool | None]
    note: Mapped[str] = mapped_column(String(400), default="")
    checked_on: Mapped[date | None]
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class TemplateVersion(Base):
    """What an office has written down for declarations; confirmed by a second person it holds from its day on, for good."""

    __tablename__ = "project_template"
    __table_args__ = (
        one_of("state", TemplateState, "state_known"),
        CheckConstraint("length(area_code) IN (2, 4, 6)", name="area_level"),
        CheckConstraint("(state = 'entered') = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(state = 'entered') = (decided_at IS NULL)", name="decided_has_moment"),
        CheckConstraint("state <> 'confirmed' OR decided_by_id <> entered_by_id", name="confirmed_by_another"),
        # A day that has begun keeps what held on it.
        CheckConstraint(
            "state <> 'confirmed' OR begins_on > (decided_at AT TIME ZONE 'Asia/Shanghai')::date",
            name="confirmed_before_it_begins",
        ),
        UniqueConstraint("area_code", "number"),
        # Of two who write at once one is first; the other reads what was written.
        Index("uq_project_template_waiting", "area_code", unique=True, postgresql_where=text("state = 'entered'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    # Counted by area; a province goes on from the first, which comes with the program.
    number: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(9), default=TemplateState.ENTERED)
    begins_on: Mapped[Day]
    # Categories, negative list, rubric and added items, as ``standard.Version`` has them.
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    source: Mapped[str] = mapped_column(String(200))
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
