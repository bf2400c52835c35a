"""Finding a file: one searches for a household or a person one knows of, and does not leaf through people.

A search is by the household's code, an identity card's number or a whole name, within one's own area; the word itself is not
kept. Each is counted against what the rules allow an officer, and written down together with what it found. Only from the
township up is there a list of a village's households.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, func, select

from marketplace.identity.models import Account
from marketplace.kernel.clock import day_start, local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Forbidden, Invalid, TooMany
from marketplace.regions.models import Level
from marketplace.registry.display_rules import SEARCHES_A_DAY, SEARCHES_AN_HOUR
from marketplace.registry.filing import NAME
from marketplace.registry.id_numbers import read_id_number
from marketplace.registry.masking import masked_name
from marketplace.registry.models import ChangeRequest, FileSearch, Household, Person, RequestState, VisitOrder
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.rules import rule
from marketplace.registry.sealing import id_number_index, name_index, open_text
from marketplace.registry.visits import orders_due

MOST_FOUND = 20
PAGE = 50
_LONGEST_WORD = 60
_FOUND = "households found within somebody's reach"
Row = TypeVar("Row", VisitOrder, ChangeRequest)


@dataclass(frozen=True)
class Found:
    """A household as a list shows it: the head's name, and that of whoever was searched for, masked."""

    household: Household
    head: str
    person: str = ""


@dataclass(frozen=True)
class SearchResult:
    """What a search has found; ``more`` when a name has more bearers than a list shows."""

    kind: str
    rows: list[Found]
    more: bool = False


def search_files(typed: str, reach: Reach, *, by: Account, now: datetime) -> SearchResult:
    """The households that a code, a card's number or a whole name leads to, within the reach.

    Raises
    ------
    Invalid
        ``search_word`` for a word too short or too long, ``id_number_invalid`` for a number that no card has.
    TooMany
        ``too_many_searches`` when the officer has searched as often as the rules allow.
    """
    word = "".join(typed.split())
    if not 2 <= len(word) <= _LONGEST_WORD:
        raise Invalid("search_word", N_("Please type a household's code, an identity card's number or a whole name."))
    _count(by, reach, now)
    if word.isascii() and word.isdigit() and len(word) == 16:
        kind, rows, more = "code", _by_code(word, reach), False
    elif len(word) == 18 and word[:17].isascii() and word[:17].isdigit():
        number = read_id_number(word)
        kind, (rows, more) = "id_number", _by_person(Person.id_number_index == id_number_index(number.text), reach)
    else:
        kind, (rows, more) = "name", _by_person(Person.name_index == name_index(word), reach)
    _log(by, now, kind, len(rows))
    return SearchResult(kind, rows, more)


def village_list(village_code: str, reach: Reach, *, by: Account, now: datetime, page: int = 1) -> tuple[list[Found], int]:
    """A page of a village's households by code, and how many pages there are; it counts as a search.

    Raises
    ------
    NotFound
        ``area_unknown`` for a village outside the reach.
    Forbidden
        ``search_only`` for who works for that village alone: they know whom they look for.
    """
    reach.check(village_code)
    if all(len(area) >= Level.VILLAGE for area in reach.areas if village_code.startswith(area)):
        raise Forbidden("search_only", N_("There is no list of a village's households. Please search."))
    _count(by, reach, now)
    total = db.session.scalar(select(func.count()).select_from(Household).filter_by(village_code=village_code)) or 0
    query = select(Household).filter_by(village_code=village_code).order_by(Household.code)
    households = db.session.scalars(query.limit(PAGE).offset((page - 1) * PAGE)).all()
    _log(by, now, "village", len(households))
    return shown(households), max(1, -(-total // PAGE))


def visits_due(reach: Reach, *, by: Account, limit: int = 20) -> list[tuple[VisitOrder, Found]]:
    """The visits that are due in the reach and that this officer may make, the most urgent first."""
    return _beside(orders_due(reach, by=by, most=limit))


def open_requests(reach: Reach, *, limit: int = 50) -> list[tuple[ChangeRequest, Found]]:
    """The changes in the reach that wait for a second person, the oldest first."""
    query = select(ChangeRequest).where(ChangeRequest.state == RequestState.OPEN).order_by(ChangeRequest.id).limit(limit)
    return _beside(db.session.scalars(reach.over(query, ChangeRequest.village_code)).all())


def shown(households: Sequence[Household], persons: dict[int, Person] | None = None) -> list[Found]:
    """Households as a list shows them, with their heads read in one statement."""
    ids = [household.id for household in households]
    query = select(Person).where(Person.household_id.in_(ids), Person.relation == "head", Person.left_on.is_(None))
    heads = {person.household_id: person for person in db.session.scalars(unbounded(query, _FOUND))}

    def name(person: Person | None, household: Household) -> str:
        return "" if person is None else masked_name(open_text(household, person.sealed_name, NAME))

    wanted = persons or {}
    return [Found(each, name(heads.get(each.id), each), name(wanted.get(each.id), each)) for each in households]


def _beside(rows: Sequence[Row]) -> list[tuple[Row, Found]]:
    ids = {row.household_id for row in rows}
    households = db.session.scalars(select(Household).where(Household.id.in_(ids))).all()
    found = {each.household.id: each for each in shown(households)}
    return [(row, found[row.household_id]) for row in rows]


def _by_code(code: str, reach: Reach) -> list[Found]:
    household = db.session.scalars(select(Household).filter_by(code=code)).first()
    return [] if household is None or not reach.holds(household.village_code) else shown([household])


def _by_person(condition: ColumnElement[bool], reach: Reach) -> tuple[list[Found], bool]:
    query = select(Person).where(condition, Person.left_on.is_(None)).order_by(Person.id).limit(MOST_FOUND + 1)
    persons = db.session.scalars(reach.over(query, Person.village_code)).all()
    of_household = {person.household_id: person for person in persons[:MOST_FOUND]}
    households = db.session.scalars(select(Household).where(Household.id.in_(of_household)).order_by(Household.code)).all()
    return shown(households, of_household), len(persons) > MOST_FOUND


def _count(by: Account, reach: Reach, now: datetime) -> None:
    """Refuse one search too many. The officer's row is held, so that none slips through between two that come at once."""
    lock_rows(Account, [by.id])
    day = local_day(now)
    area = min(reach.areas, key=len, default="")
    since = min(day_start(day), now - timedelta(hours=1))
    in_hour = func.count().filter(FileSearch.at > now - timedelta(hours=1))
    in_day = func.count().filter(FileSearch.at >= day_start(day))
    hour, today = db.session.execute(select(in_hour, in_day).where(FileSearch.by_id == by.id, FileSearch.at >= since)).one()
    if hour >= rule(SEARCHES_AN_HOUR, area, day).value:
        raise _too_many(3600)
    if today >= rule(SEARCHES_A_DAY, area, day).value:
        raise _too_many(int((day_start(day + timedelta(days=1)) - now).total_seconds()))


def _too_many(wait_s: int) -> TooMany:
    return TooMany(
        "too_many_searches",
        N_("You have searched as often as is allowed. Please try again in %(minutes)s minutes."),
        minutes=-(-wait_s // 60),
        retry_after_s=wait_s,
    )


def _log(by: Account, now: datetime, kind: str, found: int) -> None:
    db.session.add(FileSearch(by_id=by.id, at=now, kind=kind, found=found))
    db.session.flush()
