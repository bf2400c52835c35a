"""What a household is told of those who act in its name, and what they are told of the household's word."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.catalogue.models import Listing, ListingDenial, Lot, Producer
from marketplace.identity.answer_codes import issue_code
from marketplace.identity.mandates import awaits_second_officer, find_mandate
from marketplace.identity.models import Account, Mandate, MandateState
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.orders.models import Order
from marketplace.web.filters import day, unit_name, yuan
from marketplace.web.languages import pick
from marketplace.web.notices.acts import tell_other_acts
from marketplace.web.notices.people import scopes_in_words, who
from marketplace.web.notices.sending import Notice, reader_of_account, reader_of_producer, send
from marketplace.web.outside import outside_url

# The acts on a listing that a household hears of: of several on one listing in one go only the first of these.
_ON_LISTINGS = {
    "listing.published": (
        "listed",
        N_("Put on sale in your name"),
        N_("%(who)s put %(title)s on sale in your name at %(price)s per %(unit)s. Not right? Answer here:"),
    ),
    "listing.withdrawn": (
        "withdrawn",
        N_("Taken off sale"),
        N_("%(who)s took %(title)s off sale, which was sold in your name."),
    ),
    "listing.changed": (
        "changed",
        N_("Changed in your name"),
        N_("%(who)s changed %(title)s in your name; it costs %(price)s per %(unit)s. Not right? Answer here:"),
    ),
    "lot.added": (
        "stocked",
        N_("Stock added in your name"),
        N_("%(who)s added a harvest of %(title)s in your name. Not right? Answer here:"),
    ),
}
_ANSWERABLE = frozenset({"listed", "changed", "stocked"})


# The same of several listings in one go, as when a table is read in: one message, which names how many and the first of them.
_ON_SEVERAL = {
    "listing.published": N_("%(who)s put %(number)s goods on sale in your name: %(title)s. Not right? Answer here:"),
    "listing.withdrawn": N_("%(who)s took %(number)s goods off sale, which were sold in your name: %(title)s."),
    "listing.changed": N_("%(who)s changed %(number)s goods in your name: %(title)s. Not right? Answer here:"),
    "lot.added": N_("%(who)s added harvests of %(number)s goods in your name: %(title)s. Not right? Answer here:"),
}
_FIRST_NAMED = 3


def tell_acts(producer: Producer, mandate: Mandate, acts: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """Tell a household what has just been done in its name, in the transaction that did it."""
    for object_id in dict.fromkeys(act["object_id"] for act in acts if act["verb"] == "order.shipped"):
        _tell_shipped(producer, mandate, object_id, now)
    for verb, listings in _listings_by_verb(acts).items():
        if len(listings) == 1:
            _tell_listing(producer, mandate, verb, listings[0], now)
        else:
            _tell_listings(producer, mandate, verb, listings, now)
    tell_other_acts(producer, mandate, acts, now=now)


def _listings_by_verb(acts: Sequence[Mapping[str, Any]]) -> dict[str, list[Listing]]:
    """The listings that were acted on, each under the first of the verbs that name it, in the order of the acts."""
    told = [act for act in acts if act["verb"] in _ON_LISTINGS]
    if not told:
        return {}
    names = {act["object_id"] for act in told}
    own = {row.public_id: row for row in db.session.scalars(select(Listing).where(Listing.public_id.in_(names)))}
    lots = select(Lot.public_id, Listing).join(Listing, Listing.id == Lot.listing_id).where(Lot.public_id.in_(names))
    own |= dict(db.session.execute(lots).all())
    found: dict[str, list[Listing]] = {}
    heard: set[int] = set()
    for verb in _ON_LISTINGS:
        for act in told:
            listing = own[act["object_id"]]
            if act["verb"] == verb and listing.id not in heard:
                heard.add(listing.id)
                found.setdefault(verb, []).append(listing)
    return found


def _tell_listings(producer: Producer, mandate: Mandate, verb: str, listings: Sequence[Listing], now: datetime) -> None:
    """One message of many listings. Its code ends the mandate; one of them alone is denied on the farm's page."""
    kind, subject, _text = _ON_LISTINGS[verb]

    def values() -> dict[str, str]:
        first = pick("、", ", ").join(pick(row.title_zh, row.title_en) for row in listings[:_FIRST_NAMED])
        more = pick("等", " …") if len(listings) > _FIRST_NAMED else ""
        return {
            "who": who(mandate.holder, mandate.holder_role),
            "number": str(len(listings)),
            "title": first + more,
        }

    reader = reader_of_producer(producer)
    answer_url = ""
    if reader is not None and kind in _ANSWERABLE:
        answer_url = _answer_url(issue_code(mandate, "mandate", mandate.public_id, now=now))
    event = f"{mandate.public_id}:{int(now.timestamp())}"
    notice = Notice(kind, event, subject, _ON_SEVERAL[verb], values, answer_url, outside_url("producer.listings"))
    send(reader, notice, now=now)


def _tell_listing(producer: Producer, mandate: Mandate, verb: str, listing: Listing, now: datetime) -> None:
    kind, subject, text = _ON_LISTINGS[verb]

    def values() -> dict[str, str]:
        return {
            "who": who(mandate.holder, mandate.holder_role),
            "title": pick(listing.title_zh, listing.title_en),
            "price": yuan(listing.price_fen),
            "unit": unit_name(listing.unit),
        }

    reader = reader_of_producer(producer)
    answer_url = ""
    if reader is not None and kind in _ANSWERABLE:
        answer_url = _answer_url(issue_code(mandate, "listing", listing.public_id, now=now))
    event = f"{listing.public_id}:{int(now.timestamp())}"
    send(reader, Notice(kind, event, subject, text, values, answer_url, outside_url("producer.listings")), now=now)


