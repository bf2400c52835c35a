"""The goods and purchases of the demo shop, made from the source without chance: the same input gives the same shop."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketplace.demo.goods_names import Kind, ShopCategory, categories, kind_choices, kinds, pack_words, titles
from marketplace.demo.goods_sizes import SellingUnit, parse_size, selling_unit
from marketplace.demo.source import SourceProduct, source_products, source_sales

__all__ = ["Good", "Kind", "Purchases", "ShopCategory", "categories", "kinds", "read_goods", "read_purchases"]

FEN_PER_DOLLAR = 700
LEAST_PRICE_FEN = 50
# A kind is in season while it takes this many times its yearly share of all sales, if it sells often enough to tell.
SEASON_RATIO = 1.3
SEASON_LEAST_SALES = 100
_WEEKS = 52
_FIRST_MONDAY = np.datetime64("2017-01-02")
_SEASON_SMOOTHING = 5
_SEASON_LEAST_WEEKS = 3
# What is dried, bottled or cut all year round has no season, however its sales move.
_SEASONLESS = frozenset({"salads-ready", "nuts-dried", "pantry"})


@dataclass(frozen=True, slots=True)
class Good:
    """One product of the source as the shop lists it.

    ``price_fen`` is the median over its sales of dollars per unit, at 7 yuan a dollar, and never below 50 fen.
    ``unit_grams`` is the true weight of one selling unit where the source names it, else what the kind typically
    weighs, and for loose goods that of the unit itself. ``season_weeks`` are the ISO weeks of its kind's season.
    """

    source_id: int
    product_slug: str
    product_name_zh: str
    product_name_en: str
    category_slug: str
    art: str
    title_zh: str
    title_en: str
    unit: str
    unit_grams: int
    price_fen: int
    season_weeks: tuple[int, ...]
    sales_count: int


@dataclass(frozen=True, slots=True)
class Purchases:
    """Parallel columns, one row per purchase of a product in a basket.

    Moments have no zone and stand as the source has them; the fewest fall at 6 and the most at 21, so they seem UTC
    for stores whose own clock is four or five hours behind.
    """

    household_id: NDArray[np.int64]
    basket_id: NDArray[np.int64]
    product_id: NDArray[np.int64]
    quantity: NDArray[np.int64]
    sold_at: NDArray[np.datetime64]


def read_purchases() -> Purchases:
    """Every sale of produce with a quantity above 0, in the order of the source."""
    sales = source_sales()
    return Purchases(sales.household_id, sales.basket_id, sales.product_id, sales.quantity, sales.sold_at)


def iso_weeks(moments: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """The ISO week of each moment of 2017 and of the days around it, where every year has 52 weeks.

    >>> iso_weeks(np.array(["2017-01-01", "2017-01-02", "2017-12-31", "2018-01-01"], dtype="datetime64[s]")).tolist()
    [52, 1, 52, 1]
    """
    days = (moments.astype("datetime64[D]") - _FIRST_MONDAY).astype(np.int64)
    return days // 7 % _WEEKS + 1


def _around(by_week: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum over each week and its neighbours, where week 52 is followed by week 1."""
    half = _SEASON_SMOOTHING // 2
    return np.sum([np.roll(by_week, shift) for shift in range(-half, half + 1)], axis=0)


def season_weeks(weeks: NDArray[np.int64], all_by_week: NDArray[np.int64]) -> tuple[int, ...]:
    """The weeks in which a kind takes clearly more than its yearly share of all sales, at least three in a row.

    ``weeks`` holds the week of each of the kind's sales, ``all_by_week`` the sales of everything in weeks 1 to 52.
    Shares rather than counts, so that a holiday on which everybody shops is nobody's season.
    """
    if len(weeks) < SEASON_LEAST_SALES:
        return ()
    mine = np.bincount(weeks - 1, minlength=_WEEKS)
    share = _around(mine) / np.maximum(_around(all_by_week), 1)
    high = share > SEASON_RATIO * len(weeks) / all_by_week.sum()
    runs = [
        np.logical_and.reduce([np.roll(high, start + step) for step in range(_SEASON_LEAST_WEEKS)])
        for start in range(1 - _SEASON_LEAST_WEEKS, 1)
    ]
    return tuple((np.flatnonzero(np.logical_or.reduce(runs)) + 1).tolist())


