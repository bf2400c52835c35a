"""What programs are given. Every schema lists its fields; none of them is an id from inside the database."""

from decimal import Decimal
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from marketplace.catalogue.catch_weight import WEIGHT_UNITS
from marketplace.catalogue.models import UNIT_GRAMS, CertificateKind, CertificateState, Unit
from marketplace.catalogue.pricing import price_of_grams
from marketplace.catalogue.suggestions import Suggested
from marketplace.catalogue.terms import catch_weight_of
from marketplace.delivery.models import MethodKind, Temperature
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
        metadata = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "example": "1.5", **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)

    def _serialize(self, value: Decimal | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


def fen(**kwargs: Any) -> fields.Integer:
    """An amount in fen that is never negative."""
    return fields.Integer(metadata={"minimum": 0, "maximum": LARGEST_FEN}, **kwargs)


def given_back() -> fields.Integer:
    """What of an order its buyer has paid and is given back."""
    words = "Of what was paid: promised back to the buyer, on its way or there"
    return fields.Integer(attribute="given_back_fen", metadata={"minimum": 0, "maximum": LARGEST_FEN, "description": words})


def uncharged() -> fields.Integer:
    """What of an order its buyer was never asked for."""
    words = "Of the total: taken off before anything was paid, by the scales, a short harvest or a lost parcel"
    return fields.Integer(metadata={"minimum": 0, "maximum": LARGEST_FEN, "description": words})


class PricePerKilogram(fields.Integer):
    """What a kilogram of a listing, or of a row with its columns, costs; rounded half up."""

    def __init__(self, **kwargs: Any) -> None:
        documented = {"minimum": 0, "maximum": LARGEST_FEN, "description": "To compare packs by; rounded half up"}
        super().__init__(metadata=documented, **kwargs)

    def get_value(self, obj: Any, attr: str, accessor: Any = None, default: Any = None) -> int:
        """Of catch weight exactly, else from the unit's price and grams."""
        weight = catch_weight_of(obj)
        if weight is not None:
            return price_of_grams(weight.price_fen, UNIT_GRAMS[weight.unit], 1000)
        return price_of_grams(obj.price_fen, obj.unit_grams, 1000)


class CatchWeightField(fields.Nested):
    """The catch weight of a listing, or of a row with its columns."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(CatchWeightSchema, allow_none=True, **kwargs)

    def get_value(self, obj: Any, attr: str, accessor: Any = None, default: Any = None) -> Any:
        """Null for goods whose weight is known."""
        return catch_weight_of(obj)


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


class CatchWeightSchema(OutputSchema):
    """Sold by the piece, weighed when packed: `price_fen` is for one `unit`; the most is charged, the rest given back."""

    unit = fields.String(validate=validate.OneOf([unit.value for unit in WEIGHT_UNITS]))
    price_fen = fen()
    grams_min = fields.Integer()
    grams_max = fields.Integer()


class TierSchema(OutputSchema):
    """From a quantity on, all of it costs this for each unit."""

    from_quantity = Quantity()
    price_fen = fen()


class NextTierSchema(OutputSchema):
    """How much more makes all of it cheaper."""

    more = Quantity()
    price_fen = fen()
    less_fen = fen()


class ListingSchema(OutputSchema):
    """One producer's offer, as a list shows it."""

    public_id = fields.String()
    title_zh = fields.String()
    title_en = fields.String()
    unit = fields.String(validate=validate.OneOf([unit.value for unit in Unit]))
    unit_grams = fields.Integer(metadata={"description": "What one unit weighs"})
    price_fen = fen()
    price_per_kg_fen = PricePerKilogram()
    minimum_quantity = Quantity(allow_none=True)
    catch_weight = CatchWeightField()
    available = Quantity()
    harvested_on = fields.Date(allow_none=True)
    expected_on = fields.Date(allow_none=True, metadata={"description": "The harvest to wait for, where nothing ripe is left"})
    opens_on = fields.Date(allow_none=True, metadata={"description": "Cannot be ordered before this day"})
    closes_on = fields.Date(allow_none=True, metadata={"description": "Cannot be ordered after this day"})
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
    expected = fields.Boolean(metadata={"description": "Still to be harvested, about that day; paid in advance, sent after it"})


class PhotoSchema(OutputSchema):
    """A photo, encoded as WebP with a long side of 320, 800 or 1600 pixels at the most."""

    public_id = fields.String()
    width = fields.Integer(metadata={"description": "Of the largest"})
    height = fields.Integer(metadata={"description": "Of the largest"})
    alt_zh = fields.String()
    alt_en = fields.String()
    url_320 = fields.String()
    url_800 = fields.String()
    url_1600 = fields.String()


class PhotosSchema(OutputSchema):
    """A listing's photos in their order."""

    items = fields.List(fields.Nested(PhotoSchema))


class WindowSchema(OutputSchema):
    """When a listing can be ordered."""

    opens_on = fields.Date(allow_none=True)
    closes_on = fields.Date(allow_none=True)


_CERTIFICATE_KINDS = [kind.value for kind in CertificateKind]


class ShownCertificateSchema(OutputSchema):
    """A certificate that was verified and is valid today."""

    kind = fields.String(validate=validate.OneOf(_CERTIFICATE_KINDS))
    number = fields.String()
    issuer = fields.String()
    valid_to = fields.Date()
    lot = fields.String(allow_none=True, metadata={"description": "The one lot it is about, if it is about one"})
    name_zh = fields.String(allow_none=True, metadata={"description": "The protected name of origin"})
    name_en = fields.String(allow_none=True)


class LotPageSchema(OutputSchema):
    """A lot as everybody may know it."""

    public_id = fields.String()
    listing = fields.String()
    title_zh = fields.String()
    title_en = fields.String()
    harvested_on = fields.Date()
    expected = fields.Boolean()
    places = fields.List(fields.String(), metadata={"description": "From the province down to the village"})
    certificates = fields.List(fields.Nested(ShownCertificateSchema))


class CertificateSchema(OutputSchema):
    """A certificate that the caller has handed in."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf(_CERTIFICATE_KINDS))
    number = fields.String()
    issuer = fields.String()
    valid_from = fields.Date()
    valid_to = fields.Date()
    state = fields.String(validate=validate.OneOf([state.value for state in CertificateState]))
    refusal = fields.String(metadata={"description": "Why it was refused, otherwise empty"})
    indication = fields.String(allow_none=True)


class CertificatesSchema(OutputSchema):
    """All certificates of the caller's goods."""

    items = fields.List(fields.Nested(CertificateSchema))


class ListingDetailSchema(ListingSchema):
    """An offer with its story and its harvests."""

    product_zh = fields.String()
    product_en = fields.String()
    category = fields.Nested(CategorySchema)
    story_zh = fields.String()
    story_en = fields.String()
    season_weeks = fields.List(fields.Integer(), metadata={"description": "ISO weeks"})
    tiers = fields.List(fields.Nested(TierSchema))
    lots = fields.List(fields.Nested(LotSchema))
    photos = fields.List(fields.Nested(PhotoSchema))
    certificates = fields.List(fields.Nested(ShownCertificateSchema))
    price_checked_on = fields.Date(
        allow_none=True, metadata={"description": "The day on which the price was found to fit market prices"}
    )


class SuggestionSchema(OutputSchema):
    """Something that a started word may mean."""

    kind = fields.String(validate=validate.OneOf([kind.value for kind in Suggested]))
    key = fields.String(metadata={"description": "A slug, an area's code or a listing's public id"})
    name_zh = fields.String()
    name_en = fields.String(metadata={"description": "Empty for a village"})


class SuggestionsSchema(OutputSchema):
    """What a started word may mean, best first."""

    items = fields.List(fields.Nested(SuggestionSchema))


class FacetSchema(OutputSchema):
    """How many of a list have one value."""

    value = fields.String()
    count = fields.Integer()


class FacetsSchema(OutputSchema):
    """What a list can be narrowed by."""

    category = fields.List(fields.Nested(FacetSchema))
    county = fields.List(fields.Nested(FacetSchema))
    price_band = fields.List(fields.Nested(FacetSchema))
    badge = fields.List(fields.Nested(FacetSchema), metadata={"description": "1: supports registered households"})
    season = fields.List(fields.Nested(FacetSchema), metadata={"description": "1: in season this week"})
    harvest = fields.List(fields.Nested(FacetSchema), metadata={"description": "Picked within so many days"})


class ListingsSchema(OutputSchema):
    """One page of listings; the Link header names the others."""

    items = fields.List(fields.Nested(ListingSchema))
    page = fields.Integer()
    pages = fields.Integer()
    total = fields.Integer(metadata={"description": "Counted up to 1000"})
    corrected = fields.Boolean(metadata={"description": "A typo was forgiven"})
    meant = fields.String(allow_none=True, metadata={"description": "The words that were taken instead, if any"})
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
    price_fen = fen()
    price_per_kg_fen = PricePerKilogram()
    minimum_quantity = Quantity(allow_none=True)
    catch_weight = CatchWeightField()
    available = Quantity()
    village = fields.String()
    producer_zh = fields.String()
    producer_en = fields.String()


class BasketLineSchema(OutputSchema):
    """A quantity of one listing at today's price."""

    public_id = fields.String()
    listing = fields.Nested(BasketListingSchema)
    quantity = Quantity()
    price_fen = fen()
    total_fen = fen()
    next_tier = fields.Nested(NextTierSchema, allow_none=True)
    problem = fields.String(
        allow_none=True,
        validate=validate.OneOf(["sold_out", "held", "too_few", "below_minimum", "withdrawn", "not_in_season", None]),
        metadata={"description": "`held`: others are just buying the last of it, and it may be free again in ten minutes"},
    )
    # What is there for this basket, without what is kept for others.
    left = Quantity()
    price_changed = fields.Boolean(metadata={"description": "Since it was put in"})
    waits_for = Quantity(metadata={"description": "How much of it is still to be harvested"})


class BasketSchema(OutputSchema):
    """What somebody means to buy. ``public_id`` is null while there is nothing in it."""

    public_id = fields.String(allow_none=True)
    lines = fields.List(fields.Nested(BasketLineSchema))
    total_fen = fen()
    ready = fields.Boolean(metadata={"description": "Whether it can be bought as it stands"})
    held_until = fields.AwareDateTime(allow_none=True, metadata={"description": "Until when the goods are kept for you"})


class WeighingSchema(OutputSchema):
    """What was to be weighed of a line when it is packed; `grams` is null until then, and the line's total the most."""

    public_id = fields.String()
    unit = fields.String(validate=validate.OneOf([unit.value for unit in WEIGHT_UNITS]))
    price_fen = fen()
    least_grams = fields.Integer()
    most_grams = fields.Integer()
    most_fen = fen()
    grams = fields.Integer(allow_none=True)
    weighed_at = fields.AwareDateTime(allow_none=True)


class OrderLineSchema(OutputSchema):
    """What was bought from one lot, as it was then."""

    title_zh = fields.String()
    title_en = fields.String()
    producer_zh = fields.String()
    producer_en = fields.String()
    area_code = fields.String()
    harvested_on = fields.Date()
    expected = fields.Boolean(metadata={"description": "Still to be harvested, about that day"})
    missing = Quantity(metadata={"description": "What the harvest did not bring of it, which is paid back"})
    unit = fields.String()
    unit_grams = fields.Integer()
    quantity = Quantity()
    price_fen = fen()
    total_fen = fen()
    weighing = fields.Nested(WeighingSchema, allow_none=True)


class OrderDeliverySchema(OutputSchema):
    """How an order was agreed to travel."""

    kind = fields.String(validate=validate.OneOf([kind.value for kind in MethodKind]))
    name_zh = fields.String()
    name_en = fields.String()
    place_zh = fields.String(metadata={"description": "The hub or the pickup point; empty for a courier"})
    place_en = fields.String()
    place_address = fields.String()
    temperature = fields.String(validate=validate.OneOf([temperature.value for temperature in Temperature]))
    grams = fields.Integer()
    arrives_from = fields.Date()
    arrives_to = fields.Date()


class OrderSchema(OutputSchema):
    """One seller's part of a purchase."""

    public_id = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in OrderState]))
    total_fen = fen()
    refunded_fen = given_back()
    uncharged_fen = uncharged()
    goods_fen = fen()
    delivery_fen = fen()
    delivery = fields.Nested(OrderDeliverySchema, allow_none=True, metadata={"description": "Null where it is included"})
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
    total_fen = fen()
    recipient = fields.String()
    phone = fields.String()
    area_code = fields.String(allow_none=True)
    address = fields.String()
    orders = fields.List(fields.Nested(OrderSchema))


class PaymentSchema(OutputSchema):
    """What is owed for a purchase; ``reference`` is what the payer writes on the transfer."""

    reference = fields.String()
    method = fields.String(validate=validate.OneOf([method.value for method in PaymentMethod]))
    amount_fen = fen()
    state = fields.String(validate=validate.OneOf([state.value for state in PaymentState]))


class PayPageSchema(OutputSchema):
    """Where a purchase is paid; null when its money has come or is on its way."""

    pay_url = fields.String(allow_none=True)


class PurchaseSchema(OrderGroupSchema):
    """A purchase with its payment."""

    payment = fields.Nested(PaymentSchema)


class PricingSchema(OutputSchema):
    """What a listing costs; `price_fen` is for a unit, of catch weight for one unit of weight."""

    price_fen = fen()
    minimum_quantity = Quantity(allow_none=True)
    tiers = fields.List(fields.Nested(TierSchema))
    catch_weight = fields.Nested(CatchWeightSchema, allow_none=True)


class OrderGroupsSchema(OutputSchema):
    """One page of purchases, newest first; ``next`` goes into ``after`` for the page that follows."""

    items = fields.List(fields.Nested(OrderGroupSchema))
    next = fields.String(allow_none=True)
