"""What went wrong with goods that were bought: claims, their pictures and steps, goods that go back, and the clocks."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.identity.models import Account
from marketplace.kernel.db import Base
from marketplace.kernel.types import Day, Fen, Id, Moment, PublicId, Quantity
from marketplace.orders.claim_states import ClaimState, ReturnState
from marketplace.orders.models.purchases import Order, OrderLine

_ENDED = "state IN ('settled', 'withdrawn', 'lapsed')"


class ClaimRule(Base):
    """How long after arrival goods of a category can be claimed, from a day on; the newest that has begun holds."""

    __tablename__ = "claim_rule"
    __table_args__ = (
        # Two rules from one day on would leave open which of them holds.
        UniqueConstraint("category_id", "begins_on"),
        CheckConstraint("hours_after_arrival BETWEEN 1 AND 8784", name="hours_range"),
    )

    id: Mapped[Id]
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    begins_on: Mapped[Day]
    hours_after_arrival: Mapped[int] = mapped_column(Integer)
    # Whether the goods can travel back and be sold again.
    returnable: Mapped[bool] = mapped_column(default=False)


class Claim(Base):
    """A buyer's word that a line of an order was not as it should be, and what came of it."""

    __tablename__ = "claim"
    __table_args__ = (
        # One conversation at a time about the same goods; the next claim can be filed when it has ended.
        Index("uq_claim_open_line", "order_line_id", unique=True, postgresql_where=text(f"NOT ({_ENDED})")),
        CheckConstraint("kind IN ('rotten', 'short_weight', 'wrong_goods', 'not_arrived', 'other')", name="kind_known"),
        CheckConstraint(
            "state IN ('filed', 'offered', 'refused', 'returning', 'disputed', 'ruled', 'appealed',"
            " 'settled', 'withdrawn', 'lapsed')",
            name="state_known",
        ),
        # Whoever has the next word has a time for it, and nobody has one at the end.
        CheckConstraint(f"({_ENDED}) = (answer_by IS NULL) AND ({_ENDED}) = (ended_at IS NOT NULL)", name="end_stops_clock"),
        CheckConstraint("asked_fen > 0", name="asked_positive"),
        CheckConstraint("share_bp BETWEEN 1 AND 10000", name="share_range"),
        CheckConstraint("offered_fen > 0 AND offered_fen < asked_fen", name="offer_below_asked"),
        CheckConstraint("ruled_fen BETWEEN 0 AND asked_fen", name="ruled_within_asked"),
        CheckConstraint("goodwill_fen BETWEEN 0 AND COALESCE(ruled_fen, 0)", name="goodwill_within_ruled"),
        CheckConstraint(
            "settled_fen BETWEEN 0 AND asked_fen AND (settled_fen = 0 OR state = 'settled')", name="settled_within_asked"
        ),
        # Four eyes: an appeal is decided by somebody else.
        CheckConstraint("ruled_by_id <> ruled_again_by_id", name="appeal_by_another"),
        Index("ix_claim_due", "answer_by", postgresql_where=text(f"NOT ({_ENDED})")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), index=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    words: Mapped[str] = mapped_column(String(1000))
    asked_fen: Mapped[Fen]
    # Given where a share of the goods was claimed and not an amount.
    share_bp: Mapped[int | None] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(12), default=ClaimState.FILED)
    offered_fen: Mapped[Fen | None]
    ruled_fen: Mapped[Fen | None]
    # What of the ruling the platform bears itself.
    goodwill_fen: Mapped[Fen] = mapped_column(default=0)
    ruled_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ruled_again_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    settled_fen: Mapped[Fen] = mapped_column(default=0)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refund.id"), unique=True)
    filed_at: Mapped[Moment]
    answer_by: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]

    order: Mapped[Order] = relationship()
    line: Mapped[OrderLine] = relationship()
    pictures: Mapped[list["ClaimPicture"]] = relationship(order_by="ClaimPicture.id")
    steps: Mapped[list["ClaimStep"]] = relationship(order_by="ClaimStep.id")
    goods_return: Mapped["GoodsReturn | None"] = relationship(back_populates="claim")


class ClaimPicture(Base):
    """A photograph of the goods, made anew without what the camera wrote; for buyer, seller and operator alone."""

    __tablename__ = "claim_picture"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), index=True)
    # The SHA-256 of its largest form, which is also the name of its files.
    name: Mapped[str] = mapped_column(String(64))
    width: Mapped[int] = mapped_column(SmallInteger)
    height: Mapped[int] = mapped_column(SmallInteger)


class ClaimStep(Base):
    """One step of a claim, in the words of who took it; never altered."""

    __tablename__ = "claim_step"
    __table_args__ = (CheckConstraint("party IN ('buyer', 'seller', 'operator', 'clock')", name="party_known"),)

    id: Mapped[Id]
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), index=True)
    at: Mapped[Moment]
    party: Mapped[str] = mapped_column(String(8))
    # What happened, as the state machines call it; "file" for the first.
    action: Mapped[str] = mapped_column(String(12))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    amount_fen: Mapped[Fen | None]
    words: Mapped[str] = mapped_column(String(1000), default="")

    account: Mapped[Account | None] = relationship()


class GoodsReturn(Base):
    """Goods on their way back to their seller, before a claim is paid."""

    __tablename__ = "goods_return"
    __table_args__ = (
        CheckConstraint(
            "state IN ('agreed', 'sent', 'arrived', 'checked', 'questioned', 'given_up')",
            name="state_known",
        ),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        # Only what was looked at is known to be fit for sale or not.
        CheckConstraint("(state = 'checked') = (sellable IS NOT NULL)", name="checked_says"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), unique=True)
    state: Mapped[str] = mapped_column(String(12), default=ReturnState.AGREED)
    quantity: Mapped[Quantity]
    carrier: Mapped[str] = mapped_column(String(40), default="")
    tracking_number: Mapped[str] = mapped_column(String(40), default="")
    sellable: Mapped[bool | None]
    agreed_at: Mapped[Moment]
    sent_at: Mapped[Moment | None]
    arrived_at: Mapped[Moment | None]

    claim: Mapped[Claim] = relationship(back_populates="goods_return")
