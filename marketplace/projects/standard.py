"""Templates of declarations: items, categories, negative list and rubric, by area and first day. Pure, no database.

A *version* is what one office has written down. A province's is whole; a city's or a county's only adds items to it. What holds
at a place on a day is put together of the latest version of each level: a *template*. A version begins on a day to come, so
what held on a day that has begun never changes, and a declaration keeps the template of the day on which it was handed in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.codes import contains
from marketplace.regions.models import Level

# The eleven items in the order in which they are asked, each with what is said where it is missing.
ITEMS: dict[str, str] = {
    "name": N_("The project’s name is missing."),
    "category": N_("The project’s category is missing."),
    "nature": N_("The project’s nature is missing: something new, a repair, or a replacement."),
    "place": N_("The project’s place is missing: the spot, and what will stand there."),
    "schedule": N_("The project’s schedule is missing: first and last day, and milestones that add up to 100 per cent."),
    "unit": N_("The unit that is responsible for the project is missing."),
    "task": N_("What is to be done is missing."),
    "funds": N_("The project’s money and where it comes from is missing."),
    "beneficiaries": N_("The registered households that the project is for are missing."),
    "target": N_("The project’s performance target is missing. Without a target no project is taken."),
    "mechanism": N_("How households take part and what they get of it is missing."),
}
# The sectors of public projects in OC4IDS (projectSector), to one of which every category belongs.
SECTORS = (
    *("education", "health", "energy", "communications", "waterAndWaste", "waterAndWaste.water", "governance", "economy"),
    *("cultureSportsAndRecreation", "transport", "transport.road", "socialHousing", "naturalResources", "environment"),
)
# What all lines of a rubric add up to.
FULL_SCORE = 100


@dataclass(frozen=True)
class Category:
    """What a project can be for, and the sector under which the world counts it."""

    key: str
    words: str
    sector: str


@dataclass(frozen=True)
class Barred:
    """Something that this money may never be spent on, and the words by which a declaration names it."""

    key: str
    words: str
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Criterion:
    """One line of the rubric: what is judged, and how many points there are at most."""

    key: str
    words: str
    most: int


@dataclass(frozen=True)
class Item:
    """Something that an office asks besides the eleven items."""

    key: str
    words: str


@dataclass(frozen=True)
class Version:
    """What one office has written down. Only a whole one has categories, negative list and rubric; ``items`` are its own."""

    area_code: str
    number: int
    begins_on: date
    source: str
    categories: tuple[Category, ...] = ()
    barred: tuple[Barred, ...] = ()
    rubric: tuple[Criterion, ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def name(self) -> str:
        """Which it is, in one word."""
        return f"{self.area_code}-{self.number}" if self.area_code else str(self.number)

    @property
    def whole(self) -> bool:
        """Whether it is a province's, or the one that comes with the program."""
        return len(self.area_code) <= Level.PROVINCE


@dataclass(frozen=True)
class Template:
    """What holds at a place on a day: a whole version, and the items that the levels below it have added."""

    base: Version
    added: tuple[Version, ...]
    natures: Mapping[str, str]

    @property
    def version(self) -> str:
        """The names of all its versions."""
        return "+".join(each.name for each in (self.base, *self.added))

    @property
    def begins_on(self) -> date:
        """The day since which it holds as it is: that of its latest version."""
        return max(each.begins_on for each in (self.base, *self.added))

    @property
    def sources(self) -> tuple[str, ...]:
        """The documents of all its versions."""
        return tuple(each.source for each in (self.base, *self.added))

    @property
    def items(self) -> tuple[Item, ...]:
        """What is asked besides the eleven items, from the top down."""
        return tuple(item for each in (self.base, *self.added) for item in each.items)

    def find_category(self, key: str | None) -> Category | None:
        """A category by its key; None where it has no such."""
        return next((each for each in self.base.categories if each.key == key), None)


