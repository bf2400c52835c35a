"""Visits that are due, for whoever walks there with a phone: who, why, by when; and “I was there”."""

from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_
from marketplace.regions.queries import area_names
from marketplace.registry.forms.prefill import head_labels
from marketplace.registry.models import Household, VisitOrder
from marketplace.registry.visits import get_order_within, households_of, orders_due, record_visit
from marketplace.web.access import account, allow, office_reach
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.redirects import see_other
from marketplace.web.visit_words import cause_words

blueprint = Blueprint("visits", __name__, url_prefix="/visits")


class VisitForm(FormSchema):
    """What somebody found who was there."""

    note = Text(
        required=True,
        validate=validate.Length(max=400, error=N_("Please write at most 400 characters.")),
        error_messages={"required": N_("Please say what you found.")},
    )
    latitude = fields.Float(load_default=None, allow_nan=False, validate=validate.Range(-90, 90))
    longitude = fields.Float(load_default=None, allow_nan=False, validate=validate.Range(-180, 180))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def due() -> str:
    """The visits that are due in one's areas, the most urgent first."""
    orders = orders_due(office_reach())
    labels = head_labels(households_of(orders))
    names = area_names({order.village_code for order in orders})
    today = clock.local_day(clock.now())
    return render_template(
        "officer/visits.html",
        rows=[
            {
                "public_id": order.public_id,
                "who": labels[order.household_id],
                "place": place_name(names.get(order.village_code, "")),
                "cause": cause_words(order.cause),
                "reason": _(order.reason) if order.reason else "",
                "due_on": order.due_on,
                "late": order.due_on < today,
                "mine": order.not_by_id != account().id,
            }
            for order in orders
        ],
        late=sum(order.due_on < today for order in orders),
    )


@blueprint.post("/<public_id>")
@allow(RoleKind.OFFICER)
def made(public_id: str) -> Response:
    """Write down that one was there."""
    form, now = read_form(VisitForm()), clock.now()
    with transaction():
        order: VisitOrder = get_order_within(public_id, office_reach())
        household = db.session.get_one(Household, order.household_id)
        where: dict[str, Any] = {"latitude": form["latitude"], "longitude": form["longitude"]}
        record_visit(household, account(), now, now=now, note=form["note"], answers=[order], **where)
    flash(_("Thank you. The visit is written down."), "success")
    return see_other(url_for("officer.visits.due"))
