"""How values are written, to the letter, in both languages."""

from decimal import Decimal

from flask import Flask
from flask_babel import force_locale

from marketplace.web.filters import grams, percent, quantity, unit_price, yuan, yuan_parts


def test_money_is_yuan_with_two_figures_of_fen() -> None:
    assert [yuan(fen) for fen in (0, 5, 123_450, -99)] == ["¥0.00", "¥0.05", "¥1,234.50", "-¥0.99"]
    assert yuan_parts(123_405) == ("1,234", "05")


def test_weights_are_written_as_people_say_them(app: Flask) -> None:
    with app.test_request_context():
        with force_locale("en"):
            assert [grams(weight) for weight in (500, 1361, 2000, 12_500_000)] == ["500 g", "1.36 kg", "2 kg", "12.5 t"]
        with force_locale("zh_Hans"):
            assert [grams(weight) for weight in (500, 1361)] == ["500克", "1.36公斤"]


def test_a_pack_says_what_a_weight_of_it_costs(app: Flask) -> None:
    with app.test_request_context():
        with force_locale("en"):
            assert unit_price(3493, 3629) == "¥9.63/kg"
            assert unit_price(1000, 1000) == ""
        with force_locale("zh_Hans"):
            assert unit_price(3493, 3629) == "¥4.81/斤"
            assert unit_price(1000, 500) == ""


def test_shares_and_quantities_carry_no_idle_figures() -> None:
    assert [percent(share) for share in (0.0, 0.074, 0.3, 1.0)] == ["0%", "7.4%", "30%", "100%"]
    assert [quantity(Decimal(text)) for text in ("2.000", "0.500", "10")] == ["2", "0.5", "10"]
