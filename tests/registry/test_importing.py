"""Household files from a table: exactly what is wrong is named, nothing is written by a check, and a run can be repeated."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid, NotFound
from marketplace.registry.file_requests import refuse_request
from marketplace.registry.files import read_file
from marketplace.registry.filing import record_values
from marketplace.registry.importing import running
from marketplace.registry.importing.columns import Words
from marketplace.registry.importing.jobs import run_import, watch_imports_job
from marketplace.registry.importing.running import begin_import, check_import, drop_import, get_import, imports_of
from marketplace.registry.models import ChangeRequest, FileChange, FileImport, FileRecord, Household, How, ImportState, Person
from marketplace.registry.reading import unbounded
from tests import factories
from tests.registry import people, tables
from tests.registry.tables import BESIDE, HERE, as_csv, as_xlsx

NOW, YEAR = factories.NOW, 2026


@pytest.fixture
def officer(session: Session) -> Account:
    """The township's officer, over both villages of the table."""
    for village in (HERE, BESIDE):
        factories.area(village)
    return people.officer("522636100")


def check(officer: Account, data: bytes, **more: object) -> FileImport:
    given = {"file_name": "村表.csv", "how": How.TOLD, "year": YEAR, "now": NOW, **more}
    with transaction():
        return check_import(data, Words(), by=officer, **given)  # type: ignore[arg-type]


def run(officer: Account, found: FileImport, *, good_rows_only: bool = False) -> FileImport:
    with transaction():
        begin_import(found, good_rows_only=good_rows_only, by=officer, now=NOW)
    run_import(found.id)
    return get_import(found.public_id, officer)


def written() -> tuple[int, ...]:
    models = (Household, Person, FileRecord, FileChange, ChangeRequest)
    return tuple(db.session.scalar(unbounded(select(func.count()).select_from(model), "a test")) or 0 for model in models)


def household(code: str) -> Household:
    return db.session.scalars(select(Household).filter_by(code=code)).one()


def seven_wrong(given: list[dict[str, str]]) -> dict[int, str]:
    """Plant seven errors; answers the column of each by its line."""
    number = given[40]["id_number"]
    given[10]["id_number"] = number[:17] + ("1" if number[17] != "1" else "2")
    given[21]["household_code"] = "522636100999" + "0001"
    given[61]["id_number"] = given[58]["id_number"]
    given[90]["id_number"] = people.id_number(date(1988, 8, 8))
    with transaction():
        people.head(factories.household(BESIDE), people.officer(), id_number=given[90]["id_number"])
    given[122]["relation"] = "head"
    given[155]["health"] = "fine"
    given[199]["name"] = ""
    return {
        12: "id_number",
        23: "household_code",
        63: "id_number",
        92: "id_number",
        124: "relation",
        157: "health",
        201: "name",
    }


def test_of_two_hundred_rows_exactly_the_seven_wrong_ones_are_named_and_nothing_is_written(officer: Account) -> None:
    given = tables.rows()
    wrong = seven_wrong(given)
    before = written()

    found = check(officer, as_csv(given))

    assert [(fault["line"], fault["column"]) for fault in found.faults] == list(wrong.items())
    assert [fault["message"] for fault in found.faults] == [
        "This is not the number of an identity card. Please compare it with the card.",
        "There is no village with this code in your area.",
        "The same number stands in row %(line)s.",
        "A person with this number is on file already, in another household.",
        "Row %(line)s says who heads this household already.",
        "This value is not possible here.",
        "Please fill this in.",
    ]
    assert [fault["data"] for fault in found.faults if fault["data"]] == [{"line": 60}, {"line": 122}]
    assert (found.rows, found.good_rows, found.households) == (200, 193, 50)
    assert written() == before


def test_a_table_with_wrong_rows_is_not_written_unless_the_officer_says_so(officer: Account) -> None:
    given = tables.rows()
    seven_wrong(given)
    found = check(officer, as_csv(given))
    before = written()
    with pytest.raises(Invalid) as refused, transaction():
        begin_import(found, good_rows_only=False, by=officer, now=NOW)
    assert refused.value.code == "rows_wrong"
    assert written() == before

    done = run(officer, found, good_rows_only=True)

    assert (done.state, done.position, done.left_out) == (ImportState.DONE, 50, [])
    assert done.counts == {"new_households": 50, "new_persons": 193, "values": 193 * 2 + 50 * 5}
    assert written()[1] == before[1] + 193
    # What is not needed any more is gone, with its key.
    assert (done.sealed, done.record_key) == (None, None)


