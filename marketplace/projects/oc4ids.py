"""Public projects in the Open Contracting for Infrastructure Data Standard (OC4IDS 0.9), for whoever reads them by program.

No household and no person is in it. Amounts are yuan, as the standard counts in whole units of a currency. Source:
https://standard.open-contracting.org/infrastructure/0.9/, the schemas of a project package and of a project.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from marketplace.kernel.clock import day_start
from marketplace.projects.models import Project
from marketplace.projects.standard import Template
from marketplace.projects.states import ProjectState

VERSION = "0.9"
# A prefix has to be registered with the standard's help desk; until then ids are under one that says whose they are.
PREFIX = "oc4ids-nongqiao"
_STATUS = {
    ProjectState.NOTICE: "identification",
    ProjectState.APPROVED: "preparation",
    ProjectState.UNDER_WAY: "implementation",
    ProjectState.COMPLETED: "completed",
    ProjectState.STOPPED: "cancelled",
}
_TYPES = {"new": "construction", "repair": "rehabilitation", "replacement": "replacement"}
_PACKAGE = ("uri", "publisher", "publishedDate", "projects", "version")


def package(
    projects: Sequence[Project], places: Mapping[str, str], templates: Mapping[str, Template], *, uri: str, at: datetime
) -> dict[str, Any]:
    """A package of projects that everybody may read.

    Parameters
    ----------
    places : mapping of area code to name
    templates : mapping of public id to template
    uri : str
        Where the package is fetched.
    at : datetime
        When it is made.
    """
    return {
        "uri": uri,
        "version": VERSION,
        "publishedDate": _moment(at),
        "publisher": {"name": "农桥 Nongqiao"},
        "projects": [project_record(project, places, templates[project.public_id]) for project in projects],
    }


def project_record(project: Project, places: Mapping[str, str], template: Template) -> dict[str, Any]:
    """One project; what it does not have is left out, as the standard wants."""
    category = template.find_category(project.category)
    assert project.begins_on is not None and project.ends_on is not None and category is not None
    sector = category.sector
    record: dict[str, Any] = {
        "id": f"{PREFIX}-{project.public_id}",
        "title": project.name,
        "description": project.task,
        "purpose": project.target,
        "status": _STATUS[ProjectState(project.state)],
        "type": _TYPES[project.nature or ""],
        # A sector of the second level stands with the one that it is part of.
        "sector": sorted({sector.partition(".")[0], sector}),
        "period": {"startDate": _day(project.begins_on), "endDate": _day(project.ends_on)},
        "locations": [{"id": project.place_code, "description": f"{places[project.place_code]} {project.place_words}"}],
        "budget": {"amount": _yuan(project.budget_fen)},
        "parties": [{"id": project.unit_code, "name": project.responsible, "roles": ["publicAuthority"]}],
        "publicAuthority": {"id": project.unit_code, "name": project.responsible},
    }
    if project.approved_at is not None:
        record["budget"]["approvalDate"] = _moment(project.approved_at)
    if project.completed_on is not None:
        record["completion"] = {
            "endDate": _day(project.completed_on),
            "finalValue": _yuan(project.paid_fen),
            "finalValueDetails": "Public money paid so far",
        }
    return record


def missing_required(found: Mapping[str, Any]) -> list[str]:
    """What a package lacks of the fields that the standard requires, as paths; nothing for one that may be published.

    >>> missing_required({"uri": "https://example.org", "version": "0.9", "publisher": {}, "projects": [{}]})
    ['publishedDate', 'publisher/name', 'projects/0/id']
    """
    lacks = [name for name in _PACKAGE if name not in found]
    if "publisher" in found and "name" not in found["publisher"]:
        lacks.append("publisher/name")
    if not found.get("projects"):
        lacks.append("projects/0")
    return lacks + [f"projects/{number}/id" for number, each in enumerate(found.get("projects", ())) if not each.get("id")]


def _yuan(fen: int) -> dict[str, Any]:
    return {"amount": fen / 100, "currency": "CNY"}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(day: date) -> str:
    return _moment(day_start(day))
