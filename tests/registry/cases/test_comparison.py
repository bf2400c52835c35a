"""Lists of other departments: what they raise, what they cannot do, and that no number of theirs is kept."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import select, text

import marketplace
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.cases.comparison import answer_alert, compare, evidence_of, explanation_of, open_alerts
from marketplace.registry.cases.statuses import category_on
from marketplace.registry.files import read_file
from marketplace.registry.models import AlertState, ComparisonAlert, Department, DepartmentList, Household, StatusCategory
from marketplace.registry.reading import Reach, unbounded
from tests.registry import people
from tests.registry.cases.village import Village

HEADER = "id_number,what,since\n"


@pytest.fixture
def poor(place: Village) -> Household:
    """A household that is registered as poor."""
    return place.household(poor=True)


def number_of(household: Household) -> str:
    return str(read_file(household, 2026).members[0].identity["id_number"])


def a_list(*lines: str) -> bytes:
    return (HEADER + "".join(f"{line}\n" for line in lines)).encode()


def raised(place: Village, content: bytes) -> list[ComparisonAlert]:
    with transaction():
        return compare(content, Department.VEHICLE, "522636", place.county[0], now=place.now)[1]


def test_a_member_of_a_registered_household_on_a_list_raises_an_alert_and_changes_nothing(
    place: Village, poor: Household
) -> None:
    other = place.household()
    content = a_list(f"{number_of(poor)},小型轿车,2025-03-01", f"{number_of(other)},小型轿车,", f"{people.id_number()},货车,")
    (alert,) = raised(place, content)
    assert alert.household_id == poor.id
    assert evidence_of(alert, poor) == {"what": "小型轿车", "since": "2025-03-01"}
    listed = db.session.scalars(select(DepartmentList)).one()
    assert (listed.rows, listed.matched) == (3, 1)
    assert category_on(poor.id, place.today) == StatusCategory.POOR


def test_neither_the_numbers_of_a_list_nor_its_evidence_lie_open(place: Village, poor: Household) -> None:
    stranger = people.id_number()
    raised(place, a_list(f"{number_of(poor)},金丝雀牌轿车,", f"{stranger},货车,"))
    rows = ""
    for table in ("comparison_alert", "department_list", "audit_event"):
        rows += str(db.session.execute(unbounded(text(f"SELECT {table}::text FROM {table}"), "what lies open")).all())
    assert stranger not in rows and number_of(poor) not in rows and "金丝雀" not in rows


def test_the_same_list_is_compared_once_and_the_same_question_asked_once(place: Village, poor: Household) -> None:
    content = a_list(f"{number_of(poor)},轿车,")
    assert len(raised(place, content)) == 1
    with pytest.raises(Conflict) as refused:
        raised(place, content)
    assert refused.value.code == "list_known"
    assert raised(place, a_list(f"{number_of(poor)},轿车两辆,")) == []


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"\xff\xfe", {1}),
        (b"number,what\n", {1}),
        (HEADER.encode(), {1}),
        (a_list("11010519491231002X,car,", "110105194912310021,car,", "11010519491231002X,,", "x,car,yesterday"), {3, 4, 5}),
        (a_list("11010519491231002X,car,2026-02-30", "11010519491231002X,car", "11010519491231002X,a,,b"), {2, 3, 4}),
    ],
)
def test_a_list_with_faults_names_their_lines_repeats_no_number_and_raises_nothing(
    place: Village, content: bytes, lines: set[int]
) -> None:
    with pytest.raises(Invalid) as refused:
        raised(place, content)
    assert set(refused.value.data["lines"]) == lines
    assert "11010519491231002" not in str(refused.value.data) + str(refused.value)
    assert db.session.scalars(select(DepartmentList)).all() == []


def test_a_list_is_compared_by_the_county_or_above_and_within_its_area(place: Village, poor: Household) -> None:
    content = a_list(f"{number_of(poor)},轿车,")
    for by, area, error in (
        (place.township[0], "522636100", Forbidden),
        (place.county[0], "522635", NotFound),
        (place.county[0], "52", NotFound),
    ):
        with pytest.raises(error), transaction():
            compare(content, Department.HOUSE, area, by, now=place.now)


def test_an_alert_is_explained_once_with_a_reason(place: Village, poor: Household) -> None:
    (alert,) = raised(place, a_list(f"{number_of(poor)},轿车,"))
    assert [row.id for row, _ in open_alerts(Reach.of(["522636"], "officer"))] == [alert.id]
    assert open_alerts(Reach.of(["522636101"], "officer")) == []
    with pytest.raises(Invalid), transaction():
        answer_alert(alert, AlertState.EXPLAINED, "", place.village[0], now=place.now)
    with pytest.raises(NotFound), transaction():
        answer_alert(alert, AlertState.EXPLAINED, "x", people.officer("522636100002"), now=place.now)
    with transaction():
        assert answer_alert(alert, AlertState.EXPLAINED, "车已报废", place.village[0], now=place.now) is None
    assert explanation_of(alert, poor) == "车已报废"
    with pytest.raises(Conflict), transaction():
        answer_alert(alert, AlertState.TO_CORRECT, "x", place.village[1], now=place.now)


def test_an_exit_that_an_alert_leads_to_goes_its_whole_way(place: Village, poor: Household) -> None:
    (alert,) = raised(place, a_list(f"{number_of(poor)},轿车,"))
    with transaction():
        case = answer_alert(alert, AlertState.EXIT_OPENED, "车在用", place.village[0], now=place.now)
    assert case is not None
    assert (case.state, case.source, case.asked_for) == ("proposed", "department", alert.public_id)
    assert category_on(poor.id, place.today) == StatusCategory.POOR
    place.lift(case)
    assert category_on(poor.id, place.today) == StatusCategory.LIFTED_TRACKED


def test_statuses_are_begun_and_ended_by_the_procedures_alone() -> None:
    """No score, import, page or list of a department has a way to a status but through a case."""
    root = Path(marketplace.__file__).parent
    callers = set()
    for path in root.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            node.id if isinstance(node, ast.Name) else node.attr
            for node in ast.walk(tree)
            if isinstance(node, (ast.Name, ast.Attribute))
        }
        if named & {"begin_status", "end_status"}:
            callers.add(path.relative_to(root).as_posix())
    callers = {path for path in callers if not path.startswith("demo/")}
    assert callers == {"registry/cases/statuses.py"}
    changing = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if "change_statuses" in path.read_text(encoding="utf-8")
    }
    assert changing == {"registry/cases/statuses.py", "registry/cases/taking.py"}
