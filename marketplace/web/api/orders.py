"""Checkout and what became of it."""

import json
from datetime import datetime
from typing import Any

from flask import Response, jsonify, url_for
from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.identity.models import Account
from marketplace.kernel import clock, idempotency
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.orders import queries, service
from marketplace.orders.collecting import pay_page
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.shipments import note_received
from marketplace.payments.models import SHOP_METHODS, PaymentMethod
from marketplace.recommendations.service import record_purchase
from marketplace.regions.queries import find_area_in_force
from marketplace.web.access import account
from marketplace.web.api.documents import BODY, ApiBlueprint, problems, signed_in
from marketplace.web.api.inputs import (
    COUNTY,
    IDEMPOTENCY_KEY,
    PHONE,
    WAY,
    FenField,
    InputSchema,
    Line,
    PublicIdField,
    QueryNumber,
    Spelled,
)
from marketplace.web.api.schemas import OrderGroupsSchema, OrderSchema, PayPageSchema, PurchaseSchema

blueprint: Blueprint = ApiBlueprint("api-orders", __name__, url_prefix="/api/v1", description="Buying and receiving")

_LOCATION = {"Location": {"description": "The purchase", "schema": {"type": "string"}}}


class DestinationSchema(InputSchema):
    """Who receives the goods and where."""

    recipient = Line(60, required=True)
    phone = Spelled(PHONE, most=20, required=True)
    area_code = Spelled(COUNTY, most=6, required=True, metadata={"description": "A county's six digits"})
    address = Line(200, required=True)


class ChosenWaySchema(InputSchema):
    """The way that one delivery group is to travel."""

    group = PublicIdField(required=True)
    way = Spelled(WAY, most=29, required=True)


class CheckoutSchema(InputSchema):
    """A basket and the total that the buyer saw."""

    basket = PublicIdField(required=True)
    expected_total_fen = FenField(required=True)
    destination = fields.Nested(DestinationSchema, required=True)
    payment_method = fields.String(required=True, validate=validate.OneOf([method.value for method in SHOP_METHODS]))
    delivery = fields.List(
        fields.Nested(ChosenWaySchema),
        load_default=list,
        validate=validate.Length(max=100),
        metadata={"description": "Ways of `GET /api/v1/basket/delivery`; the cheapest is taken for a group not named"},
    )


class IdempotencySchema(InputSchema):
    """The key that makes a repeated call one call."""

    key = Spelled(
        IDEMPOTENCY_KEY,
        most=128,
        required=True,
        data_key="Idempotency-Key",
        metadata={"description": "Chosen by the caller, new for each purchase; repeated, it gets the first answer again"},
    )


class OrdersQuerySchema(InputSchema):
    """Which page."""

    after = PublicIdField(metadata={"description": "`next` of the page before"})
    limit = QueryNumber(1, 100, load_default=20)


@blueprint.post("/checkout")
@signed_in
@blueprint.arguments(IdempotencySchema, location="headers")
@blueprint.arguments(CheckoutSchema)
@blueprint.response(201, PurchaseSchema, headers=_LOCATION)
@problems(404, 409, *BODY)
def checkout(header: dict[str, str], given: dict[str, Any]) -> Response:
    """Buy what is in the basket, all or nothing.

    One order for each seller, goods taken at once. `total_changed` (409) when the total is not what the buyer saw,
    `sold_out` (409) when goods are gone; nothing happens then and the key stays free.
    """
    now = clock.now()
    buyer = account()
    written = json.dumps(given, sort_keys=True).encode()
    with transaction():
        claimed = idempotency.claim(buyer.public_id, header["key"], written, now=now)
        answer = claimed.answer
        if answer is None:
            answer = _buy(buyer, given, now)
            idempotency.settle(claimed, answer)
    # Written out by us and not by the schema, because a repeated call gets what was kept.
    response = jsonify(answer)
    response.status_code = 201
    response.headers["Location"] = url_for("api-orders.order", public_id=answer["public_id"])
    return response


def _buy(buyer: Account, given: dict[str, Any], now: datetime) -> dict[str, Any]:
    destination = Destination(**given["destination"])
    if find_area_in_force(destination.area_code) is None:
        code = destination.area_code
        raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=code)
    group = place_order(
        buyer.id,
        buyer.public_id,
        given["basket"],
        destination,
        PaymentMethod(given["payment_method"]),
        given["expected_total_fen"],
        now=now,
        delivery={row["group"]: row["way"] for row in given["delivery"]},
    )
    # A basket placed before under another key answers its purchase, which was remembered then.
    if group.placed_at == now:
        record_purchase(buyer, group, now=now)
    answer: dict[str, Any] = PurchaseSchema().dump(_with_payment(group))
    return answer


def _purchase(public_id: str, buyer: Account) -> OrderGroup:
    """A buyer's own purchase with its payment."""
    return _with_payment(queries.get_group(public_id, buyer.id))


def _with_payment(group: OrderGroup) -> OrderGroup:
    """A purchase with its payment beside its own columns, as the schema reads it."""
    group.payment = queries.payment_of(group)  # type: ignore[attr-defined]
    return group


@blueprint.get("/orders")
@signed_in
@blueprint.arguments(OrdersQuerySchema, location="query")
@blueprint.response(200, OrderGroupsSchema)
@problems(404, 422)
def orders(given: dict[str, Any]) -> dict[str, Any]:
    """Your purchases, newest first."""
    found = queries.groups_after(account().id, given.get("after"), limit=given["limit"] + 1)
    items = found[: given["limit"]]
    return {"items": items, "next": items[-1].public_id if len(found) > len(items) else None}


@blueprint.get("/orders/<public_id:public_id>")
@signed_in
@blueprint.response(200, PurchaseSchema)
@problems(404)
def order(public_id: str) -> OrderGroup:
    """One purchase with its payment."""
    return _purchase(public_id, account())


@blueprint.post("/orders/<public_id:public_id>/pay")
@signed_in
@blueprint.response(200, PayPageSchema)
@problems(404, 409)
def pay(public_id: str) -> dict[str, str | None]:
    """Where the buyer's browser pays for an online purchase.

    Asked again, the same page while it is open. `nothing_to_pay` (409) when it is paid, given up or out of time, or not paid
    online; `provider_unavailable` (409) when the payment service does not answer: nothing is lost, ask again.
    """
    payment_id = queries.payment_of(queries.get_group(public_id, account().id)).public_id
    back_url = url_for("storefront.order", public_id=public_id, _external=True)
    return_url = url_for("storefront.order_paid", public_id=public_id, _external=True)
    return {"pay_url": pay_page(payment_id, return_url, back_url, now=clock.now())}


@blueprint.post("/orders/<public_id:group>/<public_id:order>/received")
@signed_in
@blueprint.response(200, OrderSchema)
@problems(404, 409)
def received(group: str, order: str) -> Order:
    """Say that the goods of one seller have come in good order.

    What has been paid for goes to the producer then. Saying it again changes nothing; what was not shipped cannot be
    received (409). Who says nothing and complains of nothing accepts them by time: 7 days after delivery, 15 after shipping.
    """
    with transaction():
        found = service.accept_delivery(order, account().id, actor=account().public_id, now=clock.now())
        if found.group.public_id != group:
            raise NotFound("order_unknown", N_("There is no such order."))
        note_received(found, actor=account().public_id, now=clock.now())
    return found
