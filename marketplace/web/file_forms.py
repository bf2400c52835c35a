"""Forms of a household's file, made from the fields of the standard: what they show, and what was typed into them.

An amount is typed in yuan and kept in fen. What is left open is not known, which is something else than no or nought.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from flask import request
from flask_babel import gettext as _

from marketplace.kernel.errors import Invalid
from marketplace.registry.standard import About, Field, Kind, fields_about
from marketplace.web.file_words import IDENTITY, PERSON, SECTIONS
from marketplace.web.registry_words import UNITS

_PROSE_FROM = 400


def fields_of(section: str) -> list[Field]:
    """The fields of a section of the household's or of a member's; none for what is no section."""
    about = {IDENTITY: About.PERSON, PERSON: About.MEMBER}.get(section, About.HOUSEHOLD)
    if about is About.HOUSEHOLD and section not in SECTIONS:
        return []
    return [field for field in fields_about(about) if field.section == section]


def controls(fields: Iterable[Field], values: Mapping[str, Any], errors: Mapping[str, str]) -> list[dict[str, Any]]:
    """What the template needs of each field: its label, kind of control, choices, and what stands in it."""
    return [
        {
            "name": field.name,
            "label": _(field.label),
            "control": _control(field),
            "options": _options(field),
            "value": _typed(field, values.get(field.name)),
            "word": _(UNITS[field.unit]) if field.unit else None,
            "most": field.most,
            "inputmode": _INPUTMODES.get(field.kind),
            "error": errors.get(field.name),
        }
        for field in fields
    ]


_INPUTMODES = {Kind.FEN: "decimal", Kind.DECIMAL: "decimal", Kind.WHOLE: "numeric", Kind.PHONE: "tel"}


def _control(field: Field) -> str:
    if field.kind in (Kind.CHOICE, Kind.YES_NO):
        return "select"
    if field.kind is Kind.CHOICES:
        return "choices"
    if field.kind is Kind.DAY:
        return "date"
    return "prose" if field.kind is Kind.TEXT and field.most >= _PROSE_FROM else "text"


def _options(field: Field) -> list[tuple[str, str]]:
    if field.kind is Kind.YES_NO:
        return [("", _("not known")), ("yes", _("Yes")), ("no", _("No"))]
    choices = [(value, _(label)) for value, label in field.choices]
    return choices if field.kind is Kind.CHOICES else [("", _("not known")), *choices]


def _typed(field: Field, value: Any) -> Any:
    if value is None:
        return [] if field.kind is Kind.CHOICES else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.kind is Kind.FEN and isinstance(value, int):
        return f"{value // 100}.{value % 100:02d}".removesuffix(".00")
    return value


def typed_values(fields: Iterable[Field]) -> dict[str, Any]:
    """What the request's form says of these fields; one that it does not have is not among them."""
    typed: dict[str, Any] = {}
    for field in fields:
        if field.kind is Kind.CHOICES:
            typed[field.name] = request.form.getlist(field.name)
        elif field.name in request.form:
            typed[field.name] = _in_fen(request.form[field.name]) if field.kind is Kind.FEN else request.form[field.name]
    return typed


def typed_again(fields: Iterable[Field]) -> dict[str, Any]:
    """The same as it was typed, for the form to be shown again."""
    return {
        field.name: request.form.getlist(field.name) if field.kind is Kind.CHOICES else request.form.get(field.name, "")
        for field in fields
    }


def _in_fen(text: str) -> str:
    """An amount in yuan as fen; text that is none stays, for the standard to refuse."""
    plain = text.strip().lstrip("¥￥").replace(",", "").replace("，", "")
    try:
        return format((Decimal(plain) * 100).normalize(), "f")
    except ArithmeticError:
        return text


def field_faults(error: Invalid) -> dict[str, str]:
    """What is wrong, by field; the whole form's fault under an empty name."""
    faults = error.data.get("fields")
    if isinstance(faults, dict):
        return {str(name): _(text) for name, text in faults.items()}
    place = {"reason_needed": "reason", "purpose_needed": "purpose", "village_needed": "village"}.get(error.code, "")
    return {place: str(_(error.message)) % error.data if error.data else _(error.message)}
