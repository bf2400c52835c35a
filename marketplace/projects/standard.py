"""The template of declarations: categories, negative list, rubric, by version, area and first day. Pure, no database.

A version that has begun is never altered: a new one with its own first day follows it, and a declaration keeps the version that
held on the day on which it was handed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from marketplace.kernel.errors import N_, Invalid


@dataclass(frozen=True)
class Criterion:
    """One line of the rubric: what is judged, and how many points there are at most."""

    key: str
    words: str
    most: int


@dataclass(frozen=True)
class Barred:
    """Something that this money may never be spent on, and the words by which a declaration names it."""

    key: str
    words: str
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Template:
    """One version: where and from when on it holds, and what it says."""

    version: str
    area_code: str
    begins_on: date
    categories: Mapping[str, str]
    natures: Mapping[str, str]
    barred: tuple[Barred, ...]
    rubric: tuple[Criterion, ...]
    source: str


_SOURCE = (
    "Measures on subsidy funds for linking up with rural revitalisation, Cai Nong 2021 No. 19, for the negative list;"
    " categories and rubric are the program's own, until a province sets its own (assumed)"
)
_CATEGORIES = {
    "industry": N_("Growing and processing for sale"),
    "roads": N_("Roads and bridges"),
    "water": N_("Drinking water and irrigation"),
    "power": N_("Power and light"),
    "housing": N_("Safe houses"),
    "services": N_("Schools, clinics, meeting places"),
    "training": N_("Training for work"),
    "environment": N_("Clean villages"),
}
_NATURES = {"new": N_("Something new"), "repair": N_("Repair or enlargement"), "replacement": N_("Replacement")}
_BARRED = (
    Barred("office_costs", N_("running costs of an office"), ("办公经费", "人员经费", "接待费", "office running costs")),
    Barred("vehicles", N_("vehicles and telephones of an office"), ("公务用车", "公务车", "通讯设备", "official car")),
    Barred(
        "office_buildings", N_("office buildings, halls and guest houses"), ("办公楼", "楼堂馆所", "招待所", "office building")
    ),
    Barred("bonuses", N_("bonuses, allowances and gifts"), ("奖金", "津贴", "慰问品", "bonuses")),
    Barred("debts", N_("paying back debts"), ("偿还债务", "还债", "垫资", "paying back debts")),
)
VERSIONS: tuple[Template, ...] = (
    Template(
        version="2021-1",
        area_code="",
        begins_on=date(2021, 3, 26),
        categories=_CATEGORIES,
        natures=_NATURES,
        barred=_BARRED,
        rubric=(
            Criterion("need", N_("How much it is needed"), 25),
            Criterion("benefit", N_("What registered households get of it"), 25),
            Criterion("feasible", N_("Whether it can be done as planned"), 20),
            Criterion("cost", N_("Whether the costs are reasonable"), 15),
            Criterion("upkeep", N_("Who looks after it later"), 15),
        ),
        source=_SOURCE,
    ),
)


def template_on(area_code: str, day: date, versions: Sequence[Template] | None = None) -> Template:
    """The version in force in an area on a day: of the narrowest area that has one, and there the latest.

    Raises
    ------
    Invalid
        ``template_missing`` where none holds yet.
    """
    known = VERSIONS if versions is None else versions
    found = [each for each in known if area_code.startswith(each.area_code) and each.begins_on <= day]
    if not found:
        raise Invalid("template_missing", N_("No template for projects holds here yet."))
    return max(found, key=lambda each: (len(each.area_code), each.begins_on))


def get_template(version: str) -> Template:
    """A version by its name, which every declaration carries."""
    return next(each for each in VERSIONS if each.version == version)


def find_barred(template: Template, text: str) -> Barred | None:
    """The first thing of the negative list that a text names; None for none.

    >>> find_barred(VERSIONS[0], "改建乡政府办公楼").key
    'office_buildings'
    >>> find_barred(VERSIONS[0], "修建灌溉水渠") is None
    True
    """
    low = text.casefold()
    return next((each for each in template.barred if any(term in low for term in each.terms)), None)


def total_score(template: Template, scores: Mapping[str, int]) -> int:
    """The sum of the points given, each criterion once and within its most.

    Raises
    ------
    Invalid
        ``scores_wrong``.

    >>> total_score(VERSIONS[0], {"need": 20, "benefit": 25, "feasible": 10, "cost": 15, "upkeep": 0})
    70
    """
    wanted = {each.key: each.most for each in template.rubric}
    if scores.keys() != wanted.keys() or not all(0 <= points <= wanted[key] for key, points in scores.items()):
        raise Invalid("scores_wrong", N_("Please give points for every line of the rubric, and no more than it has."))
    return sum(scores.values())


def full_score(template: Template) -> int:
    """As many points as there are."""
    return sum(each.most for each in template.rubric)
