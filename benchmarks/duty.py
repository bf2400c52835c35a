"""First helpers for a county at once, in the numbers of Fengshan: ``python -m benchmarks.duty``.

3,134 officers and 11,785 households in 98 made villages of nine townships (seeded): three officers in a hundred sit in the
county, a fifth in townships, the rest in villages, with ranks so that there are just a few more places than households. Shown
are the processor time, who is over quota and without a helper (nobody), and how near helpers are. Beside it in the same run the
greedy way, each household in the order of its number taking the nearest officer who is free, and the least cost by linear
programming (HiGHS) over places and villages, which must be that of the plan.
"""

import time
from collections import Counter

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from marketplace.assistance.duty.assigning import Office, assign, common_digits

OFFICERS, HOUSEHOLDS, VILLAGES, TOWNSHIPS = 3_134, 11_785, 98, 9
COUNTY = "451223"
COST = {12: 0.0, 9: 1.0, 6: 4.0}


def made_county(seed: int = 1) -> tuple[dict[int, str], dict[int, Office]]:
    """Households by village and officers by place."""
    rng = np.random.default_rng(seed)
    villages = [f"{COUNTY}{100 + number % TOWNSHIPS}{200 + number}" for number in range(VILLAGES)]
    crowd = rng.dirichlet(np.full(VILLAGES, 4.0))
    homes = {number: villages[at] for number, at in enumerate(rng.choice(VILLAGES, HOUSEHOLDS, p=crowd))}
    quotas = rng.choice([8, 7, 6, 5, 4], OFFICERS, p=[0.002, 0.006, 0.02, 0.04, 0.932])
    level = rng.choice([6, 9, 12], OFFICERS, p=[0.03, 0.2, 0.77])
    seats = rng.choice(villages, OFFICERS)
    return homes, {
        number: Office(str(seats[number])[: level[number]], int(quotas[number]), int(quotas[number]))
        for number in range(OFFICERS)
    }


def greedy(homes: dict[int, str], offices: dict[int, Office]) -> dict[int, int]:
    """The digits in common that each household gets when it takes the nearest officer who is still free, one after another."""
    seats = sorted((number, office) for number, office in offices.items())
    free = {number: office.free for number, office in seats}
    by_place: dict[str, list[int]] = {}
    for number, office in seats:
        by_place.setdefault(office.area_code, []).append(number)
    near = {}
    for home, village in homes.items():
        open_places = [place for place, numbers in by_place.items() if numbers]
        place = max(open_places, key=lambda each: (common_digits(each, village), each))
        number = by_place[place][0]
        near[home] = common_digits(place, village)
        free[number] -= 1
        if not free[number]:
            by_place[place].pop(0)
    return near


def least_cost(homes: dict[int, str], offices: dict[int, Office]) -> float:
    """The least cost of meeting, by a linear program over places and villages."""
    need, free = Counter(homes.values()), Counter[str]()
    for office in offices.values():
        free[office.area_code] += office.free
    places, villages = sorted(free), sorted(need)
    costs = [COST[common_digits(place, village)] for place in places for village in villages]
    number = np.arange(len(costs))
    ones = np.ones(len(costs))
    by_place = coo_array((ones, (number // len(villages), number)))
    by_village = coo_array((ones, (number % len(villages), number)))
    found = linprog(
        costs,
        A_ub=by_place,
        b_ub=[free[place] for place in places],
        A_eq=by_village,
        b_eq=[need[village] for village in villages],
        method="highs",
    )
    return float(found.fun)


def main() -> None:
    """Print one line for each number."""
    homes, offices = made_county()
    begun = time.process_time()
    given = assign(homes, offices)
    spent = time.process_time() - begun
    load = Counter(each.officer for each in given.values())
    print(f"officers {len(offices):,}, places {sum(office.free for office in offices.values()):,}, households {len(homes):,}")
    print(f"processor time {spent:.3f} s")
    print(f"without a first helper {len(homes) - len(given)}, over quota {sum(load[n] > offices[n].quota for n in load)}")
    print("digits in common:", dict(sorted(Counter(each.near for each in given.values()).items(), reverse=True)))
    begun = time.process_time()
    nearest = greedy(homes, offices)
    spent = time.process_time() - begun
    counts = dict(sorted(Counter(nearest.values()).items(), reverse=True))
    print(
        f"greedy: processor time {spent:.3f} s, digits in common: {counts}, cost {sum(COST[n] for n in nearest.values()):,.0f}"
    )
    cost = sum(COST[each.near] for each in given.values())
    print(f"cost {cost:,.0f}, least by linear programming {least_cost(homes, offices):,.0f}")


if __name__ == "__main__":
    main()
