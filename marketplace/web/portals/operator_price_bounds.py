"""The operator sets by which numbers prices are called unusual, from a day on."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug.wrappers import Response

from marketplace.catalogue.price_checks import bounds_on, set_bounds
from marketplace.catalogue.price_evidence import PriceBounds
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.web.access import account, allow
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import Amount, FormSchema, read_form
from marketplace.web.redirects import see_other

blueprint = Blueprint("operator_price_bounds", __name__, url_prefix="/operator/prices/bounds")

# The numbers in the order of the page, with what each means.
_LABELS = {
    "weeks": N_("Weeks of market prices to compare with"),
    "least_days": N_("Fewest days of market prices"),
    "least_listings": N_("Fewest prices of other sellers"),
    "markup": N_("What farms ask over the wholesale market, as a factor"),
    "spread": N_("Least spread of honest prices (of their logarithm)"),
    "flag_at": N_("Spreads from the usual at which a price is looked at"),
    "wait_at": N_("Spreads from the usual at which goods wait"),
}
_WHOLE = ("weeks", "least_days", "least_listings")


class BoundsForm(FormSchema):
    """The numbers, and from when they hold."""

    begins_on = fields.Date(required=True)
    weeks, least_days, least_listings = (fields.Integer(required=True) for _ in range(3))
    markup, spread, flag_at, wait_at = (Amount(required=True) for _ in range(4))


@blueprint.get("/")
@allow(RoleKind.OPERATOR)
def bounds() -> str:
    """The numbers in force today, and others from a day on."""
    return _page({}, {})


def _page(form: Any, errors: dict[str, str]) -> str:
    today = clock.local_day(clock.now())
    held = asdict(bounds_on(today))
    return render_template(
        "operator/price_bounds.html",
        rows=[
            {
                "name": name,
                "label": _(words),
                "held": f"{held[name]:g}",
                "typed": form.get(name, f"{held[name]:g}"),
                "whole": name in _WHOLE,
            }
            for name, words in _LABELS.items()
        ],
        begins_on=form.get("begins_on", today.isoformat()),
        today=today.isoformat(),
        errors=errors,
    )


@blueprint.post("/")
@allow(RoleKind.OPERATOR)
def bounds_set() -> Response | tuple[str, int]:
    """Judge prices by other numbers from a day on."""
    try:
        form = read_form(BoundsForm())
        found = PriceBounds(**{name: int(form[name]) if name in _WHOLE else float(form[name]) for name in _LABELS})
        with transaction():
            set_bounds(form["begins_on"], found, actor=account().public_id, now=clock.now())
    except Invalid as error:
        return _page(request.form, errors_by_field(error)), 422
    flash(_("Prices are judged by these numbers from that day on."), "success")
    return see_other(url_for("operator_price_bounds.bounds"))
