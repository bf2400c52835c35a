"""How cases, their rounds and alerts look to programs."""

from marshmallow import fields, validate

from marketplace.registry.models import (
    AlertState,
    CaseAction,
    CaseKind,
    CaseSource,
    CaseState,
    Department,
    Risk,
)
from marketplace.web.api.inputs import AREA, InputSchema, Line, PublicIdField, QueryDay, SearchText, Spelled, WholeField
from marketplace.web.api.schemas import OutputSchema

_KINDS, _STATES = [kind.value for kind in CaseKind], [state.value for state in CaseState]
_ACTIONS = [action.value for action in CaseAction]
_ANSWERS = [state.value for state in AlertState if state is not AlertState.OPEN]
_MOST_VOTES = 100_000


class CaseSchema(OutputSchema):
    """A case as lists show it; who the household is stands in its file."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf(_KINDS))
    state = fields.String(validate=validate.OneOf(_STATES))
    source = fields.String(validate=validate.OneOf([source.value for source in CaseSource]))
    risk = fields.String(allow_none=True, validate=validate.OneOf([risk.value for risk in Risk]))
    file = fields.String(metadata={"description": "The public id of the household's file"})
    village_code = fields.String()
    round = fields.String(allow_none=True, metadata={"description": "The round it goes with"})
    opened_on = fields.Date()
    not_before_on = fields.Date(allow_none=True, metadata={"description": "The first day of the next step"})
    due_on = fields.Date(allow_none=True, metadata={"description": "None where nothing is due"})
    due_provisional = fields.Boolean(metadata={"description": "Counted by weekends alone, until holidays are announced"})
    ended_on = fields.Date(allow_none=True)


class DueSchema(OutputSchema):
    """What waits for your level; a round is one entry, shown by its first case."""

    number = fields.Integer()
    items = fields.List(fields.Nested(CaseSchema))


class CaseStepTakenSchema(OutputSchema):
    """A step that was taken."""

    action = fields.String(allow_none=True, validate=validate.OneOf(_ACTIONS), metadata={"description": "None: it was opened"})
    state = fields.String(validate=validate.OneOf(_STATES))
    by = fields.String()
    by_household = fields.Boolean()
    at = fields.AwareDateTime()
    reason = fields.String()


class CaseWithStepsSchema(CaseSchema):
    """A case with what was done, and what you may do next."""

    taken = fields.List(fields.Nested(CaseStepTakenSchema))
    possible = fields.List(fields.String(validate=validate.OneOf(_ACTIONS)))


class RoundSchema(OutputSchema):
    """A village's round with the cases that are not over, and the households of the sample it waits for."""

    public_id = fields.String()
    village_code = fields.String()
    state = fields.String(allow_none=True, validate=validate.OneOf(_STATES), metadata={"description": "None: it is over"})
    opened_on = fields.Date()
    cases = fields.List(fields.Nested(CaseSchema))
    sample_seed = fields.String(allow_none=True)
    sample = fields.List(fields.String(), metadata={"description": "Public ids of the cases drawn"})


class NewCaseSchema(InputSchema):
    """An application, a proposal or a clue."""

    file = PublicIdField(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(_KINDS))
    source = fields.String(required=True, validate=validate.OneOf([CaseSource.HOUSEHOLD.value, CaseSource.OFFICER.value]))
    risk = fields.String(load_default=None, validate=validate.OneOf([risk.value for risk in Risk]))
    reason = SearchText(400, load_default="")


class StepSchema(InputSchema):
    """The next step."""

    action = fields.String(required=True, validate=validate.OneOf(_ACTIONS))
    reason = SearchText(400, load_default="")


class RoundStepSchema(InputSchema):
    """The next step of all applications of a round."""

    action = fields.String(required=True, validate=validate.OneOf(_ACTIONS))


class VoteSchema(InputSchema):
    """The votes on one application."""

    case = PublicIdField(required=True)
    in_favour = WholeField(0, _MOST_VOTES, required=True)
    against = WholeField(0, _MOST_VOTES, required=True)


class AssemblySchema(InputSchema):
    """Who came, and how they voted."""

    held_on = QueryDay(required=True)
    entitled = WholeField(1, _MOST_VOTES, required=True)
    present = WholeField(0, _MOST_VOTES, required=True)
    votes = fields.List(fields.Nested(VoteSchema), required=True, validate=validate.Length(max=500))


class FindingSchema(InputSchema):
    """What was found where a household of the sample was visited."""

    fit = fields.Boolean(required=True, truthy={True}, falsy={False})
    finding = Line(400, required=True)


class DecisionSchema(InputSchema):
    """A decision on an objection."""

    uphold = fields.Boolean(required=True, truthy={True}, falsy={False})
    answer = Line(1000, required=True)


class ObjectionSchema(OutputSchema):
    """An objection as it was decided."""

    public_id = fields.String()
    state = fields.String(validate=validate.OneOf(["open", "upheld", "rejected"]))
    decided_at = fields.AwareDateTime(allow_none=True)


class AlertSchema(OutputSchema):
    """A member of a registered household stands on a department's list."""

    public_id = fields.String()
    file = fields.String()
    village_code = fields.String()
    department = fields.String(validate=validate.OneOf([each.value for each in Department]))
    state = fields.String(validate=validate.OneOf([state.value for state in AlertState]))
    raised_on = fields.Date()
    due_on = fields.Date(allow_none=True)
    due_provisional = fields.Boolean()


class AlertWithEvidenceSchema(AlertSchema):
    """An alert with what the department has."""

    what = fields.String()
    since = fields.String()


class AlertsSchema(OutputSchema):
    """The alerts that nobody has looked at."""

    items = fields.List(fields.Nested(AlertSchema))


class AlertAnswerSchema(InputSchema):
    """What is behind an alert."""

    answer = fields.String(required=True, validate=validate.OneOf(_ANSWERS))
    explanation = Line(400, required=True)


class AreaQuerySchema(InputSchema):
    """Within which area."""

    area = Spelled(AREA, most=12, metadata={"description": "Digits of an area within your own; your own, when left out"})


class RegisteredQuerySchema(AreaQuerySchema):
    """Of which area, on which day."""

    day = QueryDay(load_default=None, metadata={"description": "Today, when left out"})


class RegisteredPartSchema(OutputSchema):
    """Registered households of an area one level below."""

    area_code = fields.String()
    poor = fields.Integer()
    monitored = fields.Integer()
    lifted_tracked = fields.Integer()


class RegisteredSchema(OutputSchema):
    """Who was registered on a day, by area."""

    area_code = fields.String()
    day = fields.Date()
    items = fields.List(fields.Nested(RegisteredPartSchema))
