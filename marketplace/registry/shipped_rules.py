"""The rules that come with the program, one row for each value: where it holds, from which day on, and who says so.

A province sets its own as a ``RuleChange`` (``registry.rules``); these hold where it has not.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Rule:
    """A value from a day on, in an area (empty for the nation)."""

    name: str
    area_code: str
    begins_on: date
    value: Any
    source: str


_BEGINNING = date(2013, 1, 1)
_OWN = "A parameter of this system; a province sets its own"

# How poor: the four numbers and where they part.
MEASURES = (
    # Two fifths of the population between two numbers, or opposite verdicts each a tenth clear of the line.
    Rule("disagreement_most_apart_percent", "", _BEGINNING, 40, _OWN),
    Rule("disagreement_clear_by_percent", "", _BEGINNING, 10, _OWN),
    Rule("disagreement_visit_days", "", _BEGINNING, 30, _OWN),
    Rule("deprivation_cutoff", "", _BEGINNING, [1, 3], "UNDP and OPHI, global multidimensional poverty index: one third"),
)

SHIPPED: tuple[Rule, ...] = (*MEASURES,)
