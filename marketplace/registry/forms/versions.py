"""Versions of forms: which are in force where, and which one a submission was made with."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import or_, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.codes import ancestor_codes, contains
from marketplace.regions.queries import within, within_any
from marketplace.registry.forms.questions import Form, from_data
from marketplace.registry.models import FormVersion

FORM = "household"


def form_id_of(area_code: str) -> str:
    """The name that a phone knows an area's form by.

    >>> form_id_of("52")
    'household_52'
    """
    return f"{FORM}_{area_code}"


def model_of(version: FormVersion) -> Form:
    """The questions of a version."""
    return from_data(version.model)


def get_version(public_id: str) -> FormVersion:
    """The version, or ``NotFound``."""
    found = db.session.scalars(select(FormVersion).filter_by(public_id=public_id)).first()
    if found is None:
        raise NotFound("form_unknown", N_("There is no such form."))
    return found


def find_version(form_id: str, version: str) -> FormVersion | None:
    """The version that a submission names, on whatever day it comes."""
    return db.session.scalars(select(FormVersion).filter_by(form_id=form_id, version=version)).first()


def version_in_force(area_code: str, day: date) -> FormVersion | None:
    """What an area itself has published and still hands out on a day: the newest."""
    query = (
        select(FormVersion)
        .where(FormVersion.area_code == area_code, FormVersion.begins_on <= day)
        .where(or_(FormVersion.ends_on.is_(None), FormVersion.ends_on > day))
        .order_by(FormVersion.begins_on.desc(), FormVersion.id.desc())
        .limit(1)
    )
    return db.session.scalars(query).first()


def version_for(area_code: str, day: date) -> FormVersion | None:
    """The form that is used in an area: its own, or that of the nearest area around it."""
    for code in reversed(ancestor_codes(area_code)):
        found = version_in_force(code, day)
        if found is not None:
            return found
    return None


def versions_for(areas: Iterable[str], day: date) -> list[FormVersion]:
    """The forms that somebody over these areas can use: for each the nearest around it, and those of areas within it."""
    found: dict[int, FormVersion] = {}
    for area in areas:
        nearest = version_for(area, day)
        inside = {code for code in _publishing_within(area) if code != area}
        for version in [nearest, *(version_in_force(code, day) for code in sorted(inside))]:
            if version is not None:
                found[version.id] = version
    return list(found.values())


def _publishing_within(area: str) -> Sequence[str]:
    return db.session.scalars(select(FormVersion.area_code).where(within(FormVersion.area_code, area)).distinct()).all()


def versions_seen_from(areas: Iterable[str]) -> list[FormVersion]:
    """Every version that concerns these areas, newest first: of areas around them and of areas within."""
    codes = {code for area in areas for code in ancestor_codes(area)}
    query = select(FormVersion).where(or_(FormVersion.area_code.in_(codes), within_any(FormVersion.area_code, areas)))
    return list(db.session.scalars(query.order_by(FormVersion.area_code, FormVersion.id.desc())))


def concerns(version: FormVersion, areas: Iterable[str]) -> bool:
    """Whether a version is for somebody over these areas."""
    return any(contains(version.area_code, area) or contains(area, version.area_code) for area in areas)
