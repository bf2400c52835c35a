"""What a farmer may say of a price besides the price: steps, a least quantity, weighing when it is packed."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flask_babel import gettext
from marshmallow import fields

from marketplace.catalogue.catch_weight import WEIGHT_UNITS, CatchWeight
from marketplace.catalogue.models import UNIT_GRAMS, Listing, Unit
from marketplace.catalogue.pricing import MOST_TIERS, Tier
from marketplace.catalogue.quantities import check_quantity
from marketplace.catalogue.terms import Terms, catch_weight_of, terms_of
from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.money import plain_yuan
from marketplace.web.errors import message_of
from marketplace.web.filters import quantity
from marketplace.web.forms import Amount, FormError, FormSchema, Yuan
from marketplace.web.prices import range_of

_ROWS = range(1, MOST_TIERS + 1)
# Where a refusal of the catalogue belongs on the form.
FIELD_OF_CODE = {
    "tiers_too_many": "tier_from_1",
    "tiers_not_rising": "tier_from_1",
    "tiers_not_falling": "tier_price_1",
    "tiers_by_weight": "tier_from_1",
    "catch_weight_unit": "unit",
    "catch_weight_range": "piece_most",
}

PriceForm = FormSchema.from_dict(
    {
        "minimum_quantity": Amount(load_default=None),
        **{f"tier_from_{row}": Amount(load_default=None) for row in _ROWS},
        **{f"tier_price_{row}": Yuan(load_default=None) for row in _ROWS},
    },
    name="PriceForm",
)
WeighedForm = FormSchema.from_dict(
    {
        "weight_unit": fields.Enum(
            Unit, by_value=fields.String(), load_default=None, error_messages={"unknown": N_("Please choose a unit.")}
        ),
        "piece_least": Amount(load_default=None),
        "piece_most": Amount(load_default=None),
    },
    name="WeighedForm",
)


def read_terms(form: Mapping[str, Any], unit: Unit) -> Terms:
    """The terms of a new listing. The price on the form is that of the weight where one is chosen.

    Raises
    ------
    FormError
        With a message beside the field that is wrong.
    """
    terms = _read_price_terms(form, unit)
    if form["weight_unit"] is None:
        if form["piece_least"] is not None or form["piece_most"] is not None:
            raise FormError({"weight_unit": gettext("Please say whether the price is for a jin or for a kilogram.")})
        return terms
    return replace(terms, catch_weight=_read_catch_weight(form))


def changed_terms(form: Mapping[str, Any], listing: Listing) -> Terms:
    """The terms of a listing with another price, steps and least quantity; what a piece weighs stays."""
    weight = catch_weight_of(listing)
    terms = _read_price_terms(form, Unit(listing.unit))
    return terms if weight is None else replace(terms, catch_weight=replace(weight, price_fen=form["price"]))


def _read_price_terms(form: Mapping[str, Any], unit: Unit) -> Terms:
    minimum = form["minimum_quantity"]
    if minimum is not None:
        _check(unit, minimum, "minimum_quantity")
    tiers = []
    for row in _ROWS:
        from_quantity, price_fen = form[f"tier_from_{row}"], form[f"tier_price_{row}"]
        if from_quantity is None and price_fen is None:
            continue
        if from_quantity is None:
            raise FormError({f"tier_from_{row}": gettext("Please say from how much on.")})
        if price_fen is None:
            raise FormError({f"tier_price_{row}": gettext("Please give the price.")})
        tiers.append(Tier(_check(unit, from_quantity, f"tier_from_{row}"), price_fen))
    return Terms(minimum, tuple(tiers))


def _check(unit: Unit, value: Decimal, name: str) -> Decimal:
    try:
        return check_quantity(unit, value)
    except Invalid as error:
        raise FormError({name: message_of(error)}) from error


def _read_catch_weight(form: Mapping[str, Any]) -> CatchWeight:
    unit: Unit = form["weight_unit"]
    if unit not in WEIGHT_UNITS:
        raise FormError({"weight_unit": gettext("Please say whether the price is for a jin or for a kilogram.")})
    for name in ("piece_least", "piece_most"):
        if form[name] is None:
            raise FormError({name: gettext("Please say what one of them weighs.")})
    least, most = (grams_of(form[name], unit) for name in ("piece_least", "piece_most"))
    return CatchWeight(unit, form["price"], least, most)


def grams_of(value: Decimal, unit: str) -> int:
    """Jin or kilograms, as somebody typed them, in whole grams."""
    return int((value * UNIT_GRAMS[Unit(unit)]).quantize(Decimal(1), ROUND_HALF_UP))


def kept_terms(listing: Listing) -> dict[str, str]:
    """What the form of a listing that is there begins with: its price and its terms."""
    terms = terms_of(listing)
    weight = terms.catch_weight
    kept = {"price": plain_yuan(listing.price_fen if weight is None else weight.price_fen)}
    if terms.minimum_quantity is not None:
        kept["minimum_quantity"] = quantity(terms.minimum_quantity)
    for row, tier in enumerate(terms.tiers, start=1):
        kept[f"tier_from_{row}"], kept[f"tier_price_{row}"] = quantity(tier.from_quantity), plain_yuan(tier.price_fen)
    return kept


def weighed_words(listing: Listing) -> str | None:
    """What one piece of a listing weighs, for goods that are weighed when packed."""
    weight = catch_weight_of(listing)
    return None if weight is None else range_of(weight)
