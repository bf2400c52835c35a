"""What programs send and are given of household files: schemas made from the standard, so that the two cannot differ."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_dump, validate

from marketplace.kernel.errors import N_
from marketplace.registry.models import ConflictState, How, Origin, RequestState
from marketplace.registry.standard import FIELDS, About, Field, Kind
from marketplace.web.api.inputs import (
    InputSchema,
    Line,
    Prose,
    QueryDay,
    QueryNumber,
    SearchText,
    Spelled,
    WholeField,
    YesNoField,
)
from marketplace.web.api.schemas import OutputSchema

HOWS = [how.value for how in How]
FIRST_YEAR, LAST_YEAR = 2013, 2100
_LARGEST_ID = 10**15
# As text, with at most three figures behind the point.
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,3})?")


class Choices(fields.List):
    """Some of the choices, each once."""

    def __init__(self, field: Field) -> None:
        one = fields.String(validate=validate.OneOf([value for value, _ in field.choices]))
        documented = {"maxItems": field.most, "uniqueItems": True}
        super().__init__(one, allow_none=True, metadata=documented)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = super()._deserialize(value, attr, data, **kwargs)
        if len(found) > self.metadata["maxItems"] or len(set(found)) != len(found):
            raise ValidationError(N_("This does not fit here."))
        return found


def _input(field: Field) -> fields.Field[Any]:
    """How a value is sent; null says that nobody knows. A number of a card or a phone is checked by the registry itself."""
    if field.kind is Kind.CHOICE:
        return fields.String(validate=validate.OneOf([value for value, _ in field.choices]), allow_none=True)
    if field.kind is Kind.CHOICES:
        return Choices(field)
    if field.kind in (Kind.WHOLE, Kind.FEN):
        return WholeField(field.lowest, field.highest, allow_none=True)
    if field.kind is Kind.DECIMAL:
        return Spelled(_DECIMAL, most=10, allow_none=True)
    if field.kind is Kind.YES_NO:
        return YesNoField(allow_none=True)
    if field.kind is Kind.DAY:
        return QueryDay(allow_none=True)
    return Line(field.most, allow_none=True)


def _output(field: Field) -> fields.Field[Any]:
    if field.kind is Kind.CHOICES:
        return fields.List(fields.String(), allow_none=True)
    if field.kind in (Kind.WHOLE, Kind.FEN):
        return fields.Integer(allow_none=True)
    if field.kind is Kind.YES_NO:
        return fields.Boolean(allow_none=True)
    return fields.String(allow_none=True)


class ValuesOut(OutputSchema):
    """Values, all of them: null for what nobody knows."""

    @pre_dump
    def fill(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Name what is not known too."""
        return {name: data.get(name) for name in self.fields}


def _of(about: About, make: Any, base: type[Schema], name: str) -> type[Schema]:
    made: type[Schema] = base.from_dict({field.name: make(field) for field in FIELDS if field.about == about}, name=name)
    return made


HouseholdValuesIn = _of(About.HOUSEHOLD, _input, InputSchema, "HouseholdValuesIn")
MemberValuesIn = _of(About.MEMBER, _input, InputSchema, "MemberValuesIn")
IdentityIn = _of(About.PERSON, _input, InputSchema, "IdentityIn")
HouseholdValues = _of(About.HOUSEHOLD, _output, ValuesOut, "HouseholdValues")
MemberValues = _of(About.MEMBER, _output, ValuesOut, "MemberValues")
Identity = _of(About.PERSON, _output, ValuesOut, "Identity")


class NotingIn(InputSchema):
    """How something is known, and what of the file was seen before."""

    how = fields.String(required=True, validate=validate.OneOf(HOWS))
    seen = WholeField(
        0, _LARGEST_ID, load_default=None, allow_none=True, metadata={"description": "`seen` of the file as you read it"}
    )
    reason = SearchText(400, load_default="", metadata={"description": "For what a second person must agree to"})


class HouseholdNotingIn(NotingIn):
    """Values of a household for a year."""

    year = WholeField(FIRST_YEAR, LAST_YEAR, required=True)
    values = fields.Nested(HouseholdValuesIn, required=True)