def test_the_same_table_twice_changes_nothing(officer: Account) -> None:
    data = as_csv(tables.rows(40))
    first = run(officer, check(officer, data))
    assert first.counts["new_persons"] == 40
    after, acts = written(), db.session.scalar(select(func.count(AuditEvent.id)))

    again = check(officer, data)
    assert (again.faults, again.counts) == ([], {"new_households": 0, "new_persons": 0})
    second = run(officer, again)

    assert (second.counts, second.left_out, written()) == ({}, [], after)
    # Only the import itself is told of: checked, begun, done.
    assert db.session.scalar(select(func.count(AuditEvent.id))) == (acts or 0) + 3
    file = read_file(household(f"{HERE}1000"), YEAR)
    assert file.values["income_wages_fen"] == 120_000
    assert [member.identity["relation"] for member in file.members] == ["head", "spouse", "child", "parent"]
    assert (file.sources["kind"].origin, file.sources["kind"].how) == ("import", "told")


def test_a_run_that_was_cut_off_goes_on_where_it_was(officer: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    found = check(officer, as_csv(tables.rows(40)))

    class Cut(BaseException):
        """The process ends here."""

    def cut(_name: str) -> None:
        if found.position == 4:
            raise Cut

    with transaction():
        begin_import(found, good_rows_only=False, by=officer, now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(running, "step", cut)
        with pytest.raises(Cut):
            run_import(found.id)
    db.session.expire_all()
    # The fourth household was being written and is not; three are.
    assert (found.state, found.position, written()[1]) == (ImportState.RUNNING, 3, 12)
    run_import(found.id)
    assert (found.state, found.position, written()[:2]) == (ImportState.DONE, 10, (10, 40))
    assert found.counts == {"new_households": 10, "new_persons": 40, "values": 40 * 2 + 10 * 5}
    run_import(found.id)
    assert written()[:2] == (10, 40)


def test_what_changed_after_the_check_is_left_out_and_named(officer: Account) -> None:
    given = tables.rows(8)
    found = check(officer, as_csv(given))
    with transaction():
        people.head(factories.household(BESIDE), officer, id_number=given[5]["id_number"])

    done = run(officer, found)

    assert [(fault["line"], fault["message"]) for fault in done.left_out] == [
        (7, "A person with this number is on file already. Please search for the number.")
    ]
    assert done.counts["new_persons"] == 7
    # No act is told of that was not done.
    acts = db.session.scalars(select(AuditEvent.verb).where(AuditEvent.verb == "registry.member_added")).all()
    assert len(acts) == 7 + 1


def test_a_value_that_somebody_noted_after_the_check_becomes_a_conflict(officer: Account) -> None:
    run(officer, check(officer, as_csv(tables.rows(4))))
    given = [{"household_code": f"{HERE}1000", **tables.rows(1)[0], "water_source": "well"}]
    given[0]["id_number"] = read_file(household(f"{HERE}1000"), YEAR).members[0].identity["id_number"]
    found = check(officer, as_csv(given))
    with transaction():
        record_values(household(f"{HERE}1000"), {"water_source": "spring"}, people.noting(people.officer()), year=YEAR)

    done = run(officer, found)

    assert done.counts["conflicts"] == 1
    file = read_file(household(f"{HERE}1000"), YEAR)
    assert (file.values["water_source"], [conflict.field for conflict in file.conflicts]) == ("spring", ["water_source"])


def test_who_somebody_is_and_a_past_year_wait_for_a_second_person_once(officer: Account) -> None:
    given = tables.rows(1)
    run(officer, check(officer, as_csv(given)))
    given[0]["name"] = "杨改名"
    data = as_csv(given)
    assert run(officer, check(officer, data)).counts == {"requests": 1}
    assert run(officer, check(officer, data)).counts == {}
    past = run(officer, check(officer, data, year=YEAR - 1))
    assert past.counts == {"requests": 2}
    assert run(officer, check(officer, data, year=YEAR - 1)).counts == {}
    requests = db.session.scalars(unbounded(select(ChangeRequest).order_by(ChangeRequest.id), "a test")).all()
    assert [request.year for request in requests] == [None, YEAR - 1, YEAR - 1]
    with transaction():
        refuse_request(requests[0], by=people.officer(), now=NOW, note="The card says otherwise")
    # What was refused may be asked for again.
    assert run(officer, check(officer, data)).counts == {"requests": 1}


def test_rows_beside_the_officers_area_are_as_unknown_as_villages_that_are_not_there(session: Session) -> None:
    factories.area(BESIDE)
    village = people.officer(HERE)

    found = check(village, as_csv(tables.rows(8)))

    assert {(fault["line"], fault["column"]) for fault in found.faults} == {(line, "household_code") for line in range(6, 10)}
    assert {fault["message"] for fault in found.faults} == {"There is no village with this code in your area."}
    assert found.good_rows == 4


def test_a_new_household_needs_a_head_and_what_the_standard_requires(officer: Account) -> None:
    given = tables.rows(8)
    given[0] |= {"kind": "", "dwelling_grade": ""}
    given[4]["relation"] = "sibling"
    given[6]["water_source"] = "well"

    found = check(officer, as_csv(given))

    assert [(fault["line"], fault["column"], fault["message"]) for fault in found.faults] == [
        (2, "dwelling_grade", "Please fill this in."),
        (2, "kind", "Please fill this in."),
        (6, "relation", "No row says who heads this household."),
        (8, "water_source", "What concerns the household stands on its head’s row."),
    ]


def test_a_person_without_a_number_is_known_again_by_name_and_birthday(officer: Account) -> None:
    row = {**tables.rows(1)[0], "id_number": "", "born_on": "1961年2月3日", "sex": "male"}
    header = [*tables.HEADER, "born_on", "sex"]
    run(officer, check(officer, as_csv([row], header)))

    assert check(officer, as_csv([row], header)).counts["new_persons"] == 0
    twice = check(officer, as_csv([row, {**row, "relation": "sibling"}], header))
    assert [(fault["line"], fault["data"]) for fault in twice.faults] == [(3, {"line": 2})]


def test_chinese_words_and_yuan_are_understood(officer: Account) -> None:
    names = ["household_code", "name", "relation", "sex", "born_on", "kind", "main_cause", "dwelling_grade", "water_source"]
    titles = ["户编码", "姓名", "与户主关系", "性别", "出生日期", "类型", "原因", "住房", "水", "工资", "规划"]
    words = Words(
        dict(zip(titles, [*names, "income_wages_fen", "plan_measures"], strict=True)),
        {"relation": {"户主": "head"}, "sex": {"男": "male"}, "plan_measures": {"产业": "industry", "就业": "jobs"}},
    )
    titles[9] = "工资（元/年）"
    line = [f"{HERE}1000", "杨阿山", "户主", "男", "1970/3/7", "dibao", "illness", "a", "tap", "1,234.50", "产业、就业"]
    data = ("\ufeff" + ";".join(titles) + "\r\n" + ";".join(line)).encode()
    for encoded in (data, data.decode("utf-8-sig").encode("gb18030")):
        with transaction():
            found = check_import(encoded, words, file_name="a", by=officer, how=How.SEEN, year=YEAR, now=NOW)
        assert found.faults == []
    run(officer, found)
    file = read_file(household(f"{HERE}1000"), YEAR)
    assert (file.values["income_wages_fen"], file.values["plan_measures"]) == (123_450, ["industry", "jobs"])
    assert file.members[0].identity["born_on"] == "1970-03-07"


@pytest.mark.parametrize("typed", ["many", "1.001", "Infinity", "1e99999", "1e999999"])
def test_yuan_that_are_no_amount_name_their_row(officer: Account, typed: str) -> None:
    titles = {"code": "household_code", "name": "name", "relation": "relation", "wages": "income_wages_fen"}
    data = f"code,name,relation,wages\n{HERE}1000,杨阿山,head,{typed}\n".encode()
    with transaction():
        found = check_import(data, Words(titles, {}), file_name="a", by=officer, how=How.SEEN, year=YEAR, now=NOW)
    faults = [(fault["line"], fault["message"]) for fault in found.faults if fault["column"] == "income_wages_fen"]
    assert faults == [(2, "This value is not possible here.")]


def test_a_spreadsheets_days_are_days_and_its_formulas_are_not_calculated(officer: Account) -> None:
    header = ["household_code", "name", "relation", "sex", "born_on", *tables.OF_HOUSEHOLD, "dwelling_m2", "id_number"]
    good = [f"{HERE}1000", "杨阿山", "head", "male", date(1970, 3, 7), *tables.OF_HOUSEHOLD.values(), 80.0, None]
    formula = [f"{HERE}1001", "杨阿水", "head", "male", date(1970, 3, 7), *tables.OF_HOUSEHOLD.values(), "=80+1", None]
    number = [f"{HERE}1002", "杨阿木", "head", "male", date(1970, 3, 7), *tables.OF_HOUSEHOLD.values(), 80, 522636197003071234]
    code = [5226361000011003, "杨阿土", "head", "male", date(1970, 3, 7), *tables.OF_HOUSEHOLD.values(), 80, None]

    found = check(officer, as_xlsx(header, good, [], formula, number, code), file_name="村表.xlsx")

    lost = "The spreadsheet has kept this as a number and lost its last digits. Please make the column text."
    assert [(fault["line"], fault["column"], fault["message"]) for fault in found.faults] == [
        (4, "dwelling_m2", "This is a formula. Please put its result there."),
        (5, "id_number", lost),
        (6, "household_code", lost),
    ]
    run(officer, found, good_rows_only=True)
    file = read_file(household(f"{HERE}1000"), YEAR)
    assert (file.values["dwelling_m2"], file.members[0].identity["born_on"]) == (80, "1970-03-07")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "table_empty"),
        (b"household_code,name,relation\n", "table_empty"),
        (b"household_code,name\n1,2\n", "columns_invalid"),
        (b"household_code,name,relation,shoe\n1,2,3,4\n", "columns_invalid"),
        (b"household_code,name,relation,name\n1,2,3,4\n", "columns_invalid"),
        (b"household_code,name,relation\n1,2,3,4\n", "row_too_wide"),
        (b'household_code,name,relation\n1,"2\n', "table_unreadable"),
        (b"household_code,name,relation\n\xff\xff\xff,2,3\n", "text_broken"),
        (b"PK\x03\x04 and then nothing", "table_unreadable"),
        (b"x" * (5 * 1024 * 1024 + 1), "table_too_heavy"),
        (b"household_code,name,relation\n" + b"1,2,3\n" * 5001, "table_too_long"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_whole(officer: Account, data: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(officer, data)
    assert refused.value.code == code
    assert imports_of(officer) == []


def remade(data: bytes, part: str, content: bytes) -> bytes:
    """The workbook with another content of one part."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ROWS = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\0" * 70_000_000, "table_too_heavy"),
        (b'<?xml version="1.0"?>' + ENTITIES + ROWS % b'<row r="1"><c r="A1"><v>&b;</v></c></row>', "table_unreadable"),
        (ENTITIES.decode().encode("utf-16") + ROWS % b"", "table_unreadable"),
        (b"<worksheet", "table_unreadable"),
        (ROWS % b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "table_too_long"),
        (ROWS % b'<row r="1"><c r="XFD1"><v>1</v></c></row>', "table_too_wide"),
        (ROWS % b'<row r="1"><c r="A1" t="s"><v>99</v></c></row>', "table_unreadable"),
    ],
    ids=[
        "bomb",
        "entities",
        "entities in utf-16",
        "cut off",
        "a row far down",
        "a column far out",
        "a string that is not there",
    ],
)
def test_a_spreadsheet_made_to_do_harm_is_refused(officer: Account, content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(officer, remade(as_xlsx(["household_code"]), SHEET, content))
    assert refused.value.code == code


def test_the_rows_of_an_import_lie_sealed_and_the_table_keeps_its_own_rules(officer: Account) -> None:
    found = check(officer, as_csv([{**tables.rows(1)[0], "name": "杨金丝雀"}]))
    rows = str(db.session.execute(text("SELECT file_import::text FROM file_import")).all())
    assert "杨金丝雀".encode().hex() not in rows and "杨金丝雀" not in rows
    with pytest.raises(IntegrityError, match="ck_file_import_rows_kept_while_needed"), transaction():
        db.session.execute(text("UPDATE file_import SET sealed = NULL, record_key = NULL"))
    assert found.state == ImportState.CHECKED


def test_an_import_is_its_officers_own_and_can_be_dropped_once(officer: Account) -> None:
    found = check(officer, as_csv(tables.rows(4)))
    with pytest.raises(NotFound):
        get_import(found.public_id, people.officer("522636", "another"))
    with transaction():
        drop_import(found, by=officer.public_id, now=NOW)
    assert (found.state, found.sealed) == (ImportState.DROPPED, None)
    for act in (
        lambda: begin_import(found, good_rows_only=False, by=officer, now=NOW),
        lambda: drop_import(found, by=officer.public_id, now=NOW),
    ):
        _refused(act, "import_ended")
    assert written()[:2] == (0, 0)


def _refused(act: Callable[[], object], code: str) -> None:
    with pytest.raises(Conflict) as refused, transaction():
        act()
    assert refused.value.code == code


def test_the_watch_forgets_what_nobody_ran_for_two_weeks_and_nothing_younger(officer: Account) -> None:
    now = clock.now()
    old, young = now - timedelta(days=15), now - timedelta(days=13)
    found = [check(officer, as_csv(tables.rows(4)), now=at, year=at.year) for at in (old, young)]
    watch_imports_job(timestamp=0)
    db.session.expire_all()
    assert [one.state for one in found] == [ImportState.DROPPED, ImportState.CHECKED]
