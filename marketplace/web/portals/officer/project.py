"""One project at the office: judged, noticed, approved, begun, followed with pictures, accepted, looked at years later."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from flask import Blueprint, flash, render_template, request, url_for
from flask import Response as FlaskResponse
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.pictures import read_picture, store_picture
from marketplace.projects.declaring import submit_project, withdraw_project
from marketplace.projects.models import Project
from marketplace.projects.noticing import approve_project, current_notice, decide_objection
from marketplace.projects.offices import waits_for
from marketplace.projects.progress import money_percent, work_percent
from marketplace.projects.queries import (
    beneficiaries_within,
    beneficiary_count,
    checks_of,
    completion_notice,
    gap_since,
    get_milestone,
    get_objection,
    get_project_within,
    objections_to,
    open_objections,
    photos_of,
    place_of,
    reviews_of,
    steps_of,
)
from marketplace.projects.reviewing import name_cross_township, pass_project, refuse_project, return_project
from marketplace.projects.standard import Template
from marketplace.projects.states import EDITABLE, LEVELS, ObjectionAction, ObjectionState, ProjectState
from marketplace.projects.templates import next_day, template_of
from marketplace.projects.tracking import (
    Taken,
    add_photo,
    check_asset,
    complete_project,
    reach_milestone,
    start_project,
    stop_project,
)
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names, children
from marketplace.web.access import account, allow, office_reach
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.project_photos import photo_of
from marketplace.web.project_words import (
    answer_words,
    objection_chip,
    review_words,
    row_words,
    rubric_words,
    still_missing,
    whole_words,
)
from marketplace.web.redirects import see_other
from marketplace.web.uploads import households_folder, sent_files, takes_files

blueprint = Blueprint("project", __name__, url_prefix="/<public_id>")
_LONG = N_("Please write less.")


class WordsForm(FormSchema):
    """Why."""

    words = Text(load_default="", validate=validate.Length(max=400, error=_LONG))


class LevelForm(WordsForm):
    """What a level says; the state is the one on the page, so that who comes second is told."""

    state = Text(required=True, validate=validate.OneOf([state.value for state in LEVELS]))


class ScoresForm(FormSchema):
    """Points by criterion, whatever the template asks."""

    class Meta:
        """The rubric says which fields there are."""

        unknown = EXCLUDE

    state = Text(required=True, validate=validate.OneOf([state.value for state in LEVELS]))


class AreaForm(FormSchema):
    """The township that judges."""

    area = Text(required=True, validate=validate.Length(max=12))


class PhotoForm(FormSchema):
    """Where and when a picture was taken."""

    milestone = Text(load_default=None, validate=validate.Length(max=20))
    taken_on = fields.Date(required=True)
    place_words = Text(required=True, validate=validate.Length(max=120, error=_LONG))
    latitude = fields.Float(load_default=None, validate=validate.Range(-90, 90))
    longitude = fields.Float(load_default=None, validate=validate.Range(-180, 180))


class CheckForm(FormSchema):
    """Whether it still works."""

    years = fields.Integer(required=True, validate=validate.Range(1, 3))
    works = Text(required=True, validate=validate.OneOf(["yes", "no"]))
    note = Text(load_default="", validate=validate.Length(max=400, error=_LONG))


def _project(public_id: str) -> Project:
    return get_project_within(public_id, office_reach())


@blueprint.get("")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """A project with all that was said of it, and what can be done next."""
    return _page(public_id, {}, {})


def _page(public_id: str, form: Mapping[str, str], errors: Mapping[str, str]) -> str:
    """The page; after a refusal with what was typed and what is wrong with it, by field."""
    project, today = _project(public_id), local_day(clock.now())
    steps, own = steps_of(project), scopes(account(), RoleKind.OFFICER)
    level = LEVELS.get(ProjectState(project.state))
    notice = current_notice(project)
    levels = {len(code) for code in own}
    return render_template(
        "officer/project.html",
        project=whole_words(project),
        state=project.state,
        mine=project.unit_code in own,
        editable=project.state in EDITABLE,
        missing=still_missing(project) if project.state in EDITABLE else [],
        asked_otherwise_on=next_day(project, today) if project.state in EDITABLE else None,
        answers=answer_words(project),
        households=beneficiary_count(project),
        reviews=[review_words(row) for row in reviews_of(project)],
        waits_for_me=level is not None and waits_for(project, own) and not _needs_another_township(project),
        scored=level is not None and project.decides is not None and level >= project.decides,
        rubric=rubric_words(template_of(project, today)),
        townships=_townships(project) if Level.COUNTY in levels else [],
        notice=notice,
        completion=completion_notice(project),
        opens_on=None if notice is None else notice.closes_on + timedelta(days=1),
        approvable=waits_for(project, own) and notice is not None and today > notice.closes_on and not open_objections(notice),
        objections=[
            {
                "public_id": row.public_id,
                "words": row.words,
                "contact": row.contact,
                "answer": row.answer,
                "made_at": row.made_at,
                "due_on": row.due_on,
                "open": row.state == ObjectionState.OPEN,
                "state": objection_chip(ObjectionState(row.state)),
            }
            for row in objections_to(project)
        ]
        if project.decides in levels
        else [],
        work=work_percent(steps, today),
        money=round(money_percent(steps, project.approved_fen, today)),
        gap_since=gap_since(project, today) if project.state == ProjectState.UNDER_WAY else None,
        place=place_of(project),
        photos=[
            {
                "address": url_for("officer.projects.project.photo", public_id=public_id, photo=row.public_id),
                "taken_on": row.taken_on,
                "place_words": row.place_words,
            }
            for row in photos_of(project)
        ],
        adds_photos=not levels.isdisjoint((Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY)),
        checks_asset=not levels.isdisjoint((Level.TOWNSHIP, Level.COUNTY)),
        accepts=Level.COUNTY in levels and project.unit_code not in own,
        checks=[
            {
                "years": row.years,
                "due_on": row.due_on,
                "works": row.works,
                "note": row.note,
                "due": row.works is None and row.due_on <= today,
            }
            for row in checks_of(project)
        ],
        today=today.isoformat(),
        form=form,
        errors=errors,
    )


def _needs_another_township(project: Project) -> bool:
    own = len(project.unit_code) == Level.TOWNSHIP and project.state == ProjectState.TOWNSHIP
    return own and project.cross_code is None


def _townships(project: Project) -> list[tuple[str, str]]:
    if not _needs_another_township(project):
        return []
    return [(row.code, place_name(row.name)) for row in children(project.place_code[:6]) if row.code != project.unit_code]


def _done(public_id: str, act: Callable[[Project], object], words: str, *, place: str = "") -> Response | tuple[str, int]:
    """Take a step.

    Parameters
    ----------
    place : str
        The field of the page beside which stands what is wrong with the step. What was typed under ``words`` belongs there:
        the page asks for words in several places.
    """
    try:
        with transaction():
            act(_project(public_id))
    except Invalid as error:
        wrong = errors_by_field(error, place)
        shown = {**request.form.to_dict(), place: request.form.get("words", "")}
        return _page(public_id, shown, {place if name == "words" else name: text for name, text in wrong.items()}), 422
    flash(_(words), "success")
    return see_other(url_for("officer.projects.project.one", public_id=public_id))


@blueprint.get("/households")
@allow(RoleKind.OFFICER)
def households(public_id: str) -> str:
    """Which households it is for, as far as one's areas reach; their files say more, to whoever may read them."""
    project = _project(public_id)
    rows = beneficiaries_within(project, office_reach())
    names = area_names(row.village_code for row in rows)
    return render_template(
        "officer/project_households.html",
        project=row_words(project),
        rows=[{"public_id": row.public_id, "code": row.code, "village": place_name(names[row.village_code])} for row in rows],
        count=beneficiary_count(project),
    )


