"""Giving and taking back addresses, and telling them of events."""

import base64
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import any_, literal, select

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.outbox.models import Channel
from marketplace.kernel.outbox.posting import post
from marketplace.webhooks.addresses import check_address
from marketplace.webhooks.models import WebhookEndpoint
from marketplace.webhooks.queries import endpoints_of

MOST_ENDPOINTS = 10
# What can be told, with what each says in words.
EVENTS = {
    "order.placed": N_("An order was placed"),
    "order.paid": N_("An order was paid"),
    "order.shipped": N_("An order is on its way"),
    "order.delivered": N_("An order has arrived"),
    "order.accepted": N_("An order was accepted"),
    "order.cancelled": N_("An order was cancelled"),
    "order.refunded": N_("Money of an order goes back"),
}


def shown_secret(endpoint: WebhookEndpoint) -> str:
    """The secret as its owner copies it into a program, in the form that the libraries of Standard Webhooks take."""
    return f"whsec_{endpoint.secret}"


def add_endpoint(
    account: Account, url: str, kinds: Sequence[str], *, own_network: bool, actor: str, now: datetime
) -> WebhookEndpoint:
    """Have an address told of events of the account's own.

    Raises
    ------
    Invalid
        ``address_invalid``, or ``kinds_invalid`` for kinds that there are not.
    Conflict
        ``webhooks_full``, or ``webhook_there`` when the address is in use already.
    """
    check_address(url, own_network=own_network)
    if not kinds or not set(kinds) <= EVENTS.keys():
        raise Invalid("kinds_invalid", N_("Please choose of what the address shall be told."))
    # Two clicks at once wait for each other at the account.
    db.session.execute(select(Account.id).where(Account.id == account.id).with_for_update())
    own = endpoints_of(account.id)
    if any(endpoint.url == url for endpoint in own):
        raise Conflict("webhook_there", N_("This address is there already. Take it back first to change it."))
    if len(own) >= MOST_ENDPOINTS:
        raise Conflict("webhooks_full", N_("You have %(most)s addresses. Please take one back first."), most=MOST_ENDPOINTS)
    endpoint = WebhookEndpoint(
        account_id=account.id,
        url=url,
        kinds=sorted(set(kinds)),
        secret=base64.b64encode(secrets.token_bytes(32)).decode(),
        created_at=now,
    )
    db.session.add(endpoint)
    db.session.flush()
    audit.record("webhook.added", "webhook_endpoint", endpoint.public_id, actor=actor, at=now, kinds=endpoint.kinds)
    return endpoint


def end_endpoint(endpoint: WebhookEndpoint, *, actor: str, now: datetime) -> None:
    """Take a locked address back: it is told nothing more, not even what was waiting for it."""
    endpoint.ended_at = now
    db.session.flush()
    audit.record("webhook.ended", "webhook_endpoint", endpoint.public_id, actor=actor, at=now)


def announce(kind: str, account_ids: Collection[int], data: Mapping[str, Any], *, now: datetime) -> int:
    """Tell the addresses of these accounts of an event, in the transaction that makes it; how many will be told.

    Parameters
    ----------
    kind : str
        One of ``EVENTS``.
    data : mapping
        Public ids, states and amounts: what a program needs to ask for the rest, and nothing about a person.
    """
    if kind not in EVENTS:
        raise ValueError(f"nobody can have asked for {kind}")
    endpoints = db.session.scalars(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.account_id.in_(account_ids), WebhookEndpoint.ended_at.is_(None))
        .where(literal(kind) == any_(WebhookEndpoint.kinds))
        .order_by(WebhookEndpoint.id)
    ).all()
    body = json.dumps({"type": kind, "timestamp": now.astimezone(UTC).isoformat(), "data": dict(data)}, ensure_ascii=False)
    for endpoint in endpoints:
        post(
            Channel.WEBHOOK,
            endpoint.url,
            template=kind,
            language="",
            subject=kind,
            body_text=body,
            headers={"endpoint": endpoint.public_id},
            now=now,
        )
    return len(endpoints)
