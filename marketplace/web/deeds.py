"""What was done in somebody's name, in words: for the household, for officers and for the operator; never for the public."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from marketplace.catalogue.models import Listing, Lot
from marketplace.catalogue.principals import principals
from marketplace.identity.models import Account
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.orders.models import Claim, Order, OrderGroup, OrderLine, Review, Shipment
from marketplace.web.languages import pick
from marketplace.web.notices.people import who

_VERBS = {
    "listing.created": N_("Wrote a listing"),
    "listing.changed": N_("Changed words or price"),
    "listing.published": N_("Put on sale"),
    "listing.withdrawn": N_("Took off sale"),
    "listing.denied": N_("Denied by the household"),
    "listing.agreed": N_("Allowed again by the household"),
    "lot.added": N_("Added a harvest"),
    "order.shipped": N_("Sent an order"),
    "order.weighed": N_("Weighed an order"),
    "goods.looked_at": N_("Said what of a parcel that came back can be sold"),
    "order.refunded": N_("Gave money back"),
    "shipment.delivered": N_("Brought a parcel to its buyer"),
    "harvest.confirmed": N_("Noted what was picked"),
    "harvest.put_off": N_("Gave a harvest another day"),
    "photo.added": N_("Added a photo"),
    "photo.described": N_("Said what a photo shows"),
    "photo.shown_first": N_("Put a photo first"),
    "photo.removed": N_("Removed a photo"),
    "listing.window_set": N_("Set the days of sale"),
    "price.evidence_given": N_("Explained a price"),
    "certificate.submitted": N_("Handed in a certificate"),
    "message.sent": N_("Wrote to the buyer"),
    "review.replied": N_("Replied to a review"),
    "claim.accept": N_("Agreed to a claim"),
    "claim.offer": N_("Offered an amount for a claim"),
    "claim.refuse": N_("Refused a claim"),
    "claim.ask_back": N_("Asked for goods to be sent back"),
    "claim.appeal": N_("Asked for a second decision on a claim"),
    "claim.arrive": N_("Noted that goods came back"),
    "claim.check": N_("Looked at goods that came back"),
    "claim.finish": N_("Finished a return"),
    "claim.question": N_("Questioned a return"),
    "claim.escalate": N_("Had the operator look at a claim"),
}


def in_words(events: Sequence[AuditEvent]) -> list[dict[str, Any]]:
    """Rows of ``at``, ``verb``, ``actor``, ``principal``, ``what``, ``listing`` (its public id, if it is one), ``mandate``."""
    people = {
        account.public_id: account
        for account in db.session.scalars(select(Account).where(Account.public_id.in_({event.actor for event in events})))
    }
    farms = principals(event.on_behalf_of for event in events if event.on_behalf_of is not None)
    goods = things(event.object_id for event in events)
    rows = []
    for event in events:
        listing, title = goods.get(event.object_id, (None, ""))
        actor = people.get(event.actor)
        farm = farms.get(event.on_behalf_of or "")
        rows.append(
            {
                "at": event.at,
                "verb": str(_(_VERBS[event.verb])) if event.verb in _VERBS else event.verb,
                "actor": who(actor, str(event.data.get("role", ""))) if actor is not None else _("The household"),
                "principal": pick(farm[0].name_zh, farm[0].name_en) if farm is not None else None,
                "what": title,
                "listing": listing,
                "mandate": event.data.get("mandate"),
            }
        )
    return rows


def things(object_ids: Iterable[str]) -> dict[str, tuple[str | None, str]]:
    """The listing, where it is one, and the words for what was acted on, by its public id."""
    names = set(object_ids)
    titles = select(Listing.public_id, Listing.title_zh, Listing.title_en)
    found: dict[str, tuple[str | None, str]] = {
        public_id: (public_id, pick(zh, en))
        for public_id, zh, en in db.session.execute(titles.where(Listing.public_id.in_(names)))
    }
    lots = (
        titles.add_columns(Lot.public_id.label("lot")).join(Lot, Lot.listing_id == Listing.id).where(Lot.public_id.in_(names))
    )
    found |= {lot: (public_id, pick(zh, en)) for public_id, zh, en, lot in db.session.execute(lots)}
    sent = select(Order.public_id, OrderGroup.reference).join(OrderGroup, OrderGroup.id == Order.group_id)
    orders = db.session.execute(sent.where(Order.public_id.in_(names)))
    found |= {public_id: (None, _("Order %(reference)s", reference=reference)) for public_id, reference in orders}
    return found | _after_the_sale(names)


def _after_the_sale(names: set[str]) -> dict[str, tuple[str | None, str]]:
    """The goods that a claim or a review is about, and the orders of a shipment."""
    line = (OrderLine.title_zh, OrderLine.title_en)
    claims = select(Claim.public_id, *line).join(OrderLine, OrderLine.id == Claim.order_line_id)
    reviews = select(Review.public_id, *line).join(OrderLine, OrderLine.id == Review.order_line_id)
    found: dict[str, tuple[str | None, str]] = {
        public_id: (None, pick(zh, en))
        for query in (claims.where(Claim.public_id.in_(names)), reviews.where(Review.public_id.in_(names)))
        for public_id, zh, en in db.session.execute(query)
    }
    brought = select(Shipment.public_id, Shipment.reference).where(Shipment.public_id.in_(names))
    parcels = db.session.execute(brought)
    return found | {public_id: (None, _("Parcel %(reference)s", reference=reference)) for public_id, reference in parcels}
