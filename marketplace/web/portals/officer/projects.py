"""Portal: projects at the office: what waits, declaring step by step, and what goes wrong with those under way."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.money import plain_yuan
from marketplace.projects.declaring import (
    LONGEST_ANSWER,
    MOST_MILESTONES,
    Part,
    Source,
    draft_project,
    save_answers,
    save_beneficiaries,
    save_draft,
    save_milestones,
    save_sources,
)
from marketplace.projects.lists import page_of, seen_by_office, waits
from marketplace.projects.models import Project, SourceKind
from marketplace.projects.offices import declares
from marketplace.projects.queries import (
    beneficiaries_within,
    checks_due,
    get_project_within,
    project_unknown,
    warnings_within,
)
from marketplace.projects.states import EDITABLE, ProjectState
from marketplace.projects.templates import template_of
from marketplace.registry.queries import households_by_code
from marketplace.web.access import account, allow, office_reach
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form
from marketplace.web.paging import page_numbers
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.project_lists import PAGE, ListForm, listed_words
from marketplace.web.project_words import SOURCES, row_words, still_missing, whole_words
from marketplace.web.redirects import see_other

blueprint = Blueprint("projects", __name__, url_prefix="/projects")
_LONG = N_("Please write less.")
# As many are open when nothing is filled in; the others are a touch away.
_FIRST_MILESTONES = 2
STEPS = {
    "what": N_("What is planned"),
    "when": N_("Where and when"),
    "money": N_("What it costs"),
    "people": N_("Who benefits"),
    "more": N_("What else is asked"),
}


class NewForm(FormSchema):
    """A declaration to begin."""

    area = Text(required=True, validate=validate.Length(max=12))
    name = Text(required=True, validate=validate.Length(max=80, error=_LONG))


class WhatForm(FormSchema):
    """The first step: name, category, nature, task, target."""

    name = Text(load_default=None, validate=validate.Length(max=80, error=_LONG))
    category = Text(load_default=None, validate=validate.Length(max=16))
    nature = Text(load_default=None, validate=validate.Length(max=16))
    task = Text(load_default=None, validate=validate.Length(max=4000, error=_LONG))
    target = Text(load_default=None, validate=validate.Length(max=1000, error=_LONG))


_percent = validate.Range(1, 100, error=N_("A milestone is 1 to 100 per cent of the work."))
WhenForm: type[FormSchema] = FormSchema.from_dict(  # type: ignore[assignment]
    {
        "place_words": Text(load_default=None, validate=validate.Length(max=120, error=_LONG)),
        "asset": Text(load_default=None, validate=validate.Length(max=80, error=_LONG)),
        "begins_on": fields.Date(load_default=None),
        "ends_on": fields.Date(load_default=None),
        **{
            name: field
            for number in range(1, MOST_MILESTONES + 1)
            for name, field in (
                (f"part_{number}", Text(load_default=None, validate=validate.Length(max=80, error=_LONG))),
                (f"weight_{number}", fields.Integer(load_default=None, validate=_percent)),
                (f"due_{number}", fields.Date(load_default=None)),
            )
        },
    },
    name="WhenForm",
)
MoneyForm: type[FormSchema] = FormSchema.from_dict(  # type: ignore[assignment]
    {
        name: field
        for kind in SourceKind
        for name, field in (
            (f"amount_{kind}", Yuan(load_default=None)),
            (f"document_{kind}", Text(load_default="", validate=validate.Length(max=80, error=_LONG))),
        )
    },
    name="MoneyForm",
)


def more_form(project: Project) -> type[FormSchema]:
    """The form of what offices have added, whatever that is."""
    fields_ = {
        item.key: Text(load_default=None, validate=validate.Length(max=LONGEST_ANSWER, error=_LONG))
        for item in template_of(project, local_day(clock.now())).items
    }
    return FormSchema.from_dict(fields_, name="MoreForm")  # type: ignore[return-value]


class PeopleForm(FormSchema):
    """The last step: who is responsible, for which households, and what they get of it."""

    responsible = Text(load_default=None, validate=validate.Length(max=80, error=_LONG))
    mechanism = Text(load_default=None, validate=validate.Length(max=2000, error=_LONG))
    households = Text(load_default="", validate=validate.Length(max=100_000, error=_LONG))


FORMS: dict[str, type[FormSchema]] = {"what": WhatForm, "when": WhenForm, "money": MoneyForm, "people": PeopleForm}


class OfficeListForm(ListForm):
    """What is looked for, and of which of the two lists which page is shown."""

    list = Text(load_default="all", validate=validate.OneOf(["all", "mine"]))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """What waits for one's office, what lags behind, what is to be looked at, and all other projects of one's areas."""
    reach, today = office_reach(), local_day(clock.now())
    area, seen = office_area(None), seen_by_office(reach)
    shown = listed_words(seen, list(ProjectState), areas_to_choose(area), form=OfficeListForm)
    number = shown["asked"]["page"] if shown["asked"]["list"] == "mine" else 1
    mine, total = page_of(seen.where(waits(scopes(account(), RoleKind.OFFICER))), number, PAGE)
    return render_template(
        "officer/projects.html",
        area=area,
        declares=declares(account()),
        mine=[row_words(row) for row in mine],
        mine_pages=page_numbers(number, max(1, -(-total // PAGE))),
        list=shown,
        late=[{**row_words(row), "since": since} for row, since in warnings_within(reach, today)],
        checks=[{**row_words(row), "years": check.years, "check_on": check.due_on} for check, row in checks_due(reach, today)],
        today=today,
    )


@blueprint.get("/new")
@allow(RoleKind.OFFICER)
def new() -> str:
    """A declaration to begin."""
    return _new_page({}, {})


def _new_page(form: dict[str, Any], errors: dict[str, str]) -> str:
    area = office_area(None)
    return render_template(
        "officer/project_new.html", areas=areas_to_choose(area), form={"area": area.code, **form}, errors=errors
    )


@blueprint.post("")
@allow(RoleKind.OFFICER)
def begin() -> Response | tuple[str, int]:
    """Begin a declaration; what is filled in later is kept step by step."""
    try:
        form = read_form(NewForm())
        with transaction():
            area = office_reach().check(form["area"])
            project = draft_project(area, form["name"], by=account(), now=clock.now())
    except Invalid as error:
        return _new_page(request.form.to_dict(), errors_by_field(error)), 422
    return see_other(url_for("officer.projects.step", public_id=project.public_id, step="what"))


@blueprint.get("/<public_id>/edit/<any(what, when, money, people, more):step>")
@allow(RoleKind.OFFICER)
def step(public_id: str, step: str) -> str:
    """One step of a declaration."""
    project = _editable(public_id, step)
    return _step_page(project, step, _kept(project, step), {})


@blueprint.post("/<public_id>/edit/<any(what, when, money, people, more):step>")
@allow(RoleKind.OFFICER)
def save(public_id: str, step: str) -> Response | tuple[str, int]:
    """Keep a step, whole or not, and go on to the next."""
    project, now = _editable(public_id, step), clock.now()
    try:
        form = read_form(more_form(project)() if step == "more" else FORMS[step]())
        with transaction():
            _save(get_project_within(public_id, office_reach()), step, form, now)
    except Invalid as error:
        return _step_page(_editable(public_id, step), step, request.form.to_dict(), errors_by_field(error)), 422
    flash(_("It is kept."), "success")
    steps = list(_steps(project))
    if step == steps[-1]:
        return see_other(url_for("officer.projects.project.one", public_id=project.public_id))
    following = steps[steps.index(step) + 1]
    return see_other(url_for("officer.projects.step", public_id=project.public_id, step=following))


def _steps(project: Project) -> dict[str, str]:
    """The steps of a declaration; the last one only where offices have added something."""
    more = template_of(project, local_day(clock.now())).items
    return {name: words for name, words in STEPS.items() if name != "more" or more}


def _save(project: Project, step: str, form: dict[str, Any], now: Any) -> None:
    by = account()
    if step == "what":
        save_draft(project, form, by=by, now=now)
    elif step == "when":
        save_draft(project, {name: form[name] for name in ("place_words", "asset", "begins_on", "ends_on")}, by=by, now=now)
        rows = [(form[f"part_{row}"], form[f"weight_{row}"], form[f"due_{row}"]) for row in range(1, MOST_MILESTONES + 1)]
        if any(any(row) and not all(row) for row in rows):
            raise FormError({"part_1": _("Please give each milestone a name, a share of the work and a day.")})
        save_milestones(project, [Part(*row) for row in rows if all(row)], by=by, now=now)
    elif step == "money":
        given = [(kind, form[f"document_{kind}"], form[f"amount_{kind}"]) for kind in SourceKind]
        save_sources(project, [Source(*row) for row in given if row[2] is not None], by=by, now=now)
    elif step == "more":
        save_answers(project, form, by=by, now=now)
    else:
        save_draft(project, {name: form[name] for name in ("responsible", "mechanism")}, by=by, now=now)
        codes = form["households"].split()
        found = households_by_code(codes)
        if set(found) != set(codes):
            raise FormError({"households": _("A project is for registered households of the unit’s area alone.")})
        save_beneficiaries(project, list(found.values()), by=by, now=now)


def _editable(public_id: str, step: str) -> Project:
    project = get_project_within(public_id, office_reach())
    if step not in _steps(project):
        raise project_unknown()
    if project.state not in EDITABLE:
        raise Conflict("project_state", N_("This project can no longer be changed that way."), state=project.state)
    return project


def _kept(project: Project, step: str) -> dict[str, Any]:
    """What a step has already, as its form shows it."""
    kept: dict[str, Any] = {
        name: getattr(project, name)
        for name in ("name", "category", "nature", "task", "target", "place_words", "asset", "responsible", "mechanism")
    }
    kept |= {name: day.isoformat() if (day := getattr(project, name)) else "" for name in ("begins_on", "ends_on")}
    for row in project.milestones:
        kept |= {
            f"part_{row.position}": row.name,
            f"weight_{row.position}": row.weight,
            f"due_{row.position}": row.due_on.isoformat(),
        }
    for source in project.sources:
        kept |= {f"amount_{source.kind}": plain_yuan(source.amount_fen), f"document_{source.kind}": source.document}
    if step == "more":
        kept = dict(project.answers)
    if step == "people":
        kept["households"] = "\n".join(row.code for row in beneficiaries_within(project, office_reach()))
    return kept


def _step_page(project: Project, step: str, form: dict[str, Any], errors: dict[str, str]) -> str:
    template = template_of(project, local_day(clock.now()))
    return render_template(
        "officer/project_step.html",
        project=whole_words(project),
        step=step,
        steps=[(name, _(words)) for name, words in _steps(project).items()],
        missing=still_missing(project),
        categories=[("", _("Please choose")), *((each.key, _(each.words)) for each in template.base.categories)],
        natures=[("", _("Please choose")), *((key, _(words)) for key, words in template.natures.items())],
        barred=[_(each.words) for each in template.base.barred],
        items=[(item.key, _(item.words)) for item in template.items],
        sources=[(kind.value, _(words)) for kind, words in SOURCES.items()],
        rows=range(1, MOST_MILESTONES + 1),
        shown=max([_FIRST_MILESTONES, *(row for row in range(1, MOST_MILESTONES + 1) if form.get(f"part_{row}"))]),
        form=form,
        errors=errors,
    )
