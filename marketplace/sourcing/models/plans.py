"""Plans: which supplies serve which deliveries, at which price of the tilt, and who said yes."""

from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.catalogue.models import Producer
from marketplace.kernel.db import Base
from marketplace.kernel.types import Fen, Grams, Id, Moment, PublicId
from marketplace.sourcing.models.demands import Demand, DemandDelivery
from marketplace.sourcing.models.supplies import SupplyWeek
from marketplace.sourcing.states import PlanPartState, PlanState


class Plan(Base):
    """An allocation of supplies to the deliveries of one or more demands, with how it was come by.

    Shares and the gap are parts of one; money is fen; ``tilt_price`` is fen of surplus for a further fen of registered value.
    ``curve`` is the row of points (share, surplus, registered value) that the chosen one was shown among.
    """

    __tablename__ = "plan"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'approved', 'superseded', 'rejected')", name="state_known"),
        CheckConstraint("share_asked BETWEEN 0 AND 1 AND share_attained BETWEEN 0 AND 1", name="share_range"),
        CheckConstraint("share_attainable BETWEEN 0 AND 1", name="attainable_range"),
        CheckConstraint("gap >= 0", name="gap_not_negative"),
        CheckConstraint(
            "state = 'proposed' OR state = 'superseded' OR num_nonnulls(decided_by_id, decided_at) = 2",
            name="decided_by_somebody",
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    state: Mapped[str] = mapped_column(String(12), default=PlanState.PROPOSED)
    policy_version: Mapped[str] = mapped_column(String(40))
    # The policy's figures as they were, since a policy may be set anew.
    policy: Mapped[dict[str, Any]] = mapped_column(JSONB)
    share_asked: Mapped[float] = mapped_column(Double)
    share_attained: Mapped[float] = mapped_column(Double)
    # The greatest share there is, where that is less than what was asked for.
    share_attainable: Mapped[float | None] = mapped_column(Double)
    tilt_price: Mapped[float] = mapped_column(Double)
    gap: Mapped[float] = mapped_column(Double)
    proved: Mapped[bool]
    in_time: Mapped[bool]
    surplus_fen: Mapped[Fen]
    value_fen: Mapped[Fen]
    untilted_surplus_fen: Mapped[Fen]
    untilted_share: Mapped[float] = mapped_column(Double)
    wanted_g: Mapped[Grams]
    planned_g: Mapped[Grams]
    curve: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    # What of each delivery is not served, and why, by the delivery's public id.
    unmet: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    # The plan that this one is in place of.
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"), unique=True)
    made_at: Mapped[Moment]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]

    demands: Mapped[list[Demand]] = relationship(secondary="plan_demand", order_by=Demand.id, viewonly=True)
    parts: Mapped[list["PlanPart"]] = relationship(back_populates="plan", order_by="PlanPart.id")


class PlanDemand(Base):
    """That a plan is of a demand."""

    __tablename__ = "plan_demand"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    demand_id: Mapped[int] = mapped_column(ForeignKey("demand.id"), primary_key=True, index=True)


class PlanPart(Base):
    """What one seller brings to one delivery of a plan out of one week of a supply, with the benefit as the registry had it."""

    __tablename__ = "plan_part"
    __table_args__ = (
        UniqueConstraint("plan_id", "delivery_id", "week_id"),
        CheckConstraint("grams BETWEEN 1 AND 1000000000", name="grams_range"),
        CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name="price_range"),
        CheckConstraint("benefit_bp BETWEEN 0 AND 10000", name="benefit_share_range"),
        CheckConstraint(
            "state IN ('proposed', 'asked', 'accepted', 'declined', 'lapsed', 'cut', 'ordered', 'delivered')",
            name="state_known",
        ),
        # Who was cut, and why, is on record.
        CheckConstraint("state <> 'cut' OR length(reason) > 0", name="cut_has_reason"),
        Index("ix_plan_part_due", "answer_by_at", postgresql_where=text("state = 'asked'")),
        Index("ix_plan_part_producer_id_state", "producer_id", "state"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    delivery_id: Mapped[int] = mapped_column(ForeignKey("demand_delivery.id"), index=True)
    week_id: Mapped[int] = mapped_column(ForeignKey("supply_week.id"), index=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"))
    grams: Mapped[Grams]
    fen_kg: Mapped[Fen]
    benefit_bp: Mapped[int] = mapped_column(SmallInteger)
    registry_revision: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10), default=PlanPartState.PROPOSED)
    reason: Mapped[str] = mapped_column(String(200), default="")
    asked_at: Mapped[Moment | None]
    answer_by_at: Mapped[Moment | None]
    answered_at: Mapped[Moment | None]
    # The account that answered: the seller's own, or that of whoever holds a mandate.
    answered_by: Mapped[str | None] = mapped_column(String(64))

    plan: Mapped[Plan] = relationship(back_populates="parts")
    delivery: Mapped[DemandDelivery] = relationship()
    week: Mapped[SupplyWeek] = relationship()
    producer: Mapped[Producer] = relationship()
