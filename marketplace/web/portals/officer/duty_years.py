"""A year of duties at the office: scored by the sheet in force, approved by a second officer, and what persons decide on it."""

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.assistance.duty.models import MeritKind
from marketplace.assistance.duty.queries import (
    find_officer,
    get_merit,
    get_own_merit,
    get_score,
    get_year_within,
    merits_of,
    scores_of,
    years_within,
)
from marketplace.assistance.duty.years import answer_merit, decide_merit, decide_year, draft_year, propose_merit
from marketplace.assistance.papers import PaperAction
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.queries import area_names
from marketplace.web.access import account, allow, office_reach
from marketplace.web.duty_words import ITEMS, MERITS, merit_words, paper_chip, score_words
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.paging import page_numbers
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import office_area
from marketplace.web.redirects import see_other

blueprint = Blueprint("years", __name__, url_prefix="/years")
_LONG = N_("Please write less.")
_A_PAGE = 50


class YearForm(FormSchema):
    """Which year."""

    year = fields.Integer(required=True, validate=validate.Range(2014, 2100, error=N_("Please give a year from 2014 on.")))


class MeritForm(FormSchema):
    """What a year's work is to lead to, and why."""

    kind = Text(required=True, validate=validate.OneOf([kind.value for kind in MeritKind]))
    reason = Text(required=True, validate=validate.Length(max=400, error=_LONG))


class AnswerForm(FormSchema):
    """What the officer says to it."""

    answer = Text(required=True, validate=validate.Length(max=400, error=_LONG))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The scored years of one's areas."""
    years = years_within(office_reach())
    names = area_names({row.area_code for row in years})
    return render_template(
        "officer/duty_years.html",
        area=office_area(None),
        this_year=local_day(clock.now()).year,
        years=[
            {
                "public_id": row.public_id,
                "year": row.year,
                "place": place_name(names[row.area_code]),
                "state": paper_chip(row.state),
            }
            for row in years
        ],
    )


@blueprint.post("")
@allow(RoleKind.OFFICER)
def draft() -> Response:
    """Score the officers of one's area for a year."""
    form = read_form(YearForm())
    with transaction():
        scored = draft_year(office_area(None).code, form["year"], by=account(), now=clock.now())
    return see_other(url_for("officer.duty.years.one", public_id=scored.public_id))


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """A scored year, officer by officer, with what was proposed on each."""
    scored = get_year_within(public_id, office_reach())
    scores, merits = scores_of(scored), merits_of(scored)
    pages = -(-len(scores) // _A_PAGE) or 1
    number = request.args.get("page", 1, type=int)
    if not 1 <= number <= pages:
        raise NotFound("page_unknown", N_("There is no such page."))
    return render_template(
        "officer/duty_year.html",
        year={
            "public_id": scored.public_id,
            "year": scored.year,
            "place": place_name(area_names([scored.area_code])[scored.area_code]),
            "state": paper_chip(scored.state),
            "drafted": scored.state == "drafted",
            "approved": scored.state == "approved",
            "mine": scored.drafted_by_id == account().id,
            "sheet": _(", ").join(f"{_(words)} {scored.sheet.get(name, 0):g}" for name, words in ITEMS.items()),
            "source": scored.sheet_source,
            "officers": len(scores),
        },
        kinds=[(kind.value, _(words)) for kind, words in MERITS.items()],
        rows=[
            {
                **score_words(score),
                "officer": officer.public_id,
                "name": own.display_name,
                "own": own.id == account().id,
                "merits": [
                    {**merit_words(merit), "mine": merit.drafted_by_id == account().id} for merit in merits.get(score.id, [])
                ],
            }
            for score, officer, own in scores[(number - 1) * _A_PAGE : number * _A_PAGE]
        ],
        pages=page_numbers(number, pages),
    )


@blueprint.post("/<public_id>/approve")
@allow(RoleKind.OFFICER)
def approve(public_id: str) -> Response:
    """The second officer approves the scores."""
    with transaction():
        decide_year(get_year_within(public_id, office_reach()), PaperAction.APPROVE, by=account(), now=clock.now())
    flash(_("The scores are approved."), "success")
    return _back(public_id)


@blueprint.post("/<public_id>/discard")
@allow(RoleKind.OFFICER)
def discard(public_id: str) -> Response:
    """Drop the scores; the year can be scored again."""
    with transaction():
        decide_year(get_year_within(public_id, office_reach()), PaperAction.DISCARD, by=account(), now=clock.now())
    flash(_("The draft is dropped."), "success")
    return see_other(url_for("officer.duty.years.listed"))


@blueprint.post("/<public_id>/officers/<officer>/merits")
@allow(RoleKind.OFFICER)
def propose(public_id: str, officer: str) -> Response:
    """Propose a reward, a penalty or a promotion."""
    form = read_form(MeritForm())
    with transaction():
        scored = get_year_within(public_id, office_reach())
        propose_merit(
            scored, get_score(scored, officer), MeritKind(form["kind"]), form["reason"], by=account(), now=clock.now()
        )
    flash(_("It is proposed; the officer can answer, and another officer decides."), "success")
    return _back(public_id)


@blueprint.post("/<public_id>/merits/<merit>/approve")
@allow(RoleKind.OFFICER)
def grant(public_id: str, merit: str) -> Response:
    """Another officer decides that it is so."""
    return _decided(public_id, merit, PaperAction.APPROVE)


@blueprint.post("/<public_id>/merits/<merit>/discard")
@allow(RoleKind.OFFICER)
def drop(public_id: str, merit: str) -> Response:
    """It is not to be."""
    return _decided(public_id, merit, PaperAction.DISCARD)


@blueprint.post("/merits/<merit>/answer")
@allow(RoleKind.OFFICER)
def answer(merit: str) -> Response:
    """What an officer says to a proposal about them."""
    form = read_form(AnswerForm())
    with transaction():
        officer = find_officer(account())
        if officer is None:
            raise NotFound("merit_unknown", N_("There is no such proposal."))
        answer_merit(get_own_merit(officer, merit), form["answer"], by=account(), now=clock.now())
    flash(_("Thank you. Whoever decides reads it first."), "success")
    return see_other(url_for("officer.duty.mine"))


def _decided(public_id: str, merit: str, action: PaperAction) -> Response:
    with transaction():
        scored = get_year_within(public_id, office_reach())
        decide_merit(scored, get_merit(scored, merit), action, by=account(), now=clock.now())
    return _back(public_id)


def _back(public_id: str) -> Response:
    return see_other(url_for("officer.duty.years.one", public_id=public_id))
