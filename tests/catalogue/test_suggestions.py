"""What a started word may mean."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing
from marketplace.catalogue.suggestions import Suggested, Suggestion, Vocabulary, suggest
from marketplace.kernel.db import db
from tests import factories


@pytest.fixture
def shop(session: Session) -> list[Listing]:
    fruit, grain = factories.category(), factories.category("grain", "粮食", "Grain")
    apple = factories.product("apple", "苹果", "Apple", fruit)
    walnut = factories.product("walnut", "核桃", "Walnut", fruit)
    pepper = factories.product("pepper", "花椒", "Pepper", grain)
    seller = factories.producer()
    factories.area("522636100001").name = "摆泥村村民委员会"
    made = [
        factories.listing(seller, apple, title_zh="红富士苹果", title_en="Fuji apples", rank=2),
        factories.listing(seller, apple, title_zh="小苹果", title_en="Small apples", rank=9),
        factories.listing(seller, walnut, title_zh="薄皮核桃", title_en="Thin-shelled walnuts", rank=5),
        factories.listing(seller, pepper, title_zh="花椒", title_en="Pepper", rank=4),
    ]
    db.session.flush()
    return made


def names(text: str) -> list[tuple[str, str]]:
    return [(one.kind.value, one.name_zh) for one in suggest(text)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("苹", [("goods", "苹果"), ("listing", "小苹果"), ("listing", "红富士苹果")]),
        ("ping", [("goods", "苹果"), ("listing", "小苹果"), ("listing", "红富士苹果")]),
        ("pg", [("goods", "苹果")]),
        ("guo", [("category", "水果"), ("goods", "苹果"), ("listing", "小苹果"), ("listing", "红富士苹果")]),
        ("ht", [("goods", "核桃")]),
        ("het", [("goods", "核桃"), ("listing", "薄皮核桃")]),
        ("HETAO", [("goods", "核桃"), ("listing", "薄皮核桃")]),
        ("he tao", [("goods", "核桃"), ("listing", "薄皮核桃")]),
        ("wal", [("goods", "核桃"), ("listing", "薄皮核桃")]),
        ("gra", [("category", "粮食")]),
        ("liang", [("category", "粮食")]),
        ("bai", [("village", "摆泥村")]),
        ("摆", [("village", "摆泥村")]),
        ("花椒", [("goods", "花椒")]),
        ("fuji", [("listing", "红富士苹果")]),
        ("", []),
        ("  ", []),
        ("%", []),
        ("🍎", []),
        ("'; --", []),
        ("zzz", []),
    ],
)
def test_a_started_word_is_completed(shop: list[Listing], typed: str, expected: list[tuple[str, str]]) -> None:
    assert names(typed) == expected


def test_the_most_wanted_stands_first_and_what_begins_so_before_what_has_it_inside(session: Session) -> None:
    def goods(name: str, weight: float) -> Suggestion:
        return Suggestion(Suggested.GOODS, name, name, name.title(), weight)

    words = Vocabulary([goods("梨", 1), goods("荔枝", 5), goods("栗子", 2), goods("毛栗", 9), goods("雪梨", 3)])
    assert [one.name_zh for one in words.beginning("li", 9)] == ["荔枝", "栗子", "梨", "毛栗", "雪梨"]
    assert [one.name_zh for one in words.beginning("li", 2)] == ["荔枝", "栗子"]


def test_what_is_sold_out_is_not_suggested(shop: list[Listing]) -> None:
    for listing in shop[:2]:
        listing.available = Decimal(0)
    db.session.flush()
    assert names("ping") == []
    assert names("het") == [("goods", "核桃"), ("listing", "薄皮核桃")]
