"""Goods that are called back: why, what to do, whom it concerns, and what they answered."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.types import Id, Moment, PublicId
from marketplace.orders.models.boxes import Box
from marketplace.orders.models.claims import Claim
from marketplace.orders.models.purchases import OrderLine
from marketplace.orders.recall_states import RecallState


class Recall(Base):
    """A lot, or one box, that is called back with all that lies below it in the tree.

    Its lots are blocked the moment it is started; buyers are told when a second person has agreed.
    """

    __tablename__ = "recall"
    __table_args__ = (
        CheckConstraint("state IN ('started', 'told', 'closed', 'withdrawn')", name="state_known"),
        CheckConstraint("reason <> '' AND advice <> ''", name="says_why_and_what"),
        CheckConstraint("(decided_at IS NULL) = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(state = 'started') = (decided_at IS NULL)", name="decided_has_moment"),
        # Two persons: nobody calls goods back alone, or lets go alone what was blocked.
        CheckConstraint("decided_by_id <> started_by_id", name="decided_by_another"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_moment"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    # Only this box of the lot; empty for the whole lot.
    box_id: Mapped[int | None] = mapped_column(ForeignKey("box.id"))
    reason: Mapped[str] = mapped_column(String(400))
    advice: Mapped[str] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(12), default=RecallState.STARTED)
    started_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    started_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]
    closing_words: Mapped[str] = mapped_column(Text, default="")

    box: Mapped[Box | None] = relationship()
    lines: Mapped[list["RecallLine"]] = relationship(back_populates="recall", order_by="RecallLine.line_id")


class RecallLine(Base):
    """An order line that a recall concerns, and what its buyer answered."""

    __tablename__ = "recall_line"
    __table_args__ = (
        UniqueConstraint("recall_id", "line_id"),
        CheckConstraint("reply IN ('kept', 'used', 'never_came')", name="reply_known"),
        CheckConstraint("(reply IS NULL) = (replied_at IS NULL)", name="reply_has_moment"),
        Index("ix_recall_line_line_id", "line_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    recall_id: Mapped[int] = mapped_column(ForeignKey("recall.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"))
    told_at: Mapped[Moment]
    reply: Mapped[str | None] = mapped_column(String(12))
    replied_at: Mapped[Moment | None]
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))

    recall: Mapped[Recall] = relationship(back_populates="lines")
    line: Mapped[OrderLine] = relationship()
    claim: Mapped[Claim | None] = relationship()
