"""The catalogue, for everybody."""

from types import SimpleNamespace
from typing import Any

from flask import Response, json, request, url_for
from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.catalogue import queries
from marketplace.catalogue.certificates import certificates_of_listing
from marketplace.catalogue.lists import HARVEST_DAYS, PRICE_BANDS_FEN, ListingFilter, Sort, find_listings
from marketplace.catalogue.photos import photos_of
from marketplace.catalogue.price_checks import checked_on
from marketplace.catalogue.suggestions import suggest
from marketplace.catalogue.terms import tiers_of
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.web.access import PUBLIC, allow
from marketplace.web.api.documents import ApiBlueprint, problems
from marketplace.web.api.goods import photo_item
from marketplace.web.api.inputs import AREA, COUNTY, SLUG, InputSchema, QueryNumber, SearchText, Spelled
from marketplace.web.api.schemas import CategoriesSchema, ListingDetailSchema, ListingsSchema, SuggestionsSchema

blueprint: Blueprint = ApiBlueprint("api-listings", __name__, url_prefix="/api/v1", description="What is for sale")

_BANDS = "From 0, 10, 20, 50 and 100 yuan: the band's place in this row, counted from 0"
_LINK = {"Link": {"description": "first, prev, next and last page (RFC 8288)", "schema": {"type": "string"}}}
_ETAG = {"ETag": {"description": "For If-None-Match", "schema": {"type": "string"}}}
_IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "description": "The ETag of what the caller has",
    "schema": {"type": "string"},
}


class ListingsQuerySchema(InputSchema):
    """What a list is narrowed to."""

    q = SearchText(60, load_default="", metadata={"description": "Chinese, pinyin, English, also with a typo"})
    category = Spelled(SLUG, most=40, metadata={"description": "A category's slug"})
    county = Spelled(COUNTY, most=6, metadata={"description": "A county's six digits"})
    price_band = QueryNumber(0, len(PRICE_BANDS_FEN) - 1, metadata={"description": _BANDS})
    badge = fields.String(validate=validate.OneOf(["1"]), metadata={"description": "1: supports registered households"})
    season = fields.String(validate=validate.OneOf(["1"]), metadata={"description": "1: in season this week"})
    harvest = fields.String(
        validate=validate.OneOf([str(days) for days in HARVEST_DAYS]), metadata={"description": "Picked within so many days"}
    )
    deliver_to = Spelled(AREA, most=6, metadata={"description": "An area's code; what cannot be delivered there is left out"})
    sort = fields.String(load_default=Sort.RECOMMENDED.value, validate=validate.OneOf([sort.value for sort in Sort]))
    page = QueryNumber(1, 100_000, load_default=1)
    per_page = QueryNumber(1, 100, load_default=24)


@blueprint.get("/categories")
@allow(PUBLIC)
@blueprint.response(200, CategoriesSchema)
def categories() -> dict[str, Any]:
    """The shelves of the shop."""
    return {"items": queries.categories()}


@blueprint.get("/listings")
@allow(PUBLIC)
@blueprint.arguments(ListingsQuerySchema, location="query")
@blueprint.response(200, ListingsSchema, headers=_LINK)
@problems(422)
def listings(given: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """What is for sale and in stock.

    A list counts to 1000; narrow it to see more. Each facet is counted under all the others. A page beyond the last is empty.
    """
    wanted = ListingFilter(
        category_slug=given.get("category"),
        text=given["q"],
        county_code=given.get("county"),
        price_band=given.get("price_band"),
        sort=Sort(given["sort"]),
        badge="badge" in given,
        season="season" in given,
        harvested_within=int(given["harvest"]) if "harvest" in given else None,
        deliver_to=given.get("deliver_to", ""),
        day=local_day(clock.now()),
    )
    found = find_listings(wanted, page=given["page"], per_page=given["per_page"])
    facets = {
        name: [{"value": value, "count": count} for value, count in found.facets.get(name, [])]
        for name in ("category", "county", "price_band", "badge", "season", "harvest")
    }
    answer = {
        "items": found.rows if found.page == given["page"] else [],
        "page": given["page"],
        "pages": found.pages,
        "total": found.total,
        "corrected": found.corrected,
        "meant": found.meant,
        "facets": facets,
    }
    return answer, 200, {"Link": _links(given["page"], found.pages)}


class SuggestionsQuerySchema(InputSchema):
    """A started word."""

    q = SearchText(60, load_default="", metadata={"description": "In characters, pinyin, initials or Latin letters"})


@blueprint.get("/suggestions")
@allow(PUBLIC)
@blueprint.arguments(SuggestionsQuerySchema, location="query")
@blueprint.response(200, SuggestionsSchema)
@problems(422)
def suggestions(given: dict[str, Any]) -> dict[str, Any]:
    """Goods, shelves, villages and offers that begin like a started word, the most wanted first."""
    return {"items": suggest(given["q"])}


def _links(page: int, pages: int) -> str:
    """The Link header of a list: the pages that there are, as seen from this one."""
    last = max(pages, 1)
    targets = {"first": 1, "prev": min(page - 1, last), "next": page + 1, "last": last}
    named = [f'<{_page_url(number)}>; rel="{name}"' for name, number in targets.items() if 1 <= number <= last]
    return ", ".join(named)


def _page_url(page: int) -> str:
    return url_for(str(request.endpoint), **{**request.args.to_dict(), "page": str(page)})


@blueprint.get("/listings/<public_id:public_id>")
@allow(PUBLIC)
@blueprint.response(200, ListingDetailSchema, headers=_ETAG)
@blueprint.alt_response(304, description="The caller has it as it is")
@problems(404)
@blueprint.doc(parameters=[_IF_NONE_MATCH])
def listing(public_id: str) -> Response:
    """One listing with its story and harvests.

    Answers with an ETag; a request that names it in If-None-Match gets 304 while nothing has changed.
    """
    row = queries.listing_card(public_id, checked_on().label("price_checked_on"))
    found = SimpleNamespace(
        **row._mapping,
        category={"slug": row.category_slug, "name_zh": row.category_zh, "name_en": row.category_en},
        tiers=tiers_of([row.id]).get(row.id, ()),
        lots=queries.lots_of(row.id),
        photos=[photo_item(photo) for photo in photos_of(row.id)] if row.photo is not None else [],
        certificates=certificates_of_listing(row.id, clock.local_day(clock.now())),
    )
    response = Response(json.dumps(ListingDetailSchema().dump(found)), mimetype="application/json")
    # Weak, because the same content is also sent compressed.
    response.add_etag(weak=True)
    return response.make_conditional(request)
