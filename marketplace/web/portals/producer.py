"""Portal: the farmer's side."""

from flask import Blueprint

blueprint = Blueprint("producer", __name__, url_prefix="/farm")
