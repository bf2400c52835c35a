"""Facts: paid sales by day and by month, what lists showed, and what of sales is published."""

import enum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Grams, Id, Moment


class Channel(enum.StrEnum):
    """The way by which goods were sold."""

    CONSUMER = "consumer"
    ENTERPRISE = "enterprise"
    # Bought by an enterprise that reserves a part of that year's purchases, from registered households.
    RESERVED = "reserved"


class Buyer(enum.StrEnum):
    """Who bought."""

    PERSON = "person"
    ENTERPRISE = "enterprise"


# The buyers of a channel.
BUYER_OF = {Channel.CONSUMER: Buyer.PERSON, Channel.ENTERPRISE: Buyer.ENTERPRISE, Channel.RESERVED: Buyer.ENTERPRISE}


class _Sold:
    """What is counted of one lot and channel, whatever the time."""

    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(10), primary_key=True)
    area_code: Mapped[AreaCode]
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    order_lines: Mapped[int] = mapped_column(Integer)
    grams: Mapped[Grams]
    total_fen: Mapped[Fen]
    # What of it went to registered households, as each line itself says: the registry on the day of the order.
    benefit_fen: Mapped[Fen]
    # The same part of the weight.
    benefit_grams: Mapped[Grams]
    # Of goods whose wholesale price is known: what their producers got, and what the same weight cost at the market.
    farm_gate_fen: Mapped[Fen]
    wholesale_fen: Mapped[Fen]


def _checks() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint("benefit_fen BETWEEN 0 AND total_fen", name="benefit_within_total"),
        CheckConstraint("benefit_grams BETWEEN 0 AND grams", name="benefit_within_grams"),
        CheckConstraint("channel IN ('consumer', 'enterprise', 'reserved')", name="channel_known"),
    )


class SalesFact(_Sold, Base):
    """The paid sales of one lot by one channel on one local day (the day the payment was confirmed)."""

    __tablename__ = "sales_fact"
    __table_args__ = (*_checks(), Index("ix_sales_fact_area_code_sold_on", "area_code", "sold_on"))

    sold_on: Mapped[Day] = mapped_column(primary_key=True)


class SalesMonth(_Sold, Base):
    """The days of one calendar month added up: a lot sells for some weeks, so a year of months is short where days are many."""

    __tablename__ = "sales_month"
    __table_args__ = (*_checks(), Index("ix_sales_month_area_code_month_on", "area_code", "month_on"))

    # The month's first day.
    month_on: Mapped[Day] = mapped_column(primary_key=True)


class FactVersion(Base):
    """Which building of a month its facts come from: a number of its own each time, so that a copy can be told to be old."""

    __tablename__ = "fact_version"

    month_on: Mapped[Day] = mapped_column(primary_key=True)
    version: Mapped[UUID]


class ExposureFact(Base):
    """What lists showed of one listing on one local day, whoever read them.

    ``exposure_millionths`` sums what a place is worth, the first place of a list being a million: whole numbers, so that a day
    built again comes out the same in whatever order its lists are read.
    """

    __tablename__ = "exposure_fact"
    __table_args__ = (
        CheckConstraint("lists > 0 AND exposure_millionths >= 0", name="was_shown"),
        Index("ix_exposure_fact_listing_id_shown_on", "listing_id", "shown_on"),
    )

    shown_on: Mapped[Day] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    lists: Mapped[int] = mapped_column(Integer)
    exposure_millionths: Mapped[int] = mapped_column(BigInteger)


class PublishedSales(Base):
    """What everybody may read of a county's quarter of sales. Rows are only ever added.

    ``cells`` holds, by area and column, whole yuan or null for what is hidden. They are not made anew when facts are built
    again: two versions of one table would tell what each of them hides.
    """

    __tablename__ = "published_sales"
    __table_args__ = (
        CheckConstraint(
            "extract(day FROM first_on) = 1 AND extract(month FROM first_on) IN (1, 4, 7, 10)", name="of_a_quarter"
        ),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="of_a_county"),
        UniqueConstraint("county_code", "first_on"),
    )

    id: Mapped[Id]
    county_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    # The first day of the quarter.
    first_on: Mapped[Day]
    published_at: Mapped[Moment]
    cells: Mapped[dict[str, dict[str, int | None]]] = mapped_column(JSONB)
