"""What comes of duties: households asked about visits by who was not there, and money brought, seen by a second person."""

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.assistance.duty.bringing import bring_funds, decide_funds, say_of_visit
from marketplace.assistance.duty.queries import find_officer, funds_within, get_funds_within, get_visit_within, unasked_visits
from marketplace.assistance.papers import PaperAction
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Forbidden
from marketplace.registry.files import get_household_within
from marketplace.web.access import account, allow, office_reach
from marketplace.web.duty_words import SATISFACTION
from marketplace.web.forms import FormSchema, Text, Yuan, read_form
from marketplace.web.redirects import see_other

blueprint = Blueprint("results", __name__)
_LONG = N_("Please write less.")


class WordForm(FormSchema):
    """What a household says of a visit."""

    took_place = Text(required=True, validate=validate.OneOf(["yes", "no"]))
    satisfaction = fields.Integer(load_default=None, validate=validate.Range(1, 5, error=N_("Please choose 1 to 5.")))


class FundsForm(FormSchema):
    """Money that somebody has brought a household, and the paper that shows it."""

    amount = Yuan(required=True)
    source = Text(required=True, validate=validate.Length(max=120, error=_LONG))
    document = Text(required=True, validate=validate.Length(max=60, error=_LONG))


@blueprint.get("/results")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """Visits of which no household has said a word, and money that a second person has not seen."""
    return render_template(
        "officer/duty_results.html",
        satisfaction=[(number, _(words)) for number, words in SATISFACTION.items()],
        visits=[
            {"public_id": visit.public_id, "who": household.code, "by": own.display_name, "at": visit.at}
            for visit, household, own in unasked_visits(office_reach(), not_by=account())
        ],
        funds=[
            {
                "public_id": row.public_id,
                "who": household.code,
                "by": own.display_name,
                "amount_fen": row.amount_fen,
                "source": row.source,
                "document": row.document_number,
                "mine": row.drafted_by_id == account().id,
            }
            for row, household, own in funds_within(office_reach())
        ],
    )


@blueprint.post("/visits/<public_id>/word")
@allow(RoleKind.OFFICER)
def word(public_id: str) -> Response:
    """Somebody who was not there has asked the household."""
    form = read_form(WordForm())
    with transaction():
        visit = get_visit_within(public_id, office_reach())
        say_of_visit(visit, form["took_place"] == "yes", form["satisfaction"], to=account(), now=clock.now())
    flash(_("What the household said is written down."), "success")
    return see_other(url_for("officer.duty.results.listed"))


@blueprint.post("/households/<public_id>/funds")
@allow(RoleKind.OFFICER)
def bring(public_id: str) -> Response:
    """Write down money that one has brought a household of one's own duty."""
    form = read_form(FundsForm())
    with transaction():
        household, officer = get_household_within(public_id, office_reach()), find_officer(account())
        if officer is None:
            raise Forbidden("not_your_duty", N_("This household is in somebody else’s duty."))
        bring_funds(officer, household, form["amount"], form["source"], form["document"], by=account(), now=clock.now())
    flash(_("It counts once a second officer has seen the paper."), "success")
    return see_other(url_for("officer.duty.mine"))


@blueprint.post("/funds/<public_id>/approve")
@allow(RoleKind.OFFICER)
def approve(public_id: str) -> Response:
    """A second officer has seen the paper; the money is booked."""
    with transaction():
        decide_funds(get_funds_within(public_id, office_reach()), PaperAction.APPROVE, by=account(), now=clock.now())
    flash(_("The money is booked."), "success")
    return see_other(url_for("officer.duty.results.listed"))


@blueprint.post("/funds/<public_id>/discard")
@allow(RoleKind.OFFICER)
def discard(public_id: str) -> Response:
    """The paper does not show it."""
    with transaction():
        decide_funds(get_funds_within(public_id, office_reach()), PaperAction.DISCARD, by=account(), now=clock.now())
    flash(_("The draft is dropped."), "success")
    return see_other(url_for("officer.duty.results.listed"))
