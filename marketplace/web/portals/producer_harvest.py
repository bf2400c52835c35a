"""Portal: my harvest of a year, declared, sold and left; and the boxes of an order with their labels."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import segno
from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from marshmallow import fields, validate
from sqlalchemy import select
from werkzeug.wrappers import Response

from marketplace.catalogue.models import Listing, Lot, LotContribution, Producer, Product, YieldDeclaration
from marketplace.catalogue.queries import products
from marketplace.catalogue.yield_states import YieldState
from marketplace.catalogue.yields import balances, declarations_of, declare_yield
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, DomainError, Invalid, NotFound
from marketplace.kernel.money import split_fen
from marketplace.orders.boxes import boxes_of, grams_to_send, pack_line
from marketplace.orders.models import Box, Order
from marketplace.orders.queries import order_of_producer
from marketplace.orders.service import lock_order
from marketplace.orders.states import OrderState
from marketplace.orders.weights import awaits_weighing
from marketplace.regions.queries import area_names
from marketplace.registry.queries import households_by_code
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.errors import errors_by_field, status_of
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.outside import outside_url
from marketplace.web.places import place_name
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.redirects import see_other

blueprint = Blueprint("producer_harvest", __name__, url_prefix="/farm")
farm_pages(blueprint)

STATE_WORDS = {
    YieldState.STANDING: (N_("Counts"), "good"),
    YieldState.WAITING: (N_("Waits for the village officer"), "wait"),
    YieldState.CONFIRMED: (N_("Confirmed by the village officer"), "good"),
    YieldState.REFUSED: (N_("Not confirmed"), "bad"),
}
_SIZES = ("a4", "100x60")
_BOXES = dict.fromkeys(("required", "invalid"), N_("Please give between 1 and 500 boxes."))


class DeclarationForm(FormSchema):
    """What has grown: an area, or a harvest; cooperatives name the household."""

    product = Text(required=True, error_messages={"required": N_("Please choose what it is.")})
    season = fields.Integer(required=True, error_messages={"invalid": N_("Please choose a year.")})
    mu = fields.Decimal(load_default=None, places=2, error_messages={"invalid": N_("Please give a number.")})
    kg = fields.Decimal(load_default=None, places=0, error_messages={"invalid": N_("Please give a number.")})
    words = Text(load_default="")
    household = Text(load_default=None, validate=validate.Length(max=20))


class PackForm(FormSchema):
    """In how many boxes a line is packed."""

    line = fields.Integer(required=True, validate=validate.Range(1, 200))
    boxes = fields.Integer(
        required=True,
        validate=validate.Range(1, 500, error=N_("Please give between 1 and 500 boxes.")),
        error_messages=_BOXES,
    )


@blueprint.get("/harvest")
@by_mandate(Scope.STOCK)
def harvest() -> str:
    """What was declared, sold and is left of each crop of the year."""
    return _page(current_seller().producer)


@blueprint.post("/harvest")
@by_mandate(Scope.STOCK)
def declare() -> Response | tuple[str, int]:
    """Declare an area or a harvest."""
    producer, now = current_seller().producer, clock.now()
    try:
        form = read_form(DeclarationForm())
        product = next((row for row in products() if row.slug == form["product"]), None)
        if product is None:
            raise FormError({"product": _("Please choose what it is.")})
        with acting(now) as actor:
            row = declare_yield(
                household_named(producer, form["household"]),
                product,
                form["season"],
                area_mu100=int(form["mu"] * 100) if form["mu"] is not None else None,
                harvest_g=int(form["kg"]) * 1000 if form["kg"] is not None else None,
                words=form["words"],
                own=producer.household_id is not None and not current_seller().by_mandate,
                actor=actor,
                now=now,
            )
            counts = row.state == YieldState.STANDING
    except DomainError as error:
        db.session.rollback()
        errors = errors_by_field(error)
        return _page(current_seller().producer, request.form, errors), status_of(error)
    flash(_("Noted. It counts from now on.") if counts else _("Noted. Your village officer looks at it next."), "success")
    return see_other(url_for("producer_harvest.harvest"))


def household_named(producer: Producer, code: str | None) -> int:
    """The household that is declared for: a farm's own, or the one that a cooperative names by its code.

    Raises
    ------
    Invalid
        ``household_unknown`` for a code that is none of the county.
    """
    if producer.household_id is not None:
        return producer.household_id
    found = households_by_code([code]) if code and code.startswith(producer.area_code[:6]) else {}
    if code not in found:
        raise Invalid("household_unknown", N_("Please give the code of a household of your county."))
    return found[code]


def crops_of(producer: Producer, season: int) -> list[dict[str, Any]]:
    """A farm's own crops of a year with their accounts; a cooperative's members' accounts are not for it to read."""
    if producer.household_id is None:
        return []
    own = producer.household_id
    brought = (
        select(Listing.product_id)
        .join(Lot, Lot.listing_id == Listing.id)
        .join(LotContribution, LotContribution.lot_id == Lot.id)
        .where(LotContribution.household_id == own)
    )
    named = set(db.session.scalars(brought.distinct())) | {row.product_id for row in declarations_of([own])}
    day = clock.local_day(clock.now())
    crops = []
    for product in db.session.scalars(select(Product).where(Product.id.in_(named)).order_by(Product.name_zh)):
        balance = balances([own], product, season, day)[own]
        if balance.declared_g is not None or balance.harvested_g:
            crops.append({"name": pick(product.name_zh, product.name_en), "slug": product.slug, "balance": balance})
    return crops


