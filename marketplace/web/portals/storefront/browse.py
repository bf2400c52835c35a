"""Lists of goods: a category, a search, and the words a search box offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from marshmallow import EXCLUDE, fields, validate
from sqlalchemy import and_

from marketplace.catalogue.models import Category
from marketplace.catalogue.queries import (
    COUNTED_AT_MOST,
    PRICE_BANDS_FEN,
    ListingFilter,
    ListingPage,
    Sort,
    categories,
    find_listings,
    match_listings,
    page_of,
    suggestions,
)
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.recommendations.queries import served_listing_ids
from marketplace.recommendations.service import Recommendation, recommend
from marketplace.regions.queries import area_names
from marketplace.web.access import PUBLIC, account, allow
from marketplace.web.cards import plain_cards, recommended_cards
from marketplace.web.deliveries import delivery_area, delivery_place
from marketplace.web.filters import page_url
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.paging import page_numbers
from marketplace.web.places import place_name
from marketplace.web.portals.storefront import shelves
from marketplace.web.portals.storefront.blueprint import blueprint

PER_PAGE = 24
# Offered where a search finds nothing.
INSTEAD = 8
_BAD_LINK = N_("This link has a part that does not fit. Please start again from the list.")
_SORT_NAMES = {
    Sort.RECOMMENDED: N_("Recommended"),
    Sort.CHEAPEST: N_("Lowest price"),
    Sort.DEAREST: N_("Highest price"),
    Sort.NEWEST: N_("Newest"),
}


class ListQuery(FormSchema):
    """What a list is narrowed to. Links are passed on with additions of others, so what is unknown is left alone."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    q = Text(load_default="", validate=validate.Length(max=200, error=N_("Please search with fewer words.")))
    category = Text(validate=validate.Regexp(r"[a-z0-9-]{1,40}\Z", error=_BAD_LINK))
    county = Text(validate=validate.Regexp(r"[0-9]{6}\Z", error=_BAD_LINK))
    price = fields.Integer(
        validate=validate.Range(0, len(PRICE_BANDS_FEN) - 1, error=_BAD_LINK), error_messages={"invalid": _BAD_LINK}
    )
    sort = fields.Enum(Sort, by_value=fields.String(), load_default=Sort.RECOMMENDED, error_messages={"unknown": _BAD_LINK})
    # The list that stood on the first page, in an order of its own; later pages leave out what it showed.
    list = Text(validate=validate.Regexp(r"[a-z0-9]{14}\Z", error=_BAD_LINK))
    seller = Text(validate=validate.Regexp(r"[a-z0-9]{14}\Z", error=_BAD_LINK))
    page = fields.Integer(
        load_default=1, validate=validate.Range(1, 100_000, error=_BAD_LINK), error_messages={"invalid": _BAD_LINK}
    )


@blueprint.get("/c/<slug>")
@allow(PUBLIC)
def category(slug: str) -> str:
    """A category, narrowed by county and price."""
    asked = read_form(ListQuery(exclude=["category"]), request.args)
    wanted = _filter(asked, category_slug=slug)
    found = _find(wanted, asked)
    # After the list, whose record is committed: what was read before a commit would be read again.
    own_shelves = categories()
    shelf = next((shelf for shelf in own_shelves if shelf.slug == slug), None)
    if shelf is None:
        raise NotFound("category_unknown", N_("There is no such category."))
    name = pick(shelf.name_zh, shelf.name_en)
    return _list_page(
        found,
        wanted,
        own_shelves,
        heading=name,
        menu=shelves.menu(own_shelves, slug),
        crumbs=[(_("Market"), url_for("storefront.home")), (name, None)],
        address=url_for("storefront.category", slug=slug, page=asked["page"] if asked["page"] > 1 else None, _external=True),
    )


@blueprint.get("/search")
@allow(PUBLIC)
def search() -> str:
    """What fits the words, with a typo forgiven; the whole market where there are none."""
    asked = read_form(ListQuery(), request.args)
    wanted = _filter(asked, category_slug=asked.get("category"))
    found = _find(wanted, asked)
    own_shelves = categories()
    if not found.page.rows:
        instead = find_listings(ListingFilter(deliver_to=delivery_area()), per_page=INSTEAD)
        wide = page_url(category=None, county=None, price=None, seller=None, page=None, list=None)
        return render_template(
            "storefront/nothing_found.html",
            menu=shelves.menu(own_shelves),
            words=wanted.text,
            narrowed=wide if _is_narrowed(wanted) else None,
            categories=shelves.tiles(own_shelves),
            items=plain_cards(instead.rows),
        )
    return _list_page(
        found,
        wanted,
        own_shelves,
        heading=_heading(wanted, found.page.rows[0]),
        menu=shelves.menu(own_shelves),
        crumbs=None,
    )


@blueprint.get("/search/suggest")
@allow(PUBLIC)
def suggest() -> Response:
    """Kinds of goods that a started word may mean."""
    asked = read_form(ListQuery(only=["q"]), request.args)
    found = [
        {"text": name, "url": url_for("storefront.search", q=name), "kind": _("Goods")}
        for name in (pick(name_zh, name_en) for _slug, name_zh, name_en in suggestions(asked["q"]))
    ]
    return jsonify(suggestions=found)


def _heading(wanted: ListingFilter, first: Any) -> str:
    if wanted.text:
        return str(_("“%(words)s”", words=wanted.text))
    return pick(first.producer_zh, first.producer_en) if wanted.seller is not None else str(_("The whole market"))


@dataclass(frozen=True)
class Found:
    """A page of a list as it is shown: ``items`` are its cards, ``chosen`` the recommendation where the order is one."""

    page: ListingPage
    items: list[dict[str, Any]]
    chosen: Recommendation | None = None


