"""What a started word may mean: for the search box as JSON, for everybody else as a page of links."""

from typing import Any

from flask import Response, jsonify, make_response, render_template, request, url_for
from flask_babel import gettext as _

from marketplace.catalogue.shelves import shelves as all_shelves
from marketplace.catalogue.suggestions import Suggested, Suggestion, suggest
from marketplace.kernel.errors import N_
from marketplace.web.access import PUBLIC, allow
from marketplace.web.addresses import product_url
from marketplace.web.forms import read_form
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.portals.storefront import shelves
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.portals.storefront.browse import ListQuery

# A browser need not ask for the same letters again within a minute.
_KEPT_S = 60
# On a page of its own there is room for more than under a box.
_ON_A_PAGE = 24
_KINDS = {
    Suggested.GOODS: N_("Goods"),
    Suggested.CATEGORY: N_("Category"),
    Suggested.VILLAGE: N_("Village"),
    Suggested.LISTING: N_("Offer"),
}


@blueprint.get("/suggest", endpoint="suggest")
@allow(PUBLIC)
def suggestions() -> Response:
    """Goods, shelves, villages and offers that begin like this; as JSON where that is asked for, else as a page."""
    words = read_form(ListQuery(only=["q"]), request.args)["q"]
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    if best == "text/html":
        response = make_response(_page(words))
    else:
        response = jsonify(suggestions=[_entry(one) for one in suggest(words)])
        response.headers["Cache-Control"] = f"private, max-age={_KEPT_S}"
        # Weak, because the same content is also sent compressed.
        response.add_etag(weak=True)
        response.make_conditional(request)
    response.vary.update(["Accept", "Accept-Language", "Cookie"])
    return response


def _page(words: str) -> str:
    return render_template(
        "storefront/suggest.html",
        menu=shelves.menu(all_shelves()),
        words=words,
        entries=[_entry(one) for one in suggest(words, _ON_A_PAGE)],
    )


def _entry(one: Suggestion) -> dict[str, Any]:
    name = place_name(one.name_zh) if one.kind is Suggested.VILLAGE else pick(one.name_zh, one.name_en)
    return {"text": name, "url": _address(one, name), "kind": _(_KINDS[one.kind])}


def _address(one: Suggestion, name: str) -> str:
    if one.kind is Suggested.LISTING:
        return product_url(one.key)
    if one.kind is Suggested.CATEGORY:
        return url_for("storefront.category", slug=one.key)
    # A village is found by its own name, whatever the reader's language makes of it.
    return url_for("storefront.search", q=one.name_zh if one.kind is Suggested.VILLAGE else name)
