"""Portal: the farmer's side of what goods show and when they are sold: photos, season, harvests to come."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from marshmallow import fields
from werkzeug.wrappers import Response

from marketplace.catalogue.models import MOST_PHOTOS, Listing, Producer, ProducerKind
from marketplace.catalogue.photos import add_photo, describe_photo, get_photo, photos_of, remove_photo, show_first
from marketplace.catalogue.preorders import own_expected_lots, put_off_harvest
from marketplace.catalogue.queries import own_listing, product_art
from marketplace.catalogue.seasons import set_window
from marketplace.catalogue.service import add_harvest
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, DomainError, Invalid
from marketplace.kernel.pictures import Picture
from marketplace.orders.preorders import note_new_day
from marketplace.orders.shortfalls import bring_in_harvest
from marketplace.web.access import account
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.errors import status_of
from marketplace.web.evidence import gallery, read_sent_picture
from marketplace.web.filters import amount
from marketplace.web.forms import Amount, FormError, FormSchema, Text, read_form
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.portals.producer_forms import messages_beside, read_contributions
from marketplace.web.uploads import sent_files, takes_files

blueprint = Blueprint("producer_goods", __name__, url_prefix="/farm")
farm_pages(blueprint)

_DAY = {"required": N_("Please give the day."), "invalid": N_("Please give a day, such as 2026-05-01.")}


class AltForm(FormSchema):
    """What a photo shows, in words."""

    alt_zh = Text(load_default="")
    alt_en = Text(load_default="")


class WindowForm(FormSchema):
    """From which day to which goods are sold; empty for no bound."""

    opens_on = fields.Date(load_default=None, error_messages=_DAY)
    closes_on = fields.Date(load_default=None, error_messages=_DAY)


class ExpectedForm(FormSchema):
    """A harvest to come."""

    expected_on = fields.Date(required=True, error_messages=_DAY)
    quantity = Amount(required=True, error_messages={"required": N_("Please say how much can be ordered.")})
    households = Text(load_default="")


class ConfirmForm(FormSchema):
    """What a harvest has really been."""

    harvested_on = fields.Date(required=True, error_messages=_DAY)
    real_quantity = Amount(required=True, error_messages={"required": N_("Please say how much there is.")})


class PutOffForm(FormSchema):
    """The new day of a harvest to come."""

    new_day = fields.Date(required=True, error_messages=_DAY)


_FIELD_OF_CODE = {
    "window_backwards": "closes_on",
    "expected_day_invalid": "expected_on",
    "harvest_day_invalid": "harvested_on",
}


@blueprint.get("/listings/<public_id>/showing")
@by_mandate(Scope.LIST, Scope.STOCK, any_of=True)
def showing(public_id: str) -> str:
    """What a listing shows and when it is sold."""
    producer = current_seller().producer
    return _page(producer, own_listing(public_id, producer.id))


@blueprint.post("/listings/<public_id>/photos")
@by_mandate(Scope.LIST)
@takes_files(MOST_PHOTOS)
def photos_add(public_id: str) -> Response | tuple[str, int]:
    """Add the photos that were sent: all of them or, when one cannot be read, none."""
    producer = current_seller().producer
    listing = own_listing(public_id, producer.id)
    try:
        read_form(FormSchema())
        pictures = _read_pictures()
        now = clock.now()
        with acting(now) as actor:
            listing = own_listing(public_id, producer.id, lock=True)
            for picture in pictures:
                add_photo(listing, picture, actor=actor, now=now)
    except (Invalid, Conflict) as error:
        return _refused(producer, public_id, error, at="photos")
    number = len(pictures)
    flash(ngettext("%(num)d photo has been added.", "%(num)d photos have been added.", number), "success")
    return _back(public_id, "photos")


def _read_pictures() -> list[Picture]:
    """The pictures of the request, each once; its files are kept before any row names them."""
    files = sent_files("photo")
    if not files:
        raise Invalid("picture_empty", N_("Please choose a picture."))
    if len(files) > MOST_PHOTOS:
        raise Conflict("photos_full", N_("There are %(most)s photos at the most. Remove one first."), most=MOST_PHOTOS)
    return list({picture.name: picture for picture in map(read_sent_picture, files)}.values())


@blueprint.post("/listings/<public_id>/photos/<photo_id>/words")
@by_mandate(Scope.LIST)
def photo_words(public_id: str, photo_id: str) -> Response | tuple[str, int]:
    """Say what a photo shows, for those who cannot see it."""
    producer = current_seller().producer
    own_listing(public_id, producer.id)
    try:
        form = read_form(AltForm())
        now = clock.now()
        with acting(now) as actor:
            listing = own_listing(public_id, producer.id, lock=True)
            photo = get_photo(listing.id, photo_id)
            describe_photo(photo, form["alt_zh"], form["alt_en"], actor=actor, now=now)
    except Invalid as error:
        return _refused(producer, public_id, error, at="photos")
    flash(_("Saved."), "success")
    return _back(public_id, "photos")


@blueprint.post("/listings/<public_id>/photos/<photo_id>/first")
@by_mandate(Scope.LIST)
def photo_first(public_id: str, photo_id: str) -> Response:
    """Make a photo the one that lists show."""
    producer = current_seller().producer
    read_form(FormSchema())
    now = clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id, lock=True)
        show_first(get_photo(listing.id, photo_id), actor=actor, now=now)
    flash(_("This photo is shown first now."), "success")
    return _back(public_id, "photos")


@blueprint.post("/listings/<public_id>/photos/<photo_id>/remove")
@by_mandate(Scope.LIST)
def photo_remove(public_id: str, photo_id: str) -> Response:
    """Take a photo away."""
    producer = current_seller().producer
    read_form(FormSchema())
    now = clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id, lock=True)
        remove_photo(get_photo(listing.id, photo_id), actor=actor, now=now)
    flash(_("The photo has been removed."), "success")
    return _back(public_id, "photos")


@blueprint.post("/listings/<public_id>/window")
@by_mandate(Scope.LIST)
def window(public_id: str) -> Response | tuple[str, int]:
    """Say from which day to which the goods are sold."""
    producer = current_seller().producer
    own_listing(public_id, producer.id)
    try:
        form = read_form(WindowForm())
        now = clock.now()
        with acting(now) as actor:
            listing = own_listing(public_id, producer.id, lock=True)
            set_window(listing, form["opens_on"], form["closes_on"], actor=actor, now=now)
    except Invalid as error:
        return _refused(producer, public_id, error, at="window", names=set(WindowForm().fields))
    flash(_("Saved."), "success")
    return _back(public_id, "window")


@blueprint.post("/listings/<public_id>/expected")
@by_mandate(Scope.STOCK)
def expected_add(public_id: str) -> Response | tuple[str, int]:
    """Offer a harvest to come."""
    producer = current_seller().producer
    listing = own_listing(public_id, producer.id)
    now = clock.now()
    try:
        form = read_form(ExpectedForm())
        grams = read_contributions(producer, form, listing.unit_grams)
        with acting(now) as actor:
            add_harvest(listing, form["quantity"], form["expected_on"], grams, expected=True, actor=actor, now=now)
    except Invalid as error:
        return _refused(producer, public_id, error, at="expected", names=set(ExpectedForm().fields))
    flash(_("It can be ordered now and is sent after the harvest."), "success")
    return _back(public_id, "expected")


@blueprint.post("/listings/<public_id>/expected/<lot_id>/confirm")
@by_mandate(Scope.STOCK)
def expected_confirm(public_id: str, lot_id: str) -> Response | tuple[str, int]:
    """Say what a harvest has been; orders it is too small for are made smaller by the rule on the page."""
    producer = current_seller().producer
    listing = own_listing(public_id, producer.id)
    unit = listing.unit
    try:
        form = read_form(ConfirmForm())
        quantity: Decimal = form["real_quantity"]
        if quantity < 0:
            raise FormError({"real_quantity": _("Please enter a number.")})
        now, actor = clock.now(), account().public_id
        short = bring_in_harvest(
            lot_id, producer.id, quantity, form["harvested_on"], actor=actor, now=now, within=lambda: acting(now)
        )
    except (Invalid, Conflict) as error:
        return _refused(producer, public_id, error, at="expected", names=set(ConfirmForm().fields))
    flash(_("Thank you. Its orders can be packed now."), "success")
    if short:
        words = _("%(amount)s that had been ordered did not grow. The latest orders were made smaller and are paid back.")
        flash(words % {"amount": amount(short, unit)}, "info")
    return _back(public_id, "expected")


@blueprint.post("/listings/<public_id>/expected/<lot_id>/put-off")
@by_mandate(Scope.STOCK)
def expected_put_off(public_id: str, lot_id: str) -> Response | tuple[str, int]:
    """Give a harvest to come another day."""
    producer = current_seller().producer
    own_listing(public_id, producer.id)
    try:
        new_day: date = read_form(PutOffForm())["new_day"]
        now = clock.now()
        with acting(now) as actor:
            lot = put_off_harvest(lot_id, producer.id, new_day, actor=actor, now=now)
            note_new_day(lot)
    except (Invalid, Conflict) as error:
        return _refused(producer, public_id, error, at="expected", names=set(PutOffForm().fields))
    flash(_("Saved. Who has ordered of it reads the new day in their order."), "success")
    return _back(public_id, "expected")


def _refused(
    producer: Producer, public_id: str, error: DomainError, *, at: str, names: set[str] | None = None
) -> tuple[str, int]:
    """The page again, with what was written and what is wrong with it."""
    db.session.rollback()
    messages = messages_beside(error, _FIELD_OF_CODE, names or set())
    return _page(producer, own_listing(public_id, producer.id), at=at, form=request.form, errors=messages), status_of(error)


def _back(public_id: str, part: str) -> Response:
    return redirect(url_for("producer_goods.showing", public_id=public_id, _anchor=part), 303)


def _page(
    producer: Producer,
    listing: Listing,
    *,
    at: str = "",
    form: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    return render_template(
        "producer/showing.html",
        listing=listing,
        art=product_art([listing.id])[listing.id],
        photos=gallery(photos_of(listing.id)),
        most_photos=MOST_PHOTOS,
        coming=[
            {
                "public_id": lot.public_id,
                "day": lot.harvested_on,
                "cap": amount(lot.on_hand + ordered, listing.unit),
                "ordered": amount(ordered, listing.unit) if ordered else None,
            }
            for lot, ordered in own_expected_lots(listing.id)
        ],
        cooperative=producer.kind == ProducerKind.COOPERATIVE,
        today=clock.local_day(clock.now()).isoformat(),
        at=at,
        form=form or {},
        errors=errors or {},
    )
