"""The farmer's side: parcels that came back, and what of them can be sold again."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.catalogue.queries import product_art
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.orders.astray import came_back_to, note_sound
from marketplace.orders.models import Order, ReturnedGoods
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.errors import message_of, status_of
from marketplace.web.languages import pick
from marketplace.web.redirects import see_other

blueprint = Blueprint("came_back", __name__, url_prefix="/came-back")

_FIELD = re.compile(r"sound-([0-9]{1,4})")


@blueprint.get("/")
@by_mandate(Scope.STOCK)
def waiting() -> str:
    """Parcels that came back and wait to be looked at."""
    return _page()


def _page(wrong: str | None = None, error: str | None = None) -> str:
    found = came_back_to(current_seller().producer.id)
    art = product_art(row.line.listing_id for _, rows in found for row in rows)
    orders = [_order(order, rows, art, order.public_id == wrong) for order, rows in found]
    return render_template("producer/came_back.html", orders=orders, wrong=wrong, error=error)


def _order(order: Order, rows: list[ReturnedGoods], art: Mapping[int, str], tried: bool) -> dict[str, Any]:
    numbers = {line.id: number for number, line in enumerate(order.lines, 1)}
    return {
        "public_id": order.public_id,
        "reference": order.group.reference,
        "came_back_at": rows[0].came_back_at,
        "lines": [
            {
                "field": f"sound-{numbers[row.line_id]}",
                "title": pick(row.line.title_zh, row.line.title_en),
                "art": art.get(row.line.listing_id),
                "quantity": row.quantity,
                "unit": row.line.unit,
                # What was typed stays there when it has to be put right.
                "typed": request.form.get(f"sound-{numbers[row.line_id]}", "") if tried else "",
            }
            for row in rows
        ],
    }


@blueprint.post("/<public_id>")
@by_mandate(Scope.STOCK)
def looked_at(public_id: str) -> Response | tuple[str, int]:
    """Say how much of what came back can be sold again."""
    now = clock.now()
    try:
        sound = _read(request.form)
        with acting(now) as actor:
            noted = note_sound(public_id, current_seller().producer.id, sound, actor=actor, now=now)
    except (Conflict, Invalid) as error:
        return _page(public_id, message_of(error)), status_of(error)
    if not noted:
        flash(_("You had already told us. Nothing was changed."), "info")
    elif any(sound.values()):
        flash(_("Thank you. What is sound is in stock again."), "success")
    else:
        flash(_("Noted. Nothing of it is in stock again."), "success")
    return see_other(url_for("producer.came_back.waiting"))


def _read(form: Mapping[str, str]) -> dict[int, Decimal]:
    """The quantities of a form by line; an empty field says nothing and is asked for again."""
    found = {}
    for name, typed in form.items():
        field = _FIELD.fullmatch(name)
        if field is None:
            continue
        try:
            number = Decimal(typed.strip())
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise Invalid("sound_invalid", N_("Please give a number for each of the goods; 0 where nothing can be sold."))
        found[int(field[1])] = number
    return found
