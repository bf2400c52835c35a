"""A household's income card step by step: what came in, what producing it is taken to have cost, and what is left a head."""

from datetime import date
from typing import Any

from flask_babel import gettext as _

from marketplace.registry.files import HouseholdFile
from marketplace.registry.incomes import PRODUCE, card_of, missing_parts, year_end
from marketplace.registry.models import Household
from marketplace.registry.standard import BY_NAME
from marketplace.registry.standards import costs_on
from marketplace.web.filters import percent, yuan

# The letters are those of the card of Chuxiong prefecture.
_BESIDE_PRODUCE = {"L": "income_wages_fen", "N": "income_property_fen", "P": "income_transfer_fen"}


def income_card_words(household: Household, whole: HouseholdFile, today: date) -> dict[str, Any]:
    """The lines of the card with the sources of its ratios; no lines and why where it cannot be worked out."""
    persons = sum(member.person.left_on is None for member in whole.members)
    standard = costs_on(household.village_code, year_end(whole.year, today))
    card = card_of(whole.values, persons, standard)
    if card is None or standard is None:
        missing = [_label(name) for name in missing_parts(whole.values)]
        if missing:
            why = _("Not known yet: %(parts)s.", parts=_(", ").join(missing))
        else:
            why = _("Nobody has set the cost ratios for this year here.") if standard is None else _("Nobody is on file.")
        return {"lines": [], "why": why, "source": None}
    beside = {letter: _line(letter, _label(name), whole.values[name]) for letter, name in _BESIDE_PRODUCE.items()}
    costs = [
        _line("R", _("Cost of “%(kind)s”: %(percent)s of it", kind=_label(PRODUCE[kind]), percent=percent(ratio / 100)), fen)
        for kind, fen, ratio in ((kind, fen, standard.percent[kind]) for kind, fen in card.costs_fen.items())
    ]
    lines = [
        beside["L"],
        *(_line("M", _label(PRODUCE[kind]), whole.values[PRODUCE[kind]]) for kind in card.costs_fen),
        beside["N"],
        beside["P"],
        _line("K", _("All income: L + M + N + P"), card.gross_fen, whole=True),
        *costs,
        _line("R", _("All costs"), card.cost_fen, whole=True),
        _line("S", _("Left: K − R"), card.net_fen, whole=True),
        {"letter": "A", "label": _("Members"), "text": str(card.persons), "whole": False},
        _line("T", _("A head: S ÷ A"), card.per_head_fen, whole=True),
    ]
    return {"lines": lines, "why": None, "source": standard.source}


def _label(name: str) -> str:
    return _(BY_NAME[name].label)


def _line(letter: str, label: str, fen: int, *, whole: bool = False) -> dict[str, Any]:
    return {"letter": letter, "label": label, "text": yuan(fen), "whole": whole}
