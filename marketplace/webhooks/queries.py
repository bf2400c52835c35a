"""Reading endpoints and what they were told."""

import base64
from collections.abc import Sequence

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.outbox.models import Channel, OutgoingMessage
from marketplace.webhooks.models import WebhookEndpoint


def endpoints_of(account_id: int) -> Sequence[WebhookEndpoint]:
    """The addresses of an account that are in use, newest first."""
    return db.session.scalars(
        select(WebhookEndpoint).filter_by(account_id=account_id, ended_at=None).order_by(WebhookEndpoint.id.desc())
    ).all()


def get_endpoint(public_id: str, account_id: int, *, lock: bool = False) -> WebhookEndpoint:
    """An address that an account uses, or ``NotFound``, also for somebody else's."""
    query = select(WebhookEndpoint).filter_by(public_id=public_id, account_id=account_id, ended_at=None)
    endpoint = db.session.scalars(query.with_for_update() if lock else query).first()
    if endpoint is None:
        raise NotFound("webhook_unknown", N_("There is no such address."))
    return endpoint


def find_secret(public_id: str) -> bytes | None:
    """The secret of an address in use."""
    secret = db.session.scalar(select(WebhookEndpoint.secret).filter_by(public_id=public_id, ended_at=None))
    return base64.b64decode(secret) if secret is not None else None


def told(endpoint: WebhookEndpoint, *, limit: int = 50) -> Sequence[OutgoingMessage]:
    """What an address was told or is to be told, newest first."""
    return db.session.scalars(
        select(OutgoingMessage)
        .where(OutgoingMessage.channel == Channel.WEBHOOK, OutgoingMessage.headers["endpoint"].astext == endpoint.public_id)
        .order_by(OutgoingMessage.id.desc())
        .limit(limit)
    ).all()


def get_told(endpoint: WebhookEndpoint, public_id: str) -> OutgoingMessage:
    """One event that an address was told or is to be told, or ``NotFound``."""
    message = db.session.scalars(
        select(OutgoingMessage)
        .filter_by(public_id=public_id, channel=Channel.WEBHOOK)
        .where(OutgoingMessage.headers["endpoint"].astext == endpoint.public_id)
    ).first()
    if message is None:
        raise NotFound("message_unknown", N_("There is no such message."))
    return message
