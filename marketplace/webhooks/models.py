"""Endpoints."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Id, Moment, PublicId


class WebhookEndpoint(Base):
    """An address that an account wants to have told of events."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint("cardinality(kinds) > 0", name="kinds_not_empty"),
        # An address is told of an event once.
        Index(
            "uq_webhook_endpoint_account_id_url", "account_id", "url", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    url: Mapped[str] = mapped_column(String(200))
    kinds: Mapped[list[str]] = mapped_column(ARRAY(String(40)))
    secret: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
