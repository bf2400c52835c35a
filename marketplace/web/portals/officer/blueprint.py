"""The blueprint that the office's pages hang on."""

from flask import Blueprint

blueprint = Blueprint("officer", __name__, url_prefix="/office")
