"""Looking into the outbox."""

import enum
from collections.abc import Sequence

from sqlalchemy import func, or_, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.outbox.models import OutgoingMessage


class Standing(enum.StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


def standing(message: OutgoingMessage) -> Standing:
    """Whether a message waits, has left, or was given up."""
    if message.sent_at is not None:
        return Standing.SENT
    return Standing.FAILED if message.failed_at is not None else Standing.WAITING


def find_messages(words: str = "", wanted: Standing | None = None, *, limit: int = 50) -> Sequence[OutgoingMessage]:
    """The newest messages whose address or subject has these words, whichever case."""
    query = select(OutgoingMessage).order_by(OutgoingMessage.id.desc()).limit(limit)
    if words:
        found = [column.icontains(words, autoescape=True) for column in (OutgoingMessage.recipient, OutgoingMessage.subject)]
        query = query.where(or_(*found))
    if wanted is Standing.SENT:
        query = query.where(OutgoingMessage.sent_at.is_not(None))
    elif wanted is Standing.FAILED:
        query = query.where(OutgoingMessage.failed_at.is_not(None))
    elif wanted is Standing.WAITING:
        query = query.where(OutgoingMessage.sent_at.is_(None), OutgoingMessage.failed_at.is_(None))
    return db.session.scalars(query).all()


def count_by_standing() -> dict[Standing, int]:
    """How many messages wait, have left, and were given up."""
    sent = func.count().filter(OutgoingMessage.sent_at.is_not(None))
    failed = func.count().filter(OutgoingMessage.failed_at.is_not(None))
    everything, left, given_up = db.session.execute(select(func.count(), sent, failed)).one()
    return {Standing.WAITING: everything - left - given_up, Standing.SENT: left, Standing.FAILED: given_up}


def get_message(public_id: str) -> OutgoingMessage:
    """The message, or ``NotFound``."""
    message = db.session.scalars(select(OutgoingMessage).filter_by(public_id=public_id)).first()
    if message is None:
        raise NotFound("message_unknown", N_("There is no such message."))
    return message
