"""Portal: what a farm or cooperative asks of enterprises for a kilogram, for whom, and from which day until which."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.kernel.errors import DomainError
from marketplace.sourcing.price_lists import end_price_list, enterprises_known_to, lists_of, make_price_list
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.errors import status_of
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.price_list_pages import PriceListForm, form_options, given_by, list_row, wrong_fields
from marketplace.web.redirects import see_other

blueprint = Blueprint("producer_price_lists", __name__, url_prefix="/farm/price-lists")
farm_pages(blueprint)


@blueprint.get("/")
@by_mandate(Scope.LIST)
def lists() -> str:
    """One's own lists, and the form of another."""
    return _page({}, {})


def _page(typed: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    own, today = current_seller().producer.id, clock.local_day(clock.now())
    return render_template(
        "producer/price_lists.html",
        lists=[list_row(row) for row in lists_of(own, today)],
        options=form_options(own, enterprises_known_to(own)),
        form=typed or {"valid_from": today.isoformat()},
        errors=errors,
    )


@blueprint.post("/")
@by_mandate(Scope.LIST)
def make() -> Response | tuple[str, int]:
    """Write a list down; it binds from its first day on."""
    now, own = clock.now(), current_seller().producer.id
    try:
        given = given_by(read_form(PriceListForm()))
        with acting(now) as actor:
            make_price_list(given, producer_id=own, actor=actor, now=now)
    except DomainError as error:
        db.session.rollback()
        return _page(request.form, wrong_fields(error)), status_of(error)
    flash(_("The list holds from its first day on. Buyers can see it."), "success")
    return see_other(url_for("producer_price_lists.lists"))


@blueprint.post("/<public_id>/end")
@by_mandate(Scope.LIST)
def end(public_id: str) -> Response:
    """End a list today."""
    read_form(FormSchema())
    now, own = clock.now(), current_seller().producer.id
    with acting(now) as actor:
        end_price_list(public_id, producer_id=own, actor=actor, now=now)
    flash(_("The list has ended. What was ordered of it stays."), "success")
    return see_other(url_for("producer_price_lists.lists"))
