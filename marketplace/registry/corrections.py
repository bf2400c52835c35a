"""What a household says is wrong in its own file: an officer looks at it and agrees, or says why not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.registry.file_values import read_values
from marketplace.registry.filing import Noting, ask_change, known, lock_household, record_for
from marketplace.registry.models import ChangeRequest, Household, How, Person
from marketplace.registry.reading import unbounded
from marketplace.registry.standard import About


def ask_correction(
    household: Household,
    typed: Mapping[str, Any],
    *,
    by: Account,
    reason: str,
    year: int,
    now: datetime,
    person: Person | None = None,
) -> ChangeRequest:
    """Ask for other values of a year than those on file; an officer must agree, whichever year it is.

    Raises
    ------
    Invalid
        ``values_invalid``, ``reason_needed``, ``year_ahead``, or ``nothing_changed`` when the file says so already.
    """
    values = read_values(typed, [About.HOUSEHOLD if person is None else About.MEMBER])
    if year > clock.local_day(now).year:
        raise Invalid("year_ahead", N_("The year %(year)s has not begun."), year=year)
    household = lock_household(household)
    record = record_for(household, year, person)
    before = known(household, record)
    wanted = {name: value for name, value in values.items() if value != before.get(name)}
    if not wanted:
        raise Invalid("nothing_changed", N_("The file says so already."))
    noting = Noting(by, How.TOLD, now, reason=reason)
    return ask_change(household, wanted, noting, year=year, person=person, marks=record.marks)


def corrections_asked(household: Household, by: Account, *, limit: int = 20) -> list[ChangeRequest]:
    """What this account has asked to be changed in its file, newest first."""
    query = select(ChangeRequest).where(ChangeRequest.household_id == household.id, ChangeRequest.proposed_by_id == by.id)
    return list(db.session.scalars(unbounded(query.order_by(ChangeRequest.id.desc()).limit(limit), "one's own file")))
