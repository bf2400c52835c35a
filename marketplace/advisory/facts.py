"""The facts of a household's file on which an article can rest. Pure, no database.

A fact is said only where the file says it: what nobody knows is no fact.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from marketplace.kernel.errors import N_

PENSION_AGE = 60


@dataclass(frozen=True)
class Somebody:
    """A member as far as facts are about them."""

    born_on: date
    values: Mapping[str, Any]


# Facts of a member, each with the words for it.
_OF_MEMBER: dict[str, tuple[str, Callable[[Somebody, date], bool]]] = {
    "pupil": (
        N_("somebody in the household goes to school"),
        lambda one, day: one.values.get("student") in ("preschool", "primary", "junior", "senior"),
    ),
    "boarder_age": (
        N_("somebody in the household goes to primary or junior school"),
        lambda one, day: one.values.get("student") in ("primary", "junior"),
    ),
    "student": (N_("somebody in the household studies at a college"), lambda one, day: one.values.get("student") == "college"),
    "long_illness": (
        N_("somebody in the household has a long or grave illness"),
        lambda one, day: one.values.get("health") in ("long_illness", "grave_illness"),
    ),
    "disabled": (N_("somebody in the household is disabled"), lambda one, day: one.values.get("health") == "disabled"),
    "elderly": (N_("somebody in the household is 60 or older"), lambda one, day: _age(one.born_on, day) >= PENSION_AGE),
    "works_outside": (
        N_("somebody in the household works outside the province"),
        lambda one, day: one.values.get("work_place") == "outside",
    ),
    "able_to_work": (
        N_("somebody in the household can work"),
        lambda one, day: one.values.get("labour") in ("skilled", "ordinary"),
    ),
    "uninsured": (
        N_("somebody in the household has no health insurance"),
        lambda one, day: one.values.get("health_insured") is False,
    ),
}
# Facts of the household as such.
_OF_HOUSEHOLD: dict[str, tuple[str, Callable[[Mapping[str, Any]], bool]]] = {
    "dibao": (N_("the household gets the minimum living allowance"), lambda values: values.get("kind") == "dibao"),
    "wubao": (N_("the household gets the five guarantees"), lambda values: values.get("kind") == "wubao"),
    "unsafe_house": (N_("the house is graded C or D"), lambda values: values.get("dwelling_grade") in ("c", "d")),
    "no_safe_water": (
        N_("the household has no tap or well"),
        lambda values: values.get("water_source") in ("spring", "rain", "river"),
    ),
    "has_land": (N_("the household has arable land"), lambda values: _above_nought(values.get("arable_mu"))),
    "has_forest": (N_("the household has forest"), lambda values: _above_nought(values.get("forest_mu"))),
    "relocates": (
        N_("relocation is in the household’s plan"),
        lambda values: "relocation" in (values.get("plan_measures") or ()),
    ),
}
REGISTERED = "registered"
WORDS: dict[str, str] = {
    REGISTERED: N_("the household is registered"),
    **{name: words for name, (words, _) in {**_OF_MEMBER, **_OF_HOUSEHOLD}.items()},
}


def facts_of(registered: bool, values: Mapping[str, Any], members: Iterable[Somebody], day: date) -> list[str]:
    """The facts that a file says, in the order of ``WORDS``.

    >>> facts_of(True, {"dwelling_grade": "d"}, [Somebody(date(1950, 1, 1), {"health": "disabled"})], date(2026, 1, 1))
    ['registered', 'disabled', 'elderly', 'unsafe_house']
    >>> facts_of(False, {}, [], date(2026, 1, 1))
    []
    """
    people = list(members)
    found = {REGISTERED} if registered else set()
    found |= {name for name, (_, says) in _OF_MEMBER.items() if any(says(one, day) for one in people)}
    found |= {name for name, (_, says) in _OF_HOUSEHOLD.items() if says(values)}
    return [name for name in WORDS if name in found]


def _age(born_on: date, day: date) -> int:
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def _above_nought(written: Any) -> bool:
    return written is not None and float(written) > 0
