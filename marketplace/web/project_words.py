"""Projects in words, for the pages of offices and of everybody."""

from typing import Any

from flask_babel import gettext as _

from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.errors import N_
from marketplace.projects.declaring import missing_items
from marketplace.projects.models import Outcome, Project, Review, SourceKind
from marketplace.projects.standard import Criterion, Template
from marketplace.projects.states import DEADLINES, ObjectionState, ProjectState
from marketplace.projects.templates import missing_words, template_of
from marketplace.regions.models import Level
from marketplace.regions.queries import ancestors, area_names
from marketplace.web.places import place_name

STATES = {
    ProjectState.DRAFT: (N_("Draft"), "neutral"),
    ProjectState.TOWNSHIP: (N_("Waits for the township"), "wait"),
    ProjectState.COUNTY: (N_("Waits for the county"), "wait"),
    ProjectState.CITY: (N_("Waits for the city"), "wait"),
    ProjectState.PROVINCE: (N_("Waits for the province"), "wait"),
    ProjectState.NOTICE: (N_("Notice hangs out"), "info"),
    ProjectState.APPROVED: (N_("Approved"), "good"),
    ProjectState.UNDER_WAY: (N_("Under way"), "info"),
    ProjectState.COMPLETED: (N_("Completed"), "good"),
    ProjectState.RETURNED: (N_("Sent back"), "bad"),
    ProjectState.REFUSED: (N_("Turned down"), "neutral"),
    ProjectState.WITHDRAWN: (N_("Withdrawn"), "neutral"),
    ProjectState.STOPPED: (N_("Work given up"), "bad"),
}
SOURCES = {
    SourceKind.FISCAL: N_("Public money"),
    SourceKind.SOCIAL: N_("Gifts and companies"),
    SourceKind.LOAN: N_("Loans"),
    SourceKind.OWN: N_("Own money of the village"),
}
LEVELS = {
    Level.TOWNSHIP: N_("Township level"),
    Level.COUNTY: N_("County level"),
    Level.CITY: N_("City level"),
    Level.PROVINCE: N_("Province level"),
}
OUTCOMES = {
    Outcome.PASSED: (N_("Passed"), "good"),
    Outcome.RETURNED: (N_("Sent back"), "bad"),
    Outcome.REFUSED: (N_("Turned down"), "bad"),
}
OBJECTIONS = {
    ObjectionState.OPEN: (N_("Not decided yet"), "wait"),
    ObjectionState.UPHELD: (N_("Upheld"), "bad"),
    ObjectionState.REJECTED: (N_("Not upheld"), "neutral"),
}


def state_words(project: Project) -> tuple[str, str]:
    """Where a project stands, with its tone."""
    words, tone = STATES[ProjectState(project.state)]
    return _(words), tone


def row_words(project: Project) -> dict[str, Any]:
    """A project in a list."""
    actor = DEADLINES.get(ProjectState(project.state))
    return {
        "public_id": project.public_id,
        "name": project.name or project.reference,
        "place": place_name(area_names([project.place_code])[project.place_code]),
        "budget_fen": project.budget_fen,
        "state": state_words(project),
        "due_on": project.due_on,
        "late": project.due_on is not None and project.due_on < local_day(clock.now()),
        "due_provisional": project.due_provisional,
        "actor": _(actor[0]) if actor else "",
    }


def whole_words(project: Project) -> dict[str, Any]:
    """All that was declared, as it may be shown to everybody."""
    template = template_of(project, local_day(clock.now()))
    category = template.find_category(project.category)
    return {
        **row_words(project),
        "reference": project.reference,
        "category": _(category.words) if category else "",
        "nature": _(template.natures[project.nature]) if project.nature in template.natures else "",
        "where": " ".join(place_name(row.name) for row in ancestors(project.place_code)[-3:]),
        "place_words": project.place_words or "",
        "asset": project.asset or "",
        "begins_on": project.begins_on,
        "ends_on": project.ends_on,
        "responsible": project.responsible or "",
        "task": project.task or "",
        "target": project.target or "",
        "mechanism": project.mechanism or "",
        "sources": [
            {"kind": _(SOURCES[SourceKind(row.kind)]), "document": row.document, "amount": row.amount_fen}
            for row in project.sources
        ],
        "milestones": [
            {
                "public_id": row.public_id,
                "name": row.name,
                "weight": row.weight,
                "due_on": row.due_on,
                "reached_on": row.reached_on,
            }
            for row in project.milestones
        ],
        "decides": _(LEVELS[Level(project.decides)]) if project.decides else "",
        "approved_fen": project.approved_fen,
        "paid_fen": project.paid_fen,
        "completed_on": project.completed_on,
        "stopped_why": project.stopped_why,
    }


def objection_chip(state: ObjectionState) -> tuple[str, str]:
    """Where an objection stands, with its tone."""
    words, tone = OBJECTIONS[state]
    return _(words), tone


def review_words(row: Review) -> dict[str, Any]:
    """What a level has made of it; the level speaks, not the person."""
    words, tone = OUTCOMES[Outcome(row.outcome)]
    return {
        "level": _(LEVELS[Level(row.level)]),
        "outcome": (_(words), tone),
        "total": row.total,
        "reason": row.reason,
        "at": row.at,
        "round": row.round,
    }


def rubric_words(template: Template) -> list[tuple[Criterion, str]]:
    """The lines of the rubric."""
    return [(each, _(each.words)) for each in template.base.rubric]


def still_missing(project: Project) -> list[str]:
    """What a declaration does not have yet, in words."""
    today = local_day(clock.now())
    template = template_of(project, today)
    said = (missing_words(key, template) for key in missing_items(project, today))
    return [str(_(words)) % data if data else str(_(words)) for words, data in said]


def answer_words(project: Project) -> list[tuple[str, str]]:
    """What offices ask besides the eleven items, and what is answered; for offices alone."""
    template = template_of(project, local_day(clock.now()))
    return [(_(item.words), project.answers.get(item.key, "")) for item in template.items]
