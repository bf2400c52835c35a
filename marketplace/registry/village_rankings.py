"""The village's own order of its households, as groups have put it in a gathering: the fourth number's source."""

from datetime import date, datetime

from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.registry.models import Household, VillageRank, VillageRanking


def record_ranking(
    village_code: str,
    year: int,
    held_on: date,
    groups: dict[str, dict[int, int]],
    poor_count: int,
    *,
    by: Account,
    now: datetime,
) -> VillageRanking:
    """Write down how the groups of a gathering have placed a village's households: for each group, household id to place.

    Raises
    ------
    Invalid
        ``ranking_incomplete`` when the groups did not all place the same two or more households, ``ranking_place`` for a place
        that there is not, ``ranking_poor_count`` when more are called poor than were placed, ``ranking_outside`` when a
        household is not of the village.
    """
    placed = _check(village_code, groups, poor_count)
    ranking = VillageRanking(
        village_code=village_code,
        held_on=held_on,
        year=year,
        groups=list(groups),
        poor_count=poor_count,
        recorded_by_id=by.id,
        recorded_at=now,
    )
    db.session.add(ranking)
    db.session.flush()
    for household_id in placed:
        places = [groups[name][household_id] for name in groups]
        db.session.add(VillageRank(ranking_id=ranking.id, household_id=household_id, village_code=village_code, places=places))
    db.session.flush()
    audit.record(
        "registry.ranked", "village_ranking", ranking.public_id, actor=by.public_id, at=now, year=year, placed=len(placed)
    )
    return ranking


def read_order(village_code: str, typed: str) -> dict[int, int]:
    """A group's order as it was typed: the last four digits of each household, the poorest first, one line for each pile.

    Returns
    -------
    dict of household id to place
        1 is the poorest; those in one line share a place.

    Raises
    ------
    Invalid
        ``ranking_number`` for what is no number of a household of the village, ``ranking_twice`` for one that stands twice.
    """
    piles = [line.replace(",", " ").replace("，", " ").split() for line in typed.splitlines()]
    numbers = [number for pile in piles for number in pile]
    if len(set(numbers)) != len(numbers):
        raise Invalid("ranking_twice", N_("A household stands twice in one order."))
    codes = {f"{village_code}{number}" for number in numbers if len(number) == 4}
    rows = db.session.execute(select(Household.code, Household.id).where(Household.code.in_(codes)))
    found = {code[-4:]: household_id for code, household_id in rows}
    unknown = [number for number in numbers if number not in found]
    if unknown:
        raise Invalid("ranking_number", N_("%(number)s is not a household of this village."), number=unknown[0][:8])
    places, before = {}, 0
    for pile in piles:
        places.update({found[number]: before + 1 for number in pile})
        before += len(pile)
    return places


def _check(village_code: str, groups: dict[str, dict[int, int]], poor_count: int) -> list[int]:
    placed = {frozenset(places) for places in groups.values()}
    if len(placed) != 1 or len(next(iter(placed))) < 2:
        raise Invalid("ranking_incomplete", N_("Every group must place the same households, two at least."))
    households = sorted(next(iter(placed)))
    if any(place < 1 or place > len(households) for places in groups.values() for place in places.values()):
        raise Invalid("ranking_place", N_("A place is a number from 1, the poorest, to the number of households."))
    if not 0 <= poor_count <= len(households):
        raise Invalid("ranking_poor_count", N_("More households are called poor than were placed."))
    inside = db.session.scalars(
        select(Household.id).where(Household.id.in_(households), Household.village_code == village_code)
    ).all()
    if len(inside) != len(households):
        raise Invalid("ranking_outside", N_("A household is not of this village."))
    return households
