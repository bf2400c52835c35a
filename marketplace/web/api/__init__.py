"""REST v1: what a person can do in the shop, a program can do here."""

from flask import Blueprint, Flask


def wire(app: Flask) -> list[Blueprint]:
    """Register the API's blueprints and its OpenAPI document; answers the blueprints."""
    return []
