"""What a household lacks, beyond income: ten indicators in three dimensions of equal weight. Pure, no database.

Dimensions and indicators follow the global multidimensional poverty index (Alkire, Kanagaratnam and Suppa 2020) as far as the
standard's fields know them: schooling (completed; attended), health (ill or disabled; insured), living (water, fuel, house,
power, road, food and clothing). Within a dimension each indicator weighs the same. A household whose answers are not all there
has no score: a gap in the file is not a deprivation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from marketplace.kernel.errors import N_

Values = Mapping[str, Any]


@dataclass(frozen=True)
class MemberFacts:
    """What is known of one member: birthday and the year's values."""

    born_on: date
    values: Values


@dataclass(frozen=True)
class Indicator:
    """One thing that a household can lack. ``lacks`` answers None where nobody knows."""

    name: str
    dimension: str
    label: str
    lacks: Callable[[Values, Sequence[MemberFacts], date], bool | None]


def age(born_on: date, day: date) -> int:
    """Full years lived on a day."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def _schooled(household: Values, members: Sequence[MemberFacts], day: date) -> bool | None:
    known = [member.values.get("education") for member in members if age(member.born_on, day) >= 16]
    if any(level in ("junior", "senior", "college") for level in known):
        return False
    return None if None in known or not known else True


def _at_school(household: Values, members: Sequence[MemberFacts], day: date) -> bool | None:
    known = [member.values.get("student") for member in members if 6 <= age(member.born_on, day) < 16]
    if any(answer in ("no", "dropped_out") for answer in known):
        return True
    return None if None in known else False


def _any_member(name: str, bad: tuple[Any, ...]) -> Callable[[Values, Sequence[MemberFacts], date], bool | None]:
    def lacks(household: Values, members: Sequence[MemberFacts], day: date) -> bool | None:
        known = [member.values.get(name) for member in members]
        if any(answer in bad for answer in known if answer is not None):
            return True
        return None if None in known or not known else False

    return lacks


def _household(name: str, bad: tuple[Any, ...]) -> Callable[[Values, Sequence[MemberFacts], date], bool | None]:
    def lacks(household: Values, members: Sequence[MemberFacts], day: date) -> bool | None:
        answer = household.get(name)
        return None if answer is None else answer in bad

    return lacks


def _water(household: Values, members: Sequence[MemberFacts], day: date) -> bool | None:
    source, minutes = household.get("water_source"), household.get("water_minutes")
    if source in ("rain", "river") or (minutes is not None and minutes > 30):
        return True
    if source == "tap":
        return False
    return None if source is None or minutes is None else False


def _food_and_clothing(household: Values, members: Sequence[MemberFacts], day: date) -> bool | None:
    answers = (household.get("food_enough"), household.get("clothing_enough"))
    if False in answers:
        return True
    return None if None in answers else False


INDICATORS = (
    Indicator("schooling", "education", N_("No adult has finished junior middle school"), _schooled),
    Indicator("attendance", "education", N_("A child of school age is not at school"), _at_school),
    Indicator(
        "health", "health", N_("A member is gravely ill or disabled"), _any_member("health", ("grave_illness", "disabled"))
    ),
    Indicator("insurance", "health", N_("A member has no health insurance"), _any_member("health_insured", (False,))),
    Indicator("water", "living", N_("No safe water near the house"), _water),
    Indicator("fuel", "living", N_("Cooks with wood or coal"), _household("fuel", ("wood", "coal"))),
    Indicator("dwelling", "living", N_("The house is dangerous"), _household("dwelling_grade", ("c", "d"))),
    Indicator("power", "living", N_("No electric power"), _household("has_power", (False,))),
    Indicator("road", "living", N_("No road to the house"), _household("road", ("path",))),
    Indicator("food_clothing", "living", N_("Not enough to eat or to wear"), _food_and_clothing),
)


def weights() -> list[float]:
    """The weight of each indicator; the dimensions weigh the same, and they sum to 1.

    >>> [round(weight, 4) for weight in weights()][:5]
    [0.1667, 0.1667, 0.1667, 0.1667, 0.0556]
    """
    dimensions = [indicator.dimension for indicator in INDICATORS]
    share = Fraction(1, len(set(dimensions)))
    return [float(share / dimensions.count(dimension)) for dimension in dimensions]


def lacking(household: Values, members: Sequence[MemberFacts], day: date) -> list[bool | None]:
    """For each indicator, whether the household lacks it; None where the file does not say."""
    return [indicator.lacks(household, members, day) for indicator in INDICATORS]
