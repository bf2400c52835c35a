"""Declaring what can be given, by weeks, and taking it back. Grams of a week are what is left after losses.

A declaration rests on one listing of the seller, so that its unit, certificates, stock and price evidence are the shop's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.models import Listing, ListingState, Lot, Producer
from marketplace.delivery.models import Hub
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows, savepoint
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import SupplyDeclaration, SupplyState, SupplyWeek
from marketplace.sourcing.shortfalls import Why, settle_weeks

WHOLE_BP = 10_000
LONGEST = timedelta(days=400)
MOST_WEEKS = 53
LARGEST_G = 1_000_000_000
MOST_FEN_KG = 100_000_000


@dataclass(frozen=True)
class SupplyTerms:
    """What a seller says of goods: grade, the least price of a kilogram in fen, losses, and the least worth bringing."""

    grade: Grade
    min_price_fen_kg: int
    loss_rate_bp: int = 0
    least_lot_g: int = 0


def after_losses(grams: int, loss_rate_bp: int) -> int:
    """What of a harvest can be given, in whole grams, rounded down.

    >>> after_losses(1001, 500)
    950
    """
    return grams * (WHOLE_BP - loss_rate_bp) // WHOLE_BP


def monday_of(day: date) -> date:
    """The Monday of a day's week.

    >>> monday_of(date(2026, 6, 17)).isoformat()
    '2026-06-15'
    """
    return day - timedelta(days=day.weekday())


def declare_supply(
    listing: Listing,
    terms: SupplyTerms,
    harvest_g: Mapping[date, int],
    *,
    lot: Lot | None = None,
    hub: Hub | None = None,
    actor: str,
    now: datetime,
) -> SupplyDeclaration:
    """Declare what can be given of a listing in some weeks, each named by its Monday, in grams before losses.

    Raises
    ------
    Invalid
        ``supply_price``, ``supply_loss``, ``supply_weeks``, ``supply_grams``, ``supply_least_lot`` or ``supply_lot``.
    Conflict
        ``supply_listing`` for goods that are not on sale; ``supply_declared`` when the same goods are declared already.
    """
    if listing.state != ListingState.ON_SALE:
        raise Conflict("supply_listing", N_("Only goods that are on sale can be declared."))
    _check_terms(terms)
    _check_weeks(harvest_g, local_day(now))
    given = {week: after_losses(grams, terms.loss_rate_bp) for week, grams in harvest_g.items()}
    if min(given.values()) < 1 or max(given.values()) < terms.least_lot_g:
        raise Invalid("supply_least_lot", N_("After losses no week would give the least amount that you would bring."))
    _check_lot(lot, listing, sum(harvest_g.values()))
    made = SupplyDeclaration(
        producer_id=listing.producer_id,
        listing_id=listing.id,
        product_id=listing.product_id,
        area_code=listing.area_code,
        lot_id=lot.id if lot is not None else None,
        grade=terms.grade,
        min_price_fen_kg=terms.min_price_fen_kg,
        loss_rate_bp=terms.loss_rate_bp,
        least_lot_g=terms.least_lot_g,
        hub_id=hub.id if hub is not None else None,
        expires_on=max(given) + timedelta(days=6),
        declared_by=actor,
        declared_at=now,
    )
    made.weeks = [SupplyWeek(week_on=week, grams=grams) for week, grams in sorted(given.items())]
    try:
        with savepoint():
            db.session.add(made)
            db.session.flush()
    except IntegrityError as error:
        if "uq_supply_declaration_open" not in str(error.orig):
            raise
        words = N_("These goods are declared already. Please take that declaration back first.")
        raise Conflict("supply_declared", words) from error
    audit.record(
        "supply.declared",
        "supply_declaration",
        made.public_id,
        actor=actor,
        at=now,
        harvest_g={week.isoformat(): grams for week, grams in sorted(harvest_g.items())},
    )
    return made


def _check_terms(terms: SupplyTerms) -> None:
    if not 1 <= terms.min_price_fen_kg <= MOST_FEN_KG:
        raise Invalid("supply_price", N_("Please give a price of more than nothing for a kilogram."))
    if not 0 <= terms.loss_rate_bp <= 9000:
        raise Invalid("supply_loss", N_("Losses are between 0 and 90 per cent."))
    if not 0 <= terms.least_lot_g <= LARGEST_G:
        raise Invalid("supply_least_lot", N_("The least amount lies between nothing and 1,000 tonnes."))


def _check_weeks(harvest_g: Mapping[date, int], today: date) -> None:
    if not 1 <= len(harvest_g) <= MOST_WEEKS or any(week.weekday() for week in harvest_g):
        raise Invalid("supply_weeks", N_("Please give one to 53 weeks, each by its Monday."))
    if min(harvest_g) < monday_of(today) or max(harvest_g) > today + LONGEST:
        raise Invalid("supply_weeks", N_("A week must not be over, and not lie more than a year ahead."))
    if any(not 1 <= grams <= LARGEST_G for grams in harvest_g.values()):
        raise Invalid("supply_grams", N_("Please give more than nothing and at most 1,000 tonnes for each week."))


def _check_lot(lot: Lot | None, listing: Listing, grams: int) -> None:
    if lot is None:
        return
    if lot.listing_id != listing.id:
        raise Invalid("supply_lot", N_("This harvest is not of these goods."))
    if grams > lot.on_hand * listing.unit_grams:
        raise Invalid("supply_lot", N_("There is not so much left of this harvest."))


def withdraw_supply(public_id: str, producer_id: int, *, actor: str, now: datetime) -> bool:
    """Take a declaration back; False when that was done already.

    What was promised of it and has not become an order goes to the rule of shortfalls, as if nothing had grown.
    """
    found = own_declaration(public_id, producer_id)
    declaration = lock_rows(SupplyDeclaration, [found.id])[found.id]
    if declaration.state == SupplyState.WITHDRAWN:
        return False
    declaration.state = SupplyState.WITHDRAWN
    db.session.flush()
    weeks = db.session.scalars(select(SupplyWeek.id).filter_by(declaration_id=declaration.id)).all()
    settle_weeks(dict.fromkeys(weeks, 0), Why.WITHDRAWN, actor=actor, now=now)
    audit.record("supply.withdrawn", "supply_declaration", declaration.public_id, actor=actor, at=now)
    return True


def note_yield(public_id: str, producer_id: int, week_on: date, harvest_g: int, *, actor: str, now: datetime) -> SupplyWeek:
    """Say what a week really gives, in grams before losses; promises beyond it go to the rule of shortfalls.

    Raises
    ------
    NotFound
        ``supply_unknown`` for somebody else's declaration or a week that it does not have.
    Conflict
        ``supply_state`` for one that was taken back.
    Invalid
        ``supply_grams`` for less than nothing or too much.
    """
    declaration = own_declaration(public_id, producer_id)
    if declaration.state != SupplyState.OPEN:
        raise Conflict("supply_state", N_("This declaration was taken back."))
    if not 0 <= harvest_g <= LARGEST_G:
        raise Invalid("supply_grams", N_("Please give at least nothing and at most 1,000 tonnes."))
    week_id = db.session.scalar(select(SupplyWeek.id).filter_by(declaration_id=declaration.id, week_on=week_on))
    if week_id is None:
        raise NotFound("supply_unknown", N_("There is no such declaration."))
    given = after_losses(harvest_g, declaration.loss_rate_bp)
    settle_weeks({week_id: given}, Why.YIELD, actor=actor, now=now)
    audit.record(
        "supply.yield_noted",
        "supply_declaration",
        declaration.public_id,
        actor=actor,
        at=now,
        week_on=week_on.isoformat(),
        harvest_g=harvest_g,
    )
    return db.session.get_one(SupplyWeek, week_id)


def own_declaration(public_id: str, producer_id: int) -> SupplyDeclaration:
    """The seller's own declaration, or ``NotFound``."""
    found = db.session.scalars(
        select(SupplyDeclaration)
        .filter_by(public_id=public_id, producer_id=producer_id)
        .options(selectinload(SupplyDeclaration.weeks), joinedload(SupplyDeclaration.listing))
    ).first()
    if found is None:
        raise NotFound("supply_unknown", N_("There is no such declaration."))
    return found


