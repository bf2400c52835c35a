"""Changes of the catalogue: listings, harvests, stock."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import array

from marketplace.catalogue.benefit import BenefitShare, benefit_share
from marketplace.catalogue.catch_weight import check_catch_weight
from marketplace.catalogue.deliveries import delivery_areas
from marketplace.catalogue.denied import check_not_denied
from marketplace.catalogue.holds import Holder, give_back, holds_on, not_enough
from marketplace.catalogue.models import (
    UNIT_GRAMS,
    Listing,
    ListingState,
    Lot,
    LotContribution,
    MovementKind,
    Producer,
    Product,
    StockMovement,
    Temperature,
    Unit,
)
from marketplace.catalogue.price_checks import examine, keeps_from_sale
from marketplace.catalogue.quantities import check_quantity
from marketplace.catalogue.queries import benefit_shares, contributions_of
from marketplace.catalogue.reindexing import found_by
from marketplace.catalogue.seasons import check_expected_day, check_window
from marketplace.catalogue.terms import PLAIN, Terms, check_terms, write_terms
from marketplace.catalogue.withheld import withhold
from marketplace.catalogue.yields import check_listing
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names
from marketplace.registry.queries import registered_households


@dataclass(frozen=True)
class Offer:
    """What a producer says of a listing.

    ``unit_grams`` is ignored for a weighed unit, which has its own; ``delivers_to`` is an area around the producer's village,
    or None for the whole country. For goods of catch weight ``price_fen`` and ``unit_grams`` follow from ``terms``.
    """

    product: Product
    title_zh: str
    title_en: str
    unit: Unit
    unit_grams: int
    price_fen: int
    story_zh: str = ""
    story_en: str = ""
    delivers_to: str | None = None
    terms: Terms = PLAIN

    def settled(self) -> "Offer":
        """The same with what follows from its terms: a piece of catch weight is reckoned at its heaviest."""
        weight = self.terms.catch_weight
        if weight is None:
            return self
        check_catch_weight(self.unit, weight)
        return replace(self, unit_grams=weight.grams_max, price_fen=weight.most_fen)

    temperature: Temperature = Temperature.AMBIENT


@dataclass(frozen=True)
class Taken:
    """A quantity taken from one lot, its benefit share on the day, and the day of its harvest, past or ``expected``."""

    lot_id: int
    quantity: Decimal
    share: BenefitShare
    harvested_on: date
    expected: bool


def create_listing(producer: Producer, offer: Offer, *, actor: str, now: datetime) -> Listing:
    """Write a draft; ``publish`` shows it to buyers."""
    offer = offer.settled()
    listing = Listing(
        producer_id=producer.id,
        product_id=offer.product.id,
        category_id=offer.product.category_id,
        area_code=producer.area_code,
        created_at=now,
    )
    _apply(listing, offer)
    db.session.add(listing)
    db.session.flush()
    write_terms(listing, offer.terms)
    audit.record("listing.created", "listing", listing.public_id, actor=actor, at=now, **offer.terms.said(listing.price_fen))
    return listing


def change_listing(listing: Listing, offer: Offer, *, actor: str, now: datetime) -> None:
    """Change what a listing says. Orders keep what they were placed with.

    Raises
    ------
    Conflict
        When unit or kind of goods would change while there is stock, because the stock is counted in them.
    """
    offer = offer.settled()
    unit_grams = UNIT_GRAMS.get(offer.unit, offer.unit_grams)
    if listing.available > 0 and (
        (listing.unit, listing.unit_grams, listing.product_id) != (offer.unit, unit_grams, offer.product.id)
    ):
        raise Conflict(
            "unit_has_stock", N_("Unit and kind of goods stay as they are while there is stock. Open a new listing.")
        )
    listing.category_id = offer.product.category_id
    listing.product_id = offer.product.id
    _apply(listing, offer)
    db.session.flush()
    write_terms(listing, offer.terms)
    audit.record("listing.changed", "listing", listing.public_id, actor=actor, at=now, **offer.terms.said(listing.price_fen))
    if listing.state == ListingState.ON_SALE and keeps_from_sale(examine(listing, actor=actor, now=now)):
        _hold(listing, actor=actor, now=now)


def _apply(listing: Listing, offer: Offer) -> None:
    title_zh, title_en = offer.title_zh.strip(), offer.title_en.strip()
    if not 1 <= len(title_zh) <= 80 or not 1 <= len(title_en) <= 120:
        raise Invalid("title_invalid", N_("Please give a title of 1 to 80 characters."))
    if len(offer.story_zh) > 4000 or len(offer.story_en) > 4000:
        raise Invalid("story_too_long", N_("The description may have at most 4,000 characters."))
    if not 1 <= offer.price_fen <= 100_000_000:
        raise Invalid("price_invalid", N_("The price must be between 0.01 and 1,000,000 yuan."))
    unit_grams = UNIT_GRAMS.get(offer.unit, offer.unit_grams)
    if not 1 <= unit_grams <= 1_000_000:
        raise Invalid("unit_grams_invalid", N_("One unit must weigh between 1 g and 1,000 kg."))
    check_terms(offer.unit, offer.price_fen, offer.terms)
    if offer.delivers_to is not None and offer.delivers_to not in delivery_areas(listing.area_code):
        raise Invalid("delivers_to_invalid", N_("Please choose one of the delivery areas offered."))
    listing.delivers_to = offer.delivers_to
    listing.temperature = offer.temperature
    listing.title_zh, listing.title_en = title_zh, title_en
    listing.story_zh, listing.story_en = offer.story_zh.strip(), offer.story_en.strip()
    listing.unit, listing.unit_grams, listing.price_fen = offer.unit, unit_grams, offer.price_fen
    places = area_names([listing.area_code, listing.area_code[: Level.COUNTY]]).values()
    words = found_by(listing, offer.product, list(places))
    listing.search_terms = func.array_to_tsvector(array(words))  # type: ignore[assignment]


def publish(listing: Listing, *, actor: str, now: datetime) -> None:
    """Show a listing to buyers, unless the household has denied it to whoever asks.

    One whose price is far from any that was seen waits for a look first, and stays a draft.
    """
    check_not_denied(listing, actor)
    if keeps_from_sale(examine(listing, actor=actor, now=now)):
        _hold(listing, actor=actor, now=now)
        return
    listing.state = ListingState.ON_SALE
    listing.published_at = listing.published_at or now
    db.session.flush()
    audit.record("listing.published", "listing", listing.public_id, actor=actor, at=now)


def _hold(listing: Listing, *, actor: str, now: datetime) -> None:
    """Keep a listing from sale until somebody has looked at its price."""
    listing.state = ListingState.DRAFT
    db.session.flush()
    audit.record("listing.held_for_price", "listing", listing.public_id, actor=actor, at=now, price_fen=listing.price_fen)


def withdraw(listing: Listing, *, actor: str, now: datetime) -> None:
    """Take a listing from sale; orders that name it stay readable."""
    listing.state = ListingState.WITHDRAWN
    db.session.flush()
    audit.record("listing.withdrawn", "listing", listing.public_id, actor=actor, at=now)


def add_harvest(
    listing: Listing,
    quantity: Decimal,
    harvested_on: date,
    contributions_g: Mapping[int, int],
    *,
    expected: bool = False,
    actor: str,
    now: datetime,
) -> Lot:
    """Put a new lot on stock; ``expected`` for a harvest to come, of which ``quantity`` is the most that can be ordered.

    Parameters
    ----------
    quantity : decimal.Decimal
        In the listing's unit.
    contributions_g : mapping of household id to int
        Whose grams the lot holds; it decides the benefit share.
    """
    check_quantity(Unit(listing.unit), quantity)
    if expected:
        check_expected_day(harvested_on, local_day(now))
    elif harvested_on > local_day(now):
        raise Invalid("harvest_in_future", N_("The harvest day cannot lie in the future."))
    if not contributions_g or any(grams <= 0 for grams in contributions_g.values()):
        raise Invalid("contributions_invalid", N_("Please say which households the harvest comes from."))
    if sum(contributions_g.values()) < int(quantity * listing.unit_grams):
        raise Invalid("contributions_too_small", N_("The households' grams add up to less than the harvest weighs."))
    listing = lock_rows(Listing, [listing.id])[listing.id]
    check_listing(listing, contributions_g, harvested_on, local_day(now))
    lot = Lot(listing_id=listing.id, harvested_on=harvested_on, on_hand=quantity, expected=expected, created_at=now)
    db.session.add(lot)
    db.session.flush()
    db.session.add_all(
        LotContribution(lot_id=lot.id, household_id=household_id, grams=grams)
        for household_id, grams in contributions_g.items()
    )
    _move(lot.id, MovementKind.HARVEST, quantity, "lot", lot.public_id, now)
    listing.available += quantity
    db.session.flush()
    refresh_benefit([listing.id], local_day(now))
    audit.record("lot.added", "lot", lot.public_id, actor=actor, at=now, quantity=str(quantity))
    return lot


def _move(lot_id: int, kind: MovementKind, quantity: Decimal, purpose_kind: str, purpose_id: str, now: datetime) -> None:
    db.session.add(
        StockMovement(lot_id=lot_id, kind=kind, quantity=quantity, purpose_kind=purpose_kind, purpose_id=purpose_id, at=now)
    )


def take_stock(
    wanted: Mapping[int, Decimal], purpose_kind: str, purpose_id: str, *, now: datetime, holder: Holder | None = None
) -> dict[int, list[Taken]]:
    """Take quantities of several listings from their lots, oldest harvest first and those to come last, all or nothing.

    Listings and then lots are locked in the order of their ids, so two orders over the same goods wait for each other and
    never for a ring. The caller's transaction must end for the goods to be gone. What was kept for the holder is taken or
    given back; what is kept for others is theirs.

    Raises
    ------
    Conflict
        ``sold_out``, or ``held`` where others are just buying it, naming the listing and what is left; ``not_open_yet`` or
        ``season_over``.
    """
    listings = lock_rows(Listing, list(wanted))
    lots = db.session.scalars(
        select(Lot)
        .where(Lot.listing_id.in_(wanted), Lot.on_hand > 0)
        .order_by(Lot.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    holds = holds_on(list(wanted), holder, now=now)
    parts: dict[int, list[tuple[Lot, Decimal]]] = {}
    for listing_id, quantity in wanted.items():
        listing = listings.get(listing_id)
        left = holds.left(listing_id, listing.available) if listing is not None else Decimal(0)
        if listing is None or listing.state != ListingState.ON_SALE or left < quantity:
            raise not_enough(listing, quantity, left)
        check_window(listing, local_day(now))
        own = sorted((lot for lot in lots if lot.listing_id == listing_id), key=_ripe_and_old_first)
        parts[listing_id] = _take_from(own, quantity)
        listing.available -= quantity
        for lot, part in parts[listing_id]:
            _move(lot.id, MovementKind.SALE, -part, purpose_kind, purpose_id, now)
    db.session.flush()
    shares = benefit_shares([lot.id for own in parts.values() for lot, _ in own], local_day(now))
    _refresh_benefit_where({lot.listing_id for lot in lots if not lot.on_hand}, now)
    if holder is not None and holds.has_own:
        give_back(holder)
    return {
        listing_id: [Taken(lot.id, part, shares[lot.id], lot.harvested_on, lot.expected) for lot, part in own]
        for listing_id, own in parts.items()
    }


def _ripe_and_old_first(lot: Lot) -> tuple[bool, date, int]:
    return lot.expected, lot.harvested_on, lot.id


def _take_from(lots: Sequence[Lot], quantity: Decimal) -> list[tuple[Lot, Decimal]]:
    parts = []
    for lot in lots:
        part = min(lot.on_hand, quantity)
        if part <= 0:
            break
        lot.on_hand -= part
        quantity -= part
        parts.append((lot, part))
    if quantity:
        raise RuntimeError(f"the lots hold {quantity} less than their listing says")
    return parts


def return_stock(parts: Mapping[int, Decimal], purpose_kind: str, purpose_id: str, *, now: datetime) -> None:
    """Give quantities back to their lots (by lot id), for an order that will not be delivered.

    What comes back to a lot whose harvest was smaller than its orders is not there: it makes up for that first.
    """
    owners = dict(db.session.execute(select(Lot.id, Lot.listing_id).where(Lot.id.in_(parts))).all())
    listings = lock_rows(Listing, list(owners.values()))
    lots = lock_rows(Lot, list(parts))
    refilled = {owners[lot_id] for lot_id in parts if not lots[lot_id].on_hand}
    for lot_id, quantity in parts.items():
        never_grew = min(quantity, lots[lot_id].short)
        lots[lot_id].short -= never_grew
        lots[lot_id].on_hand += quantity - never_grew
        listings[owners[lot_id]].available += quantity - never_grew
        _move(lot_id, MovementKind.RETURN, quantity, purpose_kind, purpose_id, now)
        if never_grew:
            _move(lot_id, MovementKind.CORRECTION, -never_grew, purpose_kind, purpose_id, now)
    withhold(lots.values(), listings, now)
    db.session.flush()
    _refresh_benefit_where(refilled, now)


def _refresh_benefit_where(changed: set[int], now: datetime) -> None:
    """Keep the benefit share in step where a lot has sold out or come back; most sales empty none and cost nothing."""
    if changed:
        refresh_benefit(sorted(changed), local_day(now))


def refresh_benefit(listing_ids: Sequence[int], day: date) -> None:
    """Compute again what a listing repeats of its lots: the benefit share on ``day``, the newest harvest, the one to come."""
    rows = db.session.execute(
        select(Lot.listing_id, Lot.id, Lot.harvested_on, Lot.expected).where(Lot.listing_id.in_(listing_ids), Lot.on_hand > 0)
    ).all()
    contributions = contributions_of([row.id for row in rows])
    registered = registered_households({h for grams in contributions.values() for h in grams}, day)
    lots: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        lots[row.listing_id].append(row)
    for listing in db.session.scalars(select(Listing).where(Listing.id.in_(listing_ids)).order_by(Listing.id)):
        own = lots[listing.id]
        shares = [benefit_share(contributions[row.id], registered) for row in own]
        pooled = BenefitShare(sum(share.registered_g for share in shares), sum(share.other_g for share in shares))
        listing.benefit_bp = pooled.bp
        ripe = [row.harvested_on for row in own if not row.expected]
        listing.harvested_on = max(ripe, default=listing.harvested_on)
        listing.expected_on = None if ripe else min((row.harvested_on for row in own), default=None)
    db.session.flush()