class MemberNotingIn(NotingIn):
    """Values of a member for a year."""

    year = WholeField(FIRST_YEAR, LAST_YEAR, required=True)
    values = fields.Nested(MemberValuesIn, required=True)


class NewMemberIn(NotingIn):
    """A person who becomes a member. Birthday and sex are taken from the card's number where they are left out."""

    joined_on = QueryDay(required=True)
    identity = fields.Nested(IdentityIn, required=True)


class IdentityNotingIn(NotingIn):
    """Who a member shall be on file."""

    identity = fields.Nested(IdentityIn, required=True)


class LeavingIn(InputSchema):
    """A member who leaves."""

    how = fields.String(required=True, validate=validate.OneOf(HOWS))
    left_on = QueryDay(required=True)
    why = fields.String(required=True, validate=validate.OneOf(["died", "married_away", "moved", "other"]))


class YearQuery(InputSchema):
    """Which year of a file; this year, when left out."""

    year = QueryNumber(FIRST_YEAR, LAST_YEAR)


class DecisionIn(InputSchema):
    """What is said of a request."""

    note = SearchText(400, load_default="")


class RefusalIn(InputSchema):
    """Why a request is refused or taken back."""

    note = Prose(400, required=True)


class ConflictDecisionIn(InputSchema):
    """Which of two values stands: the later one where ``replace`` is true."""

    replace = YesNoField(required=True)


class SourceSchema(OutputSchema):
    """Where a value comes from."""

    how = fields.String(validate=validate.OneOf(HOWS))
    at = fields.AwareDateTime()
    origin = fields.String(validate=validate.OneOf([origin.value for origin in Origin]))


class MemberSchema(OutputSchema):
    """A member: who they are, what is known of them in the year, and where each value comes from."""

    public_id = fields.String(attribute="person.public_id")
    joined_on = fields.Date(attribute="person.joined_on")
    identity = fields.Nested(Identity)
    values = fields.Nested(MemberValues)
    sources = fields.Dict(keys=fields.String(), values=fields.Nested(SourceSchema))


class ConflictSchema(OutputSchema):
    """Two values of one field of which one stands until somebody decides."""

    public_id = fields.String()
    field = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in ConflictState]))
    found_at = fields.AwareDateTime()


class FileSchema(OutputSchema):
    """A household's file for a year. ``seen`` names its newest change; send it with what you note."""

    public_id = fields.String(attribute="household.public_id")
    code = fields.String(attribute="household.code")
    village_code = fields.String(attribute="household.village_code")
    year = fields.Integer()
    years = fields.List(fields.Integer())
    seen = fields.Integer()
    values = fields.Nested(HouseholdValues)
    sources = fields.Dict(keys=fields.String(), values=fields.Nested(SourceSchema))
    members = fields.List(fields.Nested(MemberSchema))
    conflicts = fields.List(fields.Nested(ConflictSchema))


class RequestSchema(OutputSchema):
    """Values that wait for a second person, or did."""

    public_id = fields.String()
    year = fields.Integer(allow_none=True, metadata={"description": "null for who somebody is"})
    fields_ = fields.List(fields.String(), data_key="fields")
    how = fields.String(validate=validate.OneOf(HOWS))
    reason = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in RequestState]))
    proposed_at = fields.AwareDateTime()
    decided_at = fields.AwareDateTime(allow_none=True)


class RequestsSchema(OutputSchema):
    """The requests of a file, newest first."""

    items = fields.List(fields.Nested(RequestSchema))


class NotedSchema(OutputSchema):
    """What became of values: those that stand, those that stood against another's, and the request that waits."""

    seen = fields.Integer()
    applied = fields.List(fields.String())
    conflicts = fields.List(fields.Nested(ConflictSchema))
    request = fields.Nested(RequestSchema, allow_none=True)


class NewMemberSchema(OutputSchema):
    """A member who was put on file."""

    public_id = fields.String()
    seen = fields.Integer()


class FileChangedSchema(OutputSchema):
    """The newest change of the file after an act."""

    seen = fields.Integer()
