"""Portal: the farmer's certificates: what has been handed in, how it stands, and handing in another."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug.wrappers import Response as WerkzeugResponse

from marketplace.catalogue.certificates import (
    Paper,
    certificates_of_producer,
    get_certificate,
    indications,
    submit_certificate,
)
from marketplace.catalogue.lots import lots_to_name
from marketplace.catalogue.models import Certificate, CertificateKind, Producer
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.errors import status_of
from marketplace.web.evidence import KIND_NAMES, certificate_state, keep_paper, sent_file
from marketplace.web.filters import short_day
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.portals.producer_forms import messages_beside
from marketplace.web.uploads import send_pdf, send_picture, takes_files

blueprint = Blueprint("producer_certificates", __name__, url_prefix="/farm/listings/certificates")
farm_pages(blueprint)

_DAY = {"required": N_("Please give the day."), "invalid": N_("Please give a day, such as 2026-05-01.")}
_FIELD_OF_CODE = {
    "certificate_words": "number",
    "certificate_days": "valid_to",
    "certificate_over": "valid_to",
    "certificate_known": "number",
    "indication_missing": "indication",
    "outside_indication": "indication",
    "lot_unknown": "lot",
}


class CertificateForm(FormSchema):
    """A certificate as it stands on its paper."""

    kind = fields.Enum(
        CertificateKind,
        by_value=fields.String(),
        required=True,
        error_messages={"required": N_("Please choose what it is."), "unknown": N_("Please choose what it is.")},
    )
    indication = Text(load_default=None)
    lot = Text(load_default=None)
    number = Text(required=True, error_messages={"required": N_("Please give the number on the paper.")})
    issuer = Text(required=True, error_messages={"required": N_("Please say who issued it.")})
    valid_from = fields.Date(required=True, error_messages=_DAY)
    valid_to = fields.Date(required=True, error_messages=_DAY)


@blueprint.get("/")
@by_mandate(Scope.LIST)
def certificates() -> str:
    """The farm's certificates."""
    return _page(current_seller().producer)


@blueprint.post("/")
@by_mandate(Scope.LIST)
@takes_files(1)
def certificate_submit() -> WerkzeugResponse | tuple[str, int]:
    """Hand in a certificate."""
    producer = current_seller().producer
    try:
        form = read_form(CertificateForm())
        now = clock.now()
        with acting(now) as actor:
            submit_certificate(producer, paper_of(form), actor=actor, now=now)
    except (Invalid, Conflict, NotFound) as error:
        db.session.rollback()
        beside = "paper" if error.code.startswith(("picture_", "document_", "paper_")) else None
        fields_of_code = {error.code: beside} if beside else _FIELD_OF_CODE
        messages = messages_beside(error, fields_of_code, {*CertificateForm().fields, "paper"})
        return _page(current_seller().producer, request.form, messages), status_of(error)
    flash(_("Thank you. It is shown to buyers once the operator has looked at it."), "success")
    return redirect(url_for("producer_certificates.certificates"), 303)


def paper_of(form: Mapping[str, Any]) -> Paper:
    """The form with its file, which is kept before any row names it."""
    file = sent_file("paper")
    if file is None:
        raise FormError({"paper": _("Please add the paper as a picture or a PDF file.")})
    file_kind, file_name = keep_paper(file)
    return Paper(
        kind=form["kind"],
        number=form["number"],
        issuer=form["issuer"],
        valid_from=form["valid_from"],
        valid_to=form["valid_to"],
        file_kind=file_kind,
        file_name=file_name,
        lot_public_id=form["lot"],
        indication_public_id=form["indication"],
    )


@blueprint.get("/<public_id>/file")
@by_mandate(Scope.LIST)
def certificate_file(public_id: str) -> Response:
    """One's own paper."""
    certificate = get_certificate(public_id)
    if certificate.producer_id != current_seller().producer.id:
        raise NotFound("certificate_unknown", N_("There is no such certificate."))
    return send_paper(certificate)


def send_paper(certificate: Certificate) -> Response:
    """A certificate's file, for a caller that has checked who asks."""
    if certificate.file_kind == "pdf":
        return send_pdf(certificate.file_name, f"{certificate.public_id}.pdf")
    return send_picture(certificate.file_name, 1600, public=False)


def _page(producer: Producer, form: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None) -> str:
    day = clock.local_day(clock.now())
    return render_template(
        "producer/certificates.html",
        rows=[_row(certificate, day) for certificate in certificates_of_producer(producer.id)],
        kinds=[{"value": kind.value, "label": _(name)} for kind, name in KIND_NAMES.items()],
        names=[(row.public_id, pick(row.name_zh, row.name_en)) for row in indications()],
        lots=[
            (row.public_id, f"{pick(row.title_zh, row.title_en)} · {short_day(row.harvested_on)}")
            for row in lots_to_name(producer.id)
        ],
        form=form or {},
        errors=errors or {},
    )


def _row(certificate: Certificate, day: date) -> dict[str, Any]:
    indication = certificate.indication
    kind = _(KIND_NAMES[CertificateKind(certificate.kind)])
    return {
        "public_id": certificate.public_id,
        "label": pick(indication.name_zh, indication.name_en) if indication else kind,
        "number": certificate.number,
        "issuer": certificate.issuer,
        "valid_from": certificate.valid_from,
        "valid_to": certificate.valid_to,
        "chip": certificate_state(certificate, day),
        "refusal": certificate.refusal,
    }
