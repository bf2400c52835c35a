"""What the registry's fields and choices are called, for tables that people fill in and reports about them."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from flask_babel import force_locale, gettext

from marketplace.kernel.errors import N_
from marketplace.registry.importing.columns import CODE, CODE_LABEL, Words
from marketplace.registry.models import FileImport, How
from marketplace.registry.standard import BY_NAME, FIELDS, Field, Kind
from marketplace.web.languages import LOCALES

HOWS = {
    How.SEEN: N_("Seen on the spot"),
    How.TOLD: N_("Told by the household"),
    How.DEPARTMENT: N_("From a department"),
}
# What is called otherwise in a table than beside a box: a column "Name" could be the household's or the village's.
_IN_TABLES = {"name": N_("Full name")}
UNITS = {
    "yuan_a_year": N_("yuan a year"),
    "m2": N_("m²"),
    "litres": N_("litres"),
    "minutes": N_("minutes"),
    "mu": N_("mu"),
    "months": N_("months"),
}


def column_label(name: str) -> str:
    """A column in the reader's language; the row as a whole has none."""
    if name == CODE:
        return str(gettext(CODE_LABEL))
    return _title(BY_NAME[name]) if name in BY_NAME else ""


def _title(field: Field) -> str:
    label = _IN_TABLES.get(field.name, field.label)
    return str(gettext(label))


def column_titles() -> list[tuple[str, bool]]:
    """The titles of an empty table in the reader's language, each with its unit, and whether its cells are digits to keep."""
    titles = [(str(gettext(CODE_LABEL)), True)]
    for field in FIELDS:
        unit = f" ({gettext(UNITS[field.unit])})" if field.unit else ""
        digits = field.kind in (Kind.ID_NUMBER, Kind.PHONE) or field.name == "bank_account"
        titles.append((f"{_title(field)}{unit}", digits))
    return titles


def table_words() -> Words:
    """What columns and choices may be called: their words in every language of the office."""
    columns: dict[str, str] = {}
    choices: dict[str, dict[str, str]] = defaultdict(dict)
    for locale in LOCALES:
        with force_locale(locale):
            columns[str(gettext(CODE_LABEL))] = CODE
            for field in FIELDS:
                columns[str(gettext(field.label))] = columns[_title(field)] = field.name
                for value, label in field.choices:
                    choices[field.name][str(gettext(label))] = value
    return Words(columns, choices)


def report_rows(faults: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    """What was wrong, in the reader's language: line, column, sentence."""
    return [(fault["line"], column_label(fault["column"]), sentence(fault)) for fault in faults]


def sentence(fault: Mapping[str, Any]) -> str:
    """One of them as a sentence."""
    message, data = fault["message"], fault["data"]
    text = str(gettext(message))
    return text % data if data else text


def all_faults(found: FileImport) -> list[dict[str, Any]]:
    """What the check found and what the run left out, by line."""
    return sorted([*found.faults, *found.left_out], key=lambda fault: (fault["line"], fault["column"]))
