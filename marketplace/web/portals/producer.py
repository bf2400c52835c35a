"""Portal: the farmer's side."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from marketplace.catalogue.catch_weight import WEIGHT_UNITS
from marketplace.catalogue.deliveries import delivery_areas
from marketplace.catalogue.models import UNIT_GRAMS, Listing, ListingState, Producer, ProducerKind, Product, Unit
from marketplace.catalogue.queries import (
    categories,
    own_listing,
    producer_listings,
    product_art,
    products,
)
from marketplace.catalogue.service import add_harvest, change_listing, create_listing, publish, withdraw
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.ledger.queries import balance_fen
from marketplace.orders.astray import count_came_back
from marketplace.orders.models import Order, OrderLine, ShareKind
from marketplace.orders.preorders import waits_for_harvest
from marketplace.orders.queries import money_ahead, orders_of_producer, orders_to_pack
from marketplace.orders.settlement import kept_fen
from marketplace.orders.shares import parts_of_refund, producer_account, shares_of
from marketplace.orders.shipments import note_own_arrival, send_order
from marketplace.orders.states import OrderState
from marketplace.orders.weights import awaits_weighing
from marketplace.payments.models import GOODS_FIRST
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.queries import area_names
from marketplace.web.access import account
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.errors import status_of
from marketplace.web.filters import unit_name, weight_beside
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.languages import pick
from marketplace.web.places import address_line, place_name
from marketplace.web.portals import (
    producer_after,
    producer_benefits,
    producer_came_back,
    producer_help,
    producer_household,
    producer_mandates,
    producer_more,
    producer_projects,
    producer_shares,
)
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.portals.producer_forms import (
    HarvestForm,
    ListingForm,
    WordsForm,
    changed_offer,
    check_harvest_day,
    messages_by_field,
    read_contributions,
    read_offer,
)
from marketplace.web.portals.producer_mandates import deeds_on
from marketplace.web.portals.producer_money import payout_context
from marketplace.web.portals.producer_prices import price_question
from marketplace.web.portals.producer_sending import (
    ShipForm,
    active_carriers,
    carried_by_oneself,
    chosen_carrier,
    label_page,
    sending_of,
)
from marketplace.web.portals.producer_terms import MOST_TIERS, kept_terms, weighed_words
from marketplace.web.prices import listing_price_words, order_line_price, range_words, weight_words
from marketplace.web.waterfall import share_words, terms_rows

blueprint = Blueprint("producer", __name__, url_prefix="/farm")
blueprint.register_blueprint(producer_mandates.blueprint)
blueprint.register_blueprint(producer_after.blueprint)
blueprint.register_blueprint(producer_came_back.blueprint)
blueprint.register_blueprint(producer_household.blueprint)
blueprint.register_blueprint(producer_shares.blueprint)
blueprint.register_blueprint(producer_benefits.blueprint)
blueprint.register_blueprint(producer_projects.blueprint)
blueprint.register_blueprint(producer_help.blueprint)
blueprint.register_blueprint(producer_more.blueprint)
farm_pages(blueprint)

HELD = N_("The price is very unusual. It goes on sale as soon as somebody has looked at it.")
_LATEST_SHIPPED = 5
_LATEST_MONEY = 20


def _own_producer() -> Producer:
    return current_seller().producer


@blueprint.get("/")
@by_mandate(Scope.SHIP)
def orders() -> str:
    """What to pack, what waits for payment, what has left."""
    producer = _own_producer()
    waiting = orders_to_pack(producer.id)
    ready = [order for order in waiting if _may_leave(order)]
    growing = [order for order in waiting if order.group.paid_at is not None and not _may_leave(order)]
    unpaid = [order for order in waiting if order not in growing and not _may_leave(order)]
    latest = orders_of_producer(producer.id)
    shipped = [order for order in latest if order.state == OrderState.SHIPPED][:_LATEST_SHIPPED]
    art = product_art(line.listing_id for order in ready for line in order.lines)
    places = _places([*ready, *shipped])
    known = active_carriers() if ready else []
    headline = ngettext("%(num)d order to pack", "%(num)d orders to pack", len(ready)) if ready else _("Nothing to pack now")
    return render_template(
        "producer/orders.html",
        headline=headline,
        ready=[{**_slip(order, art, places), "sending": sending_of(order.delivery, known)} for order in ready],
        growing=[(order, max(line.harvested_on for line in order.lines if waits_for_harvest(line))) for order in growing],
        unpaid=unpaid,
        shipped=[(order, places[order.id]) for order in shipped],
        own_way=carried_by_oneself(shipped, producer.id, account().public_id),
        has_orders=bool(latest),
        came_back=count_came_back(producer.id),
    )


def _may_leave(order: Order) -> bool:
    if any(waits_for_harvest(line) for line in order.lines):
        return False
    return order.group.paid_at is not None or order.group.payment_method in GOODS_FIRST


def _places(some: Sequence[Order]) -> dict[int, str]:
    """Where each order goes, from the province down to the street."""
    codes = {order.id: ancestor_codes(order.group.area_code or "") for order in some}
    names = area_names(code for own in codes.values() for code in own)
    return {
        order.id: address_line((names[code] for code in codes[order.id] if code in names), order.group.address)
        for order in some
    }


def _slip(order: Order, art: Mapping[int, str], places: Mapping[int, str]) -> dict[str, Any]:
    """What the packer needs of one order."""
    group = order.group
    return {
        "public_id": order.public_id,
        "reference": group.reference,
        "placed_at": group.placed_at,
        "recipient": group.recipient,
        "phone": group.phone,
        "place": places[order.id],
        "collect_fen": order.total_fen - order.refunded_fen if group.paid_at is None else None,
        "producer_fen": kept_fen(order),
        "refunded_fen": order.given_back_fen,
        "to_weigh": awaits_weighing(order),
        "lines": [
            {
                "title": pick(line.title_zh, line.title_en),
                "art": art.get(line.listing_id),
                "quantity": line.quantity - line.missing,
                "unit": line.unit,
                "weight_g": int((line.quantity - line.missing) * line.unit_grams),
                "price": order_line_price(line),
                "weighed": _weighed(line),
                "harvested_on": line.harvested_on,
            }
            for line in order.lines
            if line.missing < line.quantity
        ],
    }


def _weighed(line: OrderLine) -> str | None:
    """What a line weighs or may weigh, for goods that are weighed when packed."""
    weighing = line.weighing
    if weighing is None:
        return None
    if weighing.grams is None:
        return range_words(weighing.least_grams, weighing.most_grams, weighing.unit)
    return weight_words(weighing.grams, weighing.unit)


@blueprint.post("/orders/<public_id>/ship")
@by_mandate(Scope.SHIP)
def ship(public_id: str) -> Response:
    """Note that an order has left the farm."""
    producer = _own_producer()
    form = read_form(ShipForm())
    now = clock.now()
    with acting(now) as actor:
        by = chosen_carrier(form)
        order = send_order(public_id, producer.id, by, form["number"], actor=actor, now=now)
        shipped_at = order.shipped_at
    if shipped_at == now:
        flash(_("Thank you. The buyer can see now that it is on its way."), "success")
    else:
        flash(_("This order had already left. Nothing was changed."), "info")
    return redirect(url_for("producer.orders"), 303)


@blueprint.post("/shipments/<public_id>/arrived")
@by_mandate(Scope.SHIP)
def arrived(public_id: str) -> Response:
    """Note that the farm has brought a parcel to its buyer itself."""
    producer = _own_producer()
    read_form(FormSchema())
    now = clock.now()
    with acting(now) as actor:
        note_own_arrival(public_id, producer_id=producer.id, account=actor, now=now)
    flash(_("Noted: the buyer has it."), "success")
    return redirect(url_for("producer.orders"), 303)


@blueprint.get("/orders/<public_id>/label")
@by_mandate(Scope.SHIP)
def label(public_id: str) -> str:
    """The slip of an order's parcel, to print."""
    return label_page(public_id, _own_producer().id)


