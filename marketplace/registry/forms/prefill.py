"""What a form is handed about households before it is filled in: to a phone as little as will do."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from marketplace.identity.models import Account
from marketplace.kernel.db import db
from marketplace.registry.files import HouseholdFile
from marketplace.registry.filing import NAME
from marketplace.registry.forms.standard_form import yuan_name
from marketplace.registry.forms.words import both
from marketplace.registry.masking import masked_name
from marketplace.registry.models import FileChange, FileReading, Household, Person
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.sealing import open_text
from marketplace.registry.standard import BY_NAME, RELATIONS, Kind

# A phone carries the households of a village or a township, never those of a county.
MOST_HOUSEHOLDS = 2_500


def households_csv(reach: Reach) -> str:
    """The households within a reach: public id, last digits of the code with the head's masked name, newest change."""
    found = _households(reach)
    query = select(FileChange.household_id, func.max(FileChange.id)).where(FileChange.household_id.in_(list(found)))
    seen = dict(db.session.execute(unbounded(query.group_by(FileChange.household_id), reach.why)).all())
    labels = head_labels(found.values())
    rows = [[household.public_id, labels[household.id], seen.get(household.id, 0)] for household in found.values()]
    return _csv(["name", "label", "seen"], rows)


def head_labels(households: Iterable[Household]) -> dict[int, str]:
    """For each household the last digits of its code with the masked name of its head, as far as one is on file."""
    found = {household.id: household for household in households}
    labels = {household.id: household.code[12:] for household in found.values()}
    for person in _people(found, heads_only=True):
        labels[person.household_id] += f" {masked_name(_name(person, found[person.household_id]))}"
    return labels


def members_csv(reach: Reach) -> str:
    """The members of the same households: whose they are, with masked name, relation to the head and year of birth."""
    found = _households(reach)
    relations = {value: both(label).zh for value, label in RELATIONS}
    rows = [
        [
            person.public_id,
            " ".join(
                [
                    masked_name(_name(person, found[person.household_id])),
                    relations.get(person.relation, ""),
                    f"{person.born_on:%Y}",
                ]
            ),
            found[person.household_id].public_id,
        ]
        for person in _people(found, heads_only=False)
    ]
    return _csv(["name", "label", "household"], rows)


def note_handing_out(reach: Reach, by: Account, at: datetime) -> None:
    """Write down for each household that something of it went to a phone; the household is shown who has looked."""
    for household in _households(reach).values():
        note_reading(household, by, at)


def note_reading(household: Household, by: Account, at: datetime) -> None:
    """Write down that somebody was handed the file of a household to fill in a form."""
    row = FileReading(household_id=household.id, village_code=household.village_code, by_id=by.id, at=at, part="form")
    db.session.add(row)
    db.session.flush()


def _households(reach: Reach) -> dict[int, Household]:
    query = reach.over(select(Household).order_by(Household.code).limit(MOST_HOUSEHOLDS + 1), Household.village_code)
    rows = db.session.scalars(query).all()
    # Half a list would look like the whole one, so whoever is over so many is handed none.
    return {} if len(rows) > MOST_HOUSEHOLDS else {row.id: row for row in rows}


def _people(households: Iterable[int], *, heads_only: bool) -> Sequence[Person]:
    query = select(Person).where(Person.household_id.in_(list(households)), Person.left_on.is_(None))
    if heads_only:
        query = query.where(Person.relation == "head")
    ordered = query.order_by(Person.household_id, Person.relation != "head", Person.id)
    return db.session.scalars(unbounded(ordered, "households read within somebody's reach")).all()


def _name(person: Person, household: Household) -> str:
    return open_text(household, person.sealed_name, NAME)


def _csv(head: list[str], rows: list[list[Any]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return file.getvalue()


def prefill(file: HouseholdFile, before: HouseholdFile) -> dict[str, Any]:
    """A household's file as answers of the form: what somebody with the file before their eyes would type."""
    answers = _answers(file.values)
    answers["household"] = file.household.public_id
    return {
        "seen": file.seen,
        "answers": answers,
        "members": [
            {
                "member": member.person.public_id,
                "label": member.identity["name"],
                "answers": {"member": member.person.public_id, **_answers(member.values)},
            }
            for member in file.members
        ],
        "year": file.year,
        # What stood in the year before, to be shown beside an empty question; it is not an answer of this year.
        "before": {"year": before.year, "answers": _answers(before.values)},
    }


def _answers(values: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        kind = BY_NAME[name].kind if name in BY_NAME else None
        if kind == Kind.FEN:
            answers[yuan_name(name)] = f"{value // 100}.{value % 100:02d}" if value % 100 else str(value // 100)
        elif kind == Kind.YES_NO:
            answers[name] = "yes" if value else "no"
        else:
            answers[name] = value
    return answers
