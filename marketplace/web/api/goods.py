"""What a seller's program can do about its goods: photos, seasons, harvests to come, certificates; and a lot, for everybody."""

from decimal import Decimal
from typing import Any

from flask import request
from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.catalogue import photos
from marketplace.catalogue.certificates import Paper, certificates_of_lot, certificates_of_producer, submit_certificate
from marketplace.catalogue.lots import public_lot
from marketplace.catalogue.models import Certificate, CertificateKind, Listing, ListingPhoto, Lot, Producer
from marketplace.catalogue.preorders import put_off_harvest
from marketplace.catalogue.queries import own_listing
from marketplace.catalogue.seasons import set_window
from marketplace.catalogue.service import add_harvest
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, Invalid
from marketplace.orders.preorders import note_new_day
from marketplace.orders.shortfalls import bring_in_harvest
from marketplace.web.access import PUBLIC, account, allow
from marketplace.web.acting import acting, current_seller
from marketplace.web.api.documents import BODY, ApiBlueprint, problems
from marketplace.web.api.for_farms import for_farm
from marketplace.web.api.inputs import InputSchema, Line, PublicIdField, QuantityField
from marketplace.web.api.schemas import (
    CertificateSchema,
    CertificatesSchema,
    LotPageSchema,
    LotSchema,
    PhotosSchema,
    WindowSchema,
)
from marketplace.web.evidence import keep_paper, photo_block, read_sent_picture, sent_file
from marketplace.web.uploads import takes_files

blueprint: Blueprint = ApiBlueprint("api-goods", __name__, url_prefix="/api/v1", description="What goods can show")

_BYTES = {"type": "string", "format": "binary"}


def _form(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """A multipart body, which the library cannot describe from two schemas without losing what is required."""
    properties = {**required, **(optional or {})}
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


class WindowInput(InputSchema):
    """The first and the last day of sale; null for no bound."""

    opens_on = fields.Date(required=True, allow_none=True)
    closes_on = fields.Date(required=True, allow_none=True)


class ExpectedInput(InputSchema):
    """A harvest to come of the seller's own household."""

    expected_on = fields.Date(required=True)
    quantity = QuantityField(required=True)


class HarvestInput(InputSchema):
    """What a harvest has been; a quantity of null when nothing came of it."""

    harvested_on = fields.Date(required=True)
    quantity = QuantityField(required=True, allow_none=True)


class DayInput(InputSchema):
    """Another day of a harvest to come."""

    expected_on = fields.Date(required=True)


class CertificateInput(InputSchema):
    """A certificate as it stands on its paper."""

    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in CertificateKind]))
    number = Line(60, required=True)
    issuer = Line(80, required=True)
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(required=True)
    # Left out and not null, which a form cannot say.
    lot = PublicIdField()
    indication = PublicIdField()


_DAY = {"type": "string", "format": "date"}
_WORDS = {name: {"type": "string", **field.metadata} for name, field in CertificateInput().fields.items()}
_CERTIFICATE = _form(
    {
        "paper": _BYTES,
        "kind": {"type": "string", "enum": [kind.value for kind in CertificateKind]},
        "number": _WORDS["number"],
        "issuer": _WORDS["issuer"],
        "valid_from": _DAY,
        "valid_to": _DAY,
    },
    {"lot": _WORDS["lot"], "indication": _WORDS["indication"]},
)


@blueprint.get("/lots/<public_id:public_id>")
@allow(PUBLIC)
@blueprint.response(200, LotPageSchema)
@problems(404)
def lot(public_id: str) -> dict[str, Any]:
    """A lot: where it comes from, when it was picked, what it can show. It names a village and nobody who lives there."""
    found = public_lot(public_id)
    return {
        "public_id": found.lot.public_id,
        "listing": found.listing_public_id,
        "title_zh": found.title_zh,
        "title_en": found.title_en,
        "harvested_on": found.lot.harvested_on,
        "expected": found.lot.expected,
        "places": found.places,
        "certificates": certificates_of_lot(found.lot, clock.local_day(clock.now())),
    }


@blueprint.post("/farm/listings/<public_id:public_id>/photos")
@for_farm(Scope.LIST)
@takes_files(1)
@blueprint.doc(**_form({"photo": _BYTES}))
@blueprint.response(201, PhotosSchema)
@problems(404, 409, 413, 422)
def add_photo(public_id: str) -> dict[str, Any]:
    """Add a photo behind the others, eight at the most.

    JPEG, PNG or WebP up to 12 MB. It is encoded anew; what the camera noted of place and time is not kept.
    """
    producer = current_seller().producer
    own_listing(public_id, producer.id)
    file = sent_file("photo")
    if file is None:
        raise Invalid("picture_empty", N_("Please choose a picture."))
    picture = read_sent_picture(file)
    now = clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id, lock=True)
        photos.add_photo(listing, picture, actor=actor, now=now)
        return _photos(listing)


