"""From a notice to a message: the reader's channel, language and hours, and words of a length that can be paid for."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from marketplace.catalogue.models import Producer
from marketplace.catalogue.principals import KIND
from marketplace.identity.contacts import Contact, contact_of_login, due_at, find_contact, find_contacts
from marketplace.identity.models import Account
from marketplace.kernel.db import db
from marketplace.kernel.outbox.models import Channel
from marketplace.kernel.outbox.posting import post_once
from marketplace.kernel.outbox.text_message import fitted
from marketplace.web.languages import LOCALES
from marketplace.web.notices.harmless import harmless
from marketplace.web.outside import outside_url

# A notice fits into one text message; one with an address to answer at into two.
MOST_PARTS, MOST_PARTS_WITH_LINK = 1, 2
# What the shop itself has written; all else is somebody's words.
_OURS = frozenset({"reference", "amount", "price", "unit", "day", "scopes", "number"})


@dataclass(frozen=True)
class Reader:
    """Somebody who is told: a name for the occasion, a way, a language."""

    id: str
    contact: Contact
    language: str


@dataclass(frozen=True)
class Notice:
    """What is said. ``values`` is asked in the reader's language.

    Parameters
    ----------
    kind : str
        What happened, as the outbox shows it.
    event : str
        Which of its kind; a kind is said to a reader once for each.
    subject, text : str
        Marked texts; ``text`` takes ``values``. Its ``title`` is shortened where a text message would grow too long.
    answer_url : str
        Where to answer, where it can be done by one tap or has to be done in time; part of the message on every channel.
    page_url : str
        Where there is more to read; only in e-mails.
    """

    kind: str
    event: str
    subject: str
    text: str
    values: Callable[[], Mapping[str, str]]
    answer_url: str = ""
    page_url: str = ""


def reader_of_account(account: Account) -> Reader | None:
    """An account as a reader; None when it cannot or will not be told."""
    contact = find_contact("account", account.public_id) or contact_of_login(account.login)
    return _reader(account.public_id, contact, account.locale)


def reader_of_producer(producer: Producer) -> Reader | None:
    """Whoever is told of what concerns a seller: its account, or the contact of a household that has none."""
    if producer.account_id is not None:
        return reader_of_account(db.session.get_one(Account, producer.account_id))
    contact = find_contact(KIND, producer.public_id)
    return _reader(producer.public_id, contact, None) if contact is not None else None


def readers_of_sellers(producers: Sequence[Producer], others: Mapping[int, Collection[int]]) -> dict[int, list[Reader]]:
    """Who is told of what concerns several sellers, by producer, in two statements however many there are.

    ``others`` are accounts beside the sellers' own, by producer.
    """
    account_ids = {producer.account_id for producer in producers} | {one for ids in others.values() for one in ids}
    account_ids.discard(None)
    query = select(Account).where(Account.id.in_(account_ids), Account.active)
    accounts = {row.id: row for row in db.session.scalars(query)} if account_ids else {}
    owners = [("account", account.public_id) for account in accounts.values()]
    owners += [(KIND, producer.public_id) for producer in producers if producer.account_id is None]
    contacts = find_contacts(owners)

    def of_account(account: Account) -> Reader | None:
        contact = contacts.get(("account", account.public_id)) or contact_of_login(account.login)
        return _reader(account.public_id, contact, account.locale)

    found: dict[int, list[Reader]] = {}
    for producer in producers:
        contact = contacts.get((KIND, producer.public_id))
        own = _reader(producer.public_id, contact, None) if contact is not None else None
        wanted = [producer.account_id, *sorted(others.get(producer.id, ()))]
        readers = [own, *(of_account(accounts[one]) for one in wanted if one in accounts)]
        found[producer.id] = [reader for reader in readers if reader is not None]
    return found


def reader_at(reader_id: str, contact: Contact) -> Reader | None:
    """Somebody at a contact that is being given up."""
    return _reader(reader_id, contact, None)


def _reader(reader_id: str, contact: Contact, locale: str | None) -> Reader | None:
    language = locale if locale in LOCALES else LOCALES[0]
    return Reader(reader_id, contact, language) if contact.address else None


def send(reader: Reader | None, notice: Notice, *, now: datetime) -> bool:
    """Write a notice with the open transaction; answers whether one was written."""
    if reader is None:
        return False
    channel = Channel(reader.contact.channel)
    with force_locale(reader.language):
        values = {name: value if name in _OURS else harmless(value) for name, value in notice.values().items()}
        subject = _(notice.subject)
        body = _short(notice, values) if channel is Channel.SMS else _letter(notice, values)
    return post_once(
        channel,
        reader.contact.address,
        template=f"notice.{notice.kind}",
        language=reader.language,
        subject=subject,
        body_text=body,
        occasion=f"{notice.kind}:{notice.event}:{reader.id}",
        now=now,
        due_at=due_at(reader.contact, now),
    )


def _short(notice: Notice, values: Mapping[str, str]) -> str:
    ending = f" {notice.answer_url}" if notice.answer_url else ""

    def words(title: str) -> str:
        return _("[Nongqiao]") + _filled(notice, {**values, "title": title}) + ending

    return fitted(words, values.get("title", ""), MOST_PARTS_WITH_LINK if ending else MOST_PARTS)


def _letter(notice: Notice, values: Mapping[str, str]) -> str:
    more = [url for url in (notice.answer_url, notice.page_url) if url]
    settings = _("How we tell you is chosen in your settings: %(url)s", url=outside_url("account.settings"))
    return "\n\n".join([_filled(notice, values), *more, f"--\n{settings}"]) + "\n"


def _filled(notice: Notice, values: Mapping[str, str]) -> str:
    # Filled here and not by gettext, whose own parameters a name sent from outside could be taken for.
    return str(_(notice.text)) % values
