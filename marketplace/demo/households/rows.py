"""What the registry's tables keep of the county's people, row by row in their own form, sealed where the standard says so.

Half a million households are two million people, so arrays become lists of Python a few thousand households at a time.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.demo.households import identities
from marketplace.demo.households.acts import Acts, Noted
from marketplace.demo.households.county import County
from marketplace.demo.households.families import RELATION_NAMES
from marketplace.demo.households.lives import choices
from marketplace.registry.filing import CHANGE, ID_NUMBER, NAME, RECORD
from marketplace.registry.models import Household
from marketplace.registry.sealing import id_number_index, name_index, seal_text, seal_values

Row = tuple[Any, ...]
Column = NDArray[Any]
TOGETHER = 4000
# Of ten values so many are known from being told, seen, and from a department.
HOWS = ("told",) * 6 + ("seen",) * 3 + ("department",)
PERSON_COLUMNS = [
    *("id", "public_id", "household_id", "village_code", "relation", "sex", "born_on", "joined_on"),
    *("sealed_name", "sealed_id_number", "name_index", "id_number_index", "marks"),
]
CHANGE_COLUMNS = [
    *(
        "id",
        "household_id",
        "village_code",
        "person_id",
        "year",
        "plain",
        "sealed",
        "how",
        "by_id",
        "at",
        "origin",
        "origin_id",
    ),
]
RECORD_COLUMNS = ["household_id", "village_code", "person_id", "year", "plain", "sealed", "marks", "per_head_fen", "persons"]
_IDENTITY = ("name", "id_number", "relation", "sex", "born_on")
_CHOSEN = ("education", "student", "labour", "work_place")
_OF_MEMBER = (*_CHOSEN, "work_months", "health_insured", "pension_insured", "ethnicity", "health")


@dataclass(frozen=True)
class Holders:
    """The households as the database has them, in the county's order, each with the key that seals its file."""

    ids: Sequence[int]
    public_ids: Sequence[str]
    keys: Sequence[bytes]


class Rows:
    """Rows for COPY. Ids count on from ``first_person`` and ``first_change``; ``officers`` are account ids by area."""

    def __init__(
        self,
        county: County,
        holders: Holders,
        acts: Acts,
        first_person: int,
        first_change: int,
        officers: Mapping[str, Sequence[int]],
    ) -> None:
        self.county, self.holders, self.acts = county, holders, acts
        self.first_person, self.first_change, self.officers = first_person, first_change, officers
        self._ends = np.r_[0, np.cumsum(county.families.sizes)]

    def persons(self, public_ids: Sequence[str]) -> Iterator[Row]:
        """Rows of ``person``."""
        county, families = self.county, self.county.families
        columns = (families.relation, families.male, county.born_on, county.joined_on, self.acts.identities.change)
        for at, of, household, relation, male, born, joined, change in self._members(*columns):
            name, number = county.name(at), county.id_numbers[at]
            yield (
                *(self.first_person + at, public_ids[at], *self.place(of)),
                *(RELATION_NAMES[relation], "male" if male else "female", born, joined),
                *(seal_text(household, name, NAME), seal_text(household, number, ID_NUMBER)),
                *(name_index(name), id_number_index(number), self.marks(_IDENTITY, change)),
            )

    def identity_changes(self) -> Iterator[Row]:
        """Rows of ``file_change`` that say who everybody is."""
        county, families, noted = self.county, self.county.families, self.acts.identities
        columns = (families.relation, families.male, county.born_on, *_columns(noted))
        for at, of, household, relation, male, born, change, moment in self._members(*columns):
            plain = {"relation": RELATION_NAMES[relation], "sex": "male" if male else "female", "born_on": born}
            sealed = seal_values(household, {"name": county.name(at), "id_number": county.id_numbers[at]}, CHANGE)
            head = (self.first_change + change, *self.place(of), self.first_person + at, None)
            yield (*head, json.dumps(plain), sealed, "seen", self.noted_by(of), f"{moment}+00", "import", "")

    def member_changes(self) -> Iterator[Row]:
        """Rows of ``file_change`` with what is known of the members this year."""
        for at, of, plain, sealed, change, moment in self._member_values(CHANGE):
            head = (self.first_change + change, *self.place(of), self.first_person + at, self.county.last_day.year)
            yield (*head, plain, sealed, HOWS[change % 10], self.noted_by(of), f"{moment}+00", "page", "")

    def member_records(self) -> Iterator[Row]:
        """Rows of ``file_record`` with what is known of the members this year."""
        year = self.county.last_day.year
        for at, of, plain, sealed, change, _ in self._member_values(RECORD):
            head = (*self.place(of), self.first_person + at, year)
            yield (*head, plain, sealed, self.marks(_OF_MEMBER, change), None, None)

    def _member_values(self, place: str) -> Iterator[Row]:
        lives = self.county.lives
        words, healths = [choices(field) for field in _CHOSEN], choices("health")
        insured = (lives.health_insured, lives.pension_insured)
        columns = (lives.education, lives.student, lives.labour, lives.work_place, lives.work_months, *insured)
        hidden = (lives.health, self.county.ethnic_group)
        # Many lives are alike, and one text does for all of them.
        texts: dict[tuple[Any, ...], str] = {}
        for at, of, household, *values, health, ethnic, change, moment in self._members(
            *columns, *hidden, *_columns(self.acts.members)
        ):
            key = tuple(values)
            if key not in texts:
                chosen = [word[number] for word, number in zip(words, values, strict=False)]
                texts[key] = json.dumps(dict(zip(_OF_MEMBER, [*chosen, *values[len(_CHOSEN) :]], strict=False)))
            sealed = {"ethnicity": identities.ETHNIC_GROUPS[ethnic], "health": healths[health]}
            yield at, of, texts[key], seal_values(household, sealed, place), change, moment

    def marks(self, names: Sequence[str], change: int) -> str:
        """JSON that says of each field that this change has set it."""
        number = self.first_change + change
        return '{"' + f'": {number}, "'.join(names) + f'": {number}}}'

    def place(self, of: int) -> tuple[int, str]:
        """A household's id and village."""
        return self.holders.ids[of], self.county.codes[of][:12]

    def noted_by(self, of: int) -> int:
        """The village's officer, and for every seventh household one of the township."""
        code = self.county.codes[of]
        return self.officers[code[:9]][0] if int(code[-4:]) % 7 == 0 else self.officers[code[:12]][0]

    def _members(self, *columns: Column) -> Iterator[Row]:
        """Each person's number, household's number, household to seal for, and values of the columns."""
        last, household = -1, Household()
        for first in range(0, len(self.county.codes), TOGETHER):
            begin, end = self._ends[first], self._ends[min(first + TOGETHER, len(self.county.codes))]
            of_person = self.county.families.household[begin:end].tolist()
            for at, of, *values in zip(range(begin, end), of_person, *lists(columns, begin, end), strict=True):
                if of != last:
                    last, household = of, self.household(of)
                yield at, of, household, *values

    def household(self, of: int) -> Household:
        """A household to seal for; it is not added to anything."""
        return Household(public_id=self.holders.public_ids[of], record_key=self.holders.keys[of])


def _columns(noted: Noted) -> tuple[Column, Column]:
    return noted.change, noted.at_s.astype("datetime64[s]")


def lists(columns: Sequence[Column], begin: int, end: int) -> list[list[Any]]:
    """A part of each column as values of Python; days and moments as text."""
    parts = [column[begin:end] for column in columns]
    return [np.datetime_as_string(part).tolist() if part.dtype.kind == "M" else part.tolist() for part in parts]
