"""Notices of villages: what everybody may see of one while it hangs, objecting to it, and letting it hang for longer."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.registry.cases.notices import Shown, deciding_level, get_notice, prolong, read_notice, shown
from marketplace.registry.cases.objections import object_to
from marketplace.registry.models import Notice, NoticeKind, Objection
from marketplace.web.access import PUBLIC, account, allow, office_reach
from marketplace.web.api.documents import BODY, OPTIONAL_BEARER, ApiBlueprint, only, problems
from marketplace.web.api.inputs import InputSchema, Prose, SearchText, WholeField
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.objection_limit import count_objection

blueprint: Blueprint = ApiBlueprint("api-notices", __name__, url_prefix="/api/v1/notices", description="Notices of villages")

_MOST_LINES, _MOST_DAYS = 1000, 30


class NoticeLineSchema(OutputSchema):
    """A household as everybody may see it."""

    position = fields.Integer()
    shown_as = fields.String()
    persons = fields.Integer()
    in_favour = fields.Integer(allow_none=True)
    against = fields.Integer(allow_none=True)


class NoticeSchema(OutputSchema):
    """A notice as everybody may see it."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf([kind.value for kind in NoticeKind]))
    village_code = fields.String()
    published_on = fields.Date()
    closes_on = fields.Date(metadata={"description": "The last day of its full length"})
    takes_objections = fields.Boolean()
    lines = fields.List(fields.Nested(NoticeLineSchema))


class NewObjectionSchema(InputSchema):
    """What is wrong with a notice, or with one line of it. Only those who decide on it read the words and the contact."""

    position = WholeField(1, _MOST_LINES, load_default=None, allow_none=True, metadata={"description": "null: the whole list"})
    words = Prose(1000, required=True)
    contact = SearchText(120, load_default="")


class ObjectionMadeSchema(OutputSchema):
    """An objection that was written down."""

    public_id = fields.String()
    due_on = fields.Date(allow_none=True)
    due_provisional = fields.Boolean()


class ProlongSchema(InputSchema):
    """How many days more."""

    days = WholeField(1, _MOST_DAYS, required=True)


def _shown(found: Shown) -> dict[str, Any]:
    notice = found.notice
    named = {name: getattr(notice, name) for name in ("public_id", "kind", "village_code", "published_on", "closes_on")}
    open_to_all = notice.closed_on is None and deciding_level(NoticeKind(notice.kind)) is not None
    return {**named, "takes_objections": open_to_all, "lines": found.lines}


@blueprint.after_request
def keep_nowhere(response: Response) -> Response:
    """No crawler keeps a notice, and no cache after its time."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.get("/<public_id:public_id>")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.response(200, NoticeSchema)
@problems(404)
def one_notice(public_id: str) -> dict[str, Any]:
    """A notice, until its time is over."""
    return _shown(read_notice(public_id, now=clock.now()))


@blueprint.post("/<public_id:public_id>/objections")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.arguments(NewObjectionSchema)
@blueprint.response(201, ObjectionMadeSchema)
@problems(404, 409, 429, *BODY)
def object_to_notice(given: dict[str, Any], public_id: str) -> Objection:
    """Say what is wrong; anybody may, without an account, a few times a minute."""
    now = clock.now()
    found = read_notice(public_id, now=now)
    count_objection(now=now)
    with transaction():
        return object_to(found.notice, given["position"], given["words"], given["contact"], now=now)


def _within(public_id: str) -> Notice:
    notice = get_notice(public_id)
    if not office_reach().holds(notice.village_code):
        raise NotFound("notice_unknown", N_("There is no such notice, or it is over."))
    return notice


@blueprint.post("/<public_id:public_id>/told-objections")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewObjectionSchema)
@blueprint.response(201, ObjectionMadeSchema)
@problems(404, 409, *BODY)
def write_objection_down(given: dict[str, Any], public_id: str) -> Objection:
    """Write down, as an officer of the area, an objection that somebody came with; another officer decides on it."""
    notice = _within(public_id)
    with transaction():
        return object_to(notice, given["position"], given["words"], given["contact"], now=clock.now(), told_to=account())


@blueprint.post("/<public_id:public_id>/prolongation")
@only(RoleKind.OFFICER)
@blueprint.arguments(ProlongSchema)
@blueprint.response(200, NoticeSchema)
@problems(404, 409, *BODY)
def prolong_notice(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Let a notice hang for some days more, as an officer of the level that hung it out."""
    notice = _within(public_id)
    with transaction():
        prolong(notice, given["days"], account(), now=clock.now())
        return _shown(shown(notice))
