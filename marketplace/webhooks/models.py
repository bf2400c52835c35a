"""Endpoints."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.privacy import Encrypted
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
    # In base64. Whoever knows it can speak in our name, so a stolen dump must not tell it.
    secret: Mapped[str] = mapped_column(Encrypted("webhook_endpoint.secret"))
    created_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
