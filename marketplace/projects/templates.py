"""Which template holds at a place on a day, of what comes with the program and what offices have written down."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.projects.models import Project, TemplateVersion
from marketplace.projects.standard import (
    ITEMS,
    SHIPPED,
    Barred,
    Category,
    Criterion,
    Item,
    Template,
    Version,
    put_together,
)
from marketplace.projects.states import TemplateState
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.queries import within


def version_of(row: TemplateVersion) -> Version:
    """What a row says."""
    said: dict[str, Any] = row.content
    return Version(
        area_code=row.area_code,
        number=row.number,
        begins_on=row.begins_on,
        source=row.source,
        categories=tuple(Category(**each) for each in said["categories"]),
        barred=tuple(Barred(each["key"], each["words"], tuple(each["terms"])) for each in said["barred"]),
        rubric=tuple(Criterion(**each) for each in said["rubric"]),
        items=tuple(Item(**each) for each in said["items"]),
    )


def template_on(area_code: str, day: date) -> Template:
    """What holds in an area on a day.

    Raises
    ------
    Invalid
        ``template_missing`` where none holds yet.
    """
    return put_together([SHIPPED, *_confirmed(ancestor_codes(area_code))], area_code, day)


def template_of(project: Project) -> Template:
    """What a declaration is to follow: the template of its place on the day on which it was begun, whatever came later."""
    return template_on(project.place_code, local_day(project.drafted_at))


def templates_of(projects: Sequence[Project]) -> dict[str, Template]:
    """The templates of many declarations, by their public ids."""
    codes = {code for project in projects for code in ancestor_codes(project.place_code)}
    versions = [SHIPPED, *_confirmed(codes)]
    return {row.public_id: put_together(versions, row.place_code, local_day(row.drafted_at)) for row in projects}


def above(area_code: str, day: date) -> Template:
    """What holds on a day of the levels over an office, to which its own version is added; for a province what is shipped."""
    codes = [code for code in ancestor_codes(area_code) if code != area_code]
    return put_together([SHIPPED, *_confirmed(codes)], area_code, day)


def versions_of(area_code: str) -> Sequence[TemplateVersion]:
    """Every version that the office of an area has written down, the newest first."""
    query = select(TemplateVersion).filter_by(area_code=area_code)
    return db.session.scalars(query.order_by(TemplateVersion.number.desc())).all()


def versions_around(area_code: str, own: Sequence[str]) -> Sequence[TemplateVersion]:
    """Every version of an area, of those above it and of those within it, the latest first.

    Parameters
    ----------
    own : sequence of str
        The areas in whose name somebody writes versions down: of others only what is confirmed is shown.
    """
    near = or_(TemplateVersion.area_code.in_(ancestor_codes(area_code)), within(TemplateVersion.area_code, area_code))
    shown = or_(TemplateVersion.state == TemplateState.CONFIRMED, TemplateVersion.area_code.in_(own))
    query = select(TemplateVersion).where(near, shown)
    return db.session.scalars(query.order_by(TemplateVersion.begins_on.desc(), TemplateVersion.id.desc())).all()


def get_version(public_id: str, areas: Sequence[str]) -> TemplateVersion:
    """A version that somebody with these offices may read, or ``NotFound``."""
    found = db.session.scalars(select(TemplateVersion).filter_by(public_id=public_id)).first()
    near = found is not None and any(
        found.area_code in ancestor_codes(code) or code in ancestor_codes(found.area_code) for code in areas
    )
    if found is None or not near or (found.state != TemplateState.CONFIRMED and found.area_code not in areas):
        raise NotFound("template_unknown", N_("There is no such version."))
    return found


def version_before(row: TemplateVersion) -> Version:
    """What an office's version followed: its last confirmed one before, else what its first one begins from."""
    return last_version(row.area_code, below=row.number)


def last_version(area_code: str, *, below: int | None = None) -> Version:
    """What an office's next version begins from: its last confirmed one, else for a province what is shipped, else nothing.

    Parameters
    ----------
    below : int or None
        Only versions of lower numbers count.
    """
    for row in versions_of(area_code):
        if row.state == TemplateState.CONFIRMED and (below is None or row.number < below):
            return version_of(row)
    first = Version(area_code, 0, SHIPPED.begins_on, "")
    return SHIPPED if first.whole else first


def missing_words(key: str, template: Template) -> tuple[str, dict[str, str]]:
    """What is said where an item is missing, with what is filled in."""
    if key in ITEMS:
        return ITEMS[key], {}
    item = next(each for each in template.items if each.key == key)
    return N_("“%(item)s” is missing."), {"item": item.words}


def _confirmed(codes: Iterable[str]) -> list[Version]:
    query = select(TemplateVersion).where(
        TemplateVersion.area_code.in_(set(codes)), TemplateVersion.state == TemplateState.CONFIRMED
    )
    return [version_of(row) for row in db.session.scalars(query.order_by(TemplateVersion.id))]
