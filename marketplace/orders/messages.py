"""Messages between the buyer and the seller of an order. Contact details are taken out before anything is kept."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, update

from marketplace.catalogue.models import Producer
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid, NotFound, TooMany
from marketplace.orders.claim_states import Party
from marketplace.orders.contact_masking import mask_contacts
from marketplace.orders.models import Order, OrderGroup, OrderMessage
from marketplace.orders.notices import NoticeKind, give_notice

MOST_WORDS = 1000
# Somebody who writes more within this time is not writing about apples any more.
RATE_SPAN = timedelta(hours=1)
MOST_PER_SPAN = 20


def party_of(order: Order, account_id: int) -> Party | None:
    """On which side of an order an account stands, if on any; who buys from themselves is the buyer."""
    if order.group.account_id == account_id:
        return Party.BUYER
    if order.producer.account_id == account_id:
        return Party.SELLER
    return None


def get_own_order(public_id: str, account_id: int) -> tuple[Order, Party]:
    """An order and on which side of it the account stands, or ``NotFound``."""
    order = db.session.scalars(
        select(Order)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .join(Producer, Producer.id == Order.producer_id)
        .where(Order.public_id == public_id)
    ).first()
    party = party_of(order, account_id) if order is not None else None
    if order is None or party is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    return order, party


def get_sale(public_id: str, producer_id: int, account_id: int) -> Order:
    """An order of this producer's goods for the account that sells for it, or ``NotFound``; not when it bought them itself."""
    order = db.session.scalars(select(Order).where(Order.public_id == public_id, Order.producer_id == producer_id)).first()
    if order is None or order.group.account_id == account_id:
        raise NotFound("order_unknown", N_("There is no such order."))
    return order


def send_message(
    order_public_id: str, words: str, *, account_id: int, producer_id: int | None = None, actor: str, now: datetime
) -> OrderMessage:
    """Write to the other side of an own order, or of one on which the account speaks for its seller, ``producer_id``.

    Raises
    ------
    Invalid
        For nothing, or too much.
    TooMany
        When the account has written too often within the last hour.
    """
    if producer_id is None:
        order, party = get_own_order(order_public_id, account_id)
    else:
        order, party = get_sale(order_public_id, producer_id, account_id), Party.SELLER
    words = words.strip()
    if not words:
        raise Invalid("words_needed", N_("Please write something here."))
    if len(words) > MOST_WORDS:
        raise Invalid("words_too_long", N_("Please use at most %(most)s characters."), most=MOST_WORDS)
    _check_rate(account_id, now)
    message = OrderMessage(
        order_id=order.id,
        sent_by=party,
        account_id=account_id,
        words=mask_contacts(words),
        at=now,
    )
    db.session.add(message)
    db.session.flush()
    audit.record("message.sent", "order", order.public_id, actor=actor, at=now, message=message.public_id)
    give_notice(NoticeKind.MESSAGE, order, order.public_id, to_seller=party is Party.BUYER, now=now)
    return message


def _check_rate(account_id: int, now: datetime) -> None:
    # Two messages at one moment may both pass; one more than twenty is no harm.
    number, first_at = db.session.execute(
        select(func.count(), func.min(OrderMessage.at)).where(
            OrderMessage.account_id == account_id, OrderMessage.at > now - RATE_SPAN
        )
    ).one()
    if number >= MOST_PER_SPAN:
        wait_s = max(1, int((first_at + RATE_SPAN - now).total_seconds()))
        raise TooMany("too_many_messages", N_("You have written a lot just now. Please wait a while."), retry_after_s=wait_s)


def messages_of(order_ids: Iterable[int]) -> dict[int, list[OrderMessage]]:
    """The messages on each order, oldest first, in one statement."""
    found: dict[int, list[OrderMessage]] = {order_id: [] for order_id in order_ids}
    query = select(OrderMessage).where(OrderMessage.order_id.in_(found)).order_by(OrderMessage.id)
    for message in db.session.scalars(query):
        found[message.order_id].append(message)
    return found


def shown_words(message: OrderMessage) -> str:
    """What is shown of a message; masked again, because rules for masking grow and rows stay."""
    return mask_contacts(message.words)


def note_read(order_ids: Select[Any] | Sequence[int], reader: Party, *, now: datetime) -> set[str]:
    """Note that a side has seen what the other has written; answers the public ids of the messages that were new."""
    other = Party.SELLER if reader is Party.BUYER else Party.BUYER
    seen = db.session.scalars(
        update(OrderMessage)
        .where(OrderMessage.order_id.in_(order_ids), OrderMessage.sent_by == other, OrderMessage.read_at.is_(None))
        .values(read_at=now)
        .returning(OrderMessage.public_id)
    )
    return set(seen)


def orders_bought(group_public_id: str, account_id: int) -> Select[Any]:
    """The ids of the orders of an own purchase, as a part of a statement."""
    query = select(Order.id).join(OrderGroup, OrderGroup.id == Order.group_id)
    return query.where(OrderGroup.public_id == group_public_id, OrderGroup.account_id == account_id)


def unread_for_seller(producer_id: int) -> dict[str, int]:
    """How many messages a seller has not seen, by the public id of the order."""
    query = (
        select(Order.public_id, func.count())
        .join(OrderMessage, OrderMessage.order_id == Order.id)
        .where(Order.producer_id == producer_id, OrderMessage.sent_by == Party.BUYER, OrderMessage.read_at.is_(None))
        .group_by(Order.public_id)
    )
    return dict(db.session.execute(query).all())


def conversations_of_producer(producer_id: int, *, limit: int = 50) -> Sequence[Order]:
    """A producer's orders with messages, the last written about first."""
    newest = (
        select(OrderMessage.order_id, func.max(OrderMessage.id).label("last"))
        .group_by(OrderMessage.order_id)
        .subquery("newest")
    )
    query = select(Order).join(newest, newest.c.order_id == Order.id).where(Order.producer_id == producer_id)
    return db.session.scalars(query.order_by(newest.c.last.desc()).limit(limit)).all()
