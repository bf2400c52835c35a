"""Lists of goods: a category, and a search."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from marshmallow import EXCLUDE, fields, validate
from sqlalchemy import and_

from marketplace.catalogue.lists import (
    COUNTED_AT_MOST,
    HARVEST_DAYS,
    PRICE_BANDS_FEN,
    ListingFilter,
    ListingPage,
    Matches,
    Sort,
    match_listings,
    page_of,
)
from marketplace.catalogue.shelves import Shelf
from marketplace.catalogue.shelves import shelves as all_shelves
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.recommendations.queries import served_listing_ids
from marketplace.recommendations.service import Recommendation, recommend
from marketplace.web.access import PUBLIC, account, allow
from marketplace.web.cards import plain_cards, recommended_cards
from marketplace.web.deliveries import delivery_area, delivery_place
from marketplace.web.filters import page_url
from marketplace.web.forms import FormSchema, Text, read_form, spelled
from marketplace.web.languages import pick
from marketplace.web.paging import page_numbers
from marketplace.web.portals.storefront import nothing_found, shelves
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.portals.storefront.facets import facet_groups

PER_PAGE = 24
_BAD_LINK = N_("This link has a part that does not fit. Please start again from the list.")
_SORT_NAMES = {
    Sort.RECOMMENDED: N_("Recommended"),
    Sort.CHEAPEST: N_("Lowest price"),
    Sort.DEAREST: N_("Highest price"),
    Sort.CHEAPEST_BY_WEIGHT: N_("Lowest by weight"),
    Sort.DEAREST_BY_WEIGHT: N_("Highest by weight"),
    Sort.FRESHEST: N_("Picked last"),
    Sort.NEWEST: N_("Newest"),
}


class ListQuery(FormSchema):
    """What a list is narrowed to. Links are passed on with additions of others, so what is unknown is left alone."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    q = Text(load_default="", validate=validate.Length(max=200, error=N_("Please search with fewer words.")))
    category = Text(validate=spelled(r"[a-z0-9-]{1,40}", error=_BAD_LINK))
    county = Text(validate=spelled(r"[0-9]{6}", error=_BAD_LINK))
    price = fields.Integer(
        validate=validate.Range(0, len(PRICE_BANDS_FEN) - 1, error=_BAD_LINK), error_messages={"invalid": _BAD_LINK}
    )
    badge = Text(validate=validate.OneOf(["1"], error=_BAD_LINK))
    season = Text(validate=validate.OneOf(["1"], error=_BAD_LINK))
    harvest = fields.Integer(validate=validate.OneOf(HARVEST_DAYS, error=_BAD_LINK), error_messages={"invalid": _BAD_LINK})
    # Without it, what cannot be delivered to the reader's area is left out.
    far = Text(validate=validate.OneOf(["1"], error=_BAD_LINK))
    sort = fields.Enum(Sort, by_value=fields.String(), load_default=Sort.RECOMMENDED, error_messages={"unknown": _BAD_LINK})
    # The list that stood on the first page, in an order of its own; later pages leave out what it showed.
    list = Text(validate=spelled(r"[a-z0-9]{14}", error=_BAD_LINK))
    seller = Text(validate=spelled(r"[a-z0-9]{14}", error=_BAD_LINK))
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
    own_shelves = all_shelves()
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
    own_shelves = all_shelves()
    if not found.page.rows:
        return nothing_found.page(wanted, found.matches, own_shelves)
    return _list_page(
        found,
        wanted,
        own_shelves,
        heading=_heading(wanted, found.page.rows[0]),
        menu=shelves.menu(own_shelves),
        crumbs=None,
    )


def _heading(wanted: ListingFilter, first: Any) -> str:
    if wanted.text:
        return str(_("“%(words)s”", words=wanted.text))
    return pick(first.producer_zh, first.producer_en) if wanted.seller is not None else str(_("The whole market"))


@dataclass(frozen=True)
class Found:
    """A page of a list as it is shown: ``items`` are its cards, ``chosen`` the recommendation where the order is one."""

    page: ListingPage
    items: list[dict[str, Any]]
    matches: Matches
    chosen: Recommendation | None = None


def _find(wanted: ListingFilter, asked: dict[str, Any]) -> Found:
    """The page asked for. The first page in the recommended order is chosen like any list; the others follow the general order.

    Where a typo was forgiven the general order stays: it is not sure yet what is meant.
    """
    matches = match_listings(wanted)
    if not (wanted.sort is Sort.RECOMMENDED and matches.total and not matches.corrected):
        page = page_of(matches, wanted.sort, page=asked["page"], per_page=PER_PAGE)
        return Found(page, plain_cards(page.rows), matches)
    if asked["page"] > 1:
        shown_first = served_listing_ids(asked["list"]) if "list" in asked else []
        page = page_of(matches, wanted.sort, page=asked["page"], per_page=PER_PAGE, shown_first=shown_first)
        return Found(page, plain_cards(page.rows), matches)
    # Only a consumer's own list follows what they did; a desk's account looks on like a visitor.
    reader = account() if current_user.is_authenticated and current_user.is_a(RoleKind.CONSUMER) else None
    with transaction():
        chosen = recommend(
            reader,
            "search",
            PER_PAGE,
            now=clock.now(),
            within=and_(*matches.conditions),
            head=matches.survey.head,
            area="" if wanted.far else wanted.deliver_to,
        )
    page = ListingPage(chosen.rows, matches.total, 1, -(-matches.total // PER_PAGE), facets=matches.survey.facets)
    # Whom nobody knows is told once, by the order's name, that it is the shop's; a reason on each card would only repeat it.
    return Found(page, plain_cards(chosen.rows) if reader is None else recommended_cards(chosen), matches, chosen)


def _filter(asked: dict[str, Any], *, category_slug: str | None) -> ListingFilter:
    return ListingFilter(
        category_slug=category_slug,
        text=asked.get("q", ""),
        county_code=asked.get("county"),
        price_band=asked.get("price"),
        sort=asked["sort"],
        seller=asked.get("seller"),
        deliver_to=delivery_area(),
        far="far" in asked,
        badge="badge" in asked,
        season="season" in asked,
        harvested_within=asked.get("harvest"),
        day=clock.local_day(clock.now()),
    )


def _list_page(
    shown: Found,
    wanted: ListingFilter,
    own_shelves: Sequence[Shelf],
    *,
    heading: str,
    menu: Any,
    crumbs: Any,
    address: str | None = None,
) -> str:
    """A list with its filters, orders and pages; ``address`` is the one under which search engines know it."""
    found = shown.page
    groups = facet_groups(found, wanted, own_shelves)
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
        meant=found.meant,
        # A narrowed list is a view of another page, and a search is nobody's page but the searcher's.
        indexed=set(request.args) <= {"page"},
        total=found.total,
        total_is_more=found.total >= COUNTED_AT_MOST,
        items=shown.items,
        personalised=shown.chosen is not None and shown.chosen.personalised,
        list_id=shown.chosen.list_id if shown.chosen is not None else None,
        place=delivery_place(),
        groups=groups,
        hidden=hidden,
        applied=[
            {"label": option["applied"], "url": page_url(**{group["name"]: None, "page": None, "list": None})}
            for group in groups
            for option in group["options"]
            if option["checked"] and option["value"]
        ],
        sorts=[
            {"label": _(name), "url": page_url(sort=sort.value, page=None, list=None), "active": sort is wanted.sort}
            for sort, name in _SORT_NAMES.items()
        ],
        results=page_numbers(found.page, found.pages),
    )
