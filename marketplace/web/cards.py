"""From a row of the catalogue to what the ``product_card`` macro shows. Every page with cards of goods uses it."""

from collections.abc import Iterable
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from marketplace.kernel.errors import N_
from marketplace.web.filters import unit_name, weight_beside
from marketplace.web.languages import pick
from marketplace.web.places import place_name

# Why a listing stands in a list, in the reader's words.
REASONS = {
    "bought_before": N_("You have bought this before."),
    "seen_before": N_("You looked at this not long ago."),
    "people_like_you": N_("People who buy what you buy also buy this."),
    "popular": N_("Many people buy this at the moment."),
    "new_listing": N_("New in the market."),
    "supports_registered": N_("It supports registered households: the policy gives such goods a fair share of the places."),
}


def card(row: Any, reason: str | None = None) -> dict[str, Any]:
    """One card from a row of ``catalogue.queries.card_columns``; ``reason`` is a code of the recommender."""
    return {
        "public_id": row.public_id,
        "url": url_for("storefront.product", public_id=row.public_id),
        "title": pick(row.title_zh, row.title_en),
        "place": place_name(row.village),
        "harvested_on": row.harvested_on,
        "art": row.art,
        "price_fen": row.price_fen,
        "unit": row.unit,
        "unit_label": unit_name(row.unit),
        "unit_grams": row.unit_grams,
        "weight": weight_beside(row.unit, row.unit_grams),
        "supports_registered": row.supports_registered,
        "sold_out": row.available <= 0,
        "reason": _(REASONS[reason]) if reason is not None else None,
        "reason_url": url_for("public.policy") if reason == "supports_registered" else None,
    }


def plain_cards(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Cards of a list that needs no reason: a category, a search."""
    return [card(row) for row in rows]
