"""Who answers for which household, for all at once: as near as can be, none over quota. Pure, no database.

Nearness is the tree of areas: an officer and a household meet in the smallest area that holds the office and the village. Such
a distance is an ultrametric, and under it filling each area from the smallest upwards is optimal: within an area of any size
as many households as there are free places find a helper, and no choice made inside it changes how many are left outside.
So for every size of area at once the most households have their helper within it, whatever the costs of the sizes are.
"""

import heapq
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from marketplace.regions.models import Level

_SIZES = (*sorted((int(level) for level in Level), reverse=True), 0)


@dataclass(frozen=True)
class Office:
    """Where an officer's office is, and how many households they may still take."""

    area_code: str
    free: int
    # What the share of their quota in use is reckoned by; those with the least take the next.
    quota: int


@dataclass(frozen=True)
class Given:
    """A household's officer, and the digits of area code that office and village have in common."""

    officer: int
    near: int


def assign(villages: Mapping[int, str], offices: Mapping[int, Office]) -> dict[int, Given]:
    """A first helper for each household, as far as there are places.

    Parameters
    ----------
    villages : mapping of household to 12-digit code
    offices : mapping of officer to Office

    Returns
    -------
    dict of household to Given
        Every household, if the free places suffice; else as many as there are places.

    Examples
    --------
    Two households and an officer with one place in the village; the other comes to the township's.

    >>> found = assign({1: "522636100001", 2: "522636100001"}, {7: Office("522636100001", 1, 4), 8: Office("522636100", 6, 6)})
    >>> found[1], found[2]
    (Given(officer=7, near=12), Given(officer=8, near=9))
    """
    waiting = dict(sorted(villages.items()))
    free = {officer: office.free for officer, office in offices.items() if office.free > 0}
    given: dict[int, Given] = {}
    for size in _SIZES:
        homes: dict[str, list[int]] = defaultdict(list)
        for household, village in waiting.items():
            homes[village[:size]].append(household)
        seats: dict[str, list[tuple[float, int]]] = defaultdict(list)
        for officer, places in free.items():
            office = offices[officer]
            if places and len(office.area_code) >= size:
                seats[office.area_code[:size]].append((1 - places / office.quota, officer))
        for area, households in homes.items():
            queue = seats.get(area, [])
            heapq.heapify(queue)
            for household in households:
                if not queue:
                    break
                _, officer = heapq.heappop(queue)
                given[household] = Given(officer, size)
                del waiting[household]
                free[officer] -= 1
                if free[officer]:
                    heapq.heappush(queue, (1 - free[officer] / offices[officer].quota, officer))
    return given


def common_digits(area_code: str, village_code: str) -> int:
    """The code length of the smallest area that holds both.

    >>> common_digits("522636100", "522636100001"), common_digits("522636100002", "522636100001"), common_digits("45", "52")
    (9, 9, 0)
    """
    return next(size for size in _SIZES if len(area_code) >= size and area_code[:size] == village_code[:size])
