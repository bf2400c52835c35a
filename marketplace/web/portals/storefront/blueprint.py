"""The shop's blueprint, on which every module of this package puts its pages."""

from flask import Blueprint

blueprint = Blueprint("storefront", "marketplace.web.portals.storefront")
