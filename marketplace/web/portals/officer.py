"""Portal: government's desk."""

from flask import Blueprint

blueprint = Blueprint("officer", __name__, url_prefix="/office")
