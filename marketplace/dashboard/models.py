"""Day-level facts."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Grams


class SalesFact(Base):
    """The paid sales of one lot on one local day (the day the payment was confirmed)."""

    __tablename__ = "sales_fact"
    __table_args__ = (
        CheckConstraint("benefit_fen BETWEEN 0 AND total_fen", name="benefit_within_total"),
        Index("ix_sales_fact_area_code_sold_on", "area_code", "sold_on"),
    )

    sold_on: Mapped[Day] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    area_code: Mapped[AreaCode]
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    order_lines: Mapped[int] = mapped_column(Integer)
    grams: Mapped[Grams]
    total_fen: Mapped[Fen]
    benefit_fen: Mapped[Fen]
