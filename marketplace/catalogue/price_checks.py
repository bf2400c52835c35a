"""Comparing the prices of listings with market prices, or with the shop's own where there are none, and writing it down."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Double, cast, func, select, update

from marketplace.catalogue.models import (
    Basis,
    Listing,
    ListingState,
    MarketPrice,
    PriceCheck,
    PriceRule,
    Review,
    Verdict,
)
from marketplace.catalogue.price_evidence import (
    GRAMS,
    Judgement,
    PriceBounds,
    Reference,
    judge,
    reference,
)
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid

OPEN = (Review.OPEN, Review.ASKED)
# More prices of one kind than these say nothing new.
_COMPARED_AT_MOST = 500
_OWN_AT_MOST = 50


# As the table of the rules has it.
MOST_WEEKS, LEAST_TO_COMPARE, MOST_FACTOR = 104, 3, 1_000


def bounds_on(day: date) -> PriceBounds:
    """The numbers that prices are judged by on a day; the first ones until somebody has set others."""
    rule = db.session.scalars(
        select(PriceRule).where(PriceRule.begins_on <= day).order_by(PriceRule.begins_on.desc()).limit(1)
    ).first()
    return PriceBounds() if rule is None else PriceBounds(**{one.name: getattr(rule, one.name) for one in fields(PriceBounds)})


def set_bounds(begins_on: date, bounds: PriceBounds, *, actor: str, now: datetime) -> None:
    """Judge prices by other numbers from a day on; days that are over keep theirs.

    Raises
    ------
    Invalid
        ``rule_in_past``, ``bounds_invalid`` for numbers by which nothing can be judged.
    """
    if begins_on < local_day(now):
        raise Invalid("rule_in_past", N_("A rule can begin today at the earliest."))
    enough = 1 <= bounds.weeks <= MOST_WEEKS and min(bounds.least_days, bounds.least_listings) >= LEAST_TO_COMPARE
    factors = (bounds.markup, bounds.spread, bounds.flag_at, bounds.wait_at)
    if not enough or not all(0 < factor <= MOST_FACTOR for factor in factors) or bounds.wait_at < bounds.flag_at:
        raise Invalid(
            "bounds_invalid",
            N_("Please give 1 to 104 weeks, at least 3 prices, factors above 0, and let prices wait farther off."),
        )
    db.session.merge(PriceRule(begins_on=begins_on, set_by=actor, **asdict(bounds)))
    db.session.flush()
    audit.record("price_rule.set", "price_rule", begins_on.isoformat(), actor=actor, at=now, **asdict(bounds))


def _per_500_g() -> ColumnElement[float]:
    return cast(Listing.price_fen, Double) * GRAMS / Listing.unit_grams


def market_reference(product_id: int, day: date, bounds: PriceBounds) -> Reference | None:
    """The market's prices of the last weeks; None where there are too few days of them."""
    since = day - timedelta(weeks=bounds.weeks)
    days = (
        select(func.avg(MarketPrice.average_fen))
        .where(MarketPrice.product_id == product_id, MarketPrice.day > since, MarketPrice.day <= day)
        .group_by(MarketPrice.day)
    )
    return reference(Basis.MARKET, [float(price) for price in db.session.scalars(days)], bounds)


def _shop_references(listing: Listing, bounds: PriceBounds) -> Iterable[Reference | None]:
    """The seller's own earlier prices of the kind that nothing was wrong with, and what others ask for it in the shop."""
    own = (
        select(cast(PriceCheck.price_fen, Double) * GRAMS / PriceCheck.unit_grams)
        .join(Listing, Listing.id == PriceCheck.listing_id)
        .where(Listing.producer_id == listing.producer_id, Listing.product_id == listing.product_id)
        .where((PriceCheck.verdict.in_((Verdict.FITS, Verdict.UNCHECKED))) | (PriceCheck.review == Review.ACCEPTED))
        .order_by(PriceCheck.id.desc())
        .limit(_OWN_AT_MOST)
    )
    yield reference(Basis.OWN, list(db.session.scalars(own)), bounds)
    others = (
        select(_per_500_g())
        .where(Listing.product_id == listing.product_id, Listing.producer_id != listing.producer_id)
        .where(Listing.state == ListingState.ON_SALE)
        .order_by(Listing.rank.desc(), Listing.id)
        .limit(_COMPARED_AT_MOST)
    )
    yield reference(Basis.SHOP, list(db.session.scalars(others)), bounds)


def latest_check(listing_id: int) -> PriceCheck | None:
    """The newest comparison of a listing's price."""
    return db.session.scalars(
        select(PriceCheck).filter_by(listing_id=listing_id).order_by(PriceCheck.id.desc()).limit(1)
    ).first()


