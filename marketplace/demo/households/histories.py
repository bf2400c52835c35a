"""Since when a household has been registered, and as what. Pure, numpy.

Registered since the first day of 2014, or since its young head could keep a house of its own; poor until a day at the end of
one of the years until the county's last were announced as lifted; then watched, the shakier ones more closely. How many left
poverty in which year, and how many are monitored, is assumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from marketplace.demo.households.families import YEAR, Bools, Families, Ints
from marketplace.demo.sellers import LIFTED_ON, REGISTERED_SINCE, StatusPlan
from marketplace.registry.models import StatusCategory

# The day of each year on which those who had left poverty were announced, and how many of a hundred they were.
_LIFTED = (
    (date(2014, 12, 31), 11),
    (date(2015, 12, 31), 13),
    (date(2016, 12, 31), 14),
    (date(2017, 12, 31), 16),
    (date(2018, 12, 31), 26),
    (date(2019, 12, 31), 14),
    (LIFTED_ON, 6),
)
_LAST_ENTRY = date(2019, 12, 31)
MONITORED_SHARE = 0.045


@dataclass(frozen=True)
class Histories:
    """Status spans of each household, and which are monitored on the last day."""

    entered_year: Ints
    statuses: Sequence[tuple[StatusPlan, ...]]
    monitored: Bools


def make_histories(
    families: Families, given: Sequence[Sequence[StatusPlan] | None], last_day: date, rng: np.random.Generator
) -> Histories:
    """Give each household its spans; the first ones have them already where ``given`` says so, even if it is none."""
    number = len(families.sizes)
    lifted = rng.choice(len(_LIFTED), size=number, p=np.array([share for _, share in _LIFTED]) / 100)
    # Who enters or returns late does so within the last two years, and is monitored.
    late = rng.random(number) < 0.006
    shaky = rng.random(number) < MONITORED_SHARE
    ago = rng.integers(20, 700, number)
    head_age = families.age_days[families.heads]
    statuses = []
    for at in range(number):
        if at < len(given) and (known := given[at]) is not None:
            statuses.append(tuple(known))
            continue
        since = last_day - timedelta(days=int(ago[at]))
        begin = _entry(last_day - timedelta(days=int(head_age[at])))
        if late[at]:
            statuses.append((StatusPlan(StatusCategory.MONITORED, since, None),))
            continue
        end = max(_LIFTED[lifted[at]][0], begin if begin == REGISTERED_SINCE else date(begin.year + 1, 12, 31))
        end = min(end, LIFTED_ON)
        poor = StatusPlan(StatusCategory.POOR, begin, end)
        if shaky[at]:
            watched = StatusPlan(StatusCategory.LIFTED_TRACKED, end, since)
            statuses.append((poor, watched, StatusPlan(StatusCategory.MONITORED, since, None)))
        else:
            statuses.append((poor, StatusPlan(StatusCategory.LIFTED_TRACKED, end, None)))
    monitored = np.array([bool(spans) and spans[-1].category == StatusCategory.MONITORED for spans in statuses])
    entered = np.array([spans[0].start.year if spans else 0 for spans in statuses])
    return Histories(entered, statuses, monitored)


def _entry(head_born: date) -> date:
    """The first day of registration, when the head was twenty at least, or as near to that as entries went."""
    twenty = head_born + timedelta(days=round(20 * YEAR))
    return REGISTERED_SINCE if twenty < REGISTERED_SINCE else min(date(twenty.year, 12, 31), _LAST_ENTRY)
