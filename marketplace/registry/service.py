"""Changes of the registry: households on file, statuses that begin and end."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict
from marketplace.registry.models import Household, HouseholdStatus, RegistryRevision, StatusCategory


def open_revision(reason: str, *, actor: str, now: datetime) -> RegistryRevision:
    """Begin a change of statuses; whatever changes with it carries its number."""
    revision = RegistryRevision(at=now, actor=actor, reason=reason)
    db.session.add(revision)
    db.session.flush()
    audit.record("registry.revised", "registry_revision", str(revision.id), actor=actor, at=now, reason=reason)
    return revision


def add_household(code: str, *, now: datetime) -> Household:
    """Put a household on file under its 16-digit code."""
    household = Household(code=code, village_code=code[:12], created_at=now)
    db.session.add(household)
    db.session.flush()
    return household


def begin_status(
    household: Household, category: StatusCategory, first_day: date, revision: RegistryRevision
) -> HouseholdStatus:
    """A status from ``first_day`` on, without an end."""
    status = HouseholdStatus(household_id=household.id, category=category, days=Range(first_day, None), revision_id=revision.id)
    db.session.add(status)
    db.session.flush()
    return status


def end_status(household: Household, last_day: date, revision: RegistryRevision) -> HouseholdStatus:
    """End the status in force with ``last_day``; what was true on earlier days stays true.

    Raises
    ------
    Conflict
        When no status is in force on that day.
    """
    status = db.session.scalars(
        select(HouseholdStatus)
        .where(HouseholdStatus.household_id == household.id, HouseholdStatus.days.contains(last_day))
        .with_for_update()
    ).first()
    if status is None:
        raise Conflict("no_status_in_force", N_("The household has no status in force on that day."))
    status.days = Range(status.days.lower, last_day, bounds="[]")
    status.revision_id = revision.id
    db.session.flush()
    return status
