"""How the terms of delivery look to programs: carriers, methods with their zones and rates, hubs, pickup points."""

from marshmallow import fields, validate

from marketplace.web.api.delivery_schemas import KINDS, TEMPERATURES, amount
from marketplace.web.api.inputs import (
    AREA,
    CARRIER,
    FenField,
    InputSchema,
    Line,
    PublicIdField,
    Spelled,
    WholeField,
    YesNoField,
)
from marketplace.web.api.schemas import OutputSchema

MOST_PARCELS = 100_000
_KEEPER = {"description": "The account of who keeps it, by what they sign in with"}


class RateInSchema(InputSchema):
    """What the kilograms of one temperature cost; a further one not more than the first."""

    temperature = fields.String(required=True, validate=validate.OneOf(TEMPERATURES))
    first_kg_fen = FenField(required=True)
    each_kg_fen = FenField(required=True)
    free_from_fen = FenField(load_default=None)


class ZoneInSchema(InputSchema):
    """What a method charges for a place from a day on; without rates the place is closed."""

    area_code = Spelled(AREA, most=12, load_default=None, metadata={"description": "Left out for the whole country"})
    from_day = fields.Date(required=True)
    days_from = WholeField(0, 60, required=True)
    days_to = WholeField(0, 60, required=True)
    rates = fields.List(fields.Nested(RateInSchema), required=True, validate=validate.Length(max=3))


class RateSchema(OutputSchema):
    """What the kilograms of one temperature cost."""

    temperature = fields.String(validate=validate.OneOf(TEMPERATURES))
    first_kg_fen = amount()
    each_kg_fen = amount()
    free_from_fen = amount(allow_none=True)


class ZoneSchema(OutputSchema):
    """Where a method goes from a day until the day before another."""

    area_code = fields.String(allow_none=True)
    days_from = fields.Integer()
    days_to = fields.Integer()
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)
    rates = fields.List(fields.Nested(RateSchema))


class MethodSchema(OutputSchema):
    """A way to send that sellers of an area have."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf(KINDS))
    name_zh = fields.String()
    name_en = fields.String()
    origin_code = fields.String(allow_none=True)
    carrier = fields.String(attribute="carrier.code", dump_default=None, allow_none=True)
    hub = fields.String(attribute="hub.public_id", dump_default=None, allow_none=True)
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)
    zones = fields.List(fields.Nested(ZoneSchema))


class MethodsSchema(OutputSchema):
    """All methods, newest first."""

    items = fields.List(fields.Nested(MethodSchema))


class MethodInSchema(InputSchema):
    """A way to send. A hub's names its hub and is for those who bring their parcels there; what it charges is said by zones."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    name_zh = Line(40, required=True)
    name_en = Line(60, required=True)
    origin_code = Spelled(AREA, most=12, load_default=None, metadata={"description": "Whose sellers have it; left out for all"})
    carrier = Spelled(CARRIER, most=20, load_default=None)
    hub = PublicIdField(load_default=None)


class MethodNamesSchema(InputSchema):
    """What a way to send is called from now on; what is left out stays."""

    name_zh = Line(40)
    name_en = Line(60)


class CarrierSchema(OutputSchema):
    """Who carries parcels; ``numbered`` says whether they have a number one can ask for."""

    code = fields.String()
    name_zh = fields.String()
    name_en = fields.String()
    numbered = fields.Boolean()


class CarriersSchema(OutputSchema):
    """The carriers, in the order they were added."""

    items = fields.List(fields.Nested(CarrierSchema))


class CarrierInSchema(InputSchema):
    """A carrier; ``login`` names the account through which it reports, if it does."""

    code = Spelled(CARRIER, most=20, required=True)
    name_zh = Line(40, required=True)
    name_en = Line(60, required=True)
    numbered = YesNoField(load_default=False)
    login = Line(120, load_default=None)


class _PlaceSchema(OutputSchema):
    public_id = fields.String()
    name_zh = fields.String()
    name_en = fields.String()
    area_code = fields.String()
    address = fields.String()
    hours = fields.String()
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True, metadata={"description": "The first day on which it is closed to new orders"})


class HubSchema(_PlaceSchema):
    """Where the households of an area bring their parcels."""

    keeper = fields.String(allow_none=True, metadata={"description": "The public id of its keeper's account"})


class HubsSchema(OutputSchema):
    """All hubs, newest first."""

    items = fields.List(fields.Nested(HubSchema))


class PointSchema(_PlaceSchema):
    """A place that keeps parcels until their buyers come."""

    capacity = fields.Integer(metadata={"description": "Parcels on their way and on its shelves together"})


class PointsSchema(OutputSchema):
    """All pickup points, newest first."""

    items = fields.List(fields.Nested(PointSchema))


class _PlaceInSchema(InputSchema):
    name_zh = Line(60, required=True)
    name_en = Line(80, required=True)
    area_code = Spelled(AREA, most=12, required=True)
    address = Line(200, required=True)
    hours = Line(80, required=True)


class HubInSchema(_PlaceInSchema):
    """A new hub."""

    login = Line(120, load_default=None, metadata=_KEEPER)


class PointInSchema(_PlaceInSchema):
    """A new pickup point."""

    capacity = WholeField(0, MOST_PARCELS, required=True)


class _PlaceChangeSchema(InputSchema):
    name_zh = Line(60)
    name_en = Line(80)
    address = Line(200)
    hours = Line(80)


class HubChangeSchema(_PlaceChangeSchema):
    """What is otherwise from now on; what is left out stays."""

    login = Line(120, allow_none=True, metadata={**_KEEPER, "description": _KEEPER["description"] + "; null for nobody"})


class PointChangeSchema(_PlaceChangeSchema):
    """What is otherwise from now on; what is left out stays. Parcels that a point has stay, however many they are."""

    capacity = WholeField(0, MOST_PARCELS)
