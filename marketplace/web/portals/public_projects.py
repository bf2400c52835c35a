"""Portal: projects as everybody may read of them, a form to object while a notice hangs out, and all of it for programs."""

from typing import Any

from flask import Blueprint, Response, flash, jsonify, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response as AnyResponse

from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.projects.lists import seen_by_everybody
from marketplace.projects.models import Project
from marketplace.projects.noticing import current_notice, object_to
from marketplace.projects.oc4ids import package
from marketplace.projects.progress import work_percent
from marketplace.projects.queries import (
    beneficiary_count,
    checks_of,
    completion_notice,
    get_public_project,
    public_projects,
    reviews_of_round,
    steps_of,
)
from marketplace.projects.states import PUBLIC as PUBLIC_STATES
from marketplace.projects.states import ProjectState
from marketplace.projects.templates import templates_of
from marketplace.regions.queries import area_names
from marketplace.registry import display_rules
from marketplace.registry.rules import rule
from marketplace.web.access import PUBLIC, allow
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.objection_limit import count_objection
from marketplace.web.project_lists import listed_words
from marketplace.web.project_words import review_words, whole_words
from marketplace.web.redirects import see_other

blueprint = Blueprint("public_projects", __name__, url_prefix="/projects")


class ObjectionForm(FormSchema):
    """What is wrong."""

    words = Text(required=True, validate=validate.Length(max=1000, error=N_("Please write less.")))
    contact = Text(load_default="", validate=validate.Length(max=120, error=N_("Please write less.")))


@blueprint.get("")
@allow(PUBLIC)
def listed() -> str:
    """Every project from its notice on."""
    return render_template("public/projects.html", list=listed_words(seen_by_everybody(), PUBLIC_STATES, notices_first=True))


@blueprint.get("/oc4ids.json")
@allow(PUBLIC)
def exported() -> Response:
    """All of them in the standard for infrastructure projects."""
    rows, now = public_projects(), clock.now()
    names = area_names(row.place_code for row in rows)
    address = url_for("public_projects.exported", _external=True)
    return jsonify(package(rows, names, templates_of(rows, local_day(now)), uri=address, at=now))


@blueprint.get("/<public_id>")
@allow(PUBLIC)
def one(public_id: str) -> str:
    """One project."""
    return _page(get_public_project(public_id), {}, {})


def _page(project: Project, form: dict[str, Any], errors: dict[str, str]) -> str:
    now = clock.now()
    today, notice = local_day(now), current_notice(project)
    count, least = beneficiary_count(project), int(rule(display_rules.SMALLEST_CELL, project.place_code, today).value)
    return render_template(
        "public/project.html",
        project=whole_words(project),
        # Of few households one could guess which they are.
        households=count if count >= least else None,
        least=least,
        reviews=[review_words(row) for row in reviews_of_round(project)],
        notice=notice,
        completion=completion_notice(project),
        open=project.state == ProjectState.NOTICE and notice is not None and notice.closed_on is None,
        work=work_percent(steps_of(project), today),
        checks=[{"years": row.years, "works": row.works, "due_on": row.due_on} for row in checks_of(project)],
        form=form,
        errors=errors,
    )


@blueprint.post("/<public_id>/objections")
@allow(PUBLIC)
def object_here(public_id: str) -> AnyResponse | tuple[str, int]:
    """Say what is wrong; without an account, and only as often as a person would."""
    now = clock.now()
    project = get_public_project(public_id)
    count_objection(now=now)
    try:
        form = read_form(ObjectionForm())
        with transaction():
            object_to(project, form["words"], form["contact"], now=now)
    except (Invalid, Conflict) as error:
        return _page(get_public_project(public_id), request.form.to_dict(), errors_by_field(error)), 422
    flash(_("Thank you. It has been written down, and only those who decide on it can read it."), "success")
    return see_other(url_for("public_projects.one", public_id=public_id))
