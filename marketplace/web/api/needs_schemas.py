"""What programs are given and give about needs and helper units."""

from marshmallow import fields, validate

from marketplace.assistance.needs.models import HelperKind, Method, NeedKind
from marketplace.assistance.needs.ranking import REASONS
from marketplace.assistance.needs.states import NeedState, PledgeState
from marketplace.assistance.papers import PaperState
from marketplace.web.api.inputs import AREA, FenField, InputSchema, Line, PublicIdField, Spelled, WholeField, YesNoField
from marketplace.web.api.schemas import OutputSchema

_KINDS = validate.OneOf([kind.value for kind in NeedKind])
_STATES = validate.OneOf([state.value for state in NeedState])
_PLEDGES = validate.OneOf([state.value for state in PledgeState])
_PAPERS = validate.OneOf([state.value for state in PaperState])
_METHODS = validate.OneOf([method.value for method in Method])


class CardSchema(OutputSchema):
    """A need as everybody may read it: nobody is named, and no place so small that somebody could be known."""

    public_id = fields.String()
    kind = fields.String(validate=_KINDS)
    card = fields.String()
    shown_code = fields.String(allow_none=True)
    worth_fen = fields.Integer(allow_none=True)
    state = fields.String(validate=_STATES)
    due_on = fields.Date(allow_none=True)


class CardsQuerySchema(InputSchema):
    """Of which kind."""

    kind = fields.String(load_default=None, validate=_KINDS)


class OwnNeedSchema(CardSchema):
    """A need of the caller's household, and what its helper says was delivered."""

    words = fields.String()
    ended_why = fields.String()
    proof = fields.String()


class NewNeedSchema(InputSchema):
    """What is lacking."""

    kind = fields.String(required=True, validate=_KINDS)
    words = Line(400, required=True)
    worth_fen = FenField(least=1, load_default=None, allow_none=True)


class NewOfficeNeedSchema(NewNeedSchema):
    """The same of a household, by its file, or else of a whole village."""

    file = PublicIdField(load_default=None, allow_none=True)
    area_code = Spelled(AREA, most=12, load_default=None, allow_none=True)


class OfficeNeedSchema(OwnNeedSchema):
    """A need as an office over it reads it."""

    reference = fields.String()
    area_code = fields.String()
    raised_at = fields.AwareDateTime()


class SuitedSchema(OutputSchema):
    """A helper unit that suits a need: how near, what it kept and let lapse of that kind, and the places it has left."""

    helper = fields.String()
    name = fields.String()
    score = fields.Float()
    near = fields.String(validate=validate.OneOf(list(REASONS)))
    kept = fields.Integer()
    lapsed = fields.Integer()
    free = fields.Integer()


class WholeNeedSchema(OfficeNeedSchema):
    """The same with whose it is, and the units that suit it, the best first."""

    file = fields.String(allow_none=True, metadata={"description": "Public id of the household's file; null for a village"})
    suited = fields.List(fields.Nested(SuitedSchema))


class NeedCardSchema(InputSchema):
    """What everybody reads; `card_tells` (422) when it holds a name or a number by which somebody could be found."""

    card = Line(200, required=True)


class NeedWhySchema(InputSchema):
    """Why not."""

    why = Line(200, required=True)


class ArrivalSchema(InputSchema):
    """Whether it arrived; if not, the helper has to deliver again."""

    arrived = YesNoField(required=True)


class HelperUnitSchema(OutputSchema):
    """A unit that helps; it can once an officer has looked at it."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf([kind.value for kind in HelperKind]))
    name = fields.String()
    area_code = fields.String()
    can = fields.List(fields.String(validate=_KINDS))
    quota = fields.Integer()
    approved_at = fields.AwareDateTime(allow_none=True)


class NewHelperUnitSchema(InputSchema):
    """Whom you act for, and what with."""

    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in HelperKind]))
    name = Line(80, required=True)
    area_code = Spelled(AREA, most=12, required=True)
    can = fields.List(fields.String(validate=_KINDS), required=True, validate=validate.Length(1, len(NeedKind)))
    quota = WholeField(1, 1000, required=True)


class PledgeSchema(OutputSchema):
    """A need that a unit has taken on."""

    public_id = fields.String()
    need = fields.Nested(CardSchema)
    state = fields.String(validate=_PLEDGES)
    deliver_by = fields.Date()
    proof = fields.String()
    delivered_at = fields.AwareDateTime(allow_none=True)


class HelperDeskSchema(OutputSchema):
    """One's unit, how many needs it carries, what it is asked for and what it took on."""

    unit = fields.Nested(HelperUnitSchema)
    busy = fields.Integer()
    asked = fields.List(fields.Nested(CardSchema))
    pledges = fields.List(fields.Nested(PledgeSchema))


class ProofSchema(InputSchema):
    """What was handed over, and which paper shows it."""

    proof = Line(200, required=True)


class NewNeedRoundSchema(InputSchema):
    """Where, and how to match."""

    area_code = Spelled(AREA, most=12, required=True)
    method = fields.String(required=True, validate=_METHODS)


class NeedRoundSchema(OutputSchema):
    """Open needs of an area matched with helper units."""

    public_id = fields.String()
    area_code = fields.String()
    method = fields.String(validate=_METHODS)
    needs = fields.Integer()
    matched = fields.Integer()
    state = fields.String(validate=_PAPERS)
    drafted_at = fields.AwareDateTime()


class NeedRoundLineSchema(OutputSchema):
    """The unit that is proposed for a need, and how well it fits (0 to 1)."""

    need = fields.Nested(CardSchema)
    helper = fields.Nested(HelperUnitSchema)
    fit = fields.Float()


class WholeNeedRoundSchema(NeedRoundSchema):
    """The same, need by need."""

    lines = fields.List(fields.Nested(NeedRoundLineSchema))
