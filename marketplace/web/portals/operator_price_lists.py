"""The operator's price lists: what the market holds quotes of all sellers against, for one enterprise or for all."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.sourcing.price_lists import end_price_list, enterprises_named, lists_of, make_price_list
from marketplace.web.access import account, allow
from marketplace.web.errors import status_of
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.price_list_pages import PriceListForm, form_options, given_by, list_row, wrong_fields
from marketplace.web.redirects import see_other

blueprint = Blueprint("operator_price_lists", __name__, url_prefix="/operator/price-lists")


MOST_OFFERED = 50


@blueprint.get("/")
@allow(RoleKind.OPERATOR)
def lists() -> str:
    """The market's lists, and the form of another."""
    return _page({}, {})


def _page(typed: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    today, words = clock.local_day(clock.now()), request.args.get("words", "").strip()[:60]
    found = enterprises_named(words, limit=MOST_OFFERED + 1)
    # The only one that was found is whom the list is for.
    meant = found[0].public_id if words and len(found) == 1 else None
    return render_template(
        "operator/price_lists.html",
        lists=[list_row(row) for row in lists_of(None, today)],
        options=form_options(None, found[:MOST_OFFERED]),
        words=words,
        # Who has looked for somebody is not sent elsewhere, and a market of few need not be looked through.
        searches=bool(words) or len(found) > MOST_OFFERED,
        form=typed or {"valid_from": today.isoformat(), "enterprise": meant},
        errors=errors,
    )


@blueprint.post("/")
@allow(RoleKind.OPERATOR)
def make() -> Response | tuple[str, int]:
    """Write a list down."""
    now = clock.now()
    try:
        given = given_by(read_form(PriceListForm()))
        with transaction():
            make_price_list(given, producer_id=None, actor=account().public_id, now=now)
    except DomainError as error:
        db.session.rollback()
        return _page(request.form, wrong_fields(error)), status_of(error)
    flash(_("The list is there. Quotes above it are marked."), "success")
    return see_other(url_for("operator_price_lists.lists"))


@blueprint.post("/<public_id>/end")
@allow(RoleKind.OPERATOR)
def end(public_id: str) -> Response:
    """End a list today."""
    read_form(FormSchema())
    with transaction():
        end_price_list(public_id, producer_id=None, actor=account().public_id, now=clock.now())
    flash(_("The list has ended. What was ordered of it stays."), "success")
    return see_other(url_for("operator_price_lists.lists"))
