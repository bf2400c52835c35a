"""What each member of a household does: school, health, work, insurance. Pure, numpy.

Values are numbers in the standard's list of choices of their field, as int64 (persons,). All shares are assumed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketplace.demo.households.families import Bools, Families, Floats, Ints
from marketplace.registry.standard import BY_NAME

NONE, PRIMARY, JUNIOR, SENIOR, COLLEGE = range(5)
NO, PRESCHOOL, IN_PRIMARY, IN_JUNIOR, IN_SENIOR, IN_COLLEGE, DROPPED_OUT = range(7)
HEALTHY, LONG_ILLNESS, GRAVE_ILLNESS, DISABLED = range(4)
SKILLED, ORDINARY, WEAK, NOT_ABLE = range(4)
NOWHERE, FARM, COUNTY, PROVINCE, OUTSIDE = range(5)
# Shares of those who completed nothing, primary, junior, senior, college, by year of birth before which; men, women.
_SCHOOLED = (
    (1950, (0.50, 0.38, 0.10, 0.02, 0.0), (0.80, 0.17, 0.03, 0.0, 0.0)),
    (1970, (0.14, 0.46, 0.33, 0.06, 0.01), (0.38, 0.45, 0.15, 0.02, 0.0)),
    (1990, (0.03, 0.31, 0.54, 0.09, 0.03), (0.09, 0.42, 0.42, 0.05, 0.02)),
    (9999, (0.01, 0.08, 0.50, 0.24, 0.17), (0.01, 0.10, 0.47, 0.25, 0.17)),
)
# Months of paid work in a year, from and to, by where.
_MONTHS = np.array([(0, 0), (0, 0), (3, 10), (6, 11), (8, 12)])


@dataclass(frozen=True)
class Lives:
    """What is known of the members, each array int64 or bool (persons,)."""

    education: Ints
    student: Ints
    health: Ints
    labour: Ints
    work_place: Ints
    work_months: Ints
    health_insured: Bools
    pension_insured: Bools


def choices(field: str) -> tuple[str, ...]:
    """The values that numbers of a field stand for."""
    return tuple(value for value, _ in BY_NAME[field].choices)


def students(families: Families, rng: np.random.Generator) -> Ints:
    """Who is at school, by age: all of the compulsory ages but very few, and fewer before and after."""
    age, draw = families.years, rng.random(len(families.household))
    ages = [(age >= 3) & (age < 6), (age >= 6) & (age < 12), (age >= 12) & (age < 15), (age >= 15) & (age < 18)]
    young = families.is_relation("child") | families.is_relation("grandchild")
    ages = [those & young for those in [*ages, (age >= 18) & (age < 22)]]
    shares = [0.9, 1.0, 0.997, 0.9, 0.4]
    schools = [PRESCHOOL, IN_PRIMARY, IN_JUNIOR, IN_SENIOR, IN_COLLEGE]
    goes = np.select(ages, [np.where(draw < share, school, NO) for share, school in zip(shares, schools, strict=True)], NO)
    return np.where(ages[2] & (goes == NO), DROPPED_OUT, goes)


def make_lives(families: Families, student: Ints, ill: Ints, disabled: Ints, last_year: int, rng: np.random.Generator) -> Lives:
    """Give everybody schooling, health and work.

    Parameters
    ----------
    student : int64 (persons,)
        As ``students`` made it.
    ill, disabled : int64
        Numbers of the households that are poor because of an illness, or a disability: each gets at least one such member.
    """
    number, age = len(families.household), families.years
    education = _education(families, student, last_year, rng)
    health = _health(families, student, ill, disabled, rng)
    labour = _labour(age, education, student, health, rng)
    able = (labour == SKILLED) | (labour == ORDINARY)
    draw = rng.random(number)
    paid = np.select([draw < 0.34, draw < 0.55, draw < 0.69], [FARM, COUNTY, PROVINCE], OUTSIDE)
    place = np.where(able, paid, np.where((labour == WEAK) & (draw < 0.7), FARM, NOWHERE))
    lowest, highest = _MONTHS[place].T
    months = lowest + (rng.random(number) * (highest - lowest + 1)).astype(np.int64)
    return Lives(
        education,
        student,
        health,
        labour,
        place,
        months,
        rng.random(number) < 0.985,
        (age >= 16) & (student == NO) & (rng.random(number) < 0.88),
    )


def _education(families: Families, student: Ints, last_year: int, rng: np.random.Generator) -> Ints:
    born, draw = last_year - families.years, rng.random(len(families.household))
    cohort = np.searchsorted([before for before, _, _ in _SCHOOLED[:-1]], born, side="right")
    shares = np.array([(women, men) for _, men, women in _SCHOOLED])
    limits = shares.cumsum(axis=2)[cohort, families.male.astype(np.int64)]
    grown = np.minimum((draw[:, None] > limits).sum(axis=1), COLLEGE)
    # Who is at a school has completed the one before it; who has left early has not completed the compulsory one.
    at_school = np.select(
        [student == IN_JUNIOR, student == IN_SENIOR, student == IN_COLLEGE, student == DROPPED_OUT],
        [PRIMARY, JUNIOR, SENIOR, PRIMARY],
        NONE,
    )
    left_young = np.minimum(grown, np.where(families.years < 19, JUNIOR, COLLEGE))
    return np.where((student != NO) | (families.years < 15), at_school, left_young)


def _health(families: Families, student: Ints, ill: Ints, disabled: Ints, rng: np.random.Generator) -> Ints:
    draw, old = rng.random(len(families.household)), families.years >= 60
    limits = np.where(old[:, None], [0.13, 0.155, 0.215], [0.013, 0.017, 0.031]).T
    health = np.select([draw < limit for limit in limits], [LONG_ILLNESS, GRAVE_ILLNESS, DISABLED], HEALTHY)
    # An illness that makes a household poor is a grown-up's more often than not, a student's hardly ever.
    weight = rng.random(len(draw)) * np.select([student != NO, families.years < 15], [0.05, 0.1], 1.0)
    for households, kinds in ((ill, (LONG_ILLNESS, GRAVE_ILLNESS)), (disabled, (DISABLED, DISABLED))):
        member = _one_of_each(families, households, weight)
        health[member] = np.where(rng.random(len(member)) < 0.55, *kinds)
    return health


def _one_of_each(families: Families, households: Ints, weight: Floats) -> Ints:
    """The member of the greatest weight of each household."""
    last = np.cumsum(families.sizes) - 1
    # Sorted by household and, within one, by weight, the heaviest stands last.
    order = np.lexsort((weight, families.household))
    return order[last[households]]


def _labour(age: NDArray[np.int64], education: Ints, student: Ints, health: Ints, rng: np.random.Generator) -> Ints:
    draw = rng.random(len(age))
    skilled = (education >= JUNIOR) & (draw < 0.22)
    return np.select(
        [
            (age < 16) | ((student != NO) & (student != DROPPED_OUT)) | (health == GRAVE_ILLNESS) | (age >= 75),
            (health == DISABLED) & (draw < 0.5),
            (age >= 60) & ((age < 68) | (draw < 0.4)),
            age >= 60,
            health != HEALTHY,
            skilled,
        ],
        [NOT_ABLE, NOT_ABLE, WEAK, NOT_ABLE, WEAK, SKILLED],
        ORDINARY,
    )
