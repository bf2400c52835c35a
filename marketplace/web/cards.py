"""From a row of the catalogue to what the ``product_card`` macro shows. Every page with cards of goods uses it."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from marketplace.kernel.errors import N_
from marketplace.recommendations.service import Recommendation
from marketplace.web.filters import unit_name, weight_beside
from marketplace.web.languages import pick
from marketplace.web.places import place_name

# Why a listing stands in a list, in the reader's words.
REASONS = {
    "bought_before": N_("You have bought this before."),
    "seen_before": N_("You looked at this not long ago."),
    "goes_with": N_("People who buy it often buy this as well."),
    "in_season": N_("In season this week, and from your province."),
    "popular_near": N_("Many people in your province buy this at the moment."),
    "people_like_you": N_("People who buy what you buy also buy this."),
    "popular": N_("Many people buy this at the moment."),
    "new_listing": N_("New in the market."),
    "supports_registered": N_("It supports registered households: the policy gives such goods a fair share of the places."),
}


def card(row: Any, reason: str | None = None, *, goes_with: str | None = None) -> dict[str, Any]:
    """One card from a row of ``catalogue.queries.card_columns``.

    ``reason`` is a code of the recommender; ``goes_with`` is the title of what the listing goes with, where that is the reason.
    """
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
        "reason": _reason(reason, goes_with),
        "reason_url": url_for("public.policy") if reason == "supports_registered" else None,
    }


def recommended_cards(found: Recommendation, titles: Mapping[int, str] | None = None) -> list[dict[str, Any]]:
    """Cards of a list with the reason of each; ``titles`` are those of the listings that it was to go with, by id."""
    titles = titles or {}
    return [
        card(row, reason, goes_with=titles.get(found.goes_with.get(row.id, 0)))
        for row, reason in zip(found.rows, found.reasons, strict=True)
    ]


def _reason(reason: str | None, goes_with: str | None) -> str | None:
    if reason is None:
        return None
    if reason == "goes_with" and goes_with is not None:
        return str(_("People who buy “%(title)s” often buy this as well.", title=goes_with))
    return str(_(REASONS[reason]))


def plain_cards(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Cards of a list that needs no reason: a category, a search."""
    return [card(row) for row in rows]
