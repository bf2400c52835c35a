"""The area tree: codes, ancestors, scope, bulk loading."""

from datetime import date
from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Invalid, NotFound
from marketplace.regions.codes import ancestor_codes, contains, parent_code
from marketplace.regions.models import Area, Level
from marketplace.regions.queries import ancestors, children, get_area, within
from marketplace.regions.service import areas_in_file, load_areas, nation
from tests import factories

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "china_divisions"
OWN = Path(__file__).resolve().parents[2] / "marketplace" / "regions" / "data" / "qiandongnan.csv"
CODES_OF = date(2023, 6, 30)


def test_a_code_says_its_level_its_parent_and_its_ancestors() -> None:
    assert parent_code("522636100001") == "522636100"
    assert ancestor_codes("522636100001") == ["52", "5226", "522636", "522636100", "522636100001"]
    assert contains("522636", "522636100001")
    assert not contains("522636", "522635100001")
    assert contains("", "522636")


def test_the_prefecture_loads_with_the_published_numbers_of_danzhai(session: Session) -> None:
    with transaction():
        load_areas(chain(nation(), areas_in_file(OWN)), valid_from=CODES_OF)
    levels = dict(
        db.session.execute(
            select(func.length(Area.code), func.count()).where(within(Area.code, "522636")).group_by(func.length(Area.code))
        ).all()
    )
    assert levels == {Level.COUNTY: 1, Level.TOWNSHIP: 7, Level.VILLAGE: 122}
    assert get_area("522636").name == "丹寨县"
    assert [area.name for area in ancestors("522636")] == ["贵州省", "黔东南苗族侗族自治州", "丹寨县"]
    assert len(children("5226")) == 16
    assert db.session.scalar(select(func.count()).where(func.length(Area.code) == 2)) == 34


def test_loading_twice_changes_nothing_and_renames_what_has_a_new_name(session: Session) -> None:
    with transaction():
        load_areas([("52", "贵州"), ("5226", "黔东南")], valid_from=CODES_OF)
    with transaction():
        load_areas([("5226", "黔东南"), ("52", "贵州省")], valid_from=date(2024, 1, 1))
    assert [(area.name, area.valid_from) for area in ancestors("5226")] == [("贵州省", CODES_OF), ("黔东南", CODES_OF)]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([("52", "贵州省"), ("522", "x")], "area_code_invalid"),
        ([("52", "贵州省"), ("52a6", "x")], "area_code_invalid"),
        ([("52", "贵州省"), ("５２２６", "x")], "area_code_invalid"),
        ([("52", "贵州省"), ("5226", " ")], "area_name_invalid"),
        ([("522636", "丹寨县")], "area_orphan"),
    ],
)
def test_a_file_with_a_wrong_row_is_refused_whole(session: Session, rows: list[tuple[str, str]], code: str) -> None:
    with pytest.raises(Invalid) as refused, transaction():
        load_areas(rows, valid_from=CODES_OF)
    assert refused.value.code == code
    assert db.session.scalar(select(func.count()).select_from(Area)) == 0


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "areas.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Invalid) as refused:
        list(areas_in_file(path))
    assert refused.value.code == "area_file_header"


def test_an_unknown_area_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        get_area("99")


def test_an_area_cannot_contradict_its_code(session: Session) -> None:
    factories.area("522636")
    with pytest.raises(IntegrityError, match="ck_area_parent_is_prefix"), session.begin_nested():
        session.execute(text("INSERT INTO area (code, parent_code, name, valid_from) VALUES ('5301', '52', 'x', '2020-01-01')"))


@pytest.mark.skipif(not SHARED.exists(), reason="the nation's file of villages is not on this machine")
def test_the_whole_nation_loads_with_its_published_numbers(session: Session) -> None:
    files = ("provinces.csv", "cities.csv", "areas.csv", "streets.csv", "villages.csv.gz")
    with transaction():
        load_areas(chain(*(areas_in_file(SHARED / name) for name in files)), valid_from=CODES_OF)
    rows = db.session.execute(select(func.length(Area.code), func.count()).group_by(func.length(Area.code))).all()
    assert dict(rows) == {2: 31, 4: 342, 6: 2978, 9: 41352, 12: 620573}
