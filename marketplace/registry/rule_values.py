"""How the value of a rule is written: as a length of time, a fraction, a whole number, rising bounds or a table of numbers.

The form of a rule follows from the value that it has already, so a new rule needs no second description.
"""

import enum
from collections.abc import Mapping
from typing import Any

_LONGEST_TERM_DAYS = 3660
_LARGEST = 10**9
# The largest value of whole numbers whose unit has an end.
_MOST = {"_bp": 10_000, "_percent": 100}
COSTS = ("grain", "tobacco", "livestock", "fruit", "other")


class Form(enum.Enum):
    """The form of a rule's value."""

    TERM = "term"
    FRACTION = "fraction"
    WHOLE = "whole"
    BOUNDS = "bounds"
    # Every name is needed, and numbers may have a fraction.
    TABLE = "table"
    # Ratios of costs by kind of produce, in percent; a kind that is not produced needs none.
    COSTS = "costs"


def form_of(name: str, example: Any) -> Form:
    """The form of a rule, read off a value that it has.

    >>> form_of("notice.exit", {"days": 7}), form_of("entry.quorum", [2, 3]), form_of("export_hours", 24)
    (<Form.TERM: 'term'>, <Form.FRACTION: 'fraction'>, <Form.WHOLE: 'whole'>)
    """
    if name == "cost_percent":
        return Form.COSTS
    if isinstance(example, Mapping):
        return Form.TERM if example.keys() <= {"days", "workdays"} else Form.TABLE
    if isinstance(example, list):
        return Form.FRACTION if len(example) == 2 else Form.BOUNDS
    return Form.WHOLE


def fits(name: str, value: Any, example: Any) -> bool:
    """Whether a rule can have a value, judged by one that it has.

    >>> fits("notice.exit", {"workdays": 5}, {"days": 7}), fits("notice.exit", {"days": 5, "workdays": 5}, {"days": 7})
    (True, False)
    >>> fits("entry.quorum", [3, 2], [2, 3]), fits("entry.check_share_bp", 10_001, 2000)
    (False, False)
    """
    match form_of(name, example):
        case Form.TERM:
            return (
                isinstance(value, Mapping)
                and len(value) == 1
                and all(
                    unit in ("days", "workdays") and _is_whole(days, most=_LONGEST_TERM_DAYS) for unit, days in value.items()
                )
            )
        case Form.FRACTION:
            return isinstance(value, list) and len(value) == 2 and all(map(_is_whole, value)) and 0 < value[0] <= value[1]
        case Form.BOUNDS:
            return (
                isinstance(value, list)
                and 1 <= len(value) <= 20
                and all(map(_is_whole, value))
                and all(low < high for low, high in zip([0, *value], value, strict=False))
            )
        case Form.COSTS:
            return (
                isinstance(value, Mapping)
                and bool(value)
                and value.keys() <= set(COSTS)
                and all(_is_whole(percent, most=100) for percent in value.values())
            )
        case Form.TABLE:
            return (
                isinstance(value, Mapping)
                and value.keys() == example.keys()
                and all(
                    _is_whole(value[name]) if _is_whole(each) else _is_number(value[name]) for name, each in example.items()
                )
            )
    most = next((most for ending, most in _MOST.items() if name.endswith(ending)), _LARGEST)
    return _is_whole(value, most=most) and (value > 0 or not name.endswith("_bp"))


def _is_whole(value: Any, *, most: int = _LARGEST) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LARGEST
