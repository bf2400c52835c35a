"""How searching, counting and taking away household files look to programs."""

import re

from marshmallow import fields, validate

from marketplace.registry.models import ExportState, How
from marketplace.registry.rollup import By
from marketplace.web.api.inputs import (
    AREA,
    InputSchema,
    Line,
    Prose,
    PublicIdField,
    QueryDay,
    QueryNumber,
    Spelled,
    WholeField,
    YesNoField,
)
from marketplace.web.api.schemas import OutputSchema

_VILLAGE = re.compile(r"[0-9]{12}")
_WITHIN = {"description": "Digits of an area within your own; your own, when left out"}
_FIRST_YEAR, _LAST_YEAR = 2013, 2100


class FileSearchSchema(InputSchema):
    """Whom one looks for: a household's code, a card's number or a whole name. In the body, so that no address holds it."""

    word = Line(60, required=True)


class FoundHouseholdSchema(OutputSchema):
    """A household as a list shows it: names are masked."""

    public_id = fields.String(attribute="household.public_id")
    code = fields.String(attribute="household.code")
    head = fields.String(metadata={"description": "Masked; empty without a head"})
    person = fields.String(metadata={"description": "Who was searched for, masked; empty where nobody was"})


class FoundHouseholdsSchema(OutputSchema):
    """What was found; ``more`` when a name has more bearers."""

    kind = fields.String(validate=validate.OneOf(["code", "id_number", "name"]))
    items = fields.List(fields.Nested(FoundHouseholdSchema))
    more = fields.Boolean()


class VillagePageQuerySchema(InputSchema):
    """Which page of a list."""

    page = QueryNumber(1, 9999, load_default=1)


class VillageHouseholdsSchema(OutputSchema):
    """A page of a village's households."""

    items = fields.List(fields.Nested(FoundHouseholdSchema))
    pages = fields.Integer()


class NewHouseholdSchema(InputSchema):
    """A new household with its head. Values are written as the standard writes them."""

    village_code = Spelled(_VILLAGE, most=12, required=True)
    how = fields.String(required=True, validate=validate.OneOf([how.value for how in How]))
    name = Line(40, required=True)
    id_number = Line(18, load_default=None, allow_none=True)
    sex = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(["male", "female"]))
    born_on = QueryDay(load_default=None, allow_none=True)


class OpenedHouseholdSchema(OutputSchema):
    """The household's name for programs, and its code."""

    public_id = fields.String()
    code = fields.String()


class RollUpQuerySchema(InputSchema):
    """Which area on which day, divided how."""

    area = Spelled(AREA, most=12, metadata=_WITHIN)
    by = fields.Enum(By, by_value=fields.String(), load_default=By.KIND)
    day = QueryDay(metadata={"description": "Today, when left out"})
    year = QueryNumber(_FIRST_YEAR, _LAST_YEAR, metadata={"description": "The day's, when left out"})


class HouseholdCountSchema(OutputSchema):
    """Households and the persons in them."""

    area_code = fields.String()
    category = fields.String()
    households = fields.Integer()
    persons = fields.Integer()


class RollUpSchema(OutputSchema):
    """Counts by the areas one level below and by category; what is absent is nought."""

    area_code = fields.String()
    day = fields.Date()
    year = fields.Integer()
    by = fields.Enum(By, by_value=fields.String())
    categories = fields.List(fields.String())
    cells = fields.List(fields.Nested(HouseholdCountSchema))
    households = fields.Integer()
    persons = fields.Integer()


class FileExportAskSchema(InputSchema):
    """The files of which area, and what for."""

    area_code = Spelled(AREA, most=12, required=True)
    purpose = Prose(400, required=True)
    year = WholeField(_FIRST_YEAR, _LAST_YEAR, required=True)
    with_id_numbers = YesNoField(load_default=False)


class FileExportSchema(OutputSchema):
    """A table that was asked for, and where it stands."""

    public_id = fields.String()
    area_code = fields.String()
    year = fields.Integer()
    purpose = fields.String()
    with_id_numbers = fields.Boolean()
    state = fields.String(validate=validate.OneOf([state.value for state in ExportState]))
    asked_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime(allow_none=True)


class FileExportsSchema(OutputSchema):
    """The newest, at most fifty."""

    items = fields.List(fields.Nested(FileExportSchema))


class FileExportDecisionSchema(InputSchema):
    """What the second person says."""

    release = YesNoField(required=True)
    note = Prose(400, may_be_empty=True, load_default="")


class FileTableSchema(OutputSchema):
    """The table as CSV; its first line says whose copy it is."""

    csv = fields.String()


class LookSchema(OutputSchema):
    """One look at a file by the office of an area."""

    at = fields.AwareDateTime()
    part = fields.String()
    office = fields.String(metadata={"description": "An area's digits; empty for an office that is no more"})


class OwnMemberSchema(OutputSchema):
    """A member with who they are and what is known of them."""

    public_id = fields.String()
    identity = fields.Dict(keys=fields.String())
    values = fields.Dict(keys=fields.String())


class OwnFileSchema(OutputSchema):
    """One's own file for this year, by the names of the standard's fields. A field that is absent or null is not known."""

    code = fields.String()
    year = fields.Integer()
    values = fields.Dict(keys=fields.String())
    members = fields.List(fields.Nested(OwnMemberSchema))
    looks = fields.List(fields.Nested(LookSchema))


class CorrectionSchema(InputSchema):
    """What is right, and why. With ``member`` it is about a member."""

    values = fields.Dict(keys=fields.String(), required=True)
    reason = Prose(400, required=True)
    member = PublicIdField(load_default=None, allow_none=True)


class CorrectionAskedSchema(OutputSchema):
    """What was asked for; it stands when an officer has agreed."""

    public_id = fields.String()
    state = fields.String()


class CountyFiguresSchema(OutputSchema):
    """Registered persons by township and column; null is hidden."""

    county_code = fields.String()
    day = fields.Date()
    year = fields.Integer()
    cells = fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.Integer(allow_none=True)))
