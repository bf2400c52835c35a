"""Looking through a year's harvests and sales for what seems odd."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from marketplace.catalogue import oddities
from marketplace.catalogue.models import Listing, Lot, LotContribution, Pooling, Product
from marketplace.catalogue.oddities import Oddity, Part, Sales
from marketplace.catalogue.suspicions import keep_oddities
from marketplace.catalogue.yields import balances
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.models import Claim, Order, OrderLine
from marketplace.orders.states import OrderState
from marketplace.registry.models import SUPPORTED, HouseholdStatus

LOOKED_AT = timedelta(days=60)


def look_for_oddities(*, now: datetime) -> int:
    """Look through what was harvested in the last weeks, and write down what is new; answers how much that is."""
    return keep_oddities(found_oddities(local_day(now)), now=now)


def found_oddities(day: date) -> list[Oddity]:
    """Everything that looks odd on a day."""
    parts = _parts(day - LOOKED_AT, day)
    bounds = _bounds(parts, day)
    return [
        *oddities.listed_twice(parts),
        *oddities.equal_parts(parts),
        *oddities.alike_parts(parts),
        *oddities.used_up(parts, bounds),
        *oddities.out_of_season(parts, _weeks({part.product for part in parts})),
        *oddities.soon_after_entry(parts, _registered_on({part.household for part in parts}), bounds),
        *oddities.swapped_grades(_sales(day - LOOKED_AT)),
    ]


def _parts(first: date, last: date) -> list[Part]:
    rows = db.session.execute(
        select(
            Listing.producer_id,
            LotContribution.household_id,
            Listing.product_id,
            Listing.id,
            Lot.id,
            Lot.harvested_on,
            LotContribution.grams,
        )
        .join(Lot, Lot.listing_id == Listing.id)
        .join(LotContribution, LotContribution.lot_id == Lot.id)
        .where(
            Lot.harvested_on.between(first, last),
            ~Lot.expected,
            ~select(Pooling.into_lot_id).where(Pooling.into_lot_id == Lot.id).exists(),
        )
        .order_by(Lot.id, LotContribution.household_id)
    )
    return [Part(*row) for row in rows]


def _bounds(parts: Iterable[Part], day: date) -> dict[tuple[int, int, int], int]:
    """What each household can have of each kind of goods and year, where it has declared anything."""
    asked: dict[tuple[int, int], set[int]] = {}
    for part in parts:
        asked.setdefault((part.product, part.day.year), set()).add(part.household)
    found = {}
    for (product_id, season), households in asked.items():
        product = db.session.get_one(Product, product_id)
        for household_id, balance in balances(households, product, season, day).items():
            if balance.declared_g is not None:
                found[household_id, product_id, season] = balance.most_g
    return found


def _weeks(product_ids: set[int]) -> Mapping[int, frozenset[int]]:
    rows = db.session.execute(
        select(Listing.product_id, func.unnest(Listing.season_weeks)).where(Listing.product_id.in_(product_ids)).distinct()
    )
    weeks: dict[int, set[int]] = {}
    for product_id, week in rows:
        weeks.setdefault(product_id, set()).add(week)
    return {product_id: frozenset(own) for product_id, own in weeks.items()}


def _registered_on(household_ids: set[int]) -> dict[int, date]:
    """The first day of each household's newest status that counts."""
    rows = db.session.execute(
        select(HouseholdStatus.household_id, func.max(func.lower(HouseholdStatus.days)))
        .where(HouseholdStatus.household_id.in_(household_ids), HouseholdStatus.category.in_(SUPPORTED))
        .group_by(HouseholdStatus.household_id)
    )
    return dict(rows.all())


def _sales(since: date) -> list[Sales]:
    wrong = select(Claim.order_line_id).where(Claim.kind == ClaimKind.WRONG_GOODS).distinct().subquery()
    rows = db.session.execute(
        select(
            Listing.producer_id,
            Listing.product_id,
            Listing.id,
            Listing.price_fen * 1000 / Listing.unit_grams,
            func.count(OrderLine.id),
            func.count(wrong.c.order_line_id),
        )
        .join(OrderLine, OrderLine.listing_id == Listing.id)
        .join(Order, Order.id == OrderLine.order_id)
        .outerjoin(wrong, wrong.c.order_line_id == OrderLine.id)
        .where(OrderLine.harvested_on >= since, Order.state != OrderState.CANCELLED)
        .group_by(Listing.id)
    )
    return [Sales(seller, product, listing, int(price), lines, bad) for seller, product, listing, price, lines, bad in rows]
