"""All households at once: as near as can be by an independent solver, none over quota, none without a helper."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from marketplace.assistance.duty.assigning import Office, assign, common_digits
from marketplace.assistance.needs.matching import best_sum_match, blocking_pairs, stable_match

# What a meeting costs by the digits in common; any that rise as the area grows lead to the same.
COST = {12: 0, 9: 1, 6: 3, 4: 9, 2: 20, 0: 50}


def made(seed: int, households: int) -> tuple[dict[int, str], dict[int, Office]]:
    rng = np.random.default_rng(seed)
    villages = [f"52263{county}{township}00{village:03d}" for county in (6, 7) for township in (1, 2) for village in range(4)]
    homes = {number: str(rng.choice(villages)) for number in range(households)}
    places: dict[int, Office] = {}
    while sum(office.free for office in places.values()) < households:
        quota = int(rng.integers(1, 9))
        code = str(rng.choice(villages))[: int(rng.choice([12, 12, 9, 6]))]
        places[100 + len(places)] = Office(code, int(rng.integers(0, quota + 1)), quota)
    return homes, places


@pytest.mark.parametrize("seed", range(20))
def test_no_assignment_costs_less(seed: int) -> None:
    homes, places = made(seed, 60)
    given = assign(homes, places)
    seats = [number for number, office in places.items() for _ in range(office.free)]
    costs = np.array([[COST[common_digits(places[seat].area_code, homes[home])] for seat in seats] for home in homes])
    rows, columns = linear_sum_assignment(costs)
    assert given.keys() == homes.keys()
    assert sum(COST[each.near] for each in given.values()) == costs[rows, columns].sum()
    assert all(common_digits(places[each.officer].area_code, homes[home]) == each.near for home, each in given.items())
    for number, office in places.items():
        assert sum(each.officer == number for each in given.values()) <= office.free


def test_the_households_of_a_village_are_shared_by_its_officers_as_their_quotas_are() -> None:
    homes = dict.fromkeys(range(12), "522636100001")
    given = assign(homes, {1: Office("522636100001", 8, 8), 2: Office("522636100001", 4, 4), 3: Office("522636100001", 4, 4)})
    assert [sum(each.officer == officer for each in given.values()) for officer in (1, 2, 3)] == [6, 3, 3]


def test_the_order_in_which_they_come_changes_nothing() -> None:
    homes, places = made(3, 40)
    assert assign(dict(reversed(homes.items())), places) == assign(homes, places)


def test_where_places_are_too_few_as_many_as_there_are_find_one() -> None:
    given = assign({1: "522636100001", 2: "522636100001"}, {7: Office("45", 1, 4)})
    assert [(home, each.near) for home, each in given.items()] == [(1, 0)]


@pytest.mark.parametrize("seed", range(20))
def test_a_stable_match_has_no_blocking_pair_and_the_other_no_smaller_sum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fits = {need: {unit: float(rng.random()) + 0.01 for unit in range(12) if rng.random() < 0.5} for need in range(40)}
    order = {unit: {need: float(rng.random()) for need in range(40)} for unit in range(12)}
    quotas = {unit: int(rng.integers(0, 5)) for unit in range(12)}
    wishes = {need: sorted(own, key=lambda unit: -own[unit]) for need, own in fits.items()}
    stable = stable_match(wishes, order, quotas)
    assert blocking_pairs(stable, wishes, order, quotas) == []
    best = best_sum_match(fits, quotas)
    assert sum(fits[need][unit] for need, unit in best.items()) >= sum(fits[need][unit] for need, unit in stable.items()) - 1e-9
    for matched in (stable, best):
        assert all(list(matched.values()).count(unit) <= quotas[unit] for unit in quotas)
