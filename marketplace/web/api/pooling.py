"""Shared harvests: how money is divided among those who brought them, before and after they are sold."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.catalogue.queries import own_listing
from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, Conflict
from marketplace.orders.pooled import brought_by, foresee, pooled_lots_of
from marketplace.registry.queries import household_codes
from marketplace.web.acting import acting
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.farm import BroughtSchema
from marketplace.web.api.for_farms import for_farm
from marketplace.web.api.inputs import InputSchema, PublicIdField, QuantityField
from marketplace.web.api.schemas import OutputSchema, fen
from marketplace.web.forms import FormError
from marketplace.web.own_household import own_farm_household_id
from marketplace.web.portals.producer_forms import read_contributions
from marketplace.web.shared_harvests import own_cooperative, portion_rows

blueprint: Blueprint = ApiBlueprint("api-pooling", __name__, url_prefix="/api/v1/farm", description="Shared harvests")


class PortionSchema(OutputSchema):
    """What one of those brought, in grams, and their part of the money."""

    code = fields.String(metadata={"description": "The 16 digits by which they were named"})
    grams = fields.Integer()
    part_fen = fen()


class SplitSchema(OutputSchema):
    """What a harvest would bring at today's price: of what buyers pay, the farm's, and whose that would be."""

    goods_fen = fen()
    farm_fen = fen()
    portions = fields.List(fields.Nested(PortionSchema))


class SplitInputSchema(InputSchema):
    """A harvest that is thought of; nothing is written down."""

    listing = PublicIdField(required=True)
    quantity = QuantityField(required=True)
    brought = fields.List(fields.Nested(BroughtSchema), required=True, validate=validate.Length(min=1, max=200))


class SharedLotSchema(OutputSchema):
    """A harvest of several, what of sales is the farm's so far, and whose that is."""

    lot = fields.String()
    listing = fields.String()
    harvested_on = fields.Date()
    grams = fields.Integer()
    earned_fen = fen()
    portions = fields.List(fields.Nested(PortionSchema))


class SharedLotsSchema(OutputSchema):
    """The newest of them."""

    items = fields.List(fields.Nested(SharedLotSchema))


class OwnPartSchema(OutputSchema):
    """What you brought to somebody else's harvest, and your part of it so far."""

    seller = fields.String()
    listing = fields.String()
    harvested_on = fields.Date()
    grams = fields.Integer()
    part_fen = fen()


class OwnPartsSchema(OutputSchema):
    """The newest of them."""

    items = fields.List(fields.Nested(OwnPartSchema))


@blueprint.post("/pooling/split")
@for_farm(Scope.STOCK)
@blueprint.arguments(SplitInputSchema)
@blueprint.response(200, SplitSchema)
@problems(404, 409, *BODY)
def split(given: dict[str, Any]) -> dict[str, Any]:
    """How a harvest would be divided if all of it sold at today's price; it is written down at the listing's `harvests`."""
    with acting(clock.now()):
        producer = own_cooperative()
    listing = own_listing(given["listing"], producer.id)
    lines = "\n".join(f"{row['code']} {row['grams']}" for row in given["brought"])
    try:
        grams = read_contributions(producer, {"quantity": given["quantity"], "households": lines}, listing.unit_grams)
    except FormError as error:
        raise Conflict("harvest_invalid", N_("This harvest cannot be right."), **error.fields) from error
    foreseen = foresee(listing, given["quantity"], grams, now=clock.now())
    portions = portion_rows(foreseen.portions, household_codes(grams))
    return {"goods_fen": foreseen.goods_fen, "farm_fen": foreseen.farm_fen, "portions": portions}


@blueprint.get("/pooling")
@for_farm(Scope.STOCK)
@blueprint.response(200, SharedLotsSchema)
def shared_lots() -> dict[str, Any]:
    """Your cooperative's harvests of several, with what each of those has of their money."""
    lots = pooled_lots_of(own_cooperative().id)
    codes = household_codes({one.household_id for row in lots for one in row.portions})
    return {
        "items": [
            {
                "lot": row.lot.public_id,
                "listing": row.listing.public_id,
                "harvested_on": row.lot.harvested_on,
                "grams": row.grams,
                "earned_fen": row.earned_fen,
                "portions": portion_rows(row.portions, codes),
            }
            for row in lots
        ]
    }


@blueprint.get("/brought")
@only(RoleKind.FARMER)
@blueprint.response(200, OwnPartsSchema)
@problems(404)
def own_parts() -> dict[str, Any]:
    """What your own household brought to cooperatives, and your part of it; nothing of the others."""
    return {
        "items": [
            {
                "seller": row.seller.public_id,
                "listing": row.listing.public_id,
                "harvested_on": row.harvested_on,
                "grams": row.grams,
                "part_fen": row.fen,
            }
            for row in brought_by(own_farm_household_id())
        ]
    }
