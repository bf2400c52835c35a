"""All households of some villages, put together from one seed. Pure, numpy."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from marketplace.demo.households import identities
from marketplace.demo.households.families import YEAR, Families, Floats, Ints, make_families
from marketplace.demo.households.histories import Histories, make_histories
from marketplace.demo.households.livelihood import (
    CAUSE_NAMES,
    NO_CAUSE,
    Fortune,
    Holding,
    Living,
    holdings,
    kinds,
    line_yuan,
    main_causes,
    per_head_fen,
)
from marketplace.demo.households.lives import Lives, make_lives, students
from marketplace.demo.sellers import HouseholdPlan

HOUSEHOLDS, PERSONS = 13_600, 51_300
SEED = 13_600
Days = NDArray[np.datetime64]
_BEGIN = np.datetime64("2014-01-01")


@dataclass(frozen=True)
class Record:
    """What is noted of the households for a year; ``year`` is 0 where there is no such record.

    ``moment`` says when in the year it was noted, from 0 to 1; ``persons`` counts the members of that year, and
    ``per_head_fen`` what they had each.
    """

    year: Ints
    moment: Floats
    persons: Ints
    incomes_fen: Ints
    per_head_fen: Ints
    living: Living


@dataclass(frozen=True)
class County:
    """Households in the order of their codes given or made, their members one household after the other.

    ``registration``, ``last_year`` and ``this_year`` are the records of the households; what is known of the members is of this
    year. ``other_causes`` are numbers in the standard's list, -1 for none.
    """

    last_day: date
    codes: Sequence[str]
    histories: Histories
    families: Families
    lives: Lives
    kind: Ints
    main_cause: Ints
    other_causes: Ints
    holding: Holding
    registration: Record
    last_year: Record
    this_year: Record
    surname: Ints
    given_name: Ints
    ethnic_group: Ints
    id_numbers: Sequence[str]
    born_on: Days
    joined_on: Days

    @property
    def plans(self) -> list[HouseholdPlan]:
        """The households with their codes and statuses."""
        return [HouseholdPlan(code, list(spans)) for code, spans in zip(self.codes, self.histories.statuses, strict=True)]

    def name(self, person: int) -> str:
        """What a person is called."""
        return identities.SURNAMES[self.surname[person]] + identities.GIVEN_NAMES[self.given_name[person]]


def make_county(
    villages: Sequence[str],
    last_day: date,
    *,
    sellers: Sequence[HouseholdPlan] = (),
    households: int = HOUSEHOLDS,
    persons: int = PERSONS,
    seed: int = SEED,
) -> County:
    """Make exactly so many households with so many members.

    Parameters
    ----------
    villages : sequence of str
        Codes of the villages they live in.
    last_day : datetime.date
        The day on which everybody has the age given; the last records are of its year.
    sellers : sequence of HouseholdPlan
        Households that exist already: they come first, with their codes and statuses. Who was never registered has neither a
        kind nor causes, and more to live on.
    """
    rng = np.random.default_rng(seed)
    families = make_families(households, persons, rng)
    histories = make_histories(families, [each.statuses for each in sellers], last_day, rng)
    registered = histories.entered_year > 0
    student = students(families, rng)
    cause = main_causes(families, student, registered, rng)
    ill, disabled = (np.flatnonzero(cause == CAUSE_NAMES.index(name)) for name in ("illness", "disability"))
    lives = make_lives(families, student, ill, disabled, last_day.year, rng)
    holding = holdings(families, cause, rng)
    fortune = Fortune(families, lives, holding, cause, rng)
    born_on = np.datetime64(last_day) - families.age_days
    joined_on = _joined_on(families, histories, born_on, np.datetime64(last_day), rng)
    records = _records(fortune, histories, joined_on, last_day, rng)
    return County(
        last_day,
        _codes(villages, sellers, households, rng),
        histories,
        families,
        lives,
        kinds(families, cause, lives, rng),
        cause,
        _other_causes(cause, rng),
        holding,
        *records,
        identities.surnames(families, rng),
        identities.given_names(families, last_day.year, rng),
        identities.ethnic_groups(families, rng),
        identities.id_numbers(born_on, families.male),
        born_on,
        joined_on,
    )


def _codes(villages: Sequence[str], sellers: Sequence[HouseholdPlan], households: int, rng: np.random.Generator) -> list[str]:
    """The sellers' codes, then new ones village by village behind those that are taken."""
    codes = [each.code for each in sellers]
    taken = Counter(code[:12] for code in codes)
    weights = rng.dirichlet(np.full(len(villages), 8.0))
    for village, number in zip(villages, rng.multinomial(households - len(codes), weights), strict=True):
        codes += [f"{village}{taken[village] + nth:04d}" for nth in range(1, number + 1)]
    return codes


