"""What the programs of enterprises and farms read and send of demands, quotes, bids, contracts and weighing."""

import re
from typing import Any

from marshmallow import fields, validate

from marketplace.catalogue.models import CertificateKind
from marketplace.sourcing import demands
from marketplace.sourcing.enterprises import LARGEST_PRICE_FEN
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import DemandKind, DemandWay
from marketplace.sourcing.states import BidState, ContractState, DemandState, PartState, QuoteState, TenderState
from marketplace.web.api.inputs import AREA, InputSchema, Prose, PublicIdField, Spelled, WholeField, YesNoField
from marketplace.web.api.schemas import OutputSchema, fen

MOST_G = 999_999_999
GOODS = re.compile(r"[a-z0-9-]{1,80}")


def _one_of(kind: Any) -> validate.OneOf:
    return validate.OneOf([one.value for one in kind])


class DeliverySchema(OutputSchema):
    """One delivery of a demand."""

    number = fields.Integer()
    opens_on = fields.Date()
    closes_on = fields.Date()
    wanted_g = fields.Integer()


class DemandSchema(OutputSchema):
    """What an enterprise wants."""

    public_id = fields.String()
    reference = fields.String()
    enterprise = fields.String(attribute="enterprise.public_id")
    state = fields.String(validate=_one_of(DemandState))
    kind = fields.String(validate=_one_of(DemandKind))
    way = fields.String(validate=_one_of(DemandWay))
    product = fields.String(attribute="product.slug", allow_none=True)
    category = fields.String(attribute="category.slug", allow_none=True)
    grade = fields.String(validate=_one_of(Grade))
    price_ceiling_fen_kg = fen()
    tolerance_bp = fields.Integer()
    certificate_kinds = fields.List(fields.String(validate=_one_of(CertificateKind)))
    origin_code = fields.String()
    words = fields.String()
    answer_by_at = fields.AwareDateTime()
    deliveries = fields.List(fields.Nested(DeliverySchema))


class DemandsSchema(OutputSchema):
    """Several of them."""

    items = fields.List(fields.Nested(DemandSchema))


class QuoteSchema(OutputSchema):
    """What a farm offers for a demand, as the last round says."""

    public_id = fields.String()
    demand = fields.String(attribute="demand.public_id")
    listing = fields.String(attribute="listing.public_id")
    state = fields.String(validate=_one_of(QuoteState))
    grams = fields.Integer()
    fen_kg = fen()
    round = fields.Integer()
    due_at = fields.AwareDateTime(allow_none=True)


class BidSchema(OutputSchema):
    """A bid after the opening."""

    public_id = fields.String()
    listing = fields.String(attribute="listing.public_id")
    state = fields.String(validate=_one_of(BidState))
    grams = fields.Integer()
    fen_kg = fen()


class AnswersSchema(OutputSchema):
    """All answers to a demand: quotes, or the bids once they were opened."""

    quotes = fields.List(fields.Nested(QuoteSchema))
    tender = fields.String(validate=_one_of(TenderState), allow_none=True)
    bids = fields.List(fields.Nested(BidSchema))


class AcceptanceSchema(OutputSchema):
    """What was found of a part on the buyer's scales, in grams; from ``least_g`` to ``most_g`` is as agreed."""

    number = fields.Integer()
    ordered_g = fields.Integer()
    least_g = fields.Integer()
    most_g = fields.Integer()
    weighed_g = fields.Integer()
    accepted_g = fields.Integer()
    refused_g = fields.Integer()
    short_g = fields.Integer()
    surplus_g = fields.Integer()
    grade = fields.String(validate=_one_of(Grade))
    refused_because = fields.String()
    refused_goes = fields.String(allow_none=True)
    received_at = fields.AwareDateTime()
    seller_word = fields.String(allow_none=True)
    seller_says = fields.String()
    pictures = fields.Function(
        lambda record: len(record.pictures), metadata={"type": "integer", "description": "How many pictures were taken"}
    )


class ContractPartSchema(OutputSchema):
    """One seller's part of one delivery."""

    public_id = fields.String()
    delivery = fields.Integer(attribute="delivery.number")
    listing = fields.String(attribute="listing.public_id")
    order = fields.String(attribute="order.public_id", allow_none=True)
    surplus_order = fields.String(attribute="surplus_order.public_id", dump_default=None, allow_none=True)
    state = fields.String(validate=_one_of(PartState))
    grams = fields.Integer()
    fen_kg = fen()
    total_fen = fen()
    accepted_g = fields.Integer(allow_none=True)
    invoice_matches = fields.Boolean(allow_none=True)
    reason = fields.String()
    records = fields.List(fields.Nested(AcceptanceSchema))