def declarations_of(producer_id: int, *, limit: int = 60) -> Sequence[SupplyDeclaration]:
    """What a seller has declared and not taken back, newest first, with weeks and goods."""
    query = (
        select(SupplyDeclaration)
        .filter_by(producer_id=producer_id, state=SupplyState.OPEN)
        .options(selectinload(SupplyDeclaration.weeks), joinedload(SupplyDeclaration.listing))
    )
    return db.session.scalars(query.order_by(SupplyDeclaration.id.desc()).limit(limit)).all()


def commit(grams_by_week: Mapping[int, int]) -> Collection[int]:
    """Promise grams of weeks that the caller has locked; answers the weeks that no longer have them, then none is promised."""
    weeks = {week.id: week for week in db.session.scalars(select(SupplyWeek).where(SupplyWeek.id.in_(grams_by_week)))}
    short = [
        week_id
        for week_id, grams in grams_by_week.items()
        if week_id not in weeks or weeks[week_id].committed_g + grams > weeks[week_id].grams
    ]
    if not short:
        for week_id, grams in sorted(grams_by_week.items()):
            db.session.execute(
                update(SupplyWeek).where(SupplyWeek.id == week_id).values(committed_g=SupplyWeek.committed_g + grams)
            )
    return short


def producer_can_declare(producer: Producer) -> Sequence[Listing]:
    """The goods of a seller that are on sale, by name."""
    query = select(Listing).where(Listing.producer_id == producer.id, Listing.state == ListingState.ON_SALE)
    return db.session.scalars(query.order_by(Listing.title_zh, Listing.id).limit(200)).all()