def examine(listing: Listing, *, actor: str, now: datetime) -> PriceCheck:
    """Compare a listing's price and write down what came of it.

    A price that a person has accepted stays accepted as long as it stays the same; one that was refused waits, however little
    it is off.
    """
    day = local_day(now)
    before = latest_check(listing.id)
    same = before is not None and (before.price_fen, before.unit_grams) == (listing.price_fen, listing.unit_grams)
    if before is not None and same and before.review in (*OPEN, Review.ACCEPTED):
        return before
    bounds = bounds_on(day)
    market = market_reference(listing.product_id, day, bounds)
    found = [market] if market is not None else [one for one in _shop_references(listing, bounds) if one is not None]
    judged = judge(listing.price_fen, listing.unit_grams, found, bounds)
    if before is not None and same and before.review == Review.REFUSED and judged.basis is not Basis.NONE:
        judged = Judgement(Verdict.WAITS, judged.basis, judged.expected_fen, judged.deviation)
    return write_down(listing, judged, actor=actor, now=now)


def write_down(listing: Listing, judged: Judgement, *, actor: str, now: datetime) -> PriceCheck:
    """Add a comparison; a question that was open about an earlier price is answered by the new one."""
    db.session.execute(
        update(PriceCheck)
        .where(PriceCheck.listing_id == listing.id, PriceCheck.review.in_(OPEN))
        .values(review=Review.REPLACED)
    )
    made = PriceCheck(
        listing_id=listing.id,
        at=now,
        checked_on=local_day(now),
        price_fen=listing.price_fen,
        unit_grams=listing.unit_grams,
        basis=judged.basis,
        expected_fen=judged.expected_fen,
        deviation=judged.deviation,
        verdict=judged.verdict,
        review=Review.OPEN if judged.verdict in (Verdict.FLAGGED, Verdict.WAITS) else Review.NONE,
        question="",
    )
    db.session.add(made)
    db.session.flush()
    if made.review == Review.OPEN:
        data = {"basis": made.basis, "verdict": made.verdict, "price_fen": made.price_fen, "expected_fen": made.expected_fen}
        audit.record("price.unusual", "listing", listing.public_id, actor=actor, at=now, **data)
    return made


def keeps_from_sale(check: PriceCheck) -> bool:
    """Whether a price has to be looked at before anybody can buy for it."""
    return check.verdict == Verdict.WAITS and check.review in OPEN


def examine_kind(product_id: int, *, actor: str, now: datetime) -> Sequence[PriceCheck]:
    """Compare all listings on sale of a kind with market prices, those that were not compared at this price since they came.

    What is on sale stays on sale; what is unusual is put before the operator.
    """
    day = local_day(now)
    bounds = bounds_on(day)
    market = market_reference(product_id, day, bounds)
    if market is None:
        return []
    newest = (
        select(func.max(MarketPrice.day)).where(MarketPrice.product_id == product_id, MarketPrice.day <= day).scalar_subquery()
    )
    known = (
        select(PriceCheck.id)
        .where(PriceCheck.listing_id == Listing.id, PriceCheck.price_fen == Listing.price_fen)
        .where(PriceCheck.unit_grams == Listing.unit_grams)
        .where((PriceCheck.checked_on >= newest) | PriceCheck.review.in_((*OPEN, Review.ACCEPTED)))
        .exists()
    )
    rows = db.session.scalars(
        select(Listing)
        .where(Listing.product_id == product_id, Listing.state == ListingState.ON_SALE, ~known)
        .order_by(Listing.id)
    ).all()
    return [write_down(row, judge(row.price_fen, row.unit_grams, [market], bounds), actor=actor, now=now) for row in rows]


def kinds_with_market_prices(day: date) -> Sequence[int]:
    """The kinds of goods that have market prices not older than a rule looks back."""
    since = day - timedelta(weeks=bounds_on(day).weeks)
    return db.session.scalars(
        select(MarketPrice.product_id).where(MarketPrice.day > since).distinct().order_by(MarketPrice.product_id)
    ).all()


def checked_on() -> ColumnElement[date]:
    """The day on which a ``Listing``'s present price was found to fit market prices, as a column; null where it was not."""
    newest = (
        select(PriceCheck.id)
        .where(PriceCheck.listing_id == Listing.id)
        .order_by(PriceCheck.id.desc())
        .limit(1)
        .correlate(Listing)
        .scalar_subquery()
    )
    return (
        select(PriceCheck.checked_on)
        .where(PriceCheck.id == newest, PriceCheck.basis == Basis.MARKET, PriceCheck.verdict == Verdict.FITS)
        .where(PriceCheck.price_fen == Listing.price_fen, PriceCheck.unit_grams == Listing.unit_grams)
        .correlate(Listing)
        .scalar_subquery()
    )