_SOURCE = N_(
    "Measures on subsidy funds for linking up with rural revitalisation, Cai Nong 2021 No. 19, for the negative list;"
    " categories and rubric are the program’s own, until a province sets its own (assumed)"
)
NATURES = {"new": N_("Something new"), "repair": N_("Repair or enlargement"), "replacement": N_("Replacement")}
# The first version, which comes with the program.
SHIPPED = Version(
    area_code="",
    number=1,
    begins_on=date(2021, 3, 26),
    source=_SOURCE,
    categories=(
        Category("industry", N_("Growing and processing for sale"), "economy"),
        Category("roads", N_("Roads and bridges"), "transport.road"),
        Category("water", N_("Drinking water and irrigation"), "waterAndWaste.water"),
        Category("power", N_("Power and light"), "energy"),
        Category("housing", N_("Safe houses"), "socialHousing"),
        Category("services", N_("Schools, clinics, meeting places"), "health"),
        Category("training", N_("Training for work"), "education"),
        Category("environment", N_("Clean villages"), "environment"),
    ),
    barred=(
        Barred("office_costs", N_("running costs of an office"), ("办公经费", "人员经费", "接待费", "office running costs")),
        Barred("vehicles", N_("vehicles and telephones of an office"), ("公务用车", "公务车", "通讯设备", "official car")),
        Barred(
            "office_buildings",
            N_("office buildings, halls and guest houses"),
            ("办公楼", "楼堂馆所", "招待所", "office building"),
        ),
        Barred("bonuses", N_("bonuses, allowances and gifts"), ("奖金", "津贴", "慰问品", "bonuses")),
        Barred("debts", N_("paying back debts"), ("偿还债务", "还债", "垫资", "paying back debts")),
    ),
    rubric=(
        Criterion("need", N_("How much it is needed"), 25),
        Criterion("benefit", N_("What registered households get of it"), 25),
        Criterion("feasible", N_("Whether it can be done as planned"), 20),
        Criterion("cost", N_("Whether the costs are reasonable"), 15),
        Criterion("upkeep", N_("Who looks after it later"), 15),
    ),
)


def put_together(versions: Iterable[Version], area_code: str, day: date) -> Template:
    """What holds in an area on a day: the latest version of each level, the narrowest whole one and what is added below it.

    Raises
    ------
    Invalid
        ``template_missing`` where none holds yet.

    >>> county = Version("522636", 1, date(2026, 7, 1), "", items=(Item("x522636_1", "Which road leads there"),))
    >>> put_together([SHIPPED, county], "522636100001", date(2026, 7, 1)).version
    '1+522636-1'
    >>> put_together([SHIPPED, county], "522636100001", date(2026, 6, 30)).version
    '1'
    """
    latest: dict[str, Version] = {}
    for each in sorted(versions, key=lambda each: (each.begins_on, each.number)):
        if contains(each.area_code, area_code) and each.begins_on <= day:
            latest[each.area_code] = each
    in_order = [latest[code] for code in sorted(latest, key=len)]
    whole = [each for each in in_order if each.whole]
    if not whole:
        raise Invalid("template_missing", N_("No template for projects holds here yet."))
    return Template(whole[-1], tuple(each for each in in_order if not each.whole), NATURES)


def asked_items(template: Template) -> tuple[Item, ...]:
    """All that a template asks, the eleven first; of these everybody knows what they are, so they have no words."""
    return (*(Item(key, "") for key in ITEMS), *template.items)


def asked(template: Template) -> tuple[str, ...]:
    """The keys of all that a template asks, the eleven first."""
    return tuple(item.key for item in asked_items(template))


def find_barred(template: Template, text: str) -> Barred | None:
    """The first thing of the negative list that a text names; None for none.

    >>> template = put_together([SHIPPED], "52", date(2026, 1, 1))
    >>> find_barred(template, "改建乡政府办公楼").key
    'office_buildings'
    >>> find_barred(template, "修建灌溉水渠") is None
    True
    """
    low = text.casefold()
    return next((each for each in template.base.barred if any(term.casefold() in low for term in each.terms)), None)


def total_score(template: Template, scores: Mapping[str, int]) -> int:
    """The sum of the points given, each criterion once and within its most.

    Raises
    ------
    Invalid
        ``scores_wrong``.

    >>> template = put_together([SHIPPED], "52", date(2026, 1, 1))
    >>> total_score(template, {"need": 20, "benefit": 25, "feasible": 10, "cost": 15, "upkeep": 0})
    70
    """
    wanted = {each.key: each.most for each in template.base.rubric}
    if scores.keys() != wanted.keys() or not all(0 <= points <= wanted[key] for key, points in scores.items()):
        raise Invalid("scores_wrong", N_("Please give points for every line of the rubric, and no more than it has."))
    return sum(scores.values())


Line = Category | Barred | Criterion | Item


@dataclass(frozen=True)
class Difference:
    """A line that one version has otherwise than the one before; None on the side that lacks it."""

    part: str
    before: Line | None
    after: Line | None


def differences(before: Version, after: Version) -> list[Difference]:
    """What changed between two versions of an area, part by part: what fell away or was altered, then what came.

    >>> after = Version("52", 2, date(2026, 7, 1), "", SHIPPED.categories, SHIPPED.barred[1:], SHIPPED.rubric)
    >>> [(each.part, each.before.key, each.after) for each in differences(SHIPPED, after)]
    [('barred', 'office_costs', None)]
    """
    found = []
    for part in ("items", "categories", "barred", "rubric"):
        old: Sequence[Line] = getattr(before, part)
        new: Sequence[Line] = getattr(after, part)
        was, is_now = {each.key: each for each in old}, {each.key: each for each in new}
        found += [Difference(part, each, is_now.get(each.key)) for each in old if is_now.get(each.key) != each]
        found += [Difference(part, None, each) for each in new if each.key not in was]
    return found
