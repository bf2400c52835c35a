"""What was lost or came back: the operator makes it good, the farm says what of it can be sold again."""

import re
from decimal import Decimal
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.catalogue.models import Unit
from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.orders.astray import came_back_to, note_sound
from marketplace.orders.collecting import send_refunds
from marketplace.orders.models import Order, ReturnedGoods
from marketplace.orders.shipments import resolve_shipment
from marketplace.web.access import account
from marketplace.web.acting import acting, current_seller
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.for_farms import for_farm
from marketplace.web.api.inputs import InputSchema, Spelled, WholeField
from marketplace.web.api.schemas import OutputSchema

blueprint: Blueprint = ApiBlueprint("api-returned", __name__, url_prefix="/api/v1", description="Parcels that went astray")

_MOST_LINES = 200
_SOUND = re.compile(r"0|0\.[1-9]|[1-9][0-9]{0,3}(?:\.[0-9])?")


class ReturnedLineSchema(OutputSchema):
    """What of a line came back."""

    line = fields.Integer(metadata={"description": "The number of the line in its order, from 1"})
    title_zh = fields.String()
    title_en = fields.String()
    unit = fields.String(validate=validate.OneOf([unit.value for unit in Unit]))
    quantity = fields.Decimal(as_string=True)


class ReturnedOrderSchema(OutputSchema):
    """An order that came back and waits to be looked at."""

    order = fields.String()
    came_back_at = fields.AwareDateTime()
    lines = fields.List(fields.Nested(ReturnedLineSchema))


class ReturnedOrdersSchema(OutputSchema):
    """All of them, oldest first."""

    items = fields.List(fields.Nested(ReturnedOrderSchema))


class SoundField(Spelled):
    """A quantity as text, from 0."""

    def __init__(self, **kwargs: Any) -> None:
        example = {"example": "1.5", "description": "In the line's unit: whole pieces, tenths of a weight."}
        super().__init__(_SOUND, most=6, metadata=example, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return Decimal(super()._deserialize(value, attr, data, **kwargs))


class SoundLineSchema(InputSchema):
    """How much of a line can be sold again; 0 where it is spoilt."""

    line = WholeField(1, _MOST_LINES, required=True)
    sound = SoundField(required=True)


class SoundSchema(InputSchema):
    """The farm's word on every line that came back."""

    lines = fields.List(fields.Nested(SoundLineSchema), required=True, validate=validate.Length(min=1, max=_MOST_LINES))


class LookedAtSchema(OutputSchema):
    """``done`` is false where the same had been said before."""

    done = fields.Boolean()


class MadeGoodSchema(OutputSchema):
    """Whether money goes back to the buyer."""

    refunded = fields.Boolean()


@blueprint.get("/farm/came-back")
@for_farm(Scope.STOCK)
@blueprint.response(200, ReturnedOrdersSchema)
def came_back() -> dict[str, Any]:
    """What came back to your farm and waits to be looked at."""
    return {"items": [_order(order, rows) for order, rows in came_back_to(current_seller().producer.id)]}


def _order(order: Order, rows: list[ReturnedGoods]) -> dict[str, Any]:
    numbers = {line.id: number for number, line in enumerate(order.lines, 1)}
    return {
        "order": order.public_id,
        "came_back_at": rows[0].came_back_at,
        "lines": [
            {
                "line": numbers[row.line_id],
                "title_zh": row.line.title_zh,
                "title_en": row.line.title_en,
                "unit": row.line.unit,
                "quantity": row.quantity.normalize(),
            }
            for row in rows
        ],
    }


@blueprint.post("/farm/orders/<public_id:public_id>/came-back")
@for_farm(Scope.STOCK)
@blueprint.arguments(SoundSchema)
@blueprint.response(200, LookedAtSchema)
@problems(404, 409, *BODY)
def looked_at(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say how much of what came back can be sold again; that is in stock at once, the rest is written off."""
    sound = {row["line"]: row["sound"] for row in given["lines"]}
    if len(sound) != len(given["lines"]):
        raise Invalid("line_repeated", N_("Please name each line once."))
    now = clock.now()
    with acting(now) as actor:
        return {"done": note_sound(public_id, current_seller().producer.id, sound, actor=actor, now=now)}


@blueprint.post("/shipments/<public_id:public_id>/made-good")
@only(RoleKind.OPERATOR)
@blueprint.response(200, MadeGoodSchema)
@problems(404, 409)
def made_good(public_id: str) -> dict[str, Any]:
    """Make good a shipment that was lost or came back: its orders end and what was paid for them goes back."""
    now = clock.now()
    with transaction():
        payments = resolve_shipment(public_id, actor=account().public_id, now=now)
    for payment in payments:
        send_refunds(payment, now=now)
    return {"refunded": bool(payments)}
