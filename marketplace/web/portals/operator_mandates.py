"""Portal: what households have denied, and what is done in others' names."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, validate
from sqlalchemy import select
from werkzeug.wrappers import Response

from marketplace.catalogue.denials import settle_denial
from marketplace.catalogue.denied import count_unsettled, denials_listed, get_denial
from marketplace.catalogue.models import ListingDenial
from marketplace.catalogue.principals import mandates_denied
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.audit import acts_for
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_
from marketplace.web.access import account, allow
from marketplace.web.deeds import in_words
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.mandate_forms import NoteForm, shown
from marketplace.web.redirects import see_other

blueprint = Blueprint("mandates", __name__, url_prefix="/in-names")

_ANSWERED = {"signed_in": N_("signed in"), "code": N_("by the code of a notice"), "told_officer": N_("told an officer")}


class ActsQuery(FormSchema):
    """Whose acts, or the acts on what."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    listing = Text(load_default=None, validate=validate.Length(max=20))


@blueprint.get("")
@allow(RoleKind.OPERATOR)
def denials() -> str:
    """Denied listings that wait for somebody to look after them, denied mandates, and the latest acts in others' names."""
    listing = read_form(ActsQuery(), request.args)["listing"]
    waiting, done = denials_listed(settled=False), denials_listed(settled=True, limit=20)
    names = _names([*waiting, *done])
    now = clock.now()
    return render_template(
        "operator/denials.html",
        number=count_unsettled(),
        waiting=[_shown(row, names) for row in waiting],
        done=[_shown(row, names) for row in done],
        mandates=[shown(mandate, now, producer) for mandate, producer in mandates_denied()],
        acts=in_words(acts_for(object_id=listing, limit=100)),
        listing=listing,
    )


def _names(rows: list[ListingDenial]) -> dict[str, str]:
    people = {name for row in rows for name in (row.holder, row.denied_by, row.agreed_by, row.settled_by) if name}
    found = db.session.execute(select(Account.public_id, Account.display_name).where(Account.public_id.in_(people)))
    return dict(found.all())


def _shown(row: ListingDenial, names: dict[str, str]) -> dict[str, Any]:
    return {
        "public_id": row.public_id,
        "listing": row.listing.public_id,
        "title": pick(row.listing.title_zh, row.listing.title_en),
        "farm": pick(row.producer.name_zh, row.producer.name_en),
        "holder": names.get(row.holder, row.holder),
        "how": str(_(_ANSWERED[row.how])),
        "note": row.note,
        "denied_at": row.denied_at,
        "agreed_at": row.agreed_at,
        "settled_at": row.settled_at,
        "settled_by": names.get(row.settled_by or "", ""),
        "settled_note": row.settled_note,
    }


@blueprint.post("/<public_id>/settle")
@allow(RoleKind.OPERATOR)
def settle(public_id: str) -> Response:
    """Note what was done about a denied listing."""
    note, now = read_form(NoteForm())["note"], clock.now()
    with transaction():
        settled = settle_denial(get_denial(public_id, lock=True), note, actor=account().public_id, now=now)
    if settled:
        flash(_("Noted."), "success")
    else:
        flash(_("Somebody had looked after it already. Nothing was changed."), "info")
    return see_other(url_for("operator.mandates.denials"))
