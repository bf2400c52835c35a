"""Reading the area tree."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, String, false, literal, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.models import Area


def within(column: InstrumentedAttribute[str], scope_code: str) -> ColumnElement[bool]:
    """The condition that ``column`` holds an area inside ``scope_code``; it can use the column's index."""
    return column.startswith(scope_code, autoescape=True)


def within_any(column: InstrumentedAttribute[str], scope_codes: Iterable[str]) -> ColumnElement[bool]:
    """The condition that ``column`` holds an area inside one of these; no area is inside none."""
    return or_(false(), *(within(column, code) for code in scope_codes))


def get_area(code: str) -> Area:
    """The area, or ``NotFound``."""
    area = db.session.get(Area, code)
    if area is None:
        raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=code[:20])
    return area


def area_names(codes: Iterable[str]) -> dict[str, str]:
    """The names of many areas in one statement; an unknown code is absent."""
    wanted = set(codes)
    if not wanted:
        return {}
    rows = db.session.execute(select(Area.code, Area.name).where(Area.code.in_(wanted)))
    return dict(rows.all())


def ancestors(code: str) -> list[Area]:
    """The areas from the province down to ``code``."""
    return list(db.session.scalars(select(Area).where(Area.code.in_(ancestor_codes(code))).order_by(Area.code)))


def children(code: str | None) -> list[Area]:
    """The areas in force one level below, in the order of their codes; the provinces for None."""
    return list(db.session.scalars(select(Area).where(Area.parent_code == code, Area.valid_to.is_(None)).order_by(Area.code)))


def find_area_in_force(code: str) -> Area | None:
    """The area, when its code is in force today."""
    return db.session.scalars(select(Area).where(Area.code == code, Area.valid_to.is_(None))).first()


def counties_to_choose(province_code: str | None) -> list[Area]:
    """The provinces in force and, for one of them, its cities and counties, by code, in one statement.

    The counties are found through their cities, because a province's code begins the codes of its every village.
    """
    in_force = select(Area.code).where(Area.valid_to.is_(None))
    cities = in_force.where(Area.parent_code == literal(province_code, String))
    parts = union_all(
        in_force.where(Area.parent_code.is_(None)), cities, in_force.where(Area.parent_code.in_(cities))
    ).subquery()
    return list(db.session.scalars(select(Area).where(Area.code.in_(select(parts.c.code))).order_by(Area.code)))
