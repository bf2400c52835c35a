"""Versions of the template in words, and what changed from one to the next."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _

from marketplace.kernel.errors import N_
from marketplace.projects.models import TemplateVersion
from marketplace.projects.standard import Barred, Category, Criterion, Difference, Line, Version, differences
from marketplace.projects.states import TemplateState
from marketplace.projects.templates import version_of, versions_before
from marketplace.regions.queries import area_names
from marketplace.web.places import place_name

STATES = {
    TemplateState.ENTERED: (N_("Waits for a second person"), "wait"),
    TemplateState.CONFIRMED: (N_("Confirmed by a second person"), "good"),
    TemplateState.DISCARDED: (N_("Discarded"), "neutral"),
}
PARTS = {
    "items": N_("What is asked besides"),
    "categories": N_("Categories"),
    "barred": N_("What the money may not be spent on"),
    "rubric": N_("Rubric"),
}
# The eleven items as a list shows them.
ITEM_NAMES = {
    "name": N_("Name of the project"),
    "category": N_("Category"),
    "nature": N_("Nature"),
    "place": N_("Where it is built, and what will stand there"),
    "schedule": N_("First and last day, and milestones"),
    "unit": N_("Responsible unit"),
    "task": N_("What is to be done"),
    "funds": N_("Money, and the document that promises it"),
    "beneficiaries": N_("Registered households that it is for"),
    "target": N_("Performance target"),
    "mechanism": N_("How they take part and what they get of it"),
}
SECTORS = {
    "education": N_("Education"),
    "health": N_("Hospitals and clinics"),
    "energy": N_("Energy"),
    "communications": N_("Communications"),
    "waterAndWaste": N_("Water and waste"),
    "waterAndWaste.water": N_("Water supply"),
    "governance": N_("Government"),
    "economy": N_("Economy and farming"),
    "cultureSportsAndRecreation": N_("Culture and sports"),
    "transport": N_("Transport"),
    "transport.road": N_("Road transport"),
    "socialHousing": N_("Housing"),
    "naturalResources": N_("Forests, land and soil"),
    "environment": N_("Environment"),
}


def line_words(line: Line) -> str:
    """A line of a version."""
    words = str(_(line.words))
    if isinstance(line, Criterion):
        return str(_("%(words)s (%(most)s points)", words=words, most=line.most))
    if isinstance(line, Barred):
        return str(_("%(words)s: %(terms)s", words=words, terms=_(", ").join(line.terms)))
    if isinstance(line, Category):
        return str(_("%(words)s (%(sector)s)", words=words, sector=_(SECTORS[line.sector])))
    return words


def versions_words(rows: Sequence[TemplateVersion]) -> list[dict[str, Any]]:
    """Versions in a list, each with what it changed."""
    names, before = area_names(row.area_code for row in rows), versions_before(rows)
    return [
        {
            "public_id": row.public_id,
            "number": row.number,
            "area": place_name(names[row.area_code]),
            "begins_on": row.begins_on,
            "source": row.source,
            "state": _state_words(row),
            "changes": change_words(differences(before[row.public_id], version_of(row))),
        }
        for row in rows
    ]


def _state_words(row: TemplateVersion) -> tuple[str, str]:
    words, tone = STATES[TemplateState(row.state)]
    return _(words), tone


def change_words(changes: Sequence[Difference]) -> list[dict[str, str]]:
    """What changed, line by line; "before" or "after" is empty where there is nothing on that side."""
    return [
        {
            "part": _(PARTS[each.part]),
            "before": line_words(each.before) if each.before else "",
            "after": line_words(each.after) if each.after else "",
        }
        for each in changes
    ]


def parts_words(version: Version, names: Iterable[str] = PARTS) -> list[tuple[str, list[str]]]:
    """A version part by part, without the parts that it does not have."""
    parts = [(_(PARTS[name]), [line_words(line) for line in getattr(version, name)]) for name in names]
    return [(words, lines) for words, lines in parts if lines]