def assign_kinds(products: list[SourceProduct], sales_count: dict[int, int]) -> dict[int, Kind]:
    """The kind of each product: the kinds of its category and type take turns, the best-selling product first."""
    by_slug = {kind.slug: kind for kind in kinds()}
    turns: Counter[tuple[str, ...]] = Counter()
    assigned = {}
    for product in sorted(products, key=lambda product: (-sales_count[product.product_id], product.product_id)):
        choice = kind_choices()[product.category, product.type]
        grams = parse_size(product.package_size).grams
        small = grams is not None and grams < choice.small_below_g
        slugs = choice.small_kinds if small else choice.kinds
        assigned[product.product_id] = by_slug[slugs[turns[slugs] % len(slugs)]]
        turns[slugs] += 1
    return assigned


def _prices_and_counts() -> tuple[dict[int, int], dict[int, int]]:
    """The price in fen and the number of sales of each product sold."""
    sales = source_sales()
    order = np.argsort(sales.product_id, kind="stable")
    product_ids, starts = np.unique(sales.product_id[order], return_index=True)
    by_product = np.split((sales.dollars / sales.quantity)[order], starts[1:])
    prices, counts = {}, {}
    for product_id, dollars in zip(product_ids.tolist(), by_product, strict=True):
        prices[product_id] = max(LEAST_PRICE_FEN, round(float(np.median(dollars)) * FEN_PER_DOLLAR))
        counts[product_id] = len(dollars)
    return prices, counts


def _seasons(assigned: dict[int, Kind]) -> dict[str, tuple[int, ...]]:
    """The season of each fresh kind by its slug."""
    sales = source_sales()
    weeks = iso_weeks(sales.sold_at)
    all_by_week = np.bincount(weeks - 1, minlength=_WEEKS)
    numbers = {kind.slug: number for number, kind in enumerate(kinds())}
    product_ids = np.array(sorted(assigned))
    kind_numbers = np.array([numbers[assigned[product_id].slug] for product_id in product_ids.tolist()])
    sold = kind_numbers[np.searchsorted(product_ids, sales.product_id)]
    return {
        kind.slug: season_weeks(weeks[sold == numbers[kind.slug]], all_by_week)
        for kind in kinds()
        if kind.category_slug not in _SEASONLESS
    }


def read_goods() -> list[Good]:
    """Every product sold at least once, by its id in the source."""
    prices, counts = _prices_and_counts()
    products = [product for product in source_products() if product.product_id in counts]
    assigned = assign_kinds(products, counts)
    seasons = _seasons(assigned)
    listed: defaultdict[tuple[str, ...], int] = defaultdict(int)
    goods = []
    for product in sorted(products, key=lambda product: (-counts[product.product_id], product.product_id)):
        kind = assigned[product.product_id]
        sold_by = selling_unit(kind, parse_size(product.package_size, liquid=kind.liquid))
        pack = pack_words(kind, sold_by.form, sold_by.unit, sold_by.grams, sold_by.count)
        nth = listed[kind.slug, *pack]
        listed[kind.slug, *pack] += 1
        goods.append(_good(product.product_id, kind, sold_by, titles(kind, nth, pack), prices, counts, seasons))
    return sorted(goods, key=lambda good: good.source_id)


def _good(
    source_id: int,
    kind: Kind,
    sold_by: SellingUnit,
    both_titles: tuple[str, str],
    prices: dict[int, int],
    counts: dict[int, int],
    seasons: dict[str, tuple[int, ...]],
) -> Good:
    return Good(
        source_id=source_id,
        product_slug=kind.slug,
        product_name_zh=kind.name_zh,
        product_name_en=kind.name_en,
        category_slug=kind.category_slug,
        art=kind.art,
        title_zh=both_titles[0],
        title_en=both_titles[1],
        unit=sold_by.unit,
        unit_grams=sold_by.grams,
        price_fen=prices[source_id],
        season_weeks=seasons.get(kind.slug, ()),
        sales_count=counts[source_id],
    )
