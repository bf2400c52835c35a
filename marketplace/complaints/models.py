"""Complaints with what was done about them and whom they accuse; inspections with answers and findings; watched acts."""

import enum
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.complaints.states import Actor, ComplaintState, FindingState, InspectionState
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import Base
from marketplace.kernel.privacy import Encrypted
from marketplace.kernel.types import AreaCode, Day, Id, PublicId
from marketplace.registry.models.files import OfHousehold, of_household


class ComplaintKind(enum.StrEnum):
    """What is wanted: words, that somebody looks into it, or that money is put right."""

    ADVICE = "advice"
    INVESTIGATION = "investigation"
    MONEY = "money"


class About(enum.StrEnum):
    """What a complaint is about."""

    OFFICER = "officer"
    OFFICE = "office"
    CASE = "case"
    PROJECT = "project"
    FUND = "fund"
    POLICY = "policy"
    ORDER = "order"
    OTHER = "other"


class Channel(enum.StrEnum):
    """The way by which a complaint came."""

    WEB = "web"
    PHONE = "phone"
    LETTER = "letter"


class Desk(enum.StrEnum):
    """Who hears a complaint: the office of the place, or those who audit it and command nobody there."""

    OFFICE = "office"
    INSPECTION = "inspection"


class Topic(enum.StrEnum):
    """What is inspected: money, the projects that it pays, or whether a policy for farmers reaches them."""

    FUNDS = "funds"
    PROJECTS = "projects"
    POLICY = "policy"


class Drawn(enum.StrEnum):
    """How an inspection came into the plan."""

    RISK = "risk"
    LOT = "lot"


class Verdict(enum.StrEnum):
    """What an inspector says of an item of the checklist."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_APPLICABLE = "not_applicable"


class AdverseKind(enum.StrEnum):
    """Acts that could be meant to punish a complainant's household."""

    EXIT = "exit"
    PAYMENT = "payment"
    SUSPICION = "suspicion"


def _one_of(column: str, values: type[enum.StrEnum], name: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value.value) for value in values)})", name=name)


