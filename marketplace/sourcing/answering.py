"""Who can answer a demand with what: the seller's own goods that fit it, and how many grams of them can be sold."""

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.certificates import counts_on
from marketplace.catalogue.deliveries import may_reach
from marketplace.catalogue.models import Certificate, Listing, ListingState, Lot, Producer, Unit
from marketplace.catalogue.quantities import step_sold
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.money import line_total_fen, plain_yuan
from marketplace.sourcing.demands import LARGEST_GRAMS
from marketplace.sourcing.enterprises import LARGEST_PRICE_FEN
from marketplace.sourcing.models import Demand, DemandWay
from marketplace.sourcing.price_book import listed_for
from marketplace.sourcing.states import DemandState

_MOST_SHOWN = 100
OWN_LIST_SAYS = N_("Your price list says %(price)s yuan a kilogram for this buyer.")


def price_fen(fen_kg: int, grams: int) -> int:
    """What grams cost at a price of a kilogram, rounded half up to a whole fen.

    >>> price_fen(333, 1500), price_fen(100, 5)
    (500, 1)
    """
    return line_total_fen(fen_kg, Decimal(grams) / 1000)


def sellable_grams(unit: str, unit_grams: int, grams: int) -> int:
    """The most of so many grams that is sold in whole steps of a unit.

    >>> sellable_grams("box", 1500, 4000), sellable_grams("kg", 1000, 4250), sellable_grams("box", 1500, 1000)
    (3000, 4200, 0)
    """
    step = step_sold(Unit(unit))
    return int((Decimal(grams) / unit_grams / step).to_integral_value(ROUND_FLOOR) * step * unit_grams)


def fits(demand: Demand) -> ColumnElement[bool]:
    """The condition that a listing is of the goods and origin that a demand wants, and is not weighed when it is packed."""
    goods = Listing.product_id == demand.product_id if demand.product_id else Listing.category_id == demand.category_id
    return (
        goods
        & (Listing.state == ListingState.ON_SALE)
        & Listing.weight_unit.is_(None)
        & Listing.area_code.startswith(demand.origin_code, autoescape=True)
    )


def _fits_some() -> ColumnElement[bool]:
    """The same of a listing and a demand that are read together."""
    return (
        or_(Listing.product_id == Demand.product_id, Listing.category_id == Demand.category_id)
        & (Listing.state == ListingState.ON_SALE)
        & Listing.weight_unit.is_(None)
        & Listing.area_code.startswith(Demand.origin_code)
    )


def own_goods_for(producer_id: int, demands: Sequence[Demand]) -> dict[int, list[Listing]]:
    """What of a seller's goods can answer each of some demands, by its id."""
    places = {demand.id: demand.place.area_code for demand in demands}
    rows = db.session.execute(
        select(Demand.id, Listing)
        .join(Listing, _fits_some())
        .where(Listing.producer_id == producer_id, Demand.id.in_(places))
        .order_by(Demand.id, Listing.id)
    )
    found: dict[int, list[Listing]] = {demand_id: [] for demand_id in places}
    for demand_id, listing in rows:
        if may_reach(listing.delivers_to, places[demand_id]):
            found[demand_id].append(listing)
    return found


def open_demands_for(producer_id: int, way: Sequence[DemandWay], *, now: datetime) -> Sequence[Demand]:
    """The demands that a seller has goods for and can still answer, the hundred that end first, those before others."""
    own = select(Listing.id).where(Listing.producer_id == producer_id, _fits_some())
    return db.session.scalars(
        select(Demand)
        .where(Demand.state == DemandState.OPEN, Demand.way.in_(way), Demand.answer_by_at > now, own.exists())
        .options(
            selectinload(Demand.deliveries),
            joinedload(Demand.enterprise),
            joinedload(Demand.place),
            joinedload(Demand.product),
            joinedload(Demand.category),
        )
        .order_by(Demand.answer_by_at, Demand.id)
        .limit(_MOST_SHOWN)
    ).all()


def check_answer(
    demand: Demand, producer: Producer, listing_public_id: str, grams: int, fen_kg: int, *, now: datetime
) -> Listing:
    """The seller's listing that an answer rests on, if goods, amount and price fit what is wanted.

    Raises
    ------
    NotFound
        ``listing_unknown`` for goods that are not the seller's.
    Invalid
        ``grams_range``, ``price_range``, ``above_ceiling``, ``more_than_wanted``, ``less_than_sold`` for less than one step.
    Conflict
        ``does_not_fit`` for other goods or another origin, ``not_delivered_there_by_you``, ``certificate_missing``.
    """
    listing = db.session.scalars(select(Listing).filter_by(public_id=listing_public_id, producer_id=producer.id)).first()
    if listing is None:
        raise NotFound("listing_unknown", N_("There are no such goods."))
    if not 1 <= grams <= LARGEST_GRAMS:
        raise Invalid("grams_range", N_("A delivery is more than nothing and at most 1,000 tonnes."))
    if not 1 <= fen_kg <= LARGEST_PRICE_FEN:
        raise Invalid("price_range", N_("A price is more than nothing and at most 1,000,000 yuan a kilogram."))
    if fen_kg > demand.price_ceiling_fen_kg:
        raise Invalid("above_ceiling", N_("That is more than the buyer pays at most. Please offer a lower price."))
    if grams > most_grams(sum(row.wanted_g for row in demand.deliveries), demand.tolerance_bp):
        raise Invalid("more_than_wanted", N_("That is more than is wanted."))
    if not sellable_grams(listing.unit, listing.unit_grams, grams // len(demand.deliveries)):
        raise Invalid("less_than_sold", N_("That is less than one of what you sell, in each delivery. Please offer more."))
    if db.session.scalar(select(Listing.id).where(Listing.id == listing.id, fits(demand))) is None:
        raise Conflict("does_not_fit", N_("These goods are not what is wanted here."))
    if not may_reach(listing.delivers_to, demand.place.area_code):
        raise Conflict("not_delivered_there_by_you", N_("You do not send these goods so far."))
    if missing := missing_certificates(demand, listing, now):
        raise Conflict(
            "certificate_missing", N_("The buyer wants a certificate that these goods do not have."), kinds=sorted(missing)
        )
    return listing


def check_own_list(demand: Demand, listing: Listing, grams: int, fen_kg: int, *, says: str) -> None:
    """Refuse a price above what the seller's own list promises the buyer, in words for whoever has named it.

    Asked when somebody names a price. A list that comes later lowers the contract, and spoils no answer that was given before.

    Raises
    ------
    Conflict
        ``above_own_list``.
    """
    listed = listed_for(demand, listing, grams)
    if listed is not None and listed.binds and fen_kg > listed.fen_kg:
        raise Conflict("above_own_list", says, price=plain_yuan(listed.fen_kg))


def missing_certificates(demand: Demand, listing: Listing, now: datetime) -> set[str]:
    """The kinds of certificates that a demand wants and a listing's goods have not, today."""
    if not demand.certificate_kinds:
        return set()
    lots = select(Lot.id).where(Lot.listing_id == listing.id)
    query = select(Certificate.kind).where(
        Certificate.producer_id == listing.producer_id,
        counts_on(local_day(now)),
        or_(Certificate.lot_id.is_(None), Certificate.lot_id.in_(lots)),
    )
    return set(demand.certificate_kinds) - set(db.session.scalars(query))


def most_grams(wanted_g: int, tolerance_bp: int) -> int:
    """The most that may be brought of what is wanted.

    >>> most_grams(1000, 500)
    1050
    """
    return wanted_g * (10_000 + tolerance_bp) // 10_000
