"""A spreadsheet that somebody has sent, read as a form: with distrust of the file, and every fault named by sheet and row.

Nothing of the file itself is kept or run. It is unpacked within bounds, only the values of cells are read, and the form is
written anew from what was understood; so macros, formulas, links and whatever else a workbook can carry end here.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from marketplace.kernel.errors import N_, Invalid
from marketplace.registry.forms.expressions import read_bounds, read_condition
from marketplace.registry.forms.questions import Bounds, Choice, Condition, Form, Question, Section, Type, Words
from marketplace.registry.forms.workbook import CHOICES, EN, METADATA, SURVEY, TYPES, ZH, Row, calculation

LARGEST_BYTES = 2 * 1024 * 1024
_UNPACKED_BYTES, _MOST_PARTS = 20 * 1024 * 1024, 200
_MOST_ROWS, _LONGEST_CELL, _MOST_FAULTS = 2_000, 1_000, 40
_FORBIDDEN_PARTS = re.compile(r"vbaProject|externalLink|embeddings|activeX|ctrlProps|macrosheets|dialogsheets", re.IGNORECASE)
_ENTITIES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VALUE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_BY_WORD = {word: kind for kind, word in TYPES.items() if word != "calculate"}

Fault = tuple[str, dict[str, str]]


@dataclass
class _Reading:
    """What has been understood so far, and what was wrong."""

    choices: dict[str, list[Choice]]
    sections: list[Section] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def fault(self, message: str, row: int, **data: str) -> None:
        self.faults.append((message, {"row": str(row), **data}))


def read_upload(content: bytes) -> Form:
    """The form in a spreadsheet, without a title: an extension has that of the form above it.

    Raises
    ------
    Invalid
        ``workbook_refused`` for a file that is not safe or not a spreadsheet; ``workbook_faults`` with ``faults``, a list of
        sentences and the names to put into them, when its rows are no form that is understood here.
    """
    sheets = _sheets(content)
    reading = _Reading(_choices(sheets["choices"]))
    _read_survey(sheets["survey"], reading)
    if reading.faults:
        raise Invalid("workbook_faults", N_("The spreadsheet cannot be used."), faults=reading.faults[:_MOST_FAULTS])
    return Form(Words(), tuple(reading.sections))


def _refused(why: str) -> Invalid:
    return Invalid("workbook_refused", N_("This file is not taken: %(why)s"), why=why)


def _sheets(content: bytes) -> dict[str, list[tuple[int, Row]]]:
    """The rows of the three sheets with their numbers, cells by the name of their column."""
    _check_package(content)
    try:
        # Read only, values as they were computed last, links to other files left alone.
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheets = {name: list(_rows(book[name])) for name in ("survey", "choices", "settings") if name in book.sheetnames}
        book.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
        raise _refused("not a workbook") from error
    if "survey" not in sheets:
        raise _refused("no sheet “survey”")
    return {"choices": [], "settings": [], **sheets}


def _check_package(content: bytes) -> None:
    """Look at the package before anything unpacks it: how large it becomes, and what it carries."""
    if len(content) > LARGEST_BYTES:
        raise _refused("larger than 2 MB")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _UNPACKED_BYTES:
                raise _refused("it unpacks to more than 20 MB")
            if any(_FORBIDDEN_PARTS.search(part.filename) for part in parts):
                raise _refused("it carries macros, other files or links to them")
            for part in parts:
                _check_part(package, part)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _refused("not a workbook") from error


def _check_part(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    # A package may lie about its sizes, so no more is read than it says.
    with package.open(part) as file:
        content = file.read(part.file_size + 1)
        if len(content) > part.file_size:
            raise _refused("it unpacks to more than it says")
    if _ENTITIES.search(content):
        raise _refused("its XML has a document type")


def _rows(sheet: Any) -> Iterator[tuple[int, Row]]:
    head: list[str] = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > _MOST_ROWS:
            raise _refused("more than 2000 rows")
        texts = [_text(cell) for cell in cells[:60]]
        if not head:
            head = texts
        elif any(texts):
            yield number, {column: text for column, text in zip(head, texts, strict=False) if column and text}


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
    if len(text) > _LONGEST_CELL or any(ord(char) < 32 and char not in "\n\t" for char in text):
        raise _refused("a cell is too long or has characters that cannot be shown")
    if text.startswith("="):
        raise _refused("it has formulas")
    return text


def _choices(rows: list[tuple[int, Row]]) -> dict[str, list[Choice]]:
    found: dict[str, list[Choice]] = {}
    for _, row in rows:
        labels = Words(row.get(CHOICES[2], ""), row.get(CHOICES[3], ""))
        found.setdefault(row.get("list_name", ""), []).append(Choice(row.get("name", ""), labels))
    return found


def _read_survey(rows: list[tuple[int, Row]], reading: _Reading) -> None:
    inside: tuple[str, Words, bool] | None = None
    questions: list[Question] = []
    for number, row in rows:
        kind, name = (
            re.sub(r"\s+", " ", row.get("type", "")).replace(" group", "_group").replace(" repeat", "_repeat"),
            row.get("name", ""),
        )
        for column in row.keys() - set(SURVEY):
            reading.fault(N_("Row %(row)s: the column “%(column)s” is not known here."), number, column=column[:40])
        if kind in ("begin_group", "begin_repeat"):
            if inside is not None:
                reading.fault(N_("Row %(row)s: a section inside another is not known here."), number)
            if row.get("relevant"):
                reading.fault(N_("Row %(row)s: a section cannot have a condition here."), number)
            inside, questions = (name, _words(row, "label"), kind == "begin_repeat"), []
        elif kind in ("end_group", "end_repeat"):
            if inside is not None:
                reading.sections.append(Section(inside[0], inside[1], tuple(questions), inside[2]))
            inside = None
        elif kind in METADATA:
            continue
        else:
            question = _question(kind, name, row, number, reading)
            if question is not None and inside is None:
                reading.fault(N_("Row %(row)s: a question must stand in a section."), number)
            elif question is not None:
                questions.append(question)
    if inside is not None:
        reading.fault(N_("Row %(row)s: a section has no end."), rows[-1][0])


def _words(row: Row, column: str) -> Words:
    return Words(row.get(f"{column}::{ZH}", ""), row.get(f"{column}::{EN}", ""))


def _question(kind: str, name: str, row: Row, number: int, reading: _Reading) -> Question | None:
    if not _NAME.fullmatch(name) or name in reading.names:
        reading.fault(N_("Row %(row)s: “%(name)s” is no name for a question, or stands twice."), number, name=name[:40])
        return None
    reading.names.add(name)
    word, _, listed = kind.partition(" ")
    found = _BY_WORD.get(kind) or _BY_WORD.get(word)
    if kind == "calculate":
        return _filled_in(name, row, number, reading)
    if found is None:
        reading.fault(N_("Row %(row)s: the type “%(type)s” is not known here."), number, type=kind[:40])
        return None
    choices = tuple(reading.choices.get(listed, ())) if found in (Type.CHOICE, Type.CHOICES) else ()
    if found in (Type.CHOICE, Type.CHOICES) and not _good_choices(choices):
        reading.fault(
            N_("Row %(row)s: the list “%(list)s” is missing or has a choice without a value."), number, list=listed[:40]
        )
    bounds, condition = _bounds(row, number, reading), _condition(row, number, reading)
    source = "household" if found == Type.MEMBER else ""
    required = row.get("required", "").lower() in ("yes", "true", "true()", "1")
    return Question(name, found, _words(row, "label"), _words(row, "hint"), required, choices, bounds, condition, source)


def _good_choices(choices: tuple[Choice, ...]) -> bool:
    values = [choice.value for choice in choices]
    return bool(values) and len(set(values)) == len(values) and all(_VALUE.fullmatch(value) for value in values)


def _filled_in(name: str, row: Row, number: int, reading: _Reading) -> Question | None:
    """A question that the form fills in: only as the standard writes it."""
    source = re.search(r"\$\{([a-z0-9_]{1,40})\}", row.get("calculation", ""))
    for kind in (Type.SEEN, Type.FEN):
        question = Question(name, kind, source=source[1] if source else "")
        if source and calculation(question) == row.get("calculation"):
            return question
    reading.fault(N_("Row %(row)s: a calculation of one's own is not known here."), number)
    return None


def _bounds(row: Row, number: int, reading: _Reading) -> Bounds:
    bounds = read_bounds(row.get("constraint", ""))
    if bounds is None:
        reading.fault(N_("Row %(row)s: the constraint is of a kind that is not known here."), number)
        return Bounds()
    return bounds


def _condition(row: Row, number: int, reading: _Reading) -> Condition | None:
    try:
        return read_condition(row.get("relevant", ""))
    except ValueError:
        reading.fault(N_("Row %(row)s: the condition is of a kind that is not known here."), number)
        return None
