"""Who sells what: categories, products, producers, listings."""

import enum
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    desc,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId, Quantity


class ProducerKind(enum.StrEnum):
    """Who stands behind a listing."""

    HOUSEHOLD = "household"
    COOPERATIVE = "cooperative"


class Unit(enum.StrEnum):
    """The units goods are sold in; their canonical grams stand on the listing."""

    JIN = "jin"
    LIANG = "liang"
    KG = "kg"
    G = "g"
    BOX = "box"
    PIECE = "piece"
    BUNCH = "bunch"
    BAG = "bag"


class Temperature(enum.StrEnum):
    """How cold goods must be kept on their way."""

    AMBIENT = "ambient"
    CHILLED = "chilled"
    FROZEN = "frozen"


# A weighed unit has the same grams on every listing; a box, a piece, a bunch or a bag says its own.
UNIT_GRAMS = {Unit.JIN: 500, Unit.LIANG: 50, Unit.KG: 1000, Unit.G: 1}


class ListingState(enum.StrEnum):
    """Whether buyers can see a listing."""

    DRAFT = "draft"
    ON_SALE = "on_sale"
    WITHDRAWN = "withdrawn"


class Category(Base):
    """A shelf of the shop."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name_zh: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(60))
    art: Mapped[str] = mapped_column(String(40))
    position: Mapped[int] = mapped_column(SmallInteger)


class Product(Base):
    """A kind of goods that several producers may list."""

    __tablename__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(80))
    art: Mapped[str] = mapped_column(String(40))

    category: Mapped[Category] = relationship()


class Producer(Base):
    """A household or cooperative that sells. ``name_*`` is what the public reads; it never names a person."""

    __tablename__ = "producer"
    __table_args__ = (
        # A household's producer is that household's; a cooperative is nobody's household.
        CheckConstraint("(kind = 'household') = (household_id IS NOT NULL)", name="household_if_household"),
        CheckConstraint("kind IN ('household', 'cooperative')", name="kind_known"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(12))
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(80))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"), index=True)
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), unique=True)
    # A lone household's badge would tell its neighbours; it stands only where the household has agreed.
    badge_consent: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Moment]


class Listing(Base):
    """One producer's offer. The last seven columns repeat what other rows say, for the speed of lists."""

    __tablename__ = "listing"
    __table_args__ = (
        # A price of nothing or of a million yuan is a slip of the hand.
        CheckConstraint("price_fen BETWEEN 1 AND 100000000", name="price_range"),
        CheckConstraint("unit_grams BETWEEN 1 AND 1000000", name="unit_grams_range"),
        # More cannot be sold than there is, whoever forgets to ask.
        CheckConstraint("available >= 0", name="available_not_negative"),
        CheckConstraint("benefit_bp BETWEEN 0 AND 10000", name="benefit_share_range"),
        CheckConstraint("state IN ('draft', 'on_sale', 'withdrawn')", name="state_known"),
        CheckConstraint("temperature IN ('ambient', 'chilled', 'frozen')", name="temperature_known"),
        # Goods that do not travel are delivered around the village they come from, not somewhere else.
        CheckConstraint("starts_with(area_code, delivers_to)", name="delivers_around"),
        CheckConstraint(
            "unit IN ('jin', 'liang', 'kg', 'g', 'box', 'piece', 'bunch', 'bag')"
            " AND (unit <> 'jin' OR unit_grams = 500) AND (unit <> 'liang' OR unit_grams = 50)"
            " AND (unit <> 'kg' OR unit_grams = 1000) AND (unit <> 'g' OR unit_grams = 1)",
            name="unit_known",
        ),
        CheckConstraint("minimum_quantity > 0 AND minimum_quantity <= 9999", name="minimum_quantity_range"),
        # What is weighed when it is packed is sold by the piece, and says all three of price, unit and lightest piece.
        CheckConstraint(
            "num_nonnulls(weight_unit, weight_price_fen, piece_grams_min) = 0"
            " OR (num_nonnulls(weight_unit, weight_price_fen, piece_grams_min) = 3 AND unit = 'piece'"
            " AND weight_unit IN ('jin', 'kg') AND weight_price_fen BETWEEN 1 AND 100000000"
            " AND piece_grams_min BETWEEN 1 AND unit_grams - 1)",
            name="catch_weight_whole",
        ),
        CheckConstraint("closes_on >= opens_on", name="window_in_order"),
        Index("ix_listing_search_terms", "search_terms", postgresql_using="gin"),
        Index("ix_listing_titles_trgm", "titles", postgresql_using="gin", postgresql_ops={"titles": "gin_trgm_ops"}),
        # The orders of a category's list, of one kind of goods and of the whole shop, over what is on sale.
        Index("ix_listing_category_rank", "category_id", desc("rank"), "id", postgresql_where=text("state = 'on_sale'")),
        Index("ix_listing_category_price", "category_id", "price_fen", "id", postgresql_where=text("state = 'on_sale'")),
        Index("ix_listing_product_rank", "product_id", desc("rank"), "id", postgresql_where=text("state = 'on_sale'")),
        Index("ix_listing_rank", desc("rank"), "id", postgresql_where=text("state = 'on_sale'")),
        # New listings, which are owed their first exposure.
        Index("ix_listing_published_at", "published_at", postgresql_where=text("state = 'on_sale'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    title_zh: Mapped[str] = mapped_column(String(80))
    title_en: Mapped[str] = mapped_column(String(120))
    story_zh: Mapped[str] = mapped_column(Text, default="")
    story_en: Mapped[str] = mapped_column(Text, default="")
    unit: Mapped[str] = mapped_column(String(8))
    unit_grams: Mapped[int] = mapped_column(Integer)
    price_fen: Mapped[Fen]
    # The least that is sold at a time; empty for one step.
    minimum_quantity: Mapped[Quantity | None]
    # Catch weight: the price of a jin or a kilogram and the lightest piece. The heaviest is ``unit_grams``, and ``price_fen``
    # is what that one costs, so that lists, baskets and holds need to know nothing of it.
    weight_unit: Mapped[str | None] = mapped_column(String(8))
    weight_price_fen: Mapped[Fen | None]
    piece_grams_min: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(12), default=ListingState.DRAFT)
    season_weeks: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), default=list)
    # The first and the last day on which it can be ordered; empty for no bound.
    opens_on: Mapped[Day | None]
    closes_on: Mapped[Day | None]
    # The area that buyers can have it delivered in; empty for the whole country.
    delivers_to: Mapped[AreaCode | None] = mapped_column(ForeignKey("area.code"))
    temperature: Mapped[str] = mapped_column(String(8), default=Temperature.AMBIENT, server_default=Temperature.AMBIENT)
    search_terms: Mapped[str] = mapped_column(TSVECTOR, deferred=True)
    # Both titles in one column, which trigrams search when a word was mistyped.
    titles: Mapped[str] = mapped_column(Text, Computed("title_zh || ' ' || title_en", persisted=True), deferred=True)
    created_at: Mapped[Moment]
    published_at: Mapped[Moment | None]

    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    area_code: Mapped[AreaCode] = mapped_column(index=True)
    available: Mapped[Quantity] = mapped_column(default=Decimal(0))
    harvested_on: Mapped[Day | None]
    # The day of the next harvest to come, where nothing ripe is in stock.
    expected_on: Mapped[Day | None]
    # Parts of ten thousand of the revenue that go to registered households, over the lots now in stock.
    benefit_bp: Mapped[int] = mapped_column(SmallInteger, default=0)
    # The order of lists that know nothing of the reader: popularity, tilted by the policy.
    rank: Mapped[float] = mapped_column(default=0.0)

    producer: Mapped[Producer] = relationship()
    product: Mapped[Product] = relationship()
    category: Mapped[Category] = relationship()
