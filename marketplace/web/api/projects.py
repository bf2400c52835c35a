"""Projects for programs: what everybody may read and object to; declaring, judging and following them at the office."""

from collections.abc import Callable
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from sqlalchemy import Select

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.pictures import read_picture, store_picture
from marketplace.projects.declaring import (
    Part,
    Source,
    draft_project,
    save_answers,
    save_beneficiaries,
    save_draft,
    save_milestones,
    save_sources,
    submit_project,
    withdraw_project,
)
from marketplace.projects.lists import Narrowed, page_after, seen_by_everybody, seen_by_household, seen_by_office
from marketplace.projects.models import Project, SourceKind
from marketplace.projects.noticing import approve_project, decide_objection, object_to
from marketplace.projects.offices import check_unit, locked
from marketplace.projects.queries import (
    get_milestone,
    get_objection,
    get_project_within,
    get_public_project,
)
from marketplace.projects.reviewing import name_cross_township, pass_project, refuse_project, return_project
from marketplace.projects.standard import asked_items
from marketplace.projects.states import ObjectionAction, ProjectState
from marketplace.projects.templates import template_on
from marketplace.projects.tracking import (
    Taken,
    add_photo,
    check_asset,
    complete_project,
    reach_milestone,
    start_project,
    stop_project,
)
from marketplace.registry.queries import households_by_code
from marketplace.web.access import PUBLIC, account, allow, office_reach
from marketplace.web.api import project_schemas as schemas
from marketplace.web.api.documents import BODY, OPTIONAL_BEARER, ApiBlueprint, only, problems
from marketplace.web.api.preconditions import check_unchanged, if_match
from marketplace.web.objection_limit import count_objection
from marketplace.web.own_household import own_household
from marketplace.web.project_photos import photo_of
from marketplace.web.uploads import households_folder, takes_files

blueprint: Blueprint = ApiBlueprint(
    "api-projects", __name__, url_prefix="/api/v1/projects", description="Projects, from the declaration to years later"
)
# A third more than the picture itself, as Base64 makes it.
_LARGEST = 17 * 1024 * 1024


@blueprint.get("")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.arguments(schemas.ProjectsQuerySchema, location="query")
@blueprint.response(200, schemas.ProjectPageSchema)
@problems(404, 422)
def projects_public(query: dict[str, Any]) -> dict[str, Any]:
    """Projects from their notice on, the newest first."""
    return _page(seen_by_everybody(), query)


@blueprint.get("/mine")
@only(RoleKind.FARMER)
@blueprint.arguments(schemas.ProjectsQuerySchema, location="query")
@blueprint.response(200, schemas.ProjectPageSchema)
@problems(404, 422)
def projects_mine(query: dict[str, Any]) -> dict[str, Any]:
    """The projects that are for your own household, from their notice on, the newest first."""
    return _page(seen_by_household(own_household().id), query)


@blueprint.get("/template")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.arguments(schemas.TemplateQuerySchema, location="query")
@blueprint.response(200, schemas.ProjectTemplateSchema)
@problems(422)
def project_template(query: dict[str, Any]) -> dict[str, Any]:
    """The template and rubric in force in an area today."""
    template = template_on(query["area"], local_day(clock.now()))
    return {
        "version": template.version,
        "begins_on": template.begins_on,
        "sources": list(template.sources),
        **{name: getattr(template.base, name) for name in ("categories", "barred", "rubric")},
        "natures": list(template.natures),
        "items": asked_items(template),
    }


@blueprint.get("/<public_id:public_id>")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.response(200, schemas.WholeProjectSchema)
@problems(404)
def project_public(public_id: str) -> dict[str, Any]:
    """All that everybody may know of a project."""
    return schemas.public_whole(get_public_project(public_id))


@blueprint.post("/<public_id:public_id>/objections")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.arguments(schemas.ProjectObjectionInSchema)
@blueprint.response(204)
@problems(404, 409, 429, *BODY)
def project_object(given: dict[str, Any], public_id: str) -> None:
    """Say what is wrong while the notice hangs out, without an account; `notice_closed` (409) afterwards."""
    now, project = clock.now(), get_public_project(public_id)
    count_objection(now=now)
    with transaction():
        object_to(project, given["words"], given["contact"], now=now)


@blueprint.get("/office")
@only(RoleKind.OFFICER)
@blueprint.arguments(schemas.OfficeProjectsQuerySchema, location="query")
@blueprint.response(200, schemas.OfficeProjectPageSchema)
@problems(404, 422)
def projects_office(query: dict[str, Any]) -> dict[str, Any]:
    """The projects of your areas, the newest first."""
    return _page(seen_by_office(office_reach()), query)


