"""Addresses inside the site that one page writes many times, worked out once for each."""

from typing import Any

from flask import g, url_for

_A_LISTING = "0"


def plain_url(endpoint: str, **values: Any) -> str:
    """The same as ``url_for``; one without values is worked out once a page, however many cards carry it."""
    if values:
        return url_for(endpoint, **values)
    kept: dict[str, str] = g.setdefault("_plain_urls", {})
    if endpoint not in kept:
        kept[endpoint] = url_for(endpoint)
    return kept[endpoint]


def product_url(public_id: str) -> str:
    """The page of a listing. Public ids are letters and figures, so nothing in them needs to be escaped."""
    before = g.get("_before_listing")
    if before is None:
        g._before_listing = before = url_for("storefront.product", public_id=_A_LISTING).removesuffix(_A_LISTING)
    return before + public_id