@blueprint.post("/submit")
@allow(RoleKind.OFFICER)
def submit(public_id: str) -> Response | tuple[str, int]:
    """Hand the declaration in."""
    return _done(public_id, lambda row: submit_project(row, by=account(), now=clock.now()), N_("It is handed in."))


@blueprint.post("/withdraw")
@allow(RoleKind.OFFICER)
def withdraw(public_id: str) -> Response | tuple[str, int]:
    """Take the declaration back."""
    return _done(public_id, lambda row: withdraw_project(row, by=account(), now=clock.now()), N_("It is taken back."))


@blueprint.post("/pass")
@allow(RoleKind.OFFICER)
def let_pass(public_id: str) -> Response | tuple[str, int]:
    """Pass it on, with points where the level gives any."""
    now = clock.now()

    def act(project: Project) -> None:
        state, scores = ProjectState(read_form(ScoresForm())["state"]), None
        if project.decides is not None and LEVELS[state] >= project.decides:
            scores = _points(template_of(project, local_day(now)))
        pass_project(project, state, scores, by=account(), now=now)

    return _done(public_id, act, N_("It goes on to the next level."))


def _points(template: Template) -> dict[str, int]:
    """The points given for each line of the rubric; each that cannot be is named beside its line."""
    given = {each: request.form.get(f"score_{each.key}", "").strip() for each in template.base.rubric}
    wrong = {
        f"score_{each.key}": _("Please give 0 to %(most)s points.", most=each.most)
        for each, text in given.items()
        if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= each.most)
    }
    if wrong:
        raise FormError(wrong)
    return {each.key: int(text) for each, text in given.items()}