class Complaint(Base):
    """What somebody says is wrong. Of one without a name nothing is kept by which its sender could be found: no account, no way
    to reach them, no hour.
    """

    __tablename__ = "complaint"
    __table_args__ = (
        _one_of("kind", ComplaintKind, "kind_known"),
        _one_of("about", About, "about_known"),
        _one_of("channel", Channel, "channel_known"),
        _one_of("desk", Desk, "desk_known"),
        _one_of("state", ComplaintState, "state_known"),
        # Without a name is without any trace of one.
        CheckConstraint(
            "NOT anonymous OR (complainant_id IS NULL AND name IS NULL AND contact IS NULL)", name="anonymous_is_nobody"
        ),
        CheckConstraint("starts_with(area_code, heard_at)", name="heard_over_its_area"),
        CheckConstraint("(state = 'assigned') = (handler_id IS NOT NULL)", name="assigned_has_handler"),
        CheckConstraint("(state IN ('closed', 'withdrawn')) = (ended_on IS NOT NULL)", name="ended_has_day"),
        CheckConstraint("(state IN ('closed', 'withdrawn')) = (due_on IS NULL)", name="open_has_due_day"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_range"),
        CheckConstraint("length(code_digest) = 32", name="digest_length"),
        Index("ix_complaint_desk_area_code", "desk", "area_code"),
        Index("ix_complaint_complainant_id", "complainant_id", postgresql_where=text("complainant_id IS NOT NULL")),
        Index("ix_complaint_due_on", "due_on", postgresql_where=text("due_on IS NOT NULL")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    # SHA-256 of a random code of 80 bits, which nobody but its holder knows.
    code_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    about: Mapped[str] = mapped_column(String(12))
    # The number that stands on a paper about it: of a fund, a case, an order; as it was written.
    subject: Mapped[str] = mapped_column(String(60), default="")
    words: Mapped[str] = mapped_column(Encrypted("complaint.words"))
    channel: Mapped[str] = mapped_column(String(8))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    desk: Mapped[str] = mapped_column(String(12))
    # The level that hears it now: whoever stands below reads it no more.
    heard_at: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    anonymous: Mapped[bool]
    complainant_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str | None] = mapped_column(Encrypted("complaint.name"))
    contact: Mapped[str | None] = mapped_column(Encrypted("complaint.contact"))
    # Who wrote it down from a call or a letter.
    taken_down_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_on: Mapped[Day]
    state: Mapped[str] = mapped_column(String(12), default=ComplaintState.RECEIVED)
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    # By when it is to be answered, and by when the next step is due.
    answer_by: Mapped[Day]
    due_on: Mapped[date | None]
    # Counted by weekends alone, until the holidays on the way are announced.
    due_provisional: Mapped[bool] = mapped_column(default=False)
    escalations: Mapped[int] = mapped_column(SmallInteger, default=0)
    reopenings: Mapped[int] = mapped_column(SmallInteger, default=0)
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    ended_on: Mapped[date | None]


class ComplaintAccused(Base):
    """Whom a complaint accuses: an office with its whole line, and a person where one is named."""

    __tablename__ = "complaint_accused"
    __table_args__ = (
        CheckConstraint("kind IN ('officer', 'auditor')", name="kind_known"),
        Index("ix_complaint_accused_complaint_id", "complaint_id"),
    )

    id: Mapped[Id]
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"))
    kind: Mapped[str] = mapped_column(String(12), default=RoleKind.OFFICER)
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class ComplaintHousehold(OfHousehold, Base):
    """The household for which a complaint with a name was made: it is watched whether it suffers for it."""

    __tablename__ = "complaint_household"
    __table_args__ = of_household(Index("ix_complaint_household_household_id", "household_id"))

    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"), primary_key=True, autoincrement=False)


class ComplaintStep(Base):
    """What was done about a complaint or said in it, in order; never altered. ``told`` steps are read by the complainant."""

    __tablename__ = "complaint_step"
    __table_args__ = (
        _one_of("actor", Actor, "actor_known"),
        # Nobody stands behind what a complainant or the clock does.
        CheckConstraint("by_id IS NULL OR actor NOT IN ('complainant', 'clock')", name="complainant_is_nobody"),
        Index("ix_complaint_step_complaint_id", "complaint_id"),
    )

    id: Mapped[Id]
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"))
    action: Mapped[str] = mapped_column(String(12))
    actor: Mapped[str] = mapped_column(String(16))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    words: Mapped[str] = mapped_column(Encrypted("complaint_step.words"))
    # The number of the paper or picture that proves an answer; empty where there is none.
    evidence: Mapped[str] = mapped_column(String(120), default="")
    told: Mapped[bool]
    done_on: Mapped[Day]


class AdverseAct(Base):
    """An act against the household of a complainant within the watched time; somebody outside the line says what it was."""

    __tablename__ = "adverse_act"
    __table_args__ = (
        _one_of("kind", AdverseKind, "kind_known"),
        CheckConstraint("(settled_on IS NULL) = (settled_by_id IS NULL)", name="settled_by_somebody"),
        CheckConstraint("(settled_on IS NULL) = (settled_words = '')", name="settled_with_words"),
        # The same act is seen every night and listed once.
        UniqueConstraint("complaint_id", "kind", "subject"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"))
    kind: Mapped[str] = mapped_column(String(12))
    # The public id of the case, payment or suspicion.
    subject: Mapped[str] = mapped_column(String(20))
    happened_on: Mapped[Day]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    settled_on: Mapped[date | None]
    settled_words: Mapped[str] = mapped_column(String(400), default="")


class Inspection(Base):
    """A look at one fund, one project or one township's farm policy, with the risk that brought it into the plan."""

    __tablename__ = "inspection"
    __table_args__ = (
        _one_of("topic", Topic, "topic_known"),
        _one_of("drawn", Drawn, "drawn_known"),
        _one_of("state", InspectionState, "state_known"),
        CheckConstraint("score_bp BETWEEN 0 AND 10000", name="score_range"),
        CheckConstraint("(state IN ('under_way', 'reported')) = (inspector_id IS NOT NULL)", name="begun_has_inspector"),
        CheckConstraint("(state = 'reported') = (reported_on IS NOT NULL)", name="reported_has_day"),
        # One thing is inspected once at a time.
        Index(
            "uq_inspection_open", "topic", "subject", unique=True, postgresql_where=text("state IN ('planned', 'under_way')")
        ),
        Index("ix_inspection_area_code", "area_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    topic: Mapped[str] = mapped_column(String(12))
    # The public id of a fund or a project, or the code of a township.
    subject: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(120))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    drawn: Mapped[str] = mapped_column(String(8))
    score_bp: Mapped[int] = mapped_column(SmallInteger)
    # What the score was worked out from, and with which weights.
    features: Mapped[dict[str, int]] = mapped_column(JSONB)
    weights: Mapped[dict[str, int]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(12), default=InspectionState.PLANNED)
    planned_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    planned_on: Mapped[Day]
    due_on: Mapped[date | None]
    inspector_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reported_on: Mapped[date | None]


class InspectionAnswer(Base):
    """What an inspector said of one item of the checklist; said again, the later word holds until the report."""

    __tablename__ = "inspection_answer"
    __table_args__ = (
        _one_of("verdict", Verdict, "verdict_known"),
        CheckConstraint("verdict <> 'wrong' OR words <> ''", name="wrong_has_words"),
    )

    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspection.id"), primary_key=True)
    item: Mapped[str] = mapped_column(String(24), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(String(400), default="")


class InspectionFinding(Base):
    """Something that an inspection found wrong: the office puts it right with proof, or appeals once."""

    __tablename__ = "inspection_finding"
    __table_args__ = (
        _one_of("state", FindingState, "state_known"),
        CheckConstraint("(state IN ('confirmed', 'dropped')) = (due_on IS NULL)", name="open_has_due_day"),
        CheckConstraint("state NOT IN ('rectified', 'confirmed') OR proof <> ''", name="rectified_has_proof"),
        CheckConstraint("state NOT IN ('appealed', 'dropped') OR appeal <> ''", name="appealed_has_reason"),
        # Whoever found it does not decide on the appeal.
        CheckConstraint("appeal_decided_by_id <> found_by_id", name="appeal_decided_by_another"),
        UniqueConstraint("inspection_id", "item"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspection.id"))
    item: Mapped[str] = mapped_column(String(24))
    words: Mapped[str] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(12), default=FindingState.FOUND)
    found_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    due_on: Mapped[date | None]
    # What was done, and the number of the paper or picture that shows it.
    done: Mapped[str] = mapped_column(String(400), default="")
    proof: Mapped[str] = mapped_column(String(120), default="")
    rectified_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    appeal: Mapped[str] = mapped_column(String(400), default="")
    appeal_decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    # What an inspector said last: why it was sent back, why an appeal was refused.
    answer: Mapped[str] = mapped_column(String(400), default="")
