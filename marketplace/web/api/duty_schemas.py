"""What programs are given and give about duties."""

from marshmallow import fields, validate

from marketplace.assistance.duty.models import (
    MeritKind,
    Place,
    Rank,
)
from marketplace.assistance.duty.scoring import ITEMS
from marketplace.assistance.papers import PaperState
from marketplace.web.api.inputs import (
    AREA,
    FenField,
    InputSchema,
    Line,
    PublicIdField,
    QueryNumber,
    Spelled,
    WholeField,
    YesNoField,
)
from marketplace.web.api.schemas import OutputSchema

_RANKS = validate.OneOf([rank.value for rank in Rank])
_PLACES = validate.OneOf([place.value for place in Place])
_PAPERS = validate.OneOf([state.value for state in PaperState])
_MERITS = validate.OneOf([kind.value for kind in MeritKind])


class DutyAreaSchema(InputSchema):
    """Which of one's areas."""

    area_code = Spelled(AREA, most=12, required=True)


class DutyPageSchema(InputSchema):
    """Which page of a list of officers."""

    after = PublicIdField(metadata={"description": "`next` of the page before"})
    limit = QueryNumber(1, 100, load_default=100)


class DutyOfficerSchema(OutputSchema):
    """Who answers for households, how many by rank and how many now."""

    public_id = fields.String()
    name = fields.String()
    rank = fields.String(validate=_RANKS)
    area_code = fields.String()
    quota = fields.Integer()
    held = fields.Integer()
    left_at = fields.AwareDateTime(allow_none=True)


class DutyOfficerPageSchema(OutputSchema):
    """A page of the officers in duty."""

    items = fields.List(fields.Nested(DutyOfficerSchema))
    next = fields.String(allow_none=True, metadata={"description": "`after` of the next page; null behind the last"})


class NewDutyOfficerSchema(DutyAreaSchema):
    """Somebody who is to answer for households; `area_code` is where the office is."""

    login = Line(120, required=True)
    rank = fields.String(required=True, validate=_RANKS)


class DutyRankSchema(InputSchema):
    """The rank somebody has now."""

    rank = fields.String(required=True, validate=_RANKS)


class DutySchema(OutputSchema):
    """A household of one's own, by its file, and the day of the next visit that somebody wants."""

    file = fields.String(metadata={"description": "Public id of the household's file"})
    code = fields.String()
    place = fields.String(validate=_PLACES)
    begins_at = fields.AwareDateTime()
    visit_due_on = fields.Date(allow_none=True)


class DutyMeritSchema(OutputSchema):
    """A reward, a penalty or a promotion; a penalty waits until the officer was heard."""

    public_id = fields.String()
    kind = fields.String(validate=_MERITS)
    reason = fields.String()
    answer = fields.String()
    state = fields.String(validate=_PAPERS)


class DutyScoreSchema(OutputSchema):
    """A year's points and items (0 to 1), and how many points over what as hard households bring others, with 95 %."""

    households = fields.Integer()
    points = fields.Float()
    items = fields.Dict(keys=fields.String(validate=validate.OneOf(ITEMS)), values=fields.Float())
    value = fields.Float()
    low = fields.Float()
    high = fields.Float()
    merits = fields.List(fields.Nested(DutyMeritSchema))


class OwnDutyYearSchema(DutyScoreSchema):
    """One's own year."""

    year = fields.Integer()
    state = fields.String(validate=_PAPERS)


class OwnDutiesSchema(OutputSchema):
    """The caller as an officer in duty."""

    quota = fields.Integer()
    left_at = fields.AwareDateTime(allow_none=True)
    duties = fields.List(fields.Nested(DutySchema))
    years = fields.List(fields.Nested(OwnDutyYearSchema))


class HelperOfSchema(OutputSchema):
    """Who stands with one's household."""

    name = fields.String()
    place = fields.String(validate=_PLACES)
    begins_at = fields.AwareDateTime()
    left_at = fields.AwareDateTime(allow_none=True, metadata={"description": "Has left office and hands over"})


class HouseholdVisitSchema(OutputSchema):
    """A visit as its officer wrote it down, and the household's own word."""

    public_id = fields.String()
    at = fields.AwareDateTime()
    by = fields.String()
    took_place = fields.Boolean(allow_none=True)
    satisfaction = fields.Integer(allow_none=True, metadata={"minimum": 1, "maximum": 5})


