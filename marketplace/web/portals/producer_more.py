"""The farmer's side: everything that is not done every day, one tap away from the three things that are."""

from flask import Blueprint, render_template

from marketplace.identity.models import RoleKind, Scope
from marketplace.web.access import account
from marketplace.web.acting import ChooseFirst, NoProducer, by_mandate, current_seller
from marketplace.web.navigation import FARM_HOUSEHOLD, FARM_LATER, menu_of
from marketplace.web.portals.producer_mandates import open_entries

blueprint = Blueprint("more", __name__, url_prefix="/more")


@blueprint.get("")
# The scopes that open what is listed there.
@by_mandate(Scope.ANSWER, Scope.LIST, Scope.SHIP, any_of=True)
def listed() -> str:
    """What else there is to do for the farm, and, for a farmer, what concerns the own household."""
    farmer = RoleKind.FARMER in {role.kind for role in account().roles}
    try:
        seller = current_seller()
    except (NoProducer, ChooseFirst):
        # A household may have a file, benefits and helpers before it sells anything, and whatever it does for others.
        if not farmer:
            raise
        seller = None
    later = open_entries(FARM_LATER, seller) if seller is not None else []
    household = FARM_HOUSEHOLD if farmer else []
    return render_template("producer/more.html", later=menu_of(later), household=menu_of(household))
