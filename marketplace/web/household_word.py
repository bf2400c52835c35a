"""What a household says of those who act in its name, whichever way its word reaches us: the change and the notices of it.

Every function is called inside the transaction of its caller.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from marketplace.catalogue.denials import agree_again, deny_listing
from marketplace.catalogue.denied import get_denial
from marketplace.catalogue.models import Listing, ListingDenial, Producer
from marketplace.catalogue.principals import KIND, get_producer, principal_of
from marketplace.identity.answer_codes import get_code, use_code
from marketplace.identity.contacts import Contact, find_contact, set_contact
from marketplace.identity.mandate_states import MandateAction
from marketplace.identity.mandates import (
    OPEN,
    agree_to_mandate,
    confirm_mandate,
    end_mandate,
    get_mandate,
    mandate_unknown,
    mandates_over,
)
from marketplace.identity.models import Account, AnswerCode, Answered, Mandate, MandateState
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.web.notices.households import tell_denied, tell_mandate
from marketplace.web.notices.sending import Notice, reader_at, send

# Who the audit trail names for a word that came with the code of a notice.
BY_CODE = "household by code"


def producer_of_mandate(mandate: Mandate) -> Producer:
    """The seller whose mandate it is."""
    if mandate.principal_kind != KIND:
        raise mandate_unknown()
    return get_producer(mandate.principal_id)


def own_mandate(public_id: str, producer: Producer) -> Mandate:
    """A mandate over this seller, locked; anybody else's counts as absent."""
    mandate = get_mandate(public_id, lock=True)
    if (mandate.principal_kind, mandate.principal_id) != (KIND, producer.public_id):
        raise mandate_unknown()
    return mandate


def own_denial(public_id: str, producer: Producer) -> ListingDenial:
    """A denial of this seller's household, locked; anybody else's counts as absent."""
    denial = get_denial(public_id, lock=True)
    if denial.producer_id != producer.id:
        raise NotFound("denial_unknown", N_("There is no such denial."))
    return denial


def agree(mandate: Mandate, producer: Producer, giver: Account, *, now: datetime) -> bool:
    """The household agrees to a mandate that was proposed."""
    agreed = agree_to_mandate(mandate, principal_of(producer), giver, now=now)
    if agreed:
        tell_mandate(mandate, producer, now=now)
    return agreed


def confirm(mandate: Mandate, producer: Producer, officer: Account, *, now: datetime) -> bool:
    """Another officer has asked the household, and confirms what the holder wrote down."""
    confirmed = confirm_mandate(mandate, principal_of(producer), officer, now=now)
    if confirmed:
        tell_mandate(mandate, producer, now=now)
    return confirmed


def end(mandate: Mandate, producer: Producer, action: MandateAction, how: Answered, *, actor: str, now: datetime) -> bool:
    """The household, or the holder, ends a mandate."""
    ended = end_mandate(mandate, action, how, actor=actor, now=now)
    if ended:
        tell_mandate(mandate, producer, now=now)
    return ended


def deny(listing: Listing, producer: Producer, how: Answered, *, actor: str, now: datetime, note: str = "") -> ListingDenial:
    """The household says that a listing is not its own."""
    denial = deny_listing(listing, producer, how, actor=actor, now=now, note=note)
    if denial.denied_at == now:
        tell_denied(denial, listing, producer, now=now)
    return denial


def answers_to(code: str, *, now: datetime) -> tuple[AnswerCode, list[str]]:
    """What a code stands for and what can be answered with it: ``deny``, ``revoke``, ``agree``."""
    found = get_code(code, now=now)
    options = {"listing": ["deny"], "denial": ["agree"], "mandate": []}[found.purpose_kind]
    if found.mandate.state == MandateState.IN_FORCE:
        options = [*options, "revoke"]
    return found, options


def answer(code: str, chosen: str, *, now: datetime) -> Producer:
    """Act on a household's answer by code and use the code up; answers the household's farm.

    ``deny`` takes the listing off sale, ``revoke`` does that and ends the mandate, ``agree`` takes a denial back.

    Raises
    ------
    Invalid
        ``answer_invalid`` for an answer that this code does not give.
    """
    found, options = answers_to(code, now=now)
    if chosen not in options:
        raise Invalid("answer_invalid", N_("This cannot be answered here any more."))
    mandate_id, purpose_kind, purpose_id = found.mandate.public_id, found.purpose_kind, found.purpose_id
    producer = producer_of_mandate(found.mandate)
    # Denying locks the holder's mandates in the order of their ids, so none is locked before; the code comes last, where of two
    # who answer at once the second is refused and takes everything back.
    if purpose_kind == "listing" and chosen in ("deny", "revoke"):
        listing = db.session.scalars(select(Listing).filter_by(public_id=purpose_id, producer_id=producer.id)).one()
        deny(listing, producer, Answered.CODE, actor=BY_CODE, now=now)
    if purpose_kind == "denial" and chosen == "agree":
        agree_again(own_denial(purpose_id, producer), Answered.CODE, actor=BY_CODE, now=now)
    if chosen == "revoke":
        mandate = get_mandate(mandate_id, lock=True)
        end(mandate, producer, MandateAction.REVOKE, Answered.CODE, actor=BY_CODE, now=now)
    use_code(code, now=now)
    return producer


def change_contact(producer: Producer, wanted: Contact, *, others: Sequence[Account], actor: str, now: datetime) -> None:
    """Remember where a household without an account is told, and say so to the place it was told at before.

    Raises
    ------
    Invalid
        ``contact_is_holders`` for the number or address of a holder, or of any of ``others``: notices about somebody must not
        go to them.
    """
    holders = [mandate.holder for mandate in mandates_over([(KIND, producer.public_id)]) if mandate.state in OPEN]
    theirs = {plain for somebody in [*holders, *others] for plain in _addresses(somebody)}
    if _plain(wanted.address) in theirs:
        raise Invalid("contact_is_holders", N_("This is the contact of whoever is to act. The household needs one of its own."))
    before = find_contact(KIND, producer.public_id)
    kept = set_contact(KIND, producer.public_id, wanted, actor=actor, now=now)
    if before is not None and before.address and before.address != kept.address:
        text = N_("From now on we tell your household elsewhere what is done in its name. Not right? Ask the village office.")
        event = f"{producer.public_id}:{int(now.timestamp())}"
        notice = Notice("contact.changed", event, N_("Your contact has changed"), text, lambda: {"title": ""})
        send(reader_at(producer.public_id, before), notice, now=now)


def _addresses(somebody: Account) -> set[str]:
    chosen = find_contact("account", somebody.public_id)
    known = {somebody.login, *((chosen.phone, chosen.email) if chosen is not None else ())}
    return {_plain(address) for address in known} - {""}


def _plain(address: str) -> str:
    """Of a number the last eleven digits, however its country is written before them."""
    digits = re.sub(r"[^0-9]", "", address)
    return address.strip().lower() if "@" in address else digits[-11:]
