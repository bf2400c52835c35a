"""Notices of what happens after the sale.

They say that there is something to read and where, and nothing of what it says: a phone lies where others see it.
"""

from datetime import datetime

from sqlalchemy import select

from marketplace.catalogue.models import Producer
from marketplace.catalogue.principals import KIND
from marketplace.identity.mandates import mandates_over
from marketplace.identity.models import Account, MandateState, Scope
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.orders.notices import Notice, NoticeKind
from marketplace.web.notices import sending
from marketplace.web.notices.sending import Reader, reader_of_account, reader_of_producer, send
from marketplace.web.outside import outside_url

# By kind and whether the seller is told: what has happened, in words.
_WORDS = {
    (NoticeKind.MESSAGE, False): (N_("A new message"), N_("There is a new message on order %(reference)s.")),
    (NoticeKind.MESSAGE, True): (N_("A new message"), N_("There is a new message on order %(reference)s.")),
    (NoticeKind.CLAIM, False): (N_("News of a claim"), N_("There is news of a claim on order %(reference)s.")),
    (NoticeKind.CLAIM, True): (N_("News of a claim"), N_("There is news of a claim on order %(reference)s.")),
    (NoticeKind.REVIEW, False): (N_("News of your review"), N_("There is news of your review of order %(reference)s.")),
    (NoticeKind.REVIEW, True): (N_("A new review"), N_("A buyer has reviewed your goods.")),
    (NoticeKind.CAME_BACK, True): (
        N_("A parcel came back"),
        N_("The parcel of order %(reference)s came back. Please say which of the goods can be sold again."),
    ),
    (NoticeKind.RECALL, False): (
        N_("Goods called back"),
        N_("Goods of order %(reference)s are called back. Please do not eat them, and read what to do."),
    ),
    (NoticeKind.RECALL, True): (
        N_("Goods called back"),
        N_("Goods of order %(reference)s are called back. Please send nothing more of that harvest."),
    ),
}
_PAGES = {
    (NoticeKind.MESSAGE, False): ("storefront.order", "public_id"),
    (NoticeKind.MESSAGE, True): ("producer.after.talk", "public_id"),
    (NoticeKind.CLAIM, False): ("storefront.claim", "public_id"),
    (NoticeKind.CLAIM, True): ("producer.after.claim", "public_id"),
    (NoticeKind.REVIEW, False): ("storefront.order", "public_id"),
    (NoticeKind.REVIEW, True): ("producer.after.reviews", None),
    (NoticeKind.CAME_BACK, True): ("producer.came_back.waiting", None),
    (NoticeKind.RECALL, False): ("storefront.recall", "public_id"),
    (NoticeKind.RECALL, True): ("producer.orders", None),
}


def tell(notice: Notice, now: datetime) -> None:
    """Write a notice into the open transaction; somebody without an address or a number finds it on their pages."""
    subject, text = _WORDS[notice.kind, notice.to_seller]
    reference = notice.order.group.reference
    said = sending.Notice(
        kind=f"after_sale.{notice.kind}",
        # The same may happen again, but not at the same moment.
        event=f"{notice.subject_id}:{int(now.timestamp() * 1_000_000)}",
        subject=subject,
        text=text,
        values=lambda: {"reference": reference, "title": ""},
        answer_url=_address(notice),
    )
    for reader in _readers(notice, now):
        send(reader, said, now=now)


def _readers(notice: Notice, now: datetime) -> list[Reader | None]:
    """The buyer; or the farm, and those who may answer in its name, because the clock of a claim runs for them as well."""
    if not notice.to_seller:
        return [reader_of_account(db.session.get_one(Account, notice.order.group.account_id))]
    producer = db.session.get_one(Producer, notice.order.producer_id)
    holders = {
        mandate.holder_id
        for mandate in mandates_over([(KIND, producer.public_id)])
        if mandate.state == MandateState.IN_FORCE and mandate.ends_at > now and Scope.ANSWER in mandate.scopes
    }
    accounts = db.session.scalars(select(Account).where(Account.id.in_(holders), Account.active).order_by(Account.id))
    return [reader_of_producer(producer), *(reader_of_account(account) for account in accounts)]


def _address(notice: Notice) -> str:
    endpoint, name = _PAGES[notice.kind, notice.to_seller]
    subject = notice.order.group.public_id if endpoint == "storefront.order" else notice.subject_id
    return outside_url(endpoint, **({name: subject} if name else {}))
