"""What programs send and are given of projects."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.errors import N_
from marketplace.projects.declaring import LONGEST_ANSWER, MOST_BENEFICIARIES, MOST_MILESTONES, missing_items
from marketplace.projects.entering import KEY
from marketplace.projects.lists import LONGEST_WORDS
from marketplace.projects.models import NoticeKind, Outcome, Project, SourceKind
from marketplace.projects.noticing import current_notice
from marketplace.projects.progress import money_percent, work_percent
from marketplace.projects.queries import (
    beneficiary_count,
    checks_of,
    gap_since,
    notices_of,
    objections_to,
    photos_of,
    place_of,
    reviews_of,
    reviews_of_round,
    steps_of,
)
from marketplace.projects.standard import NATURES
from marketplace.projects.states import EDITABLE, LEVELS, PUBLIC, ObjectionAction, ObjectionState, ProjectState
from marketplace.projects.templates import template_of
from marketplace.regions.models import Level
from marketplace.registry import display_rules
from marketplace.registry.rules import rule
from marketplace.web.api.inputs import (
    AREA,
    FenField,
    InputSchema,
    Line,
    Prose,
    PublicIdField,
    QueryDay,
    QueryNumber,
    SearchText,
    Spelled,
    WholeField,
    YesNoField,
)
from marketplace.web.api.mandates import Base64
from marketplace.web.api.schemas import OutputSchema, fen

HOUSEHOLD = re.compile(r"[0-9]{16}")
_STATES = [state.value for state in ProjectState]
_WAITING = [state.value for state in LEVELS]
_LEVELS = {int(level): level.name.lower() for level in LEVELS.values()}
_SOURCES = [kind.value for kind in SourceKind]
_NATURES = sorted(NATURES)


class DegreeField(fields.Float):
    """A degree of latitude or longitude, as a JSON number."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        self.most = most
        super().__init__(metadata={"minimum": -most, "maximum": most}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if not isinstance(value, (int, Decimal)) or isinstance(value, bool) or not -self.most <= value <= self.most:
            raise ValidationError(N_("Please give degrees of the earth."))
        return float(value)


class OfficeProjectsQuerySchema(InputSchema):
    """What is looked for, and which page of it."""

    area = Spelled(AREA, most=12, load_default="", metadata={"description": "Digits of an area; all of them, when left out"})
    state = fields.String(validate=validate.OneOf(_STATES))
    year = QueryNumber(2000, 2100, metadata={"description": "In which it was begun to be declared"})
    words = SearchText(LONGEST_WORDS, load_default="", metadata={"description": "In name, thing, spot or project number"})
    after = PublicIdField(metadata={"description": "`next` of the page before"})
    limit = QueryNumber(1, 100, load_default=20)


class ProjectsQuerySchema(OfficeProjectsQuerySchema):
    """The same of what everybody may read."""

    state = fields.String(validate=validate.OneOf([state.value for state in PUBLIC]))


class TemplateQuerySchema(InputSchema):
    """Where a project is to be declared."""

    area = Spelled(AREA, most=12, required=True)


class ProjectCategorySchema(OutputSchema):
    """What a project can be for."""

    key = fields.String()
    words = fields.String()
    sector = fields.String(metadata={"description": "Of OC4IDS"})


class ProjectBarredSchema(OutputSchema):
    """A line of the negative list."""

    key = fields.String()
    words = fields.String()
    terms = fields.List(fields.String(), metadata={"description": "What a declaration is searched for"})


class ProjectItemSchema(OutputSchema):
    """Something that is asked; of the eleven items the words are empty."""

    key = fields.String()
    words = fields.String()


class CriterionSchema(OutputSchema):
    """A line of the rubric."""

    key = fields.String()
    words = fields.String()
    most = fields.Integer(metadata={"description": "How many points there are at most"})


class ProjectTemplateSchema(OutputSchema):
    """The template in force: what may be declared, what may not, and by which points it is judged."""

    version = fields.String(metadata={"description": "The names of all its versions, the province’s first"})
    begins_on = fields.Date(metadata={"description": "Since when it holds as it is"})
    categories = fields.List(fields.Nested(ProjectCategorySchema))
    natures = fields.List(fields.String())
    barred = fields.List(fields.Nested(ProjectBarredSchema))
    items = fields.List(fields.Nested(ProjectItemSchema), metadata={"description": "The eleven, then what offices have added"})
    rubric = fields.List(fields.Nested(CriterionSchema))
    sources = fields.List(fields.String(), metadata={"description": "The documents that say so, one for each version"})


class ProjectSchema(OutputSchema):
    """A project in a list."""

    public_id = fields.String()
    reference = fields.String()
    name = fields.String(allow_none=True)
    state = fields.String(validate=validate.OneOf(_STATES))
    category = fields.String(allow_none=True, metadata={"description": "A key of its template"})
    area_code = fields.String(attribute="place_code")
    budget_fen = fen()
    approved_fen = fen()
    paid_fen = fen()
    begins_on = fields.Date(allow_none=True)
    ends_on = fields.Date(allow_none=True)


class OfficeProjectRowSchema(ProjectSchema):
    """A project in an office's list, with by when the next step is due."""

    due_on = fields.Date(allow_none=True)
    due_provisional = fields.Boolean(metadata={"description": "The holidays on the way are not announced yet"})


class ProjectPageSchema(OutputSchema):
    """A page of projects."""

    items = fields.List(fields.Nested(ProjectSchema))
    next = fields.String(allow_none=True, metadata={"description": "`after` of the next page; null behind the last"})


class OfficeProjectPageSchema(ProjectPageSchema):
    """A page of projects for an office."""

    items = fields.List(fields.Nested(OfficeProjectRowSchema))


class ProjectSourceSchema(OutputSchema):
    """Money of one kind."""

    kind = fields.String(validate=validate.OneOf(_SOURCES))
    document = fields.String()
    amount_fen = fen()


class ProjectMilestoneSchema(OutputSchema):
    """A part of the work; weights are per cent of it."""

    public_id = fields.String()
    name = fields.String()
    weight = fields.Integer()
    due_on = fields.Date()
    reached_on = fields.Date(allow_none=True)


class ProjectReviewSchema(OutputSchema):
    """What a level has made of it; the level speaks, not the person."""

    level = fields.String(validate=validate.OneOf(list(_LEVELS.values())))
    outcome = fields.String(validate=validate.OneOf([outcome.value for outcome in Outcome]))
    round = fields.Integer()
    scores = fields.Dict(keys=fields.String(), values=fields.Integer(), allow_none=True)
    total = fields.Integer(allow_none=True)
    reason = fields.String()
    at = fields.AwareDateTime()


class ProjectNoticeSchema(OutputSchema):
    """A public notice; a project can be approved the day after it closes."""

    kind = fields.String(validate=validate.OneOf([kind.value for kind in NoticeKind]))
    round = fields.Integer()
    published_on = fields.Date()
    closes_on = fields.Date()
    closed_on = fields.Date(allow_none=True)


class ProjectCheckSchema(OutputSchema):
    """Whether what was built still works some years later."""

    years = fields.Integer()
    due_on = fields.Date()
    works = fields.Boolean(allow_none=True)


class WholeProjectSchema(ProjectSchema):
    """All that everybody may know of a project."""

    nature = fields.String(allow_none=True, validate=validate.OneOf(_NATURES))
    place_words = fields.String(allow_none=True)
    asset = fields.String(allow_none=True)
    responsible = fields.String(allow_none=True)
    task = fields.String(allow_none=True)
    target = fields.String(allow_none=True)
    mechanism = fields.String(allow_none=True)
    households = fields.Integer(
        allow_none=True, metadata={"description": "How many registered households it is for; null where they are few"}
    )
    sources = fields.List(fields.Nested(ProjectSourceSchema))
    milestones = fields.List(fields.Nested(ProjectMilestoneSchema))
    decides = fields.String(allow_none=True, validate=validate.OneOf(list(_LEVELS.values())))
    reviews = fields.List(fields.Nested(ProjectReviewSchema))
    notices = fields.List(fields.Nested(ProjectNoticeSchema))
    work_percent = fields.Integer()
    money_percent = fields.Float()
    completed_on = fields.Date(allow_none=True)
    stopped_why = fields.String(allow_none=True)
    checks = fields.List(fields.Nested(ProjectCheckSchema))


class ProjectObjectionSchema(OutputSchema):
    """What somebody says against a project, for the level that decides."""

    public_id = fields.String()
    words = fields.String()
    contact = fields.String(allow_none=True)
    made_at = fields.AwareDateTime()
    due_on = fields.Date(allow_none=True)
    state = fields.String(validate=validate.OneOf([state.value for state in ObjectionState]))
    answer = fields.String(allow_none=True)


class ProjectPhotoSchema(OutputSchema):
    """A picture of the work, with where and when it was taken."""

    public_id = fields.String()
    taken_on = fields.Date()
    place_words = fields.String()
    latitude = fields.Float(allow_none=True)
    longitude = fields.Float(allow_none=True)


class OfficeProjectSchema(WholeProjectSchema):
    """A project for officers of its area; its ETag goes into `If-Match` of a change."""

    unit_code = fields.String()
    cross_code = fields.String(allow_none=True)
    due_on = fields.Date(allow_none=True)
    due_provisional = fields.Boolean()
    template_version = fields.String(
        metadata={
            "description": "What it follows: what was asked on the day on which it was first handed in, until then today’s"
        }
    )
    answers = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "To what offices ask besides the eleven items, by key"},
    )
    place = fields.String(metadata={"description": "Where its public money stands"})
    missing = fields.List(
        fields.String(), metadata={"description": "In a draft, of the eleven items and of what offices have added"}
    )
    approvable_from = fields.Date(allow_none=True)
    objections = fields.List(fields.Nested(ProjectObjectionSchema))
    gap_since = fields.Date(allow_none=True, metadata={"description": "Since when work and money have been far apart"})
    photos = fields.List(fields.Nested(ProjectPhotoSchema))


