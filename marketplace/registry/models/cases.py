"""Cases: procedures by which a household enters, leaves or is monitored; their steps, rounds, assemblies and samples."""

import enum
from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Id, Moment, PublicId
from marketplace.registry.models.files import OfHousehold, of_household


class CaseKind(enum.StrEnum):
    """Which procedure."""

    ENTRY = "entry"
    EXIT = "exit"
    MONITORING = "monitoring"


class CaseSource(enum.StrEnum):
    """From whom the first word came."""

    HOUSEHOLD = "household"
    OFFICER = "officer"
    DEPARTMENT = "department"


class Risk(enum.StrEnum):
    """Why a household is to be monitored."""

    UNSTABLE = "unstable"
    MARGINAL = "marginal"
    SUDDEN = "sudden"


class CaseState(enum.StrEnum):
    """How far a case has come. ``procedures`` says which states belong to which kind."""

    APPLIED = "applied"
    VOTED = "voted"
    FIRST_NOTICE = "first_notice"
    FIRST_CLOSED = "first_closed"
    CHECKED = "checked"
    SECOND_NOTICE = "second_notice"
    SECOND_CLOSED = "second_closed"
    REVIEWED = "reviewed"
    ANNOUNCED = "announced"
    REGISTERED = "registered"
    PROPOSED = "proposed"
    VILLAGE_VERIFIED = "village_verified"
    VERIFIED = "verified"
    AGREED = "agreed"
    NOTICE = "notice"
    NOTICE_CLOSED = "notice_closed"
    TRACKED = "tracked"
    RETURNED = "returned"
    CLUE = "clue"
    MONITORED = "monitored"
    REMOVAL_PROPOSED = "removal_proposed"
    REMOVAL_NOTICE = "removal_notice"
    REMOVAL_CLOSED = "removal_closed"
    ENDED = "ended"
    HANDED_OVER = "handed_over"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class CaseAction(enum.StrEnum):
    """What somebody does to a case."""

    VOTE_IN = "vote_in"
    VOTE_DOWN = "vote_down"
    PUBLISH_FIRST = "publish_first"
    CLOSE_FIRST = "close_first"
    PASS_CHECK = "pass_check"
    PUBLISH_SECOND = "publish_second"
    CLOSE_SECOND = "close_second"
    PASS_REVIEW = "pass_review"
    SEND_BACK = "send_back"
    ANNOUNCE = "announce"
    REGISTER = "register"
    VERIFY = "verify"
    VERIFY_AGAIN = "verify_again"
    AGREE = "agree"
    DISAGREE = "disagree"
    PUBLISH = "publish"
    CLOSE = "close"
    LIFT = "lift"
    RETURN = "return"
    CHECK = "check"
    MONITOR = "monitor"
    PROPOSE_REMOVAL = "propose_removal"
    PUBLISH_REMOVAL = "publish_removal"
    CLOSE_REMOVAL = "close_removal"
    KEEP = "keep"
    END = "end"
    HAND_OVER = "hand_over"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


def one_of(column: str, kinds: type[enum.StrEnum], name: str) -> CheckConstraint:
    """The constraint that a column holds one of an enumeration's words."""
    words = ", ".join(f"'{kind.value}'" for kind in kinds)
    return CheckConstraint(f"{column} IN ({words})", name=name)


