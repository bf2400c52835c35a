"""The buyer's plans: what serves their demands, at which price of the tilt; theirs to approve."""

from flask import Blueprint, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.sourcing.contracting import contract_plan
from marketplace.sourcing.enterprises import Deed, find_member, member_for
from marketplace.sourcing.models import Plan
from marketplace.sourcing.plan_queries import (
    demands_named,
    plan_of_enterprise,
    plans_of_enterprise,
    waiting_demands,
)
from marketplace.web.access import account, allow
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.portals import plan_pages
from marketplace.web.portals.plan_pages import Desk
from marketplace.web.redirects import see_other

blueprint = Blueprint("buyer_plans", __name__, url_prefix="/buyer/plans")


def _desk() -> Desk:
    return Desk(_("Purchasing desk"), "buyer_plans", (), True)


def _enterprise_id() -> int:
    """The enterprise that one acts for; somebody who acts for none has no plans."""
    member = find_member(account().id)
    return 0 if member is None else member.enterprise_id


def _own(public_id: str) -> Plan:
    return plan_of_enterprise(public_id, _enterprise_id())


@blueprint.get("/")
@allow(RoleKind.ENTERPRISE)
def plans() -> str:
    """The plans of one's enterprise, and the demands that wait for one."""
    enterprise_id = _enterprise_id()
    return plan_pages.list_page(_desk(), plans_of_enterprise(enterprise_id), waiting_demands(enterprise_id))


@blueprint.post("/")
@allow(RoleKind.ENTERPRISE)
def make() -> Response:
    """Make a plan for a demand, or for all that wait."""
    named, enterprise_id = plan_pages.asked_demand(), _enterprise_id()
    demands = demands_named([named], enterprise_id) if named else waiting_demands(enterprise_id)
    if not demands:
        raise NotFound("demand_unknown", N_("There is no such demand."))
    return plan_pages.make(_desk(), demands)


@blueprint.get("/<public_id>")
@allow(RoleKind.ENTERPRISE)
def plan(public_id: str) -> str:
    """One plan, without the names of sellers."""
    return plan_pages.plan_page(_desk(), _own(public_id))


class ContractForm(FormSchema):
    """Of which demand a contract is to be made."""

    demand = Text(required=True, validate=validate.Length(max=20))


@blueprint.post("/<public_id>/contract")
@allow(RoleKind.ENTERPRISE)
def contract(public_id: str) -> Response:
    """Make a contract of what sellers have said yes to; above one's limit it waits for somebody who may approve it."""
    named, now = read_form(ContractForm())["demand"], clock.now()
    if named not in {demand.public_id for demand in _own(public_id).demands}:
        raise NotFound("demand_unknown", N_("There is no such demand."))
    with transaction():
        made = contract_plan(member_for(account(), Deed.BUY, now=now), named, now=now).public_id
    return see_other(url_for("buyer_contracts.show", public_id=made))


@blueprint.post("/<public_id>/share")
@allow(RoleKind.ENTERPRISE)
def share(public_id: str) -> Response:
    """Make the plan again with another share."""
    return plan_pages.make(_desk(), _own(public_id).demands, plan_pages.asked_share())


@blueprint.post("/<public_id>/again")
@allow(RoleKind.ENTERPRISE)
def again(public_id: str) -> Response:
    """Make the plan again for what is missing; everything with a yes stays."""
    return plan_pages.make(_desk(), _own(public_id).demands)


@blueprint.post("/<public_id>/approve")
@allow(RoleKind.ENTERPRISE)
def approve(public_id: str) -> Response:
    """Approve a plan."""
    return plan_pages.approve(_desk(), _own(public_id).public_id)


@blueprint.post("/<public_id>/reject")
@allow(RoleKind.ENTERPRISE)
def reject(public_id: str) -> Response:
    """Reject a plan."""
    return plan_pages.reject(_desk(), _own(public_id).public_id)
