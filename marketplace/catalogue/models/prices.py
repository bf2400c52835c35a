"""What goods cost at markets, what is unusual in a price, and what shows that it is right all the same."""

import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.catalogue.models.goods import Listing
from marketplace.kernel.db import Base
from marketplace.kernel.types import Day, Fen, Id, Moment, PublicId


class Basis(enum.StrEnum):
    """What a price was compared with."""

    MARKET = "market"
    OWN = "own"
    SHOP = "shop"
    NONE = "none"


class Verdict(enum.StrEnum):
    """What came of comparing. Only what waits is kept from being sold."""

    FITS = "fits"
    FLAGGED = "flagged"
    WAITS = "waits"
    UNCHECKED = "unchecked"


class Review(enum.StrEnum):
    """Where a person's look at an unusual price stands."""

    NONE = "none"
    OPEN = "open"
    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REPLACED = "replaced"


class MarketPrice(Base):
    """What a kind of goods cost at a market on a day, in fen per 500 g."""

    __tablename__ = "market_price"
    __table_args__ = (
        # A price that contradicts itself is no evidence.
        CheckConstraint("low_fen > 0 AND low_fen <= average_fen AND average_fen <= high_fen", name="in_order"),
    )

    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    day: Mapped[Day] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(40), primary_key=True)
    low_fen: Mapped[Fen]
    average_fen: Mapped[Fen]
    high_fen: Mapped[Fen]


class PriceRule(Base):
    """The numbers that prices are judged by from a day on; see ``catalogue.price_evidence``."""

    __tablename__ = "price_rule"
    __table_args__ = (
        CheckConstraint("weeks BETWEEN 1 AND 104 AND least_days >= 3 AND least_listings >= 3", name="enough_to_compare"),
        CheckConstraint("markup > 0 AND spread > 0 AND flag_at > 0 AND wait_at >= flag_at", name="bounds_in_order"),
    )

    begins_on: Mapped[Day] = mapped_column(primary_key=True)
    weeks: Mapped[int] = mapped_column(SmallInteger)
    least_days: Mapped[int] = mapped_column(SmallInteger)
    least_listings: Mapped[int] = mapped_column(SmallInteger)
    markup: Mapped[float]
    spread: Mapped[float]
    flag_at: Mapped[float]
    wait_at: Mapped[float]
    set_by: Mapped[str] = mapped_column(String(64))


class PriceCheck(Base):
    """One comparison of a listing's price, and what a person made of it where it was unusual.

    ``expected_fen`` is the usual price per 500 g, ``deviation`` how many usual spreads the logarithm of the price lies from it.
    """

    __tablename__ = "price_check"
    __table_args__ = (
        CheckConstraint("basis IN ('market', 'own', 'shop', 'none')", name="basis_known"),
        CheckConstraint("verdict IN ('fits', 'flagged', 'waits', 'unchecked')", name="verdict_known"),
        CheckConstraint("review IN ('none', 'open', 'asked', 'accepted', 'refused', 'replaced')", name="review_known"),
        # Nothing to compare with is no judgement, and every judgement says what it was made by.
        CheckConstraint("(basis = 'none') = (verdict = 'unchecked')", name="judged_by_something"),
        CheckConstraint("(basis = 'none') = (expected_fen IS NULL)", name="expected_if_compared"),
        # Only what a person has to look at is looked at.
        CheckConstraint("(review = 'none') = (verdict IN ('fits', 'unchecked'))", name="unusual_is_reviewed"),
        # Whoever decides is named.
        CheckConstraint("(review IN ('accepted', 'refused')) = (decided_at IS NOT NULL)", name="decided_has_moment"),
        # One question at a time about one listing.
        Index("ix_price_check_one_open", "listing_id", unique=True, postgresql_where=text("review IN ('open', 'asked')")),
        Index("ix_price_check_listing_id_id", "listing_id", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    at: Mapped[Moment]
    checked_on: Mapped[Day]
    price_fen: Mapped[Fen]
    unit_grams: Mapped[int] = mapped_column(Integer)
    basis: Mapped[str] = mapped_column(String(8))
    expected_fen: Mapped[Fen | None]
    deviation: Mapped[float]
    verdict: Mapped[str] = mapped_column(String(10))
    review: Mapped[str] = mapped_column(String(10))
    question: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[Moment | None]

    listing: Mapped[Listing] = relationship()
    evidence: Mapped[list["PriceEvidence"]] = relationship(order_by="PriceEvidence.id")


class PriceEvidence(Base):
    """What somebody says or shows for an unusual price; never altered."""

    __tablename__ = "price_evidence"
    __table_args__ = (
        CheckConstraint("words <> '' OR link <> ''", name="says_something"),
        CheckConstraint("given_by IN ('seller', 'operator')", name="given_by_known"),
    )

    id: Mapped[Id]
    check_id: Mapped[int] = mapped_column(ForeignKey("price_check.id"), index=True)
    at: Mapped[Moment]
    given_by: Mapped[str] = mapped_column(String(8))
    actor: Mapped[str] = mapped_column(String(64))
    words: Mapped[str] = mapped_column(Text, default="")
    link: Mapped[str] = mapped_column(String(500), default="")
