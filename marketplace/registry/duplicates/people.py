"""What of a person on file is compared with another, how near two of them are, and how much that weighs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pypinyin import lazy_pinyin
from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.registry.duplicates.matching import Link, Recipe, linked
from marketplace.registry.filing import ID_NUMBER, NAME
from marketplace.registry.models import Household, Person
from marketplace.registry.reading import unbounded
from marketplace.registry.sealing import open_text

# From this probability on a person is asked.
LEAST = 0.5
_AT_ONCE = 2_000
# What each level is called, from the least alike on. Unknown is -1.
LEVELS = {
    "name": ("other", "near", "sounds_same", "same"),
    "born_on": ("other", "year", "near", "same"),
    "sex": ("other", "same"),
    "place": ("other", "township", "village"),
    "relation": ("other", "same"),
    "id_number": ("other", "near"),
}
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Compared:
    """A person as they are compared: opened, in memory only."""

    person_id: int
    household_id: int
    village_code: str
    name: str
    born_on: str
    sex: str
    relation: str
    id_number: str | None


@dataclass(frozen=True)
class AlikePair:
    """Two persons and why they may be one; the one with the smaller id first."""

    first: Compared
    second: Compared
    score: float
    why: dict[str, str]


def read_people() -> list[Compared]:
    """Everybody who is on file today, opened."""
    query = select(Person, Household).join(Household, Household.id == Person.household_id).where(Person.left_on.is_(None))
    rows = db.session.execute(unbounded(query.order_by(Person.id), "the search for persons who stand on file twice"))
    people = []
    for part in rows.yield_per(_AT_ONCE).partitions():
        people += [_compared(person, household) for person, household in part]
    return people


def _compared(person: Person, household: Household) -> Compared:
    return Compared(
        person.id,
        household.id,
        person.village_code,
        "".join(open_text(household, person.sealed_name, NAME).split()),
        person.born_on.isoformat(),
        person.sex,
        person.relation,
        None if person.sealed_id_number is None else open_text(household, person.sealed_id_number, ID_NUMBER),
    )


def alike_pairs(people: Sequence[Compared], *, least: float = LEAST) -> list[AlikePair]:
    """Pairs who are one person with a probability of at least ``least``; the same people give the same pairs.

    Of two whose names are not even alike it is not said, whatever else agrees: they are twins more often than one person.
    """
    links = linked(_columns(people), recipe(len(people)), least=least)
    return [_pair(people, link) for link in links if link.levels["name"] > 0]


def _pair(people: Sequence[Compared], link: Link) -> AlikePair:
    first, second = sorted((people[link.first], people[link.second]), key=lambda one: one.person_id)
    why = {name: LEVELS[name][level] if level >= 0 else UNKNOWN for name, level in link.levels.items()}
    return AlikePair(first, second, link.probability, why)


def _columns(people: Sequence[Compared]) -> dict[str, list[Any]]:
    return {
        "name": [one.name for one in people],
        "pinyin": [" ".join(lazy_pinyin(one.name)) for one in people],
        "born_on": [one.born_on for one in people],
        "year": [one.born_on[:4] for one in people],
        "sex": [one.sex for one in people],
        "village": [one.village_code for one in people],
        "township": [one.village_code[:9] for one in people],
        "relation": [one.relation for one in people],
        "id_number": [one.id_number for one in people],
        # The same in the first fourteen is the same county and birthday; a serial may be misread.
        "id_head": [None if one.id_number is None else one.id_number[:14] for one in people],
    }


def recipe(number: int) -> Recipe:
    """How people on file are compared.

    The weights are written down and not learned: a register has so few who stand twice that learning would take the members of
    one household for one person. ``m`` is what slips of pen and ear leave of a person's record; ``u`` of birthdays and names is
    of a county of fifty thousand, and the share of the very name takes its place where a name is the same, so that a common one
    weighs less. A hundredth of all persons is taken to stand twice.
    """
    import splink.comparison_level_library as level
    import splink.comparison_library as library

    def weighed(name: str, null: str, levels: Iterable[tuple[Any, float, float]]) -> Any:
        made = [one.configure(m_probability=m, u_probability=u) for one, m, u in levels]
        return library.CustomComparison([level.NullLevel(null), *made], output_column_name=name)

    same_name = level.ExactMatchLevel("name").configure(tf_adjustment_column="name", tf_minimum_u_value=0.0001)
    near_name = level.Or(
        level.JaroWinklerLevel("pinyin", 0.94),
        level.CustomLevel("length(name_l) >= 3 AND length(name_r) >= 3 AND levenshtein(name_l, name_r) <= 1"),
    )
    return Recipe(
        comparisons=[
            weighed(
                "name",
                "name",
                [
                    (same_name, 0.80, 0.0005),
                    (level.ExactMatchLevel("pinyin"), 0.08, 0.0005),
                    (near_name, 0.08, 0.02),
                    (level.ElseLevel(), 0.04, 0.979),
                ],
            ),
            weighed(
                "born_on",
                "born_on",
                [
                    (level.ExactMatchLevel("born_on"), 0.88, 0.00005),
                    (level.DamerauLevenshteinLevel("born_on", 1), 0.08, 0.0015),
                    (level.ExactMatchLevel("year"), 0.02, 0.015),
                    (level.ElseLevel(), 0.02, 0.98345),
                ],
            ),
            weighed("sex", "sex", [(level.ExactMatchLevel("sex"), 0.98, 0.5), (level.ElseLevel(), 0.02, 0.5)]),
            weighed(
                "place",
                "village",
                [
                    (level.ExactMatchLevel("village"), 0.5, 0.01),
                    (level.ExactMatchLevel("township"), 0.3, 0.12),
                    (level.ElseLevel(), 0.2, 0.87),
                ],
            ),
            weighed("relation", "relation", [(level.ExactMatchLevel("relation"), 0.5, 0.2), (level.ElseLevel(), 0.5, 0.8)]),
            weighed(
                "id_number",
                "id_number",
                [(level.DamerauLevenshteinLevel("id_number", 2), 0.6, 0.001), (level.ElseLevel(), 0.4, 0.999)],
            ),
        ],
        blocks=[
            ("born_on", "sex"),
            ("pinyin", "year"),
            ("pinyin", "village"),
            ("name", "township", "sex"),
            ("id_head",),
            ("village", "year", "sex"),
        ],
        prior=min(0.01, 0.02 / max(number, 1)),
    )
