"""What a controller remembers: a flat table of named sums that anybody can add to.

Every entry is a plain sum, so deltas of several processes may be added in any order, any number of processes at a
time, by a database that knows nothing but ``value = value + delta``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

from recommender.policy import InvalidControllerStateError

# A request asks for hundreds of names; making each anew would cost more than the ranking.
NAMES_KEPT = 200_000

FORMAT = "format"
FORMAT_NUMBER = 1.0

REQUESTS = "requests"
EXPOSURE = "exposure"
REGISTERED_EXPOSURE = "registered_exposure"
EXPECTED_SALES = "expected_sales"
REGISTERED_SALES = "registered_sales"
START_EXPOSURE = "start:exposure"
START_SALES = "start:sales"
# The entries of a policy without areas and floors.
POLICY_SUMS = (
    REQUESTS,
    EXPOSURE,
    REGISTERED_EXPOSURE,
    EXPECTED_SALES,
    REGISTERED_SALES,
    START_EXPOSURE,
    START_SALES,
)

State = dict[str, float]


@lru_cache(maxsize=NAMES_KEPT)
def area_exposure(area: int) -> str:
    """Name the exposure all goods of an area received."""
    return f"area:{area}:exposure"


@lru_cache(maxsize=NAMES_KEPT)
def area_registered(area: int) -> str:
    """Name the exposure registered households' goods of an area received."""
    return f"area:{area}:registered_exposure"


@lru_cache(maxsize=NAMES_KEPT)
def household_registered(seller: int) -> str:
    """Name the exposure a household's goods received."""
    return f"household:{seller}:registered_exposure"


@lru_cache(maxsize=NAMES_KEPT)
def start_area(area: int) -> str:
    """Name the multiplier an area begins the period with."""
    return f"start:area:{area}"


@lru_cache(maxsize=NAMES_KEPT)
def start_household(seller: int) -> str:
    """Name the multiplier a household begins the period with."""
    return f"start:household:{seller}"


def areas_in(state: Mapping[str, float]) -> list[int]:
    """Return the area numbers a state has entries for, ascending.

    >>> areas_in({"area:7:exposure": 1.0, "area:7:registered_exposure": 0.5, "requests": 1.0})
    [7]
    """
    return sorted({int(name.split(":")[1]) for name in state if name.startswith("area:")})


def apply_delta(state: Mapping[str, float], delta: Mapping[str, float]) -> State:
    """Add a delta to a state, entry by entry; an entry the state lacks begins at 0.

    Raises
    ------
    InvalidControllerStateError
        Either holds something else than named finite numbers, or the state is of another format.

    Examples
    --------
    >>> apply_delta({"format": 1.0, "requests": 2.0}, {"requests": 1.0, "exposure": 4.5})
    {'format': 1.0, 'requests': 3.0, 'exposure': 4.5}
    """
    total = checked_state(state)
    for name, value in checked_entries(delta).items():
        if name == FORMAT:
            raise InvalidControllerStateError("a delta names no format; this looks like a whole state")
        total[name] = total.get(name, 0.0) + value
    return total


def checked_state(state: Mapping[str, float]) -> State:
    """Copy a state, refusing what this version cannot read."""
    entries = checked_entries(state)
    if entries.get(FORMAT) != FORMAT_NUMBER:
        raise InvalidControllerStateError(f"controller state has format {entries.get(FORMAT)}, not {FORMAT_NUMBER}")
    return entries


def checked_entries(entries: Mapping[str, float]) -> State:
    """Copy named numbers, refusing names that are not text and numbers that are not finite."""
    if not isinstance(entries, Mapping):
        raise InvalidControllerStateError(f"expected named numbers, not {type(entries).__name__}")
    for name, value in entries.items():
        if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidControllerStateError(f"entry {name!r} is not a named number: {value!r}")
        if not math.isfinite(value):
            raise InvalidControllerStateError(f"entry {name!r} is not finite: {value!r}")
    return {name: float(value) for name, value in entries.items()}
