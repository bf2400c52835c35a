"""Portal: what kitchens and shops have found on their scales of goods from one's area, with the pictures of it."""

from typing import Any

from flask import Blueprint, render_template

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.sourcing.models import AcceptanceRecord
from marketplace.sourcing.queries import records_within
from marketplace.sourcing.states import PartState
from marketplace.web.acceptance_pictures import pictures_of
from marketplace.web.access import account, allow
from marketplace.web.languages import pick
from marketplace.web.sourcing_words import chip

blueprint = Blueprint("acceptances", __name__, url_prefix="/acceptances")


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The newest weighings of goods from one's areas."""
    rows = records_within(scopes(account(), RoleKind.OFFICER))
    return render_template("officer/acceptances.html", rows=[_row(row) for row in rows])


def _row(record: AcceptanceRecord) -> dict[str, Any]:
    part = record.part
    return {
        "seller": pick(part.producer.name_zh, part.producer.name_en),
        "goods": pick(part.listing.title_zh, part.listing.title_en),
        "buyer": part.contract.enterprise.name,
        "chip": chip(PartState(part.state)),
        "record": record,
        "pictures": pictures_of(record),
    }
