"""From a row of the catalogue to what the ``product_card`` macro shows. Every page with cards of goods uses it."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from marketplace.catalogue.quantities import least_sold
from marketplace.catalogue.seasons import Season, season_on
from marketplace.kernel.clock import local_day, now
from marketplace.kernel.errors import N_
from marketplace.recommendations.service import Recommendation
from marketplace.web.addresses import product_url
from marketplace.web.evidence import card_photo
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.prices import price_block
from marketplace.web.quantities import first_quantity

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
    "supports_registered": N_(
        "It supports registered households: policy no. %(number)s gives such goods a fair share of the places."
    ),
}


def card(row: Any, reason: str | None = None, reason_url: str | None = None) -> dict[str, Any]:
    """One card from a row of ``catalogue.queries.card_columns``, with why it is shown in words."""
    return {
        "public_id": row.public_id,
        "url": product_url(row.public_id),
        "title": pick(row.title_zh, row.title_en),
        "place": place_name(row.village),
        "harvested_on": row.harvested_on,
        "expected_on": row.expected_on,
        **_season(row),
        "art": row.art,
        "photo": card_photo(row),
        **price_block(row),
        "unit": row.unit,
        "first_quantity": first_quantity(row.minimum_quantity),
        "supports_registered": row.supports_registered,
        "sold_out": row.available < least_sold(row.unit, row.minimum_quantity),
        "reason": reason,
        "reason_url": reason_url,
    }


def _season(row: Any) -> dict[str, Any]:
    """The day from which goods can be ordered where that is still to come, and whether their season is over."""
    season = season_on(local_day(now()), row.opens_on, row.closes_on)
    return {"opens_on": row.opens_on if season is Season.BEFORE else None, "season_over": season is Season.OVER}


def recommended_cards(found: Recommendation, titles: Mapping[int, str] | None = None) -> list[dict[str, Any]]:
    """Cards of a list with the reason of each; ``titles`` are those of the listings that it was to go with, by id."""
    reasons = reasons_in_words(found, titles or {})
    return [card(row, reason, _policy_url(found, row.id)) for row, reason in zip(found.rows, reasons, strict=True)]


def reasons_in_words(found: Recommendation, titles: Mapping[int, str]) -> list[str]:
    """Why each listing stands in a list; ``titles`` are those of the listings that it was to go with, by id."""
    words = []
    for row, reason in zip(found.rows, found.reasons, strict=True):
        title = titles.get(found.goes_with.get(row.id, 0))
        if reason == "goes_with" and title is not None:
            words.append(str(_("People who buy “%(title)s” often buy this as well.", title=title)))
        else:
            words.append(str(_(REASONS[reason], number=found.policy_of.get(row.id))))
    return words


def _policy_url(found: Recommendation, listing_id: int) -> str | None:
    number = found.policy_of.get(listing_id)
    return None if number is None else url_for("public.policy", _anchor=f"policy-{number}")


def plain_cards(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Cards of a list that needs no reason: a category, a search."""
    return [card(row) for row in rows]
