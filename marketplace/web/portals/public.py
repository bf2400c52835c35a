"""Portal: what this is, the policy in force, health."""

from flask import Blueprint

blueprint = Blueprint("public", __name__)
