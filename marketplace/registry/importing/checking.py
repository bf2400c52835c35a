"""What would become of a table, row by row: what is wrong with a row, and the plan that the good ones make.

Nothing is written. What the run would refuse is found here with a few statements for the whole table: villages that are not
there or not in the officer's reach (which is the same), numbers on file elsewhere or twice in the table, a second head.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.models import Area
from marketplace.registry.filing import complete_identity
from marketplace.registry.importing.columns import CODE, Column, Words, read_cell, read_code, read_header
from marketplace.registry.importing.tables import Cell, Table
from marketplace.registry.models import FileChange, Household, Person
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.sealing import id_number_index, name_index
from marketplace.registry.standard import BY_NAME, About, fields_about

_AT_ONCE = 1_000
_PLEASE = N_("Please fill this in.")
_REQUIRED = [each.name for each in fields_about(About.HOUSEHOLD) if each.required]


@dataclass(frozen=True)
class Fault:
    """What is wrong in a row; ``column`` is empty for the row as a whole. The sentence holds nothing of the cell."""

    line: int
    column: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class PlannedRow:
    """A good row: who it is, and what is known of them. ``values`` of the household stand on its head's row."""

    line: int
    code: str
    identity: dict[str, Any]
    member: dict[str, Any]
    values: dict[str, Any]

    @property
    def is_head(self) -> bool:
        """Whether the household's values stand here."""
        return bool(self.identity["relation"] == "head")


@dataclass(frozen=True)
class Checked:
    """A checked table. ``plan`` has the good rows of each household, its head's first."""

    rows: int
    faults: list[Fault]
    plan: list[list[PlannedRow]]
    new_households: int
    new_persons: int
    seen: int

    @property
    def good_rows(self) -> int:
        """How many rows have nothing wrong."""
        return sum(len(rows) for rows in self.plan)


def check_table(table: Table, words: Words, reach: Reach) -> Checked:
    """Check every row of a table for an officer with this reach.

    Raises
    ------
    Invalid
        ``columns_invalid`` for a header that cannot be read.
    """
    columns = read_header(table.header, words)
    faults: list[Fault] = []
    read = [_read_row(line, cells, columns, words, faults) for line, cells in table.rows]
    wrong = {fault.line for fault in faults}
    on_file = _OnFile([row for row in read if row.code], reach)
    for rule in (_places, _numbers, _persons, _heads, _household_values):
        faults += [fault for fault in rule(read, wrong, on_file) if fault.line not in wrong]
        wrong = {fault.line for fault in faults}
    good = [row for row in read if row.line not in wrong]
    households: dict[str, list[PlannedRow]] = defaultdict(list)
    for row in good:
        households[row.code].append(row)
    plan = [sorted(rows, key=lambda row: not row.is_head) for rows in households.values()]
    return Checked(
        rows=len(read),
        faults=sorted(faults, key=lambda fault: (fault.line, fault.column)),
        plan=plan,
        new_households=sum(code not in on_file.households for code in households),
        new_persons=sum(on_file.find_person(row) is None for row in good),
        seen=db.session.scalar(unbounded(select(func.coalesce(func.max(FileChange.id), 0)), "the number of the last change"))
        or 0,
    )


def plan_as_json(plan: list[list[PlannedRow]]) -> list[list[dict[str, Any]]]:
    """The plan as it is sealed."""
    return [[asdict(row) for row in rows] for rows in plan]


def plan_from_json(kept: list[list[dict[str, Any]]]) -> list[list[PlannedRow]]:
    """The plan as it was sealed."""
    return [[PlannedRow(**row) for row in rows] for rows in kept]


def _read_row(line: int, cells: list[Cell], columns: list[Column], words: Words, faults: list[Fault]) -> PlannedRow:
    row = PlannedRow(line, "", {"relation": ""}, {}, {})
    parts = {About.PERSON: row.identity, About.MEMBER: row.member, About.HOUSEHOLD: row.values}
    found: list[Fault] = []
    for column in columns:
        try:
            if column.name == CODE:
                row.code = read_code(cells[column.at])
            else:
                value = read_cell(column, cells[column.at], words)
                if value is not None:
                    parts[column.field.about][column.name] = value
        except Invalid as error:
            found.append(Fault(line, column.name, error.message))
    # A number that cannot be right says nothing of birthday and sex, so that they are missing is no fault of its own.
    if not any(BY_NAME[fault.column].about == About.PERSON for fault in found if fault.column in BY_NAME):
        try:
            row.identity = complete_identity({name: value for name, value in row.identity.items() if value != ""})
        except Invalid as error:
            found += [Fault(line, name, message) for name, message in error.data["fields"].items()]
    faults += found
    return row


