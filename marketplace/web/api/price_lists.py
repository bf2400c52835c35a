"""Price lists: what farms and the market ask of enterprises for a kilogram, and ordering of a farm's list."""

import json
from typing import Any

from flask import Response, jsonify
from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock, idempotency
from marketplace.kernel.db import transaction
from marketplace.sourcing.call_offs import CallOff, order_of_list
from marketplace.sourcing.enterprises import LARGEST_PRICE_FEN, Deed
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import PriceList
from marketplace.sourcing.price_lists import (
    LONGEST_NAME,
    MOST_LINES,
    ListGiven,
    Step,
    end_price_list,
    lists_for,
    lists_of,
    make_price_list,
)
from marketplace.web.access import account
from marketplace.web.acting import acting, current_seller
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.enterprise import member_by, own_enterprise_id
from marketplace.web.api.for_farms import for_farm
from marketplace.web.api.inputs import InputSchema, Line, Prose, PublicIdField, QueryNumber, Spelled, WholeField
from marketplace.web.api.orders import IdempotencySchema
from marketplace.web.api.schemas import OutputSchema, fen
from marketplace.web.api.sourcing_schemas import GOODS, MOST_G, ContractSchema

blueprint: Blueprint = ApiBlueprint("api-price-lists", __name__, url_prefix="/api/v1", description="Price lists")

_GRADES = [grade.value for grade in Grade]


class ListedPriceSchema(OutputSchema):
    """A kilogram's price from so many grams of one delivery on."""

    product = fields.String(attribute="product.slug")
    grade = fields.String(validate=validate.OneOf(_GRADES))
    from_g = fields.Integer()
    fen_kg = fen()


class PriceListSchema(OutputSchema):
    """A list; ``seller`` is null for the market's, ``enterprise`` for one that every enterprise has."""

    public_id = fields.String()
    name = fields.String()
    seller = fields.String(attribute="producer.public_id", dump_default=None, allow_none=True)
    seller_zh = fields.String(attribute="producer.name_zh", dump_default=None, allow_none=True)
    seller_en = fields.String(attribute="producer.name_en", dump_default=None, allow_none=True)
    enterprise = fields.String(attribute="enterprise.public_id", dump_default=None, allow_none=True)
    valid_from = fields.Date()
    valid_to = fields.Date()
    ended_at = fields.AwareDateTime(allow_none=True)
    prices = fields.List(fields.Nested(ListedPriceSchema), attribute="lines")


class PriceListsSchema(OutputSchema):
    """Several of them."""

    items = fields.List(fields.Nested(PriceListSchema))


class PriceListPageSchema(PriceListsSchema):
    """A page of them."""

    next = fields.String(allow_none=True, metadata={"description": "Send it as `after` for the page behind"})


class PriceListsQuerySchema(InputSchema):
    """Which page."""

    after = PublicIdField(metadata={"description": "`next` of the page before"})
    limit = QueryNumber(1, 100, load_default=20)


class ListedPriceInputSchema(InputSchema):
    """A kilogram's price from so many grams of one delivery on; zero for any amount."""

    product = Spelled(GOODS, most=80, required=True)
    grade = fields.String(load_default=Grade.UNGRADED.value, validate=validate.OneOf(_GRADES))
    from_g = WholeField(0, MOST_G, load_default=0)
    fen_kg = WholeField(1, LARGEST_PRICE_FEN, required=True)


class PriceListInputSchema(InputSchema):
    """A list for the days of a span, both included; ``enterprise`` left out is every enterprise."""

    name = Line(LONGEST_NAME, required=True)
    enterprise = PublicIdField(load_default=None)
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(required=True)
    prices = fields.List(fields.Nested(ListedPriceInputSchema), required=True, validate=validate.Length(min=1, max=MOST_LINES))


class CallOffSchema(InputSchema):
    """What is ordered of a list, where to, and on which days it may come."""

    product = Spelled(GOODS, most=80, required=True)
    grade = fields.String(load_default=Grade.UNGRADED.value, validate=validate.OneOf(_GRADES))
    grams = WholeField(1, MOST_G, required=True)
    place = PublicIdField(required=True)
    opens_on = fields.Date(required=True)
    closes_on = fields.Date(required=True)
    words = Prose(400, may_be_empty=True, load_default="")