@blueprint.get("/listings")
@by_mandate(Scope.LIST, Scope.STOCK, any_of=True)
def listings() -> str:
    """Everything the farm sells or has sold."""
    producer = _own_producer()
    own = producer_listings(producer.id)
    prices = {row.id: listing_price_words(row, row.price_fen) for row in own}
    return render_template(
        "producer/listings.html",
        listings=own,
        prices=prices,
        art=product_art(row.id for row in own),
        cooperative=producer.household_id is None,
    )


@blueprint.get("/listings/new")
@by_mandate(Scope.LIST, Scope.STOCK)
def listing_new() -> str:
    """Four short steps to a new listing."""
    return _new_page(_own_producer(), {"harvested_on": clock.local_day(clock.now()), "unit": Unit.JIN.value}, {})


@blueprint.post("/listings/new")
@by_mandate(Scope.LIST, Scope.STOCK)
def listing_create() -> Response | tuple[str, int]:
    """Write the listing and its first harvest, and show it to buyers."""
    producer = _own_producer()
    now = clock.now()
    try:
        form = read_form(ListingForm())
        offer = read_offer(form, {product.slug: product for product in products()})
        check_harvest_day(form["harvested_on"], now=now)
        contributions_g = read_contributions(producer, form, UNIT_GRAMS.get(offer.unit, offer.settled().unit_grams))
        with acting(now) as actor:
            listing = create_listing(producer, offer, actor=actor, now=now)
            add_harvest(listing, form["quantity"], form["harvested_on"], contributions_g, actor=actor, now=now)
            publish(listing, actor=actor, now=now)
            public_id = listing.public_id
            on_sale = listing.state == ListingState.ON_SALE
    except (Conflict, Invalid) as error:
        return _new_page(producer, request.form, messages_by_field(error, set(ListingForm().fields))), status_of(error)
    if on_sale:
        flash(_("It is on sale now. Add a photo: it says more than words."), "success")
    else:
        flash(_(HELD), "warning")
    return redirect(url_for("producer_goods.showing", public_id=public_id), 303)


