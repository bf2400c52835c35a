"""A farm's own listings, harvests and orders, one by one or from a table."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

from marketplace.catalogue.models import UNIT_GRAMS, Listing, ListingState, Producer, Unit
from marketplace.catalogue.queries import own_listing, producer_listings, products
from marketplace.catalogue.service import Offer, add_harvest, change_listing, create_listing, publish, withdraw
from marketplace.catalogue.terms import terms_of
from marketplace.delivery.models import Temperature
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.orders.models import Order
from marketplace.orders.queries import orders_of_producer
from marketplace.orders.states import OrderState
from marketplace.web.acting import acting, current_seller
from marketplace.web.api.documents import BODY, problems
from marketplace.web.api.for_farms import for_farm
from marketplace.web.api.inputs import (
    AREA,
    SLUG,
    FenField,
    InputSchema,
    Line,
    Prose,
    QuantityField,
    QueryDay,
    Spelled,
    WholeField,
    YesNoField,
)
from marketplace.web.api.preconditions import check_unchanged, if_match
from marketplace.web.api.schemas import OrderSchema, OutputSchema, Quantity, fen
from marketplace.web.api.selling import blueprint
from marketplace.web.forms import FormError
from marketplace.web.listing_import import import_listings
from marketplace.web.portals.producer_forms import check_harvest_day, read_contributions

HOUSEHOLD = re.compile(r"[0-9]{16}")
_LONGEST_STORY = 4000


class WordsSchema(InputSchema):
    """What can be said of a listing anew at any time."""

    title_zh = Line(80)
    title_en = Line(120)
    story_zh = Prose(_LONGEST_STORY, may_be_empty=True)
    story_en = Prose(_LONGEST_STORY, may_be_empty=True)
    delivers_to = Spelled(AREA, most=12, allow_none=True, metadata={"description": "Around the village; null for everywhere"})


class BroughtSchema(InputSchema):
    """How much of a cooperative's harvest a household brought."""

    code = Spelled(HOUSEHOLD, most=16, required=True, metadata={"description": "The household’s 16 digits"})
    grams = WholeField(1, 99_999_999, required=True)


class NewHarvestSchema(InputSchema):
    """A harvest that goes on stock; a cooperative says whose it is."""

    harvested_on = QueryDay(required=True)
    quantity = QuantityField(required=True)
    households = fields.List(fields.Nested(BroughtSchema), load_default=list, validate=validate.Length(max=200))


class NewListingSchema(WordsSchema):
    """A new listing with its first harvest."""

    title_zh = Line(80, required=True)
    product = Spelled(SLUG, most=40, required=True, metadata={"description": "A kind of goods, by its slug"})
    unit = fields.String(required=True, validate=validate.OneOf([unit.value for unit in Unit]))
    unit_grams = WholeField(1, 1_000_000, load_default=None, allow_none=True)
    price_fen = FenField(least=1, required=True)
    harvest = fields.Nested(NewHarvestSchema, required=True)


class OwnListingSchema(OutputSchema):
    """A farm's own listing in whatever state; one whose price is to be looked at first stays a draft."""

    public_id = fields.String()
    product = fields.String(attribute="product.slug")
    title_zh = fields.String()
    title_en = fields.String()
    story_zh = fields.String()
    story_en = fields.String()
    unit = fields.String(validate=validate.OneOf([unit.value for unit in Unit]))
    unit_grams = fields.Integer()
    price_fen = fen()
    state = fields.String(validate=validate.OneOf([state.value for state in ListingState]))
    available = Quantity()
    delivers_to = fields.String(allow_none=True)


class OwnListingsSchema(OutputSchema):
    """All listings of a farm, newest first."""

    items = fields.List(fields.Nested(OwnListingSchema))


class FarmOrdersSchema(OutputSchema):
    """The newest orders of a farm, at most fifty."""

    items = fields.List(fields.Nested(OrderSchema))


class FarmOrdersQuerySchema(InputSchema):
    """In which state."""

    state = fields.String(validate=validate.OneOf([state.value for state in OrderState]))


class TableSchema(InputSchema):
    """A table as text: CSV with a header, as the farm's page of the same name takes it."""

    table = fields.String(required=True, validate=validate.Length(1, 200_000))
    dry_run = YesNoField(load_default=True)


class RowSchema(OutputSchema):
    """What is wrong with a row, by column."""

    line = fields.Integer()
    title = fields.String()
    errors = fields.Dict(keys=fields.String(), values=fields.String())


class ImportedSchema(OutputSchema):
    """What became of a table: ``written`` only if no row was wrong and it was no dry run."""

    written = fields.Boolean()
    rows = fields.List(fields.Nested(RowSchema))


@blueprint.get("/listings")
@for_farm(Scope.LIST, Scope.STOCK, any_of=True)
@blueprint.response(200, OwnListingsSchema)
@problems(404)
def farm_listings() -> dict[str, Any]:
    """Everything your farm sells or has sold."""
    return {"items": producer_listings(current_seller().producer.id)}


@blueprint.get("/listings/<public_id:public_id>")
@for_farm(Scope.LIST, Scope.STOCK, any_of=True)
@blueprint.response(200, OwnListingSchema)
@problems(404)
def farm_listing(public_id: str) -> Listing:
    """One listing of your farm; its ETag goes into `If-Match` of a change of its words."""
    return own_listing(public_id, current_seller().producer.id)


