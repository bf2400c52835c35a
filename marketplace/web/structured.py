"""What search engines read of a page: schema.org in JSON-LD. It says what the page says, and nothing of anybody's status."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from marketplace.catalogue.models import UNIT_GRAMS, Unit
from marketplace.catalogue.pricing import Tier, price_of_grams
from marketplace.catalogue.quantities import step_sold
from marketplace.catalogue.terms import catch_weight_of
from marketplace.kernel.money import plain_yuan

# By kilogram, as prices of food are compared; UN/CEFACT names it so, and a piece C62.
_KILOGRAM = "KGM"
_ONE_PIECE = {"@type": "QuantitativeValue", "value": 1, "unitCode": "C62"}


def _availability(item: dict[str, Any]) -> str:
    if item["opens_on"] is None and (item["season_over"] or item["sold_out"]):
        return "OutOfStock"
    return "PreOrder" if item["opens_on"] or item["expected_on"] else "InStock"


def product_data(
    item: dict[str, Any],
    *,
    url: str,
    image: str | list[str],
    story: str,
    seller: str,
    category: str,
    row: Any,
    tiers: Sequence[Tier] = (),
    rating: tuple[float | None, int] = (None, 0),
) -> dict[str, Any]:
    """A listing as a Product with one Offer.

    ``item`` is its card, ``row`` what that was made of, ``tiers`` its price steps, ``rating`` the mean of its reviews and their
    number.
    """
    mean, number = rating
    prices = _prices(row, tiers)
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "@id": url,
        "name": item["title"],
        "sku": item["public_id"],
        "category": category,
        "image": image,
        "countryOfOrigin": {"@type": "Country", "name": "CN"},
        **({"description": story} if story else {}),
        **(
            {"aggregateRating": {"@type": "AggregateRating", "ratingValue": f"{mean:.1f}", "reviewCount": number}}
            if mean is not None
            else {}
        ),
        "offers": {
            "@type": "Offer",
            "url": url,
            "price": plain_yuan(row.price_fen),
            "priceCurrency": "CNY",
            "availability": f"https://schema.org/{_availability(item)}",
            "seller": {"@type": "Organization", "name": seller},
            **_eligible(row, row.minimum_quantity, None),
            "priceSpecification": prices[0] if len(prices) == 1 else prices,
        },
    }


def _prices(row: Any, tiers: Sequence[Tier]) -> list[dict[str, Any]]:
    """The price of a kilogram, at each step of price; of catch weight also between which prices one piece lies."""
    weight = catch_weight_of(row)
    if weight is not None:
        of_one = {"@type": "PriceSpecification", "priceCurrency": "CNY", "eligibleQuantity": _ONE_PIECE}
        span = {"minPrice": plain_yuan(weight.least_fen), "maxPrice": plain_yuan(weight.most_fen)}
        return [_per_kilogram(weight.price_fen, UNIT_GRAMS[weight.unit], {}), {**of_one, **span}]
    ends = [tier.from_quantity for tier in tiers]
    steps = [(row.minimum_quantity, row.price_fen), *((tier.from_quantity, tier.price_fen) for tier in tiers)]
    return [
        _per_kilogram(price_fen, row.unit_grams, _eligible(row, begin, end) if tiers else {})
        for (begin, price_fen), end in zip(steps, [*ends, None], strict=True)
    ]


def _per_kilogram(price_fen: int, unit_grams: int, eligible: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "UnitPriceSpecification",
        "price": plain_yuan(price_of_grams(price_fen, unit_grams, 1000)),
        "priceCurrency": "CNY",
        "unitCode": _KILOGRAM,
        "referenceQuantity": {"@type": "QuantitativeValue", "value": 1, "unitCode": _KILOGRAM},
        **eligible,
    }


def _eligible(row: Any, begin: Decimal | None, end: Decimal | None) -> dict[str, Any]:
    """From which quantity of a listing on, and below which, a price holds; nothing where it holds for any."""
    bounds = {
        **({"minValue": float(begin)} if begin is not None else {}),
        **({"maxValue": float(end - step_sold(Unit(row.unit)))} if end is not None else {}),
    }
    return {"eligibleQuantity": {"@type": "QuantitativeValue", **bounds, "unitText": row.unit}} if bounds else {}