def _new_page(producer: Producer, form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    return render_template(
        "producer/listing_new.html",
        form=form,
        errors=errors,
        shelves=_shelves(),
        units=list(Unit),
        weight_units=[
            ("", _("No, all weigh the same")),
            *((unit.value, _("Yes, the price is per %(unit)s", unit=unit_name(unit))) for unit in WEIGHT_UNITS),
        ],
        tier_rows=MOST_TIERS,
        areas=_delivery_choices(producer),
        cooperative=producer.kind == ProducerKind.COOPERATIVE,
        today=clock.local_day(clock.now()).isoformat(),
    )


def _delivery_choices(producer: Producer) -> list[tuple[str, str]]:
    """How far the farm can say that it delivers, as (code, words); an empty code is the whole country."""
    codes = delivery_areas(producer.area_code)
    names = area_names(codes)
    inside = [(code, _("Only within %(place)s", place=place_name(names[code]))) for code in codes if code in names]
    return [("", _("To the whole country")), *inside]


def _shelves() -> list[tuple[str, list[tuple[str, str]]]]:
    """The kinds of goods by shelf, as (shelf, [(slug, name)])."""
    by_category: dict[int, list[Product]] = {}
    for product in products():
        by_category.setdefault(product.category_id, []).append(product)
    return [
        (
            pick(shelf.name_zh, shelf.name_en),
            [(product.slug, pick(product.name_zh, product.name_en)) for product in by_category[shelf.id]],
        )
        for shelf in categories()
        if shelf.id in by_category
    ]


@blueprint.get("/listings/<public_id>")
@by_mandate(Scope.LIST, Scope.STOCK, any_of=True)
def listing_edit(public_id: str) -> str:
    """One listing: its words and price, its stock, whether buyers see it."""
    producer = _own_producer()
    listing = own_listing(public_id, producer.id)
    return _edit_page(producer, listing)


@blueprint.post("/listings/<public_id>")
@by_mandate(Scope.LIST)
def listing_change(public_id: str) -> Response | tuple[str, int]:
    """Change the words and the price."""
    producer = _own_producer()
    own_listing(public_id, producer.id)
    try:
        form = read_form(WordsForm())
        now = clock.now()
        with acting(now) as actor:
            listing = own_listing(public_id, producer.id, lock=True)
            shown_before = listing.state == ListingState.ON_SALE
            change_listing(listing, changed_offer(form, listing), actor=actor, now=now)
            held = shown_before and listing.state != ListingState.ON_SALE
    except Invalid as error:
        listing = own_listing(public_id, producer.id)
        return _edit_page(producer, listing, form=request.form, errors=messages_by_field(error, set(WordsForm().fields))), 422
    flash(_(HELD) if held else _("Saved."), "warning" if held else "success")
    return redirect(url_for("producer.listing_edit", public_id=public_id), 303)


@blueprint.post("/listings/<public_id>/harvest")
@by_mandate(Scope.STOCK)
def harvest_add(public_id: str) -> Response | tuple[str, int]:
    """Put a new harvest on stock."""
    producer = _own_producer()
    listing = own_listing(public_id, producer.id)
    now = clock.now()
    try:
        form = read_form(HarvestForm())
        check_harvest_day(form["harvested_on"], now=now)
        contributions_g = read_contributions(producer, form, listing.unit_grams)
        with acting(now) as actor:
            add_harvest(listing, form["quantity"], form["harvested_on"], contributions_g, actor=actor, now=now)
    except (Conflict, Invalid) as error:
        errors = messages_by_field(error, set(HarvestForm().fields))
        return _edit_page(producer, listing, harvest=request.form, harvest_errors=errors), status_of(error)
    flash(_("The harvest is in stock."), "success")
    return redirect(url_for("producer.listing_edit", public_id=public_id), 303)


@blueprint.post("/listings/<public_id>/publish")
@by_mandate(Scope.LIST)
def listing_publish(public_id: str) -> Response:
    """Show a listing to buyers."""
    return _turn(public_id, show=True, now=clock.now())


@blueprint.post("/listings/<public_id>/withdraw")
@by_mandate(Scope.LIST)
def listing_withdraw(public_id: str) -> Response:
    """Take a listing from sale."""
    return _turn(public_id, show=False, now=clock.now())


def _turn(public_id: str, *, show: bool, now: datetime) -> Response:
    producer = _own_producer()
    read_form(FormSchema())
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id, lock=True)
        shown_before, in_stock = listing.state == ListingState.ON_SALE, listing.available > 0
        if show and not in_stock:
            raise Conflict("nothing_in_stock", N_("Add a harvest first, so that people can buy it."))
        if show != shown_before:
            turn = publish if show else withdraw
            turn(listing, actor=actor, now=now)
        held = show and listing.state != ListingState.ON_SALE
    if held:
        flash(_(HELD), "warning")
    else:
        flash(_("It is on sale now.") if show else _("It is no longer on sale."), "success")
    return redirect(url_for("producer.listing_edit", public_id=public_id), 303)


