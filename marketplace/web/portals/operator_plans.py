"""The operator's plans: of all demands, together or one by one, and what each hub brings together."""

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, NotFound
from marketplace.sourcing.models import Plan
from marketplace.sourcing.plan_queries import demands_named, hubs_with_loads, plan_within, plans_within, waiting_demands
from marketplace.web.access import account, allow
from marketplace.web.languages import pick
from marketplace.web.portals import plan_pages
from marketplace.web.portals.plan_pages import Desk

blueprint = Blueprint("operator_plans", __name__, url_prefix="/operator/plans")


def _desk() -> Desk:
    return Desk(_("Operator"), "operator_plans", None, True)


def _own(public_id: str) -> Plan:
    return plan_within(public_id, scopes(account(), RoleKind.OPERATOR))


@blueprint.get("/")
@allow(RoleKind.OPERATOR)
def plans() -> str:
    """Every plan, and the demands that wait for one."""
    return plan_pages.list_page(_desk(), plans_within(scopes(account(), RoleKind.OPERATOR)), waiting_demands())


@blueprint.post("/")
@allow(RoleKind.OPERATOR)
def make() -> Response:
    """Make a plan for a demand, or one for all that wait."""
    named = plan_pages.asked_demand()
    demands = demands_named([named]) if named else waiting_demands()
    if not demands:
        raise NotFound("demand_unknown", N_("There is no such demand."))
    return plan_pages.make(_desk(), demands)


@blueprint.get("/hubs")
@allow(RoleKind.OPERATOR)
def hubs() -> str:
    """The hubs that something is brought to."""
    rows = [
        {"hub": pick(hub.name_zh, hub.name_en), "grams": grams, "url": url_for("hub_plans.loads", hub_id=hub.public_id)}
        for hub, grams in hubs_with_loads(clock.local_day(clock.now()))
    ]
    return render_template("operator/plan_hubs.html", rows=rows)


@blueprint.get("/<public_id>")
@allow(RoleKind.OPERATOR)
def plan(public_id: str) -> str:
    """One plan."""
    return plan_pages.plan_page(_desk(), _own(public_id))


@blueprint.post("/<public_id>/share")
@allow(RoleKind.OPERATOR)
def share(public_id: str) -> Response:
    """Make the plan again with another share."""
    return plan_pages.make(_desk(), _own(public_id).demands, plan_pages.asked_share())


@blueprint.post("/<public_id>/again")
@allow(RoleKind.OPERATOR)
def again(public_id: str) -> Response:
    """Make the plan again for what is missing; everything with a yes stays."""
    return plan_pages.make(_desk(), _own(public_id).demands)


@blueprint.post("/<public_id>/approve")
@allow(RoleKind.OPERATOR)
def approve(public_id: str) -> Response:
    """Approve a plan."""
    return plan_pages.approve(_desk(), _own(public_id).public_id)


@blueprint.post("/<public_id>/reject")
@allow(RoleKind.OPERATOR)
def reject(public_id: str) -> Response:
    """Reject a plan."""
    return plan_pages.reject(_desk(), _own(public_id).public_id)
