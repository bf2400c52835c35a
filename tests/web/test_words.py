"""How places, units and weights are written in both languages, and that the Chinese catalogue can be compiled."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from babel.messages.pofile import read_po
from flask import Flask

from marketplace.catalogue.models import Unit
from marketplace.web.filters import amount, percent, weight_beside
from marketplace.web.forms import said
from marketplace.web.places import address_line, place_name
from tests.conftest import ROOT

CATALOGUE = ROOT / "marketplace" / "translations" / "zh_Hans" / "LC_MESSAGES" / "messages.po"


@contextmanager
def reading(app: Flask, language: str) -> Iterator[None]:
    with app.test_request_context(headers={"Accept-Language": language}):
        yield


@pytest.mark.parametrize(
    ("official", "in_chinese", "in_english"),
    [
        ("摆拉村委会", "摆拉村", "Baila village"),
        ("孖腊中心村民委员会", "孖腊中心村", "Malazhongxin village"),
        ("内蒙古自治区", "内蒙古自治区", "Inner Mongolia"),
        ("陕西省", "陕西省", "Shaanxi province"),
        ("长白朝鲜族自治县", "长白朝鲜族自治县", "Changbai county"),
        ("东乡族自治县", "东乡族自治县", "Dongxiang county"),
        ("顺化瑶族乡", "顺化瑶族乡", "Shunhua township"),
        ("西安市", "西安市", "Xi'an city"),
        ("市辖区", "市辖区", "Districts of the city"),
    ],
)
def test_places_are_called_what_readers_call_them(app: Flask, official: str, in_chinese: str, in_english: str) -> None:
    with reading(app, "zh"):
        assert place_name(official) == in_chinese
    with reading(app, "en"):
        assert place_name(official) == in_english


def test_an_address_runs_down_in_chinese_and_up_in_english(app: Flask) -> None:
    areas = ["贵州省", "黔东南苗族侗族自治州", "丹寨县"]
    with reading(app, "zh"):
        assert address_line(areas, "龙泉大道1号") == "贵州省 黔东南苗族侗族自治州 丹寨县 龙泉大道1号"
    with reading(app, "en"):
        assert address_line(areas, "龙泉大道1号") == "龙泉大道1号, Danzhai county, Qiandongnan prefecture, Guizhou province"


@pytest.mark.parametrize(
    ("quantity", "unit", "in_chinese", "in_english"),
    [
        ("1", Unit.BOX, "1盒", "1 box"),
        ("2.0", Unit.BUNCH, "2把", "2 bunches"),
        ("0.5", Unit.JIN, "0.5斤", "0.5 jin"),
        ("39", Unit.PIECE, "39个", "39 pieces"),
    ],
)
def test_a_quantity_is_said_with_its_unit(app: Flask, quantity: str, unit: Unit, in_chinese: str, in_english: str) -> None:
    with reading(app, "zh"):
        assert amount(Decimal(quantity), unit) == in_chinese
    with reading(app, "en"):
        assert amount(Decimal(quantity), unit) == in_english


def test_a_weight_stands_beside_a_unit_that_does_not_say_it(app: Flask) -> None:
    with reading(app, "zh"):
        assert [weight_beside(unit, 500) for unit in (Unit.KG, Unit.JIN, Unit.BAG)] == [None, None, 500]
    with reading(app, "en"):
        assert [weight_beside(unit, 500) for unit in (Unit.KG, Unit.JIN, Unit.BAG)] == [None, 500, 500]


def test_small_shares_have_one_more_figure() -> None:
    assert [percent(share) for share in (0, 0.004, 0.0996, 0.1, 1)] == ["0%", "0.4%", "10%", "10%", "100%"]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Missing data for required field.", "Please fill this in."),
        ("Must be one of: a, b.", "Please choose one of the values offered."),
        ("Please choose a unit.", "Please choose a unit."),
    ],
)
def test_what_the_form_library_says_is_said_kindly(app: Flask, theirs: str, ours: str) -> None:
    with reading(app, "en"):
        assert said(theirs) == ours


def test_the_chinese_catalogue_can_be_compiled() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans")
    assert [str(fault) for message in catalogue for fault in message.check(catalogue)] == []