class _OnFile:
    """What the registry knows of the villages, households and numbers of a table."""

    def __init__(self, rows: list[PlannedRow], reach: Reach) -> None:
        self.reach = reach
        codes = {row.code for row in rows}
        self.villages = set(_in_parts({code[:12] for code in codes}, _villages))
        self.households = dict(_in_parts(codes, _households))
        numbers = {id_number_index(number) for row in rows if (number := row.identity.get("id_number")) is not None}
        self.by_number = {person.id_number_index: person for person in _in_parts(numbers, _owners)}
        self.heads: dict[int, Person] = {}
        self.by_name: dict[tuple[int, bytes, str], Person] = {}
        for person in _in_parts(self.households.values(), _members):
            if person.relation == "head":
                self.heads[person.household_id] = person
            self.by_name[person.household_id, person.name_index, person.born_on.isoformat()] = person

    def find_person(self, row: PlannedRow) -> Person | None:
        """The member of the row's household that the row means: by number, else by name and birthday."""
        household = self.households.get(row.code)
        number = row.identity.get("id_number")
        owner = self.by_number.get(id_number_index(number)) if number is not None else None
        if household is None:
            return None
        if owner is not None:
            return owner if owner.household_id == household else None
        named = self.by_name.get((household, name_index(row.identity["name"]), row.identity["born_on"]))
        # Two numbers are two persons, whatever their names are.
        return named if named is not None and (number is None or named.id_number_index is None) else None


def _in_parts(wanted: Iterable[Any], query: Any) -> Iterable[Any]:
    rest = iter(sorted(set(wanted)))
    while part := list(islice(rest, _AT_ONCE)):
        yield from query(part)


def _villages(codes: Iterable[str]) -> Iterable[str]:
    return db.session.scalars(select(Area.code).where(Area.code.in_(codes), Area.valid_to.is_(None)))


def _households(codes: Iterable[str]) -> Iterable[Any]:
    return db.session.execute(select(Household.code, Household.id).where(Household.code.in_(codes)))


def _owners(numbers: Iterable[bytes]) -> Iterable[Person]:
    query = select(Person).where(Person.id_number_index.in_(numbers), Person.left_on.is_(None))
    return db.session.scalars(unbounded(query, "whether a number is on file anywhere"))


def _members(households: Iterable[int]) -> Iterable[Person]:
    query = select(Person).where(Person.household_id.in_(households), Person.left_on.is_(None))
    return db.session.scalars(unbounded(query, "households that a row within the reach names"))


def _places(rows: list[PlannedRow], wrong: set[int], on_file: _OnFile) -> list[Fault]:
    message = N_("There is no village with this code in your area.")
    return [
        Fault(row.line, CODE, message)
        for row in rows
        if row.code and not (row.code[:12] in on_file.villages and on_file.reach.holds(row.code[:12]))
    ]


def _numbers(rows: list[PlannedRow], wrong: set[int], on_file: _OnFile) -> list[Fault]:
    """A number that stands in the table twice, or on file in another household."""
    faults, first = [], dict[str, int]()
    for row in rows:
        number = row.identity.get("id_number")
        if number is None:
            continue
        if number in first:
            message = N_("The same number stands in row %(line)s.")
            faults.append(Fault(row.line, "id_number", message, {"line": first[number]}))
            continue
        first[number] = row.line
        owner = on_file.by_number.get(id_number_index(number))
        if owner is not None and owner.household_id != on_file.households.get(row.code):
            message = N_("A person with this number is on file already, in another household.")
            faults.append(Fault(row.line, "id_number", message))
    return faults


def _persons(rows: list[PlannedRow], wrong: set[int], on_file: _OnFile) -> list[Fault]:
    """A person without a number who stands in the table twice."""
    faults, first = [], dict[tuple[str, ...], int]()
    for row in rows:
        if row.line in wrong or "id_number" in row.identity:
            continue
        who = (row.code, "".join(row.identity["name"].split()), row.identity["born_on"])
        if who in first:
            message = N_("The same name and birthday stand in row %(line)s.")
            faults.append(Fault(row.line, "", message, {"line": first[who]}))
        first.setdefault(who, row.line)
    return faults


def _heads(rows: list[PlannedRow], wrong: set[int], on_file: _OnFile) -> list[Fault]:
    """A second head of a household, and a new household of which no row says who heads it."""
    faults, head, members = [], dict[str, int](), dict[str, int]()
    for row in rows:
        if row.identity["relation"] != "head":
            if row.line not in wrong:
                members.setdefault(row.code, row.line)
            continue
        if row.code in head:
            message = N_("Row %(line)s says who heads this household already.")
            faults.append(Fault(row.line, "relation", message, {"line": head[row.code]}))
            continue
        head[row.code] = row.line
        if row.line not in wrong:
            standing = on_file.heads.get(on_file.households.get(row.code, 0))
            if standing is not None and on_file.find_person(row) is not standing:
                faults.append(Fault(row.line, "relation", N_("The household has a head already.")))
    for code, line in members.items():
        if code not in head and code not in on_file.households:
            faults.append(Fault(line, "relation", N_("No row says who heads this household.")))
    return faults


def _household_values(rows: list[PlannedRow], wrong: set[int], on_file: _OnFile) -> list[Fault]:
    """What a new household must have, and values beside the head's row that are not the head's."""
    heads = {row.code: row for row in rows if row.identity["relation"] == "head" and row.line not in wrong}
    faults = []
    for row in rows:
        if row.line in wrong:
            continue
        if heads.get(row.code) is row:
            if row.code not in on_file.households:
                faults += [Fault(row.line, name, _PLEASE) for name in _REQUIRED if name not in row.values]
            continue
        of_head = heads[row.code].values if row.code in heads else {}
        for name, value in row.values.items():
            if of_head.get(name) != value:
                faults.append(Fault(row.line, name, N_("What concerns the household stands on its head’s row.")))
    return faults
