"""What enterprises want: demands and their deliveries."""

import enum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.catalogue.models import Category, Product
from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Grams, Id, Moment, PublicId
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models.enterprises import DeliveryPlace, Enterprise
from marketplace.sourcing.states import DemandState

if TYPE_CHECKING:
    from marketplace.sourcing.models.quotes import Tender


class DemandKind(enum.StrEnum):
    """Once, again and again, or before it is harvested."""

    ONE_OFF = "one_off"
    RECURRING = "recurring"
    FORWARD = "forward"


class DemandWay(enum.StrEnum):
    """How sellers are found for a demand."""

    MATCHING = "matching"
    QUOTES = "quotes"
    TENDER = "tender"


class Demand(Base):
    """Goods that an enterprise wants at one place: of a product, or of anything in a category, at most at the ceiling.

    ``tolerance_bp`` is by how much, in parts of ten thousand, a delivery may be more or less than wanted.
    """

    __tablename__ = "demand"
    __table_args__ = (
        CheckConstraint("num_nonnulls(product_id, category_id) = 1", name="product_or_category"),
        CheckConstraint("grade IN ('special', 'first', 'second', 'ungraded')", name="grade_known"),
        CheckConstraint("price_ceiling_fen_kg BETWEEN 1 AND 100000000", name="ceiling_range"),
        CheckConstraint("tolerance_bp BETWEEN 0 AND 5000", name="tolerance_range"),
        CheckConstraint("kind IN ('one_off', 'recurring', 'forward')", name="kind_known"),
        CheckConstraint("way IN ('matching', 'quotes', 'tender')", name="way_known"),
        CheckConstraint(
            "state IN ('draft', 'open', 'choosing', 'contracted', 'unmet', 'withdrawn')",
            name="state_known",
        ),
        CheckConstraint("most_households BETWEEN 1 AND 10000", name="most_households_range"),
        # What has a deadline is what the clock looks through.
        Index("ix_demand_due", "due_at", postgresql_where=text("state IN ('open', 'choosing')")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"), index=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("delivery_place.id"))
    made_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    grade: Mapped[str] = mapped_column(String(10), default=Grade.UNGRADED)
    price_ceiling_fen_kg: Mapped[Fen]
    tolerance_bp: Mapped[int] = mapped_column(SmallInteger, default=0)
    # Kinds of ``catalogue.CertificateKind`` that the goods must have, all of them.
    certificate_kinds: Mapped[list[str]] = mapped_column(ARRAY(String(16)), default=list)
    # The area that the goods must come from; empty for anywhere.
    origin_code: Mapped[AreaCode] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(String(10))
    way: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(12), default=DemandState.DRAFT)
    # How many households one delivery takes at most; empty for any number.
    most_households: Mapped[int | None] = mapped_column(SmallInteger)
    # Whether it is meant to be bought from the part of the budget that is reserved for registered households.
    budget_reserved: Mapped[bool] = mapped_column(default=False)
    words: Mapped[str] = mapped_column(String(400), default="")
    answer_by_at: Mapped[Moment]
    # When the clock moves it on; empty where it waits for nothing.
    due_at: Mapped[Moment | None]
    created_at: Mapped[Moment]

    enterprise: Mapped[Enterprise] = relationship()
    place: Mapped[DeliveryPlace] = relationship()
    product: Mapped[Product | None] = relationship()
    category: Mapped[Category | None] = relationship()
    deliveries: Mapped[list["DemandDelivery"]] = relationship(back_populates="demand", order_by="DemandDelivery.number")
    tender: Mapped["Tender | None"] = relationship(back_populates="demand", uselist=False)


class DemandDelivery(Base):
    """One delivery of a demand: the days it may come on, and how much is wanted."""

    __tablename__ = "demand_delivery"
    __table_args__ = (
        UniqueConstraint("demand_id", "number"),
        CheckConstraint("number BETWEEN 1 AND 400", name="number_range"),
        CheckConstraint("closes_on >= opens_on", name="window_in_order"),
        CheckConstraint("wanted_g BETWEEN 1 AND 1000000000", name="wanted_range"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    demand_id: Mapped[int] = mapped_column(ForeignKey("demand.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    opens_on: Mapped[Day]
    closes_on: Mapped[Day]
    wanted_g: Mapped[Grams]

    demand: Mapped[Demand] = relationship(back_populates="deliveries")
