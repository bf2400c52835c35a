"""Templates for programs: every version with what it says, the next one to be written down, and a second person's word."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.projects.entering import (
    KEY,
    LONGEST_TERM,
    MOST_LINES,
    MOST_TERMS,
    MOST_WORDS,
    NewVersion,
    decide_version,
    enter_version,
    own_offices,
)
from marketplace.projects.models import TemplateVersion
from marketplace.projects.standard import FULL_SCORE, ITEMS, SECTORS, Barred, Category, Criterion, Item
from marketplace.projects.states import TemplateAction, TemplateState
from marketplace.projects.templates import get_version, version_of, versions_after, versions_around
from marketplace.web.access import account, office_reach
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import (
    AREA,
    InputSchema,
    Line,
    PublicIdField,
    QueryDay,
    QueryNumber,
    SearchText,
    Spelled,
    WholeField,
)
from marketplace.web.api.project_schemas import (
    CriterionSchema,
    ProjectBarredSchema,
    ProjectCategorySchema,
    ProjectItemSchema,
    TemplateQuerySchema,
)
from marketplace.web.api.schemas import OutputSchema

blueprint: Blueprint = ApiBlueprint(
    "api-project-templates",
    __name__,
    url_prefix="/api/v1/projects/templates",
    description="What declarations of projects have to say and how they are judged, version by version",
)
_STATES = [state.value for state in TemplateState]


class TemplateVersionSchema(OutputSchema):
    """A version: a province's is whole, a city's or county's only adds items."""

    public_id = fields.String()
    area_code = fields.String()
    number = fields.Integer()
    state = fields.String(validate=validate.OneOf(_STATES))
    begins_on = fields.Date()
    source = fields.String()
    items = fields.List(fields.Nested(ProjectItemSchema), metadata={"description": "What this office itself asks besides"})
    categories = fields.List(fields.Nested(ProjectCategorySchema))
    barred = fields.List(fields.Nested(ProjectBarredSchema))
    rubric = fields.List(fields.Nested(CriterionSchema))


class TemplateVersionPageSchema(OutputSchema):
    """A page of versions."""

    items = fields.List(fields.Nested(TemplateVersionSchema))
    next = fields.String(allow_none=True, metadata={"description": "`after` of the next page; null behind the last"})


class TemplateVersionsQuerySchema(TemplateQuerySchema):
    """Whose versions, and which page of them."""

    after = PublicIdField(metadata={"description": "`next` of the page before"})
    limit = QueryNumber(1, 100, load_default=20)


class _LineSchema(InputSchema):
    """A line with a key of its own."""

    key = Spelled(KEY, most=16, required=True)
    words = Line(MOST_WORDS, required=True)


class NewProjectItemSchema(InputSchema):
    """Something that is asked: of the eleven items, and of what a level above asks, the key alone."""

    key = Spelled(KEY, most=16, required=True, metadata={"description": f"One of {', '.join(ITEMS)}, or one's own"})
    words = SearchText(MOST_WORDS, load_default="")


class NewProjectCategorySchema(_LineSchema):
    """What a project can be for."""

    sector = fields.String(required=True, validate=validate.OneOf(SECTORS))


class NewProjectBarredSchema(_LineSchema):
    """What the money may not be spent on, and the words by which it is known."""

    terms = fields.List(Line(LONGEST_TERM), required=True, validate=validate.Length(min=1, max=MOST_TERMS))


class NewProjectCriterionSchema(_LineSchema):
    """A line of the rubric."""

    most = WholeField(1, FULL_SCORE, required=True)


def _lines(schema: type[InputSchema]) -> Any:
    return fields.List(fields.Nested(schema), load_default=[], validate=validate.Length(max=MOST_LINES))


class NewTemplateVersionSchema(InputSchema):
    """The next version of your office."""

    area_code = Spelled(AREA, most=12, required=True)
    begins_on = QueryDay(required=True)
    source = Line(200, required=True)
    base = WholeField(
        0,
        30_000,
        metadata={
            "description": "The number of the version from which it was written, 0 for none; another one"
            " confirmed since is then not taken back unseen (`template_changed`)"
        },
    )
    items = fields.List(fields.Nested(NewProjectItemSchema), required=True, validate=validate.Length(max=4 * MOST_LINES))
    categories = _lines(NewProjectCategorySchema)
    barred = _lines(NewProjectBarredSchema)
    rubric = _lines(NewProjectCriterionSchema)


def _whole(row: TemplateVersion) -> dict[str, Any]:
    version = version_of(row)
    parts = {name: getattr(version, name) for name in ("items", "categories", "barred", "rubric")}
    return {**{name: getattr(row, name) for name in TemplateVersionSchema().fields if name not in parts}, **parts}


def _found(public_id: str) -> TemplateVersion:
    return get_version(public_id, scopes(account(), RoleKind.OFFICER))


@blueprint.get("")
@only(RoleKind.OFFICER)
@blueprint.arguments(TemplateVersionsQuerySchema, location="query")
@blueprint.response(200, TemplateVersionPageSchema)
@problems(404, 422)
def template_versions(query: dict[str, Any]) -> dict[str, Any]:
    """Every version of an area, of those above it and within it, the latest first; of other offices what is confirmed."""
    area = office_reach().check(query["area"])
    rows = versions_after(versions_around(area, own_offices(account())), query.get("after"), query["limit"] + 1)
    shown = rows[: query["limit"]]
    return {"items": [_whole(row) for row in shown], "next": shown[-1].public_id if len(rows) > len(shown) else None}


@blueprint.post("")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewTemplateVersionSchema)
@blueprint.response(201, TemplateVersionSchema)
@problems(404, 409, *BODY)
def template_version_enter(given: dict[str, Any]) -> dict[str, Any]:
    """Write the next version down. `item_dropped` and `barred_dropped` name what cannot be left out, `rubric_sum` what the
    points add up to; `template_waits` (409) while another one waits for its second person."""
    with transaction():
        area = office_reach().check(given["area_code"])
        new = NewVersion(
            base=given.get("base"),
            begins_on=given["begins_on"],
            source=given["source"],
            items=tuple(Item(**each) for each in given["items"]),
            categories=tuple(Category(**each) for each in given["categories"]),
            barred=tuple(Barred(each["key"], each["words"], tuple(each["terms"])) for each in given["barred"]),
            rubric=tuple(Criterion(**each) for each in given["rubric"]),
        )
        return _whole(enter_version(area, new, by=account(), now=clock.now()))


@blueprint.get("/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, TemplateVersionSchema)
@problems(404)
def template_version(public_id: str) -> dict[str, Any]:
    """One version."""
    return _whole(_found(public_id))


@blueprint.post("/<public_id:public_id>/confirm")
@only(RoleKind.OFFICER)
@blueprint.response(200, TemplateVersionSchema)
@problems(404, 409)
def template_version_confirm(public_id: str) -> dict[str, Any]:
    """Confirm it as the second person; `template_late` (409) once its first day has come."""
    return _decided(public_id, TemplateAction.CONFIRM)


@blueprint.post("/<public_id:public_id>/discard")
@only(RoleKind.OFFICER)
@blueprint.response(200, TemplateVersionSchema)
@problems(404, 409)
def template_version_discard(public_id: str) -> dict[str, Any]:
    """Drop it before it is confirmed."""
    return _decided(public_id, TemplateAction.DISCARD)


def _decided(public_id: str, action: TemplateAction) -> dict[str, Any]:
    with transaction():
        row = _found(public_id)
        decide_version(row, action, by=account(), now=clock.now())
        return _whole(row)
