"""Portal: the farmer's side of mandates: who acts for me and what they did, and for whom I act."""

from typing import Any

from flask import Blueprint, flash, g, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.catalogue.denied import denials_of, open_denial
from marketplace.catalogue.models import Listing, Producer
from marketplace.catalogue.principals import KIND, principal_of
from marketplace.catalogue.queries import own_listing, producer_of
from marketplace.identity.mandate_states import MandateAction
from marketplace.identity.mandates import give_mandate, mandates_over
from marketplace.identity.models import Answered, RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.audit import acts_for, acts_on
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.web.access import account, allow
from marketplace.web.acting import OWN, NoProducer, Seller, choose, current_seller, scopes_of, sellers
from marketplace.web.deeds import in_words
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.household_word import agree, deny, end, own_denial, own_mandate
from marketplace.web.household_word import agree_again as allow_again
from marketplace.web.languages import pick
from marketplace.web.navigation import FARM_DAILY, FARM_LATER, MENUS, farm_tabs
from marketplace.web.notices.households import tell_mandate
from marketplace.web.notices.people import scopes_in_words
from marketplace.web.portals.mandate_forms import (
    NoteForm,
    TermsForm,
    field_errors,
    form_context,
    given_scopes,
    holders_for,
    scalar_form,
    shown,
    terms_of,
)
from marketplace.web.redirects import see_other

blueprint = Blueprint("mandates", __name__, url_prefix="/mandates")

_FIELDS = {"holder", "last_day", "scopes"}


class ChoiceForm(FormSchema):
    """For whom somebody acts from now on."""

    farm = Text(required=True, error_messages={"required": N_("Please choose for whom you act.")})


def _own_farm() -> Producer:
    """The farm of the account itself, whomever it acts for at the moment: who acts under a mandate cannot hand it on."""
    producer = producer_of(account().id)
    if producer is None:
        raise NoProducer("producer_unknown", N_("Your account does not sell for a farm yet."))
    return producer


def acting_frame() -> dict[str, Any]:
    """The banner, the open part of the menu, and which scopes forms may offer; nothing before a seller is known."""
    seller: Seller | None = g.get("seller")
    if seller is None or not seller.by_mandate:
        return {"acting": None, "may": {scope.value: True for scope in Scope}}
    mine = sorted({scope for mandate in seller.mandates for scope in mandate.scopes})
    return {
        "acting": {
            "farm": pick(seller.producer.name_zh, seller.producer.name_en),
            "last_day": local_day(max(mandate.ends_at for mandate in seller.mandates)),
            "scopes": scopes_in_words(mine),
        },
        "may": {scope.value: seller.may(scope) for scope in Scope},
        "menu": farm_tabs(open_entries(MENUS["producer"], seller)),
    }


def open_entries(entries: list[tuple[str, str, str]], seller: Seller) -> list[tuple[str, str, str]]:
    """Those of a menu's entries that are open to who works for this farm; all of them on one's own."""
    if not seller.by_mandate:
        return entries
    return [
        entry
        for entry in entries
        if any(needed <= set(mandate.scopes) for mandate in seller.mandates for needed in scopes_of(entry[0]) or ())
    ]


def deeds_on(producer: Producer, listing: Listing) -> dict[str, Any]:
    """Who has done what to a listing, and whether its household can deny it now; for the household and its holders."""
    events = acts_on("listing", listing.public_id)
    named = any(event.on_behalf_of == producer.public_id for event in events)
    own = not current_seller().by_mandate
    denied = open_denial(listing.id) is not None
    return {"deeds": in_words(events) if named else [], "deniable": named and own and not denied, "denied": denied}


@blueprint.get("/for", endpoint="choose")
@allow(RoleKind.FARMER, RoleKind.OFFICER)
def choose_page() -> str:
    """For whom do you act?"""
    now = clock.now()
    own = producer_of(account().id)
    return render_template(
        "producer/choose.html",
        own={"value": OWN, "name": pick(own.name_zh, own.name_en)} if own is not None else None,
        others=[
            {
                "value": seller.producer.public_id,
                "name": pick(seller.producer.name_zh, seller.producer.name_en),
                "scopes": scopes_in_words(sorted({scope for mandate in seller.mandates for scope in mandate.scopes})),
                "last_day": local_day(max(mandate.ends_at for mandate in seller.mandates)),
            }
            for seller in sellers(account(), now=now)
        ],
    )


@blueprint.post("/for")
@allow(RoleKind.FARMER, RoleKind.OFFICER)
def choice() -> Response:
    """Remember it, and go to the first page that is open there."""
    farm = read_form(ChoiceForm())["farm"]
    choose(farm)
    if farm == OWN:
        return see_other(url_for("producer.orders"))
    held = next((seller for seller in sellers(account(), now=clock.now()) if seller.producer.public_id == farm), None)
    if held is not None:
        for endpoint, _label, _icon in open_entries([*FARM_DAILY, *FARM_LATER], held):
            return see_other(url_for(endpoint))
    return see_other(url_for("producer.listings"))


