"""Which template holds at a place on a day, of what comes with the program and what offices have written down."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, func, or_, select, tuple_

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

_LATEST_FIRST = (TemplateVersion.begins_on.desc(), TemplateVersion.id.desc())


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


def template_of(project: Project, today: date) -> Template:
    """What a declaration is to follow: the template of its place on the day it was first handed in, and until then today's.

    Whoever hoards drafts does not keep what was asked when they were begun, and what was handed in is judged and mended by what
    was asked then, however often it is sent back.
    """
    return template_on(project.place_code, project.handed_in_on or today)


def next_day(project: Project, today: date) -> date | None:
    """The day from which a declaration that was never handed in has to follow another version than today's, as far as known."""
    if project.handed_in_on is not None:
        return None
    days = (each.begins_on for each in _confirmed(ancestor_codes(project.place_code)) if each.begins_on > today)
    return min(days, default=None)


def templates_of(projects: Sequence[Project], today: date) -> dict[str, Template]:
    """The templates of many declarations, by their public ids, as ``template_of`` has them."""
    codes = {code for project in projects for code in ancestor_codes(project.place_code)}
    versions = [SHIPPED, *_confirmed(codes)]
    return {row.public_id: put_together(versions, row.place_code, row.handed_in_on or today) for row in projects}


def above(area_code: str, day: date) -> Template:
    """What holds on a day of the levels over an office, to which its own version is added; for a province what is shipped."""
    codes = [code for code in ancestor_codes(area_code) if code != area_code]
    return put_together([SHIPPED, *_confirmed(codes)], area_code, day)


def versions_of(area_code: str) -> Sequence[TemplateVersion]:
    """Every version that the office of an area has written down, the newest first."""
    query = select(TemplateVersion).filter_by(area_code=area_code)
    return db.session.scalars(query.order_by(TemplateVersion.number.desc())).all()


def versions_around(area_code: str, own: Sequence[str]) -> Select[tuple[TemplateVersion]]:
    """The versions of an area, of those above it and of those within it.

    Parameters
    ----------
    own : sequence of str
        The areas in whose name somebody writes versions down: of others only what is confirmed is shown.
    """
    near = or_(TemplateVersion.area_code.in_(ancestor_codes(area_code)), within(TemplateVersion.area_code, area_code))
    shown = or_(TemplateVersion.state == TemplateState.CONFIRMED, TemplateVersion.area_code.in_(own))
    return select(TemplateVersion).where(near, shown)


def page_of_versions(query: Select[tuple[TemplateVersion]], number: int, size: int) -> tuple[Sequence[TemplateVersion], int]:
    """A page of versions, what begins last first, and how many there are on all."""
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return db.session.scalars(query.order_by(*_LATEST_FIRST).limit(size).offset((number - 1) * size)).all(), total


def versions_after(query: Select[tuple[TemplateVersion]], after: str | None, limit: int) -> Sequence[TemplateVersion]:
    """What begins last first, or those behind the one with the public id ``after``.

    Raises
    ------
    NotFound
        ``template_unknown`` when ``after`` is none of them.
    """
    if after is not None:
        mark = db.session.scalars(query.where(TemplateVersion.public_id == after)).first()
        if mark is None:
            raise _unknown()
        query = query.where(tuple_(TemplateVersion.begins_on, TemplateVersion.id) < (mark.begins_on, mark.id))
    return db.session.scalars(query.order_by(*_LATEST_FIRST).limit(limit)).all()


def get_version(public_id: str, areas: Sequence[str]) -> TemplateVersion:
    """A version that somebody with these offices may read, or ``NotFound``."""
    found = db.session.scalars(select(TemplateVersion).filter_by(public_id=public_id)).first()
    near = found is not None and any(
        found.area_code in ancestor_codes(code) or code in ancestor_codes(found.area_code) for code in areas
    )
    if found is None or not near or (found.state != TemplateState.CONFIRMED and found.area_code not in areas):
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return NotFound("template_unknown", N_("There is no such version."))


def versions_before(rows: Sequence[TemplateVersion]) -> dict[str, Version]:
    """What each of some versions followed, by public id: its office's last confirmed one, else what a first begins from."""
    query = select(TemplateVersion).where(
        TemplateVersion.area_code.in_({row.area_code for row in rows}), TemplateVersion.state == TemplateState.CONFIRMED
    )
    confirmed = db.session.scalars(query.order_by(TemplateVersion.number)).all()
    before: dict[str, Version] = {}
    for row in rows:
        earlier = [each for each in confirmed if each.area_code == row.area_code and each.number < row.number]
        before[row.public_id] = version_of(earlier[-1]) if earlier else _first_version(row.area_code)
    return before


def last_version(area_code: str) -> Version:
    """What an office's next version begins from: its last confirmed one, else for a province what is shipped, else nothing."""
    confirmed = (row for row in versions_of(area_code) if row.state == TemplateState.CONFIRMED)
    row = next(confirmed, None)
    return _first_version(area_code) if row is None else version_of(row)


def _first_version(area_code: str) -> Version:
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
