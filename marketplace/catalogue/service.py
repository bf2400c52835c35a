"""Changes of the catalogue: listings, harvests, stock."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import array

from marketplace.catalogue.benefit import BenefitShare, benefit_share
from marketplace.catalogue.deliveries import delivery_areas
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
    Unit,
)
from marketplace.catalogue.price_checks import examine, keeps_from_sale
from marketplace.catalogue.queries import contributions_of
from marketplace.catalogue.reindexing import found_by
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names
from marketplace.registry.queries import registered_households

LARGEST_QUANTITY = Decimal(9999)
_COUNTED = {Unit.BOX, Unit.PIECE, Unit.BUNCH, Unit.BAG}


@dataclass(frozen=True)
class Offer:
    """What a producer says of a listing.

    ``unit_grams`` is ignored for a weighed unit, which has its own; ``delivers_to`` is an area around the producer's village,
    or None for the whole country.
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


@dataclass(frozen=True)
class Taken:
    """A quantity taken from one lot, and the benefit share that lot has on the day."""

    lot_id: int
    quantity: Decimal
    share: BenefitShare


def check_quantity(unit: Unit, quantity: Decimal) -> Decimal:
    """Return a quantity that can be sold, or raise ``Invalid``: positive, not absurd, whole pieces, tenths of a weight."""
    step = Decimal(1) if unit in _COUNTED else Decimal("0.1")
    if not quantity.is_finite() or not 0 < quantity <= LARGEST_QUANTITY:
        raise Invalid("quantity_invalid", N_("Please choose a quantity between 0 and %(most)s."), most=LARGEST_QUANTITY)
    if quantity % step:
        raise Invalid("quantity_step", N_("This is sold in steps of %(step)s."), step=step)
    return quantity


def create_listing(producer: Producer, offer: Offer, *, actor: str, now: datetime) -> Listing:
    """Write a draft; ``publish`` shows it to buyers."""
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
    audit.record("listing.created", "listing", listing.public_id, actor=actor, at=now, price_fen=listing.price_fen)
    return listing


def change_listing(listing: Listing, offer: Offer, *, actor: str, now: datetime) -> None:
    """Change what a listing says. Orders keep what they were placed with.

    Raises
    ------
    Conflict
        When unit or kind of goods would change while there is stock, because the stock is counted in them.
    """
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
    audit.record("listing.changed", "listing", listing.public_id, actor=actor, at=now, price_fen=listing.price_fen)
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
    if offer.delivers_to is not None and offer.delivers_to not in delivery_areas(listing.area_code):
        raise Invalid("delivers_to_invalid", N_("Please choose one of the delivery areas offered."))
    listing.delivers_to = offer.delivers_to
    listing.title_zh, listing.title_en = title_zh, title_en
    listing.story_zh, listing.story_en = offer.story_zh.strip(), offer.story_en.strip()
    listing.unit, listing.unit_grams, listing.price_fen = offer.unit, unit_grams, offer.price_fen
    places = area_names([listing.area_code, listing.area_code[: Level.COUNTY]]).values()
    words = found_by(listing, offer.product, list(places))
    listing.search_terms = func.array_to_tsvector(array(words))  # type: ignore[assignment]


def publish(listing: Listing, *, actor: str, now: datetime) -> None:
    """Show a listing to buyers; one whose price is far from any that was seen waits for a look first, and stays a draft."""
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
    actor: str,
    now: datetime,
) -> Lot:
    """Put a new lot on stock.

    Parameters
    ----------
    quantity : decimal.Decimal
        In the listing's unit.
    contributions_g : mapping of household id to int
        Whose grams the lot holds; it decides the benefit share.
    """
    check_quantity(Unit(listing.unit), quantity)
    if harvested_on > local_day(now):
        raise Invalid("harvest_in_future", N_("The harvest day cannot lie in the future."))
    if not contributions_g or any(grams <= 0 for grams in contributions_g.values()):
        raise Invalid("contributions_invalid", N_("Please say which households the harvest comes from."))
    if sum(contributions_g.values()) < int(quantity * listing.unit_grams):
        raise Invalid("contributions_too_small", N_("The households' grams add up to less than the harvest weighs."))
    listing = lock_rows(Listing, [listing.id])[listing.id]
    lot = Lot(listing_id=listing.id, harvested_on=harvested_on, on_hand=quantity, created_at=now)
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


