"""The basket, of a visitor as of somebody signed in."""

from decimal import Decimal
from typing import Any

from flask import flash, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from marketplace.catalogue.deliveries import may_reach
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.orders.baskets import add_line, change_line, open_basket
from marketplace.orders.queries import BasketLineView, BasketView, basket_count, basket_view
from marketplace.recommendations.models import EventKind
from marketplace.recommendations.service import recommend, record_event
from marketplace.web.access import PUBLIC, account_or_none, allow
from marketplace.web.cards import recommended_cards
from marketplace.web.deliveries import delivery_area, delivery_place
from marketplace.web.errors import message_of, status_of
from marketplace.web.filters import amount, quantity, short_day, weight_beside, yuan
from marketplace.web.forms import Amount, FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.portals.storefront.ways import freight_before_checkout
from marketplace.web.prices import listing_price_words, next_tier_words
from marketplace.web.quantities import largest, step_for
from marketplace.web.redirects import came_from, see_other
from marketplace.web.session import keep_visitor_basket, visitor_basket

MORE = 4
_QUANTITY = {"required": N_("Please say how much.")}


class AddForm(FormSchema):
    """A quantity of a listing."""

    listing = Text(required=True, error_messages={"required": N_("Please choose what to put in.")})
    quantity = Amount(required=True, error_messages=_QUANTITY)


class ChangeForm(FormSchema):
    """Another quantity; nothing takes the line out."""

    quantity = Amount(required=True, error_messages=_QUANTITY)


@blueprint.get("/basket")
@allow(PUBLIC)
def basket() -> str:
    """What somebody means to buy, by seller, at today's prices."""
    return _page(own_basket())


def own_basket() -> BasketView:
    """The basket of whoever looks."""
    account = account_or_none()
    return basket_view(account.id if account is not None else None, visitor_basket(), now=clock.now())


def _page(view: BasketView, error: str | None = None) -> str:
    more = _more(view)
    return render_template(
        "storefront/basket.html",
        error=error,
        more=more,
        groups=seller_groups(view),
        ready=view.ready,
        total_rows=[(_("Goods"), yuan(view.total_fen)), (_("Delivery"), freight_before_checkout(view))],
        total_fen=view.total_fen,
    )


def _more(view: BasketView) -> list[dict[str, Any]]:
    """What goes with what is in the basket; nothing for an empty one."""
    titles = {line.listing.id: pick(line.listing.title_zh, line.listing.title_en) for line in view.lines}
    if not titles:
        return []
    with transaction():
        found = recommend(account_or_none(), "basket", MORE, now=clock.now(), near=list(titles), area=delivery_area())
    return recommended_cards(found, titles)


@blueprint.post("/basket/lines")
@allow(PUBLIC)
def basket_add() -> Response:
    """Put something in, and go back to where it was seen."""
    form = read_form(AddForm())
    now = clock.now()
    account = account_or_none()
    account_id = account.id if account is not None else None
    with transaction():
        mine = open_basket(account_id, visitor_basket(), now=now)
        listing = add_line(mine, form["listing"], form["quantity"], now=now)
        if account is not None:
            record_event(account, listing.id, EventKind.BASKET, now=now)
        basket_id, title = mine.public_id, pick(listing.title_zh, listing.title_en)
    if account_id is None:
        keep_visitor_basket(basket_id)
    number = basket_count(account_id, basket_id)
    flash(
        ngettext(
            "Added to your basket: %(title)s. It now holds %(num)d product.",
            "Added to your basket: %(title)s. It now holds %(num)d products.",
            number,
            title=title,
        ),
        "success",
    )
    return see_other(came_from(url_for("storefront.basket")))