class NewProjectSchema(InputSchema):
    """A declaration to begin."""

    area_code = Spelled(AREA, most=12, required=True)
    name = Line(80, required=True)


class NewProjectSourceSchema(InputSchema):
    """Money of one kind, and the document that promises it."""

    kind = fields.String(required=True, validate=validate.OneOf(_SOURCES))
    document = Line(80, required=True)
    amount_fen = FenField(least=1, required=True)


class NewProjectMilestoneSchema(InputSchema):
    """A part of the work."""

    name = Line(80, required=True)
    weight = WholeField(1, 100, required=True)
    due_on = QueryDay(required=True)


class ProjectChangeSchema(InputSchema):
    """What is to be kept of a draft; what is not named stays, null empties, a list takes the place of the one before."""

    name = Line(80, allow_none=True)
    category = Spelled(KEY, most=16, allow_none=True, metadata={"description": "A key of its template"})
    nature = fields.String(allow_none=True, validate=validate.OneOf(_NATURES))
    place_code = Spelled(AREA, most=12)
    place_words = Line(120, allow_none=True)
    asset = Line(80, allow_none=True)
    begins_on = QueryDay(allow_none=True)
    ends_on = QueryDay(allow_none=True)
    responsible = Line(80, allow_none=True)
    task = Prose(4000, allow_none=True)
    target = Prose(1000, allow_none=True)
    mechanism = Prose(2000, allow_none=True)
    sources = fields.List(fields.Nested(NewProjectSourceSchema), validate=validate.Length(max=len(_SOURCES)))
    milestones = fields.List(fields.Nested(NewProjectMilestoneSchema), validate=validate.Length(max=MOST_MILESTONES))
    answers = fields.Dict(keys=fields.String(), values=Prose(LONGEST_ANSWER, may_be_empty=True, allow_none=True))
    households = fields.List(Spelled(HOUSEHOLD, most=16), validate=validate.Length(max=MOST_BENEFICIARIES))