def _edit_page(
    producer: Producer,
    listing: Listing,
    *,
    form: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    harvest: Mapping[str, Any] | None = None,
    harvest_errors: Mapping[str, str] | None = None,
) -> str:
    today = clock.local_day(clock.now())
    kept = {
        **kept_terms(listing),
        "title_zh": listing.title_zh,
        "title_en": listing.title_en,
        "story_zh": listing.story_zh,
        "story_en": listing.story_en,
        "delivers_to": listing.delivers_to,
        "temperature": listing.temperature,
    }
    return render_template(
        "producer/listing_edit.html",
        listing=listing,
        price_question=price_question(listing),
        art=product_art([listing.id])[listing.id],
        price_words=listing_price_words(listing, listing.price_fen),
        unit_weight=weight_beside(listing.unit, listing.unit_grams) if listing.weight_unit is None else None,
        weighed=weighed_words(listing),
        tier_rows=MOST_TIERS,
        form=form or kept,
        errors=errors or {},
        harvest=harvest or {"harvested_on": today.isoformat()},
        harvest_errors=harvest_errors or {},
        areas=_delivery_choices(producer),
        cooperative=producer.kind == ProducerKind.COOPERATIVE,
        today=today.isoformat(),
        **deeds_on(producer, listing),
    )


@blueprint.get("/money")
@by_mandate(Scope.RECEIVE_MONEY)
def money() -> str:
    """What is on its way and what is in the account, in words and figures, order by order."""
    producer = _own_producer()
    latest = [order for order in orders_of_producer(producer.id) if order.state != OrderState.CANCELLED]
    return render_template(
        "producer/money.html",
        ahead=money_ahead(producer.id),
        account_fen=balance_fen(producer_account(producer.public_id)),
        **payout_context(producer, own=not current_seller().by_mandate),
        latest=[(order, _shares(order)) for order in latest[:_LATEST_MONEY]],
        terms=terms_rows(producer.area_code),
    )


def _shares(order: Order) -> dict[str, Any]:
    """How an order is divided, which sums up: never charged, given back, the others' parts, the producer's part."""
    shares = shares_of(order)
    kept = zip(shares, parts_of_refund(shares, order.refunded_fen), strict=True)
    others = [(share_words(share.kind), share.amount_fen - fen) for share, fen in kept if share.kind is not ShareKind.PRODUCER]
    return {
        "uncharged_fen": order.uncharged_fen,
        "refunded_fen": order.given_back_fen,
        "others": others,
        "producer_fen": kept_fen(order),
    }
