"""Messages on their way out."""

import enum
from typing import Any

from sqlalchemy import CheckConstraint, Index, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Id, Moment, PublicId


class Channel(enum.StrEnum):
    """The ways out of the house."""

    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"


class OutgoingMessage(Base):
    """One message to one address."""

    __tablename__ = "outgoing_message"
    __table_args__ = (
        CheckConstraint("channel IN ('email', 'sms', 'webhook')", name="channel_known"),
        # Delivered and given up at once would leave open which is true.
        CheckConstraint("sent_at IS NULL OR failed_at IS NULL", name="one_end"),
        Index("ix_outgoing_message_due", "next_attempt_at", postgresql_where=text("sent_at IS NULL AND failed_at IS NULL")),
        # What an address was told, among all letters ever written.
        Index(
            "ix_outgoing_message_endpoint", text("(headers ->> 'endpoint')"), "id", postgresql_where=text("channel = 'webhook'")
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    # What must be said at most once, such as the letter of one week to one person.
    occasion: Mapped[str | None] = mapped_column(String(80), unique=True)
    channel: Mapped[str] = mapped_column(String(8))
    recipient: Mapped[str] = mapped_column(String(254))
    template: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(200))
    body_text: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str | None] = mapped_column(Text)
    # Further headers of an e-mail by name.
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Moment]
    # While a worker has the message in hand, the moment from which another may take it.
    next_attempt_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    sent_at: Mapped[Moment | None]
    failed_at: Mapped[Moment | None]
    last_error: Mapped[str] = mapped_column(String(300), default="")
