"""Writing a message in the transaction of the change that causes it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.jobs import enqueue
from marketplace.kernel.outbox.jobs import call, deliver
from marketplace.kernel.outbox.models import Channel, OutgoingMessage


def post(
    channel: Channel,
    recipient: str,
    *,
    template: str,
    language: str,
    subject: str,
    body_text: str,
    body_html: str | None = None,
    headers: Mapping[str, str] | None = None,
    occasion: str | None = None,
    now: datetime,
) -> OutgoingMessage:
    """Write a message with the open transaction; a worker takes it out after the commit.

    Parameters
    ----------
    recipient : str
        An e-mail address, a phone number, or the address of a program.
    template, language : str
        What the words were made of, for whoever looks at the outbox.
    occasion : str, optional
        What must be said at most once. A second message of the same occasion is refused by the database.

    Raises
    ------
    Invalid
        When recipient or subject hold a line break, which would let a writer add headers.
    """
    if any(ord(character) < 32 for character in recipient + subject) or not recipient:
        raise Invalid("message_broken", N_("A message needs one address and one line of subject."))
    message = OutgoingMessage(
        channel=channel,
        recipient=recipient,
        template=template,
        language=language,
        subject=subject,
        body_text=body_text,
        body_html=body_html,
        headers=dict(headers or {}),
        occasion=occasion,
        created_at=now,
        next_attempt_at=now,
    )
    db.session.add(message)
    db.session.flush()
    _have_taken_out(message, now)
    return message


def post_once(
    channel: Channel,
    recipient: str,
    *,
    template: str,
    language: str,
    subject: str,
    body_text: str,
    occasion: str,
    now: datetime,
    due_at: datetime,
) -> bool:
    """Write a notice with the open transaction unless its occasion has had one; answers whether it was written.

    A second notice of an occasion never fails the change it rides on. It waits for the postman's next round after ``due_at``
    and asks for none of its own: many changes at once would queue behind the one row of that job, holding their own rows.
    """
    if any(ord(character) < 32 for character in recipient + subject) or not recipient:
        raise Invalid("message_broken", N_("A message needs one address and one line of subject."))
    written = db.session.scalars(
        insert(OutgoingMessage)
        .values(
            channel=channel,
            recipient=recipient,
            template=template,
            language=language,
            subject=subject,
            body_text=body_text,
            headers={},
            occasion=occasion,
            created_at=now,
            next_attempt_at=due_at,
            last_error="",
            attempts=0,
        )
        .on_conflict_do_nothing(index_elements=["occasion"])
        .returning(OutgoingMessage.id)
    ).first()
    return written is not None


def was_posted(occasion: str) -> bool:
    """Whether something has been said on this occasion."""
    return db.session.scalar(select(OutgoingMessage.id).filter_by(occasion=occasion)) is not None


def try_again(message: OutgoingMessage, *, now: datetime) -> bool:
    """Give a message that was given up all its attempts again; False when it was not given up."""
    db.session.refresh(message, with_for_update=True)
    if message.failed_at is None:
        return False
    message.failed_at, message.attempts, message.next_attempt_at = None, 0, now
    db.session.flush()
    _have_taken_out(message, now)
    return True


def _have_taken_out(message: OutgoingMessage, now: datetime) -> None:
    enqueue(call if message.channel == Channel.WEBHOOK else deliver, timestamp=int(now.timestamp()))
