"""Where and when somebody wants to be told."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert

from marketplace.identity.models import NoticeContact
from marketplace.kernel import audit
from marketplace.kernel.clock import MARKET_ZONE
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid

QUIET_FROM, QUIET_UNTIL = time(21), time(8)
_PHONE = re.compile(r"\+?[0-9]{5,15}")
_EMAIL = re.compile(r"[^\s@<>\",;]+@[^\s@<>\",;]+\.[^\s@<>\",;]+")
# A mobile number of mainland China, which is also a name one can sign in with.
_MOBILE = re.compile(r"(?:\+?86)?1[3-9][0-9]{9}")


@dataclass(frozen=True)
class Contact:
    """A way to somebody: ``channel`` is ``sms``, ``email`` or ``none``."""

    channel: str
    phone: str = ""
    email: str = ""
    quiet_at_night: bool = True

    @property
    def address(self) -> str:
        """Where a message goes; empty where none is wanted."""
        return {"sms": self.phone, "email": self.email}.get(self.channel, "")


def find_contact(owner_kind: str, owner_id: str) -> Contact | None:
    """What somebody has chosen; None when nothing was."""
    return find_contacts([(owner_kind, owner_id)]).get((owner_kind, owner_id))


def find_contacts(owners: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Contact]:
    """What several have chosen, by (kind, id), in one statement; who has chosen nothing is absent."""
    wanted = tuple_(NoticeContact.owner_kind, NoticeContact.owner_id).in_(list(owners))
    rows = db.session.scalars(select(NoticeContact).where(wanted))
    return {(row.owner_kind, row.owner_id): Contact(row.channel, row.phone, row.email, row.quiet_at_night) for row in rows}


def contact_of_login(login: str) -> Contact:
    """How to reach somebody who has chosen nothing: by the number or address that they sign in with, otherwise not at all."""
    if _MOBILE.fullmatch(login):
        return Contact("sms", phone=login)
    if _EMAIL.fullmatch(login):
        return Contact("email", email=login)
    return Contact("none")


def set_contact(owner_kind: str, owner_id: str, wanted: Contact, *, actor: str, now: datetime) -> Contact:
    """Remember where somebody wants to be told; answers it in the form it is kept in."""
    phone, email = re.sub(r"[\s-]", "", wanted.phone), wanted.email.strip()
    if phone and not _PHONE.fullmatch(phone):
        raise Invalid("phone_invalid", N_("Please give a phone number, such as 13800138000."))
    if email and (len(email) > 254 or not _EMAIL.fullmatch(email)):
        raise Invalid("email_invalid", N_("Please give an e-mail address, such as name@example.org."))
    if wanted.channel == "sms" and not phone:
        raise Invalid("phone_invalid", N_("Please give a phone number, such as 13800138000."))
    if wanted.channel == "email" and not email:
        raise Invalid("email_invalid", N_("Please give an e-mail address, such as name@example.org."))
    kept = Contact(wanted.channel, phone, email, wanted.quiet_at_night)
    values = {
        "channel": kept.channel,
        "phone": phone,
        "email": email,
        "quiet_at_night": kept.quiet_at_night,
        "changed_at": now,
    }
    db.session.execute(
        insert(NoticeContact)
        .values(owner_kind=owner_kind, owner_id=owner_id, **values)
        .on_conflict_do_update(index_elements=["owner_kind", "owner_id"], set_=values)
    )
    audit.record("contact.changed", owner_kind, owner_id, actor=actor, at=now, channel=kept.channel)
    return kept


def due_at(contact: Contact, now: datetime) -> datetime:
    """When a message may go out: at once, or at eight in the market's morning when it is night and nights are to be quiet."""
    local = now.astimezone(MARKET_ZONE)
    if not contact.quiet_at_night or QUIET_UNTIL <= local.time() < QUIET_FROM:
        return now
    day = local.date() + timedelta(days=1 if local.time() >= QUIET_FROM else 0)
    return datetime.combine(day, QUIET_UNTIL, MARKET_ZONE).astimezone(now.tzinfo)
