"""What sellers can give: declarations that rest on a listing, and their weeks."""

import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.catalogue.models import Listing, Lot, Producer
from marketplace.delivery.models import Hub
from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Grams, Id, Moment, PublicId
from marketplace.sourcing.grades import Grade


class SupplyState(enum.StrEnum):
    """Whether a declaration counts; what is withdrawn still carries what was promised of it."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"


class SupplyDeclaration(Base):
    """What a household or cooperative can give of a listing, whose stock, unit, certificates and price evidence are the shop's.

    ``loss_rate_bp`` is the part, of ten thousand, lost between field and door; ``least_lot_g`` the least worth bringing.
    """

    __tablename__ = "supply_declaration"
    __table_args__ = (
        CheckConstraint("grade IN ('special', 'first', 'second', 'ungraded')", name="grade_known"),
        CheckConstraint("min_price_fen_kg BETWEEN 1 AND 100000000", name="price_range"),
        CheckConstraint("loss_rate_bp BETWEEN 0 AND 9000", name="loss_range"),
        CheckConstraint("least_lot_g BETWEEN 0 AND 1000000000", name="least_lot_range"),
        CheckConstraint("state IN ('open', 'withdrawn')", name="state_known"),
        # Two open declarations of the same goods would promise them twice.
        Index(
            "uq_supply_declaration_open",
            "listing_id",
            "grade",
            text("coalesce(lot_id, 0)"),
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_supply_declaration_product_id", "product_id", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"), index=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"), index=True)
    # Repeats what the listing says, for the search of pairs.
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    area_code: Mapped[AreaCode]
    # The harvest it is of; empty for what will be harvested in its weeks.
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    grade: Mapped[str] = mapped_column(String(10), default=Grade.UNGRADED)
    min_price_fen_kg: Mapped[Fen]
    loss_rate_bp: Mapped[int] = mapped_column(SmallInteger, default=0)
    least_lot_g: Mapped[Grams] = mapped_column(default=0)
    # Where its village brings goods together; empty for goods that travel by themselves.
    hub_id: Mapped[int | None] = mapped_column(ForeignKey("hub.id"))
    state: Mapped[str] = mapped_column(String(10), default=SupplyState.OPEN)
    expires_on: Mapped[Day]
    # The account that declared it: the seller's own, or that of whoever holds a mandate.
    declared_by: Mapped[str] = mapped_column(String(64))
    declared_at: Mapped[Moment]

    producer: Mapped[Producer] = relationship()
    listing: Mapped[Listing] = relationship()
    lot: Mapped[Lot | None] = relationship()
    hub: Mapped[Hub | None] = relationship()
    weeks: Mapped[list["SupplyWeek"]] = relationship(back_populates="declaration", order_by="SupplyWeek.week_on")


class SupplyWeek(Base):
    """What of a declaration can be given in a week, named by its Monday, and what of that is promised."""

    __tablename__ = "supply_week"
    __table_args__ = (
        UniqueConstraint("declaration_id", "week_on"),
        CheckConstraint("extract(isodow FROM week_on) = 1", name="week_is_monday"),
        CheckConstraint("grams BETWEEN 1 AND 1000000000", name="grams_range"),
        # Nothing is promised twice, whoever asks at the same time.
        CheckConstraint("committed_g BETWEEN 0 AND grams", name="committed_within_grams"),
    )

    id: Mapped[Id]
    declaration_id: Mapped[int] = mapped_column(ForeignKey("supply_declaration.id"))
    week_on: Mapped[Day]
    grams: Mapped[Grams]
    committed_g: Mapped[Grams] = mapped_column(default=0)

    declaration: Mapped[SupplyDeclaration] = relationship(back_populates="weeks")
