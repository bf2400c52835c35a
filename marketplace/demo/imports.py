"""A township's tables of household files, written and with rows to put right, and persons who may stand on file twice."""

import csv
import io
from datetime import date, datetime, timedelta

from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.regions.queries import children
from marketplace.registry.duplicates.looking import keep_pairs
from marketplace.registry.duplicates.people import AlikePair, Compared
from marketplace.registry.id_numbers import check_character
from marketplace.registry.importing.columns import Words
from marketplace.registry.importing.running import begin_import, check_import, plan_of, write_next
from marketplace.registry.models import FileImport, How, Person
from marketplace.registry.reading import unbounded

_TOWNSHIP, _BESIDE = "522636100", "522636101"
_HEADER = [
    *("household_code", "name", "id_number", "relation", "sex", "born_on", "kind", "main_cause", "dwelling_grade"),
    *("water_source", "income_wages_fen", "education", "health"),
]
_HOUSEHOLD = ["general_poor", "illness", "b", "tap", "860000"]
# Far above the numbers of all households that the demo makes elsewhere.
_FIRST_CODE = 9501


def add_imports(login: str, county: str, *, now: datetime) -> None:
    """Write them as the officers with these logins would have."""
    officer = db.session.scalars(select(Account).filter_by(login=login)).one()
    above = db.session.scalars(select(Account).filter_by(login=county)).one()
    here, there = [area.code for area in children(_TOWNSHIP)][:2]
    beside = children(_BESIDE)[0].code
    _written(officer, _table([here, there]), "龙泉镇 建档立卡 第一批.csv", now - timedelta(days=9))
    _written(above, _table([beside], serial=7), "兴仁镇 补录.csv", now - timedelta(days=6))
    wrong = _table([here, there], serial=20)
    wrong[2][2] = wrong[0][2]
    wrong[4][0] = "522636999001" + "9501"
    wrong[8][12] = "不详"
    _checked(officer, wrong, "龙泉镇 建档立卡 第二批.csv", now - timedelta(hours=3))
    _pairs(here, there, beside, now - timedelta(days=1))


def _table(villages: list[str], serial: int = 0) -> list[list[str]]:
    """Three persons in each of two households of each village; the wife of the first is on file in every village."""
    rows = []
    for village in villages:
        for house in range(2):
            serial += 1
            code = f"{village}{_FIRST_CODE + serial}"
            head, child = _card(date(1963, 4, 2), 2 * serial), _card(date(1994, 9, 17), 2 * serial + 100)
            name = f"杨{'正光明德胜国'[serial % 6]}{'林华祥'[serial % 3]}"
            rows.append([code, name, head, "head", "", "", *_HOUSEHOLD, "primary", "healthy"])
            other = (f"王{'桂花银'[serial % 3]}{'兰芝'[serial % 2]}", f"1966-0{serial % 9 + 1}-21")
            wife, born_on = other if house else ("潘秀英", "1965-11-08")
            rows.append([code, wife, "", "spouse", "female", born_on, *[""] * 5, "none", "long_illness"])
            rows.append([code, f"杨{'春秋冬夏'[serial % 4]}生", child, "child", "", "", *[""] * 5, "junior", "healthy"])
    return rows


def _card(born_on: date, serial: int) -> str:
    # Serials above 900 were kept for people over a hundred; nobody born then has one.
    digits = f"522636{born_on:%Y%m%d}{901 + serial % 99:03d}"
    return digits + check_character(digits)


def _checked(officer: Account, rows: list[list[str]], name: str, at: datetime) -> FileImport:
    out = io.StringIO()
    csv.writer(out).writerows([_HEADER, *rows])
    year = local_day(at).year
    return check_import(out.getvalue().encode(), Words(), file_name=name, by=officer, how=How.TOLD, year=year, now=at)


def _written(officer: Account, rows: list[list[str]], name: str, at: datetime) -> None:
    found = _checked(officer, rows, name, at)
    begin_import(found, good_rows_only=False, by=officer, now=at)
    plan = plan_of(found)
    while write_next(found.id, plan, now=at):
        pass


def _pairs(here: str, there: str, beside: str, at: datetime) -> None:
    """The wife of the same name and birthday, in two villages of the township and in one beside it."""
    query = select(Person).where(Person.relation == "spouse", Person.born_on == date(1965, 11, 8))
    rows = db.session.scalars(unbounded(query.order_by(Person.id), "the demo's own persons")).all()
    wives = {
        row.village_code: Compared(row.id, row.household_id, row.village_code, "", "", row.sex, row.relation, None)
        for row in rows
    }
    alike = {"name": "same", "born_on": "same", "sex": "same", "relation": "same", "id_number": "unknown"}
    keep_pairs(
        [
            AlikePair(wives[here], wives[there], 0.98, {**alike, "place": "township"}),
            AlikePair(wives[here], wives[beside], 0.87, {**alike, "place": "other"}),
        ],
        now=at,
    )
