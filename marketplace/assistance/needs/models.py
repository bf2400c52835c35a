"""Helper units, needs, pledges and rounds of matching."""

import enum

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.assistance.needs.states import NeedState, PledgeState
from marketplace.assistance.papers import PaperState
from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId
from marketplace.registry.models.files import OfHousehold, of_household


class NeedKind(enum.StrEnum):
    """What is lacking."""

    MONEY = "money"
    MATERIALS = "materials"
    SKILL = "skill"
    WORK = "work"
    SCHOOLING = "schooling"
    HEALTH = "health"
    HOUSING = "housing"
    PUBLIC_WORKS = "public_works"
    SALES = "sales"


class HelperKind(enum.StrEnum):
    """Who helps."""

    DEPARTMENT = "department"
    SOCIETY = "society"
    ENTERPRISE = "enterprise"
    DONOR = "donor"


class Method(enum.StrEnum):
    """How a round matches: so that no pair would rather have one another, or so that the sum of the fits is greatest."""

    STABLE = "stable"
    BEST_SUM = "best_sum"


_KINDS = ", ".join(f"'{kind.value}'" for kind in NeedKind)


class HelperUnit(Base):
    """A unit that helps: what it can do, and how many needs at once. It acts once an officer has looked at it."""

    __tablename__ = "helper_unit"
    __table_args__ = (
        CheckConstraint("kind IN ('department', 'society', 'enterprise', 'donor')", name="kind_known"),
        CheckConstraint("quota BETWEEN 1 AND 1000", name="quota_range"),
        CheckConstraint("cardinality(can) > 0", name="can_something"),
        CheckConstraint("approved_by_id <> account_id", name="two_persons"),
        Index("ix_helper_unit_area_code", "area_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    # Who acts for it; one account for one unit.
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    can: Mapped[list[str]] = mapped_column(ARRAY(String(12)))
    quota: Mapped[int] = mapped_column(SmallInteger)
    entered_at: Mapped[Moment]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    approved_at: Mapped[Moment | None]


class Need(Base):
    """What is lacking somewhere. Nothing here names a household; ``card`` and ``shown_code`` are for everybody."""

    __tablename__ = "need"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind_known"),
        CheckConstraint("worth_fen > 0", name="worth_positive"),
        CheckConstraint("(card = '') = (verified_by_id IS NULL)", name="card_is_verified"),
        CheckConstraint("state NOT IN ('open', 'pledged', 'delivered', 'closed') OR card <> ''", name="shown_has_card"),
        # Two persons, never one.
        CheckConstraint("verified_by_id <> raised_by_id", name="two_persons"),
        Index("ix_need_area_code", "area_code"),
        Index("ix_need_state_due_on", "state", "due_on"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    kind: Mapped[str] = mapped_column(String(12))
    # What it would cost about; unknown for much that is no money.
    worth_fen: Mapped[Fen | None]
    # The whole story, for offices alone.
    words: Mapped[str] = mapped_column(String(400))
    card: Mapped[str] = mapped_column(String(200), default="")
    # The smallest area around it that is large enough to be named.
    shown_code: Mapped[AreaCode | None] = mapped_column(ForeignKey("area.code"))
    state: Mapped[str] = mapped_column(String(12), default=NeedState.RAISED)
    since: Mapped[Moment]
    due_on: Mapped[Day | None]
    raised_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    raised_at: Mapped[Moment]
    verified_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    verified_at: Mapped[Moment | None]
    ended_why: Mapped[str] = mapped_column(String(200), default="")


class NeedOf(OfHousehold, Base):
    """The household that a need is of; a village's own has none."""

    __tablename__ = "need_of"
    __table_args__ = of_household(UniqueConstraint("need_id"), Index("ix_need_of_household_id", "household_id"))

    id: Mapped[Id]
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id"))


class Pledge(Base):
    """A helper unit takes a need on, until a day, and says with a proof what it has delivered."""

    __tablename__ = "pledge"
    __table_args__ = (
        # Of all who reach for a need one has it.
        Index("uq_pledge_running", "need_id", unique=True, postgresql_where=text("state IN ('standing', 'delivered', 'kept')")),
        CheckConstraint("(proof = '') = (delivered_at IS NULL)", name="delivered_has_proof"),
        CheckConstraint("state NOT IN ('delivered', 'kept') OR proof <> ''", name="proof_there"),
        # Who delivered does not say that it arrived.
        CheckConstraint("closed_by_id <> made_by_id", name="two_persons"),
        Index("ix_pledge_helper_id", "helper_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id"))
    helper_id: Mapped[int] = mapped_column(ForeignKey("helper_unit.id"))
    state: Mapped[str] = mapped_column(String(12), default=PledgeState.STANDING)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[Moment]
    deliver_by: Mapped[Day]
    # The document that shows it: a receipt, a delivery note, a certificate, and what was handed over.
    proof: Mapped[str] = mapped_column(String(200), default="")
    delivered_at: Mapped[Moment | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[Moment | None]


class NeedRound(Base):
    """The open needs of an area matched with helper units at once; approved, each unit is asked for what it suits."""

    __tablename__ = "need_round"
    __table_args__ = (
        CheckConstraint("method IN ('stable', 'best_sum')", name="method_known"),
        CheckConstraint("decided_by_id <> drafted_by_id OR state <> 'approved'", name="two_persons"),
        Index("uq_need_round_drafted", "area_code", unique=True, postgresql_where=text("state = 'drafted'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    method: Mapped[str] = mapped_column(String(12))
    needs: Mapped[int] = mapped_column(SmallInteger)
    matched: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(12), default=PaperState.DRAFTED)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]


class NeedRoundLine(Base):
    """The helper unit that a round proposes for a need."""

    __tablename__ = "need_round_line"
    __table_args__ = (UniqueConstraint("round_id", "need_id"), Index("ix_need_round_line_helper_id", "helper_id"))

    id: Mapped[Id]
    round_id: Mapped[int] = mapped_column(ForeignKey("need_round.id"))
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id"))
    helper_id: Mapped[int] = mapped_column(ForeignKey("helper_unit.id"))
    fit: Mapped[float] = mapped_column(Float)
