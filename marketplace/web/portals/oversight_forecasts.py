"""Forecasts for auditors: what offices of their areas see and are to act on; they read and change nothing."""

from flask import Blueprint

from marketplace.identity.models import RoleKind
from marketplace.web.access import allow
from marketplace.web.portals.forecast_pages import list_page, run_page

blueprint = Blueprint("forecasts", __name__, url_prefix="/forecasts")


@blueprint.get("")
@allow(RoleKind.AUDITOR)
def listed() -> str:
    """The newest forecast of each kind."""
    return list_page("oversight")


@blueprint.get("/<public_id>")
@allow(RoleKind.AUDITOR)
def run(public_id: str) -> str:
    """One forecast with its card."""
    return run_page("oversight", RoleKind.AUDITOR, public_id)
