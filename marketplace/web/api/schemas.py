"""What programs are given. Every schema lists its fields; none of them is an id from inside the database."""

from decimal import Decimal
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from marketplace.catalogue.models import Unit
from marketplace.orders.states import OrderState
from marketplace.payments.models import PaymentMethod
from marketplace.payments.states import PaymentState
from marketplace.web.api.inputs import LARGEST_FEN
from marketplace.web.cards import REASONS


class OutputSchema(Schema):
    """Something a program is given: all of its fields, always."""

    class Meta:
        """Document that there is nothing else."""

        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """A field is always there, if empty as null."""
        field_obj.required = True


class Quantity(fields.Field[Decimal]):
    """A decimal as text without idle zeros: ``"1.5"``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "example": "1.5"}, **kwargs)

    def _serialize(self, value: Decimal | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


def _fen(**kwargs: Any) -> fields.Integer:
    return fields.Integer(metadata={"minimum": 0, "maximum": LARGEST_FEN}, **kwargs)


class TokenSchema(OutputSchema):
    """A token and how long it holds."""

    token = fields.String(metadata={"description": "Shown once; only its digest is kept"})
    token_type = fields.String(validate=validate.OneOf(["Bearer"]))
    expires_at = fields.AwareDateTime()


class CategorySchema(OutputSchema):
    """A shelf of the shop."""

    slug = fields.String()
    name_zh = fields.String()
    name_en = fields.String()


class CategoriesSchema(OutputSchema):
    """All shelves in their order."""

    items = fields.List(fields.Nested(CategorySchema))


class ListingSchema(OutputSchema):
    """One producer's offer, as a list shows it."""

    public_id = fields.String()
    title_zh = fields.String()
    title_en = fields.String()
    unit = fields.String(validate=validate.OneOf([unit.value for unit in Unit]))
    unit_grams = fields.Integer(metadata={"description": "What one unit weighs"})
    price_fen = _fen()
    available = Quantity()
    harvested_on = fields.Date(allow_none=True)
    village = fields.String()
    area_code = fields.String(metadata={"description": "The village's 12 digits"})
    producer_zh = fields.String()
    producer_en = fields.String()
    supports_registered = fields.Boolean(metadata={"description": "Whether buying it supports registered households"})


class LotSchema(OutputSchema):
    """A harvest behind a listing."""

    public_id = fields.String()
    harvested_on = fields.Date()
    on_hand = Quantity()


class ListingDetailSchema(ListingSchema):
    """An offer with its story and its harvests."""

    product_zh = fields.String()
    product_en = fields.String()
    category = fields.Nested(CategorySchema)
    story_zh = fields.String()
    story_en = fields.String()
    season_weeks = fields.List(fields.Integer(), metadata={"description": "ISO weeks"})
    lots = fields.List(fields.Nested(LotSchema))


class FacetSchema(OutputSchema):
    """How many of a list have one value."""

    value = fields.String()
    count = fields.Integer()


class FacetsSchema(OutputSchema):
    """What a list can be narrowed by."""

    category = fields.List(fields.Nested(FacetSchema))
    county = fields.List(fields.Nested(FacetSchema))
    price_band = fields.List(fields.Nested(FacetSchema))


class ListingsSchema(OutputSchema):
    """One page of listings; the Link header names the others."""

    items = fields.List(fields.Nested(ListingSchema))
    page = fields.Integer()
    pages = fields.Integer()
    total = fields.Integer(metadata={"description": "Counted up to 1000"})
    corrected = fields.Boolean(metadata={"description": "A typo was forgiven"})
    facets = fields.Nested(FacetsSchema)


class RecommendedSchema(OutputSchema):
    """A listing and why it is shown."""

    listing = fields.Nested(ListingSchema)
    reason = fields.String(validate=validate.OneOf(list(REASONS)))
    goes_with = fields.String(allow_none=True, metadata={"description": "Of the listings asked for, the one it goes with"})


