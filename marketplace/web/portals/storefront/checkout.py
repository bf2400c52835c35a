"""Checkout: one page, three steps, and what happens when the world has moved meanwhile."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.steps import step
from marketplace.orders.holding import leave_checkout, open_checkout
from marketplace.orders.models import OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import BasketView, basket_view, last_destination
from marketplace.payments.gateway import find_provider
from marketplace.payments.models import SHOP_METHODS, PaymentMethod
from marketplace.recommendations.service import record_purchase
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.models import Area, Level
from marketplace.regions.queries import counties_to_choose, find_area_in_force
from marketplace.web.access import SIGNED_IN, account, allow
from marketplace.web.deliveries import deliver_to
from marketplace.web.errors import message_of, status_of
from marketplace.web.filters import yuan
from marketplace.web.forms import FormError, FormSchema, Text, read_form, spelled
from marketplace.web.places import place_name
from marketplace.web.portals.storefront.basket import seller_groups
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.portals.storefront.paying import to_pay_page
from marketplace.web.portals.storefront.ways import SHOW_PRICES, Ways, split_choices, ways_of
from marketplace.web.redirects import see_other

_STALE = {"required": N_("Please open the checkout again."), "invalid": N_("Please open the checkout again.")}
_METHOD = {"required": N_("Please choose how to pay."), "unknown": N_("Please choose how to pay.")}
_PROVINCE = r"[0-9]{2}"
_COUNTY = r"[0-9]{6}"
# The button beside the provinces, which only shows their counties.
SHOW_COUNTIES = "counties"


class CheckoutForm(FormSchema):
    """Where to, how to pay, and the basket and total that the buyer saw."""

    basket = Text(required=True, error_messages=_STALE)
    expected_total_fen = fields.Integer(required=True, error_messages=_STALE)
    recipient = Text(
        required=True,
        error_messages={"required": N_("Please say who receives it.")},
        validate=validate.Length(max=60, error=N_("Please give a name of 1 to 60 characters.")),
    )
    phone = Text(
        required=True,
        error_messages={"required": N_("Please give a phone number for the courier.")},
        validate=spelled(
            r"\+?[0-9][0-9 -]{4,18}", error=N_("Please give a phone number in digits only, such as 138 0013 8000.")
        ),
    )
    province = Text(validate=spelled(_PROVINCE, error=N_("Please choose a province.")))
    county = Text(
        required=True,
        error_messages={"required": N_("Please choose a county or district.")},
        validate=spelled(_COUNTY, error=N_("Please choose a county or district.")),
    )
    address = Text(
        required=True,
        error_messages={"required": N_("Please give town, street and house number.")},
        validate=validate.Length(max=200, error=N_("The address may have at most 200 characters.")),
    )
    payment_method = fields.Enum(
        PaymentMethod, by_value=fields.String(), required=True, error_messages=_METHOD, validate=validate.OneOf(SHOP_METHODS)
    )


@blueprint.get("/checkout")
@allow(SIGNED_IN)
def checkout() -> str | Response:
    """The page, filled in with where the last purchase went. Opening it keeps the goods for a while."""
    buyer_id, name = account().id, account().display_name
    view = _kept_basket(buyer_id)
    if not view.lines:
        return see_other(url_for("storefront.basket"))
    last = last_destination(buyer_id)
    form = {
        "recipient": last.recipient if last is not None else name,
        "phone": last.phone if last is not None else "",
        "county": (last.area_code if last is not None else None) or "",
        "address": last.address if last is not None else "",
        "payment_method": _method_at_first(last),
    }
    return _page(view, form)


@blueprint.post("/checkout")
@allow(SIGNED_IN)
def checkout_place() -> Response | tuple[str, int] | str:
    """Order what is in the basket. The same basket sent twice is one order."""
    buyer_id = account().id
    if request.form.get("show") in (SHOW_COUNTIES, SHOW_PRICES):
        return _page(_kept_basket(buyer_id), request.form)
    try:
        choices, rest = split_choices(request.form)
        group = _place(read_form(CheckoutForm(), rest), choices, clock.now())
    except FormError as error:
        return _page(_kept_basket(buyer_id), request.form, _by_field(error)), status_of(error)
    except (Conflict, Invalid) as error:
        db.session.rollback()
        return _page(_kept_basket(buyer_id), request.form, {"": message_of(error)}), status_of(error)
    # The order is committed; only now is anybody outside asked, and asking twice begins nothing new.
    step("checkout.committed")
    if group.payment_method == PaymentMethod.ONLINE:
        return to_pay_page(group)
    return see_other(url_for("storefront.order", public_id=group.public_id))


@blueprint.post("/checkout/leave")
@allow(SIGNED_IN)
def checkout_leave() -> Response:
    """Go back to the basket and let others have the goods meanwhile."""
    read_form(FormSchema())
    with transaction():
        leave_checkout(account().id)
    return see_other(url_for("storefront.basket"))


def _kept_basket(buyer_id: int) -> BasketView:
    """The basket at the checkout, whose goods are kept from now on."""
    now = clock.now()
    with transaction():
        open_checkout(buyer_id, now=now)
        # Before the locks are let go of, so that what the page says is left is what is kept.
        view = basket_view(buyer_id, None, now=now)
    step("hold.committed")
    return view


def _method_at_first(last: OrderGroup | None) -> str:
    """What is chosen until the buyer chooses: as last time where that is still possible."""
    online = find_provider() is not None
    if last is not None and (online or last.payment_method != PaymentMethod.ONLINE):
        return last.payment_method
    return PaymentMethod.ONLINE if online else PaymentMethod.CASH_ON_DELIVERY


def _place(form: Mapping[str, Any], choices: Mapping[str, str], now: datetime) -> OrderGroup:
    buyer = account()
    if find_area_in_force(form["county"]) is None:
        raise FormError({"county": _("Please choose a county or district.")})
    destination = Destination(form["recipient"], form["phone"], form["county"], form["address"])
    with transaction():
        group = place_order(
            buyer.id,
            buyer.public_id,
            form["basket"],
            destination,
            form["payment_method"],
            form["expected_total_fen"],
            now=now,
            delivery=choices,
        )
        # A basket that had been placed before answers its purchase, which was remembered then.
        if group.placed_at == now:
            record_purchase(buyer, group, now=now)
    deliver_to(form["county"])
    return group


def _by_field(error: FormError) -> dict[str, str]:
    """Messages beside their fields; what has no field on the page stands above the form."""
    shown = {"recipient", "phone", "province", "county", "address", "payment_method"}
    known = {name: message for name, message in error.fields.items() if name in shown}
    others = {name: message for name, message in error.fields.items() if name not in shown}
    stale = {name: message for name, message in others.items() if name in ("basket", "expected_total_fen")}
    if stale:
        known[""] = next(iter(stale.values()))
    elif others:
        known[""] = _("This form has a field that does not belong to it.")
    return known


def _page(view: BasketView, form: Mapping[str, Any], errors: Mapping[str, str] | None = None) -> str:
    province = form.get("province") or (form.get("county") or "")[:2]
    known_province = province if len(province) == Level.PROVINCE and province.isascii() and province.isdigit() else ""
    areas = counties_to_choose(known_province or None)
    county = form.get("county") or ""
    counties = {area.code for area in areas if area.level is Level.COUNTY}
    ways = ways_of(view, county if county in counties else "", split_choices(MultiDict(form))[0])
    return render_template(
        "storefront/checkout.html",
        basket_id=view.public_id,
        ready=view.ready,
        groups=seller_groups(view),
        held_until=view.held_until,
        total_rows=[(_("Goods"), yuan(view.total_fen)), (_("Delivery"), _freight_words(ways))],
        total_fen=view.total_fen + ways.fen,
        ways=ways,
        show_prices=SHOW_PRICES,
        form=form,
        errors=errors or {},
        provinces=[(area.code, place_name(area.name)) for area in areas if area.level is Level.PROVINCE],
        province=known_province,
        cities=_counties_by_city(areas),
        payments=[
            *_online_method(),
            {
                "value": PaymentMethod.CASH_ON_DELIVERY.value,
                "label": _("Cash on delivery"),
                "hint": _("Pay when you get the parcel."),
            },
            {
                "value": PaymentMethod.BANK_TRANSFER.value,
                "label": _("Bank transfer"),
                "hint": _("The sellers pack as soon as the money has arrived."),
            },
        ],
        show_counties=SHOW_COUNTIES,
    )


def _freight_words(ways: Ways) -> str:
    if ways.included:
        return str(_("Included"))
    return yuan(ways.fen) if ways.known else str(_("Once we know where to"))


def _online_method() -> list[dict[str, str]]:
    if find_provider() is None:
        return []
    hint = _("You pay on the next page; the sellers pack at once.")
    return [{"value": PaymentMethod.ONLINE.value, "label": _("Card, Alipay or WeChat Pay"), "hint": hint}]


def _counties_by_city(areas: list[Area]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The counties to choose from, each under its city."""
    cities = {area.code: place_name(area.name) for area in areas if area.level is Level.CITY}
    counties = [area for area in areas if area.level is Level.COUNTY]
    return [
        (name, [(area.code, place_name(area.name)) for area in counties if ancestor_codes(area.code)[1] == code])
        for code, name in cities.items()
    ]
