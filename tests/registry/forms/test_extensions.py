"""The standard as a spreadsheet and a form for phones; what a lower level may add; files that mean harm."""

import io
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Forbidden, Invalid
from marketplace.registry.forms.answering import take_apart
from marketplace.registry.forms.extending import faults_of_extension
from marketplace.registry.forms.instances import read_instance
from marketplace.registry.forms.publishing import Prepared, prepare_extension, publish
from marketplace.registry.forms.questions import Form, Question, Section, Words
from marketplace.registry.forms.standard_form import standard_form
from marketplace.registry.forms.uploads import read_upload
from marketplace.registry.forms.versions import model_of, version_for, versions_for
from marketplace.registry.forms.workbook import workbook_bytes
from marketplace.registry.models import FormVersion
from marketplace.registry.standard import FIELDS
from tests import factories
from tests.conftest import EVERY_TEST
from tests.registry import people
from tests.registry.forms import fieldwork
from tests.registry.forms.fieldwork import NOW

COUNTY = "522636"
EXTRA = {
    "type": "integer",
    "name": "x_pigs",
    "label::中文 (zh)": "养了几头猪",
    "label::English (en)": "Number of pigs",
    "constraint": ". >= 0 and . <= 500",
    "required": "yes",
}


def test_the_form_asks_every_field_of_the_standard_in_two_languages() -> None:
    form = standard_form()
    assert {field.name for field in FIELDS} <= form.names()
    asked = [question for _, question in form.questions() if question.type not in ("fen", "seen")]
    assert [question.name for question in asked if not question.label.zh or not question.label.en] == []
    labels = [choice.label for question in asked for choice in question.choices]
    assert [label for label in labels if not label.zh or not label.en] == []


def test_odk_validate_takes_the_standard_without_a_warning() -> None:
    made = fieldwork.converted()
    if not made.validated and not EVERY_TEST:
        pytest.skip("Java is not installed")
    assert (made.validated, made.warnings) == (True, [])


def test_a_form_that_was_written_as_a_spreadsheet_reads_back_as_itself() -> None:
    form = standard_form()
    assert read_upload(workbook_bytes(form, "household_52", "1")) == replace(form, title=Words())


def workbook(
    change: Any = None, *, extra: list[dict[str, str]] | None = None, name: str = "visit", end: str = "end_group"
) -> bytes:
    """The standard's spreadsheet with more questions in a section, and altered by hand."""
    book = load_workbook(io.BytesIO(workbook_bytes(standard_form(), "household_522636", "1")))
    sheet: Any = book["survey"]
    head = [cell.value for cell in sheet[1]]
    at = next(row[0].row for row in sheet.iter_rows(min_row=2) if (row[0].value, row[1].value) == (end, name))
    for row in extra or []:
        sheet.insert_rows(at)
        for column, value in row.items():
            sheet.cell(at, head.index(column) + 1, value)
        at += 1
    if change is not None:
        change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def survey_row(book: Workbook, name: str) -> Any:
    """The cells of a question by column, to be written to."""
    sheet: Any = book["survey"]
    head = [cell.value for cell in sheet[1]]
    found = next(row for row in sheet.iter_rows(min_row=2) if row[1].value == name)
    return dict(zip(head, found, strict=False))


def test_a_county_adds_questions_and_its_villages_get_its_form(session: Session) -> None:
    fieldwork.standard()
    county, village = people.officer(COUNTY, "县干部"), people.officer()
    prepared = prepare_extension(read_upload(workbook(extra=[EXTRA])), COUNTY, NOW)
    with transaction():
        made = publish(prepared, by=county, begins_on=factories.TODAY, now=NOW)
    assert (made.form_id, made.version, made.area_code) == ("household_522636", "2026061501", COUNTY)
    assert version_for(factories.VILLAGE, factories.TODAY) == made
    assert versions_for([factories.VILLAGE], factories.TODAY) == [made]
    assert [version.area_code for version in versions_for(["52"], factories.TODAY)] == ["52", COUNTY]
    assert "x_pigs" in made.xform and made.warnings == []
    with pytest.raises(Forbidden, match="officer of the area"), transaction():
        publish(prepared, by=village, begins_on=factories.TODAY, now=NOW)