@blueprint.post("/return")
@allow(RoleKind.OFFICER)
def send_back(public_id: str) -> Response | tuple[str, int]:
    """Send it back to be mended."""

    def act(project: Project) -> None:
        form = read_form(LevelForm())
        return_project(project, ProjectState(form["state"]), form["words"], by=account(), now=clock.now())

    return _done(public_id, act, N_("It is sent back."), place="send_back")


@blueprint.post("/refuse")
@allow(RoleKind.OFFICER)
def refuse(public_id: str) -> Response | tuple[str, int]:
    """Refuse it."""

    def act(project: Project) -> None:
        form = read_form(LevelForm())
        refuse_project(project, ProjectState(form["state"]), form["words"], by=account(), now=clock.now())

    return _done(public_id, act, N_("It is refused."), place="refuse")


@blueprint.post("/cross")
@allow(RoleKind.OFFICER)
def cross(public_id: str) -> Response | tuple[str, int]:
    """Name the township that judges another one's project."""
    code, now = read_form(AreaForm())["area"], clock.now()
    return _done(public_id, lambda row: name_cross_township(row, code, by=account(), now=now), N_("The township is named."))


@blueprint.post("/objections/<objection>/<any(uphold, reject):action>")
@allow(RoleKind.OFFICER)
def decide(public_id: str, objection: str, action: str) -> Response | tuple[str, int]:
    """Decide on an objection."""

    def act(project: Project) -> None:
        row, words = get_objection(project, objection), read_form(WordsForm())["words"]
        decide_objection(project, row, ObjectionAction(action), words, by=account(), now=clock.now())

    return _done(public_id, act, N_("The objection is decided."), place=objection)


@blueprint.post("/approve")
@allow(RoleKind.OFFICER)
def approve(public_id: str) -> Response | tuple[str, int]:
    """Close the notice and approve."""
    return _done(public_id, lambda row: approve_project(row, by=account(), now=clock.now()), N_("It is approved."))


@blueprint.post("/start")
@allow(RoleKind.OFFICER)
def start(public_id: str) -> Response | tuple[str, int]:
    """Say that the work has begun."""
    return _done(public_id, lambda row: start_project(row, by=account(), now=clock.now()), N_("The work has begun."))


@blueprint.post("/photos")
@allow(RoleKind.OFFICER)
@takes_files(1)
def photo_add(public_id: str) -> Response | tuple[str, int]:
    """Add a picture; of a milestone it says that this part is done."""
    form, now, found = read_form(PhotoForm()), clock.now(), sent_files("picture")
    _project(public_id)
    if not found:
        raise Invalid("picture_empty", N_("Please choose a picture."))
    picture = store_picture(read_picture(found[0].read()), households_folder())
    taken = Taken(picture, form["taken_on"], form["place_words"], form["latitude"], form["longitude"])

    def act(project: Project) -> None:
        milestone = get_milestone(project, form["milestone"]) if form["milestone"] else None
        add_photo(project, milestone, taken, by=account(), now=now)
        if milestone is not None:
            reach_milestone(project, milestone, by=account(), now=now)

    return _done(public_id, act, N_("The picture is kept."))


@blueprint.get("/photos/<photo>.webp")
@allow(RoleKind.OFFICER)
def photo(public_id: str, photo: str) -> FlaskResponse:
    """A picture of the work, for officers of the area; it stays in no cache."""
    return photo_of(_project(public_id), photo)


@blueprint.post("/complete")
@allow(RoleKind.OFFICER)
def complete(public_id: str) -> Response | tuple[str, int]:
    """Accept the work."""
    return _done(
        public_id, lambda row: complete_project(row, by=account(), now=clock.now()), N_("It is completed and announced.")
    )


@blueprint.post("/stop")
@allow(RoleKind.OFFICER)
def stop(public_id: str) -> Response | tuple[str, int]:
    """Give it up."""

    def act(project: Project) -> None:
        stop_project(project, read_form(WordsForm())["words"], by=account(), now=clock.now())

    return _done(public_id, act, N_("It is given up."), place="stop")


@blueprint.post("/checks")
@allow(RoleKind.OFFICER)
def check(public_id: str) -> Response | tuple[str, int]:
    """Say whether it still works."""
    form, now = read_form(CheckForm()), clock.now()
    works = form["works"] == "yes"
    return _done(
        public_id, lambda row: check_asset(row, form["years"], works, form["note"], by=account(), now=now), N_("It is kept.")
    )
