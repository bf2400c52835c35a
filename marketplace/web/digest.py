"""The weekly letter: what is worth buying this week, chosen by the same service as every list, in the reader's language."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeSerializer

from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.jobs import job
from marketplace.kernel.locks import in_turn
from marketplace.kernel.outbox.models import Channel
from marketplace.kernel.outbox.posting import post, was_posted
from marketplace.recommendations.service import Recommendation, recommend
from marketplace.recommendations.subscriptions import find_subscription, subscriber_ids
from marketplace.web.cards import reasons_in_words
from marketplace.web.filters import unit_price
from marketplace.web.languages import LOCALES, pick
from marketplace.web.outside import outside_url
from marketplace.web.places import place_name
from marketplace.web.prices import price_block

_log = logging.getLogger("marketplace.letters")
PLACES = 8
_TEMPLATE = "digest"


@job("letters.send_digest", every="0 1 * * 4", lock="letters.send_digest")
def send_digest(timestamp: int) -> None:
    """Each Thursday at nine in the market, when people plan what they cook at the weekend."""
    write_digests(datetime.fromtimestamp(timestamp, UTC))


def write_digests(now: datetime) -> int:
    """Write this week's letter to everybody who wants one and has none yet; answers how many were written.

    Owns its transactions, two for each reader: the first writes down the list, whose sums every other reader waits for, and the
    letter is put into words after it. One that is killed between them leaves a list that nobody read; the next run makes
    another, with its letter. Two runs at once take turns, so neither makes lists in vain. Where a letter fails, the others are
    written all the same.
    """
    written = 0
    with in_turn(_TEMPLATE):
        for account_id in subscriber_ids():
            db.session.rollback()
            try:
                written += _write(account_id, now)
            except Exception:
                _log.exception("the letter of this week to account %s could not be written", account_id)
        db.session.rollback()
    return written


def occasion(account: Account, now: datetime) -> str:
    """The name of the letter of one week to one reader: it is written once."""
    year, week, _weekday = local_day(now).isocalendar()
    return f"digest:{year}-W{week:02d}:{account.public_id}"


def _write(account_id: int, now: datetime) -> bool:
    """Write to one reader; False when they have had this week's letter, want none, or nothing is in stock."""
    account = db.session.get_one(Account, account_id)
    with transaction():
        if not _is_due(account, now):
            return False
        chosen = recommend(account, "digest", PLACES, now=now)
    if not chosen.rows:
        return False
    letter = compose(account, chosen, now)
    with transaction():
        subscription = find_subscription(account_id)
        # It may have been ended meanwhile.
        if subscription is None or not _is_due(account, now):
            return False
        post(
            Channel.EMAIL,
            subscription.address,
            template=_TEMPLATE,
            language=letter.language,
            subject=letter.subject,
            body_text=letter.text,
            body_html=letter.html,
            headers={
                "List-Unsubscribe": f"<{letter.unsubscribe_url}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
            occasion=occasion(account, now),
            now=now,
        )
    return True


def _is_due(account: Account, now: datetime) -> bool:
    """Whether a reader wants this week's letter and has not had it."""
    subscription = find_subscription(account.id)
    return subscription is not None and subscription.wanted and not was_posted(occasion(account, now))


@dataclass(frozen=True)
class WeeklyLetter:
    """A letter in words."""

    language: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str


def compose(account: Account, chosen: Recommendation, now: datetime) -> WeeklyLetter:
    """Put a list into words. Goods are named by village, never by producer or household."""
    language = account.locale if account.locale in LOCALES else LOCALES[0]
    unsubscribe_url = outside_url("letters.unsubscribe", token=unsubscribe_token(account))
    with force_locale(language):
        subject = _("This week from the villages")
        context = {
            "subject": subject,
            "name": account.display_name,
            "personalised": chosen.personalised,
            "week_of": local_day(now),
            "items": [_item(row, reason) for row, reason in zip(chosen.rows, reasons_in_words(chosen, {}), strict=True)],
            "home_url": outside_url("storefront.home"),
            "policy_url": outside_url("public.policy"),
            "unsubscribe_url": unsubscribe_url,
        }
        templates = current_app.jinja_env
        return WeeklyLetter(
            language=language,
            subject=subject,
            text=templates.get_template(f"email/{_TEMPLATE}.txt").render(context).strip() + "\n",
            html=templates.get_template(f"email/{_TEMPLATE}.html").render(context),
            unsubscribe_url=unsubscribe_url,
        )


def _item(row: Any, reason: str) -> dict[str, Any]:
    price = price_block(row)
    return {
        "title": pick(row.title_zh, row.title_en),
        "url": outside_url("storefront.product", public_id=row.public_id),
        "place": place_name(row.village),
        "harvested_on": row.harvested_on,
        "price_fen": price["price_fen"],
        "unit_label": price["unit_label"],
        "unit_price": unit_price(price["price_fen"], price["unit_grams"]),
        "supports_registered": row.supports_registered,
        "reason": reason,
    }


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="letters.unsubscribe")


def unsubscribe_token(account: Account) -> str:
    """A signed name of an account that works without signing in, for unsubscribing alone, and does not expire."""
    return str(_serializer().dumps(account.public_id))


def subscriber_of_token(token: str) -> str:
    """The public id of the account that a token was made for, or ``NotFound``."""
    try:
        return str(_serializer().loads(token))
    except BadSignature:
        raise NotFound("letter_unknown", N_("This link belongs to no letter of ours.")) from None
