"""Officers in duty, their households, plans, hand-overs, what was said of visits, funds, years and merits."""

import enum
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.assistance.duty.states import HandoverState
from marketplace.assistance.papers import PaperState
from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId
from marketplace.registry.models.files import OfHousehold, of_household


class Rank(enum.StrEnum):
    """The rank of an officer, on which the number of households depends."""

    COUNTY_HEAD = "county_head"
    COUNTY_DEPUTY = "county_deputy"
    SECTION_HEAD = "section_head"
    SECTION_DEPUTY = "section_deputy"
    OTHER = "other"


class Place(enum.StrEnum):
    """Whether somebody is the one who answers, or stands beside."""

    FIRST = "first"
    SECOND = "second"


class MeritKind(enum.StrEnum):
    """What a year's work leads to; persons decide it, never a number."""

    REWARD = "reward"
    PENALTY = "penalty"
    PROMOTION = "promotion"


class DutyOfficer(Base):
    """An officer who answers for households: with what rank, and from where."""

    __tablename__ = "duty_officer"
    __table_args__ = (
        CheckConstraint(
            "rank IN ('county_head', 'county_deputy', 'section_head', 'section_deputy', 'other')", name="rank_known"
        ),
        Index("ix_duty_officer_area_code", "area_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    # One person has one quota, however many offices they hold.
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)
    rank: Mapped[str] = mapped_column(String(16))
    # Where the office is: a village, a township, a county.
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[Moment]
    left_at: Mapped[Moment | None]


class Duty(OfHousehold, Base):
    """An officer answers for a household from one moment to, perhaps, another."""

    __tablename__ = "duty"
    __table_args__ = of_household(
        CheckConstraint("place IN ('first', 'second')", name="place_known"),
        # A household has one first helper and at most one second, whoever gives it one.
        Index("uq_duty_running", "household_id", "place", unique=True, postgresql_where=text("ended_at IS NULL")),
        # Nobody stands beside themself.
        Index("uq_duty_officer", "household_id", "officer_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_duty_officer_id", "officer_id", postgresql_where=text("ended_at IS NULL")),
        CheckConstraint("(ended_at IS NULL) = (ended_why IS NULL)", name="ending_has_reason"),
        Index("ix_duty_village_code", "village_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    officer_id: Mapped[int] = mapped_column(ForeignKey("duty_officer.id"))
    place: Mapped[str] = mapped_column(String(8))
    # The digits that the codes of office and village have in common: 12 in one village, 9 in one township.
    near: Mapped[int] = mapped_column(SmallInteger)
    begins_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    ended_why: Mapped[str | None] = mapped_column(String(16))


class DutyPlan(Base):
    """A proposal that gives each household of an area that has none a first helper."""

    __tablename__ = "duty_plan"
    __table_args__ = (
        CheckConstraint("decided_by_id <> drafted_by_id OR state <> 'approved'", name="two_persons"),
        # Two drafts over one area would give one household to two officers.
        Index("uq_duty_plan_drafted", "area_code", unique=True, postgresql_where=text("state = 'drafted'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    households: Mapped[int] = mapped_column(Integer)
    officers: Mapped[int] = mapped_column(Integer)
    # How many households by digits in common of the office's code and the village's.
    near: Mapped[dict[str, int]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(12), default=PaperState.DRAFTED)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]


class DutyPlanLine(OfHousehold, Base):
    """Which officer a plan gives to a household."""

    __tablename__ = "duty_plan_line"
    __table_args__ = of_household(UniqueConstraint("plan_id", "household_id"))

    id: Mapped[Id]
    plan_id: Mapped[int] = mapped_column(ForeignKey("duty_plan.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("duty_officer.id"))
    near: Mapped[int] = mapped_column(SmallInteger)


class DutyHandover(OfHousehold, Base):
    """A duty that somebody who left office has to hand over, and by when."""

    __tablename__ = "duty_handover"
    __table_args__ = of_household(Index("ix_duty_handover_due_on", "due_on", postgresql_where=text("state = 'open'")))

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    duty_id: Mapped[int] = mapped_column(ForeignKey("duty.id"), unique=True)
    due_on: Mapped[Day]
    state: Mapped[str] = mapped_column(String(8), default=HandoverState.OPEN)
    opened_at: Mapped[Moment]
    heir_id: Mapped[int | None] = mapped_column(ForeignKey("duty_officer.id"))
    closed_at: Mapped[Moment | None]


class VisitWord(OfHousehold, Base):
    """What the household said of a visit: whether it took place, and how content it was; never asked by who was there."""

    __tablename__ = "visit_word"
    __table_args__ = of_household(
        CheckConstraint("said_to_id <> visited_by_id", name="asked_by_another"),
        CheckConstraint("satisfaction BETWEEN 1 AND 5", name="satisfaction_range"),
        CheckConstraint("took_place OR satisfaction IS NULL", name="content_with_what_took_place"),
    )

    id: Mapped[Id]
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), unique=True)
    visited_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    took_place: Mapped[bool]
    satisfaction: Mapped[int | None] = mapped_column(SmallInteger)
    # The household's own account, or the officer who asked it.
    said_to_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]


class FundsBrought(OfHousehold, Base):
    """Money that an officer has brought a household; counts once a second person has seen the paper, and is then booked."""

    __tablename__ = "funds_brought"
    __table_args__ = of_household(
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("decided_by_id <> drafted_by_id OR state <> 'approved'", name="two_persons"),
        # A receipt counts once.
        UniqueConstraint("household_id", "document_number"),
        Index("ix_funds_brought_officer_id", "officer_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    officer_id: Mapped[int] = mapped_column(ForeignKey("duty_officer.id"))
    amount_fen: Mapped[Fen]
    source: Mapped[str] = mapped_column(String(120))
    document_number: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(12), default=PaperState.DRAFTED)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]


class DutyYear(Base):
    """A year of duties of an area, scored by the sheet that was in force."""

    __tablename__ = "duty_year"
    __table_args__ = (
        CheckConstraint("decided_by_id <> drafted_by_id OR state <> 'approved'", name="two_persons"),
        # A year is scored once.
        Index("uq_duty_year_area", "area_code", "year", unique=True, postgresql_where=text("state <> 'discarded'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    year: Mapped[int] = mapped_column(SmallInteger)
    # The sheet's weights, with the document they come from.
    sheet: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sheet_source: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(12), default=PaperState.DRAFTED)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]


class DutyScore(Base):
    """An officer's year: points by item, and how far they lie from what as hard households bring others, with an interval."""

    __tablename__ = "duty_score"
    __table_args__ = (UniqueConstraint("year_id", "officer_id"),)

    id: Mapped[Id]
    year_id: Mapped[int] = mapped_column(ForeignKey("duty_year.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("duty_officer.id"))
    households: Mapped[int] = mapped_column(SmallInteger)
    items: Mapped[dict[str, float]] = mapped_column(JSONB)
    points: Mapped[float] = mapped_column(Float)
    value: Mapped[float] = mapped_column(Float)
    low: Mapped[float] = mapped_column(Float)
    high: Mapped[float] = mapped_column(Float)


class DutyMerit(Base):
    """A reward, a penalty or a promotion for an officer's year: proposed with reasons, answered by the officer, decided."""

    __tablename__ = "duty_merit"
    __table_args__ = (
        CheckConstraint("kind IN ('reward', 'penalty', 'promotion')", name="kind_known"),
        CheckConstraint("decided_by_id <> drafted_by_id OR state <> 'approved'", name="two_persons"),
        # One year leads to a thing once.
        Index("uq_duty_merit_kind", "score_id", "kind", unique=True, postgresql_where=text("state <> 'discarded'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    score_id: Mapped[int] = mapped_column(ForeignKey("duty_score.id"))
    kind: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(400))
    # What the officer says to it; a penalty waits for that.
    answer: Mapped[str] = mapped_column(String(400), default="")
    answered_at: Mapped[Moment | None]
    state: Mapped[str] = mapped_column(String(12), default=PaperState.DRAFTED)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
