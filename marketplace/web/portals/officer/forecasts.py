"""What is likely to come: prices, demand, needs, and whom to call on first, each beside the simplest guesses."""

from flask import Blueprint

from marketplace.identity.models import RoleKind
from marketplace.web.access import allow
from marketplace.web.portals.forecast_pages import list_page, run_page

blueprint = Blueprint("forecasts", __name__, url_prefix="/forecasts")


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The newest forecast of each kind."""
    return list_page("officer")


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def run(public_id: str) -> str:
    """One forecast with its card."""
    return run_page("officer", RoleKind.OFFICER, public_id)
