"""The purchasing desk: one's enterprise, its people and their limits, its places, and the certificate of its year."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, DomainError
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names, counties_to_choose
from marketplace.sourcing import enterprises
from marketplace.sourcing.enterprises import PLACE_PHONE, Deed, PlaceGiven, may, members_of, own_member, places_of
from marketplace.sourcing.models import MemberRole
from marketplace.sourcing.queries import year_of_purchases
from marketplace.web.access import account, allow
from marketplace.web.deliveries import delivery_area
from marketplace.web.errors import message_of, status_of
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form, spelled
from marketplace.web.places import place_name
from marketplace.web.quota_pdf import quota_pdf
from marketplace.web.redirects import see_other
from marketplace.web.sourcing_words import role_name, role_options

blueprint = Blueprint("buyer_enterprise", __name__, url_prefix="/buyer/enterprise")

# The province that is offered to somebody who has not said where they are.
HOME = "52"


class NameForm(FormSchema):
    """What it is called and to whom invoices are made out."""

    name = Text(required=True, validate=validate.Length(max=60))
    invoice_title = Text(required=True, validate=validate.Length(max=100))
    tax_number = Text(load_default=None, validate=validate.Length(max=20))


class MemberForm(FormSchema):
    """Who joins, as what, and up to which amount they approve."""

    login = Text(required=True, validate=validate.Length(max=120))
    role = fields.Enum(MemberRole, by_value=fields.String(), required=True)
    limit = Yuan(load_default=None)


class ChangeForm(FormSchema):
    """Another part, or another limit."""

    role = fields.Enum(MemberRole, by_value=fields.String(), required=True)
    limit = Yuan(load_default=None)


class PlaceChangeForm(FormSchema):
    """What can change of a place where goods arrive."""

    place_name = Text(required=True, validate=validate.Length(max=60))
    recipient = Text(required=True, validate=validate.Length(max=60))
    phone = Text(
        required=True,
        validate=spelled(PLACE_PHONE, error=N_("Please give a phone number.")),
    )
    address = Text(required=True, validate=validate.Length(max=200))
    hours = Text(load_default="", validate=validate.Length(max=80))


class PlaceForm(PlaceChangeForm):
    """A place where goods arrive."""

    area_code = Text(required=True, validate=spelled(r"[0-9]{6,12}", error=N_("Please choose the county of this place.")))


@blueprint.get("/")
@allow(RoleKind.ENTERPRISE)
def show() -> str:
    """One's enterprise."""
    return _page({}, {})


def _page(
    typed: Mapping[str, Any], errors: Mapping[str, str], refused: str | None = None, *, changing: str | None = None
) -> str:
    """The page; what was typed belongs to the forms that add, or to that of the place (by public id) that is being changed."""
    now = clock.now()
    with transaction():
        member = own_member(account(), now=now)
        enterprise = member.enterprise
        people = [
            {
                "public_id": row.public_id,
                "name": row.account.display_name,
                "login": row.account.login,
                "role": row.role,
                "role_name": role_name(row.role),
                "limit_fen": row.approval_limit_fen,
                "limit": None if row.approval_limit_fen is None else f"{row.approval_limit_fen / 100:g}",
            }
            for row in members_of(enterprise.id)
        ]
        province, provinces, counties = _county_choice()
        places = places_of(enterprise.id)
        names = area_names({row.area_code[:6] for row in places})
        return render_template(
            "buyer/enterprise.html",
            enterprise=enterprise,
            manages=may(member, Deed.MANAGE),
            buys=may(member, Deed.BUY),
            people=people,
            roles=role_options(),
            places=[
                {
                    "public_id": row.public_id,
                    "name": row.name,
                    "county": place_name(names[row.area_code[:6]]),
                    "address": row.address,
                    "recipient": row.recipient,
                    "phone": row.phone,
                    "hours": row.hours,
                }
                for row in places
            ],
            chose_province="province" in request.args,
            province=province,
            provinces=provinces,
            counties=counties,
            form={} if changing else typed,
            errors={} if changing else errors,
            # The forms of places have the same fields; each is named with its place.
            changing=changing,
            changed=typed if changing else {},
            wrong={f"{name}-{changing}": message for name, message in errors.items()} if changing else {},
            refused=refused,
        )


def _county_choice() -> tuple[str, list[tuple[str, str]], list[tuple[str, str]]]:
    """The province whose counties are offered, all provinces, and those counties."""
    asked = request.args.get("province", "")
    wanted = asked if len(asked) == 2 and asked.isdigit() else (delivery_area() or HOME)[:2]
    areas = counties_to_choose(wanted)
    provinces = [(area.code, place_name(area.name)) for area in areas if area.level is Level.PROVINCE]
    counties = [(area.code, place_name(area.name)) for area in areas if area.level is Level.COUNTY]
    return wanted, provinces, counties