def test_answers_to_added_questions_are_told_apart_and_checked(session: Session) -> None:
    extended = read_upload(workbook(extra=[EXTRA]))
    household = factories.household()
    raw = fieldwork.xml(household.public_id, {"x_pigs": "7"}, form_id="household_522636")
    answered = take_apart(extended, read_instance(raw, "xml"), factories.TODAY)
    assert answered.extra == {"x_pigs": 7} and "x_pigs" not in answered.values
    for wrong, sentence in (("", "fill"), ("501", "possible"), ("many", "possible")):
        raw = fieldwork.xml(household.public_id, {"x_pigs": wrong}, form_id="household_522636")
        with pytest.raises(Invalid) as refused:
            take_apart(extended, read_instance(raw, "xml"), factories.TODAY)
        assert set(refused.value.data["fields"]) == {"x_pigs"} and sentence in refused.value.data["fields"]["x_pigs"]


def drop(name: str) -> Any:
    return lambda book: book["survey"].delete_rows(survey_row(book, name)["type"].row)


def put(name: str, column: str, value: str | None) -> Any:
    def change(book: Workbook) -> None:
        survey_row(book, name)[column].value = value

    return change


def drop_choice(book: Workbook) -> None:
    sheet: Any = book["choices"]
    sheet.delete_rows(next(row[0].row for row in sheet.iter_rows() if (row[0].value, row[1].value) == ("fuel", "coal")))


def move(book: Workbook) -> None:
    put("road", "relevant", "${fuel} = 'wood'")(book)


@pytest.mark.parametrize(
    ("change", "extra", "sentence", "name"),
    [
        (drop("fuel"), [], "of the form above is missing", "fuel"),
        (drop("kind"), [], "of the form above is missing", "kind"),
        (put("kind", "required", None), [], "must be answered above", "kind"),
        (put("water_litres", "type", "text"), [], "another type", "water_litres"),
        (put("water_litres", "constraint", ". >= 0 and . <= 5000"), [], "other bounds", "water_litres"),
        (drop_choice, [], "other choices", "fuel"),
        (move, [], "another condition", "road"),
        (None, [{**EXTRA, "name": "pigs"}], "must begin with x_", "pigs"),
        (None, [{**EXTRA, "type": "geopoint"}], "a type that cannot be added", "x_pigs"),
        (None, [{**EXTRA, "label::English (en)": ""}], "in Chinese and in English", "x_pigs"),
    ],
)
def test_what_an_extension_may_not_do_is_named(change: Any, extra: list[Any], sentence: str, name: str) -> None:
    faults = faults_of_extension(standard_form(), read_upload(workbook(change, extra=extra)))
    assert [(sentence in message, data) for message, data in faults] == [(True, {"name": name})]


def test_all_faults_are_named_at_once(session: Session) -> None:
    fieldwork.standard()

    def change(book: Workbook) -> None:
        put("kind", "required", None)(book)
        drop("fuel")(book)
        drop("road")(book)

    with pytest.raises(Invalid) as refused:
        prepare_extension(read_upload(workbook(change)), COUNTY, NOW)
    assert (refused.value.code, len(refused.value.data["faults"])) == ("extension_faults", 3)
    assert db.session.scalars(select(FormVersion.area_code)).all() == ["52"]


def test_a_photo_is_not_asked_for_member_by_member() -> None:
    photo = {**EXTRA, "type": "image", "constraint": "", "required": ""}
    assert faults_of_extension(standard_form(), read_upload(workbook(extra=[photo], name="photos"))) == []
    faults = faults_of_extension(standard_form(), read_upload(workbook(extra=[photo], name="members", end="end_repeat")))
    assert [data for _, data in faults] == [{"name": "x_pigs"}]


def test_an_added_question_of_a_member_may_depend_on_the_household() -> None:
    extra = {**EXTRA, "relevant": "${fuel} = 'wood'"}
    extended = read_upload(workbook(extra=[extra], name="members", end="end_repeat"))
    member = {"member": "abc", "x_pigs": "3"}
    for fuel, expected in (("wood", {"members.1.x_pigs": 3}), ("coal", {})):
        raw = fieldwork.xml("somebody", {"fuel": fuel}).replace(b"<about_contact>", _member(member) + b"<about_contact>")
        assert take_apart(extended, read_instance(raw, "xml"), factories.TODAY).extra == expected


