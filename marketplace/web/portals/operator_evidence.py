"""Portal: what the operator looks at before buyers rely on it: certificates, protected names, photos of several sellers."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as WerkzeugResponse

from marketplace.catalogue.certificates import (
    certificates_to_review,
    enter_indication,
    get_certificate,
    indications,
    refuse_certificate,
    verify_certificate,
)
from marketplace.catalogue.models import Certificate, CertificateKind, ListingState, Producer
from marketplace.catalogue.photos import SharedPicture, shared_pictures
from marketplace.catalogue.queries import products
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.queries import area_names
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of, status_of
from marketplace.web.evidence import KIND_NAMES
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.portals.producer_certificates import send_paper
from marketplace.web.portals.producer_forms import messages_beside

blueprint = Blueprint("operator_evidence", __name__, url_prefix="/operator/evidence")

_FIELD_OF_CODE = {
    "indication_words": "name_zh",
    "indication_known": "name_zh",
    "product_unknown": "product",
    "area_unknown": "area",
}


class RefusalForm(FormSchema):
    """Why a certificate is refused, as its producer reads it."""

    reason = Text(required=True, error_messages={"required": N_("Please give the reason in 1 to 200 characters.")})


class IndicationForm(FormSchema):
    """A protected name as its register has it."""

    name_zh = Text(required=True, error_messages={"required": N_("Please give the protected name in both languages.")})
    name_en = Text(required=True, error_messages={"required": N_("Please give the protected name in both languages.")})
    product = Text(required=True, error_messages={"required": N_("Please choose what it is.")})
    area = Text(required=True, error_messages={"required": N_("Please give the code of the area.")})


@blueprint.get("/")
@allow(RoleKind.OPERATOR)
def queue() -> str:
    """What waits, the oldest first."""
    return _page()


@blueprint.get("/<public_id>/file")
@allow(RoleKind.OPERATOR)
def paper(public_id: str) -> Response:
    """The paper of a certificate."""
    return send_paper(get_certificate(public_id))


@blueprint.post("/<public_id>/verify")
@allow(RoleKind.OPERATOR)
def verify(public_id: str) -> WerkzeugResponse:
    """Note that a certificate was found with its issuer."""
    read_form(FormSchema())
    with transaction():
        changed = verify_certificate(public_id, actor=account().public_id, now=clock.now())
    if changed:
        flash(_("Verified. Buyers see it now."), "success")
    else:
        flash(_("It had been verified already. Nothing was changed."), "info")
    return redirect(url_for("operator_evidence.queue"), 303)


@blueprint.post("/<public_id>/refuse")
@allow(RoleKind.OPERATOR)
def refuse(public_id: str) -> WerkzeugResponse | tuple[str, int]:
    """Refuse a certificate with a reason."""
    try:
        form = read_form(RefusalForm())
        with transaction():
            changed = refuse_certificate(public_id, form["reason"], actor=account().public_id, now=clock.now())
    except Invalid as error:
        db.session.rollback()
        return _page(errors={"": message_of(error)}), status_of(error)
    if changed:
        flash(_("Refused. The producer reads the reason."), "success")
    else:
        flash(_("It had been refused already. Nothing was changed."), "info")
    return redirect(url_for("operator_evidence.queue"), 303)


@blueprint.post("/indications")
@allow(RoleKind.OPERATOR)
def indication_enter() -> WerkzeugResponse | tuple[str, int]:
    """Enter a protected name."""
    try:
        form = read_form(IndicationForm())
        actor, now = account().public_id, clock.now()
        with transaction():
            enter_indication(form["name_zh"], form["name_en"], form["product"], form["area"], actor=actor, now=now)
    except (Invalid, Conflict, NotFound) as error:
        db.session.rollback()
        messages = messages_beside(error, _FIELD_OF_CODE, set(IndicationForm().fields))
        return _page(form=request.form, errors=messages), status_of(error)
    flash(_("The protected name is entered."), "success")
    return redirect(url_for("operator_evidence.queue", _anchor="names"), 303)


def _page(form: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None) -> str:
    waiting = certificates_to_review()
    names = indications()
    codes = {code for producer in (row[1] for row in waiting) for code in ancestor_codes(producer.area_code)}
    places = area_names(codes | {name.area_code for name in names})
    return render_template(
        "operator/evidence.html",
        rows=[_row(certificate, producer, places) for certificate, producer in waiting],
        shared=[_shared(one) for one in shared_pictures()],
        names=[
            {
                "name": pick(name.name_zh, name.name_en),
                "product": pick(name.product.name_zh, name.product.name_en),
                "area": place_name(places[name.area_code]),
            }
            for name in names
        ],
        products=[(row.slug, pick(row.name_zh, row.name_en)) for row in products()],
        form=form or {},
        errors=errors or {},
    )


def _row(certificate: Certificate, producer: Producer, places: Mapping[str, str]) -> dict[str, Any]:
    own = [place_name(places[code]) for code in ancestor_codes(producer.area_code) if code in places]
    indication = certificate.indication
    return {
        "public_id": certificate.public_id,
        "label": _(KIND_NAMES[CertificateKind(certificate.kind)]),
        "indication": pick(indication.name_zh, indication.name_en) if indication else None,
        "number": certificate.number,
        "issuer": certificate.issuer,
        "valid_from": certificate.valid_from,
        "valid_to": certificate.valid_to,
        "producer": pick(producer.name_zh, producer.name_en),
        "place": " · ".join(own),
        "submitted_at": certificate.submitted_at,
        "file_kind": certificate.file_kind,
        "of_one_lot": certificate.lot_id is not None,
    }


def _shared(one: SharedPicture) -> dict[str, Any]:
    shown = any(row.state != ListingState.DRAFT for row in one.listings)
    return {
        "image": url_for("pictures.picture", name=one.name, size=320) if shown else None,
        "listings": [
            {
                "title": pick(row.title_zh, row.title_en),
                "producer": pick(row.producer_zh, row.producer_en),
                "url": url_for("storefront.product", public_id=row.public_id) if row.state == ListingState.ON_SALE else None,
                "added_at": row.added_at,
            }
            for row in one.listings
        ],
    }
