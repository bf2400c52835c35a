"""The categories as the shop shows them: the menu under the header and the pictures."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from marketplace.catalogue.shelves import Shelf
from marketplace.web.languages import pick


def menu(shelves: Sequence[Shelf], active_slug: str | None = None, *, home: bool = False) -> list[dict[str, Any]]:
    """The entries of the shop's menu: what is chosen for the reader, then every category."""
    first = {"endpoint": "storefront.home", "label": _("For you"), "active": home}
    return [
        first,
        *(
            {
                "endpoint": "storefront.category",
                "args": {"slug": shelf.slug},
                "label": pick(shelf.name_zh, shelf.name_en),
                "active": shelf.slug == active_slug,
            }
            for shelf in shelves
        ),
    ]


def tiles(shelves: Sequence[Shelf]) -> list[dict[str, str]]:
    """The categories as pictures."""
    return [
        {
            "label": pick(shelf.name_zh, shelf.name_en),
            "url": url_for("storefront.category", slug=shelf.slug),
            "art": shelf.art,
        }
        for shelf in shelves
    ]
