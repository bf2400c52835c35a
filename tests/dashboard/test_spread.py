"""How sales are spread over registered households, and why others sold nothing: one household for each reason."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Basis, Listing, PriceCheck, Review, Verdict
from marketplace.dashboard.models import ExposureFact
from marketplace.dashboard.service import build_all, build_day
from marketplace.dashboard.spread import Spread, Why, spread
from marketplace.kernel.db import db, transaction
from marketplace.recommendations.models import ServedList
from tests import factories
from tests.dashboard.test_sales import VILLAGE, buy
from tests.factories import NOW, TODAY

FIRST = TODAY - timedelta(days=45)
COUNTY = "522636"


def shown(*listings: Listing, day: date) -> None:
    """A list with these goods, best first."""
    number = len(listings)
    db.session.add(
        ServedList(
            at=datetime(day.year, day.month, day.day, 4, tzinfo=UTC),
            surface="home",
            listing_ids=[listing.id for listing in listings],
            policy_ids=[None] * number,
            position_weights=[1 / (1 + at) for at in range(number)],
            relevance=[0.1] * number,
            propensity=[1.0] * number,
            benefit_bp=[0] * number,
            exposure=1.0,
            registered_exposure=0.0,
            multipliers={},
        )
    )


def judged(listing: Listing, verdict: Verdict, deviation: float, days_ago: int) -> None:
    """A look at a price."""
    flagged = verdict is Verdict.FLAGGED
    db.session.add(
        PriceCheck(
            listing_id=listing.id,
            at=NOW - timedelta(days=days_ago),
            checked_on=TODAY - timedelta(days=days_ago),
            price_fen=listing.price_fen,
            unit_grams=listing.unit_grams,
            basis=Basis.SHOP,
            expected_fen=100,
            deviation=deviation,
            verdict=verdict,
            review=Review.OPEN if flagged else Review.NONE,
        )
    )


def reasons(first: date = FIRST, last: date = TODAY, scope: str = COUNTY) -> dict[Why, int]:
    return spread(scope, first, last, as_of=TODAY).unsold


@pytest.fixture
def farms(session: Session) -> dict[str, Listing]:
    """One registered farm a reason, and two that sold: for 10.00 and, of a pooled lot, a third of 9.00."""
    with transaction():
        made = {
            name: factories.listing(factories.producer(VILLAGE, registered=True), stock=0 if name == "empty" else 10)
            for name in ("sells", "empty", "hidden", "dear", "fair")
        }
        made["sells"].price_fen = 1000
        factories.household(VILLAGE, registered_from=date(2020, 1, 1))
        member, other = factories.household(VILLAGE, registered_from=date(2020, 1, 1)), factories.household(VILLAGE)
        pool = {member.id: 1000, other.id: 2000}
        seller = factories.producer(VILLAGE, kind="cooperative")  # type: ignore[arg-type]
        made["pooled"] = factories.listing(seller, price_fen=900, contributions=pool)
        shown(*(made[name] for name in ("sells", "dear", "fair", "empty")), day=TODAY - timedelta(days=3))
        judged(made["dear"], Verdict.FLAGGED, 4.0, 5)
        judged(made["fair"], Verdict.FLAGGED, -4.0, 5)
    buy((made["sells"], 1), (made["pooled"], 1))
    with transaction():
        build_all()
    return made


def test_each_household_without_a_sale_counts_under_the_first_reason_that_holds(farms: dict[str, Listing]) -> None:
    expected = {Why.NO_LISTING: 1, Why.NO_STOCK: 1, Why.NOT_FOUND: 1, Why.PRICE: 1, Why.OTHER: 1}
    assert reasons() == expected
    assert reasons(scope=VILLAGE) == expected
    # In another county nobody is registered.
    assert spread("522635", FIRST, TODAY, as_of=TODAY).households == 0


def test_a_later_look_that_found_the_price_fair_takes_the_reason_away(farms: dict[str, Listing]) -> None:
    with transaction():
        judged(farms["dear"], Verdict.FITS, 0.5, 1)
    assert (reasons()[Why.PRICE], reasons()[Why.OTHER]) == (0, 2)
    # On the days before, it had not been looked at again.
    assert reasons(last=TODAY - timedelta(days=2))[Why.PRICE] == 0
    assert reasons(first=TODAY - timedelta(days=10), last=TODAY - timedelta(days=2)) == {
        Why.NO_LISTING: 1,
        # The harvests came on the day itself.
        Why.NO_STOCK: 6,
        Why.NOT_FOUND: 0,
        Why.PRICE: 0,
        Why.OTHER: 0,
    }


def test_a_household_has_the_part_of_a_lot_that_it_brought(farms: dict[str, Listing]) -> None:
    found = spread(COUNTY, FIRST, TODAY, as_of=TODAY)
    assert (found.households, found.sold, found.amounts_fen.tolist(), found.total_fen) == (7, 2, [300, 1000], 1300)
    # Twice the sum of rank x amount over n x the sum of amounts, less (n + 1) / n: 2 (6 x 300 + 7 x 1000) / (7 x 1300) - 8 / 7.
    assert found.gini == pytest.approx(17_600 / 9_100 - 8 / 7)
    assert found.gini_of_sellers == pytest.approx(2 * (300 + 2 * 1000) / (2 * 1300) - 3 / 2)
    assert found.lorenz(7) == [0, 0, 0, 0, 0, 0, round(300 / 1300, 6), 1]
    assert spread(COUNTY, FIRST, TODAY, as_of=date(2019, 1, 1)).households == 0


def test_what_lists_showed_is_counted_by_listing_and_day_and_comes_out_the_same(farms: dict[str, Listing]) -> None:
    def rows() -> list[tuple[date, int, int, int]]:
        db.session.expire_all()
        facts = db.session.query(ExposureFact).order_by(ExposureFact.exposure_millionths.desc()).all()
        return [(fact.shown_on, fact.listing_id, fact.lists, fact.exposure_millionths) for fact in facts]

    day = TODAY - timedelta(days=3)
    names = ("sells", "dear", "fair", "empty")
    once = [(day, farms[name].id, 1, worth) for name, worth in zip(names, (1_000_000, 500_000, 333_333, 250_000), strict=True)]
    assert rows() == once
    with transaction():
        shown(farms["sells"], day=day)
        build_day(day)
    assert rows() == [(day, farms["sells"].id, 2, 2_000_000), *once[1:]]


def test_days_at_the_ends_of_the_calendar_are_answered(session: Session) -> None:
    empty = Spread(0, spread(COUNTY, date.min, date.max, as_of=TODAY).amounts_fen, dict.fromkeys(Why, 0))
    assert spread(COUNTY, date.max, date.min, as_of=TODAY).unsold == empty.unsold
    assert empty.gini is None
    assert empty.lorenz() == []
