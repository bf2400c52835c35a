"""The facts of a household that benefits are written over: each with its words, its unit and its bounds. Pure, no database."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from marketplace.kernel.errors import N_
from marketplace.registry.deprivations import MemberFacts, age

Facts = Mapping[str, int | bool]


class Unit(enum.Enum):
    """What a value is: money in whole fen, a number, or a yes or no."""

    FEN = "fen"
    COUNT = "count"
    YES_NO = "yes_no"


@dataclass(frozen=True)
class Fact:
    """One fact; a value lies between 0 and ``most``."""

    name: str
    label: str
    unit: Unit
    most: int


_MONEY, _PERSONS = 10**11, 999
LINES = ("poverty_line_fen", "dibao_line_fen")
COSTS = ("medical_fen", "schooling_fen", "disaster_fen")


def _fen(name: str, label: str, most: int = _MONEY) -> Fact:
    return Fact(name, label, Unit.FEN, most)


def _count(name: str, label: str) -> Fact:
    return Fact(name, label, Unit.COUNT, _PERSONS)


def _yes_no(name: str, label: str) -> Fact:
    return Fact(name, label, Unit.YES_NO, 1)


FACTS = {
    fact.name: fact
    for fact in (
        _count("persons", N_("persons in the household")),
        _fen("income_fen", N_("the household’s net income of a year")),
        _fen("medical_fen", N_("cost of treatment that no insurance paid")),
        _fen("schooling_fen", N_("cost of schooling")),
        _fen("disaster_fen", N_("damage by a disaster")),
        _fen("necessary_fen", N_("all necessary costs")),
        _fen("poverty_line_fen", N_("the poverty line, a person and year"), 10**9),
        _fen("dibao_line_fen", N_("the line of the minimum living allowance, a person and year"), 10**9),
        _count("children_16", N_("children under 16")),
        _count("elders_60", N_("persons of 60 and more")),
        _count("elders_80", N_("persons of 80 and more")),
        _count("preschoolers", N_("children in preschool")),
        _count("pupils_compulsory", N_("pupils of primary and junior middle school")),
        _count("pupils_senior", N_("pupils of senior middle school")),
        _count("students_college", N_("students of a college")),
        _count("without_labour", N_("members not able to work")),
        _count("long_ill", N_("members with a long illness")),
        _count("gravely_ill", N_("members with a grave illness")),
        _count("disabled", N_("members with a disability")),
        _yes_no("registered", N_("the household is in the registry")),
        _yes_no("on_dibao", N_("the household is on the minimum living allowance")),
        _yes_no("special_hardship", N_("the household is in special hardship")),
        _yes_no("unsafe_house", N_("the house is dangerous in part or as a whole")),
    )
}

# How many members answer to a field of their year with one of these values.
_MEMBERS = {
    "preschoolers": ("student", ("preschool",)),
    "pupils_compulsory": ("student", ("primary", "junior")),
    "pupils_senior": ("student", ("senior",)),
    "students_college": ("student", ("college",)),
    "without_labour": ("labour", ("none",)),
    "long_ill": ("health", ("long_illness",)),
    "gravely_ill": ("health", ("grave_illness",)),
    "disabled": ("health", ("disabled",)),
}
# Whether the household's own value is one of these.
_HOUSEHOLD = {
    "on_dibao": ("kind", ("dibao",)),
    "special_hardship": ("kind", ("wubao",)),
    "unsafe_house": ("dwelling_grade", ("c", "d")),
}


def facts_from(
    values: Mapping[str, Any],
    members: Sequence[MemberFacts],
    day: date,
    *,
    income_fen: int | None,
    costs_fen: Mapping[str, int],
    lines_fen: Mapping[str, int],
    registered: bool,
) -> dict[str, int | bool]:
    """The facts of a household on a day; what nobody has answered is absent, for 0 is an answer and nothing is none.

    A count of members is known only when all have answered. A cost that nobody has shown is 0.

    Parameters
    ----------
    values : mapping
        The household's own values of the year.
    members : sequence of MemberFacts
        Who lives in it on the day, with their values of the year.
    income_fen : int or None
        Net income of the year, None while a part of it is unknown.
    costs_fen, lines_fen : mapping of str to int
        By the names in ``COSTS`` and ``LINES``; a line that nobody has set is absent.
    """
    ages = [age(member.born_on, day) for member in members]
    found: dict[str, int | bool] = {
        "persons": len(members),
        "children_16": sum(years < 16 for years in ages),
        "elders_60": sum(years >= 60 for years in ages),
        "elders_80": sum(years >= 80 for years in ages),
        "registered": registered,
        **{name: costs_fen.get(name, 0) for name in COSTS},
        **{name: lines_fen[name] for name in LINES if name in lines_fen},
        "necessary_fen": sum(costs_fen.get(name, 0) for name in COSTS),
    }
    if income_fen is not None:
        found["income_fen"] = income_fen
    for name, (field, wanted) in _MEMBERS.items():
        answers = [member.values.get(field) for member in members]
        if None not in answers:
            found[name] = sum(answer in wanted for answer in answers)
    for name, (field, wanted) in _HOUSEHOLD.items():
        if values.get(field) is not None:
            found[name] = values[field] in wanted
    return found