class ContractSchema(OutputSchema):
    """A contract with its parts."""

    public_id = fields.String()
    reference = fields.String()
    demand = fields.String(attribute="demand.public_id")
    state = fields.String(validate=_one_of(ContractState))
    grams = fields.Integer()
    total_fen = fen()
    parts = fields.List(fields.Nested(ContractPartSchema))


class ContractsSchema(OutputSchema):
    """Several of them."""

    items = fields.List(fields.Nested(ContractSchema))


class SealedSchema(OutputSchema):
    """The receipt of a sealed bid: the SHA-256 of its sealed bytes."""

    public_id = fields.String()
    digest = fields.String()


class SourcingDoneSchema(OutputSchema):
    """``done`` is false where it had been done before."""

    done = fields.Boolean()


class DeliveryWindowSchema(InputSchema):
    """The days on which a delivery may come, and how much is wanted."""

    opens_on = fields.Date(required=True)
    closes_on = fields.Date(required=True)
    wanted_g = WholeField(1, MOST_G, required=True)


class DemandInputSchema(InputSchema):
    """A demand; ``goods`` is the slug of a product, or of a category."""

    place = PublicIdField(required=True)
    goods = Spelled(GOODS, most=80, required=True)
    by_category = YesNoField(load_default=False)
    windows = fields.List(
        fields.Nested(DeliveryWindowSchema), required=True, validate=validate.Length(min=1, max=demands.MOST_DELIVERIES)
    )
    price_ceiling_fen_kg = WholeField(1, LARGEST_PRICE_FEN, required=True)
    way = fields.String(required=True, validate=_one_of(DemandWay))
    answer_by_at = fields.AwareDateTime(required=True)
    grade = fields.String(load_default=Grade.UNGRADED.value, validate=_one_of(Grade))
    tolerance_bp = WholeField(0, 5_000, load_default=0)
    certificate_kinds = fields.List(
        fields.String(validate=_one_of(CertificateKind)), load_default=list, validate=validate.Length(max=5)
    )
    origin_code = Spelled(AREA, most=12, load_default="")
    kind = fields.String(load_default=DemandKind.ONE_OFF.value, validate=_one_of(DemandKind))
    most_households = WholeField(1, 10_000, load_default=None)
    budget_reserved = YesNoField(load_default=False)
    words = Prose(400, may_be_empty=True, load_default="")


class FiguresSchema(InputSchema):
    """Grams over all deliveries, and the price of a kilogram."""

    grams = WholeField(1, MOST_G, required=True)
    fen_kg = WholeField(1, LARGEST_PRICE_FEN, required=True)
    words = Prose(400, may_be_empty=True, load_default="")


class QuoteInputSchema(FiguresSchema):
    """The same, of one of the farm's own listings."""

    listing = PublicIdField(required=True)


class BidInputSchema(InputSchema):
    """What a bid says; nobody reads it before the opening."""

    listing = PublicIdField(required=True)
    grams = WholeField(1, MOST_G, required=True)
    fen_kg = WholeField(1, LARGEST_PRICE_FEN, required=True)


class QuoteReplySchema(InputSchema):
    """Other figures; both left out agrees to those that stand."""

    grams = WholeField(1, MOST_G, load_default=None)
    fen_kg = WholeField(1, LARGEST_PRICE_FEN, load_default=None)
    words = Prose(400, may_be_empty=True, load_default="")


class ChosenSchema(InputSchema):
    """The quotes or bids a contract is made of."""

    chosen = fields.List(PublicIdField(), required=True, validate=validate.Length(min=1, max=200))


class ContractReasonSchema(InputSchema):
    """Why."""

    words = Prose(200, required=True)


class WeighingInputSchema(InputSchema):
    """What was found on the scales, in grams: all of it is accepted or refused.

    What is within the demand's tolerance is accepted and paid by weight; more of it is taken only where ``takes_surplus`` says
    so, and the caller's limit covers it.
    """

    weighed_g = WholeField(0, MOST_G, required=True)
    accepted_g = WholeField(0, MOST_G, required=True)
    refused_g = WholeField(0, MOST_G, load_default=0)
    grade = fields.String(load_default=Grade.UNGRADED.value, validate=_one_of(Grade))
    refused_because = Prose(200, may_be_empty=True, load_default="")
    goes_back = YesNoField(load_default=True)
    takes_surplus = YesNoField(load_default=False)
