"""Publishing a version of a form: the standard by a province, an extension of it by a county or township."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import may_see
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.regions.models import Level
from marketplace.regions.queries import get_area
from marketplace.registry.forms.converting import Converted, convert
from marketplace.registry.forms.extending import faults_of_extension
from marketplace.registry.forms.questions import Form, as_data
from marketplace.registry.forms.standard_form import standard_form
from marketplace.registry.forms.versions import form_id_of, model_of, version_for, version_in_force
from marketplace.registry.forms.workbook import sheets, workbook_bytes
from marketplace.registry.models import FormVersion

EXTENDING = (Level.CITY, Level.COUNTY, Level.TOWNSHIP)


@dataclass(frozen=True)
class Prepared:
    """A version that has been converted and checked, and can be written down."""

    form: Form
    area_code: str
    form_id: str
    version: str
    xlsx: bytes
    converted: Converted
    standard: FormVersion | None = None


def prepare_standard(area_code: str, now: datetime, *, validate: bool = True) -> Prepared:
    """The standard's next version in a province. Reads only, and takes seconds: to be called before a transaction."""
    if len(area_code) != Level.PROVINCE:
        raise Invalid("form_level", N_("A standard is published by a province."))
    return _prepare(standard_form(), area_code, now, None, validate)


def prepare_extension(form: Form, area_code: str, now: datetime) -> Prepared:
    """An extension's next version, checked against the form in force above it.

    Raises
    ------
    Invalid
        ``form_level``, ``extension_faults`` (``faults`` in its data), or what ``convert`` raises.
    Conflict
        ``standard_missing`` where nothing is in force above.
    """
    if len(area_code) not in EXTENDING:
        raise Invalid("form_level", N_("Questions are added by a city, a county or a township."))
    above = version_for(area_code[: _level_above(area_code)], local_day(now))
    if above is None:
        raise Conflict("standard_missing", N_("No form is in force above this area yet."))
    faults = faults_of_extension(model_of(above), form)
    if faults:
        raise Invalid("extension_faults", N_("The form does not keep to the one above it."), faults=faults)
    return _prepare(Form(model_of(above).title, form.sections), area_code, now, above, True)


def _level_above(area_code: str) -> int:
    return max(int(level) for level in Level if int(level) < len(area_code))


def _prepare(form: Form, area_code: str, now: datetime, above: FormVersion | None, validate: bool) -> Prepared:
    form_id, version = form_id_of(area_code), _next_version(area_code, local_day(now))
    rows = sheets(form, form_id, version)
    converted = convert(rows, validate=validate)
    return Prepared(form, area_code, form_id, version, workbook_bytes(form, form_id, version), converted, above)


def _next_version(area_code: str, day: date) -> str:
    """The day and a number of two digits, so that a later version is the larger number, as phones expect."""
    today = f"{day:%Y%m%d}"
    query = select(func.count()).where(FormVersion.area_code == area_code, FormVersion.version.startswith(today))
    return f"{today}{(db.session.scalar(query) or 0) + 1:02d}"


def publish(prepared: Prepared, *, by: Account, begins_on: date, now: datetime) -> FormVersion:
    """Write a version down; the one before it is handed out until the day on which this one begins.

    Raises
    ------
    Forbidden
        ``form_not_yours`` for an officer of another area.
    Invalid
        ``form_begins_early`` for a day that is over.
    Conflict
        ``form_published`` when somebody else was faster.
    """
    if not may_see(by, RoleKind.OFFICER, prepared.area_code):
        raise Forbidden("form_not_yours", N_("Only an officer of the area publishes its forms."))
    if begins_on < local_day(now):
        raise Invalid("form_begins_early", N_("A form begins today or later."))
    get_area(prepared.area_code)
    known = select(FormVersion.id).filter_by(form_id=prepared.form_id, version=prepared.version)
    if db.session.scalar(known) is not None:
        raise Conflict("form_published", N_("Somebody has just published this version. Please look at it."))
    before = version_in_force(prepared.area_code, begins_on)
    if before is not None and before.begins_on < begins_on:
        before.ends_on = begins_on
    xform = prepared.converted.xform
    made = FormVersion(
        form_id=prepared.form_id,
        version=prepared.version,
        area_code=prepared.area_code,
        standard_id=None if prepared.standard is None else prepared.standard.id,
        begins_on=begins_on,
        model=as_data(prepared.form),
        xlsx=prepared.xlsx,
        xform=xform,
        md5=hashlib.md5(xform.encode(), usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(xform.encode()).hexdigest(),
        validated=prepared.converted.validated,
        warnings=prepared.converted.warnings,
        published_by_id=by.id,
        published_at=now,
    )
    db.session.add(made)
    db.session.flush()
    told: dict[str, Any] = {"area": made.area_code, "version": made.version, "sha256": made.sha256}
    audit.record("forms.published", "form_version", made.public_id, actor=by.public_id, at=now, **told)
    return made