def _page(producer: Producer, form: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None) -> Any:
    year = clock.local_day(clock.now()).year
    own = [producer.household_id] if producer.household_id is not None else []
    names = {row.id: pick(row.name_zh, row.name_en) for row in products()}
    return render_template(
        "producer/harvest.html",
        year=year,
        years=[(str(each), str(each)) for each in (year, year - 1, year + 1)],
        crops=crops_of(producer, year),
        declared=[_declared(row, names) for row in declarations_of(own, limit=20)],
        products=[("", _("Please choose")), *((row.slug, pick(row.name_zh, row.name_en)) for row in products())],
        cooperative=producer.household_id is None,
        form=form or {},
        errors=errors or {},
    )


def _declared(row: YieldDeclaration, names: Mapping[int, str]) -> dict[str, Any]:
    words, tone = STATE_WORDS[YieldState(row.state)]
    return {
        "name": names[row.product_id],
        "season": row.season,
        "what": what_words(row),
        "chip": (_(words), tone),
        "said": row.decided_words,
    }


def what_words(row: YieldDeclaration) -> str:
    """What was declared, in words."""
    if row.area_mu100 is not None:
        return _("%(area)s mu", area=f"{Decimal(row.area_mu100) / 100:f}")
    return _("%(weight)s kg", weight=(row.harvest_g or 0) // 1000)


@blueprint.get("/orders/<public_id>/boxes")
@by_mandate(Scope.SHIP)
def boxes(public_id: str) -> str:
    """How an order is packed, and the labels of its boxes."""
    return _boxes_page(_own_order(public_id), {})


@blueprint.post("/orders/<public_id>/boxes")
@by_mandate(Scope.SHIP)
def pack(public_id: str) -> Response | tuple[str, int]:
    """Pack a line into so many boxes of equal weight."""
    now = clock.now()
    producer_id = current_seller().producer.id
    try:
        form = read_form(PackForm())
        with acting(now) as actor:
            order, _group = lock_order(public_id, producer_id=producer_id)
            pack_line(order, form["line"], equal_boxes(order, form["line"], form["boxes"]), actor=actor, now=now)
    except NotFound:
        raise
    except DomainError as error:
        db.session.rollback()
        order = order_of_producer(public_id, producer_id)
        if order is None:
            raise
        errors = errors_by_field(error)
        return _boxes_page(order, errors), status_of(error)
    flash(_("Noted. Print the labels and put one on each box."), "success")
    return see_other(url_for("producer_harvest.boxes", public_id=public_id))


def equal_boxes(order: Order, line_number: int, number: int) -> list[int]:
    """The grams of so many boxes of equal weight; the first ones hold what does not divide."""
    if not 1 <= line_number <= len(order.lines):
        raise NotFound("line_unknown", N_("This order has no such goods."))
    return list(split_fen(grams_to_send(order.lines[line_number - 1]), dict.fromkeys(range(number), 1)).values())


def _own_order(public_id: str) -> Order:
    order = order_of_producer(public_id, current_seller().producer.id)
    if order is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    return order


def _boxes_page(order: Order, errors: Mapping[str, str]) -> str:
    packed = boxes_of(order)
    return render_template(
        "producer/boxes.html",
        public_id=order.public_id,
        reference=order.group.reference,
        open=order.state == OrderState.PLACED and not awaits_weighing(order),
        lines=[
            {
                "number": at,
                "title": pick(line.title_zh, line.title_en),
                "grams": grams_to_send(line),
                "boxes": len(packed[line.id]),
            }
            for at, line in enumerate(order.lines, 1)
            if line.missing < line.quantity
        ],
        any_packed=any(packed.values()),
        errors=errors,
    )


@blueprint.get("/orders/<public_id>/labels/<size>")
@by_mandate(Scope.SHIP)
def labels(public_id: str, size: str) -> str:
    """The labels of an order's boxes, on sheets or one by one, to print."""
    if size not in _SIZES:
        raise NotFound("page_unknown", N_("This page does not exist, or is not meant for you."))
    order = _own_order(public_id)
    packed = boxes_of(order)
    village = area_names([order.lines[0].area_code]).get(order.lines[0].area_code, "")
    return render_template(
        "producer/labels.html",
        public_id=public_id,
        reference=order.group.reference,
        size=size,
        other=next(each for each in _SIZES if each != size),
        labels=[
            {
                "code": box.public_id.upper(),
                "title": pick(line.title_zh, line.title_en),
                "harvested_on": line.harvested_on,
                "grams": box.grams,
                "at": at,
                "of": len(packed[line.id]),
                "qr": qr_of(box),
            }
            for line in order.lines
            for at, box in enumerate(packed[line.id], 1)
        ],
        village=place_name(village),
    )


def qr_of(box: Box) -> Markup:
    """The code of a box's public page, which any telephone reads."""
    code = segno.make(outside_url("boxes.box", code=box.public_id), error="m", micro=False)
    return Markup(code.svg_inline(scale=4, border=4, svgclass="qr", lineclass=None, omitsize=False))