def _done(said: str) -> Response:
    flash(said, "success")
    return see_other(url_for("buyer_enterprise.show"))


def _no(error: DomainError, *, changing: str | None = None) -> tuple[str, int]:
    if isinstance(error, FormError):
        return _page(request.form, error.fields, changing=changing), 422
    return _page(request.form, {}, message_of(error), changing=changing), status_of(error)


@blueprint.post("/name")
@allow(RoleKind.ENTERPRISE)
def name() -> Response | tuple[str, int]:
    """Say what it is called."""
    now = clock.now()
    try:
        form = read_form(NameForm())
        with transaction():
            owner = enterprises.member_for(account(), Deed.MANAGE, now=now)
            enterprises.name_enterprise(owner, form["name"], form["invoice_title"], form["tax_number"], now=now)
    except DomainError as error:
        return _no(error)
    return _done(_("Saved."))


@blueprint.post("/members")
@allow(RoleKind.ENTERPRISE)
def add_member() -> Response | tuple[str, int]:
    """Let a colleague in."""
    now = clock.now()
    try:
        form = read_form(MemberForm())
        with transaction():
            owner = enterprises.member_for(account(), Deed.MANAGE, now=now)
            enterprises.add_member(owner, form["login"], form["role"], form["limit"], now=now)
    except DomainError as error:
        return _no(error)
    return _done(_("Your colleague can work here now."))


@blueprint.post("/members/<public_id>")
@allow(RoleKind.ENTERPRISE)
def change_member(public_id: str) -> Response | tuple[str, int]:
    """Give a colleague another part or limit."""
    now = clock.now()
    try:
        form = read_form(ChangeForm())
        with transaction():
            owner = enterprises.member_for(account(), Deed.MANAGE, now=now)
            enterprises.change_member(owner, public_id, form["role"], form["limit"], now=now)
    except DomainError as error:
        return _no(error)
    return _done(_("Saved."))


@blueprint.post("/members/<public_id>/remove")
@allow(RoleKind.ENTERPRISE)
def remove_member(public_id: str) -> Response | tuple[str, int]:
    """Let a colleague go."""
    now = clock.now()
    try:
        read_form(FormSchema())
        with transaction():
            owner = enterprises.member_for(account(), Deed.MANAGE, now=now)
            enterprises.remove_member(owner, public_id, now=now)
    except DomainError as error:
        return _no(error)
    return _done(_("Your colleague does not work here any more."))


@blueprint.post("/places")
@allow(RoleKind.ENTERPRISE)
def add_place() -> Response | tuple[str, int]:
    """Add a place."""
    now = clock.now()
    try:
        form = read_form(PlaceForm())
        with transaction():
            owner = enterprises.member_for(account(), Deed.BUY, now=now)
            given = PlaceGiven(
                form["place_name"], form["recipient"], form["phone"], form["area_code"], form["address"], form["hours"]
            )
            enterprises.add_place(owner, given, now=now)
    except DomainError as error:
        return _no(error)
    return _done(_("Goods can arrive there now."))


@blueprint.post("/places/<public_id>")
@allow(RoleKind.ENTERPRISE)
def change_place(public_id: str) -> Response | tuple[str, int]:
    """Say anew what a place is called and who takes goods in there."""
    now = clock.now()
    try:
        form = read_form(PlaceChangeForm())
        with transaction():
            owner = enterprises.member_for(account(), Deed.BUY, now=now)
            area_code = enterprises.get_place(owner.enterprise_id, public_id).area_code
            given = PlaceGiven(form["place_name"], form["recipient"], form["phone"], area_code, form["address"], form["hours"])
            enterprises.change_place(owner, public_id, given, now=now)
    except DomainError as error:
        return _no(error, changing=public_id)
    return _done(_("Saved."))


@blueprint.post("/places/<public_id>/close")
@allow(RoleKind.ENTERPRISE)
def close_place(public_id: str) -> Response | tuple[str, int]:
    """Take a place out of use."""
    now = clock.now()
    try:
        read_form(FormSchema())
        with transaction():
            owner = enterprises.member_for(account(), Deed.BUY, now=now)
            enterprises.close_place(owner, public_id, now=now)
    except DomainError as error:
        return _no(error)
    return _done(_("The place is out of use."))


@blueprint.get("/certificate.pdf")
@allow(RoleKind.ENTERPRISE)
def certificate() -> Response:
    """What of this year came from registered households, as a paper to show; no household is named."""
    now = clock.now()
    with transaction():
        enterprise = own_member(account(), now=now).enterprise
        title = enterprise.invoice_title
    day = clock.local_day(now)
    response = Response(quota_pdf(title, year_of_purchases(account().id, day.year), day), mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"nongqiao-{day.year}.pdf")
    response.headers["Cache-Control"] = "private, no-store"
    return response