class OwnHelpSchema(OutputSchema):
    """Who answers for the caller's household, and the newest visits."""

    helpers = fields.List(fields.Nested(HelperOfSchema))
    visits = fields.List(fields.Nested(HouseholdVisitSchema))


class VisitWordSchema(InputSchema):
    """Whether it took place; how content from 1 to 5, or null."""

    took_place = YesNoField(required=True)
    satisfaction = WholeField(1, 5, load_default=None, allow_none=True)


class UnaskedVisitSchema(OutputSchema):
    """A visit that its household has not been asked about."""

    public_id = fields.String()
    file = fields.String()
    by = fields.String()
    at = fields.AwareDateTime()


class DutyVisitSchema(InputSchema):
    """What the officer found."""

    note = Line(400, required=True)


class MadeVisitSchema(OutputSchema):
    """A visit that was written down."""

    public_id = fields.String()
    at = fields.AwareDateTime()


class NewHelperSchema(InputSchema):
    """Which officer, as what."""

    officer = PublicIdField(required=True)
    place = fields.String(required=True, validate=_PLACES)


class HandoverSchema(OutputSchema):
    """A household to be handed over, until when, and the nearest officer with a free place; a person decides."""

    public_id = fields.String()
    file = fields.String()
    officer = fields.String(metadata={"description": "Who has left office and answers until then"})
    due_on = fields.Date()
    suggested = fields.String(allow_none=True)


class HeirSchema(InputSchema):
    """Who takes it over."""

    heir = PublicIdField(required=True)


class DutyPlanSchema(OutputSchema):
    """A proposal, with households by how near their helper is."""

    public_id = fields.String()
    area_code = fields.String()
    state = fields.String(validate=_PAPERS)
    households = fields.Integer()
    officers = fields.Integer()
    near = fields.Dict(keys=fields.String(), values=fields.Integer())
    drafted_at = fields.AwareDateTime()
    decided_at = fields.AwareDateTime(allow_none=True)


class DutyPlanLineSchema(OutputSchema):
    """How many households a plan gives an officer, and how many of them are in the officer's township."""

    officer = fields.String()
    name = fields.String()
    households = fields.Integer()
    near = fields.Integer()


class DutyPlanLinePageSchema(OutputSchema):
    """A page of a plan, officer by officer."""

    items = fields.List(fields.Nested(DutyPlanLineSchema))
    next = fields.String(allow_none=True, metadata={"description": "`after` of the next page; null behind the last"})


class DutiesOverviewSchema(OutputSchema):
    """Plans of one's areas, the newest first, and how many registered households have no first helper."""

    waiting = fields.Integer()
    plans = fields.List(fields.Nested(DutyPlanSchema))


class NewFundsSchema(InputSchema):
    """Money brought, and the paper that shows it."""

    amount_fen = FenField(least=1, required=True)
    source = Line(120, required=True)
    document_number = Line(60, required=True)


class FundsBroughtSchema(OutputSchema):
    """Money brought; booked once a second person has seen the paper."""

    public_id = fields.String()
    file = fields.String()
    amount_fen = fields.Integer()
    source = fields.String()
    document_number = fields.String()
    state = fields.String(validate=_PAPERS)


class NewDutyYearSchema(DutyAreaSchema):
    """Which area and year to score."""

    year = WholeField(2014, 2100, required=True)


class DutyYearSchema(OutputSchema):
    """A scored year, with the weights of its sheet and where they come from."""

    public_id = fields.String()
    area_code = fields.String()
    year = fields.Integer()
    state = fields.String(validate=_PAPERS)
    sheet = fields.Dict(keys=fields.String(), values=fields.Float())
    sheet_source = fields.String()


class DutyYearRowSchema(DutyScoreSchema):
    """An officer's part of it."""

    officer = fields.String()
    name = fields.String()


class WholeDutyYearSchema(DutyYearSchema):
    """A year, officer by officer, by points."""

    scores = fields.List(fields.Nested(DutyYearRowSchema))


class NewMeritSchema(InputSchema):
    """What a year is to lead to, and why."""

    kind = fields.String(required=True, validate=_MERITS)
    reason = Line(400, required=True)


class MeritAnswerSchema(InputSchema):
    """What the officer says to it."""

    answer = Line(400, required=True)