def _page(seen: Select[tuple[Project]], query: dict[str, Any]) -> dict[str, Any]:
    state = query.get("state")
    by = Narrowed(None if state is None else ProjectState(state), query.get("year"), query["area"], query["words"])
    found = page_after(seen, by, query.get("after"), query["limit"] + 1)
    items = found[: query["limit"]]
    return {"items": items, "next": items[-1].public_id if len(found) > len(items) else None}


@blueprint.post("/office")
@only(RoleKind.OFFICER)
@blueprint.arguments(schemas.NewProjectSchema)
@blueprint.response(201, schemas.OfficeProjectSchema)
@problems(404, *BODY)
def project_begin(given: dict[str, Any]) -> dict[str, Any]:
    """Begin a declaration in the name of your village or township."""
    with transaction():
        area = office_reach().check(given["area_code"])
        return _whole(draft_project(area, given["name"], by=account(), now=clock.now()))


@blueprint.get("/office/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404)
def project_office(public_id: str) -> dict[str, Any]:
    """A project with all that was said of it; its ETag goes into `If-Match` of a change."""
    return _whole(get_project_within(public_id, office_reach()))


@blueprint.patch("/office/<public_id:public_id>")
@only(RoleKind.OFFICER)
@if_match
@blueprint.arguments(schemas.ProjectChangeSchema)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409, *BODY)
def project_save(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Keep what is filled in so far; all of it or nothing."""
    now, by = clock.now(), account()
    with transaction():
        project = locked(get_project_within(public_id, office_reach()))
        check_unchanged(schemas.OfficeProjectSchema(), _whole(project))
        # Whoever may not write learns nothing of which codes exist.
        check_unit(project, by)
        parts = ("sources", "milestones", "households", "answers")
        sources, milestones, codes, answers = (given.pop(name, None) for name in parts)
        if given:
            save_draft(project, given, by=by, now=now)
        if sources is not None:
            save_sources(project, [Source(**{**row, "kind": SourceKind(row["kind"])}) for row in sources], by=by, now=now)
        if milestones is not None:
            save_milestones(project, [Part(**row) for row in milestones], by=by, now=now)
        if answers is not None:
            save_answers(project, answers, by=by, now=now)
        if codes is not None:
            found = households_by_code(codes)
            if set(found) != set(codes):
                raise Invalid("beneficiary_unknown", N_("A project is for registered households of the unit’s area alone."))
            save_beneficiaries(project, list(found.values()), by=by, now=now)
        return _whole(project)


def _whole(project: Project) -> dict[str, Any]:
    own = {len(code) for code in scopes(account(), RoleKind.OFFICER)}
    return schemas.office_whole(project, decides=project.decides in own)


def _act(public_id: str, act: Callable[[Project], object]) -> dict[str, Any]:
    """Take a step and answer the project as it then is."""
    with transaction():
        project = get_project_within(public_id, office_reach())
        act(project)
        return _whole(project)


@blueprint.post("/office/<public_id:public_id>/submit")
@only(RoleKind.OFFICER)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409, 422)
def project_submit(public_id: str) -> dict[str, Any]:
    """Hand it in; `item_missing_…` (422) names the first item that it lacks, `funded_twice` (409) the same thing declared."""
    return _act(public_id, lambda row: submit_project(row, by=account(), now=clock.now()))


@blueprint.post("/office/<public_id:public_id>/withdraw")
@only(RoleKind.OFFICER)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409)
def project_withdraw(public_id: str) -> dict[str, Any]:
    """Take a draft back for good."""
    return _act(public_id, lambda row: withdraw_project(row, by=account(), now=clock.now()))


@blueprint.post("/office/<public_id:public_id>/cross")
@only(RoleKind.OFFICER)
@blueprint.arguments(schemas.CrossTownshipSchema)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409, *BODY)
def project_cross(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Name the township that judges another one’s project."""
    return _act(public_id, lambda row: name_cross_township(row, given["area_code"], by=account(), now=clock.now()))


@blueprint.post("/office/<public_id:public_id>/pass")
@only(RoleKind.OFFICER)
@blueprint.arguments(schemas.ProjectPassSchema)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409, *BODY)
def project_pass(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Pass it on from your level; `step_taken` (409) when somebody else was first."""
    state = ProjectState(given["state"])
    return _act(public_id, lambda row: pass_project(row, state, given["scores"], by=account(), now=clock.now()))


@blueprint.post("/office/<public_id:public_id>/return")
@only(RoleKind.OFFICER)
@blueprint.arguments(schemas.ProjectTurnDownSchema)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409, *BODY)
def project_return(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Send it back to be mended."""
    state = ProjectState(given["state"])
    return _act(public_id, lambda row: return_project(row, state, given["reason"], by=account(), now=clock.now()))


@blueprint.post("/office/<public_id:public_id>/refuse")
@only(RoleKind.OFFICER)
@blueprint.arguments(schemas.ProjectTurnDownSchema)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409, *BODY)
def project_refuse(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Refuse it for good."""
    state = ProjectState(given["state"])
    return _act(public_id, lambda row: refuse_project(row, state, given["reason"], by=account(), now=clock.now()))


@blueprint.post("/office/<public_id:public_id>/objections/<public_id:objection>")
@only(RoleKind.OFFICER)
@blueprint.arguments(schemas.ProjectObjectionDecisionSchema)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409, *BODY)
def project_objection_decide(given: dict[str, Any], public_id: str, objection: str) -> dict[str, Any]:
    """Decide on an objection to a project that you have not judged."""
    action, answer = ObjectionAction(given["action"]), given["answer"]

    def act(project: Project) -> object:
        return decide_objection(project, get_objection(project, objection), action, answer, by=account(), now=clock.now())

    return _act(public_id, act)


@blueprint.post("/office/<public_id:public_id>/approve")
@only(RoleKind.OFFICER)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409)
def project_approve(public_id: str) -> dict[str, Any]:
    """Close the notice and approve; `too_early` (409) while it hangs out, `objection_open` (409) before all are decided."""
    return _act(public_id, lambda row: approve_project(row, by=account(), now=clock.now()))


@blueprint.post("/office/<public_id:public_id>/start")
@only(RoleKind.OFFICER)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409)
def project_start(public_id: str) -> dict[str, Any]:
    """Say that the work has begun."""
    return _act(public_id, lambda row: start_project(row, by=account(), now=clock.now()))


@blueprint.post("/office/<public_id:public_id>/photos")
@only(RoleKind.OFFICER)
@takes_files(1, each=_LARGEST)
@blueprint.arguments(schemas.NewProjectPhotoSchema)
@blueprint.response(201, schemas.OfficeProjectSchema)
@problems(404, 409, *BODY)
def project_photo_add(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Add a picture of the work; of a milestone it says that this part is done."""
    get_project_within(public_id, office_reach())
    picture = store_picture(read_picture(given["picture"]), households_folder())
    taken = Taken(picture, *(given[name] for name in ("taken_on", "place_words", "latitude", "longitude")))

    def act(project: Project) -> None:
        milestone = get_milestone(project, given["milestone"]) if given["milestone"] else None
        add_photo(project, milestone, taken, by=account(), now=clock.now())
        if milestone is not None:
            reach_milestone(project, milestone, by=account(), now=clock.now())

    return _act(public_id, act)


@blueprint.get("/office/<public_id:public_id>/photos/<public_id:photo>")
@only(RoleKind.OFFICER)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/webp")
@problems(404)
def project_photo(public_id: str, photo: str) -> Response:
    """A picture of the work."""
    return photo_of(get_project_within(public_id, office_reach()), photo)


@blueprint.post("/office/<public_id:public_id>/complete")
@only(RoleKind.OFFICER)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409)
def project_complete(public_id: str) -> dict[str, Any]:
    """Accept the work for the county; `milestones_open` (409) before all of it is done."""
    return _act(public_id, lambda row: complete_project(row, by=account(), now=clock.now()))


@blueprint.post("/office/<public_id:public_id>/stop")
@only(RoleKind.OFFICER)
@blueprint.arguments(schemas.ProjectReasonSchema)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409, *BODY)
def project_stop(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Give an approved project up."""
    return _act(public_id, lambda row: stop_project(row, given["reason"], by=account(), now=clock.now()))


@blueprint.post("/office/<public_id:public_id>/checks")
@only(RoleKind.OFFICER)
@blueprint.arguments(schemas.AssetCheckInSchema)
@blueprint.response(200, schemas.OfficeProjectSchema)
@problems(404, 409, *BODY)
def project_check(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say whether what was built still works a year, two or three years later."""
    return _act(
        public_id, lambda row: check_asset(row, given["years"], given["works"], given["note"], by=account(), now=clock.now())
    )
