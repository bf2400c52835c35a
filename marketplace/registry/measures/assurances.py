"""Two assurances and three guarantees: food and clothing; schooling, basic health care, safe housing, and water to drink.

A household leaves poverty only where all are met, whatever its income. What nobody has looked at is *unknown*, which is neither
met nor unmet: it keeps a household from being called out of poverty, and is no reason to call it poor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from marketplace.registry.measures.dated import in_force


class Assurance(StrEnum):
    """What a household must be sure of."""

    FOOD = "food"
    CLOTHING = "clothing"
    SCHOOLING = "schooling"
    HEALTH_CARE = "health_care"
    HOUSING = "housing"
    WATER = "water"


class Answer(StrEnum):
    """Whether something is met."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AssuranceStandard:
    """From when on housing is safe and water is enough.

    Attributes
    ----------
    scope_code : str
        Code of the area it is for, "" for the whole country.
    first_day, last_day : date
        The days it judges; an open end is None.
    safe_grades : frozenset of str
        Grades of a dwelling, A the best to D, that are safe.
    least_water_l_per_person_day : float
        Litres for a person and day.
    most_carry_minutes : float
        Minutes to fetch it, there and back.
    source : str
        Where it is written.
    """

    scope_code: str
    first_day: date
    last_day: date | None
    safe_grades: frozenset[str]
    least_water_l_per_person_day: float
    most_carry_minutes: float
    source: str


GRADES = frozenset("ABCD")
ASSURANCE_STANDARDS: tuple[AssuranceStandard, ...] = (
    AssuranceStandard(
        scope_code="",
        first_day=date(2011, 1, 1),
        last_day=None,
        safe_grades=frozenset("AB"),
        least_water_l_per_person_day=35.0,
        most_carry_minutes=30.0,
        source="Outline for 2011-2020: two assurances, three guarantees, with the criteria for dangerous rural housing and for"
        " drinking water in the exit checks",
    ),
)


def assurance_standard(
    day: date, area_code: str, standards: tuple[AssuranceStandard, ...] = ASSURANCE_STANDARDS
) -> AssuranceStandard:
    """Return the standard of a day in an area.

    Raises
    ------
    NotInForceError
        If there is none.

    Examples
    --------
    >>> assurance_standard(date(2018, 1, 1), "522636").least_water_l_per_person_day
    35.0
    """
    return in_force("standard of the assurances", standards, day, area_code)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What was seen or told of a household; None is what nobody knows.

    Attributes
    ----------
    has_enough_food, has_clothes_for_the_season : bool or None
        The two assurances.
    children_attend_school : bool or None
        All of school age do; True where there are none.
    has_basic_health_insurance : bool or None
        All members have.
    dwelling_grade : str or None
        "A" (sound) to "D" (dangerous as a whole).
    water_l_per_person_day, carry_minutes : float or None
        How much water there is, and how long it takes to fetch it.
    """

    has_enough_food: bool | None = None
    has_clothes_for_the_season: bool | None = None
    children_attend_school: bool | None = None
    has_basic_health_insurance: bool | None = None
    dwelling_grade: str | None = None
    water_l_per_person_day: float | None = None
    carry_minutes: float | None = None

    def __post_init__(self) -> None:
        """Refuse a grade that does not exist and amounts that cannot be."""
        if self.dwelling_grade is not None and self.dwelling_grade not in GRADES:
            raise ValueError(f"dwelling_grade: A, B, C or D is needed, not {self.dwelling_grade!r}")
        for name in ("water_l_per_person_day", "carry_minutes"):
            amount = getattr(self, name)
            if amount is not None and not (amount >= 0 and np.isfinite(amount)):
                raise ValueError(f"{name}: a number that is not negative is needed, not {amount}")


def assurances(conditions: Conditions, standard: AssuranceStandard) -> dict[Assurance, Answer]:
    """Return for each assurance whether it is met.

    Water needs two things. One that is short is enough for unmet, whatever the other is.

    Examples
    --------
    >>> seen = Conditions(has_enough_food=True, dwelling_grade="C", water_l_per_person_day=20.0)
    >>> found = assurances(seen, assurance_standard(date(2018, 1, 1), "522636"))
    >>> [found[part].value for part in (Assurance.FOOD, Assurance.HOUSING, Assurance.WATER, Assurance.SCHOOLING)]
    ['met', 'unmet', 'unmet', 'unknown']
    """
    grade, litres, minutes = conditions.dwelling_grade, conditions.water_l_per_person_day, conditions.carry_minutes
    enough = None if litres is None else litres >= standard.least_water_l_per_person_day
    near = None if minutes is None else minutes <= standard.most_carry_minutes
    return {
        Assurance.FOOD: _answer(conditions.has_enough_food),
        Assurance.CLOTHING: _answer(conditions.has_clothes_for_the_season),
        Assurance.SCHOOLING: _answer(conditions.children_attend_school),
        Assurance.HEALTH_CARE: _answer(conditions.has_basic_health_insurance),
        Assurance.HOUSING: _answer(None if grade is None else grade in standard.safe_grades),
        Assurance.WATER: together([_answer(enough), _answer(near)]),
    }


def together(answers: Iterable[Answer]) -> Answer:
    """Return whether all are met: unmet where one is, else unknown where one is (Kleene's logic of three values).

    Examples
    --------
    >>> together([Answer.MET, Answer.UNKNOWN]).value, together([Answer.UNMET, Answer.UNKNOWN]).value
    ('unknown', 'unmet')
    """
    found = set(answers)
    for worst in (Answer.UNMET, Answer.UNKNOWN):
        if worst in found:
            return worst
    return Answer.MET


def _answer(met: bool | None) -> Answer:
    if met is None:
        return Answer.UNKNOWN
    return Answer.MET if met else Answer.UNMET
