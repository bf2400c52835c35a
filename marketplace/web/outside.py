"""Addresses as readers outside reach them; a worker serves no request to take a host from."""

from urllib.parse import urlsplit

from flask import current_app


def outside_url(endpoint: str, **values: str) -> str:
    """The whole address of a page, at the host that the installation is known by."""
    base = urlsplit(current_app.extensions["settings"].public_url)
    addresses = current_app.url_map.bind(base.netloc, script_name=base.path or "/", url_scheme=base.scheme)
    return addresses.build(endpoint, values, force_external=True)