class ProjectObjectionInSchema(InputSchema):
    """What is wrong, and where an answer may go."""

    words = Prose(1000, required=True)
    contact = SearchText(120, load_default="")


class CrossTownshipSchema(InputSchema):
    """The township that judges."""

    area_code = Spelled(AREA, most=12, required=True)


class _LevelSchema(InputSchema):
    """The level at which the project was seen to wait, so that who comes second is told."""

    state = fields.String(required=True, validate=validate.OneOf(_WAITING))


class ProjectPassSchema(_LevelSchema):
    """Points by line of the rubric, up to the level that decides; null above it."""

    scores = fields.Dict(keys=fields.String(), values=WholeField(0, 1000), allow_none=True, load_default=None)


class ProjectTurnDownSchema(_LevelSchema):
    """Why it is sent back or refused."""

    reason = Prose(400, required=True)


class ProjectReasonSchema(InputSchema):
    """Why."""

    reason = Prose(400, required=True)


class ProjectObjectionDecisionSchema(InputSchema):
    """What is answered; upheld, the project goes back."""

    action = fields.String(required=True, validate=validate.OneOf([action.value for action in ObjectionAction]))
    answer = Prose(1000, required=True)


class NewProjectPhotoSchema(InputSchema):
    """A picture: JPEG, PNG or WebP up to 12 MB; with a milestone it says that this part is done."""

    picture = Base64(required=True, metadata={"description": "The file in Base64"})
    milestone = Spelled(re.compile(r"[a-z0-9]{14}"), most=14, load_default=None, allow_none=True)
    taken_on = QueryDay(required=True)
    place_words = Line(120, required=True)
    latitude = DegreeField(90, load_default=None, allow_none=True)
    longitude = DegreeField(180, load_default=None, allow_none=True)


