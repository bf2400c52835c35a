"""The queue of pairs, and what officers say of them.

Who sees both sides decides: *different* alone, *same* with a second officer. Who sees one side learns that there is somebody in
another village, and no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import aliased

from marketplace.identity.models import Account
from marketplace.kernel import audit, clock
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.regions.queries import within_any
from marketplace.registry.filing import Noting, end_membership, identity
from marketplace.registry.masking import masked_name
from marketplace.registry.models import DuplicatePair, Household, How, PairState, Person
from marketplace.registry.reading import Reach, unbounded

# Why a person has left, as ``Person.left_why``.
LEFT_AS_DUPLICATE = "duplicate"
WAITING = (PairState.OPEN, PairState.PROPOSED)
_EITHER_SIDE = "pairs of which one side lies within the reach"


@dataclass(frozen=True)
class Side:
    """One person of a pair, within somebody's reach. ``name`` and ``id_number`` are masked."""

    person: str
    household: str
    household_code: str
    village_code: str
    name: str
    id_number: str | None
    birth_year: int
    sex: str
    relation: str
    leaves: bool


@dataclass(frozen=True)
class PairShown:
    """A pair as somebody may see it: a side outside their reach is None. ``mine``: they proposed that the two are one."""

    public_id: str
    state: str
    score: float
    why: dict[str, str]
    found_at: datetime
    first: Side | None
    second: Side | None
    mine: bool
    note: str

    @property
    def sides(self) -> tuple[Side | None, Side | None]:
        """Both sides in their order."""
        return self.first, self.second

    @property
    def is_whole(self) -> bool:
        """Whether both sides are seen, so that one may decide."""
        return self.first is not None and self.second is not None


def pairs_waiting(reach: Reach, by: Account, *, limit: int = 50) -> list[PairShown]:
    """Pairs on which nobody has decided, likeliest first, of which at least one side lies within the reach."""
    first, second = aliased(Person), aliased(Person)
    query = (
        select(DuplicatePair)
        .join(first, first.id == DuplicatePair.first_id)
        .join(second, second.id == DuplicatePair.second_id)
        # Who has left meanwhile stands on file no longer.
        .where(DuplicatePair.state.in_(WAITING), first.left_on.is_(None), second.left_on.is_(None))
        .where(_touches(reach))
        .order_by(DuplicatePair.score.desc(), DuplicatePair.id)
        .limit(limit)
    )
    return _shown(db.session.scalars(unbounded(query, _EITHER_SIDE)).all(), reach, by)


def shown_pair(public_id: str, reach: Reach, by: Account) -> PairShown:
    """One pair as somebody may see it."""
    return _shown([get_pair(public_id, reach)], reach, by)[0]


def get_pair(public_id: str, reach: Reach, *, lock: bool = False) -> DuplicatePair:
    """A pair of which a side lies within the reach; another is as absent as none."""
    query = select(DuplicatePair).where(DuplicatePair.public_id == public_id).where(_touches(reach))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    pair = db.session.scalars(unbounded(query, _EITHER_SIDE)).first()
    if pair is None:
        raise NotFound("pair_unknown", N_("There is no such pair."))
    return pair


def households_of(pair: DuplicatePair) -> tuple[Household, Household]:
    """The households of the two."""
    return (
        db.session.get_one(Household, pair.first_household_id),
        db.session.get_one(Household, pair.second_household_id),
    )


def say_different(public_id: str, reach: Reach, *, by: Account, now: datetime, note: str = "") -> DuplicatePair:
    """They are two persons, and nobody is asked again.

    Raises
    ------
    Forbidden
        ``pair_not_whole`` when one side lies outside the reach.
    Conflict
        ``pair_decided``.
    """
    pair = _to_decide(public_id, reach)
    pair.state, pair.leaves_id, pair.proposed_by_id = PairState.DIFFERENT, None, None
    _decided(pair, by, now, note)
    return pair


def propose_same(public_id: str, leaves: str, reach: Reach, *, by: Account, now: datetime, note: str) -> DuplicatePair:
    """They are one person, and ``leaves`` (a person's public id) shall leave the file; a second officer must agree.

    Raises
    ------
    Invalid
        ``leaves_unknown`` when that person is not of the pair, ``reason_needed`` without a note.
    Forbidden
        ``pair_not_whole``.
    Conflict
        ``pair_decided``, or ``pair_proposed`` when somebody has proposed it already.
    """
    pair = _to_decide(public_id, reach)
    if pair.state == PairState.PROPOSED:
        raise Conflict("pair_proposed", N_("Somebody has proposed this already. It waits for a second officer."))
    persons = {person.public_id: person for person in _persons(pair)}
    if leaves not in persons:
        raise Invalid("leaves_unknown", N_("Please say which of the two shall leave the file."))
    if not note.strip():
        raise Invalid("reason_needed", N_("A second person must agree to this. Please say why it is to be changed."))
    pair.state, pair.leaves_id, pair.proposed_by_id = PairState.PROPOSED, persons[leaves].id, by.id
    pair.note = note.strip()[:400]
    db.session.flush()
    _audit("registry.pair_proposed", pair, by, now)
    return pair