def take_stock(wanted: Mapping[int, Decimal], purpose_kind: str, purpose_id: str, *, now: datetime) -> dict[int, list[Taken]]:
    """Take quantities of several listings from their lots, oldest harvest first, all or nothing.

    Listings and then lots are locked in the order of their ids, so two orders over the same goods wait for each other and
    never for a ring. The caller's transaction must end for the goods to be gone.

    Raises
    ------
    Conflict
        ``sold_out``, naming the listing and what is left.
    """
    listings = lock_rows(Listing, list(wanted))
    lots = db.session.scalars(
        select(Lot)
        .where(Lot.listing_id.in_(wanted), Lot.on_hand > 0)
        .order_by(Lot.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    contributions = contributions_of([lot.id for lot in lots])
    households = {household_id for grams in contributions.values() for household_id in grams}
    registered = registered_households(households, local_day(now))
    taken: dict[int, list[Taken]] = {}
    for listing_id, quantity in wanted.items():
        listing = listings.get(listing_id)
        if listing is None or listing.state != ListingState.ON_SALE or listing.available < quantity:
            left = listing.available if listing is not None and listing.state == ListingState.ON_SALE else Decimal(0)
            title = (listing.title_zh, listing.title_en) if listing is not None else ("", "")
            raise Conflict(
                "sold_out",
                N_("Not enough left: %(title)s (%(left)s available)."),
                title_zh=title[0],
                title_en=title[1],
                title=title[0],
                left=f"{left.normalize():f}",
                listing=listing.public_id if listing is not None else None,
            )
        own = sorted((lot for lot in lots if lot.listing_id == listing_id), key=lambda lot: (lot.harvested_on, lot.id))
        taken[listing_id] = _take_from(own, quantity, contributions, registered)
        listing.available -= quantity
        for part in taken[listing_id]:
            _move(part.lot_id, MovementKind.SALE, -part.quantity, purpose_kind, purpose_id, now)
    db.session.flush()
    _refresh_benefit_where({lot.listing_id for lot in lots if not lot.on_hand}, now)
    return taken


def _take_from(
    lots: Sequence[Lot], quantity: Decimal, contributions: Mapping[int, Mapping[int, int]], registered: set[int]
) -> list[Taken]:
    parts = []
    for lot in lots:
        part = min(lot.on_hand, quantity)
        if part <= 0:
            break
        lot.on_hand -= part
        quantity -= part
        parts.append(Taken(lot.id, part, benefit_share(contributions[lot.id], registered)))
    if quantity:
        raise RuntimeError(f"the lots hold {quantity} less than their listing says")
    return parts


def return_stock(parts: Mapping[int, Decimal], purpose_kind: str, purpose_id: str, *, now: datetime) -> None:
    """Give quantities back to their lots (by lot id), for an order that will not be delivered."""
    owners = dict(db.session.execute(select(Lot.id, Lot.listing_id).where(Lot.id.in_(parts))).all())
    listings = lock_rows(Listing, list(owners.values()))
    lots = lock_rows(Lot, list(parts))
    refilled = {owners[lot_id] for lot_id in parts if not lots[lot_id].on_hand}
    for lot_id, quantity in parts.items():
        lots[lot_id].on_hand += quantity
        listings[owners[lot_id]].available += quantity
        _move(lot_id, MovementKind.RETURN, quantity, purpose_kind, purpose_id, now)
    db.session.flush()
    _refresh_benefit_where(refilled, now)


def _refresh_benefit_where(changed: set[int], now: datetime) -> None:
    """Keep the benefit share in step where a lot has sold out or come back; most sales empty none and cost nothing."""
    if changed:
        refresh_benefit(sorted(changed), local_day(now))


def refresh_benefit(listing_ids: Sequence[int], day: date) -> None:
    """Compute again what a listing repeats of its lots: the benefit share on ``day`` and the newest harvest."""
    rows = db.session.execute(
        select(Lot.listing_id, Lot.id, Lot.harvested_on).where(Lot.listing_id.in_(listing_ids), Lot.on_hand > 0)
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
        listing.harvested_on = max((row.harvested_on for row in own), default=listing.harvested_on)
    db.session.flush()
