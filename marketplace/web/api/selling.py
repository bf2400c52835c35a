"""What a farm's programs do: prices with their steps, and weighing what was sold by weight."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.catalogue.catch_weight import WEIGHT_UNITS, CatchWeight
from marketplace.catalogue.models import Listing, Unit
from marketplace.catalogue.pricing import MOST_TIERS, Tier
from marketplace.catalogue.queries import own_listing
from marketplace.catalogue.service import Offer, change_listing
from marketplace.catalogue.terms import Terms, terms_of
from marketplace.delivery.models import Temperature
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, Invalid
from marketplace.orders.models import Order
from marketplace.orders.weighing import weigh_and_give_back
from marketplace.orders.weights import get_order_to_weigh
from marketplace.web.access import account
from marketplace.web.acting import acting, current_seller
from marketplace.web.api.documents import BODY, ApiBlueprint, problems
from marketplace.web.api.for_farms import for_farm
from marketplace.web.api.inputs import FenField, InputSchema, PublicIdField, QuantityField, WholeField
from marketplace.web.api.schemas import OrderSchema, PricingSchema

blueprint: Blueprint = ApiBlueprint("api-selling", __name__, url_prefix="/api/v1/farm", description="Selling, as a farm")

_LARGEST_GRAMS = 10**9


class GramsField(WholeField):
    """Whole grams."""

    wrong = N_("Please give whole grams.")

    def __init__(self, most: int, **kwargs: Any) -> None:
        super().__init__(1, most, **kwargs)


class TierInputSchema(InputSchema):
    """From a quantity on, all of it costs this for each unit."""

    from_quantity = QuantityField(required=True)
    price_fen = FenField(required=True)


class CatchWeightInputSchema(InputSchema):
    """What one piece weighs, and by which unit of weight the price is meant."""

    unit = fields.String(required=True, validate=validate.OneOf([unit.value for unit in WEIGHT_UNITS]))
    grams_min = GramsField(1_000_000, required=True)
    grams_max = GramsField(1_000_000, required=True)


class PricingInputSchema(InputSchema):
    """The whole price of a listing; what is left out is not there any more."""

    price_fen = FenField(required=True)
    minimum_quantity = QuantityField(load_default=None, allow_none=True)
    tiers = fields.List(fields.Nested(TierInputSchema), load_default=list, validate=validate.Length(max=MOST_TIERS))
    catch_weight = fields.Nested(CatchWeightInputSchema, load_default=None, allow_none=True)


class LineWeightSchema(InputSchema):
    """What all pieces of a line weigh together; ``weighing`` is the public id of the line's weighing."""

    weighing = PublicIdField(required=True)
    grams = GramsField(_LARGEST_GRAMS, required=True)


class WeightsSchema(InputSchema):
    """The weight of every line of an order that is weighed when packed."""

    weights = fields.List(fields.Nested(LineWeightSchema), required=True, validate=validate.Length(1, 100))
    light_is_right = fields.Boolean(
        load_default=False, truthy={True}, falsy={False}, metadata={"description": "After `weight_light` (409): it is right"}
    )


@blueprint.get("/listings/<public_id:public_id>/pricing")
@for_farm(Scope.LIST, Scope.STOCK, any_of=True)
@blueprint.response(200, PricingSchema)
@problems(404)
def pricing(public_id: str) -> dict[str, Any]:
    """What a listing of your farm costs."""
    return _pricing(own_listing(public_id, current_seller().producer.id))


@blueprint.put("/listings/<public_id:public_id>/pricing")
@for_farm(Scope.LIST)
@blueprint.arguments(PricingInputSchema)
@blueprint.response(200, PricingSchema)
@problems(404, 409, *BODY)
def set_pricing(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Set what a listing of your farm costs: price, steps of price, least quantity, catch weight.

    Orders already placed keep their price. What a piece weighs at the most stays while there is stock (`unit_has_stock`, 409).
    """
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id, lock=True)
        change_listing(listing, _offer(listing, given), actor=actor, now=now)
        return _pricing(listing)


def _offer(listing: Listing, given: dict[str, Any]) -> Offer:
    """The listing's offer with another price."""
    weight = given["catch_weight"]
    terms = Terms(
        given["minimum_quantity"],
        tuple(Tier(**tier) for tier in given["tiers"]),
        weight and CatchWeight(Unit(weight["unit"]), given["price_fen"], weight["grams_min"], weight["grams_max"]),
    )
    return Offer(
        product=listing.product,
        title_zh=listing.title_zh,
        title_en=listing.title_en,
        unit=Unit(listing.unit),
        unit_grams=listing.unit_grams,
        price_fen=given["price_fen"],
        story_zh=listing.story_zh,
        story_en=listing.story_en,
        delivers_to=listing.delivers_to,
        temperature=Temperature(listing.temperature),
        terms=terms,
    )


def _pricing(listing: Listing) -> dict[str, Any]:
    terms = terms_of(listing)
    weight = terms.catch_weight
    return {
        "price_fen": listing.price_fen if weight is None else weight.price_fen,
        "minimum_quantity": terms.minimum_quantity,
        "tiers": terms.tiers,
        "catch_weight": weight,
    }


@blueprint.post("/orders/<public_id:public_id>/weights")
@for_farm(Scope.SHIP)
@blueprint.arguments(WeightsSchema)
@blueprint.response(200, OrderSchema)
@problems(404, 409, *BODY)
def weigh(given: dict[str, Any], public_id: str) -> Order:
    """Note what an order weighs, once, before it leaves; what was charged beyond that goes back to the buyer.

    The same again changes nothing, other figures are refused (`weighed_already`, 409). `weight_light` (409) for less than it
    should weigh, unless `light_is_right`.
    """
    producer, now = current_seller().producer, clock.now()
    grams = {row["weighing"]: row["grams"] for row in given["weights"]}
    if len(grams) != len(given["weights"]):
        raise Invalid("weights_incomplete", N_("Please give one weight for each line."))
    weigh_and_give_back(
        public_id,
        producer.id,
        grams,
        light_is_right=given["light_is_right"],
        actor=account().public_id,
        now=now,
        within=lambda: acting(now),
    )
    return get_order_to_weigh(public_id, producer.id)
