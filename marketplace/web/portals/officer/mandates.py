"""Portal: mandates at the village office: written down in three steps, listed, looked at, ended."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, validate
from werkzeug.wrappers import Response

from marketplace.catalogue.denied import denials_of
from marketplace.catalogue.models import Producer
from marketplace.catalogue.principals import KIND, get_producer, listed_in_name, mandates_within, principal_of, producers_within
from marketplace.catalogue.queries import own_listing
from marketplace.identity.contacts import Contact, find_contact
from marketplace.identity.mandate_states import MandateAction
from marketplace.identity.mandates import Evidence, awaits_second_officer, get_mandate, mandate_unknown, record_mandate
from marketplace.identity.models import Account, Answered, EvidenceKind, Mandate, RoleKind
from marketplace.identity.queries import may_see, scopes
from marketplace.kernel import clock
from marketplace.kernel.audit import acts_for
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.kernel.pictures import read_picture, store_picture
from marketplace.regions.queries import area_names
from marketplace.web.access import account, allow
from marketplace.web.deeds import in_words
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.household_word import agree_again, change_contact, confirm, deny, end, own_denial, producer_of_mandate
from marketplace.web.languages import pick
from marketplace.web.notices.harmless import masked
from marketplace.web.notices.households import tell_mandate
from marketplace.web.notices.people import EVIDENCE
from marketplace.web.places import place_name
from marketplace.web.portals.evidence import consents_folder
from marketplace.web.portals.mandate_forms import (
    NoteForm,
    RecordForm,
    field_errors,
    form_context,
    given_scopes,
    holders_for,
    scalar_form,
    shown,
    terms_of,
)
from marketplace.web.redirects import see_other
from marketplace.web.uploads import sent_files, takes_files

blueprint = Blueprint("mandates", __name__, url_prefix="/mandates")

_FIELDS = {"holder", "last_day", "scopes", "evidence", "note", "picture", "phone"}
_TOLD = (EvidenceKind.PAPER, EvidenceKind.THUMBPRINT, EvidenceKind.VOICE, EvidenceKind.IN_PERSON)


class WhoQuery(FormSchema):
    """Whom a new mandate is for."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    q = Text(load_default="", validate=validate.Length(max=60, error=N_("Please search with fewer words.")))


class ContactForm(FormSchema):
    """Where a household without an account is told."""

    phone = Text(load_default="", validate=validate.Length(max=30, error=N_("This number is too long.")))


def _seen(producer: Producer) -> Producer:
    """A seller inside the officer's area; another counts as absent."""
    if not may_see(account(), RoleKind.OFFICER, producer.area_code):
        raise NotFound("producer_unknown", N_("There is no such farm."))
    return producer