@blueprint.post("/basket/lines/<public_id>")
@allow(PUBLIC)
def basket_change(public_id: str) -> Response | tuple[str, int]:
    """Set the quantity of a line or take it out."""
    now = clock.now()
    account = account_or_none()
    account_id = account.id if account is not None else None
    try:
        wanted: Decimal = read_form(ChangeForm())["quantity"]
        with transaction():
            mine = open_basket(account_id, visitor_basket(), now=now)
            change_line(mine, public_id, wanted, now=now)
    except (Conflict, Invalid) as error:
        db.session.rollback()
        return _page(own_basket(), message_of(error)), status_of(error)
    flash(_("Your basket has been changed.") if wanted else _("Taken out of your basket."), "success")
    return see_other(url_for("storefront.basket"))


def seller_groups(view: BasketView) -> list[dict[str, Any]]:
    """A basket as the ``basket_group`` macro shows it, one group for each seller."""
    return [
        {
            "seller": pick(seller_zh, seller_en),
            "place": place_name(lines[0].listing.village),
            "delivery": _("Comes as a parcel of its own"),
            "lines": [basket_line(line) for line in lines],
            "total_fen": total_fen,
        }
        for seller_zh, seller_en, lines, total_fen in view.sellers
    ]


def basket_line(line: BasketLineView) -> dict[str, Any]:
    """One line of a basket, with what has changed since it was put in."""
    row = line.listing
    return {
        "public_id": line.public_id,
        "title": pick(row.title_zh, row.title_en),
        "url": url_for("storefront.product", public_id=row.public_id) if line.problem != "withdrawn" else None,
        "art": row.art,
        "price": listing_price_words(row, line.price_fen),
        "weight": weight_beside(row.unit, row.unit_grams) if row.weight_unit is None else None,
        "hint": next_tier_words(line.next_tier, row.unit) if line.next_tier is not None else None,
        "at_most": _("At the most: what it weighs less when it is packed comes back to you.") if row.weight_unit else None,
        "least": quantity(row.minimum_quantity) if row.minimum_quantity is not None else None,
        "quantity": quantity(line.quantity),
        "amount": amount(line.quantity, row.unit),
        "step": step_for(row.unit, line.quantity, row.minimum_quantity),
        "maximum": quantity(max(line.quantity, largest(row.unit, line.left))),
        "can_change": line.problem in (None, "too_few", "below_minimum"),
        "sum_fen": line.total_fen,
        "problem": _problem(line),
        "far": None
        if may_reach(row.delivers_to, delivery_area())
        else _("Not delivered to %(place)s. Another address is chosen at the checkout.", place=delivery_place()),
        "waits": _waits(line),
        "price_change": _("The price was %(before)s when you put it in; it is %(now)s now.", **_prices(line))
        if line.price_changed
        else None,
    }


def _prices(line: BasketLineView) -> dict[str, str]:
    return {"before": yuan(line.listing.price_fen_shown), "now": yuan(line.price_fen)}


def _waits(line: BasketLineView) -> str | None:
    """What of a line is sent only after a harvest to come, which nobody should learn from the parcel."""
    if not line.waits_for or line.problem is not None:
        return None
    what = amount(line.waits_for, line.listing.unit)
    day = short_day(line.listing.coming_on)
    if line.waits_for == line.quantity:
        return str(_("Harvest about %(day)s, sent after it. Paid in advance.", day=day))
    return str(_("%(amount)s of it come from the harvest about %(day)s; all of it is sent after it.", amount=what, day=day))


def _problem(line: BasketLineView) -> str | None:
    if line.problem == "too_few":
        left = amount(line.left, line.listing.unit)
        return str(_("Only %(amount)s left. Please take less.", amount=left))
    if line.problem == "below_minimum":
        least = amount(line.listing.minimum_quantity, line.listing.unit)
        return str(_("Sold from %(amount)s upwards. Please take a little more.", amount=least))
    words = {
        "withdrawn": _("No longer on sale. Please take it out."),
        "sold_out": _("Sold out. Please take it out."),
        "not_in_season": _("It cannot be ordered at the moment. Please take it out."),
        "held": _("Somebody is just buying the last of it. Look again in ten minutes, or take it out."),
    }
    return words.get(line.problem or "")
