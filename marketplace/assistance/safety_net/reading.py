"""The facts of households from their files, the costs that they have shown and the lines of a day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from marketplace.assistance.safety_net.facts import facts_from
from marketplace.assistance.safety_net.models import NecessaryCost
from marketplace.kernel.db import db
from marketplace.registry.deprivations import MemberFacts
from marketplace.registry.filing import known
from marketplace.registry.incomes import card_of, year_end
from marketplace.registry.measures.income_card import CostStandard
from marketplace.registry.models import FileRecord, Household, Person
from marketplace.registry.queries import registered_households
from marketplace.registry.reading import unbounded
from marketplace.registry.standards import costs_on

_COUNTED = "the counting of what households are entitled to"


@dataclass(frozen=True)
class Files:
    """What was read of some households, by household id."""

    own: Mapping[int, FileRecord]
    members: Mapping[int, Sequence[MemberFacts]]
    costs_fen: Mapping[int, Mapping[str, int]]
    registered: set[int]


def facts_of(
    households: Sequence[Household], year: int, day: date, lines_fen: Mapping[str, int]
) -> dict[int, dict[str, int | bool]]:
    """The facts of each household on a day, by household id.

    The newest record counts that is not older than the year before: a year begins long before its values are noted.
    """
    files = _read(households, year, day)
    ratios: dict[tuple[str, int], CostStandard | None] = {}
    found = {}
    for household in households:
        record = files.own.get(household.id)
        members = files.members.get(household.id, ())
        income_fen = None
        if record is not None:
            key = household.village_code, record.year
            if key not in ratios:
                ratios[key] = costs_on(household.village_code, year_end(record.year, day))
            card = card_of(record.plain, len(members), ratios[key])
            income_fen = None if card is None else card.net_fen
        found[household.id] = facts_from(
            {} if record is None else record.plain,
            members,
            day,
            income_fen=income_fen,
            costs_fen=files.costs_fen.get(household.id, {}),
            lines_fen=lines_fen,
            registered=household.id in files.registered,
        )
    return found


def _read(households: Sequence[Household], year: int, day: date) -> Files:
    by_id = {household.id: household for household in households}
    years = select(FileRecord).where(FileRecord.household_id.in_(by_id), FileRecord.year.in_([year - 1, year]))
    own: dict[int, FileRecord] = {}
    of_person: dict[int, FileRecord] = {}
    for record in db.session.scalars(unbounded(years.order_by(FileRecord.year), _COUNTED)):
        if record.person_id is None:
            own[record.household_id] = record
        else:
            of_person[record.person_id] = record
    people = select(Person).where(
        Person.household_id.in_(by_id), Person.joined_on <= day, Person.left_on.is_(None) | (Person.left_on > day)
    )
    members: dict[int, list[MemberFacts]] = defaultdict(list)
    for person in db.session.scalars(unbounded(people.order_by(Person.id), _COUNTED)):
        answers = of_person.get(person.id)
        values = {} if answers is None else known(by_id[person.household_id], answers)
        members[person.household_id].append(MemberFacts(person.born_on, values))
    return Files(own, members, _shown_costs(list(by_id), year), registered_households(by_id, day))


def _shown_costs(household_ids: Sequence[int], year: int) -> dict[int, dict[str, int]]:
    query = (
        select(NecessaryCost.household_id, NecessaryCost.kind, func.sum(NecessaryCost.amount_fen))
        .where(NecessaryCost.household_id.in_(household_ids), NecessaryCost.year == year, NecessaryCost.withdrawn_at.is_(None))
        .group_by(NecessaryCost.household_id, NecessaryCost.kind)
    )
    costs: dict[int, dict[str, int]] = defaultdict(dict)
    for household_id, kind, fen in db.session.execute(unbounded(query, _COUNTED)):
        costs[household_id][f"{kind}_fen"] = int(fen)
    return dict(costs)
