"""Denying a listing that somebody made in a household's name, and agreeing again."""

from datetime import datetime

from sqlalchemy import select

from marketplace.catalogue.denied import open_denial
from marketplace.catalogue.models import Listing, ListingDenial, ListingState, Producer
from marketplace.catalogue.service import withdraw
from marketplace.identity.mandates import lock_mandates_between
from marketplace.identity.models import Account, Answered
from marketplace.kernel import audit
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden
from marketplace.kernel.steps import step

# The acts by which somebody puts goods on sale, or says of them what buyers read.
_LISTING_ACTS = ("listing.published", "listing.changed", "listing.created")


def deny_listing(
    listing: Listing, producer: Producer, how: Answered, *, actor: str, now: datetime, note: str = ""
) -> ListingDenial:
    """Take a household's word that a listing is not its own: off sale at once, and not to be listed again by the same holder.

    The holder's mandates are locked first, so that nothing it does at this moment slips past. Denying twice is one denial.

    Raises
    ------
    Conflict
        ``nothing_to_deny`` when nobody has acted on the listing in the household's name.
    """
    act = audit.last_act_for(producer.public_id, listing.public_id, _LISTING_ACTS)
    if act is None:
        raise Conflict("nothing_to_deny", N_("You have put this on sale yourself. You can take it off sale."))
    holder = db.session.scalars(select(Account).filter_by(public_id=act[0])).one()
    lock_mandates_between(producer.public_id, holder)
    listing = lock_rows(Listing, [listing.id])[listing.id]
    known = open_denial(listing.id)
    if known is not None:
        return known
    denial = ListingDenial(
        listing_id=listing.id,
        producer_id=producer.id,
        product_id=listing.product_id,
        holder=holder.public_id,
        mandate=str(act[1].get("mandate", "")),
        how=how,
        note=note.strip(),
        denied_by=actor,
        denied_at=now,
    )
    db.session.add(denial)
    db.session.flush()
    step("denial.written")
    if listing.state == ListingState.ON_SALE:
        withdraw(listing, actor=actor, now=now)
    data = {"holder": holder.public_id, "principal": producer.public_id, "mandate": denial.mandate, "how": how.value}
    audit.record("listing.denied", "listing", listing.public_id, actor=actor, at=now, **data)
    return denial


def agree_again(denial: ListingDenial, how: Answered, *, actor: str, now: datetime) -> bool:
    """Take a locked denial back, as the household says; False when that was done already.

    Raises
    ------
    Forbidden
        ``not_for_the_denied`` when the one who was denied brings the news.
    """
    if denial.agreed_at is not None:
        return False
    if actor == denial.holder:
        raise Forbidden(
            "not_for_the_denied", N_("Somebody else has to write this down: the household has denied your listing.")
        )
    denial.agreed_by, denial.agreed_at = actor, now
    db.session.flush()
    data = {"holder": denial.holder, "principal": denial.producer.public_id, "how": how.value}
    audit.record("listing.agreed", "listing", denial.listing.public_id, actor=actor, at=now, **data)
    return True


def settle_denial(denial: ListingDenial, note: str, *, actor: str, now: datetime) -> bool:
    """Note what the operator has done about a locked denial; False when that was done already."""
    if denial.settled_at is not None:
        return False
    denial.settled_by, denial.settled_at, denial.settled_note = actor, now, note.strip()
    db.session.flush()
    audit.record("denial.settled", "listing", denial.listing.public_id, actor=actor, at=now)
    return True
