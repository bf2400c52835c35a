"""What a list offers to be narrowed by, in the reader's words, with what each choice would bring."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.catalogue.lists import PRICE_BANDS_FEN, Facet, ListingFilter, ListingPage
from marketplace.catalogue.shelves import Shelf
from marketplace.kernel.kept import Kept
from marketplace.regions.queries import area_names
from marketplace.web.deliveries import delivery_place
from marketplace.web.languages import pick
from marketplace.web.places import place_name

# The names of counties, which hardly ever change.
_official: Kept[dict[str, str]] = Kept(most=1_000, seconds=60)


def facet_groups(found: ListingPage, wanted: ListingFilter, own_shelves: Sequence[Shelf]) -> list[dict[str, Any]]:
    """The groups of the ``facet_bar`` macro. In a category the category is given; in a search it can be chosen."""
    counts = found.facets
    badge = {"1": _("Supports registered households")}
    groups = [
        _group("county", _("Place"), counts.get(Facet.COUNTY, []), _counties(counts, wanted), wanted.county_code),
        _group("price", _("Price"), counts.get(Facet.PRICE_BAND, []), _bands(), wanted.price_band),
        _group("harvest", _("Picked"), counts.get(Facet.HARVEST, []), _harvests(counts), wanted.harvested_within),
        _group("season", _("Season"), counts.get(Facet.SEASON, []), {"1": _("In season now")}, wanted.season or None),
        _group("badge", _("Support"), counts.get(Facet.BADGE, []), badge, wanted.badge or None),
    ]
    if request.endpoint == "storefront.search":
        names = {shelf.slug: pick(shelf.name_zh, shelf.name_en) for shelf in own_shelves}
        groups.insert(0, _group("category", _("Category"), counts.get(Facet.CATEGORY, []), names, wanted.category_slug))
    shown = [group for group in groups if group["options"]]
    return [*shown, *_delivery(found, wanted)]


def _group(
    name: str, label: str, counts: Iterable[tuple[str, int]], names: Mapping[str, str], chosen: str | int | None
) -> dict[str, Any]:
    value_chosen = None if chosen is None else str(int(chosen) if chosen is True else chosen)
    options = [
        {
            "value": value,
            "label": names.get(value, value),
            "applied": names.get(value, value),
            "count": count,
            "checked": value == value_chosen,
        }
        for value, count in counts
    ]
    if value_chosen is not None:
        if not any(option["checked"] for option in options):
            # What was chosen has nothing to show any more, and can still be taken back.
            said = names.get(value_chosen, value_chosen)
            options.append({"value": value_chosen, "label": said, "applied": said, "count": 0, "checked": True})
        options.append({"value": "", "label": _("All"), "applied": "", "count": None, "checked": False})
    return {"name": name, "label": label, "kind": "radio", "options": options}


def _delivery(found: ListingPage, wanted: ListingFilter) -> list[dict[str, Any]]:
    """Whether what cannot be delivered to the reader's place is shown too; nothing to choose where the place is not known."""
    place = delivery_place()
    if place is None or not wanted.deliver_to:
        return []
    reach = dict(found.facets.get(Facet.DELIVERY, [])).get("1", 0)
    near, everywhere = _("Delivered to %(place)s", place=place), _("Also what is not delivered there")
    options = [
        {"value": "", "label": near, "applied": "", "count": reach, "checked": not wanted.far},
        {"value": "1", "label": everywhere, "applied": everywhere, "count": None, "checked": wanted.far},
    ]
    return [{"name": "far", "label": _("Delivery range"), "kind": "radio", "options": options}]


def _counties(counts: Mapping[str, list[tuple[str, int]]], wanted: ListingFilter) -> dict[str, str]:
    codes = frozenset({code for code, _count in counts.get(Facet.COUNTY, [])} | ({wanted.county_code} - {None}))
    names = _official.get(codes, lambda: area_names(str(code) for code in codes))
    return {code: place_name(name) for code, name in names.items()}


def _harvests(counts: Mapping[str, list[tuple[str, int]]]) -> dict[str, str]:
    days = [*(int(value) for value, _count in counts.get(Facet.HARVEST, [])), 3, 7, 14]
    return {str(day): ngettext("In the last %(num)d day", "In the last %(num)d days", day) for day in days}


def _bands() -> dict[str, str]:
    yuan = [fen // 100 for fen in PRICE_BANDS_FEN]
    names = {"0": _("Under ¥%(high)s", high=yuan[1])}
    for at in range(1, len(yuan) - 1):
        names[str(at)] = f"¥{yuan[at]}–{yuan[at + 1]}"
    names[str(len(yuan) - 1)] = _("¥%(low)s and more", low=yuan[-1])
    return names


def facet_names() -> dict[str, str]:
    """What a facet is called where it is offered to be taken back, by its parameter in the address."""
    return {
        Facet.CATEGORY: _("Category"),
        Facet.COUNTY: _("Place"),
        Facet.PRICE_BAND: _("Price"),
        Facet.HARVEST: _("Picked"),
        Facet.SEASON: _("Season"),
        Facet.BADGE: _("Support"),
        Facet.DELIVERY: _("Delivery range"),
    }
