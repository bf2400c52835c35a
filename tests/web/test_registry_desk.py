"""The office's pages for tables of household files and for persons who may stand on file twice."""

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import is_waiting
from marketplace.registry.duplicates.looking import look_for_duplicates
from marketplace.registry.importing.jobs import run_import, run_import_job
from marketplace.registry.models import DuplicatePair, FileImport, FileReading, Person
from marketplace.registry.reading import unbounded
from marketplace.registry.standard import FIELDS
from marketplace.web.registry_words import column_titles, table_words
from tests import factories
from tests.registry import people, tables
from tests.registry.tables import BESIDE, HERE, as_csv
from tests.web.desk_world import Desk, without_csrf

IMPORTS, DUPLICATES = "/office/imports", "/office/duplicates"


@pytest.fixture
def officer(session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The township's."""
    without_csrf(app, monkeypatch)
    for village in (HERE, BESIDE):
        factories.area(village)
    return people.officer("522636100")


@pytest.fixture
def desk(client: FlaskClient, officer: Account) -> Desk:
    return Desk(client, officer)


def persons() -> int:
    return db.session.scalar(unbounded(select(func.count(Person.id)), "a test")) or 0


def send(desk: Desk, data: bytes, name: str = "村表.csv") -> str:
    """Send a table; answers the address of its import."""
    form = {"file": (io.BytesIO(data), name), "how": "told", "year": str(clock.local_day(clock.now()).year)}
    answer = desk.post(IMPORTS, form, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_a_right_table_is_checked_written_by_the_worker_and_found_again(desk: Desk) -> None:
    page = send(desk, as_csv(tables.rows(8)))
    shown = desk.get(page)
    assert "All 8 rows are right. Nothing is written yet." in shown.text and persons() == 0
    assert desk.post(f"{page}/run", {"rows": "all"}).status_code == 303
    assert is_waiting(run_import_job)
    assert "0 of 2 households written" in desk.get(page).text
    run_import(db.session.scalars(select(FileImport.id)).one())
    done = desk.get(page)
    assert "Written, nothing was left out." in done.text and persons() == 8
    assert "村表.csv" in desk.get(IMPORTS).text


def test_a_wrong_row_is_named_in_words_and_the_good_ones_are_written_only_when_asked(desk: Desk) -> None:
    given = tables.rows(8)
    given[3]["health"] = "=fine"
    given[5]["id_number"] = given[4]["id_number"]
    page = send(desk, as_csv(given))
    shown = desk.get(page).text
    assert "2 of 8 rows are wrong. Nothing is written yet." in shown
    assert "The same number stands in row 6." in shown
    refused = desk.post(f"{page}/run", {"rows": "all"})
    assert (refused.status_code, is_waiting(run_import_job)) == (422, False)
    report = desk.get(f"{page}/report.csv")
    assert report.text.splitlines() == [
        "\ufeffRow,Column,What is wrong",
        "5,Health,This value is not possible here.",
        "7,Identity card number,The same number stands in row 6.",
    ]
    assert desk.post(f"{page}/run", {"rows": "good"}).status_code == 303
    assert is_waiting(run_import_job)


def test_a_table_that_is_not_wanted_is_forgotten(desk: Desk) -> None:
    page = send(desk, as_csv(tables.rows(4)))
    assert desk.post(f"{page}/drop").status_code == 303
    assert db.session.scalars(select(FileImport.sealed)).all() == [None]
    assert desk.post(f"{page}/run", {"rows": "all"}).status_code == 409


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"how": "told", "year": "2026"}, "Please choose a file."),
        ({"file": (io.BytesIO(b"PK\x03\x04"), "x.xlsx"), "how": "told", "year": "2026"}, "This table cannot be read."),
        ({"file": (io.BytesIO(b"a,b\n1,2\n"), "x.csv"), "how": "told", "year": "2026"}, "Not known: a, b."),
        ({"file": (io.BytesIO(b"a"), "x.csv"), "how": "dreamt", "year": "20260"}, "Please"),
    ],
)
def test_what_cannot_be_a_table_is_refused_in_words(desk: Desk, form: dict[str, object], words: str) -> None:
    answer = desk.post(IMPORTS, dict(form), content_type="multipart/form-data")
    assert answer.status_code == 422 and words in answer.text
    assert db.session.scalars(select(FileImport.id)).all() == []