@blueprint.get("")
@allow(RoleKind.FARMER)
def mine() -> str:
    """Who acts for me, what they did, and the way to end it."""
    return _page(_own_farm(), {}, {})


def _page(producer: Producer, form: dict[str, Any], errors: dict[str, str]) -> str:
    now = clock.now()
    return render_template(
        "producer/mandates.html",
        mandates=[shown(mandate, now) for mandate in mandates_over([(KIND, producer.public_id)])],
        deeds=in_words(acts_for(producer.public_id)),
        denials=[
            {"public_id": row.public_id, "title": pick(row.listing.title_zh, row.listing.title_en), "denied_at": row.denied_at}
            for row in denials_of([producer.id])
            if row.agreed_at is None
        ],
        holders=[(public_id, name) for public_id, (_who, _role, name) in holders_for(producer).items()],
        form=form,
        errors=errors,
        **form_context(now, request.form.getlist("scopes")),
    )


@blueprint.post("/give")
@allow(RoleKind.FARMER)
def give() -> Response | tuple[str, int]:
    """Let somebody act for one's own farm."""
    producer, now = _own_farm(), clock.now()
    try:
        form = read_form(TermsForm(), scalar_form())
        scopes = given_scopes()
        found = holders_for(producer).get(form["holder"])
        if found is None:
            raise Invalid("holder_unfit", N_("This person cannot hold a mandate for this household."))
        holder, role, _name = found
        with transaction():
            terms = terms_of(scopes, form["last_day"])
            mandate = give_mandate(principal_of(producer, lock=True), account(), holder, role, terms, now=now)
            tell_mandate(mandate, producer, now=now)
    except Invalid as error:
        return _page(producer, dict(request.form), field_errors(error, _FIELDS)), 422
    flash(_("They may act for you from now on. You can end it here at any time."), "success")
    return see_other(url_for("producer.mandates.mine"))


@blueprint.post("/<public_id>/agree")
@allow(RoleKind.FARMER)
def agree_to(public_id: str) -> Response:
    """Say yes to a mandate that an officer has proposed."""
    producer, now = _own_farm(), clock.now()
    read_form(FormSchema())
    with transaction():
        agree(own_mandate(public_id, producer), producer, account(), now=now)
    flash(_("They may act for you from now on. You can end it here at any time."), "success")
    return see_other(url_for("producer.mandates.mine"))


@blueprint.post("/<public_id>/revoke")
@allow(RoleKind.FARMER)
def revoke(public_id: str) -> Response:
    """Take a mandate back."""
    return _end(public_id, MandateAction.REVOKE, _("The mandate has ended. Nothing more is done in your name."))


@blueprint.post("/<public_id>/deny")
@allow(RoleKind.FARMER)
def deny_mandate(public_id: str) -> Response:
    """Say that one has never agreed."""
    return _end(public_id, MandateAction.DENY, _("Thank you for telling us. The mandate has ended, and we look into it."))


def _end(public_id: str, action: MandateAction, said: str) -> Response:
    producer, now = _own_farm(), clock.now()
    read_form(FormSchema())
    with transaction():
        end(own_mandate(public_id, producer), producer, action, Answered.SIGNED_IN, actor=account().public_id, now=now)
    flash(said, "success")
    return see_other(url_for("producer.mandates.mine"))


@blueprint.post("/listings/<public_id>/deny")
@allow(RoleKind.FARMER)
def deny_listing(public_id: str) -> Response:
    """Say that a listing is not one's own; it goes off sale at once."""
    producer, now = _own_farm(), clock.now()
    note = read_form(NoteForm())["note"]
    listing = own_listing(public_id, producer.id)
    with transaction():
        deny(listing, producer, Answered.SIGNED_IN, actor=account().public_id, now=now, note=note)
    flash(_("It is off sale, and cannot be put on sale again for you until you allow it."), "success")
    return see_other(url_for("producer.mandates.mine"))


@blueprint.post("/denials/<public_id>/agree")
@allow(RoleKind.FARMER)
def agree_again(public_id: str) -> Response:
    """Allow goods again that one had denied."""
    producer, now = _own_farm(), clock.now()
    read_form(FormSchema())
    with transaction():
        allow_again(own_denial(public_id, producer), Answered.SIGNED_IN, actor=account().public_id, now=now)
    flash(_("It may be put on sale in your name again."), "success")
    return see_other(url_for("producer.mandates.mine"))
