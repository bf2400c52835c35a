"""Plans that touch an officer's areas: what the policy does there, what it costs, and who decided."""

from flask import Blueprint
from flask_babel import gettext as _

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.sourcing.plan_queries import plan_within, plans_within
from marketplace.web.access import account, allow
from marketplace.web.portals import plan_pages
from marketplace.web.portals.plan_pages import Desk

blueprint = Blueprint("plans", __name__, url_prefix="/plans")


def _areas() -> list[str]:
    return list(scopes(account(), RoleKind.OFFICER))


def _desk() -> Desk:
    return Desk(_("Office desk"), "officer.plans", _areas(), False)


@blueprint.get("/")
@allow(RoleKind.OFFICER)
def plans() -> str:
    """The plans that deliver to one's areas or have sellers in them."""
    return plan_pages.list_page(_desk(), plans_within(_areas()), [])


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def plan(public_id: str) -> str:
    """One plan, with the names of the sellers in one's areas alone."""
    return plan_pages.plan_page(_desk(), plan_within(public_id, _areas()))