def test_an_import_is_not_there_for_another_officer(client: FlaskClient, desk: Desk) -> None:
    page = send(desk, as_csv(tables.rows(4)))
    other = Desk(client, people.officer("522636"))
    for answer in (other.get(page), other.get(f"{page}/report.csv"), other.post(f"{page}/run"), other.post(f"{page}/drop")):
        assert answer.status_code == 404


def test_the_empty_table_has_the_columns_that_are_read_and_keeps_every_digit(desk: Desk, app: Flask) -> None:
    book = load_workbook(io.BytesIO(desk.get(f"{IMPORTS}/table.xlsx").data))
    titles = [cell.value for cell in book.active[1]]
    assert titles[:3] == ["Code of the household", "Full name", "Identity card number"]
    assert (len(titles), book.active.column_dimensions["C"].number_format) == (len(FIELDS) + 1, "@")
    for language in ("en", "zh"):
        with app.test_request_context(headers={"Accept-Language": language}):
            plain = [title.partition(" (")[0] for title, _ in column_titles()]
            assert [table_words().columns[title] for title in plain] == ["household_code", *(field.name for field in FIELDS)]


def test_chinese_choices_are_read_as_what_they_mean(app: Flask) -> None:
    with app.test_request_context():
        words = table_words()
    assert words.choices["relation"]["户主"] == "head"
    for field in FIELDS:
        assert set(words.choices.get(field.name, {}).values()) == {value for value, _ in field.choices}


@pytest.fixture
def pair(officer: Account) -> str:
    """A pair over two villages; answers its name."""
    with transaction():
        known = {"name": "杨秀英", "sex": "female", "born_on": "1961-03-07", "id_number": ""}
        for village in (HERE, BESIDE):
            people.head(factories.household(village), officer, **known)
    look_for_duplicates(actor="test")
    return db.session.scalars(unbounded(select(DuplicatePair.public_id), "a test")).one()


def readings() -> int:
    return db.session.scalar(unbounded(select(func.count(FileReading.id)), "a test")) or 0


def test_two_officers_agree_before_one_of_a_pair_leaves(client: FlaskClient, officer: Account, pair: str) -> None:
    first, page = Desk(client, officer), f"{DUPLICATES}/{pair}"
    assert "杨*英" in first.get(DUPLICATES).text and "杨秀英" not in first.get(page).text
    assert readings() == 2
    leaves = db.session.scalars(unbounded(select(Person.public_id).order_by(Person.id), "a test")).first()
    assert first.post(f"{page}/same", {"leaves": leaves, "note": ""}).status_code == 422
    assert first.post(f"{page}/same", {"leaves": leaves, "note": "Married"}).status_code == 303
    assert first.post(f"{page}/agree").status_code == 403
    second = Desk(client, people.officer("522636", "县干部"))
    assert "Married" in second.get(page).text
    assert second.post(f"{page}/agree").status_code == 303
    left = unbounded(select(Person.left_on, Person.left_why).order_by(Person.id), "a test")
    assert db.session.execute(left).all() == [(clock.local_day(clock.now()), "duplicate"), (None, None)]
    assert "Nothing to decide" in second.get(DUPLICATES).text


def test_a_proposal_goes_back_and_two_persons_are_two(client: FlaskClient, officer: Account, pair: str) -> None:
    desk, page = Desk(client, officer), f"{DUPLICATES}/{pair}"
    leaves = db.session.scalars(unbounded(select(Person.public_id), "a test")).first()
    desk.post(f"{page}/same", {"leaves": leaves, "note": "Married"})
    assert desk.post(f"{page}/back").status_code == 303
    assert desk.post(f"{page}/different").status_code == 303
    assert desk.post(f"{page}/different").status_code == 409


def test_who_sees_one_side_sees_nothing_of_the_other(client: FlaskClient, officer: Account, pair: str) -> None:
    village = Desk(client, people.officer(HERE, "村干部"))
    for path in (DUPLICATES, f"{DUPLICATES}/{pair}"):
        text = village.get(path).text
        assert "A person in another village" in text
        assert (text.count("杨*英") == 1 and BESIDE not in text and "1961" in text) or path == DUPLICATES
    # Only the file that was seen has been read.
    assert readings() == 1
    assert village.post(f"{DUPLICATES}/{pair}/different").status_code == 403
    beside = Desk(client, people.officer("522636101", "邻镇干部"))
    assert beside.get(f"{DUPLICATES}/{pair}").status_code == 404
