"""The basket of an account, on whatever device."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_smorest import Blueprint

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.orders import baskets
from marketplace.orders.holding import leave_checkout, open_checkout
from marketplace.orders.queries import BasketLineView, BasketView, basket_view
from marketplace.recommendations.models import EventKind
from marketplace.recommendations.service import record_event
from marketplace.web.access import account
from marketplace.web.api.documents import BODY, ApiBlueprint, problems, signed_in
from marketplace.web.api.inputs import InputSchema, PublicIdField, QuantityField
from marketplace.web.api.schemas import BasketLineSchema, BasketSchema

blueprint: Blueprint = ApiBlueprint("api-basket", __name__, url_prefix="/api/v1/basket", description="What to buy")


class AddLineSchema(InputSchema):
    """A quantity of a listing."""

    listing = PublicIdField(required=True)
    quantity = QuantityField(required=True)


class ChangeLineSchema(InputSchema):
    """Another quantity."""

    quantity = QuantityField(required=True)


@blueprint.get("")
@signed_in
@blueprint.response(200, BasketSchema)
def basket() -> BasketView:
    """Your basket at today's prices."""
    return basket_view(account().id, None, now=clock.now())


@blueprint.post("/lines")
@signed_in
@blueprint.arguments(AddLineSchema)
@blueprint.response(201, BasketLineSchema)
@problems(404, 409, *BODY)
def add_line(given: dict[str, Any]) -> BasketLineView:
    """Put a quantity in, on top of what is there."""
    now = clock.now()
    with transaction():
        mine = baskets.open_basket(account().id, None, now=now)
        listing = baskets.add_line(mine, given["listing"], given["quantity"], now=now)
        record_event(account(), listing.id, EventKind.BASKET, now=now)
        return next(line for line in _lines(now) if line.listing.public_id == given["listing"])


@blueprint.patch("/lines/<public_id:public_id>")
@signed_in
@blueprint.arguments(ChangeLineSchema)
@blueprint.response(200, BasketLineSchema)
@problems(404, 409, *BODY)
def change_line(given: dict[str, Any], public_id: str) -> BasketLineView:
    """Set the quantity of a line."""
    now = clock.now()
    with transaction():
        mine = baskets.open_basket(account().id, None, now=now)
        baskets.change_line(mine, public_id, given["quantity"], now=now)
        return next(line for line in _lines(now) if line.public_id == public_id)


@blueprint.delete("/lines/<public_id:public_id>")
@signed_in
@blueprint.response(204)
@problems(404)
def delete_line(public_id: str) -> None:
    """Take a line out."""
    now = clock.now()
    with transaction():
        mine = baskets.open_basket(account().id, None, now=now)
        baskets.change_line(mine, public_id, Decimal(0), now=now)


@blueprint.post("/hold")
@signed_in
@blueprint.response(200, BasketSchema)
def hold() -> BasketView:
    """Keep the goods of your basket for ten minutes, as the checkout page does.

    Asked again, for ten minutes more, an hour in all at the most. Of what is short, what there is is kept; a line's `problem`
    says so. Without it one can buy as well, as long as the goods are there.
    """
    buyer_id, now = account().id, clock.now()
    with transaction():
        open_checkout(buyer_id, now=now)
        # Before the locks are let go of, so that what the answer says is left is what is kept.
        return basket_view(buyer_id, None, now=now)


@blueprint.delete("/hold")
@signed_in
@blueprint.response(204)
def release() -> None:
    """Let others have the goods; the basket stays as it is."""
    with transaction():
        leave_checkout(account().id)


def _lines(now: datetime) -> Sequence[BasketLineView]:
    return basket_view(account().id, None, now=now).lines
