"""Benefits, countings, entitlements, gaps in files, and costs that households have shown."""

import enum
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.assistance.safety_net.states import EntitlementState, RunState
from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId
from marketplace.registry.models.files import OfHousehold, of_household


class CostKind(enum.StrEnum):
    """What a household could not do without paying for."""

    MEDICAL = "medical"
    SCHOOLING = "schooling"
    DISASTER = "disaster"


class Doubt(enum.StrEnum):
    """Why a granted entitlement is looked at again."""

    NONE = ""
    LESS = "less"
    ENDED = "ended"
    EXIT = "exit"


class BenefitRule(Base):
    """A benefit in an area from a day on. Rows are only ever added: a later one of the same code takes its place."""

    __tablename__ = "benefit_rule"
    __table_args__ = (
        CheckConstraint("kind IN ('dibao', 'medical', 'education', 'disaster', 'pension', 'expenditure')", name="kind_known"),
        CheckConstraint("source <> ''", name="source_named"),
        CheckConstraint("ends_on >= begins_on", name="ends_after_beginning"),
        CheckConstraint("code ~ '^[a-z][a-z0-9_]{1,23}$'", name="code_form"),
        Index("ix_benefit_rule_area_code_code_begins_on", "area_code", "code", "begins_on"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    code: Mapped[str] = mapped_column(String(24))
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    begins_on: Mapped[Day]
    ends_on: Mapped[date | None]
    condition: Mapped[str] = mapped_column(String(300))
    amount: Mapped[str] = mapped_column(String(300))
    source: Mapped[str] = mapped_column(String(200))
    set_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    set_at: Mapped[Moment]


class SafetyNetRun(Base):
    """One counting of a county's households by the benefits and lines of one day.

    ``after_household_id`` says how far it has come, so that one that was cut off goes on from there. ``basis`` names the rules
    and lines that it follows to its end, ``figures`` what it has counted in each village.
    """

    __tablename__ = "safety_net_run"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done', 'overtaken')", name="state_known"),
        CheckConstraint("(state = 'running') = (done_at IS NULL)", name="over_has_moment"),
        # A county is counted by one run at a time.
        Index("uq_safety_net_run_running", "area_code", unique=True, postgresql_where=text("state = 'running'")),
        Index("ix_safety_net_run_area_code_id", "area_code", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    year: Mapped[int] = mapped_column(SmallInteger)
    day: Mapped[Day]
    basis: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(12), default=RunState.RUNNING)
    after_household_id: Mapped[int] = mapped_column(BigInteger, default=0)
    households: Mapped[int] = mapped_column(default=0)
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    started_at: Mapped[Moment]
    done_at: Mapped[Moment | None]


class Entitlement(OfHousehold, Base):
    """What one household is owed by one benefit for one year, and what has become of it.

    ``amount_fen`` is what the newest run found, ``granted_fen`` what a person granted; the part between them is not covered.
    """

    __tablename__ = "entitlement"
    __table_args__ = of_household(
        # A benefit is owed once a year, whichever of its versions says so and however often it is counted.
        UniqueConstraint("household_id", "code", "year"),
        CheckConstraint("state IN ('open', 'granted', 'paid', 'declined', 'review', 'lapsed')", name="state_known"),
        CheckConstraint("why IN ('', 'less', 'ended', 'exit')", name="why_known"),
        CheckConstraint("(why <> '') = (state = 'review')", name="review_has_reason"),
        CheckConstraint("amount_fen >= 0 AND granted_fen >= 0", name="amounts_not_negative"),
        CheckConstraint("state <> 'open' OR amount_fen > granted_fen", name="open_is_uncovered"),
        CheckConstraint("(state IN ('granted', 'paid', 'review')) <= (granted_fen > 0)", name="granted_is_something"),
        CheckConstraint("(granted_fen > 0) <= (granted_by_id IS NOT NULL)", name="granted_has_person"),
        CheckConstraint("(state IN ('open', 'review')) = (due_on IS NOT NULL)", name="waiting_has_clock"),
        Index("ix_entitlement_waiting", "village_code", "due_on", postgresql_where=text("due_on IS NOT NULL")),
        Index("ix_entitlement_village_code_state", "village_code", "state"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    code: Mapped[str] = mapped_column(String(24))
    year: Mapped[int] = mapped_column(SmallInteger)
    rule_id: Mapped[int] = mapped_column(ForeignKey("benefit_rule.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("safety_net_run.id"))
    state: Mapped[str] = mapped_column(String(12), default=EntitlementState.OPEN)
    why: Mapped[str] = mapped_column(String(8), default=Doubt.NONE)
    amount_fen: Mapped[Fen]
    granted_fen: Mapped[Fen] = mapped_column(default=0)
    # Since when it waits for a person, and until when; provisional while holidays on the way are not announced.
    since_on: Mapped[Day]
    due_on: Mapped[date | None]
    due_provisional: Mapped[bool] = mapped_column(default=False)
    # The facts that it follows from: health is among them, so they are sealed with the household's key.
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    granted_at: Mapped[Moment | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
    words: Mapped[str] = mapped_column(String(400), default="")


class FileGap(OfHousehold, Base):
    """Facts that benefits ask for and a household's file does not answer; gone with the run that finds them answered."""

    __tablename__ = "file_gap"
    __table_args__ = of_household(
        UniqueConstraint("household_id", "year"),
        Index("ix_file_gap_village_code", "village_code"),
    )

    id: Mapped[Id]
    year: Mapped[int] = mapped_column(SmallInteger)
    run_id: Mapped[int] = mapped_column(ForeignKey("safety_net_run.id"))
    missing: Mapped[list[str]] = mapped_column(JSONB)


class NecessaryCost(OfHousehold, Base):
    """A cost that a household has shown by a document; withdrawn where it was a mistake, never altered."""

    __tablename__ = "necessary_cost"
    __table_args__ = of_household(
        CheckConstraint("kind IN ('medical', 'schooling', 'disaster')", name="kind_known"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("year BETWEEN 2013 AND 2100", name="year_known"),
        CheckConstraint("(withdrawn_by_id IS NULL) = (withdrawn_at IS NULL)", name="withdrawn_has_moment"),
        # A document counts once for a household.
        Index(
            "uq_necessary_cost_document",
            "household_id",
            "kind",
            "document",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    year: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(String(12))
    amount_fen: Mapped[Fen]
    document: Mapped[str] = mapped_column(String(120))
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[Moment]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    withdrawn_at: Mapped[Moment | None]
