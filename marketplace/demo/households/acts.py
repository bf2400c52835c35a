"""When each thing in the files was noted, and the numbers of the changes that noted it. Pure, numpy."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from marketplace.demo.households.county import County
from marketplace.demo.households.families import Floats, Ints
from marketplace.kernel.clock import day_start

_DAY_S = 86_400
_FIFTEEN_DAYS_S = 15 * _DAY_S + 2 * 3600


@dataclass(frozen=True)
class Noted:
    """Seconds since 1970, and the number of the change counted from 0, of each household or person; -1 for no change."""

    at_s: Ints
    change: Ints


@dataclass(frozen=True)
class Acts:
    """Who everybody is, what each record says, what is known of the members. Within a household numbers rise with time."""

    identities: Noted
    records: tuple[Noted, ...]
    members: Noted
    count: int


def make_acts(county: County, now: datetime) -> Acts:
    """Registrations were noted from April on, last year's records from March on, this year's until ``now``.

    Members are noted when their household is, or some days after they have joined it.
    """
    of_person, latest = county.families.household, int(now.timestamp())
    new_year = int(day_start(county.last_day.replace(month=1, day=1)).timestamp())
    at_registration = _within(county.registration.year, 90, 200, county.registration.moment)
    at_last = _within(county.last_year.year, 60, 250, county.last_year.moment)
    at_this = new_year + (county.this_year.moment * (latest - new_year)).astype(np.int64)
    opened = np.where(county.registration.year > 0, at_registration, at_last)
    joined = county.joined_on.astype("datetime64[s]").astype(np.int64) + _FIFTEEN_DAYS_S
    at_identity = np.minimum(np.maximum(opened[of_person], joined), latest)
    at_member = np.minimum(at_this[of_person] + 60, latest)
    moments = [at_identity, at_registration, at_last, at_this, at_member]
    own = np.arange(len(opened))
    there = np.ones(sum(map(len, moments)), bool)
    there[len(at_identity) : len(at_identity) + len(own)] = county.registration.year > 0
    order = np.lexsort((np.concatenate(moments), np.concatenate([of_person, own, own, own, of_person])))
    changes = np.empty(len(order), np.int64)
    changes[order] = np.where(there[order], np.cumsum(there[order]) - 1, -1)
    cuts = np.cumsum([len(moment) for moment in moments])[:-1]
    first, *records, last = map(Noted, moments, np.split(changes, cuts))
    return Acts(first, tuple(records), last, int(there.sum()))


def _within(year: Ints, first_day: int, days: int, moment: Floats) -> Ints:
    """A moment of a working day in China, some days after the year began."""
    began = (np.maximum(year, 1970) - 1970).astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64)
    # From nine to five by the clock there, which is eight hours ahead.
    hours_s = 3600 + (moment * 997 % 1 * 8 * 3600).astype(np.int64)
    return began + (first_day + (moment * days).astype(np.int64)) * _DAY_S + hours_s