def _given(body: dict[str, Any]) -> ListGiven:
    steps = [Step(row["product"], Grade(row["grade"]), row["from_g"], row["fen_kg"]) for row in body["prices"]]
    return ListGiven(body["name"], body["valid_from"], body["valid_to"], steps, body["enterprise"])


@blueprint.get("/enterprise/price-lists")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(PriceListsQuerySchema, location="query")
@blueprint.response(200, PriceListPageSchema)
@problems(404, 422)
def enterprise_price_lists(query: dict[str, Any]) -> dict[str, Any]:
    """The lists that your enterprise has now or later, farms' own before the market's, the newest first."""
    day, most = clock.local_day(clock.now()), query["limit"]
    found = lists_for(own_enterprise_id(), day, after=query.get("after"), limit=most + 1)
    items = found[:most]
    return {"items": items, "next": items[-1].public_id if len(found) > len(items) else None}


@blueprint.post("/enterprise/price-lists/<public_id:public_id>/order")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(IdempotencySchema, location="headers")
@blueprint.arguments(CallOffSchema)
@blueprint.response(201, ContractSchema)
@problems(404, 409, *BODY)
def order_of(header: dict[str, str], given: dict[str, Any], public_id: str) -> Response:
    """Order of a farm's list at its price on the first day; in force at once where your limit covers it.

    `price_changed` (409) when another list of the farm goes before this one with another price, `listed_not_there` (409) when
    the farm has less in stock; nothing happens then and the key stays free.
    """
    now = clock.now()
    wanted = CallOff(**{**given, "grade": Grade(given["grade"])})
    written = json.dumps({"list": public_id, **given}, sort_keys=True, default=str).encode()
    with transaction():
        buyer = member_by(Deed.BUY)
        claimed = idempotency.claim(buyer.account.public_id, header["key"], written, now=now)
        answer = claimed.answer
        if answer is None:
            answer = ContractSchema().dump(order_of_list(buyer, public_id, wanted, now=now))
            idempotency.settle(claimed, answer)
    # Written out by us and not by the schema, because a repeated call gets what was kept.
    response = jsonify(answer)
    response.status_code = 201
    return response


@blueprint.get("/farm/price-lists")
@for_farm(Scope.LIST)
@blueprint.response(200, PriceListsSchema)
def farm_price_lists() -> dict[str, Any]:
    """Your farm's lists that have not ended."""
    return {"items": lists_of(current_seller().producer.id, clock.local_day(clock.now()))}


@blueprint.post("/farm/price-lists")
@for_farm(Scope.LIST)
@blueprint.arguments(PriceListInputSchema)
@blueprint.response(201, PriceListSchema)
@problems(404, 409, *BODY)
def make_farm_price_list(given: dict[str, Any]) -> PriceList:
    """Write a list down; while it holds your farm asks for no more of those it is for."""
    now = clock.now()
    with acting(now) as actor:
        return make_price_list(_given(given), producer_id=current_seller().producer.id, actor=actor, now=now)


@blueprint.delete("/farm/price-lists/<public_id:public_id>")
@for_farm(Scope.LIST)
@blueprint.response(200, PriceListSchema)
@problems(404)
def end_farm_price_list(public_id: str) -> PriceList:
    """End a list today; what was ordered of it stays."""
    now = clock.now()
    with acting(now) as actor:
        return end_price_list(public_id, producer_id=current_seller().producer.id, actor=actor, now=now)


@blueprint.get("/operations/price-lists")
@only(RoleKind.OPERATOR)
@blueprint.response(200, PriceListsSchema)
def market_price_lists() -> dict[str, Any]:
    """The market's lists that have not ended."""
    return {"items": lists_of(None, clock.local_day(clock.now()))}


@blueprint.post("/operations/price-lists")
@only(RoleKind.OPERATOR)
@blueprint.arguments(PriceListInputSchema)
@blueprint.response(201, PriceListSchema)
@problems(404, 409, *BODY)
def make_market_price_list(given: dict[str, Any]) -> PriceList:
    """Write a list of the market down; it binds no farm, and quotes above it are marked."""
    with transaction():
        return make_price_list(_given(given), producer_id=None, actor=account().public_id, now=clock.now())


@blueprint.delete("/operations/price-lists/<public_id:public_id>")
@only(RoleKind.OPERATOR)
@blueprint.response(200, PriceListSchema)
@problems(404)
def end_market_price_list(public_id: str) -> PriceList:
    """End a list of the market today."""
    with transaction():
        return end_price_list(public_id, producer_id=None, actor=account().public_id, now=clock.now())
