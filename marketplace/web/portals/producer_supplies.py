"""What a farm can give in the weeks to come: declared in one form, changed by one number, taken back by one button."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.catalogue.queries import own_listing
from marketplace.delivery.queries import get_hub, hubs
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, Invalid
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import SupplyDeclaration
from marketplace.sourcing.supplies import (
    SupplyTerms,
    declarations_of,
    declare_supply,
    monday_of,
    note_yield,
    producer_can_declare,
    withdraw_supply,
)
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import Amount, FormSchema, Text, Yuan, read_form
from marketplace.web.languages import pick
from marketplace.web.plan_words import GRADES
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.redirects import see_other

blueprint = Blueprint("producer_supplies", __name__, url_prefix="/farm/parts/supplies")
farm_pages(blueprint)

WEEKS_SHOWN = 12
_KG = N_("Please give kilograms, more than nothing and at most 1,000,000.")


class SupplyForm(FormSchema):
    """Goods, from which week on, for how many weeks, how much each week, and at which least price."""

    listing = Text(required=True, error_messages={"required": N_("Please choose the goods.")}, validate=validate.Length(max=20))
    week = fields.Date(required=True)
    weeks = fields.Integer(load_default=1, validate=validate.Range(1, 53))
    kg = Amount(required=True, validate=validate.Range(0, 1_000_000, min_inclusive=False, error=_KG))
    price = Yuan(required=True, error_messages={"required": N_("Please give a price.")})
    grade = fields.Enum(Grade, by_value=True, load_default=Grade.UNGRADED)
    loss = Amount(load_default=None, validate=validate.Range(0, 90, error=N_("Losses are between 0 and 90 per cent.")))
    least = Amount(load_default=None, validate=validate.Range(0, 1_000_000, error=_KG))
    hub = Text(load_default=None, validate=validate.Length(max=20))


class YieldForm(FormSchema):
    """What a week really gives."""

    week = fields.Date(required=True)
    kg = Amount(required=True, validate=validate.Range(0, 1_000_000, error=_KG))


@blueprint.get("/")
@by_mandate(Scope.STOCK)
def supplies() -> str:
    """What is declared, and the form for more."""
    return _page({}, {})


def _page(form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    producer = current_seller().producer
    first = monday_of(clock.local_day(clock.now()))
    return render_template(
        "producer/supplies.html",
        declared=[_declared(one) for one in declarations_of(producer.id)],
        goods=[(one.public_id, pick(one.title_zh, one.title_en)) for one in producer_can_declare(producer)],
        mondays=[first + timedelta(days=7 * at) for at in range(WEEKS_SHOWN)],
        grades=[(grade.value, _(words)) for grade, words in GRADES.items()],
        hubs=[
            ("", _("It travels by itself")),
            *((hub.public_id, pick(hub.name_zh, hub.name_en)) for hub in hubs() if hub.area_code[:6] == producer.area_code[:6]),
        ],
        form=form,
        errors=errors,
    )


def _declared(one: SupplyDeclaration) -> dict[str, Any]:
    return {
        "public_id": one.public_id,
        "title": pick(one.listing.title_zh, one.listing.title_en),
        "price_fen_kg": one.min_price_fen_kg,
        "weeks": [{"week_on": week.week_on, "grams": week.grams, "promised": week.committed_g} for week in one.weeks],
    }


@blueprint.post("/")
@by_mandate(Scope.STOCK)
def declare() -> Response | tuple[str, int]:
    """Declare what can be given."""
    producer, now = current_seller().producer, clock.now()
    try:
        form = read_form(SupplyForm())
        first: date = form["week"]
        terms = SupplyTerms(form["grade"], form["price"], int((form["loss"] or 0) * 100), int((form["least"] or 0) * 1000))
        harvest = {first + timedelta(days=7 * at): int(form["kg"] * 1000) for at in range(form["weeks"])}
        with acting(now) as actor:
            listing = own_listing(form["listing"], producer.id)
            hub = get_hub(form["hub"]) if form["hub"] else None
            declare_supply(listing, terms, harvest, hub=hub, actor=actor, now=now)
    except Invalid as error:
        return _page(request.form, errors_by_field(error)), 422
    flash(_("Noted. You will be asked when somebody wants it."), "success")
    return see_other(url_for("producer_supplies.supplies"))


@blueprint.post("/<public_id>/yield")
@by_mandate(Scope.STOCK)
def noted(public_id: str) -> Response:
    """Say what a week really gives."""
    form = read_form(YieldForm())
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        note_yield(public_id, producer.id, form["week"], int(form["kg"] * 1000), actor=actor, now=now)
    flash(_("Noted. What was promised beyond it was made smaller."), "success")
    return see_other(url_for("producer_supplies.supplies"))


@blueprint.post("/<public_id>/withdraw")
@by_mandate(Scope.STOCK)
def withdraw(public_id: str) -> Response:
    """Take a declaration back."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        withdraw_supply(public_id, producer.id, actor=actor, now=now)
    flash(_("Taken back. What was promised of it is cancelled."), "success")
    return see_other(url_for("producer_supplies.supplies"))
