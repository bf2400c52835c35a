"""Delivering what is due: each message by one worker at a time, with growing pauses between attempts."""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.outbox.carriers import Carrier, Letter, NotDelivered
from marketplace.kernel.outbox.models import Channel, OutgoingMessage

_log = logging.getLogger("marketplace.outbox")
# After the first failure, the second, ...; one more failure than there are pauses, and the message is given up.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8))
MOST_ATTEMPTS = len(PAUSES) + 1
# Far longer than any carrier takes: a worker that died with a message in hand keeps it from others for so long.
IN_HAND = timedelta(minutes=10)


class _Process:
    """Who takes messages out of this process, by channel."""

    carriers: Mapping[str, Carrier] = {}


def use_carriers(carriers: Mapping[str, Carrier]) -> None:
    """Tell this process who takes messages out, by channel."""
    _Process.carriers = carriers


def deliver_due(channels: Collection[Channel] = tuple(Channel), *, now: Callable[[], datetime] = clock.now) -> int:
    """Deliver every message of these channels that is due; answers how many got through.

    Owns its transactions. A message is claimed in one, taken out in none (a mail server must not hold rows), and settled in
    another. Two workers never have the same message in hand. Should one die between taking a message out and settling it, it
    goes out again with the same id: a mail server gives no way to do better.
    """
    delivered = 0
    while (claimed := _claim(channels, now())) is not None:
        message_id, letter = claimed
        try:
            _Process.carriers[letter.channel].deliver(letter)
        except NotDelivered as error:
            _put_back(message_id, error, now())
        else:
            _settle(message_id, now())
            delivered += 1
    return delivered


def _claim(channels: Collection[Channel], now: datetime) -> tuple[int, Letter] | None:
    """Take the message that has been due longest out of everybody else's reach."""
    with transaction():
        message = db.session.scalars(
            select(OutgoingMessage)
            .where(
                OutgoingMessage.channel.in_(channels),
                OutgoingMessage.sent_at.is_(None),
                OutgoingMessage.failed_at.is_(None),
                OutgoingMessage.next_attempt_at <= now,
            )
            .order_by(OutgoingMessage.next_attempt_at, OutgoingMessage.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        ).first()
        if message is None:
            return None
        message.attempts += 1
        message.next_attempt_at = now + IN_HAND
        letter = Letter(
            public_id=message.public_id,
            channel=message.channel,
            recipient=message.recipient,
            subject=message.subject,
            body_text=message.body_text,
            body_html=message.body_html,
            written_at=message.created_at,
            headers=dict(message.headers),
        )
        return message.id, letter


def _settle(message_id: int, now: datetime) -> None:
    with transaction():
        message = db.session.get_one(OutgoingMessage, message_id, with_for_update=True, populate_existing=True)
        message.sent_at, message.last_error = now, ""


def _put_back(message_id: int, error: NotDelivered, now: datetime) -> None:
    """Plan the next attempt, or give the message up."""
    with transaction():
        message = db.session.get_one(OutgoingMessage, message_id, with_for_update=True, populate_existing=True)
        message.last_error = str(error)[:300]
        if error.permanent or message.attempts >= MOST_ATTEMPTS:
            message.failed_at = now
            _log.warning("message %s was given up after %d attempts: %s", message.public_id, message.attempts, error)
        else:
            message.next_attempt_at = now + PAUSES[message.attempts - 1]
