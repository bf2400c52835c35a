"""Unusual prices: what the operator makes of them, what a farm says for one, and by which numbers they are judged."""

from decimal import Decimal
from typing import Any

from flask_smorest import Blueprint
from marshmallow import ValidationError, fields, validate

from marketplace.catalogue.models import Basis, PriceCheck, Review, Verdict
from marketplace.catalogue.price_checks import LEAST_TO_COMPARE, MOST_FACTOR, MOST_WEEKS, bounds_on, set_bounds
from marketplace.catalogue.price_evidence import PriceBounds
from marketplace.catalogue.price_reviews import accept, ask_seller, get_check, give_evidence, open_reviews, refuse
from marketplace.catalogue.queries import own_listing
from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.web.access import account
from marketplace.web.acting import acting, current_seller
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.for_farms import for_farm
from marketplace.web.api.inputs import InputSchema, Line, Prose, WholeField
from marketplace.web.api.schemas import OutputSchema, fen

blueprint: Blueprint = ApiBlueprint("api-prices", __name__, url_prefix="/api/v1", description="Unusual prices")

_CHECKS = "/operations/price-checks"
_MOST_WORDS, _MOST_LINK, _MOST_DAYS = 2_000, 500, 1_000


class FactorField(fields.Float):
    """A number above nothing, as a JSON number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"exclusiveMinimum": 0, "maximum": MOST_FACTOR}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if not isinstance(value, (int, Decimal)) or isinstance(value, bool) or not 0 < value <= MOST_FACTOR:
            raise ValidationError(N_("Please enter a number."))
        return float(value)


class PriceEvidenceSchema(OutputSchema):
    """What was said or shown for a price."""

    at = fields.AwareDateTime()
    given_by = fields.String(validate=validate.OneOf(["seller", "operator"]))
    words = fields.String()
    link = fields.String()


class PriceCheckSchema(OutputSchema):
    """An unusual price: ``expected_fen`` is the usual one of 500 g, ``deviation`` how many usual spreads it lies off."""

    public_id = fields.String()
    listing = fields.Function(lambda row: row.listing.public_id, metadata={"type": "string"})
    seller = fields.Function(lambda row: row.listing.producer.public_id, metadata={"type": "string"})
    at = fields.AwareDateTime()
    price_fen = fen()
    unit_grams = fields.Integer()
    basis = fields.String(validate=validate.OneOf([basis.value for basis in Basis]))
    expected_fen = fen(allow_none=True)
    deviation = fields.Float()
    verdict = fields.String(validate=validate.OneOf([verdict.value for verdict in Verdict]))
    review = fields.String(validate=validate.OneOf([review.value for review in Review]))
    question = fields.String(metadata={"description": "What the seller was asked or told"})
    evidence = fields.List(fields.Nested(PriceEvidenceSchema))


class PriceChecksSchema(OutputSchema):
    """What nobody has decided on; what keeps goods from sale first. At most 100."""

    items = fields.List(fields.Nested(PriceCheckSchema))


class PriceReasonSchema(InputSchema):
    """What shows that a price is right: words, a link, or both."""

    words = Prose(_MOST_WORDS, load_default="", may_be_empty=True)
    link = Line(_MOST_LINK, load_default="")


class PriceWordsSchema(InputSchema):
    """What the seller reads."""

    words = Prose(_MOST_WORDS, required=True)


class PriceBoundsSchema(OutputSchema):
    """The numbers by which prices are judged today."""

    weeks = fields.Integer()
    least_days = fields.Integer()
    least_listings = fields.Integer()
    markup = fields.Float()
    spread = fields.Float()
    flag_at = fields.Float()
    wait_at = fields.Float()


class PriceBoundsInSchema(InputSchema):
    """All of the numbers, and from which day on they hold; prices wait no nearer to the usual than they are flagged."""

    begins_on = fields.Date(required=True)
    weeks = WholeField(1, MOST_WEEKS, required=True)
    least_days = WholeField(LEAST_TO_COMPARE, _MOST_DAYS, required=True)
    least_listings = WholeField(LEAST_TO_COMPARE, _MOST_DAYS, required=True)
    markup = FactorField(required=True)
    spread = FactorField(required=True)
    flag_at = FactorField(required=True)
    wait_at = FactorField(required=True)


@blueprint.get(_CHECKS)
@only(RoleKind.OPERATOR)
@blueprint.response(200, PriceChecksSchema)
def price_checks() -> dict[str, Any]:
    """Unusual prices that nobody has decided on."""
    return {"items": open_reviews()}


@blueprint.get(f"{_CHECKS}/<public_id:public_id>")
@only(RoleKind.OPERATOR)
@blueprint.response(200, PriceCheckSchema)
@problems(404)
def price_check(public_id: str) -> PriceCheck:
    """One unusual price with what was said and shown for it."""
    return get_check(public_id)


@blueprint.post(f"{_CHECKS}/<public_id:public_id>/accept")
@only(RoleKind.OPERATOR)
@blueprint.arguments(PriceReasonSchema)
@blueprint.response(200, PriceCheckSchema)
@problems(404, 409, *BODY)
def price_accept(given: dict[str, str], public_id: str) -> PriceCheck:
    """Let a price stand for the reason given; goods that waited for it go on sale."""
    with transaction():
        accept(public_id, given["words"], given["link"], actor=account().public_id, now=clock.now())
    return get_check(public_id)


@blueprint.post(f"{_CHECKS}/<public_id:public_id>/ask")
@only(RoleKind.OPERATOR)
@blueprint.arguments(PriceWordsSchema)
@blueprint.response(200, PriceCheckSchema)
@problems(404, 409, *BODY)
def price_ask(given: dict[str, str], public_id: str) -> PriceCheck:
    """Ask the seller what shows that the price is right."""
    with transaction():
        ask_seller(public_id, given["words"], actor=account().public_id, now=clock.now())
    return get_check(public_id)


@blueprint.post(f"{_CHECKS}/<public_id:public_id>/refuse")
@only(RoleKind.OPERATOR)
@blueprint.arguments(PriceWordsSchema)
@blueprint.response(200, PriceCheckSchema)
@problems(404, 409, *BODY)
def price_refuse(given: dict[str, str], public_id: str) -> PriceCheck:
    """Refuse a price; the goods are not sold for it."""
    with transaction():
        refuse(public_id, given["words"], actor=account().public_id, now=clock.now())
    return get_check(public_id)


@blueprint.get("/operations/price-bounds")
@only(RoleKind.OPERATOR)
@blueprint.response(200, PriceBoundsSchema)
def price_bounds() -> PriceBounds:
    """The numbers by which prices are judged today."""
    return bounds_on(clock.local_day(clock.now()))


@blueprint.post("/operations/price-bounds")
@only(RoleKind.OPERATOR)
@blueprint.arguments(PriceBoundsInSchema)
@blueprint.response(200, PriceBoundsSchema)
@problems(*BODY)
def price_bounds_set(given: dict[str, Any]) -> PriceBounds:
    """Judge prices by other numbers from a day on; days that are over keep theirs. Answers what was set."""
    begins_on = given.pop("begins_on")
    bounds = PriceBounds(**given)
    with transaction():
        set_bounds(begins_on, bounds, actor=account().public_id, now=clock.now())
    return bounds


@blueprint.post("/farm/listings/<public_id:public_id>/price-evidence")
@for_farm(Scope.LIST)
@blueprint.arguments(PriceReasonSchema)
@blueprint.response(201, PriceEvidenceSchema)
@problems(404, 409, *BODY)
def price_evidence(given: dict[str, str], public_id: str) -> Any:
    """Say or show why the price of your goods is right; `price_not_asked` (409) where nobody has a question."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id)
        return give_evidence(listing, given["words"], given["link"], actor=actor, now=now)
