"""Weighing what was sold by weight when packed: one number for each line, before the order leaves the farm."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.catalogue.queries import product_art
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_
from marketplace.orders.models import Order, OrderLine, Weighing
from marketplace.orders.weighing import WeightIsLight, weigh_and_give_back
from marketplace.orders.weights import awaits_weighing, get_order_to_weigh, lines_by_weight
from marketplace.web.access import account
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.filters import amount, unit_name, yuan
from marketplace.web.forms import Amount, FormError, FormSchema, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.portals.producer_terms import grams_of
from marketplace.web.prices import order_line_price, range_words, weight_number, weight_words

blueprint = Blueprint("producer_weighing", __name__, url_prefix="/farm/orders")
farm_pages(blueprint)

_LIGHT = "light_is_right"


def _own_order(public_id: str) -> Order:
    return get_order_to_weigh(public_id, current_seller().producer.id)


@blueprint.get("/<public_id>/weigh")
@by_mandate(Scope.SHIP)
def weigh(public_id: str) -> str | Response:
    """The scales: one big box for each line. What has been weighed leads back to the picking list."""
    order = _own_order(public_id)
    if not awaits_weighing(order):
        return redirect(url_for("producer.orders"), 303)
    return _page(order, {}, {})


@blueprint.post("/<public_id>/weigh")
@by_mandate(Scope.SHIP)
def weighed(public_id: str) -> Response | tuple[str, int]:
    """Note the weights; what they are less than was paid for goes back to the buyer."""
    order, now = _own_order(public_id), clock.now()
    weighings = [line.weighing for line in lines_by_weight(order) if line.weighing is not None]
    try:
        grams, light_is_right = _read(weighings)
        less_fen = weigh_and_give_back(
            public_id,
            order.producer_id,
            grams,
            light_is_right=light_is_right,
            actor=account().public_id,
            now=now,
            within=lambda: acting(now),
        )
    except FormError as error:
        return _page(order, request.form, error.fields), 422
    except WeightIsLight as error:
        return _page(_own_order(public_id), request.form, {}, light=str(error.data["line"])), 409
    if less_fen:
        flash(
            _("Weighed. The order costs %(amount)s less than it could have; now it can leave.", amount=yuan(less_fen)),
            "success",
        )
    else:
        flash(_("Weighed. Now it can leave."), "success")
    return redirect(url_for("producer.orders"), 303)


def _read(weighings: list[Weighing]) -> tuple[dict[str, int], bool]:
    """The grams of each line, and whether somebody has looked again at what is light."""
    needed = Amount(required=True, error_messages={"required": N_("Please say what it weighs.")})
    schema = FormSchema.from_dict(
        {
            **{f"weight_{row.public_id}": needed for row in weighings},
            _LIGHT: fields.String(load_default="", validate=validate.OneOf(["yes", ""])),
        }
    )
    form = read_form(schema())
    grams = {row.public_id: grams_of(form[f"weight_{row.public_id}"], row.unit) for row in weighings}
    wrong = {
        f"weight_{row.public_id}": _(
            "More than 0 and at most %(most)s: the buyer has not paid for more.", most=weight_words(row.most_grams, row.unit)
        )
        for row in weighings
        if not 0 < grams[row.public_id] <= row.most_grams
    }
    if wrong:
        raise FormError(wrong)
    return grams, bool(form[_LIGHT])


def _page(order: Order, form: Mapping[str, Any], errors: Mapping[str, str], *, light: str | None = None) -> str:
    lines = lines_by_weight(order)
    art = product_art(line.listing_id for line in lines)
    return render_template(
        "producer/weigh.html",
        order=order,
        lines=[_line(line, art) for line in lines],
        form=form,
        errors=errors,
        light=next((_too_light(line) for line in lines if line.weighing and line.weighing.public_id == light), None),
    )


def _line(line: OrderLine, art: Mapping[int, str]) -> dict[str, Any]:
    weighing = line.weighing
    assert weighing is not None
    return {
        "name": f"weight_{weighing.public_id}",
        "title": pick(line.title_zh, line.title_en),
        "art": art.get(line.listing_id),
        "amount": amount(line.quantity, line.unit),
        "price": order_line_price(line),
        "range": range_words(weighing.least_grams, weighing.most_grams, weighing.unit),
        "most": weight_number(weighing.most_grams, weighing.unit),
        "unit_label": unit_name(weighing.unit),
    }


def _too_light(line: OrderLine) -> str:
    weighing = line.weighing
    assert weighing is not None
    return str(
        _(
            "%(title)s should weigh %(least)s at least. Please look at the scales again.",
            title=pick(line.title_zh, line.title_en),
            least=weight_words(weighing.least_grams, weighing.unit),
        )
    )