class Round(Base):
    """The applications of one village that go through assembly, notices and checks together."""

    __tablename__ = "case_round"
    __table_args__ = (
        # New applications of a village join one round.
        Index("uq_case_round_open", "village_code", unique=True, postgresql_where=text("closed_on IS NULL")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    village_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    opened_on: Mapped[Day]
    # From the first assembly that counted on, new applications wait for the next round.
    closed_on: Mapped[date | None]


class Case(OfHousehold, Base):
    """One procedure for one household. Days are those of the market's zone."""

    __tablename__ = "registry_case"
    __table_args__ = of_household(
        one_of("kind", CaseKind, "kind_known"),
        one_of("state", CaseState, "state_known"),
        one_of("source", CaseSource, "source_known"),
        CheckConstraint("risk IS NULL OR risk IN ('unstable', 'marginal', 'sudden')", name="risk_known"),
        CheckConstraint("(kind = 'monitoring') = (risk IS NOT NULL)", name="monitoring_has_risk"),
        CheckConstraint("(kind = 'entry') = (round_id IS NOT NULL)", name="entry_has_round"),
        CheckConstraint("ended_on IS NULL OR ended_on >= opened_on", name="ended_after_opening"),
        # A household is in each procedure at most once at a time.
        Index("uq_registry_case_open", "household_id", "kind", unique=True, postgresql_where=text("ended_on IS NULL")),
        Index("ix_registry_case_household_id", "household_id"),
        Index("ix_registry_case_round_id", "round_id"),
        Index(
            "ix_registry_case_village_code_state",
            "village_code",
            "kind",
            "state",
            "due_on",
            postgresql_where=text("ended_on IS NULL"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(12))
    risk: Mapped[str | None] = mapped_column(String(12))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("case_round.id"))
    # The public id of the alert that led to it; empty where none did.
    asked_for: Mapped[str] = mapped_column(String(20), default="")
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    opened_on: Mapped[Day]
    entered_on: Mapped[Day]
    # The first day on which the next step may be taken, where a notice or a year of tracking must run its full length.
    not_before_on: Mapped[date | None]
    # None where nothing is due.
    due_on: Mapped[date | None]
    # Counted by weekends alone, until the holidays on the way are announced.
    due_provisional: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    ended_on: Mapped[date | None]


class CaseStep(OfHousehold, Base):
    """A step that was taken, by whom and why. Rows are only ever added."""

    __tablename__ = "case_step"
    __table_args__ = of_household(
        one_of("action", CaseAction, "action_known"),
        one_of("state", CaseState, "state_known"),
        Index("ix_case_step_case_id_id", "case_id", "id"),
    )

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("registry_case.id"))
    # None for the opening of the case.
    action: Mapped[str | None] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    # Whether the household itself did it, signed in, and not an officer whom it had told.
    by_household: Mapped[bool] = mapped_column(default=False)
    at: Mapped[Moment]
    # The change of statuses that came with the step, where one did.
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("registry_revision.id"))
    sealed_reason: Mapped[bytes | None] = mapped_column(LargeBinary)


class Assembly(Base):
    """A meeting of a village that votes on a round; without its quorum it is written down and counts for nothing."""

    __tablename__ = "case_assembly"
    __table_args__ = (
        CheckConstraint("entitled > 0 AND present BETWEEN 0 AND entitled", name="present_of_entitled"),
        Index("ix_case_assembly_round_id", "round_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    round_id: Mapped[int] = mapped_column(ForeignKey("case_round.id"))
    held_on: Mapped[Day]
    # Households, or representatives, that may vote, and how many of them came.
    entitled: Mapped[int]
    present: Mapped[int]
    counted: Mapped[bool]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[Moment]


class AssemblyVote(OfHousehold, Base):
    """How an assembly voted on one application."""

    __tablename__ = "case_assembly_vote"
    __table_args__ = of_household(
        CheckConstraint("in_favour >= 0 AND against >= 0", name="votes_not_negative"),
        UniqueConstraint("assembly_id", "case_id", name="uq_case_assembly_vote_assembly_id_case_id"),
    )

    id: Mapped[Id]
    assembly_id: Mapped[int] = mapped_column(ForeignKey("case_assembly.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("registry_case.id"))
    in_favour: Mapped[int]
    against: Mapped[int]


class Stage(enum.StrEnum):
    """Who looks at a sample: the township after the first notice, the county after the second."""

    CHECK = "check"
    REVIEW = "review"


class Sample(Base):
    """A sample of a round: which households are visited follows from ``seed``, which nobody could choose."""

    __tablename__ = "case_sample"
    __table_args__ = (
        one_of("stage", Stage, "stage_known"),
        CheckConstraint("share_bp BETWEEN 1 AND 10000", name="share_is_part"),
        # One sample each time the round comes to the stage: nobody draws again until they like what they see.
        UniqueConstraint("round_id", "stage", "turn", name="uq_case_sample_round_id_stage_turn"),
    )

    id: Mapped[Id]
    round_id: Mapped[int] = mapped_column(ForeignKey("case_round.id"))
    notice_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("case_notice.id"))
    stage: Mapped[str] = mapped_column(String(8))
    turn: Mapped[int] = mapped_column(SmallInteger)
    seed: Mapped[str] = mapped_column(String(40))
    share_bp: Mapped[int] = mapped_column(SmallInteger)
    drawn_from: Mapped[int]
    drawn_at: Mapped[Moment]


class SampleVisit(OfHousehold, Base):
    """A household of a sample, and what whoever went there found; None until somebody has."""

    __tablename__ = "case_sample_visit"
    __table_args__ = of_household(
        CheckConstraint("(fit IS NULL) = (visited_by_id IS NULL)", name="visited_by_somebody"),
        CheckConstraint("(fit IS NULL) = (visited_at IS NULL)", name="visited_at_some_time"),
        UniqueConstraint("sample_id", "case_id", name="uq_case_sample_visit_sample_id_case_id"),
    )

    id: Mapped[Id]
    sample_id: Mapped[int] = mapped_column(ForeignKey("case_sample.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("registry_case.id"))
    fit: Mapped[bool | None]
    visited_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    visited_at: Mapped[Moment | None]
    sealed_finding: Mapped[bytes | None] = mapped_column(LargeBinary)
