"""How deliveries, shipments and the terms behind them look to programs."""

from typing import Any

from marshmallow import fields, validate

from marketplace.delivery.models import MethodKind, Temperature
from marketplace.orders.shipment_states import NEWS, ShipmentState
from marketplace.orders.shipments import TOLD
from marketplace.web.api.inputs import (
    AREA,
    CARRIER,
    COUNTY,
    LARGEST_FEN,
    NUMBER,
    FenField,
    InputSchema,
    Line,
    Spelled,
    WholeField,
)
from marketplace.web.api.schemas import OutputSchema

_TEMPERATURES = [temperature.value for temperature in Temperature]
_KINDS = [kind.value for kind in MethodKind]
_EVENTS = [state.value for state in ShipmentState]


def _amount(**kwargs: Any) -> fields.Integer:
    return fields.Integer(metadata={"minimum": 0, "maximum": LARGEST_FEN}, **kwargs)


class PartSchema(OutputSchema):
    """One weighing: `first_kg_fen + each_kg_fen * (kilograms - 1)`, or nothing where `free_from_fen` says why."""

    temperature = fields.String(validate=validate.OneOf(_TEMPERATURES))
    grams = fields.Integer()
    kilograms = fields.Integer(metadata={"description": "Started ones"})
    first_kg_fen = _amount()
    each_kg_fen = _amount()
    free_from_fen = _amount(allow_none=True)
    fen = _amount()


class OfferedWaySchema(OutputSchema):
    """A way in which a group's goods can travel."""

    way = fields.String(metadata={"description": "To name in `delivery` of the checkout"})
    kind = fields.String(validate=validate.OneOf(_KINDS))
    name_zh = fields.String()
    name_en = fields.String()
    place_zh = fields.String(allow_none=True, metadata={"description": "The pickup point"})
    place_en = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    arrives_from = fields.Date()
    arrives_to = fields.Date()
    total_fen = _amount()
    parts = fields.List(fields.Nested(PartSchema))


class DeliveryGroupSchema(OutputSchema):
    """Sellers whose goods travel by one choice; without ways and not included, their goods cannot be sent there."""

    group = fields.String()
    sellers = fields.List(fields.String(), metadata={"description": "Public ids"})
    together = fields.Boolean(metadata={"description": "Weighed together at their hub"})
    included = fields.Boolean(metadata={"description": "No terms are set: delivery is part of the price"})
    ways = fields.List(
        fields.Nested(OfferedWaySchema), metadata={"description": "Cheapest first; the first is taken unless another is named"}
    )


class BasketDeliverySchema(OutputSchema):
    """What the delivery of a basket can cost; ``total_fen`` is that of the first ways."""

    groups = fields.List(fields.Nested(DeliveryGroupSchema))
    goods_fen = _amount()
    delivery_fen = _amount()
    total_fen = _amount()


class DestinationQuerySchema(InputSchema):
    """Where to."""

    area_code = Spelled(COUNTY, most=6, required=True, metadata={"description": "A county's six digits"})


class ShipmentEventSchema(OutputSchema):
    """A piece of news."""

    kind = fields.String(validate=validate.OneOf(_EVENTS))
    at = fields.AwareDateTime()
    place = fields.String()
    source = fields.String(validate=validate.OneOf(["seller", "hub", "carrier", "buyer", "operator"]))


class ShipmentSchema(OutputSchema):
    """What travels under one number."""

    public_id = fields.String()
    reference = fields.String()
    state = fields.String(validate=validate.OneOf(_EVENTS))
    carrier = fields.Function(
        lambda row: row.carrier.code if row.carrier is not None else None, metadata={"type": ["string", "null"]}
    )
    tracking_number = fields.String(allow_none=True)
    orders = fields.Function(
        lambda row: [parcel.order.public_id for parcel in row.parcels],
        metadata={"type": "array", "items": {"type": "string"}},
    )
    events = fields.List(fields.Nested(ShipmentEventSchema))


class ShipmentsSchema(OutputSchema):
    """The shipments of a purchase."""

    items = fields.List(fields.Nested(ShipmentSchema))


class NumberQuerySchema(InputSchema):
    """A carrier's number."""

    carrier = Spelled(CARRIER, most=20, required=True)
    number = Spelled(NUMBER, most=40, required=True)


class SendingSchema(InputSchema):
    """Who takes a parcel, and its number there."""

    carrier = Spelled(CARRIER, most=20, load_default=None)
    number = Spelled(NUMBER, most=40, load_default=None)


class DispatchSchema(InputSchema):
    """Who takes a hub's shipment, and its number there."""

    carrier = Spelled(CARRIER, most=20, required=True)
    number = Spelled(NUMBER, most=40, load_default=None)


class NewsSchema(InputSchema):
    """A piece of news; with ``key``, the teller's own name for it, it can be sent again and counts once."""

    kind = fields.String(required=True, validate=validate.OneOf([NEWS[action].value for action in TOLD]))
    at = fields.AwareDateTime(required=True)
    place = Line(120, load_default="")
    key = Line(64, load_default=None)


class TakenSchema(OutputSchema):
    """Whether a piece of news was new, and where the shipment is now."""

    new = fields.Boolean()
    state = fields.String(validate=validate.OneOf(_EVENTS))


class RateInSchema(InputSchema):
    """What the kilograms of one temperature cost; a further one not more than the first."""

    temperature = fields.String(required=True, validate=validate.OneOf(_TEMPERATURES))
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

    temperature = fields.String(validate=validate.OneOf(_TEMPERATURES))
    first_kg_fen = _amount()
    each_kg_fen = _amount()
    free_from_fen = _amount(allow_none=True)


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
    kind = fields.String(validate=validate.OneOf(_KINDS))
    name_zh = fields.String()
    name_en = fields.String()
    origin_code = fields.String(allow_none=True)
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)
    zones = fields.List(fields.Nested(ZoneSchema))


class MethodsSchema(OutputSchema):
    """All methods, newest first."""

    items = fields.List(fields.Nested(MethodSchema))
