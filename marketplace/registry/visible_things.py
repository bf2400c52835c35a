"""What anybody who stands in the yard can see of a household: the features of the proxy means test. Pure, no database."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from marketplace.registry.deprivations import MemberFacts, Values, age

NAMES = (
    "members",
    "children_and_old",
    "able_to_work",
    "months_of_work",
    "schooled_adults",
    "ill_or_disabled",
    "land_mu_a_head",
    "fruit_mu_a_head",
    "floor_m2_a_head",
    "dangerous_house",
    "tap_water",
    "clean_fuel",
    "paved_road",
)


def visible_things(household: Values, members: Sequence[MemberFacts], day: date) -> list[float] | None:
    """The features in the order of ``NAMES``; None where the house, its water or its members' work are not described.

    Amounts that nobody has filled in, such as land, count as none: who has some is seen to have it.
    """
    if not members or any(household.get(name) is None for name in ("dwelling_grade", "water_source")):
        return None
    if any(member.values.get("labour") is None for member in members):
        return None
    count = len(members)
    ages = [age(member.born_on, day) for member in members]
    said = [member.values for member in members]
    return [
        float(count),
        sum(each < 16 or each >= 65 for each in ages) / count,
        sum(each["labour"] in ("skilled", "ordinary") for each in said) / count,
        sum(each.get("work_months") or 0 for each in said) / count,
        sum(each.get("education") in ("junior", "senior", "college") for each in said) / count,
        sum(each.get("health") in ("grave_illness", "disabled") for each in said) / count,
        _amount(household, "arable_mu") / count,
        _amount(household, "fruit_mu") / count,
        float(household.get("dwelling_m2") or 0) / count,
        float(household["dwelling_grade"] in ("c", "d")),
        float(household["water_source"] == "tap"),
        float(household.get("fuel") in ("gas", "power", "biogas")),
        float(household.get("road") == "paved"),
    ]


def _amount(household: Values, name: str) -> float:
    return float(Decimal(household.get(name) or 0))
