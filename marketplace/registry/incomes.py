"""A household's income card from the values of its file."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from marketplace.registry.measures.income_card import CostStandard, IncomeCard, income_card

# The kinds of produce on the card, by the field that holds what they brought.
PRODUCE = {
    "grain": "income_grain_fen",
    "tobacco": "income_tobacco_fen",
    "livestock": "income_livestock_fen",
    "fruit": "income_fruit_fen",
    "other": "income_other_business_fen",
}
_OTHER_PARTS = ("income_wages_fen", "income_property_fen", "income_transfer_fen")


def missing_parts(values: Mapping[str, Any]) -> list[str]:
    """The income fields that nobody has filled in; 0 is an answer, nothing is none."""
    return [name for name in (*_OTHER_PARTS, *PRODUCE.values()) if values.get(name) is None]


def card_of(values: Mapping[str, Any], persons: int, standard: CostStandard | None) -> IncomeCard | None:
    """The card of a year's values; None while a part is unknown, nobody is on file, or no cost ratios are set."""
    if standard is None or persons < 1 or missing_parts(values):
        return None
    produce = {kind: values[name] for kind, name in PRODUCE.items() if kind in standard.percent}
    return income_card(
        wages_fen=values["income_wages_fen"],
        produce_fen=produce,
        property_fen=values["income_property_fen"],
        transfers_fen=values["income_transfer_fen"],
        persons=persons,
        standard=standard,
    )


def year_end(year: int, today: date) -> date:
    """The day that judges a year's income: its last, or today while it runs."""
    return min(date(year, 12, 31), today)
