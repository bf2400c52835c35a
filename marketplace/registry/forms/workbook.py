"""A form as a spreadsheet in the XLSForm way, for whoever looks at it or builds an extension on it."""

import io
from collections.abc import Iterator
from typing import Any

from openpyxl import Workbook

from marketplace.registry.forms.expressions import write_bounds, write_condition
from marketplace.registry.forms.questions import Form, Question, Type, Words

ZH, EN = "中文 (zh)", "English (en)"
HOUSEHOLDS, MEMBER_LIST = "households", "household_members"
SURVEY = (
    *("type", "name", f"label::{ZH}", f"label::{EN}", f"hint::{ZH}", f"hint::{EN}", "required", "constraint"),
    *("relevant", "calculation", "choice_filter", "parameters"),
)
CHOICES = ("list_name", "name", f"label::{ZH}", f"label::{EN}")
SETTINGS = ("form_title", "form_id", "version", "default_language", "instance_name")
TYPES = {
    Type.TEXT: "text",
    Type.WHOLE: "integer",
    Type.DECIMAL: "decimal",
    Type.CHOICE: "select_one",
    Type.CHOICES: "select_multiple",
    Type.DAY: "date",
    Type.PLACE: "geopoint",
    Type.PHOTO: "image",
    Type.NOTE: "note",
    Type.HOUSEHOLD: f"select_one_from_file {HOUSEHOLDS}.csv",
    Type.MEMBER: f"select_one_from_file {MEMBER_LIST}.csv",
    Type.FEN: "calculate",
    Type.SEEN: "calculate",
}
# What the phone notes by itself.
METADATA = ("start", "end", "deviceid")
# A photo of more pixels costs a slow line minutes and shows nothing more.
_PHOTO = "max-pixels=1600"

Row = dict[str, str]


def sheets(form: Form, form_id: str, version: str) -> dict[str, list[Row]]:
    """The rows of the three sheets, by the names of their columns; empty cells are left out."""
    survey: list[Row] = [{"type": name, "name": name} for name in METADATA]
    for section in form.sections:
        kind = "repeat" if section.repeats else "group"
        survey.append({"type": f"begin_{kind}", "name": section.name, **_labels("label", section.label)})
        survey.extend(_survey_row(question) for question in section.questions)
        survey.append({"type": f"end_{kind}", "name": section.name})
    settings = {
        "form_title": form.title.zh,
        "form_id": form_id,
        "version": version,
        "default_language": ZH,
    }
    return {"survey": survey, "choices": list(_choice_rows(form)), "settings": [settings]}


def _labels(column: str, words: Words) -> Row:
    return {f"{column}::{language}": text for language, text in ((ZH, words.zh), (EN, words.en)) if text}


def _survey_row(question: Question) -> Row:
    kind = TYPES[question.type]
    if question.type in (Type.CHOICE, Type.CHOICES):
        kind = f"{kind} {question.name}"
    row = {"type": kind, "name": question.name, **_labels("label", question.label), **_labels("hint", question.hint)}
    cells = {
        "required": "yes" if question.required else "",
        "constraint": write_bounds(question.bounds, chosen=question.type == Type.CHOICES),
        "relevant": write_condition(question.condition),
        "calculation": calculation(question),
        "choice_filter": f"household=${{{question.source}}}" if question.type == Type.MEMBER else "",
        "parameters": _PHOTO if question.type == Type.PHOTO else "",
    }
    return {**row, **{name: cell for name, cell in cells.items() if cell}}


def calculation(question: Question) -> str:
    """What a filled-in question is computed from."""
    if question.type == Type.SEEN:
        return f"pulldata('{HOUSEHOLDS}', 'seen', 'name', ${{{question.source}}})"
    if question.type == Type.FEN:
        return f"if(${{{question.source}}} = '', '', round(${{{question.source}}} * 100, 0))"
    return ""


def _choice_rows(form: Form) -> Iterator[Row]:
    for _, question in form.questions():
        for choice in question.choices:
            yield {"list_name": question.name, "name": choice.value, **_labels("label", choice.label)}


def workbook_bytes(form: Form, form_id: str, version: str) -> bytes:
    """The spreadsheet as a file in the XLSX form."""
    book = Workbook()
    book.remove(book.active)
    columns: dict[str, tuple[str, ...]] = {"survey": SURVEY, "choices": CHOICES, "settings": SETTINGS}
    for name, rows in sheets(form, form_id, version).items():
        sheet: Any = book.create_sheet(name)
        sheet.append(columns[name])
        for row in rows:
            sheet.append([row.get(column) for column in columns[name]])
        sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
