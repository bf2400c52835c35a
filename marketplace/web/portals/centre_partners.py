"""Portal: systems of other offices, which one person proposes, a second confirms, and one alone can suspend."""

from typing import Any

from flask import Blueprint, current_app, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.exchange.agreeing import (
    Wanted,
    changes_waiting,
    decide_change,
    get_change,
    get_partner,
    partner_count,
    partners_within,
    propose_key,
    propose_partner,
    propose_resumption,
    suspend_partner,
)
from marketplace.exchange.models import ExchangePartner, PartnerChange, PartnerDeed, PartnerKind
from marketplace.exchange.states import ChangeAction
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import accounts_by_id, find_account_by_login
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.regions.queries import area_names
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of
from marketplace.web.forms import FormError, FormSchema, Text, read_form, spelled
from marketplace.web.paging import page_numbers
from marketplace.web.places import place_name
from marketplace.web.redirects import see_other

blueprint = Blueprint("partners", __name__, url_prefix="/partners")

_KEY = Text(required=True, validate=spelled("[0-9a-fA-F]{64}", error=N_("Please give 64 hexadecimal digits.")))
KINDS = {
    PartnerKind.DEPARTMENT: N_("A department that asks"),
    PartnerKind.ABOVE: N_("The level above, which is sent events"),
    PartnerKind.BELOW: N_("A level below, which sends events"),
}
DEEDS = {
    PartnerDeed.ADD: N_("Is to take part"),
    PartnerDeed.KEY: N_("Has a new key"),
    PartnerDeed.RESUME: N_("Is to take part again"),
}
# Which field of the form a refusal is about.
_FIELDS = {
    **dict.fromkeys(("area_outside", "area_unknown", "centre_other"), "area"),
    **dict.fromkeys(("partner_there", "change_waits"), "sender_id"),
    "address_invalid": "url",
}
_A_PAGE = 100
# Of every level: 2, 4, 6, 9 or 12 digits.
_AREA = "[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}"
_PURPOSE = "[A-Z0-9_]{1,40}"


class PartnerForm(FormSchema):
    """A system that is to take part."""

    kind = fields.Enum(PartnerKind, by_value=fields.String(), required=True)
    sender_id = Text(required=True, validate=spelled("[a-z0-9.-]{3,99}", error=N_("Small letters, figures, points, dashes.")))
    name = Text(required=True, validate=validate.Length(max=120, error=N_("Please write less.")))
    key = _KEY
    area = Text(required=True, validate=spelled(_AREA, error=N_("Please give the code of an area.")))
    url = Text(load_default="", validate=validate.Length(max=200, error=N_("Please write less.")))
    login = Text(load_default="", validate=validate.Length(max=120, error=N_("Please write less.")))
    purposes = Text(
        load_default="",
        validate=[
            validate.Length(max=200, error=N_("Please write less.")),
            spelled(f"({_PURPOSE}([, ]+|$))*", error=N_("Codes in capitals, commas between, each of 40 letters at the most.")),
        ],
    )


class KeyForm(FormSchema):
    """A partner's new public key."""

    key = _KEY


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """Who takes part, what waits for a second person, and entering another."""
    return _page({}, {})