@blueprint.delete("/farm/listings/<public_id:public_id>/photos/<public_id:photo>")
@for_farm(Scope.LIST)
@blueprint.response(204)
@problems(404)
def delete_photo(public_id: str, photo: str) -> None:
    """Take a photo away."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id, lock=True)
        photos.remove_photo(photos.get_photo(listing.id, photo), actor=actor, now=now)


def _photos(listing: Listing) -> dict[str, Any]:
    return {"items": [photo_item(photo) for photo in photos.photos_of(listing.id)]}


def photo_item(photo: ListingPhoto) -> dict[str, Any]:
    """A photo as programs are given it."""
    block = photo_block(photo.name, photo.width, photo.height, "", external=True)
    return {
        "public_id": photo.public_id,
        "width": photo.width,
        "height": photo.height,
        "alt_zh": photo.alt_zh,
        "alt_en": photo.alt_en,
        **{name: block[source] for name, source in (("url_320", "small"), ("url_800", "src"), ("url_1600", "large"))},
    }


@blueprint.patch("/farm/listings/<public_id:public_id>/window")
@for_farm(Scope.LIST)
@blueprint.arguments(WindowInput)
@blueprint.response(200, WindowSchema)
@problems(404, *BODY)
def change_window(given: dict[str, Any], public_id: str) -> Listing:
    """Say from which day to which a listing can be ordered. Before the first it is visible, and says when."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id, lock=True)
        set_window(listing, given["opens_on"], given["closes_on"], actor=actor, now=now)
    return listing


@blueprint.post("/farm/listings/<public_id:public_id>/harvests-to-come")
@for_farm(Scope.STOCK)
@blueprint.arguments(ExpectedInput)
@blueprint.response(201, LotSchema)
@problems(404, *BODY)
def add_expected_harvest(given: dict[str, Any], public_id: str) -> Lot:
    """Offer a harvest to come, paid in advance and sent after it; for a household, whose own harvest it is."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id)
        grams = _own_grams(producer, given["quantity"], listing.unit_grams)
        return add_harvest(listing, given["quantity"], given["expected_on"], grams, expected=True, actor=actor, now=now)


def _own_grams(producer: Producer, quantity: Decimal, unit_grams: int) -> dict[int, int]:
    if producer.household_id is None:
        raise Invalid("contributions_invalid", N_("Please say which households the harvest comes from."))
    return {producer.household_id: max(1, int(quantity * unit_grams))}


@blueprint.post("/farm/lots/<public_id:public_id>/harvest")
@for_farm(Scope.STOCK)
@blueprint.arguments(HarvestInput)
@blueprint.response(200, LotSchema)
@problems(404, 409, *BODY)
def confirm_harvest(given: dict[str, Any], public_id: str) -> Lot:
    """Say what a harvest to come has been; its orders can then be sent.

    Where it is smaller than what was ordered, orders not yet paid give way first, then the latest, the last of them in part;
    what does not come is paid back.
    """
    producer = current_seller().producer
    quantity = given["quantity"] or Decimal(0)
    actor, now = account().public_id, clock.now()
    day = given["harvested_on"]
    bring_in_harvest(public_id, producer.id, quantity, day, actor=actor, now=now, within=lambda: acting(now))
    return public_lot(public_id).lot


@blueprint.patch("/farm/lots/<public_id:public_id>")
@for_farm(Scope.STOCK)
@blueprint.arguments(DayInput)
@blueprint.response(200, LotSchema)
@problems(404, 409, *BODY)
def change_expected_day(given: dict[str, Any], public_id: str) -> Lot:
    """Give a harvest to come another day."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        found = put_off_harvest(public_id, producer.id, given["expected_on"], actor=actor, now=now)
        note_new_day(found)
    return found


@blueprint.get("/farm/certificates")
@for_farm(Scope.LIST)
@blueprint.response(200, CertificatesSchema)
@problems(404)
def certificates() -> dict[str, Any]:
    """What the seller has handed in, newest first."""
    return {"items": [_certificate(row) for row in certificates_of_producer(current_seller().producer.id)]}


@blueprint.post("/farm/certificates")
@for_farm(Scope.LIST)
@takes_files(1)
@blueprint.doc(**_CERTIFICATE)
@blueprint.response(201, CertificateSchema)
@problems(404, 409, 413, 422)
def submit() -> dict[str, Any]:
    """Hand in a certificate, to be looked at by the operator.

    The paper is a picture (JPEG, PNG, WebP) or a PDF up to 12 MB, and is shown to nobody else.
    """
    producer = current_seller().producer
    given = ApiBlueprint.ARGUMENTS_PARSER.parse(CertificateInput(), request, location="form")
    file = sent_file("paper")
    if file is None:
        raise Invalid("paper_missing", N_("Please add the paper as a picture or a PDF file."))
    file_kind, file_name = keep_paper(file)
    paper = Paper(
        kind=CertificateKind(given["kind"]),
        number=given["number"],
        issuer=given["issuer"],
        valid_from=given["valid_from"],
        valid_to=given["valid_to"],
        file_kind=file_kind,
        file_name=file_name,
        lot_public_id=given.get("lot"),
        indication_public_id=given.get("indication"),
    )
    now = clock.now()
    with acting(now) as actor:
        return _certificate(submit_certificate(producer, paper, actor=actor, now=now))


def _certificate(certificate: Certificate) -> dict[str, Any]:
    indication = certificate.indication
    return {
        "public_id": certificate.public_id,
        "kind": certificate.kind,
        "number": certificate.number,
        "issuer": certificate.issuer,
        "valid_from": certificate.valid_from,
        "valid_to": certificate.valid_to,
        "state": certificate.state,
        "refusal": certificate.refusal,
        "indication": indication.public_id if indication is not None else None,
    }
