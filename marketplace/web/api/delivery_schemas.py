"""How deliveries and shipments look to programs."""

from typing import Any

from marshmallow import fields, validate

from marketplace.delivery.models import MethodKind, Temperature
from marketplace.orders.shipment_states import NEWS, ShipmentState
from marketplace.orders.shipments import TOLD
from marketplace.web.api.inputs import (
    CARRIER,
    COUNTY,
    LARGEST_FEN,
    NUMBER,
    InputSchema,
    Line,
    Spelled,
)
from marketplace.web.api.schemas import OutputSchema

TEMPERATURES = [temperature.value for temperature in Temperature]
KINDS = [kind.value for kind in MethodKind]
_EVENTS = [state.value for state in ShipmentState]


def amount(**kwargs: Any) -> fields.Integer:
    """An amount of freight in fen."""
    return fields.Integer(metadata={"minimum": 0, "maximum": LARGEST_FEN}, **kwargs)


class PartSchema(OutputSchema):
    """One weighing: `first_kg_fen + each_kg_fen * (kilograms - 1)`, or nothing where `free_from_fen` says why."""

    temperature = fields.String(validate=validate.OneOf(TEMPERATURES))
    grams = fields.Integer()
    kilograms = fields.Integer(metadata={"description": "Started ones"})
    first_kg_fen = amount()
    each_kg_fen = amount()
    free_from_fen = amount(allow_none=True)
    fen = amount()


class OfferedWaySchema(OutputSchema):
    """A way in which a group's goods can travel."""

    way = fields.String(metadata={"description": "To name in `delivery` of the checkout"})
    kind = fields.String(validate=validate.OneOf(KINDS))
    name_zh = fields.String()
    name_en = fields.String()
    place_zh = fields.String(allow_none=True, metadata={"description": "The pickup point"})
    place_en = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    arrives_from = fields.Date()
    arrives_to = fields.Date()
    total_fen = amount()
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
    goods_fen = amount()
    delivery_fen = amount()
    total_fen = amount()


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
