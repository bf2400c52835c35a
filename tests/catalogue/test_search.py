"""What people type, and what they find by it."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from marketplace.catalogue.lists import ListingFilter, find_listings, match_listings
from marketplace.catalogue.models import Unit
from marketplace.catalogue.service import Offer, add_harvest, create_listing, publish
from marketplace.kernel.db import db, transaction
from tests import factories

APPLE, WALNUT, BEANS, NOODLES, TOMATO, CHILI, GREENS, POTATO, MUSTARD = (
    *("红富士苹果", "薄皮核桃", "长豆角", "重庆小面", "西红柿", "干辣椒", "绿豆芽", "黄心土豆", "芥菜"),
)
EVERYTHING = [APPLE, WALNUT, BEANS, NOODLES, TOMATO, CHILI, GREENS, POTATO, MUSTARD]
# Title, English title, slug, kind in Chinese and English, village.
SHELF = [
    (APPLE, "Fuji apples, red", "apple", "苹果", "Apple", "522636100001"),
    (WALNUT, "Thin-shelled walnuts", "walnut", "核桃", "Walnut", "522636100001"),
    (BEANS, "Long beans", "long-beans", "豆角", "Long beans", "522636100001"),
    (NOODLES, "Chongqing noodles", "noodles", "面条", "Noodles", "500101100001"),
    (TOMATO, "Vine tomatoes", "tomato", "番茄", "Tomato", "522636100001"),
    (CHILI, "Dried chillies", "chili", "辣椒", "Chilli", "522636100001"),
    (GREENS, "Mung bean sprouts", "sprouts", "豆芽", "Bean sprouts", "522601100001"),
    (POTATO, "Yellow potatoes", "potato", "土豆", "Potato", "522601100001"),
    (MUSTARD, "Mustard greens", "mustard", "芥菜", "Mustard greens", "522601100001"),
]
PLACES = {
    "522636": "丹寨县",
    "522601": "凯里市",
    "500101": "万州区",
    "522636100001": "摆泥村村民委员会",
    "522601100001": "长青村村民委员会",
}


@pytest.fixture
def shelf(session: Session) -> None:
    """Nine things of three counties, written as a farmer would."""
    with transaction():
        for code, name in PLACES.items():
            factories.area(code).name = name
        for title_zh, title_en, slug, kind_zh, kind_en, village in SHELF:
            seller = factories.producer(village)
            kind = factories.product(slug, kind_zh, kind_en)
            offer = Offer(kind, title_zh, title_en, Unit.JIN, 500, 900)
            listing = create_listing(seller, offer, actor="test", now=factories.NOW)
            grams = {seller.household_id or 0: 5000}
            add_harvest(listing, Decimal(10), factories.TODAY, grams, actor="test", now=factories.NOW)
            publish(listing, actor="test", now=factories.NOW)
    db.session.expire_all()


EXACT = {
    # Chinese, as whole words, parts, single characters, with and without spaces and signs.
    "苹果": [APPLE],
    "红富士": [APPLE],
    "富士苹果": [APPLE],
    "苹": [APPLE],
    "苹果 红": [APPLE],
    "果 苹": [APPLE],
    "苹果！": [APPLE],
    "「苹果」，新鲜的？": [],
    "  苹果\t": [APPLE],
    "核桃": [WALNUT],
    "豆": [BEANS, GREENS, POTATO],
    "番茄": [TOMATO],
    "西红柿": [TOMATO],
    "辣椒": [CHILI],
    "摆泥": [APPLE, WALNUT, BEANS, TOMATO, CHILI],
    "丹寨": [APPLE, WALNUT, BEANS, TOMATO, CHILI],
    "长青村": [GREENS, POTATO, MUSTARD],
    # Pinyin: whole, begun, in pieces, from the middle, with tones and capitals.
    "pingguo": [APPLE],
    "pingg": [APPLE],
    "ping guo": [APPLE],
    "PingGuo": [APPLE],
    "píngguǒ": [APPLE],
    "hongfushi": [APPLE],
    "fushipingguo": [APPLE],
    "hetao": [WALNUT],
    "xi hong shi": [TOMATO],
    "xihongshi": [TOMATO],
    "fanqie": [TOMATO],
    "lajiao": [CHILI],
    "tudou": [POTATO],
    # Characters that are read in two ways, and ü.
    "changdoujiao": [BEANS],
    "zhangdoujiao": [BEANS],
    "chongqing": [NOODLES],
    "zhongqing": [NOODLES],
    "bopihetao": [WALNUT],
    "baopihetao": [WALNUT],
    "jiecai": [MUSTARD],
    "gaicai": [MUSTARD],
    "lvdouya": [GREENS],
    "lüdouya": [GREENS],
    "ludouya": [GREENS],
    "changqing": [GREENS, POTATO, MUSTARD],
    # Initials.
    "ht": [WALNUT],
    "pg": [APPLE],
    "hfspg": [APPLE],
    "xhs": [TOMATO],
    "ldy": [GREENS],
    # English, any case, begun, plural, full width, with accents.
    "apple": [APPLE],
    "APPLES": [APPLE],
    "ａｐｐｌｅ": [APPLE],
    "tom": [TOMATO],
    "vine tomatoes": [TOMATO],
    "tomatoes vine": [TOMATO],
    "thin-shelled": [WALNUT],
    "bean": [BEANS, GREENS],
    "ápple": [APPLE],
    # Mixed scripts.
    "danzhai 辣椒": [CHILI],
    "danzhai辣椒": [CHILI],
    "丹寨 apple": [APPLE],
    "kaili potato": [POTATO],
    "baini lajiao": [CHILI],
    "🌶️辣椒🌶️": [CHILI],
    "辣椒%": [CHILI],
}
NOTHING = [
    "",
    "   ",
    "%",
    "_",
    "%_%",
    "🍎",
    "!!!",
    "' OR 1=1 --",
    "\\",
    "&|!:*()<->",
    "submarine",
    "zzzz",
    "飞机",
    "q" * 500,
    "苹" * 500,
]
FORGIVEN = {
    # As it sounds: older characters, and a wrong character of the same sound.
    "蘋果": [APPLE],
    "紅富士蘋果": [APPLE],
    "萍果": [APPLE],
    "重慶小麵": [NOODLES],
    "西洪柿": [TOMATO],
    # One letter too few, too many, wrong, or exchanged with its neighbour.
    "pinguo": [APPLE],
    "pingguoo": [APPLE],
    "pimgguo": [APPLE],
    "pnigguo": [APPLE],
    "tomatto": [TOMATO],
    "wallnut": [WALNUT],
    "potatp": [POTATO],
    "walntu": [WALNUT],
    # A wrong character among three.
    "西江柿": [],
}


def titles(text: str) -> list[str]:
    return sorted(row.title_zh for row in find_listings(ListingFilter(text=text)).rows)


@pytest.mark.usefixtures("shelf")
def test_every_query_finds_just_what_it_means(session: Session) -> None:
    found = {query: titles(query) for query in EXACT}
    assert found == {query: sorted(expected) for query, expected in EXACT.items()}
    assert len(EXACT) >= 60
    assert not any(find_listings(ListingFilter(text=query)).corrected for query, expected in EXACT.items() if expected)


@pytest.mark.usefixtures("shelf")
def test_signs_and_nonsense_find_nothing_and_break_nothing(session: Session) -> None:
    assert {query: titles(query) for query in NOTHING if query.strip()} == {query: [] for query in NOTHING if query.strip()}
    assert titles("") == titles("  ") == sorted(EVERYTHING)


@pytest.mark.usefixtures("shelf")
def test_a_slip_is_forgiven_and_said(session: Session) -> None:
    found = {query: titles(query) for query in FORGIVEN}
    assert found == {query: sorted(expected) for query, expected in FORGIVEN.items()}
    assert all(match_listings(ListingFilter(text=query)).corrected for query, expected in FORGIVEN.items() if expected)
    assert match_listings(ListingFilter(text="pinguo")).meant == "pingguo"


@pytest.mark.usefixtures("shelf")
def test_a_word_that_is_right_is_never_put_right(session: Session) -> None:
    for query in ("pingguo", "tomato", "苹果", "pear"):
        assert match_listings(ListingFilter(text=query)).meant is None