def agree_same(public_id: str, reach: Reach, *, by: Account, now: datetime) -> DuplicatePair:
    """Agree that the two are one; the one named leaves its household today, and what is on file of it stays to be read.

    Raises
    ------
    Forbidden
        ``own_proposal``: nobody agrees to what they proposed; ``pair_not_whole``.
    Conflict
        ``pair_not_proposed``, ``pair_decided``.
    """
    pair = _to_decide(public_id, reach)
    if pair.state != PairState.PROPOSED or pair.proposed_by_id is None:
        raise Conflict("pair_not_proposed", N_("Nobody has proposed that these two are one person."))
    if pair.proposed_by_id == by.id:
        raise Forbidden("own_proposal", N_("Somebody else must agree to what you have proposed."))
    (leaving,) = [person for person in _persons(pair) if person.id == pair.leaves_id]
    household = db.session.get_one(Household, leaving.household_id)
    proposer = db.session.get_one(Account, pair.proposed_by_id)
    noting = Noting(proposer, How.TOLD, now)
    end_membership(leaving, household, clock.local_day(now), LEFT_AS_DUPLICATE, noting)
    pair.state = PairState.SAME
    _decided(pair, by, now, pair.note)
    return pair


def take_back(public_id: str, reach: Reach, *, by: Account, now: datetime) -> DuplicatePair:
    """Send a proposal back into the queue: its proposer has thought better of it, or the second officer is not sure.

    Raises
    ------
    Conflict
        ``pair_not_proposed``, ``pair_decided``.
    """
    pair = _to_decide(public_id, reach)
    if pair.state != PairState.PROPOSED:
        raise Conflict("pair_not_proposed", N_("Nobody has proposed that these two are one person."))
    pair.state, pair.leaves_id, pair.proposed_by_id, pair.note = PairState.OPEN, None, None, ""
    db.session.flush()
    _audit("registry.pair_reopened", pair, by, now)
    return pair


def masked_number(number: str | None) -> str | None:
    """A card's number of which the county and the last two characters are left."""
    return None if number is None else f"{number[:6]}{'*' * (len(number) - 8)}{number[-2:]}"


def _touches(reach: Reach) -> ColumnElement[bool]:
    if "" in reach.areas:
        return true()
    columns = (DuplicatePair.first_village_code, DuplicatePair.second_village_code)
    return or_(*(within_any(column, reach.areas) for column in columns))


def _to_decide(public_id: str, reach: Reach) -> DuplicatePair:
    pair = get_pair(public_id, reach, lock=True)
    if not (reach.holds(pair.first_village_code) and reach.holds(pair.second_village_code)):
        raise Forbidden("pair_not_whole", N_("One of the two is in another village. An officer over both villages decides."))
    if pair.state not in WAITING:
        raise Conflict("pair_decided", N_("Somebody has decided this already."))
    return pair


def _persons(pair: DuplicatePair) -> Sequence[Person]:
    query = select(Person).where(Person.id.in_((pair.first_id, pair.second_id))).order_by(Person.id)
    return db.session.scalars(unbounded(query, "a pair that was read already")).all()


def _decided(pair: DuplicatePair, by: Account, now: datetime, note: str) -> None:
    pair.decided_by_id, pair.decided_at, pair.note = by.id, now, note.strip()[:400]
    db.session.flush()
    _audit(f"registry.pair_{pair.state}", pair, by, now)


def _audit(verb: str, pair: DuplicatePair, by: Account, now: datetime) -> None:
    audit.record(verb, "duplicate_pair", pair.public_id, actor=by.public_id, at=now)


def _shown(pairs: Sequence[DuplicatePair], reach: Reach, by: Account) -> list[PairShown]:
    wanted = {number for pair in pairs for number in (pair.first_id, pair.second_id)}
    query = select(Person, Household).join(Household, Household.id == Person.household_id)
    rows = db.session.execute(reach.over(query.where(Person.id.in_(wanted)), Person.village_code)).all()
    people = {person.id: (person, household) for person, household in rows}
    return [_as_seen(pair, people, by) for pair in pairs]


def _as_seen(pair: DuplicatePair, people: dict[int, tuple[Person, Household]], by: Account) -> PairShown:
    sides = [_side(people.get(person_id), pair) for person_id in (pair.first_id, pair.second_id)]
    whole = None not in sides
    return PairShown(
        public_id=pair.public_id,
        state=pair.state,
        score=pair.score,
        # How near they are says something of the one who is not seen, and so does what was written.
        why=pair.why if whole else {},
        found_at=pair.found_at,
        first=sides[0],
        second=sides[1],
        mine=pair.proposed_by_id == by.id,
        note=pair.note if whole else "",
    )


def _side(found: tuple[Person, Household] | None, pair: DuplicatePair) -> Side | None:
    if found is None:
        return None
    person, household = found
    opened = identity(person, household)
    return Side(
        person.public_id,
        household.public_id,
        household.code,
        person.village_code,
        masked_name(opened["name"]),
        masked_number(opened["id_number"]),
        person.born_on.year,
        person.sex,
        person.relation,
        person.id == pair.leaves_id,
    )