@blueprint.post("/listings")
@for_farm(Scope.LIST, Scope.STOCK)
@blueprint.arguments(NewListingSchema)
@blueprint.response(201, OwnListingSchema)
@problems(404, 409, *BODY)
def new_listing(given: dict[str, Any]) -> Listing:
    """Write a listing with its first harvest and put it on sale.

    One whose price is far from any that was seen stays a draft until the operator has looked at it.
    """
    producer, now = current_seller().producer, clock.now()
    product = next((product for product in products() if product.slug == given["product"]), None)
    if product is None:
        raise Conflict("product_unknown", N_("There is no such kind of goods."))
    unit = Unit(given["unit"])
    if unit not in UNIT_GRAMS and given["unit_grams"] is None:
        raise Conflict("unit_grams_needed", N_("Please say what one of them weighs."))
    offer = Offer(
        product=product,
        title_zh=given["title_zh"],
        title_en=given.get("title_en") or product.name_en,
        unit=unit,
        unit_grams=given["unit_grams"] or 0,
        price_fen=given["price_fen"],
        story_zh=given.get("story_zh", ""),
        story_en=given.get("story_en", ""),
        delivers_to=given.get("delivers_to"),
    )
    with acting(now) as actor:
        listing = create_listing(producer, offer, actor=actor, now=now)
        _bring_in(producer, listing, given["harvest"], actor=actor, now=now)
        publish(listing, actor=actor, now=now)
    return listing


def _bring_in(producer: Producer, listing: Listing, harvest: dict[str, Any], *, actor: str, now: datetime) -> None:
    day: date = harvest["harvested_on"]
    quantity: Decimal = harvest["quantity"]
    households = "\n".join(f"{row['code']} {row['grams']}" for row in harvest["households"])
    try:
        check_harvest_day(day, now=now)
        grams = read_contributions(producer, {"quantity": quantity, "households": households}, listing.unit_grams)
    except FormError as error:
        raise Conflict("harvest_invalid", N_("This harvest cannot be right."), **error.fields) from error
    add_harvest(listing, quantity, day, grams, actor=actor, now=now)


@blueprint.patch("/listings/<public_id:public_id>")
@if_match
@for_farm(Scope.LIST)
@blueprint.arguments(WordsSchema)
@blueprint.response(200, OwnListingSchema)
@problems(404, 409, *BODY)
def change_words(given: dict[str, Any], public_id: str) -> Listing:
    """Say something anew of a listing; what is left out stays. Its price has an address of its own (`…/pricing`)."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id, lock=True)
        check_unchanged(OwnListingSchema(), listing)
        kept = {name: getattr(listing, name) for name in ("title_zh", "title_en", "story_zh", "story_en", "delivers_to")}
        terms = terms_of(listing)
        weight = terms.catch_weight
        offer = Offer(
            product=listing.product,
            unit=Unit(listing.unit),
            unit_grams=listing.unit_grams,
            price_fen=listing.price_fen if weight is None else weight.price_fen,
            temperature=Temperature(listing.temperature),
            terms=terms,
            **{**kept, **given},
        )
        change_listing(listing, offer, actor=actor, now=now)
        return listing


@blueprint.post("/listings/<public_id:public_id>/harvests")
@for_farm(Scope.STOCK)
@blueprint.arguments(NewHarvestSchema)
@blueprint.response(200, OwnListingSchema)
@problems(404, 409, *BODY)
def bring_in(given: dict[str, Any], public_id: str) -> Listing:
    """Put a new harvest on stock."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id, lock=True)
        _bring_in(producer, listing, given, actor=actor, now=now)
        return listing


@blueprint.post("/listings/<public_id:public_id>/publish")
@for_farm(Scope.LIST)
@blueprint.response(200, OwnListingSchema)
@problems(404, 409)
def put_on_sale(public_id: str) -> Listing:
    """Show a listing to buyers; again, it changes nothing. `nothing_in_stock` (409) without a harvest."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id, lock=True)
        if listing.available <= 0:
            raise Conflict("nothing_in_stock", N_("Add a harvest first, so that people can buy it."))
        if listing.state != ListingState.ON_SALE:
            publish(listing, actor=actor, now=now)
        return listing


@blueprint.post("/listings/<public_id:public_id>/withdraw")
@for_farm(Scope.LIST)
@blueprint.response(200, OwnListingSchema)
@problems(404)
def take_from_sale(public_id: str) -> Listing:
    """Take a listing from sale; again, it changes nothing."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id, lock=True)
        if listing.state == ListingState.ON_SALE:
            withdraw(listing, actor=actor, now=now)
        return listing


@blueprint.post("/imports")
@for_farm(Scope.LIST, Scope.STOCK)
@blueprint.arguments(TableSchema)
@blueprint.response(200, ImportedSchema)
@problems(404, 409, *BODY)
def import_table(given: dict[str, Any]) -> dict[str, Any]:
    """Put the listings of a table on sale, all of them or, if a single row is wrong, none.

    A dry run, which is what is done unless `dry_run` is false, does everything and takes it back: it reports what would happen,
    row by row. `table_unreadable`, `table_empty`, `table_too_long` and `columns_invalid` (409) for what is no such table.
    """
    producer, now = current_seller().producer, clock.now()
    try:
        rows = import_listings(producer, given["table"], dry_run=given["dry_run"], transaction=lambda: acting(now), now=now)
    except Invalid as error:
        raise Conflict(error.code, error.message, **error.data) from error
    return {"written": not given["dry_run"] and not any(row.errors for row in rows), "rows": rows}


@blueprint.get("/orders")
@for_farm(Scope.SHIP)
@blueprint.arguments(FarmOrdersQuerySchema, location="query")
@blueprint.response(200, FarmOrdersSchema)
@problems(404, 422)
def farm_orders(given: dict[str, Any]) -> dict[str, list[Order]]:
    """What was ordered of your farm, newest first."""
    rows = orders_of_producer(current_seller().producer.id)
    return {"items": [row for row in rows if given.get("state") in (None, row.state)]}
