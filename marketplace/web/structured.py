"""What search engines read of a page: schema.org in JSON-LD. It says what the page says, and nothing of anybody's status."""

from typing import Any

from marketplace.kernel.money import plain_yuan

# By kilogram, as prices of food are compared; UN/CEFACT names it so.
_KILOGRAM = "KGM"


def product_data(
    item: dict[str, Any],
    *,
    url: str,
    image: str,
    story: str,
    seller: str,
    category: str,
    rating: tuple[float | None, int] = (None, 0),
) -> dict[str, Any]:
    """A listing as a Product with one Offer; ``item`` is its card, ``rating`` the mean of its reviews and their number."""
    mean, number = rating
    per_kg_fen = round(item["price_fen"] * 1000 / item["unit_grams"])
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
            "price": plain_yuan(item["price_fen"]),
            "priceCurrency": "CNY",
            "availability": f"https://schema.org/{'OutOfStock' if item['sold_out'] else 'InStock'}",
            "seller": {"@type": "Organization", "name": seller},
            "priceSpecification": {
                "@type": "UnitPriceSpecification",
                "price": plain_yuan(per_kg_fen),
                "priceCurrency": "CNY",
                "unitCode": _KILOGRAM,
            },
        },
    }
