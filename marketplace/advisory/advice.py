"""Cards of advice for goods and a month: written by us from the sources that each names. No database.

The cards come with the program as ``data/advice.toml``; one that is not whole keeps the program from starting.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Card:
    """What a season asks for: goods by their slugs, months from 1 to 12, what to do in both languages, and who says so."""

    slugs: frozenset[str]
    months: tuple[int, ...]
    title: str
    words: str
    title_en: str
    words_en: str
    source: str


@cache
def all_cards() -> tuple[Card, ...]:
    """Every card, in the order of the file.

    Raises
    ------
    ValueError
        For a card without its goods, months, words or source.
    """
    text = files("marketplace.advisory").joinpath("data/advice.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["card"]
    cards = tuple(Card(**{**row, "slugs": frozenset(row["slugs"]), "months": tuple(row["months"])}) for row in rows)
    for card in cards:
        whole = all((card.slugs, card.title, card.words, card.title_en, card.words_en, card.source))
        if not whole or not card.months or not set(card.months) <= set(range(1, 13)):
            raise ValueError(f"the card {card.title} is not whole")
    return cards


def cards_for(month: int, slugs: frozenset[str] = frozenset()) -> list[Card]:
    """The cards of a month, those of one's own goods first.

    >>> cards_for(7, frozenset({"blueberry"}))[0].title_en
    'Blueberries: pick in the morning, cool within two hours'
    """
    return sorted((card for card in all_cards() if month in card.months), key=lambda card: not card.slugs & slugs)
