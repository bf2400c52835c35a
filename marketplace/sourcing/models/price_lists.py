"""What a kilogram costs by a list, for whom, and from which day until which."""

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.catalogue.models import Producer, Product
from marketplace.kernel.db import Base
from marketplace.kernel.types import Day, Fen, Grams, Id, Moment, PublicId
from marketplace.sourcing.models.enterprises import Enterprise


class PriceList(Base):
    """Prices that hold on some days: a seller's own, which bind that seller, or the market's, which quotes are held against.

    A list is never altered: other prices are another list, which goes before this one, and it can end before its last day.
    """

    __tablename__ = "price_list"
    __table_args__ = (CheckConstraint("valid_to >= valid_from", name="valid_span"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    # Empty for prices that every enterprise has.
    enterprise_id: Mapped[int | None] = mapped_column(ForeignKey("enterprise.id"), index=True)
    # Empty for the market's own list, which binds no seller.
    producer_id: Mapped[int | None] = mapped_column(ForeignKey("producer.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    valid_from: Mapped[Day]
    valid_to: Mapped[Day]
    set_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]

    enterprise: Mapped[Enterprise | None] = relationship()
    producer: Mapped[Producer | None] = relationship()
    lines: Mapped[list["PriceListLine"]] = relationship(
        order_by="PriceListLine.product_id, PriceListLine.grade, PriceListLine.from_g"
    )


class PriceListLine(Base):
    """What a kilogram of a product of a grade costs from so many grams of one delivery on."""

    __tablename__ = "price_list_line"
    __table_args__ = (
        CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name="price_range"),
        CheckConstraint("from_g BETWEEN 0 AND 1000000000", name="from_range"),
        CheckConstraint("grade IN ('special', 'first', 'second', 'ungraded')", name="grade_known"),
    )

    list_id: Mapped[int] = mapped_column(ForeignKey("price_list.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    grade: Mapped[str] = mapped_column(String(10), primary_key=True)
    from_g: Mapped[Grams] = mapped_column(primary_key=True, autoincrement=False, default=0)
    fen_kg: Mapped[Fen]

    product: Mapped[Product] = relationship()
