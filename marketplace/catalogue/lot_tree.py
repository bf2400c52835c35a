"""The tree of lots: harvests that households brought, lots pooled from them, and what each had, gave and lost, in grams.

A harvest is a lot whose contributions were brought by households; a pooled lot has sources. Boxes and parcels hang below, in
``orders.boxes``. Nothing appears on the way down: what a lot gives to others, to boxes and to losses is never more than what
came to it, which a trigger of the database holds everybody to.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from marketplace.catalogue.models import Listing, Lot, LotContribution, LotLoss, MovementKind, Pooling, StockMovement, Unit
from marketplace.catalogue.quantities import check_quantity
from marketplace.catalogue.queries import contributions_of
from marketplace.catalogue.service import refresh_benefit
from marketplace.catalogue.withheld import blocked_among, note_correction
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.money import split_fen

MOST_WORDS = 200


@dataclass(frozen=True)
class LotGrams:
    """What came to a lot and what became of it before it was packed."""

    came: int
    pooled: int
    lost: int

    @property
    def rest(self) -> int:
        """What is neither in another lot nor lost."""
        return self.came - self.pooled - self.lost


def lots_below(lot_ids: Collection[int]) -> set[int]:
    """The lots themselves and all into which anything of them went, in one statement."""
    return _closure(lot_ids, Pooling.from_lot_id, Pooling.into_lot_id)


def lots_above(lot_ids: Collection[int]) -> set[int]:
    """The lots themselves and all of which anything is in them, in one statement."""
    return _closure(lot_ids, Pooling.into_lot_id, Pooling.from_lot_id)


def _closure(lot_ids: Collection[int], here: object, there: object) -> set[int]:
    if not lot_ids:
        return set()
    tree = select(Lot.id.label("id")).where(Lot.id.in_(lot_ids)).cte("tree", recursive=True)
    tree = tree.union(select(there).join(tree, here == tree.c.id))  # type: ignore[call-overload]
    return set(db.session.scalars(select(tree.c.id)))


def households_of(lot_ids: Collection[int]) -> dict[int, int]:
    """Grams by household id that are in these lots: the households above them."""
    rows = db.session.execute(
        select(LotContribution.household_id, func.sum(LotContribution.grams))
        .where(LotContribution.lot_id.in_(lot_ids))
        .group_by(LotContribution.household_id)
        .order_by(LotContribution.household_id)
    )
    return {household_id: int(grams) for household_id, grams in rows}


def grams_of(lot_ids: Collection[int]) -> dict[int, LotGrams]:
    """What came to each lot, went on to others and was lost."""

    def sums(query: object) -> dict[int, int]:
        return {lot_id: int(grams) for lot_id, grams in db.session.execute(query)}  # type: ignore[call-overload]

    came = sums(
        select(LotContribution.lot_id, func.sum(LotContribution.grams))
        .where(LotContribution.lot_id.in_(lot_ids))
        .group_by(LotContribution.lot_id)
    )
    pooled = sums(
        select(Pooling.from_lot_id, func.sum(Pooling.grams))
        .where(Pooling.from_lot_id.in_(lot_ids))
        .group_by(Pooling.from_lot_id)
    )
    lost = sums(select(LotLoss.lot_id, func.sum(LotLoss.grams)).where(LotLoss.lot_id.in_(lot_ids)).group_by(LotLoss.lot_id))
    return {lot_id: LotGrams(came.get(lot_id, 0), pooled.get(lot_id, 0), lost.get(lot_id, 0)) for lot_id in lot_ids}


def pool_lots(into: Listing, parts: Mapping[str, Decimal], loss_g: int, *, actor: str, now: datetime) -> Lot:
    """Make one lot of parts of others of the same seller and kind of goods, as when a cooperative sorts a week's harvests.

    Parameters
    ----------
    parts : mapping of str to Decimal
        Quantities in their own listing's unit, by the public id of the lot.
    loss_g : int
        What of the whole was lost in sorting; each source bears it in its proportion.

    Raises
    ------
    NotFound
        ``lot_unknown`` for a lot of another seller.
    Invalid
        ``pool_empty``, ``pool_other_goods``, ``loss_invalid``, and as ``check_quantity``: what is left makes whole units.
    Conflict
        ``lot_too_small`` where a lot has less, ``harvest_to_come``, ``lot_blocked``.
    """
    rows = db.session.execute(
        select(Lot.public_id, Lot.id, Lot.listing_id, Listing.product_id)
        .join(Listing, Listing.id == Lot.listing_id)
        .where(Lot.public_id.in_(parts), Listing.producer_id == into.producer_id)
    ).all()
    if not parts:
        raise Invalid("pool_empty", N_("Please say of which harvests the lot is made."))
    if len(rows) != len(parts):
        raise NotFound("lot_unknown", N_("There is no such harvest."))
    if any(row.product_id != into.product_id for row in rows):
        raise Invalid("pool_other_goods", N_("Only harvests of the same kind of goods make one lot."))
    listings = lock_rows(Listing, [into.id, *(row.listing_id for row in rows)])
    lots = lock_rows(Lot, [row.id for row in rows])
    taken_g = {row.id: _take(lots[row.id], listings[row.listing_id], parts[row.public_id]) for row in rows}
    whole_g = sum(taken_g.values())
    if not 0 <= loss_g < whole_g:
        raise Invalid("loss_invalid", N_("Less can be lost than there was."))
    unit_grams = listings[into.id].unit_grams
    quantity = Decimal(whole_g - loss_g) / unit_grams
    check_quantity(Unit(listings[into.id].unit), quantity)
    lot = Lot(listing_id=into.id, harvested_on=max(lots[row.id].harvested_on for row in rows), on_hand=quantity, created_at=now)
    db.session.add(lot)
    db.session.flush()
    losses_g = split_fen(loss_g, taken_g) if loss_g else {}
    _write_pooling(lot, taken_g, losses_g, now)
    for row in rows:
        note_correction(lots[row.id], -parts[row.public_id], "pooling", lot.public_id, now)
    purpose = {"purpose_kind": "pooling", "purpose_id": lot.public_id, "at": now}
    db.session.add(StockMovement(lot_id=lot.id, kind=MovementKind.HARVEST, quantity=quantity, **purpose))
    listings[into.id].available += quantity
    db.session.flush()
    refresh_benefit(sorted(listings), local_day(now))
    data = {"quantity": str(quantity), "sources": sorted(parts), "loss_g": loss_g}
    audit.record("lot.pooled", "lot", lot.public_id, actor=actor, at=now, **data)
    return lot


def _take(lot: Lot, listing: Listing, quantity: Decimal) -> int:
    """Take a quantity out of a locked lot; answers its grams."""
    check_quantity(Unit(listing.unit), quantity)
    if lot.expected:
        raise Conflict("harvest_to_come", N_("A harvest that has not come yet cannot be pooled."))
    if blocked_among([lot.id]):
        raise Conflict("lot_blocked", N_("This lot has been called back. Nothing of it can be sold or sent."))
    if lot.on_hand < quantity:
        raise Conflict("lot_too_small", N_("There is less of this harvest in stock."))
    lot.on_hand -= quantity
    listing.available -= quantity
    return int(quantity * listing.unit_grams)


def _write_pooling(lot: Lot, taken_g: Mapping[int, int], losses_g: Mapping[int, int], now: datetime) -> None:
    """The sources of a new lot, and its contributions: those of each source, in their proportion, less its loss."""
    brought = contributions_of(list(taken_g))
    together: dict[int, int] = {}
    for source_id, grams in sorted(taken_g.items()):
        lost_g = losses_g.get(source_id, 0)
        db.session.add(Pooling(into_lot_id=lot.id, from_lot_id=source_id, grams=grams, loss_grams=lost_g, at=now))
        for household_id, part_g in split_fen(grams - lost_g, brought[source_id]).items():
            together[household_id] = together.get(household_id, 0) + part_g
    db.session.add_all(
        LotContribution(lot_id=lot.id, household_id=household_id, grams=grams)
        for household_id, grams in together.items()
        if grams
    )
    db.session.flush()


def note_loss(lot_public_id: str, producer_id: int, quantity: Decimal, why: str, *, actor: str, now: datetime) -> None:
    """State that something of a producer's own lot came to nothing before anybody bought it.

    Raises
    ------
    NotFound
        ``lot_unknown``.
    Invalid
        ``loss_words`` without a reason, and as ``check_quantity``.
    Conflict
        ``lot_too_small`` when less is in stock.
    """
    if not 1 <= len(why.strip()) <= MOST_WORDS:
        raise Invalid("loss_words", N_("Please say in a few words what happened to it."))
    found = db.session.execute(
        select(Lot.id, Lot.listing_id)
        .join(Listing, Listing.id == Lot.listing_id)
        .where(Lot.public_id == lot_public_id, Listing.producer_id == producer_id)
    ).first()
    if found is None:
        raise NotFound("lot_unknown", N_("There is no such harvest."))
    listing = lock_rows(Listing, [found.listing_id])[found.listing_id]
    lot = lock_rows(Lot, [found.id])[found.id]
    grams = _take(lot, listing, quantity)
    note_correction(lot, -quantity, "loss", lot.public_id, now)
    db.session.add(LotLoss(lot_id=lot.id, grams=grams, why=why.strip(), at=now))
    db.session.flush()
    refresh_benefit([listing.id], local_day(now))
    audit.record("lot.loss_noted", "lot", lot.public_id, actor=actor, at=now, grams=grams)
