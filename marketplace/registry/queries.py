"""Who is registered, on any day."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import ColumnElement, func, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.registry.models import SUPPORTED, Household, HouseholdStatus, RegistryRevision, StatusCategory


def supported_on(day: date) -> ColumnElement[bool]:
    """The condition on ``HouseholdStatus`` that a status in force on ``day`` counts as supported."""
    return HouseholdStatus.days.contains(day) & HouseholdStatus.category.in_(SUPPORTED)


def registered_households(household_ids: Iterable[int], day: date) -> set[int]:
    """Those of the households that are registered on ``day``."""
    wanted = set(household_ids)
    if not wanted:
        return set()
    rows = db.session.scalars(
        select(HouseholdStatus.household_id).where(HouseholdStatus.household_id.in_(wanted), supported_on(day))
    )
    return set(rows)


def status_on(household: Household, day: date) -> StatusCategory | None:
    """The status of a household that is in force on a day."""
    query = select(HouseholdStatus.category).where(HouseholdStatus.household_id == household.id)
    found = db.session.scalar(query.where(HouseholdStatus.days.contains(day)))
    return None if found is None else StatusCategory(found)


def latest_revision() -> int:
    """The number of the registry's newest revision; 0 before the first."""
    return db.session.scalar(select(func.coalesce(func.max(RegistryRevision.id), 0))) or 0


def get_household(public_id: str) -> Household:
    """The household with this public id, or ``NotFound``."""
    household = db.session.scalars(select(Household).filter_by(public_id=public_id)).first()
    if household is None:
        raise NotFound("household_unknown", N_("There is no such household."))
    return household


def households_by_code(codes: Iterable[str]) -> dict[str, int]:
    """The ids of the households on file under these codes; an unknown code is absent."""
    rows = db.session.execute(select(Household.code, Household.id).where(Household.code.in_(set(codes))))
    return dict(rows.all())


def household_codes(ids: Iterable[int]) -> dict[int, str]:
    """The codes of households by id, for who has named them before."""
    rows = db.session.execute(select(Household.id, Household.code).where(Household.id.in_(set(ids))))
    return dict(rows.all())
