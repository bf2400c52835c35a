"""Portal: who answers for one's own household, whether they came, and what it needs; what it says is its own word."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.assistance.duty.bringing import say_of_visit
from marketplace.assistance.duty.queries import get_own_visit, helpers_of, visits_of
from marketplace.assistance.needs.helping import close_need
from marketplace.assistance.needs.models import NeedKind
from marketplace.assistance.needs.queries import get_own_need, needs_of, pledge_of
from marketplace.assistance.needs.raising import raise_need, withdraw_need
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.registry.models import Household
from marketplace.web.access import account, allow
from marketplace.web.duty_words import NEEDS, SATISFACTION, own_need_words
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import FormSchema, Text, Yuan, read_form
from marketplace.web.own_household import own_household
from marketplace.web.redirects import see_other

blueprint = Blueprint("help", __name__, url_prefix="/help")
_LONG = N_("Please write less.")


class VisitForm(FormSchema):
    """Whether somebody came, and how content one is."""

    took_place = Text(required=True, validate=validate.OneOf(["yes", "no"]))
    satisfaction = fields.Integer(load_default=None, validate=validate.Range(1, 5, error=N_("Please choose 1 to 5.")))


class OwnNeedForm(FormSchema):
    """What one lacks."""

    kind = Text(required=True, validate=validate.OneOf([kind.value for kind in NeedKind]))
    words = Text(required=True, validate=validate.Length(max=400, error=_LONG))
    worth = Yuan(load_default=None)


class ReceivedForm(FormSchema):
    """Whether it arrived."""

    arrived = Text(required=True, validate=validate.OneOf(["yes", "no"]))


@blueprint.get("")
@allow(RoleKind.FARMER)
def mine() -> str:
    """Who answers for the household, their visits, and what it needs."""
    return _page(own_household(), {}, {})


def _page(household: Household, form: dict[str, Any], errors: dict[str, str]) -> str:
    return render_template(
        "producer/help.html",
        helpers=[
            {"name": own.display_name, "second": duty.place == "second", "since": duty.begins_at, "left": officer.left_at}
            for duty, officer, own in helpers_of(household)
        ],
        visits=[
            {
                "public_id": visit.public_id,
                "at": visit.at,
                "by": own.display_name,
                "said": None if word is None else word.took_place,
                "satisfaction": None if word is None or word.satisfaction is None else _(SATISFACTION[word.satisfaction]),
                "own": own.id == account().id,
            }
            for visit, word, own in visits_of(household, most=6)
        ],
        satisfaction=[(number, _(words)) for number, words in SATISFACTION.items()],
        needs=[own_need_words(need, pledge_of(need)) for need in needs_of(household)],
        kinds=[(kind.value, _(words)) for kind, words in NEEDS.items()],
        form=form,
        errors=errors,
    )


@blueprint.post("/visits/<public_id>")
@allow(RoleKind.FARMER)
def visited(public_id: str) -> Response:
    """Say whether somebody came, and how content one is."""
    form = read_form(VisitForm())
    with transaction():
        visit = get_own_visit(own_household(), public_id)
        say_of_visit(visit, form["took_place"] == "yes", form["satisfaction"], to=account(), now=clock.now())
    flash(_("Thank you. Your word is written down; who visited you cannot change it."), "success")
    return see_other(url_for("producer.help.mine"))


@blueprint.post("/needs")
@allow(RoleKind.FARMER)
def asked() -> Response | tuple[str, int]:
    """Say what one lacks; an officer looks at it before anybody else reads of it."""
    household = own_household()
    try:
        form = read_form(OwnNeedForm())
        with transaction():
            more = {"household": household, "worth_fen": form["worth"]}
            raise_need(NeedKind(form["kind"]), form["words"], by=account(), now=clock.now(), **more)
    except Invalid as error:
        errors = errors_by_field(error, "words")
        return _page(household, request.form.to_dict(), errors), 422
    flash(_("Thank you. An officer looks at it; nobody else learns that it is you."), "success")
    return see_other(url_for("producer.help.mine"))


@blueprint.post("/needs/<public_id>/withdraw")
@allow(RoleKind.FARMER)
def taken_back(public_id: str) -> Response:
    """It is no longer needed."""
    with transaction():
        withdraw_need(get_own_need(own_household(), public_id), by=account(), household=own_household(), now=clock.now())
    return see_other(url_for("producer.help.mine"))


@blueprint.post("/needs/<public_id>/arrived")
@allow(RoleKind.FARMER)
def arrived(public_id: str) -> Response:
    """Say whether what was delivered has arrived."""
    form = read_form(ReceivedForm())
    with transaction():
        household = own_household()
        need = get_own_need(household, public_id)
        close_need(need, form["arrived"] == "yes", by=account(), household=household, now=clock.now())
    flash(_("Thank you for saying so."), "success")
    return see_other(url_for("producer.help.mine"))