class AssetCheckInSchema(InputSchema):
    """Whether it works, and if not what is broken."""

    years = WholeField(1, 3, required=True)
    works = YesNoField(required=True)
    note = Prose(400, may_be_empty=True, load_default="")


def public_whole(project: Project) -> dict[str, Any]:
    """A project as everybody may read it."""
    today, count = local_day(clock.now()), beneficiary_count(project)
    least = int(rule(display_rules.SMALLEST_CELL, project.place_code, today).value)
    # Of few households one could guess which they are.
    return {**_shared(project), "households": count if count >= least else None, "reviews": _reviews(reviews_of_round(project))}


def office_whole(project: Project, *, decides: bool) -> dict[str, Any]:
    """A project for an officer of its area; objections are for the level that decides alone."""
    today = local_day(clock.now())
    notice = current_notice(project) if project.state == ProjectState.NOTICE else None
    own = ("unit_code", "cross_code", "due_on", "due_provisional", "answers")
    return {
        **_shared(project),
        **{name: getattr(project, name) for name in own},
        "households": beneficiary_count(project),
        "template_version": template_of(project, today).version,
        "reviews": _reviews(reviews_of(project)),
        "place": place_of(project),
        "missing": missing_items(project, today) if project.state in EDITABLE else [],
        "approvable_from": None if notice is None else notice.closes_on + timedelta(days=1),
        "objections": objections_to(project) if decides else [],
        "gap_since": gap_since(project, today) if project.state == ProjectState.UNDER_WAY else None,
        "photos": photos_of(project),
    }


def _shared(project: Project) -> dict[str, Any]:
    plain = [name for name, field in WholeProjectSchema().fields.items() if hasattr(project, field.attribute or name)]
    steps, today = steps_of(project), local_day(clock.now())
    return {
        **{name: getattr(project, name) for name in plain if name != "area_code"},
        "place_code": project.place_code,
        "decides": _LEVELS.get(project.decides or 0),
        "notices": notices_of(project),
        "work_percent": work_percent(steps, today),
        "money_percent": round(money_percent(steps, project.approved_fen, today), 2),
        "checks": checks_of(project),
    }


def _reviews(rows: Any) -> list[dict[str, Any]]:
    names = ("outcome", "round", "scores", "total", "reason", "at")
    return [{**{name: getattr(row, name) for name in names}, "level": Level(row.level).name.lower()} for row in rows]
