"""Portal: needs that everybody can read, and the desk of a helper unit: what it took on, and what it has delivered."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.assistance.needs.helping import deliver, enter_helper, pledge, release_pledge
from marketplace.assistance.needs.models import HelperKind, NeedKind
from marketplace.assistance.needs.queries import (
    asked_of,
    busy_count,
    find_helper,
    get_helper_of,
    get_own_pledge,
    get_public_need,
    pledges_of,
    public_needs,
)
from marketplace.assistance.needs.states import PledgeState
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, DomainError
from marketplace.web.access import PUBLIC, SIGNED_IN, account, account_or_none, allow
from marketplace.web.duty_words import HELPERS, NEEDS, card_words, pledge_chip
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import FormSchema, Text, read_form, spelled, ticked
from marketplace.web.portals.complaints_public import AreaQuery, places_around
from marketplace.web.redirects import see_other

blueprint = Blueprint("public_needs", __name__, url_prefix="/needs")
_LONG = N_("Please write less.")


class UnitForm(FormSchema):
    """What a unit can help with."""

    kind = Text(required=True, validate=validate.OneOf([kind.value for kind in HelperKind]))
    name = Text(required=True, validate=validate.Length(max=80, error=_LONG))
    area = Text(required=True, validate=spelled(r"[0-9]{2,12}", error=N_("Please choose a place.")))
    can = fields.List(Text(validate=validate.OneOf([kind.value for kind in NeedKind])), load_default=list)
    quota = fields.Integer(required=True, validate=validate.Range(1, 1000, error=N_("Please give 1 to 1,000.")))


class ProofForm(FormSchema):
    """What was handed over, and which paper shows it."""

    proof = Text(required=True, validate=validate.Length(max=200, error=_LONG))


@blueprint.get("")
@allow(PUBLIC)
def listed() -> str:
    """Every verified need."""
    return render_template("public/needs.html", needs=card_words(list(public_needs())))


@blueprint.get("/<public_id>")
@allow(PUBLIC)
def one(public_id: str) -> str:
    """A need's card, with the way to take it on."""
    need = get_public_need(public_id)
    own = account_or_none()
    unit = None if own is None else find_helper(own)
    return render_template(
        "public/need.html", need=card_words([need])[0], may=unit is not None and unit.approved_at is not None
    )


@blueprint.post("/<public_id>/pledge")
@allow(SIGNED_IN)
def pledged(public_id: str) -> Response:
    """Take a need on."""
    with transaction():
        pledge(get_public_need(public_id), get_helper_of(account()), by=account(), now=clock.now())
    flash(_("Thank you. The need is yours to help with."), "success")
    return see_other(url_for("public_needs.desk"))


@blueprint.get("/desk")
@allow(SIGNED_IN)
def desk() -> str:
    """What one's helper unit has taken on, and what the county asks it for; before there is one, where it is at home."""
    return _desk_page({"area": read_form(AreaQuery(), request.args)["area"]}, {})


def _desk_page(form: dict[str, Any], errors: dict[str, str]) -> str:
    unit = find_helper(account())
    rows = [] if unit is None else pledges_of(unit)
    return render_template(
        "public/helper_desk.html",
        unit=unit,
        places=places_around(form.get("area", "")) if unit is None else None,
        busy=0 if unit is None else busy_count(unit),
        asked=[] if unit is None else card_words(list(asked_of(unit))),
        rows=[
            {
                "pledge": made.public_id,
                "standing": made.state == PledgeState.STANDING,
                "ended": made.state in (PledgeState.KEPT, PledgeState.RELEASED, PledgeState.LAPSED),
                "deliver_by": made.deliver_by,
                "proof": made.proof,
                **card_words([need])[0],
                "state": pledge_chip(made.state),
            }
            for made, need in rows
        ],
        kinds=[(kind.value, _(words)) for kind, words in HELPERS.items()],
        needs=[(kind.value, _(words)) for kind, words in NEEDS.items()],
        form=form,
        errors=errors,
    )


@blueprint.post("/desk")
@allow(SIGNED_IN)
def entered() -> Response | tuple[str, int]:
    """Say what a unit can help with."""
    try:
        form = read_form(UnitForm(), ticked("can"))
        with transaction():
            can = [NeedKind(kind) for kind in form["can"]]
            enter_helper(
                HelperKind(form["kind"]), form["name"], form["area"], can, form["quota"], by=account(), now=clock.now()
            )
    except DomainError as error:
        place = {"can_nothing": "can", "name_missing": "name", "quota_range": "quota"}.get(error.code, "area")
        errors = errors_by_field(error, place)
        return _desk_page({**request.form.to_dict(), "can": request.form.getlist("can")}, errors), 422
    flash(_("Thank you. An officer looks at your unit before it can help."), "success")
    return see_other(url_for("public_needs.desk"))


@blueprint.post("/desk/<public_id>/deliver")
@allow(SIGNED_IN)
def delivered(public_id: str) -> Response:
    """Say with a proof what was handed over."""
    form = read_form(ProofForm())
    with transaction():
        deliver(get_own_pledge(get_helper_of(account()), public_id), form["proof"], by=account(), now=clock.now())
    flash(_("Thank you. The household or its office now says whether it arrived."), "success")
    return see_other(url_for("public_needs.desk"))


@blueprint.post("/desk/<public_id>/release")
@allow(SIGNED_IN)
def released(public_id: str) -> Response:
    """Give a need up, so that others can help."""
    with transaction():
        release_pledge(get_own_pledge(get_helper_of(account()), public_id), by=account(), now=clock.now())
    return see_other(url_for("public_needs.desk"))
