"""Facets, their counts under one another, orders, and what answers that are kept may and may not do."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from marketplace.catalogue import lists
from marketplace.catalogue.lists import Facet, ListingFilter, Sort, find_listings, match_listings
from marketplace.catalogue.models import Listing, ProducerKind, Unit
from marketplace.kernel import kept
from marketplace.kernel.db import db
from tests import factories

WEEK = factories.TODAY.isocalendar().week
EVERYTHING = ListingFilter(day=factories.TODAY)


@pytest.fixture
def goods(session: Session) -> dict[str, Listing]:
    """Five listings that differ in shelf, county, price, badge, season, harvest day and how far they travel."""
    fruit = factories.product("apple", "苹果", "Apple")
    greens = factories.product("pak-choi", "小白菜", "Pak choi", factories.category("vegetables", "蔬菜", "Vegetables"))
    here, there = "522636100001", "522601100001"
    quiet = factories.producer(here, registered=True, consent=False)
    badge = factories.producer(here, registered=True)
    far = factories.producer(there, kind=ProducerKind.COOPERATIVE)
    made = {
        "badge": factories.listing(badge, fruit, price_fen=900, unit=Unit.JIN, unit_grams=500, rank=1),
        "quiet": factories.listing(quiet, fruit, price_fen=1500, unit=Unit.KG, unit_grams=1000, rank=2),
        "large": factories.listing(far, fruit, price_fen=3000, unit_grams=5000, rank=3),
        "greens": factories.listing(far, greens, price_fen=400, unit=Unit.JIN, unit_grams=500, rank=4),
        "dear": factories.listing(badge, greens, price_fen=12_000, unit_grams=500, rank=5),
    }
    made["badge"].season_weeks = [WEEK]
    made["quiet"].season_weeks = list(range(1, 53))
    made["greens"].season_weeks = [WEEK, WEEK + 1]
    made["greens"].delivers_to = "522601"
    for name, days in {"badge": 0, "quiet": 3, "large": 5, "greens": 14, "dear": 40}.items():
        made[name].harvested_on = factories.TODAY - timedelta(days=days)
    db.session.flush()
    return made


def found(goods: dict[str, Listing], **narrowed: object) -> list[str]:
    names = {listing.id: name for name, listing in goods.items()}
    return [names[row.id] for row in find_listings(replace(EVERYTHING, **narrowed)).rows]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({}, ["dear", "greens", "large", "quiet", "badge"]),
        ({"category_slug": "vegetables"}, ["dear", "greens"]),
        ({"county_code": "522601"}, ["greens", "large"]),
        ({"price_band": 0}, ["greens", "badge"]),
        ({"badge": True}, ["dear", "badge"]),
        ({"season": True}, ["greens", "badge"]),
        ({"harvested_within": 3}, ["quiet", "badge"]),
        ({"harvested_within": 14}, ["greens", "large", "quiet", "badge"]),
        ({"deliver_to": "522636"}, ["dear", "large", "quiet", "badge"]),
        ({"deliver_to": "522636", "far": True}, ["dear", "greens", "large", "quiet", "badge"]),
        ({"badge": True, "season": True}, ["badge"]),
        ({"badge": True, "county_code": "522601"}, []),
    ],
)
def test_a_list_is_narrowed_by_each_facet(goods: dict[str, Listing], narrowed: dict[str, object], expected: list[str]) -> None:
    assert found(goods, **narrowed) == expected


def test_each_facet_is_counted_under_all_the_others(goods: dict[str, Listing]) -> None:
    plain = match_listings(EVERYTHING).survey
    assert plain.total == 5
    assert plain.facets == {
        "category": [("fruit", 3), ("vegetables", 2)],
        "county": [("522601", 2), ("522636", 3)],
        "price_band": [("0", 2), ("1", 1), ("2", 1), ("4", 1)],
        "badge": [("1", 2)],
        "season": [("1", 2)],
        "harvest": [("3", 2), ("7", 3), ("14", 4)],
    }
    narrowed = match_listings(replace(EVERYTHING, category_slug="fruit", badge=True, deliver_to="522636")).survey
    # Under fruit, badge and delivery one thing is left; the shelves are counted without the shelf, badges without the badge.
    assert narrowed.total == 1
    assert narrowed.facets["category"] == [("fruit", 1), ("vegetables", 1)]
    assert narrowed.facets["badge"] == [("1", 1)]
    assert narrowed.facets["county"] == [("522636", 1)]
    assert narrowed.without == {"category": 2, "badge": 3, "delivery": 1}


def test_every_count_is_what_a_click_on_it_brings(goods: dict[str, Listing]) -> None:
    field = {Facet.CATEGORY: "category_slug", Facet.COUNTY: "county_code", Facet.PRICE_BAND: "price_band", Facet.BADGE: "badge"}
    field |= {Facet.SEASON: "season", Facet.HARVEST: "harvested_within"}
    starts = [{}, {"category_slug": "fruit"}, {"badge": True}, {"price_band": 0, "season": True}, {"harvested_within": 7}]
    clicks = 0
    for start in starts:
        for facet, values in match_listings(replace(EVERYTHING, **start)).survey.facets.items():  # type: ignore[arg-type]
            for value, count in values:
                known: dict[str, object] = {"badge": True, "season": True, "price_band": None, "harvested_within": None}
                name = field[Facet(facet)]
                chosen = int(value) if name in ("price_band", "harvested_within") else known.get(name, value)
                assert len(found(goods, **{**start, name: chosen})) == count, (start, facet, value)
                clicks += 1
    assert clicks > 40


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (Sort.RECOMMENDED, ["dear", "greens", "large", "quiet", "badge"]),
        (Sort.CHEAPEST, ["greens", "badge", "quiet", "large", "dear"]),
        (Sort.DEAREST, ["dear", "large", "quiet", "badge", "greens"]),
        # Per 500 g: large 3.00, greens 4.00, quiet 7.50, badge 9.00, dear 120.00.
        (Sort.CHEAPEST_BY_WEIGHT, ["large", "greens", "quiet", "badge", "dear"]),
        (Sort.DEAREST_BY_WEIGHT, ["dear", "badge", "quiet", "greens", "large"]),
        (Sort.FRESHEST, ["badge", "quiet", "large", "greens", "dear"]),
    ],
)
def test_an_order_is_what_it_says(goods: dict[str, Listing], sort: Sort, expected: list[str]) -> None:
    assert found(goods, sort=sort) == expected


def test_what_nobody_has_picked_yet_stands_last_among_the_freshest(goods: dict[str, Listing]) -> None:
    goods["badge"].harvested_on = None
    db.session.flush()
    assert found(goods, sort=Sort.FRESHEST)[-1] == "badge"


def test_counts_may_be_seconds_old_and_the_goods_shown_may_not(
    goods: dict[str, Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [100.0]
    fresh = kept.Kept[lists.Survey](most=10, seconds=5, clock=lambda: moment[0])
    monkeypatch.setattr(lists, "_surveys", fresh)
    kept.keep_again()
    try:
        assert (match_listings(EVERYTHING).total, len(found(goods))) == (5, 5)
        goods["dear"].available = Decimal(0)
        db.session.flush()
        assert (match_listings(EVERYTHING).total, found(goods)) == (5, ["greens", "large", "quiet", "badge"])
        moment[0] += 5
        assert match_listings(EVERYTHING).total == 4
    finally:
        kept.keep_nothing()


def test_kept_answers_are_bounded_and_the_one_asked_for_longest_ago_makes_room() -> None:
    kept.keep_again()
    try:
        squares = kept.Kept[int](most=2, seconds=60)
        for number in (1, 2, 1, 3):
            squares.get(number, lambda number=number: number**2)  # type: ignore[misc]
        assert len(squares) == 2
        assert [squares.get(number, lambda: -1) for number in (1, 3)] == [1, 9]
        assert squares.get(2, lambda: -1) == -1
    finally:
        kept.keep_nothing()