def _seen_mandate(public_id: str, *, lock: bool = False) -> tuple[Mandate, Producer]:
    mandate = get_mandate(public_id, lock=lock)
    producer = producer_of_mandate(mandate)
    if not may_see(account(), RoleKind.OFFICER, producer.area_code):
        raise mandate_unknown()
    return mandate, producer


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The mandates over households of one's area, and the way to act under one's own."""
    now = clock.now()
    found = mandates_within(scopes(account(), RoleKind.OFFICER))
    rows = [
        {**shown(mandate, now, producer), "mine": mandate.holder_id == account().id, "village": producer.area_code}
        for mandate, producer in found
    ]
    names = area_names(row["village"] for row in rows)
    for row in rows:
        row["village"] = place_name(names[row["village"]]) if row["village"] in names else ""
    return render_template("officer/mandates.html", rows=rows)


@blueprint.get("/new")
@allow(RoleKind.OFFICER)
def who() -> str:
    """The first step: which household."""
    q = read_form(WhoQuery(), request.args)["q"]
    found = producers_within(scopes(account(), RoleKind.OFFICER), q)
    names = area_names(producer.area_code for producer in found)
    rows = [
        {
            "public_id": producer.public_id,
            "name": pick(producer.name_zh, producer.name_en),
            "village": place_name(names[producer.area_code]) if producer.area_code in names else "",
            "signs_in": producer.account_id is not None,
        }
        for producer in found
    ]
    return render_template("officer/mandate_who.html", q=q, rows=rows)


@blueprint.get("/new/<farm>")
@allow(RoleKind.OFFICER)
def new(farm: str) -> str:
    """The second and the third step: what it is for, and how the household has agreed."""
    return _new_page(_seen(get_producer(farm)), {}, {})


def _new_page(producer: Producer, form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    contact = find_contact(KIND, producer.public_id)
    return render_template(
        "officer/mandate_new.html",
        farm={"public_id": producer.public_id, "name": pick(producer.name_zh, producer.name_en)},
        asks_household=producer.account_id is not None,
        holders=[(public_id, name) for public_id, (_who, _role, name) in holders_for(producer, account()).items()],
        me=account().public_id,
        evidence=[{"value": kind.value, "label": _capital(_(EVIDENCE[kind]))} for kind in _TOLD],
        told_at=masked(contact.phone) if contact is not None and contact.phone else None,
        form=form,
        errors=errors,
        **form_context(clock.now(), request.form.getlist("scopes")),
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


@blueprint.post("/new/<farm>")
@allow(RoleKind.OFFICER)
@takes_files(1)
def record(farm: str) -> Response | tuple[str, int]:
    """Write it down. The picture is kept before, because a file takes no part in a transaction; one too many harms nobody."""
    producer, now = _seen(get_producer(farm)), clock.now()
    try:
        form = read_form(RecordForm(), scalar_form())
        chosen = given_scopes()
        found = holders_for(producer).get(form["holder"])
        if found is None:
            raise Invalid("holder_unfit", N_("This person cannot hold a mandate for this household."))
        holder, role, _name = found
        files = sent_files("picture")
        picture = store_picture(read_picture(files[0].read()), consents_folder()) if files else ""
        evidence = Evidence(form["evidence"] or EvidenceKind.SIGNED_IN, form["note"], picture)
        with transaction():
            principal = principal_of(producer, lock=True)
            if form["phone"] and principal.owner is None:
                _set_phone(producer, form["phone"], holder, now)
            terms = terms_of(chosen, form["last_day"])
            mandate = record_mandate(principal, holder, role, terms, evidence, officer=account(), now=now)
            tell_mandate(mandate, producer, now=now)
            public_id, waits = mandate.public_id, awaits_second_officer(mandate)
    except Invalid as error:
        return _new_page(producer, request.form, field_errors(error, _FIELDS)), 422
    if waits:
        flash(_("Written down. It is in force when another officer has asked the household and confirmed it."), "info")
    elif principal.owner is None:
        flash(_("The mandate is in force."), "success")
    else:
        flash(_("The household is asked to sign in and agree. Until then the mandate lets nobody do anything."), "info")
    return see_other(url_for("officer.mandates.one", public_id=public_id))


def _set_phone(producer: Producer, phone: str, holder: Account, now: datetime) -> None:
    wanted = Contact("sms", phone=phone) if phone else Contact("none")
    change_contact(producer, wanted, others=[holder, account()], actor=account().public_id, now=now)


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """One mandate: its consent, what was done under it, and what the household may say to an officer."""
    mandate, producer = _seen_mandate(public_id)
    contact = find_contact(KIND, producer.public_id)
    acts = in_words(acts_for(producer.public_id))
    return render_template(
        "officer/mandate.html",
        mandate=shown(mandate, clock.now(), producer),
        mine=mandate.holder_id == account().id,
        waits=awaits_second_officer(mandate),
        signs_in=producer.account_id is not None,
        told_at=masked(contact.phone) if contact is not None and contact.phone else None,
        acts=[act for act in acts if act["mandate"] == mandate.public_id],
        listings=[
            {"public_id": row.public_id, "title": pick(row.title_zh, row.title_en)}
            for row in listed_in_name(producer)
            if any(act["listing"] == row.public_id for act in acts)
        ],
        denials=[
            {
                "public_id": row.public_id,
                "title": pick(row.listing.title_zh, row.listing.title_en),
                "denied_at": row.denied_at,
                "mine": row.holder == account().public_id,
            }
            for row in denials_of([producer.id])
            if row.agreed_at is None
        ],
    )


@blueprint.post("/<public_id>/confirm")
@allow(RoleKind.OFFICER)
def confirm_spoken(public_id: str) -> Response:
    """Confirm, as another officer, what the holder says to have heard."""
    read_form(FormSchema())
    now = clock.now()
    with transaction():
        mandate, producer = _seen_mandate(public_id, lock=True)
        confirmed = confirm(mandate, producer, account(), now=now)
    if confirmed:
        flash(_("The mandate is in force."), "success")
    else:
        flash(_("It was in force already. Nothing was changed."), "info")
    return see_other(url_for("officer.mandates.one", public_id=public_id))


@blueprint.post("/<public_id>/revoke")
@allow(RoleKind.OFFICER)
def revoke(public_id: str) -> Response:
    """The household has said that it takes the mandate back, or the holder gives it up."""
    return _end(public_id, MandateAction.REVOKE)


@blueprint.post("/<public_id>/deny")
@allow(RoleKind.OFFICER)
def deny_mandate(public_id: str) -> Response:
    """The household has said that it never agreed."""
    return _end(public_id, MandateAction.DENY)


def _end(public_id: str, action: MandateAction) -> Response:
    read_form(FormSchema())
    now = clock.now()
    with transaction():
        mandate, producer = _seen_mandate(public_id, lock=True)
        own = mandate.holder_id == account().id and action is MandateAction.REVOKE
        how = Answered.HOLDER if own else Answered.TOLD_OFFICER
        ended = end(mandate, producer, action, how, actor=account().public_id, now=now)
    flash(
        _("The mandate has ended.") if ended else _("It had ended already. Nothing was changed."),
        "success" if ended else "info",
    )
    return see_other(url_for("officer.mandates.one", public_id=public_id))


@blueprint.post("/<public_id>/listings/<listing>/deny")
@allow(RoleKind.OFFICER)
def deny_listing(public_id: str, listing: str) -> Response:
    """The household has said that a listing is not its own."""
    note, now = read_form(NoteForm())["note"], clock.now()
    with transaction():
        _mandate, producer = _seen_mandate(public_id)
        found = own_listing(listing, producer.id)
        deny(found, producer, Answered.TOLD_OFFICER, actor=account().public_id, now=now, note=note)
    flash(_("It is off sale, and the operator has been told."), "success")
    return see_other(url_for("officer.mandates.one", public_id=public_id))


@blueprint.post("/<public_id>/denials/<denial>/agree")
@allow(RoleKind.OFFICER)
def agree_to_denied(public_id: str, denial: str) -> Response:
    """The household has said that goods may be sold after all; whoever was denied cannot write that down."""
    read_form(FormSchema())
    now = clock.now()
    with transaction():
        _mandate, producer = _seen_mandate(public_id)
        agree_again(own_denial(denial, producer), Answered.TOLD_OFFICER, actor=account().public_id, now=now)
    flash(_("It may be put on sale in the household’s name again."), "success")
    return see_other(url_for("officer.mandates.one", public_id=public_id))


@blueprint.post("/<public_id>/contact")
@allow(RoleKind.OFFICER)
def contact(public_id: str) -> Response:
    """Where the household wants to be told; the old number is told of the change."""
    phone, now = read_form(ContactForm())["phone"], clock.now()
    with transaction():
        mandate, producer = _seen_mandate(public_id)
        if producer.account_id is not None:
            raise Invalid("contact_is_theirs", N_("This household chooses itself, in its settings, where it is told."))
        _set_phone(producer, phone, mandate.holder, now)
    flash(_("Saved."), "success")
    return see_other(url_for("officer.mandates.one", public_id=public_id))
