"""Needs matched with helper units for a whole area: stable, or with the greatest sum of fits. Pure, no database."""

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment


def stable_match(
    wishes: Mapping[int, Sequence[int]], order: Mapping[int, Mapping[int, float]], quotas: Mapping[int, int]
) -> dict[int, int]:
    """Deferred acceptance with quotas (Gale and Shapley 1962): each need gets the best it can have in any stable match.

    Parameters
    ----------
    wishes : mapping of need to sequence of helper
        The helpers that suit a need, the best first.
    order : mapping of helper to mapping of need to float
        How much a helper prefers each need; of equals it takes the need with the smaller number.
    quotas : mapping of helper to int
        How many needs it takes.

    Returns
    -------
    dict of need to helper
        A need that no helper is left for is absent.

    Examples
    --------
    Both needs want helper 7, who prefers the second and takes one.

    >>> stable_match({1: [7, 8], 2: [7]}, {7: {1: 0.1, 2: 0.9}, 8: {1: 0.5}}, {7: 1, 8: 1})
    {1: 8, 2: 7}
    """
    held: dict[int, list[int]] = {helper: [] for helper in quotas}
    asked = dict.fromkeys(wishes, 0)
    waiting = deque(sorted(wishes))
    while waiting:
        need = waiting.popleft()
        if asked[need] >= len(wishes[need]):
            continue
        helper = wishes[need][asked[need]]
        asked[need] += 1
        held[helper].append(need)
        if len(held[helper]) > quotas[helper]:
            last = max(held[helper], key=lambda each: (-order[helper][each], each))
            held[helper].remove(last)
            waiting.append(last)
    return dict(sorted((need, helper) for helper, needs in held.items() for need in needs))


def blocking_pairs(
    matched: Mapping[int, int],
    wishes: Mapping[int, Sequence[int]],
    order: Mapping[int, Mapping[int, float]],
    quotas: Mapping[int, int],
) -> list[tuple[int, int]]:
    """The pairs of need and helper that would rather have one another than what a match gives them; none in a stable one.

    >>> blocking_pairs({1: 7}, {1: [7, 8], 2: [7]}, {7: {1: 0.1, 2: 0.9}, 8: {1: 0.5}}, {7: 1, 8: 1})
    [(2, 7)]
    """
    held: dict[int, list[int]] = {helper: [] for helper in quotas}
    for need, helper in matched.items():
        held[helper].append(need)
    found = []
    for need, liked in wishes.items():
        for helper in liked:
            if matched.get(need) == helper:
                break
            key = (-order[helper][need], need)
            if quotas[helper] and (
                len(held[helper]) < quotas[helper] or any((-order[helper][each], each) > key for each in held[helper])
            ):
                found.append((need, helper))
    return found


def best_sum_match(fits: Mapping[int, Mapping[int, float]], quotas: Mapping[int, int]) -> dict[int, int]:
    """The match with the greatest sum of fits, by the assignment problem with each helper as often as its quota.

    Parameters
    ----------
    fits : mapping of need to mapping of helper to float
        Above nothing; a helper that does not suit is absent.

    Examples
    --------
    Helper 7 is a little better for the first need and all that suits the second.

    >>> best_sum_match({1: {7: 0.9, 8: 0.8}, 2: {7: 0.5}}, {7: 1, 8: 1})
    {1: 8, 2: 7}
    """
    needs = sorted(fits)
    seats = [helper for helper in sorted(quotas) for _ in range(min(quotas[helper], len(needs)))]
    if not needs or not seats:
        return {}
    worth = np.array([[fits[need].get(helper, 0.0) for helper in seats] for need in needs])
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return {needs[row]: seats[column] for row, column in zip(rows, columns, strict=True) if worth[row, column] > 0}
