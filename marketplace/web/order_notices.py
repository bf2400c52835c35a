"""Notices of what happens after the sale, put into the reader's language and handed to the outbox.

They say that there is something to read and where, and nothing of what it says: a phone lies where others see it.
"""

import re
from datetime import datetime
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from marketplace.identity.models import Account
from marketplace.kernel.db import db
from marketplace.kernel.outbox.models import Channel
from marketplace.kernel.outbox.posting import post
from marketplace.orders.notices import Notice, NoticeKind
from marketplace.web.languages import LOCALES

_PHONE = re.compile(r"\+?[0-9]{11,15}")
_PAGES = {
    (NoticeKind.MESSAGE, False): ("storefront.order", "public_id"),
    (NoticeKind.MESSAGE, True): ("producer.after.talk", "public_id"),
    (NoticeKind.CLAIM, False): ("storefront.claim", "public_id"),
    (NoticeKind.CLAIM, True): ("producer.after.claim", "public_id"),
    (NoticeKind.REVIEW, False): ("storefront.order", "public_id"),
    (NoticeKind.REVIEW, True): ("producer.after.reviews", None),
}


def tell(notice: Notice, now: datetime) -> None:
    """Write a notice into the open transaction; somebody without an address or a number finds it on their pages."""
    account = db.session.get_one(Account, notice.account_id)
    channel = _channel(account.login)
    if channel is None:
        return
    language = account.locale if account.locale in LOCALES else LOCALES[0]
    with force_locale(language):
        subject = _subject(notice)
        text = f"{subject}\n{_address(notice)}\n"
    post(
        channel,
        account.login,
        template=f"after_sale_{notice.kind}",
        language=language,
        subject=subject,
        body_text=text,
        now=now,
    )


def _channel(login: str) -> Channel | None:
    if "@" in login:
        return Channel.EMAIL
    return Channel.SMS if _PHONE.fullmatch(login) else None


def _subject(notice: Notice) -> str:
    reference = notice.order.group.reference
    if notice.kind is NoticeKind.MESSAGE:
        return str(_("There is a new message on order %(reference)s.", reference=reference))
    if notice.kind is NoticeKind.CLAIM:
        return str(_("There is news of a claim on order %(reference)s.", reference=reference))
    if notice.to_seller:
        return str(_("A buyer has reviewed your goods."))
    return str(_("There is news of your review of order %(reference)s.", reference=reference))


def _address(notice: Notice) -> str:
    endpoint, name = _PAGES[notice.kind, notice.to_seller]
    subject = notice.order.group.public_id if endpoint == "storefront.order" else notice.subject_id
    base = urlsplit(current_app.extensions["settings"].public_url)
    addresses = current_app.url_map.bind(base.netloc, script_name=base.path or "/", url_scheme=base.scheme)
    return addresses.build(endpoint, {name: subject} if name else {}, force_external=True)
