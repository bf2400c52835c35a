"""Portal: the projects that are for one's own household, from their notice on."""

from flask import Blueprint, render_template

from marketplace.identity.models import RoleKind
from marketplace.projects.lists import seen_by_household
from marketplace.projects.states import PUBLIC
from marketplace.web.access import allow
from marketplace.web.own_household import own_household
from marketplace.web.project_lists import listed_words

blueprint = Blueprint("projects", __name__, url_prefix="/projects")


@blueprint.get("")
@allow(RoleKind.FARMER)
def mine() -> str:
    """What public money builds for the household; nobody else learns that it is among those."""
    query = seen_by_household(own_household().id)
    return render_template("producer/projects.html", list=listed_words(query, PUBLIC, notices_first=True))
