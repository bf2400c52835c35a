"""Contracts: what was agreed, the orders it became, what was found on the scales, and what is to be paid by when."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.catalogue.models import Listing, Producer
from marketplace.kernel.db import Base
from marketplace.kernel.types import Fen, Grams, Id, Moment, PublicId
from marketplace.orders.models import Order, OrderGroup
from marketplace.sourcing.models.demands import Demand, DemandDelivery
from marketplace.sourcing.models.enterprises import Enterprise
from marketplace.sourcing.models.plans import Plan
from marketplace.sourcing.states import ContractState, PartState
from marketplace.sourcing.tolerance import Tolerance


class Contract(Base):
    """What an enterprise buys of one demand, from one plan, or from quotes or bids; in force once it was approved.

    ``grams`` and ``total_fen`` are the sums of its parts as agreed, and stay so whatever is delivered.
    """

    __tablename__ = "contract"
    __table_args__ = (
        CheckConstraint("state IN ('to_approve', 'in_force', 'fulfilled', 'refused')", name="state_known"),
        CheckConstraint("grams > 0 AND total_fen > 0", name="totals_positive"),
        # Of two who approve at once one wins; a contract in force names who it was.
        CheckConstraint("state NOT IN ('in_force', 'fulfilled') OR approved_by_id IS NOT NULL", name="approved_by_somebody"),
        # A demand leads to one contract; one that was refused makes way for another.
        Index("uq_contract_demand", "demand_id", unique=True, postgresql_where=text("state <> 'refused'")),
        Index("ix_contract_due", "due_at", postgresql_where=text("state = 'to_approve'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"), index=True)
    demand_id: Mapped[int] = mapped_column(ForeignKey("demand.id"), index=True)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    state: Mapped[str] = mapped_column(String(12), default=ContractState.TO_APPROVE)
    grams: Mapped[Grams]
    total_fen: Mapped[Fen]
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[Moment]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    approved_at: Mapped[Moment | None]
    due_at: Mapped[Moment | None]
    refused_because: Mapped[str] = mapped_column(String(200), default="")

    enterprise: Mapped[Enterprise] = relationship()
    demand: Mapped[Demand] = relationship()
    plan: Mapped[Plan | None] = relationship()
    parts: Mapped[list["ContractPart"]] = relationship(back_populates="contract", order_by="ContractPart.id")
    deliveries: Mapped[list["ContractDelivery"]] = relationship(
        back_populates="contract", order_by="ContractDelivery.delivery_id"
    )


class ContractDelivery(Base):
    """One delivery of a contract: the purchase it became, and from when and until when its accepted goods are to be paid."""

    __tablename__ = "contract_delivery"
    __table_args__ = (
        CheckConstraint("(payable_at IS NULL) = (pay_by_at IS NULL)", name="payable_has_deadline"),
        # Nothing is payable of what was never ordered.
        CheckConstraint("payable_at IS NULL OR group_id IS NOT NULL", name="payable_was_ordered"),
        Index("ix_contract_delivery_payable", "pay_by_at", postgresql_where=text("payable_at IS NOT NULL")),
    )

    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("demand_delivery.id"), primary_key=True, index=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("order_group.id"), unique=True)
    placed_at: Mapped[Moment | None]
    payable_at: Mapped[Moment | None]
    pay_by_at: Mapped[Moment | None]

    contract: Mapped[Contract] = relationship(back_populates="deliveries")
    delivery: Mapped[DemandDelivery] = relationship()
    group: Mapped[OrderGroup | None] = relationship()


class ContractPart(Base):
    """One seller's part of one delivery of a contract: agreed grams and price, and the order it became.

    ``benefit_bp`` is the registered part when the contract was made, by that revision of the registry; the order has its own,
    of the day it is placed. A household that leaves the registry keeps its part.
    """

    __tablename__ = "contract_part"
    __table_args__ = (
        CheckConstraint("grams BETWEEN 1 AND 1000000000", name="grams_range"),
        CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name="price_range"),
        CheckConstraint("total_fen > 0", name="total_positive"),
        CheckConstraint("benefit_bp BETWEEN 0 AND 10000", name="benefit_share_range"),
        CheckConstraint("num_nonnulls(quote_id, bid_id, plan_part_id) = 1", name="one_source"),
        CheckConstraint(
            "state IN ('agreed', 'ordered', 'weighed', 'questioned', 'accepted', 'refused', 'failed', 'dropped')",
            name="state_known",
        ),
        CheckConstraint("(accepted_g IS NULL) = (state NOT IN ('accepted', 'refused'))", name="accepted_has_grams"),
        # More than agreed only with an order for what came beside it.
        CheckConstraint(
            "accepted_g >= 0 AND (accepted_g <= grams OR surplus_order_id IS NOT NULL)", name="accepted_was_ordered"
        ),
        CheckConstraint("surplus_order_id IS NULL OR state = 'accepted'", name="surplus_was_accepted"),
        CheckConstraint("state IN ('agreed', 'failed', 'dropped') OR order_id IS NOT NULL", name="ordered_has_order"),
        # What did not come about says why.
        CheckConstraint("state NOT IN ('failed', 'dropped') OR length(reason) > 0", name="ended_has_reason"),
        Index("uq_contract_part_plan_part_id", "plan_part_id", unique=True, postgresql_where=text("state <> 'dropped'")),
        UniqueConstraint("contract_id", "delivery_id", "quote_id"),
        UniqueConstraint("contract_id", "delivery_id", "bid_id"),
        Index("ix_contract_part_due", "due_at", postgresql_where=text("state IN ('ordered', 'weighed', 'questioned')")),
        Index("ix_contract_part_producer_id_id", "producer_id", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    delivery_id: Mapped[int] = mapped_column(ForeignKey("demand_delivery.id"), index=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"))
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    quote_id: Mapped[int | None] = mapped_column(ForeignKey("quote.id"))
    bid_id: Mapped[int | None] = mapped_column(ForeignKey("tender_bid.id"))
    plan_part_id: Mapped[int | None] = mapped_column(ForeignKey("plan_part.id"))
    grams: Mapped[Grams]
    fen_kg: Mapped[Fen]
    total_fen: Mapped[Fen]
    benefit_bp: Mapped[int] = mapped_column(SmallInteger)
    registry_revision: Mapped[int] = mapped_column(Integer)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("order.id"), unique=True)
    # What was taken of what came beside the order.
    surplus_order_id: Mapped[int | None] = mapped_column(ForeignKey("order.id"), unique=True)
    state: Mapped[str] = mapped_column(String(12), default=PartState.AGREED)
    reason: Mapped[str] = mapped_column(String(200), default="")
    due_at: Mapped[Moment | None]
    # What was found good in the end, in grams; empty until then.
    accepted_g: Mapped[Grams | None]
    # Whether the seller's invoice says the amount that was accepted; empty while there is none.
    invoice_matches: Mapped[bool | None]

    contract: Mapped[Contract] = relationship(back_populates="parts")
    delivery: Mapped[DemandDelivery] = relationship()
    producer: Mapped[Producer] = relationship()
    listing: Mapped[Listing] = relationship()
    order: Mapped[Order | None] = relationship(foreign_keys=order_id)
    surplus_order: Mapped[Order | None] = relationship(foreign_keys=surplus_order_id)
    records: Mapped[list["AcceptanceRecord"]] = relationship(back_populates="part", order_by="AcceptanceRecord.number")

    @property
    def short_g(self) -> int:
        """What of it came short, by its last record; nothing where its seller has questioned that and nobody weighed again."""
        if not self.records or self.records[-1].seller_word == "questioned":
            return 0
        return self.records[-1].short_g


class AcceptanceRecord(Base):
    """What was found of a part on the buyer's scales, and both sides' word on it; ``accepted_g`` of it is paid for.

    A seller who questions the first record is weighed with again: the second stands beside it and is the last. Refused goods go
    back to their farm, or are written off where nobody would carry them.
    """

    __tablename__ = "acceptance_record"
    __table_args__ = (
        CheckConstraint("number BETWEEN 1 AND 2", name="number_range"),
        CheckConstraint("weighed_g BETWEEN 0 AND 1000000000", name="weighed_range"),
        CheckConstraint("0 < least_g AND least_g <= ordered_g AND ordered_g <= most_g", name="bounds_in_order"),
        CheckConstraint("accepted_g >= 0 AND refused_g >= 0 AND accepted_g + refused_g <= weighed_g", name="within_weighed"),
        CheckConstraint("grade IN ('special', 'first', 'second', 'ungraded')", name="grade_known"),
        CheckConstraint("refused_goes IN ('back', 'written_off')", name="refused_goes_known"),
        # Goods that are refused have a reason and go somewhere; there is nothing to say where none are.
        CheckConstraint("(refused_g > 0) = (refused_goes IS NOT NULL)", name="refused_goes_somewhere"),
        CheckConstraint("refused_g = 0 OR length(refused_because) > 0", name="refused_has_reason"),
        CheckConstraint("seller_word IN ('agreed', 'questioned', 'silent')", name="seller_word_known"),
        CheckConstraint("(seller_word IS NULL) = (seller_at IS NULL)", name="seller_word_has_moment"),
    )

    part_id: Mapped[int] = mapped_column(ForeignKey("contract_part.id"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # What the order was to bring, and between what it was as agreed.
    ordered_g: Mapped[Grams]
    least_g: Mapped[Grams]
    most_g: Mapped[Grams]
    weighed_g: Mapped[Grams]
    accepted_g: Mapped[Grams]
    refused_g: Mapped[Grams] = mapped_column(default=0)
    grade: Mapped[str] = mapped_column(String(10))
    refused_because: Mapped[str] = mapped_column(String(200), default="")
    refused_goes: Mapped[str | None] = mapped_column(String(12))
    # Names of pictures, as ``kernel.pictures`` keeps them.
    pictures: Mapped[list[str]] = mapped_column(ARRAY(String(64)), default=list)
    received_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    received_at: Mapped[Moment]
    seller_word: Mapped[str | None] = mapped_column(String(10))
    seller_by: Mapped[str | None] = mapped_column(String(64))
    seller_at: Mapped[Moment | None]
    seller_says: Mapped[str] = mapped_column(String(400), default="")

    part: Mapped[ContractPart] = relationship(back_populates="records")

    @property
    def agreed(self) -> Tolerance:
        """The bounds of what was as agreed."""
        return Tolerance(self.ordered_g, self.least_g, self.most_g)

    @property
    def short_g(self) -> int:
        """What of the order did not come, where it is less than what is as agreed."""
        return self.agreed.short_g(self.weighed_g)

    @property
    def surplus_g(self) -> int:
        """What came above what is as agreed."""
        return self.agreed.surplus_g(self.weighed_g)
