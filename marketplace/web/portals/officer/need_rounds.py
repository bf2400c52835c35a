"""Rounds at the office: open needs and the helper units that suit them, all at once; a second officer approves."""

from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.assistance.needs.models import Method, NeedRound
from marketplace.assistance.needs.queries import get_round_within, lines_of, reasons_of, rounds_within, unmatched_of
from marketplace.assistance.needs.rounds import decide_round, draft_round
from marketplace.assistance.papers import PaperAction
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.web.access import account, allow, office_reach
from marketplace.web.duty_words import METHODS, card_words, paper_chip, suited_words
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.portals.officer.areas import office_area
from marketplace.web.redirects import see_other

blueprint = Blueprint("rounds", __name__, url_prefix="/rounds")


class RoundForm(FormSchema):
    """How to match."""

    method = Text(required=True, validate=validate.OneOf([method.value for method in Method]))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The rounds of one's areas."""
    return render_template(
        "officer/need_rounds.html",
        area=office_area(None),
        methods=[{"value": method.value, "label": _(name), "hint": _(hint)} for method, (name, hint) in METHODS.items()],
        rounds=[_words(row) for row in rounds_within(office_reach())],
    )


@blueprint.post("")
@allow(RoleKind.OFFICER)
def draft() -> Response:
    """Match the open needs of one's area with the helper units that suit them."""
    form = read_form(RoundForm())
    with transaction():
        drafted = draft_round(office_area(None).code, Method(form["method"]), by=account(), now=clock.now())
    return see_other(url_for("officer.needs.rounds.one", public_id=drafted.public_id))


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """What a round proposes for each need, and why."""
    found = get_round_within(public_id, office_reach())
    reasons = reasons_of(found, local_day(clock.now()))
    return render_template(
        "officer/need_round.html",
        round=_words(found),
        rows=[
            {
                **card_words([need])[0],
                "need": need.public_id,
                "reference": need.reference,
                "helper": unit.name,
                "why": suited_words(reasons[line.id]) if line.id in reasons else _("The unit has taken on others meanwhile."),
            }
            for line, need, unit in lines_of(found)
        ],
        left=[{**card_words([need])[0], "need": need.public_id, "reference": need.reference} for need in unmatched_of(found)],
    )


@blueprint.post("/<public_id>/approve")
@allow(RoleKind.OFFICER)
def approve(public_id: str) -> Response:
    """A second officer approves: each unit finds on its desk what it is asked for."""
    with transaction():
        decide_round(get_round_within(public_id, office_reach()), PaperAction.APPROVE, by=account(), now=clock.now())
    flash(_("The helper units are asked now."), "success")
    return see_other(url_for("officer.needs.rounds.one", public_id=public_id))


@blueprint.post("/<public_id>/discard")
@allow(RoleKind.OFFICER)
def discard(public_id: str) -> Response:
    """Drop the draft."""
    with transaction():
        decide_round(get_round_within(public_id, office_reach()), PaperAction.DISCARD, by=account(), now=clock.now())
    flash(_("The draft is dropped."), "success")
    return see_other(url_for("officer.needs.rounds.listed"))


def _words(row: NeedRound) -> dict[str, Any]:
    return {
        "public_id": row.public_id,
        "method": _(METHODS[Method(row.method)][0]),
        "needs": row.needs,
        "matched": row.matched,
        "drafted_at": row.drafted_at,
        "state": paper_chip(row.state),
        "drafted": row.state == "drafted",
        "mine": row.drafted_by_id == account().id,
    }
