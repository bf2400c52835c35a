"""What a step that ends a procedure does to statuses, and who is told in the same transaction.

Whoever repeats what the registry says (shares of listings, the tilt) stands above it and is introduced once, by the
application.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict
from marketplace.registry.models import CaseAction, CaseKind, Household, HouseholdStatus, RegistryRevision, StatusCategory
from marketplace.registry.service import begin_status, end_status

Changed = Callable[[Sequence[int], datetime], None]
P, M, L = StatusCategory.POOR, StatusCategory.MONITORED, StatusCategory.LIFTED_TRACKED

# From which categories (None: none) a step leads to which (None: none).
CHANGES: dict[tuple[CaseKind, CaseAction], tuple[set[StatusCategory | None], StatusCategory | None]] = {
    (CaseKind.ENTRY, CaseAction.REGISTER): ({None, M, L}, P),
    (CaseKind.EXIT, CaseAction.LIFT): ({P}, L),
    (CaseKind.EXIT, CaseAction.END): ({L}, None),
    (CaseKind.MONITORING, CaseAction.MONITOR): ({None, L}, M),
    (CaseKind.MONITORING, CaseAction.END): ({M}, None),
}


class _Followers:
    """Who is told; nobody until the application is built."""

    changed: Changed | None = None


def follow_statuses(changed: Changed | None) -> None:
    """Say who is told, inside the transaction, of which households the statuses were changed."""
    _Followers.changed = changed


def status_on(household_id: int, day: date) -> HouseholdStatus | None:
    """The status of a household in force on a day."""
    query = select(HouseholdStatus).where(HouseholdStatus.household_id == household_id, HouseholdStatus.days.contains(day))
    return db.session.scalars(query).first()


def category_on(household_id: int, day: date) -> StatusCategory | None:
    """The category of the status in force on a day."""
    status = status_on(household_id, day)
    return None if status is None else StatusCategory(status.category)


def check_fits(kind: CaseKind, action: CaseAction, household_id: int, day: date) -> None:
    """Refuse a change that does not fit the status in force.

    Raises
    ------
    Conflict
        ``status_elsewhere``.
    """
    if category_on(household_id, day) not in CHANGES[kind, action][0]:
        raise Conflict("status_elsewhere", N_("The household’s status does not allow this. Please look at its history."))


def change_statuses(
    kind: CaseKind, action: CaseAction, household_ids: Sequence[int], revision: RegistryRevision, day: date, now: datetime
) -> None:
    """Begin and end statuses with ``day``: the old one was in force until the day before, the new one is from now on.

    Raises
    ------
    Conflict
        ``status_elsewhere``, or ``status_of_today`` when the one in force began on the same day.
    """
    _, category = CHANGES[kind, action]
    for household in lock_rows(Household, household_ids).values():
        check_fits(kind, action, household.id, day)
        status = status_on(household.id, day)
        if status is not None:
            if status.days.lower == day:
                raise Conflict("status_of_today", N_("The household’s status began only today. Please do this tomorrow."))
            end_status(household, day - timedelta(days=1), revision)
        if category is not None:
            begin_status(household, category, day, revision)
    if _Followers.changed is not None:
        _Followers.changed(household_ids, now)