def _joined_on(families: Families, histories: Histories, born_on: Days, last: np.datetime64, rng: np.random.Generator) -> Days:
    """Members since registration, or since they were born or, at 20 to 24, have married into the household."""
    entries = [spans[0].start if spans else _BEGIN for spans in histories.statuses]
    base = np.minimum(np.array(entries, "datetime64[D]"), np.datetime64("2020-01-01"))[families.household]
    married_at = born_on + ((20 + 4 * rng.random(len(born_on))) * YEAR).astype(np.int64)
    married_in = families.is_relation("spouse") | families.is_relation("child_in_law")
    since = np.where(married_in, np.minimum(married_at, last - 30), born_on)
    return np.maximum(base, since)


def _other_causes(cause: Ints, rng: np.random.Generator) -> Ints:
    """Up to two further causes, -1 for none, int64 (households, 2)."""
    drawn = rng.choice(len(CAUSE_NAMES), size=(len(cause), 2))
    few = rng.random(len(cause))
    first = np.where((few < 0.55) & (drawn[:, 0] != cause), drawn[:, 0], NO_CAUSE)
    second = np.where((few < 0.15) & (drawn[:, 1] != cause) & (drawn[:, 1] != first), drawn[:, 1], NO_CAUSE)
    return np.where(cause[:, None] == NO_CAUSE, NO_CAUSE, np.column_stack([first, second]))


def _records(
    fortune: Fortune, histories: Histories, joined_on: Days, last_day: date, rng: np.random.Generator
) -> tuple[Record, Record, Record]:
    """At registration somewhat below the line; since then above it, those who are monitored around it."""
    score, number = fortune.score, len(fortune.score)
    entered = np.where(histories.entered_year < last_day.year - 1, histories.entered_year, 0)
    lines = np.array([line_yuan(year) if year > 2012 else 0.0 for year in range(last_day.year + 1)])
    below = 0.35 + 0.63 / (1 + np.exp(-0.9 * score - 0.5))
    never = histories.entered_year == 0
    middle = np.select([histories.monitored, never], [0.95, 2.4], 1.9)
    spread = np.where(histories.monitored, 0.22, 0.34)
    now = middle * np.exp(spread * score)
    before = now * np.exp(0.1 * rng.standard_normal(number))
    plans = (
        (entered, below, False),
        (np.full(number, last_day.year - 1), before, True),
        (np.full(number, last_day.year), now, True),
    )
    return tuple(_record(fortune, joined_on, year, ratio * lines[year], late, rng) for year, ratio, late in plans)  # type: ignore[return-value]


def _record(
    fortune: Fortune, joined_on: Days, year: Ints, per_head_yuan: Floats, now: bool, rng: np.random.Generator
) -> Record:
    families = fortune.families
    joined_year = joined_on.astype("datetime64[Y]").astype(np.int64) + 1970
    persons = families.per_household(joined_year <= year[families.household])
    incomes = fortune.incomes(per_head_yuan, persons, now=now)
    per_head = per_head_fen(incomes, persons)
    return Record(year, rng.random(len(year)), persons, incomes, per_head, fortune.living(now=now))
