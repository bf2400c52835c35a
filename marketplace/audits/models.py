"""Rounds, strata, auditors, and what they found of households, payments and projects."""

import enum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.audits.states import RoundState
from marketplace.kernel.db import Base
from marketplace.kernel.privacy import Encrypted
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId
from marketplace.registry.models.files import OfHousehold, of_household


class StratumKind(enum.StrEnum):
    """What a stratum is made of."""

    REGISTERED = "registered"
    EXITED = "exited"
    UNREGISTERED = "unregistered"
    PAYMENT = "payment"
    PROJECT = "project"


class Unreached(enum.StrEnum):
    """Why nothing could be found out at a household."""

    AWAY = "away"
    MOVED = "moved"
    DECLINED = "declined"
    UNKNOWN = "unknown"


class AuditRound(Base):
    """The audit of one county: what was committed to, what was drawn from, and who opened and closed it."""

    __tablename__ = "audit_round"
    __table_args__ = (
        CheckConstraint("state IN ('opened', 'drawn', 'closing', 'closed', 'discarded')", name="state_known"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="of_a_county"),
        CheckConstraint("seed_hash ~ '^[0-9a-f]{64}$' AND frame_hash ~ '^([0-9a-f]{64})?$'", name="hashes"),
        CheckConstraint("(drawn_at IS NULL) = (state IN ('opened', 'discarded'))", name="drawn_has_moment"),
        CheckConstraint("(drawn_at IS NULL) = (drawn_on IS NULL)", name="drawn_has_day"),
        CheckConstraint("(drawn_at IS NULL) = (frame_hash = '')", name="drawn_has_frame"),
        CheckConstraint("(proposed_by_id IS NOT NULL) = (state IN ('closing', 'closed'))", name="proposed_has_person"),
        CheckConstraint("(closed_by_id IS NOT NULL) = (state = 'closed')", name="closed_has_person"),
        CheckConstraint("(closed_by_id IS NULL) = (closed_at IS NULL)", name="closed_has_moment"),
        # Two persons close a round.
        CheckConstraint("closed_by_id <> proposed_by_id", name="two_persons"),
        # A county is audited once at a time.
        Index(
            "uq_audit_round_running",
            "county_code",
            unique=True,
            postgresql_where=text("state IN ('opened', 'drawn', 'closing')"),
        ),
        Index("ix_audit_round_county_code_id", "county_code", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    county_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    state: Mapped[str] = mapped_column(String(12), default=RoundState.OPENED)
    # SHA-256 of the seed, shown from the first moment; the seed itself is shown once the sample is drawn.
    seed_hash: Mapped[str] = mapped_column(String(64))
    seed: Mapped[str] = mapped_column(Encrypted("audit_round.seed"))
    # SHA-256 of everything that was drawn from, in a fixed order (``drawing.frame_hash``).
    frame_hash: Mapped[str] = mapped_column(String(64), default="")
    # Members of households that are registered as poor on the day of the draw.
    poor_persons: Mapped[int] = mapped_column(Integer, default=0)
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    opened_at: Mapped[Moment]
    drawn_on: Mapped[Day | None]
    drawn_at: Mapped[Moment | None]
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[Moment | None]


class AuditStratum(Base):
    """A part of the frame that has a sample of its own. ``size`` counts households, or the fen of payments or projects."""

    __tablename__ = "audit_stratum"
    __table_args__ = (
        CheckConstraint("kind IN ('registered', 'exited', 'unregistered', 'payment', 'project')", name="kind_known"),
        CheckConstraint("size > 0 AND persons >= 0 AND drawn > 0", name="not_empty"),
        UniqueConstraint("round_id", "kind", "area_code"),
    )

    id: Mapped[Id]
    round_id: Mapped[int] = mapped_column(ForeignKey("audit_round.id"))
    kind: Mapped[str] = mapped_column(String(12))
    area_code: Mapped[AreaCode]
    size: Mapped[int] = mapped_column(BigInteger)
    persons: Mapped[int] = mapped_column(Integer)
    drawn: Mapped[int] = mapped_column(Integer)


class AuditAssignment(Base):
    """Somebody from outside who looks at the sample in the county or in one of its townships."""

    __tablename__ = "audit_assignment"
    __table_args__ = (
        UniqueConstraint("round_id", "account_id", "area_code"),
        Index("ix_audit_assignment_account_id", "account_id"),
    )

    id: Mapped[Id]
    round_id: Mapped[int] = mapped_column(ForeignKey("audit_round.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]


class AuditHousehold(OfHousehold, Base):
    """A household of the sample and what was found there; nothing until somebody was."""

    __tablename__ = "audit_household"
    __table_args__ = of_household(
        UniqueConstraint("round_id", "household_id"),
        CheckConstraint("kind IN ('registered', 'exited', 'unregistered')", name="kind_known"),
        CheckConstraint("persons > 0", name="somebody_lives_there"),
        CheckConstraint("unreached IN ('away', 'moved', 'declined', 'unknown')", name="unreached_known"),
        CheckConstraint("(found_by_id IS NULL) = (found_at IS NULL)", name="found_has_moment"),
        CheckConstraint("(found_by_id IS NULL) = (in_place IS NULL AND unreached IS NULL)", name="found_says_something"),
        CheckConstraint("in_place IS NULL OR unreached IS NULL", name="reached_or_not"),
        # What is asked depends on the kind, and all of it is answered or nothing.
        CheckConstraint(
            "(in_place IS NOT NULL AND kind = 'registered') = (fits_cause IS NOT NULL)"
            " AND (fits_cause IS NULL) = (visited IS NULL)",
            name="registered_answers",
        ),
        CheckConstraint("(in_place IS NOT NULL AND kind <> 'unregistered') = (satisfied IS NOT NULL)", name="satisfied_asked"),
        Index("ix_audit_household_household_id", "household_id"),
        Index("ix_audit_household_stratum_id", "stratum_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    round_id: Mapped[int] = mapped_column(ForeignKey("audit_round.id"))
    stratum_id: Mapped[int] = mapped_column(ForeignKey("audit_stratum.id"))
    kind: Mapped[str] = mapped_column(String(12))
    # Its members on the day of the draw, for the rates that count persons.
    persons: Mapped[int] = mapped_column(SmallInteger)
    # Registered: belongs there. Unregistered: is rightly outside. Exited: still stands, in everything that was promised.
    in_place: Mapped[bool | None]
    fits_cause: Mapped[bool | None]
    visited: Mapped[bool | None]
    satisfied: Mapped[bool | None]
    unreached: Mapped[str | None] = mapped_column(String(12))
    found_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    found_at: Mapped[Moment | None]


class AuditPayment(Base):
    """A payment of the sample and what was found of it. ``draws`` is how many of the fen drawn are its own."""

    __tablename__ = "audit_payment"
    __table_args__ = (
        UniqueConstraint("round_id", "payment_id"),
        CheckConstraint("draws > 0 AND amount_fen > 0", name="was_drawn"),
        CheckConstraint("(found_by_id IS NULL) = (found_at IS NULL)", name="found_has_moment"),
        CheckConstraint(
            "(found_by_id IS NULL) = (reached_purpose IS NULL) AND (found_by_id IS NULL) = (reached_payee IS NULL)",
            name="found_says_both",
        ),
        Index("ix_audit_payment_payment_id", "payment_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    round_id: Mapped[int] = mapped_column(ForeignKey("audit_round.id"))
    stratum_id: Mapped[int] = mapped_column(ForeignKey("audit_stratum.id"))
    payment_id: Mapped[int] = mapped_column(ForeignKey("fund_payment.id"))
    amount_fen: Mapped[Fen]
    draws: Mapped[int] = mapped_column(Integer)
    reached_purpose: Mapped[bool | None]
    reached_payee: Mapped[bool | None]
    found_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    found_at: Mapped[Moment | None]


class AuditProject(Base):
    """A project of the sample and what was found of it. ``draws`` is how many of the fen drawn are its own."""

    __tablename__ = "audit_project"
    __table_args__ = (
        UniqueConstraint("round_id", "project_id"),
        CheckConstraint("draws > 0 AND amount_fen > 0", name="was_drawn"),
        CheckConstraint("(found_by_id IS NULL) = (found_at IS NULL)", name="found_has_moment"),
        CheckConstraint(
            "(found_by_id IS NULL) = (as_approved IS NULL) AND (found_by_id IS NULL) = (serves IS NULL)", name="found_says_both"
        ),
        Index("ix_audit_project_project_id", "project_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    round_id: Mapped[int] = mapped_column(ForeignKey("audit_round.id"))
    stratum_id: Mapped[int] = mapped_column(ForeignKey("audit_stratum.id"))
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    # The public money that had been approved for it on the day of the draw.
    amount_fen: Mapped[Fen]
    draws: Mapped[int] = mapped_column(Integer)
    as_approved: Mapped[bool | None]
    serves: Mapped[bool | None]
    found_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    found_at: Mapped[Moment | None]
