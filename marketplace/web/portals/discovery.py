"""Portal: what search engines and feed readers find: robots, sitemaps, the feed of new goods."""

from datetime import UTC, datetime

from flask import Blueprint, Response, abort, render_template, url_for

from marketplace.catalogue.published import largest_listing_id, listings_between, newest_listings
from marketplace.catalogue.queries import categories
from marketplace.web.access import PUBLIC, allow
from marketplace.web.cards import plain_cards
from marketplace.web.evidence import shown_photo

blueprint = Blueprint("discovery", __name__)

# A sitemap may hold 50,000 addresses; each of ours covers so many listing ids, whether they are on sale or not.
IDS_PER_SITEMAP = 10_000
NEWEST = 50
# Pages of one person or one desk are nothing to find; what they refuse they refuse anyhow.
PRIVATE = ("/basket", "/checkout", "/orders", "/account", "/farm", "/buyer", "/office", "/operator", "/notices", "/api/")
_CACHED_S = 3600


def _xml(template: str, mimetype: str, **context: object) -> Response:
    response = Response(render_template(template, **context), mimetype=mimetype)
    response.headers["Cache-Control"] = f"public, max-age={_CACHED_S}"
    return response


@blueprint.get("/robots.txt")
@allow(PUBLIC)
def robots() -> Response:
    """What crawlers may read, and where the sitemap is."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE), ""]
    lines.append(f"Sitemap: {url_for('discovery.sitemap', _external=True)}")
    return Response("\n".join([*lines, ""]), mimetype="text/plain")


@blueprint.get("/sitemap.xml")
@allow(PUBLIC)
def sitemap() -> Response:
    """The sitemaps, each for ten thousand listing ids."""
    pages = range(largest_listing_id() // IDS_PER_SITEMAP + 1)
    addresses = [url_for("discovery.sitemap_page", number=number, _external=True) for number in pages]
    return _xml("discovery/sitemaps.xml", "application/xml", addresses=addresses)


@blueprint.get("/sitemap-<int:number>.xml")
@allow(PUBLIC)
def sitemap_page(number: int) -> Response:
    """The pages of listings on sale among ten thousand ids; the first also has the shop's own pages."""
    if number > largest_listing_id() // IDS_PER_SITEMAP:
        abort(404)
    rows = listings_between(number * IDS_PER_SITEMAP, (number + 1) * IDS_PER_SITEMAP)
    entries = [
        (url_for("storefront.product", public_id=row.public_id, _external=True), row.published_at.date().isoformat())
        for row in rows
    ]
    if number == 0:
        own = [("storefront.home", {}), ("public.about", {}), ("public.policy", {})]
        own += [("storefront.category", {"slug": row.slug}) for row in categories()]
        entries = [(url_for(endpoint, _external=True, **values), "") for endpoint, values in own] + entries
    return _xml("discovery/sitemap.xml", "application/xml", entries=entries)


@blueprint.get("/feed.xml")
@allow(PUBLIC)
def feed() -> Response:
    """The newest goods in stock as an Atom feed."""
    rows = newest_listings(NEWEST)
    entries = [
        {
            **item,
            "url": url_for("storefront.product", public_id=row.public_id, _external=True),
            "at": row.published_at.isoformat(),
            "image": shown_photo(row.photo, external=True)["src"] if row.photo is not None else None,
        }
        for item, row in zip(plain_cards(rows), rows, strict=True)
    ]
    updated = entries[0]["at"] if entries else datetime.fromtimestamp(0, UTC).isoformat()
    return _xml("discovery/feed.xml", "application/atom+xml", entries=entries, updated=updated)
