"""What sellers answer: quotes with their rounds, tenders with their sealed bids."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.catalogue.models import Listing, Producer
from marketplace.kernel.db import Base
from marketplace.kernel.privacy import WrappedKey
from marketplace.kernel.types import Fen, Grams, Id, Moment, PublicId
from marketplace.sourcing.models.demands import Demand
from marketplace.sourcing.states import BidState, QuoteState, TenderState


class Quote(Base):
    """What a seller would bring of a demand, over all its deliveries, and for how much a kilogram, as the last round says."""

    __tablename__ = "quote"
    __table_args__ = (
        CheckConstraint("grams BETWEEN 1 AND 1000000000", name="grams_range"),
        CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name="price_range"),
        CheckConstraint("round BETWEEN 1 AND 20", name="round_range"),
        CheckConstraint(
            "state IN ('offered', 'countered', 'chosen', 'declined', 'withdrawn', 'lapsed')",
            name="state_known",
        ),
        # A seller answers a demand with one quote of a listing, and talks about that one.
        Index(
            "uq_quote_live",
            "demand_id",
            "listing_id",
            unique=True,
            postgresql_where=text("state IN ('offered', 'countered', 'chosen')"),
        ),
        Index("ix_quote_due", "due_at", postgresql_where=text("state IN ('offered', 'countered')")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    demand_id: Mapped[int] = mapped_column(ForeignKey("demand.id"), index=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"), index=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    grams: Mapped[Grams]
    fen_kg: Mapped[Fen]
    round: Mapped[int] = mapped_column(SmallInteger, default=1)
    state: Mapped[str] = mapped_column(String(10), default=QuoteState.OFFERED)
    due_at: Mapped[Moment | None]
    created_at: Mapped[Moment]

    demand: Mapped[Demand] = relationship()
    producer: Mapped[Producer] = relationship()
    listing: Mapped[Listing] = relationship()
    rounds: Mapped[list["QuoteRound"]] = relationship(order_by="QuoteRound.number")


class QuoteRound(Base):
    """One word in the talk about a quote; never altered."""

    __tablename__ = "quote_round"
    __table_args__ = (
        CheckConstraint("party IN ('seller', 'buyer')", name="party_known"),
        CheckConstraint("grams BETWEEN 1 AND 1000000000", name="grams_range"),
        CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name="price_range"),
    )

    quote_id: Mapped[int] = mapped_column(ForeignKey("quote.id"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    party: Mapped[str] = mapped_column(String(8))
    grams: Mapped[Grams]
    fen_kg: Mapped[Fen]
    words: Mapped[str] = mapped_column(String(400), default="")
    # The account that said it, also in a seller's name.
    said_by: Mapped[str] = mapped_column(String(64))
    at: Mapped[Moment]


class Tender(Base):
    """Bids for a demand that nobody reads before ``opens_at``, and then only two persons together.

    ``bid_key`` is the tender's own key, wrapped by the installation's: each bid is sealed with it, bound to tender and bid.
    """

    __tablename__ = "tender"
    __table_args__ = (
        CheckConstraint("state IN ('sealed', 'one_key', 'opened', 'decided', 'void')", name="state_known"),
        CheckConstraint("first_opener_id <> second_opener_id", name="two_persons"),
        # No bid was ever read by one person alone, or before its time.
        CheckConstraint(
            "state NOT IN ('opened', 'decided') OR num_nonnulls(first_opener_id, second_opener_id) = 2", name="both_keys"
        ),
        CheckConstraint("(opened_at IS NULL) = (second_opener_id IS NULL)", name="opened_has_moment"),
        CheckConstraint("opened_at >= opens_at", name="opened_in_time"),
    )

    demand_id: Mapped[int] = mapped_column(ForeignKey("demand.id"), primary_key=True, autoincrement=False)
    bid_key: Mapped[bytes] = mapped_column(WrappedKey)
    state: Mapped[str] = mapped_column(String(10), default=TenderState.SEALED)
    opens_at: Mapped[Moment]
    first_opener_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    second_opener_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    opened_at: Mapped[Moment | None]

    demand: Mapped[Demand] = relationship(back_populates="tender")
    bids: Mapped[list["TenderBid"]] = relationship(back_populates="tender", order_by="TenderBid.id")


class TenderBid(Base):
    """A seller's bid: sealed bytes until the opening, then what was in them. ``digest`` (SHA-256) is the seller's receipt."""

    __tablename__ = "tender_bid"
    __table_args__ = (
        CheckConstraint("state IN ('sealed', 'withdrawn', 'opened', 'chosen', 'spoiled')", name="state_known"),
        CheckConstraint(
            "num_nonnulls(listing_id, grams, fen_kg) = CASE WHEN state IN ('opened', 'chosen') THEN 3 ELSE 0 END",
            name="figures_when_opened",
        ),
        CheckConstraint("grams BETWEEN 1 AND 1000000000", name="grams_range"),
        CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name="price_range"),
        # A seller bids once; who thinks again takes the first bid back.
        Index("uq_tender_bid_live", "demand_id", "producer_id", unique=True, postgresql_where=text("state <> 'withdrawn'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    demand_id: Mapped[int] = mapped_column(ForeignKey("tender.demand_id"), index=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(10), default=BidState.SEALED)
    sent_by: Mapped[str] = mapped_column(String(64))
    sent_at: Mapped[Moment]
    listing_id: Mapped[int | None] = mapped_column(ForeignKey("listing.id"))
    grams: Mapped[Grams | None]
    fen_kg: Mapped[Fen | None]

    tender: Mapped[Tender] = relationship(back_populates="bids")
    producer: Mapped[Producer] = relationship()
    listing: Mapped[Listing | None] = relationship()
