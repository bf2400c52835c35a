"""A person's look at an unusual price: what the seller shows for it, and what the operator makes of it."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import case, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.models import Listing, ListingState, PriceCheck, PriceEvidence, Review, Verdict
from marketplace.catalogue.price_checks import OPEN, keeps_from_sale
from marketplace.catalogue.service import publish, withdraw
from marketplace.kernel import audit
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound

MOST_SHOWN = 100
_LONGEST_WORDS = 2000
_LONGEST_LINK = 500


def open_reviews() -> Sequence[PriceCheck]:
    """What waits for the operator, what keeps goods from being sold first, then the farthest off."""
    waiting = case((PriceCheck.verdict == Verdict.WAITS, 0), else_=1)
    query = (
        select(PriceCheck)
        .where(PriceCheck.review.in_(OPEN))
        .options(joinedload(PriceCheck.listing).joinedload(Listing.producer), selectinload(PriceCheck.evidence))
        .order_by(waiting, PriceCheck.id)
        .limit(MOST_SHOWN)
    )
    return db.session.scalars(query).all()


def get_check(public_id: str) -> PriceCheck:
    """A comparison with its listing and evidence, or ``NotFound``."""
    query = select(PriceCheck).filter_by(public_id=public_id)
    found = db.session.scalars(
        query.options(joinedload(PriceCheck.listing).joinedload(Listing.producer), selectinload(PriceCheck.evidence))
    ).first()
    if found is None:
        raise NotFound("price_check_unknown", N_("There is no such question about a price."))
    return found


def _open_check(public_id: str) -> PriceCheck:
    """The same, locked with its listing and still to be decided, or ``Conflict``."""
    found = get_check(public_id)
    # Listings first, as everywhere.
    lock_rows(Listing, [found.listing_id])
    found = lock_rows(PriceCheck, [found.id])[found.id]
    if found.review not in OPEN:
        raise Conflict("price_decided", N_("This price has been decided on, or has changed, in the meantime."))
    return found


def open_question(listing_id: int) -> PriceCheck | None:
    """The open question about a listing's price, with what was given for it."""
    query = select(PriceCheck).where(PriceCheck.listing_id == listing_id, PriceCheck.review.in_(OPEN))
    return db.session.scalars(query.options(selectinload(PriceCheck.evidence))).first()


def give_evidence(listing: Listing, words: str, link: str, *, actor: str, now: datetime) -> PriceEvidence:
    """Say or show why a price is right; the seller's own act."""
    found = open_question(listing.id)
    if found is None:
        raise Conflict("price_not_asked", N_("Nobody has a question about this price any more."))
    check = _open_check(found.public_id)
    evidence = _evidence(check, "seller", words, link, actor=actor, now=now)
    check.review = Review.OPEN
    db.session.flush()
    audit.record("price.evidence_given", "listing", listing.public_id, actor=actor, at=now, check=check.public_id)
    return evidence


def _evidence(check: PriceCheck, given_by: str, words: str, link: str, *, actor: str, now: datetime) -> PriceEvidence:
    words, link = words.strip(), link.strip()
    if not words and not link:
        raise Invalid("evidence_empty", N_("Please write what shows the price, or give a link."))
    if len(words) > _LONGEST_WORDS or len(link) > _LONGEST_LINK:
        raise Invalid("evidence_long", N_("Please be shorter: 2,000 characters at the most."))
    if link and (urlsplit(link).scheme not in ("http", "https") or not urlsplit(link).hostname):
        raise Invalid("link_invalid", N_("A link begins with https:// or http://."))
    made = PriceEvidence(check_id=check.id, at=now, given_by=given_by, actor=actor, words=words, link=link)
    db.session.add(made)
    db.session.flush()
    db.session.expire(check, ["evidence"])
    return made


def accept(public_id: str, words: str, link: str, *, actor: str, now: datetime) -> PriceCheck:
    """Let a price stand for the reason given; goods that waited for it go on sale."""
    check = _open_check(public_id)
    waited = keeps_from_sale(check)
    _evidence(check, "operator", words, link, actor=actor, now=now)
    _decide(check, Review.ACCEPTED, actor=actor, now=now)
    listing = db.session.get_one(Listing, check.listing_id)
    if waited and listing.state == ListingState.DRAFT and listing.available > 0:
        publish(listing, actor=actor, now=now)
    return check


def refuse(public_id: str, words: str, *, actor: str, now: datetime) -> PriceCheck:
    """Take the listing from sale until its price is another; the seller reads why."""
    check = _open_check(public_id)
    check.question = _said(words)
    _decide(check, Review.REFUSED, actor=actor, now=now)
    listing = db.session.get_one(Listing, check.listing_id)
    if listing.state == ListingState.ON_SALE:
        withdraw(listing, actor=actor, now=now)
    return check


def ask_seller(public_id: str, words: str, *, actor: str, now: datetime) -> PriceCheck:
    """Ask the seller what shows that the price is right."""
    check = _open_check(public_id)
    check.question = _said(words)
    check.review = Review.ASKED
    db.session.flush()
    audit.record("price.seller_asked", "price_check", check.public_id, actor=actor, at=now)
    return check


def _said(words: str) -> str:
    words = words.strip()
    if not 1 <= len(words) <= _LONGEST_WORDS:
        raise Invalid("words_needed", N_("Please write to the seller what you want to know, or why not."))
    return words


def _decide(check: PriceCheck, review: Review, *, actor: str, now: datetime) -> None:
    check.review = review
    check.decided_at = now
    db.session.flush()
    audit.record(f"price.{review.value}", "price_check", check.public_id, actor=actor, at=now, price_fen=check.price_fen)