def _find(wanted: ListingFilter, asked: dict[str, Any]) -> Found:
    """The page asked for. The first page in the recommended order is chosen like any list; the others follow the general order.

    Where a typo was forgiven the general order stays: it is not sure yet what is meant.
    """
    matches = match_listings(wanted)
    if not (wanted.sort is Sort.RECOMMENDED and matches.total and not matches.corrected):
        page = page_of(matches, wanted.sort, page=asked["page"], per_page=PER_PAGE)
        return Found(page, plain_cards(page.rows))
    if asked["page"] > 1:
        shown_first = served_listing_ids(asked["list"]) if "list" in asked else []
        page = page_of(matches, wanted.sort, page=asked["page"], per_page=PER_PAGE, shown_first=shown_first)
        return Found(page, plain_cards(page.rows))
    # Only a consumer's own list follows what they did; a desk's account looks on like a visitor.
    reader = account() if current_user.is_authenticated and current_user.is_a(RoleKind.CONSUMER) else None
    with transaction():
        chosen = recommend(
            reader, "search", PER_PAGE, now=clock.now(), within=and_(*matches.conditions), area=wanted.deliver_to
        )
    page = ListingPage(chosen.rows, matches.total, 1, -(-matches.total // PER_PAGE), facets=matches.facets)
    # Whom nobody knows is told once, by the order's name, that it is the shop's; a reason on each card would only repeat it.
    return Found(page, plain_cards(chosen.rows) if reader is None else recommended_cards(chosen), chosen)


def _filter(asked: dict[str, Any], *, category_slug: str | None) -> ListingFilter:
    return ListingFilter(
        category_slug=category_slug,
        text=asked.get("q", ""),
        county_code=asked.get("county"),
        price_band=asked.get("price"),
        sort=asked["sort"],
        seller=asked.get("seller"),
        deliver_to=delivery_area(),
    )


def _is_narrowed(wanted: ListingFilter) -> bool:
    return any(part is not None for part in (wanted.category_slug, wanted.county_code, wanted.price_band, wanted.seller))


def _list_page(
    shown: Found,
    wanted: ListingFilter,
    own_shelves: Sequence[Category],
    *,
    heading: str,
    menu: Any,
    crumbs: Any,
    address: str | None = None,
) -> str:
    """A list with its filters, orders and pages; ``address`` is the one under which search engines know it."""
    found = shown.page
    found_codes = {code for code, _count in found.facets.get("county", [])}
    counties = {code: place_name(name) for code, name in area_names(found_codes | {wanted.county_code or ""}).items()}
    groups = _facet_groups(found, wanted, counties, own_shelves)
    hidden = [("q", wanted.text)] if wanted.text else []
    if wanted.sort is not Sort.RECOMMENDED:
        hidden.append(("sort", wanted.sort.value))
    if wanted.seller is not None:
        hidden.append(("seller", wanted.seller))
    return render_template(
        "storefront/list.html",
        address=address,
        heading=heading,
        menu=menu,
        crumbs=crumbs,
        words=wanted.text,
        corrected=found.corrected,
        total=found.total,
        total_is_more=found.total >= COUNTED_AT_MOST,
        items=shown.items,
        personalised=shown.chosen is not None and shown.chosen.personalised,
        list_id=shown.chosen.list_id if shown.chosen is not None else None,
        place=delivery_place(),
        groups=groups,
        hidden=hidden,
        applied=[
            {"label": option["label"], "url": page_url(**{group["name"]: None, "page": None, "list": None})}
            for group in groups
            for option in group["options"]
            if option["checked"]
        ],
        sorts=[
            {"label": _(name), "url": page_url(sort=sort.value, page=None, list=None), "active": sort is wanted.sort}
            for sort, name in _SORT_NAMES.items()
        ],
        results=page_numbers(found.page, found.pages),
    )


def _facet_groups(
    found: ListingPage, wanted: ListingFilter, counties: dict[str, str], own_shelves: Sequence[Category]
) -> list[dict[str, Any]]:
    """The filters that a list offers. In a category the category is given; in a search it can be chosen."""
    slugs = {shelf.slug: pick(shelf.name_zh, shelf.name_en) for shelf in own_shelves}
    price = None if wanted.price_band is None else str(wanted.price_band)
    groups = [
        _group("county", _("Place"), found.facets.get("county", []), counties, wanted.county_code),
        _group("price", _("Price"), found.facets.get("price_band", []), _band_names(), price),
    ]
    if request.endpoint == "storefront.search":
        groups.insert(0, _group("category", _("Category"), found.facets.get("category", []), slugs, wanted.category_slug))
    return [group for group in groups if group["options"]]


def _group(
    name: str, label: str, counts: Sequence[tuple[str, int]], names: dict[str, str], chosen: str | None
) -> dict[str, Any]:
    options = [
        {"value": value, "label": names.get(value, value), "count": count, "checked": value == chosen}
        for value, count in counts
    ]
    if chosen is not None:
        options.append({"value": "", "label": _("All"), "count": None, "checked": False})
    return {"name": name, "label": label, "kind": "radio", "options": options}


def _band_names() -> dict[str, str]:
    yuan = [fen // 100 for fen in PRICE_BANDS_FEN]
    names = {"0": _("Under ¥%(high)s", high=yuan[1])}
    for at in range(1, len(yuan) - 1):
        names[str(at)] = f"¥{yuan[at]}–{yuan[at + 1]}"
    names[str(len(yuan) - 1)] = _("¥%(low)s and more", low=yuan[-1])
    return names