def _tell_shipped(producer: Producer, mandate: Mandate, object_id: str, now: datetime) -> None:
    order = db.session.scalars(select(Order).filter_by(public_id=object_id)).one()
    line = order.lines[0]

    def values() -> dict[str, str]:
        return {"who": who(mandate.holder, mandate.holder_role), "title": pick(line.title_zh, line.title_en)}

    text = N_("%(who)s sent an order with %(title)s in your name.")
    notice = Notice("sent", order.public_id, N_("Sent in your name"), text, values, page_url=outside_url("producer.orders"))
    send(reader_of_producer(producer), notice, now=now)


def _answer_url(code: str) -> str:
    return outside_url("answers.page", code=code)


_MANDATES = {
    MandateState.PROPOSED: (
        N_("Somebody asks to act for you"),
        N_("%(who)s asks to act in your name until %(day)s: %(scopes)s. Please sign in and answer."),
    ),
    MandateState.IN_FORCE: (
        N_("Somebody may act for you"),
        N_("%(who)s may act in your name until %(day)s: %(scopes)s. Not right? Answer here:"),
    ),
    MandateState.REVOKED: (
        N_("A mandate has ended"),
        N_("%(who)s may no longer act in your name. The mandate was taken back."),
    ),
    MandateState.DENIED: (
        N_("A mandate has ended"),
        N_("%(who)s may no longer act in your name. You have denied the mandate."),
    ),
    MandateState.EXPIRED: (N_("A mandate has ended"), N_("%(who)s may no longer act in your name. The time is over.")),
}


def tell_mandate(mandate: Mandate, producer: Producer, *, now: datetime) -> None:
    """Tell the household and the holder where a mandate stands now."""
    state = MandateState(mandate.state)
    subject, text = _MANDATES[state]

    def values() -> dict[str, str]:
        return {
            "who": who(mandate.holder, mandate.holder_role),
            "title": "",
            "day": day(local_day(mandate.ends_at)),
            "scopes": scopes_in_words(mandate.scopes),
        }

    if awaits_second_officer(mandate):
        # Somebody nobody signs in for is not asked to sign in.
        text = N_("%(who)s notes that you let them act for you until %(day)s: %(scopes)s. Another officer will ask you first.")
    reader = reader_of_producer(producer)
    answer_url = ""
    if reader is not None and state is MandateState.IN_FORCE:
        answer_url = _answer_url(issue_code(mandate, "mandate", mandate.public_id, now=now))
    page_url = outside_url("producer.mandates.mine")
    send(reader, Notice(f"mandate.{state}", mandate.public_id, subject, text, values, answer_url, page_url), now=now)
    if state not in (MandateState.PROPOSED, MandateState.IN_FORCE):
        _tell_holder_of_end(mandate, producer, now)


def _farm(producer: Producer) -> dict[str, str]:
    return {"title": pick(producer.name_zh, producer.name_en)}


def _tell_holder_of_end(mandate: Mandate, producer: Producer, now: datetime) -> None:
    text = N_("Your mandate for %(title)s has ended. You can no longer act for this household.")
    notice = Notice("holder.ended", mandate.public_id, N_("A mandate has ended"), text, lambda: _farm(producer))
    send(reader_of_account(mandate.holder), notice, now=now)


def tell_ending_soon(mandate: Mandate, producer: Producer, *, now: datetime) -> None:
    """Tell the household and the holder that a mandate ends in some days, so that a new consent can be asked for in time."""

    def values() -> dict[str, str]:
        on = day(local_day(mandate.ends_at))
        return {**_farm(producer), "who": who(mandate.holder, mandate.holder_role), "day": on}

    subject = N_("A mandate ends soon")
    text = N_("The right of %(who)s to act in your name ends on %(day)s. It goes on only if you agree anew.")
    send(reader_of_producer(producer), Notice("mandate.ending", mandate.public_id, subject, text, values), now=now)
    text = N_("Your mandate for %(title)s ends on %(day)s. Ask the household if it shall go on.")
    send(reader_of_account(mandate.holder), Notice("holder.ending", mandate.public_id, subject, text, values), now=now)


def tell_denied(denial: ListingDenial, listing: Listing, producer: Producer, *, now: datetime) -> None:
    """Confirm to a household that a listing is off sale, and tell whoever had put it there."""

    def values() -> dict[str, str]:
        return {"title": pick(listing.title_zh, listing.title_en), "farm": pick(producer.name_zh, producer.name_en)}

    reader = reader_of_producer(producer)
    mandate = find_mandate(denial.mandate)
    answer_url = ""
    if reader is not None and mandate is not None:
        answer_url = _answer_url(issue_code(mandate, "denial", denial.public_id, now=now))
    subject, text = (
        N_("Off sale, as you said"),
        N_("%(title)s is off sale, as you said. If it may be sold after all, answer here:"),
    )
    send(reader, Notice("denied", denial.public_id, subject, text, values, answer_url), now=now)
    holder = db.session.scalars(select(Account).filter_by(public_id=denial.holder)).one()
    text = N_("%(farm)s did not agree that you sell %(title)s in its name. It is off sale. Please speak with the household.")
    notice = Notice("holder.denied", denial.public_id, N_("A household has denied a listing"), text, values)
    send(reader_of_account(holder), notice, now=now)
