"""Portal: signing up, in and out; language; settings."""

from flask import Blueprint

blueprint = Blueprint("account", __name__)
