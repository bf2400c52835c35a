"""REST v1: what a person can do in the shop, a program can do here."""

from flask import Blueprint, Flask

from marketplace.web.api import after_sale, basket, listings, orders, recommendations, reviews, token
from marketplace.web.api.documents import make_api

_GROUPS = (token, listings, recommendations, basket, orders, after_sale, reviews)


def wire(app: Flask) -> list[Blueprint]:
    """Register the API's blueprints and its OpenAPI document; answers the blueprints."""
    api = make_api(app)
    for group in _GROUPS:
        api.register_blueprint(group.blueprint)
    return [group.blueprint for group in _GROUPS]
