"""Portal: the shop."""

from flask import Blueprint

blueprint = Blueprint("storefront", __name__)
