"""The page of a search that finds nothing: what was perhaps meant, what is there without a filter, what is in season."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _

from marketplace.catalogue.lists import Facet, ListingFilter, Matches, head_of
from marketplace.catalogue.shelves import Shelf
from marketplace.web.cards import plain_cards
from marketplace.web.filters import page_url
from marketplace.web.portals.storefront import shelves
from marketplace.web.portals.storefront.facets import facet_names

# Offered where a search finds nothing.
INSTEAD = 8
# The part of the address that each facet is chosen by, and what it takes to be without it.
_PARAMETERS: dict[str, dict[str, str | None]] = {
    Facet.CATEGORY: {"category": None},
    Facet.COUNTY: {"county": None},
    Facet.PRICE_BAND: {"price": None},
    Facet.HARVEST: {"harvest": None},
    Facet.SEASON: {"season": None},
    Facet.BADGE: {"badge": None},
    Facet.DELIVERY: {"far": "1"},
}


def page(wanted: ListingFilter, matches: Matches, own_shelves: Sequence[Shelf]) -> str:
    """What is offered instead of an empty list."""
    seasonal = head_of(ListingFilter(deliver_to=wanted.deliver_to, season=True, day=wanted.day), INSTEAD)
    items = seasonal or head_of(ListingFilter(deliver_to=wanted.deliver_to), INSTEAD)
    anywhere = {name: None for parameters in _PARAMETERS.values() for name in parameters}
    narrowed = bool(matches.survey.without) or wanted.seller is not None
    return render_template(
        "storefront/nothing_found.html",
        menu=shelves.menu(own_shelves),
        words=wanted.text,
        ways=_ways(matches),
        narrowed=page_url(**anywhere, seller=None, page=None, list=None) if narrowed else None,
        more_words=url_for("storefront.suggest", q=wanted.text) if wanted.text else None,
        categories=shelves.tiles(own_shelves),
        items=plain_cards(items),
        in_season=bool(seasonal),
    )


def _ways(matches: Matches) -> list[dict[str, Any]]:
    """The list without one of the facets it was narrowed by, wherever that brings something."""
    names = facet_names()
    return [
        {"label": _("Without “%(filter)s”", filter=names[facet]), "count": count, "url": _without(facet)}
        for facet, count in matches.survey.without.items()
        if count
    ]


def _without(facet: str) -> str:
    return page_url(**_PARAMETERS[facet], page=None, list=None)
