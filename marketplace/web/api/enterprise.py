"""One's enterprise: who acts for it and up to which amount, and where its goods arrive."""

import re
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.sourcing import enterprises
from marketplace.sourcing.enterprises import PLACE_PHONE, Deed, PlaceGiven, find_member, member_for, members_of, places_of
from marketplace.sourcing.models import DeliveryPlace, EnterpriseMember, MemberRole
from marketplace.web.access import account
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import FenField, InputSchema, Line, Prose, Spelled
from marketplace.web.api.schemas import OutputSchema, fen

blueprint: Blueprint = ApiBlueprint("api-enterprise", __name__, url_prefix="/api/v1/enterprise", description="Enterprises")

# A county, or what is below it.
_COUNTY_OR_BELOW = re.compile(r"[0-9]{6}|[0-9]{9}|[0-9]{12}")
_PHONE = re.compile(PLACE_PHONE)
_ROLES = [role.value for role in MemberRole]
_LIMIT = "Up to which amount they approve; null for any. A receiver approves nothing."


class ColleagueSchema(OutputSchema):
    """Somebody who acts for your enterprise; ``approval_limit_fen`` is null for any amount."""

    public_id = fields.String()
    name = fields.String(attribute="account.display_name")
    login = fields.String(attribute="account.login")
    role = fields.String(validate=validate.OneOf(_ROLES))
    approval_limit_fen = fen(allow_none=True)
    joined_at = fields.AwareDateTime()


class ColleaguesSchema(OutputSchema):
    """All of them."""

    items = fields.List(fields.Nested(ColleagueSchema))


class DeliveryPlaceSchema(OutputSchema):
    """Where goods arrive, and who takes them in; ``closed_at`` is null while it is in use."""

    public_id = fields.String()
    name = fields.String()
    recipient = fields.String()
    phone = fields.String()
    area_code = fields.String()
    address = fields.String()
    hours = fields.String()
    closed_at = fields.AwareDateTime(allow_none=True)


class DeliveryPlacesSchema(OutputSchema):
    """All of them that are in use."""

    items = fields.List(fields.Nested(DeliveryPlaceSchema))


class ColleaguePartSchema(InputSchema):
    """What a member does, and up to which amount."""

    role = fields.String(required=True, validate=validate.OneOf(_ROLES))
    approval_limit_fen = FenField(required=True, allow_none=True, metadata={"description": _LIMIT})


class ColleagueInputSchema(ColleaguePartSchema):
    """Who joins, by the name they sign in with."""

    login = Line(120, required=True)


class DeliveryPlaceInputSchema(InputSchema):
    """A place; its area cannot change later."""

    name = Line(60, required=True)
    recipient = Line(60, required=True)
    phone = Spelled(_PHONE, most=20, required=True)
    area_code = Spelled(_COUNTY_OR_BELOW, most=12, required=True)
    address = Line(200, required=True)
    hours = Prose(80, may_be_empty=True, load_default="")


def own_enterprise_id() -> int:
    """The enterprise that the caller acts for; nothing has the id of none."""
    member = find_member(account().id)
    return member.enterprise_id if member is not None else 0


def member_by(deed: Deed) -> EnterpriseMember:
    """As what the caller acts for their enterprise, or ``Forbidden`` where their role does not let them."""
    return member_for(account(), deed, now=clock.now())


@blueprint.get("/members")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, ColleaguesSchema)
def members() -> dict[str, Any]:
    """Who acts for your enterprise now."""
    return {"items": members_of(own_enterprise_id())}


@blueprint.post("/members")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(ColleagueInputSchema)
@blueprint.response(201, ColleagueSchema)
@problems(404, 409, *BODY)
def add_member(given: dict[str, Any]) -> EnterpriseMember:
    """Let an account of a colleague act for your enterprise; owners alone may."""
    now, role = clock.now(), MemberRole(given["role"])
    with transaction():
        return enterprises.add_member(member_by(Deed.MANAGE), given["login"], role, given["approval_limit_fen"], now=now)


@blueprint.put("/members/<public_id:public_id>")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(ColleaguePartSchema)
@blueprint.response(200, ColleagueSchema)
@problems(404, 409, *BODY)
def change_member(given: dict[str, Any], public_id: str) -> EnterpriseMember:
    """Give a colleague another part or limit; the last owner stays one (409 `last_owner`)."""
    now, role = clock.now(), MemberRole(given["role"])
    with transaction():
        return enterprises.change_member(member_by(Deed.MANAGE), public_id, role, given["approval_limit_fen"], now=now)


@blueprint.delete("/members/<public_id:public_id>")
@only(RoleKind.ENTERPRISE)
@blueprint.response(204)
@problems(404, 409)
def remove_member(public_id: str) -> None:
    """Let a colleague go; what they did stays."""
    now = clock.now()
    with transaction():
        enterprises.remove_member(member_by(Deed.MANAGE), public_id, now=now)


@blueprint.get("/places")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, DeliveryPlacesSchema)
def places() -> dict[str, Any]:
    """Where goods of your enterprise can arrive."""
    return {"items": places_of(own_enterprise_id())}


@blueprint.post("/places")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(DeliveryPlaceInputSchema)
@blueprint.response(201, DeliveryPlaceSchema)
@problems(*BODY)
def add_place(given: dict[str, str]) -> DeliveryPlace:
    """Add a place."""
    with transaction():
        return enterprises.add_place(member_by(Deed.BUY), PlaceGiven(**given), now=clock.now())


@blueprint.put("/places/<public_id:public_id>")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(DeliveryPlaceInputSchema)
@blueprint.response(200, DeliveryPlaceSchema)
@problems(404, 409, *BODY)
def change_place(given: dict[str, str], public_id: str) -> DeliveryPlace:
    """Say a place anew; another area is another place (422 `place_elsewhere`)."""
    with transaction():
        return enterprises.change_place(member_by(Deed.BUY), public_id, PlaceGiven(**given), now=clock.now())


@blueprint.delete("/places/<public_id:public_id>")
@only(RoleKind.ENTERPRISE)
@blueprint.response(204)
@problems(404)
def close_place(public_id: str) -> None:
    """Take a place out of use; what is on its way there still arrives."""
    now = clock.now()
    with transaction():
        enterprises.close_place(member_by(Deed.BUY), public_id, now=now)
