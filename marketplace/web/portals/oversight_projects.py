"""Projects for auditors: all of their areas, what lags behind, what broke; they read and change nothing."""

from flask import Blueprint, Response, render_template, url_for

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.projects.lists import seen_by_office
from marketplace.projects.models import Project
from marketplace.projects.progress import money_percent, work_percent
from marketplace.projects.queries import (
    beneficiary_count,
    broken_within,
    checks_of,
    gap_since,
    get_project_within,
    notices_of,
    objections_to,
    photos_of,
    place_of,
    reviews_of,
    steps_of,
    warnings_within,
)
from marketplace.projects.states import ObjectionState, ProjectState
from marketplace.registry.reading import Reach
from marketplace.web.access import account, allow
from marketplace.web.project_lists import listed_words
from marketplace.web.project_photos import photo_of
from marketplace.web.project_words import answer_words, objection_chip, review_words, row_words, whole_words

blueprint = Blueprint("projects", __name__, url_prefix="/projects")


def _reach() -> Reach:
    return Reach.of(scopes(account(), RoleKind.AUDITOR), f"auditor {account().public_id}")


def _project(public_id: str) -> Project:
    return get_project_within(public_id, _reach())


@blueprint.get("")
@allow(RoleKind.AUDITOR)
def listed() -> str:
    """The projects of the areas that one audits, those that want a look first."""
    reach, today = _reach(), local_day(clock.now())
    return render_template(
        "oversight/projects.html",
        late=[{**row_words(row), "since": since} for row, since in warnings_within(reach, today)],
        broken=[{**row_words(row), "note": check.note} for check, row in broken_within(reach)],
        list=listed_words(seen_by_office(reach), list(ProjectState)),
    )


@blueprint.get("/<public_id>")
@allow(RoleKind.AUDITOR)
def one(public_id: str) -> str:
    """A project with its reviews, notices, objections, work and money."""
    project, today = _project(public_id), local_day(clock.now())
    steps = steps_of(project)
    return render_template(
        "oversight/project.html",
        project=whole_words(project),
        households=beneficiary_count(project),
        answers=answer_words(project),
        reviews=[review_words(row) for row in reviews_of(project)],
        notices=notices_of(project),
        objections=[
            {
                "words": row.words,
                "answer": row.answer,
                "made_at": row.made_at,
                "state": objection_chip(ObjectionState(row.state)),
            }
            for row in objections_to(project)
        ],
        work=work_percent(steps, today),
        money=round(money_percent(steps, project.approved_fen, today)),
        gap_since=gap_since(project, today),
        place=place_of(project),
        photos=[
            {
                "address": url_for("oversight.projects.photo", public_id=public_id, photo=row.public_id),
                "taken_on": row.taken_on,
                "place_words": row.place_words,
            }
            for row in photos_of(project)
        ],
        checks=checks_of(project),
    )


@blueprint.get("/<public_id>/photos/<photo>.webp")
@allow(RoleKind.AUDITOR)
def photo(public_id: str, photo: str) -> Response:
    """A picture of the work."""
    return photo_of(_project(public_id), photo)