class PolicySchema(OutputSchema):
    """The tilt that government has set: the shares that goods of registered households are to have."""

    public_id = fields.String()
    area_code = fields.String()
    exposure_share = fields.Float(allow_none=True)
    sales_share = fields.Float(allow_none=True)
    begins_on = fields.Date()


class RecommendationsSchema(OutputSchema):
    """A list to show, and by what it was made."""

    items = fields.List(fields.Nested(RecommendedSchema))
    personalised = fields.Boolean()
    policies = fields.List(fields.Nested(PolicySchema))


class BasketListingSchema(OutputSchema):
    """What a basket shows of a listing."""

    public_id = fields.String()
    title_zh = fields.String()
    title_en = fields.String()
    unit = fields.String()
    unit_grams = fields.Integer()
    price_fen = _fen()
    available = Quantity()
    village = fields.String()
    producer_zh = fields.String()
    producer_en = fields.String()


class BasketLineSchema(OutputSchema):
    """A quantity of one listing at today's price."""

    public_id = fields.String()
    listing = fields.Nested(BasketListingSchema)
    quantity = Quantity()
    total_fen = _fen()
    problem = fields.String(allow_none=True, validate=validate.OneOf(["sold_out", "too_few", "withdrawn", None]))
    price_changed = fields.Boolean(metadata={"description": "Since it was put in"})


class BasketSchema(OutputSchema):
    """What somebody means to buy. ``public_id`` is null while there is nothing in it."""

    public_id = fields.String(allow_none=True)
    lines = fields.List(fields.Nested(BasketLineSchema))
    total_fen = _fen()
    ready = fields.Boolean(metadata={"description": "Whether it can be bought as it stands"})


class OrderLineSchema(OutputSchema):
    """What was bought from one lot, as it was then."""

    title_zh = fields.String()
    title_en = fields.String()
    producer_zh = fields.String()
    producer_en = fields.String()
    area_code = fields.String()
    harvested_on = fields.Date()
    unit = fields.String()
    unit_grams = fields.Integer()
    quantity = Quantity()
    price_fen = _fen()
    total_fen = _fen()


class OrderSchema(OutputSchema):
    """One seller's part of a purchase."""

    public_id = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in OrderState]))
    total_fen = _fen()
    shipped_at = fields.AwareDateTime(allow_none=True)
    delivered_at = fields.AwareDateTime(allow_none=True)
    accepted_at = fields.AwareDateTime(allow_none=True)
    lines = fields.List(fields.Nested(OrderLineSchema))


class OrderGroupSchema(OutputSchema):
    """A purchase over all its sellers."""

    public_id = fields.String()
    reference = fields.String()
    placed_at = fields.AwareDateTime()
    paid_at = fields.AwareDateTime(allow_none=True)
    payment_method = fields.String(validate=validate.OneOf([method.value for method in PaymentMethod]))
    total_fen = _fen()
    recipient = fields.String()
    phone = fields.String()
    area_code = fields.String(allow_none=True)
    address = fields.String()
    orders = fields.List(fields.Nested(OrderSchema))


class PaymentSchema(OutputSchema):
    """What is owed for a purchase; ``reference`` is what the payer writes on the transfer."""

    reference = fields.String()
    method = fields.String(validate=validate.OneOf([method.value for method in PaymentMethod]))
    amount_fen = _fen()
    state = fields.String(validate=validate.OneOf([state.value for state in PaymentState]))


class PayPageSchema(OutputSchema):
    """Where a purchase is paid; null when its money has come or is on its way."""

    pay_url = fields.String(allow_none=True)


class PurchaseSchema(OrderGroupSchema):
    """A purchase with its payment."""

    payment = fields.Nested(PaymentSchema)


class OrderGroupsSchema(OutputSchema):
    """One page of purchases, newest first; ``next`` goes into ``after`` for the page that follows."""

    items = fields.List(fields.Nested(OrderGroupSchema))
    next = fields.String(allow_none=True)