def _member(answers: dict[str, str]) -> bytes:
    return f"<members>{''.join(f'<{name}>{value}</{name}>' for name, value in answers.items())}</members>".encode()


def test_a_section_of_ones_own_may_be_added_but_not_repeated() -> None:
    standard = standard_form()
    own = Section("x_animals", Words("牲畜", "Animals"), (Question("x_pigs", "text", Words("猪", "Pigs")),))  # type: ignore[arg-type]
    assert faults_of_extension(standard, Form(standard.title, (*standard.sections, own))) == []
    repeated = Form(standard.title, (*standard.sections, replace(own, repeats=True)))
    assert [data for _, data in faults_of_extension(standard, repeated)] == [{"name": "x_animals"}]


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("constraint", "string-length(.) > 3 or true()", "constraint is of a kind"),
        ("constraint", "regex(., '^(a+)+$')", "constraint is of a kind"),
        ("relevant", "pulldata('x', 'y', 'z', 'q') = '1'", "condition is of a kind"),
        ("type", "file", "type “%(type)s” is not known"),
        ("type", "select_one nowhere", "list “%(list)s” is missing"),
        ("name", "9 pigs", "no name for a question"),
        ("name", "fuel", "no name for a question, or stands twice"),
        ("calculation", "1 + 1", "calculation of one's own"),
    ],
)
def test_what_a_web_form_could_not_follow_is_refused_with_its_row(column: str, value: str, sentence: str) -> None:
    row = {**EXTRA, column: value} | ({"type": "calculate"} if column == "calculation" else {})
    # The last section but one, so that a name that stands twice is found at the added row.
    with pytest.raises(Invalid) as refused:
        read_upload(workbook(extra=[row], name="photos"))
    (message, data), *others = refused.value.data["faults"]
    assert sentence in message and data["row"].isdigit() and others == []


def package(**parts: bytes) -> bytes:
    """A workbook's package with more parts in it."""
    made = io.BytesIO(workbook())
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return made.getvalue()


def with_formula(book: Workbook) -> None:
    survey_row(book, "fuel")["hint::English (en)"].value = '=HYPERLINK("http://evil.example","x")'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lambda: b"type,name\ntext,a\n", "not a workbook"),
        (lambda: b"PK\x03\x04 nonsense", "not a workbook"),
        (lambda: b"x" * (2 * 1024 * 1024 + 1), "larger than 2 MB"),
        (lambda: package(**{"xl/media/zeros.bin": bytes(30 * 1024 * 1024)}), "unpacks to more than 20 MB"),
        (lambda: package(**{f"xl/{at}.xml": b"<a/>" for at in range(201)}), "unpacks to more than 20 MB"),
        (lambda: package(**{"xl/vbaProject.bin": b"macro"}), "carries macros"),
        (lambda: package(**{"xl/externalLinks/externalLink1.xml": b"<a/>"}), "carries macros"),
        (lambda: package(**{"xl/x.xml": b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"}), "document type"),
        (lambda: workbook(with_formula), "formulas"),
        (lambda: workbook(lambda book: book.remove(book["survey"])), "no sheet"),
    ],
    ids=["csv", "no package", "large", "bomb", "many parts", "macros", "links", "entities", "formula", "no survey"],
)
def test_a_file_that_means_harm_is_refused_by_name(content: Any, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_upload(content())
    assert refused.value.code == "workbook_refused" and why in refused.value.data["why"]


def test_a_new_version_ends_the_one_before_on_the_day_it_begins(session: Session) -> None:
    first = fieldwork.standard()
    province = people.officer("52", "省干部二")
    prepared = replace_version(fieldwork.VERSION[:-1] + "2")
    begins = factories.TODAY + timedelta(days=10)
    with transaction():
        second = publish(prepared, by=province, begins_on=begins, now=NOW)
    assert (first.ends_on, version_for(factories.VILLAGE, begins)) == (begins, second)
    assert version_for(factories.VILLAGE, begins - timedelta(days=1)) == first
    assert model_of(second) == standard_form()


def replace_version(version: str) -> Any:
    """The standard, prepared under another number."""
    form = standard_form()
    return Prepared(form, "52", fieldwork.FORM_ID, version, workbook_bytes(form, "a", version), fieldwork.converted())