def _page(form: dict[str, Any], errors: dict[str, str]) -> str:
    by = account()
    count, waiting = partner_count(by), changes_waiting(by)
    last = -(-count // _A_PAGE) or 1
    pages = page_numbers(min(max(request.args.get("page", 1, type=int), 1), last), last)
    own = partners_within(by, _A_PAGE, page=pages.number)
    names = area_names({area for _row, area in own} | {row.area_code for row in waiting})
    asking = {row.account_id for row in [*waiting, *(row for row, _area in own)]}
    people = accounts_by_id({row.proposed_by_id for row in waiting} | {number for number in asking if number is not None})
    return render_template(
        "centre/partners.html",
        partners=[_partner(row, place_name(names.get(area, "")), people) for row, area in own],
        count=count,
        pages=pages,
        changes=[_change(row, place_name(names.get(row.area_code, "")), people) for row in waiting],
        kinds=[(kind.value, _(words)) for kind, words in KINDS.items()],
        form=form,
        errors=errors,
    )


def _partner(row: ExchangePartner, area: str, people: dict[int, Account]) -> dict[str, Any]:
    suspended = row.suspended_at is not None
    return {
        "public_id": row.public_id,
        "name": row.name,
        "suspended": suspended,
        "state": (_("Suspended"), "bad") if suspended else (_("Takes part"), "good"),
        "rows": [
            *_known(row, people),
            (_("Sees"), area if row.kind == PartnerKind.DEPARTMENT else "–"),
            (_("Key"), fingerprint(row.public_key)),
        ],
    }


def _change(row: PartnerChange, area: str, people: dict[int, Account]) -> dict[str, Any]:
    return {
        "public_id": row.public_id,
        "name": row.name,
        "deed": _(DEEDS[PartnerDeed(row.deed)]),
        "mine": row.proposed_by_id == account().id,
        "rows": [
            *_known(row, people),
            (_("Area"), area),
            *([(_("Key"), fingerprint(row.public_key))] if row.public_key else []),
            (_("Proposed by"), people[row.proposed_by_id].display_name),
        ],
    }


def _known(row: ExchangePartner | PartnerChange, people: dict[int, Account]) -> list[tuple[str, str]]:
    """What a second person has to see, for whoever is behind one of these is told of households."""
    asks = None if row.account_id is None else people[row.account_id]
    return [
        (_("Kind of system"), _(KINDS[PartnerKind(row.kind)])),
        (_("Known as"), row.sender_id),
        (_("Address of its own end"), row.url or "–"),
        (_("Asks through"), "–" if asks is None else _("%(name)s (%(login)s)", name=asks.display_name, login=asks.login)),
        (_("May ask for"), ", ".join(row.purposes) or "–"),
    ]


def fingerprint(key: bytes) -> str:
    """A key as two people read it to one another: its digits in groups of eight.

    >>> fingerprint(bytes(range(8)))
    '00010203 04050607'
    """
    digits = key.hex()
    return " ".join(digits[at : at + 8] for at in range(0, len(digits), 8))


@blueprint.post("")
@allow(RoleKind.OFFICER)
def propose() -> Response | tuple[str, int]:
    """Propose that another system takes part."""
    try:
        form = read_form(PartnerForm())
        asks = find_account_by_login(form["login"].lower()) if form["login"] else None
        if form["login"] and asks is None:
            raise FormError({"login": _("There is no such account.")})
        purposes = [code for code in form["purposes"].replace(",", " ").split() if code]
        wanted = Wanted(
            *(form[name] for name in ("kind", "sender_id", "name")),
            public_key=bytes.fromhex(form["key"]),
            area_code=form["area"],
            url=form["url"],
            account=asks,
            purposes=purposes,
        )
        with transaction():
            propose_partner(wanted, own_network=_own_network(), by=account(), now=clock.now())
    except FormError as error:
        return _page(request.form.to_dict(), error.fields), 422
    except (Invalid, Conflict, NotFound, Forbidden) as error:
        return _page(request.form.to_dict(), {_FIELDS.get(error.code, "kind"): message_of(error)}), 422
    flash(_("It is proposed. It takes part once a second person has confirmed."), "success")
    return _back()


@blueprint.post("/<public_id>/suspend")
@allow(RoleKind.OFFICER)
def suspend(public_id: str) -> Response:
    """Stop an exchange at once."""
    with transaction():
        suspend_partner(get_partner(public_id, account()), by=account(), now=clock.now())
    flash(_("Nothing is taken in from it or out to it any more."), "success")
    return _back()


@blueprint.post("/<public_id>/resume")
@allow(RoleKind.OFFICER)
def resume(public_id: str) -> Response:
    """Propose that a suspended partner takes part again."""
    with transaction():
        propose_resumption(get_partner(public_id, account()), by=account(), now=clock.now())
    flash(_("It is proposed. It takes part once a second person has confirmed."), "success")
    return _back()


@blueprint.post("/<public_id>/key")
@allow(RoleKind.OFFICER)
def key(public_id: str) -> Response | tuple[str, int]:
    """Propose another key; the old one is good until a second person confirms."""
    field = f"key-{public_id}"
    given = {field: request.form.get("key", "")}
    try:
        form = read_form(KeyForm())
        with transaction():
            partner = get_partner(public_id, account())
            propose_key(partner, bytes.fromhex(form["key"]), by=account(), now=clock.now())
    except FormError as error:
        return _page(given, {field: error.fields.get("key", message_of(error))}), 422
    except (Invalid, Conflict) as error:
        return _page(given, {field: message_of(error)}), 422
    flash(_("The new key is proposed. The old one is good until a second person has confirmed."), "success")
    return _back()


@blueprint.post("/changes/<public_id>/confirm")
@allow(RoleKind.OFFICER)
def confirm(public_id: str) -> Response:
    """The second person confirms."""
    return _decided(public_id, ChangeAction.CONFIRM, _("It is confirmed."))


@blueprint.post("/changes/<public_id>/drop")
@allow(RoleKind.OFFICER)
def drop(public_id: str) -> Response:
    """Drop a proposal."""
    return _decided(public_id, ChangeAction.DROP, _("The proposal is dropped."))


def _decided(public_id: str, action: ChangeAction, words: str) -> Response:
    read_form(FormSchema())
    with transaction():
        change = get_change(public_id, account())
        decide_change(change, action, own_network=_own_network(), by=account(), now=clock.now())
    flash(words, "success")
    return _back()


def _own_network() -> bool:
    return bool(current_app.extensions["settings"].demo)


def _back() -> Response:
    return see_other(url_for("centre.partners.listed"))
