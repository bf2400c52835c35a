"""Responsibility at the office: one's own households on a phone, hand-overs, and the county's plan of who answers for whom."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.assistance.duty.duties import give_duty, hand_over, suggested_heirs
from marketplace.assistance.duty.models import DutyPlan, Place, Rank
from marketplace.assistance.duty.officers import change_rank, enter_officer, leave_office
from marketplace.assistance.duty.plans import approve_plan, discard_plan, draft_plan
from marketplace.assistance.duty.queries import (
    duties_of,
    find_officer,
    get_handover_within,
    get_officer_within,
    get_plan_within,
    held_counts,
    officer_count,
    officers_by_id,
    officers_within,
    open_handovers,
    own_years,
    plan_by_officer,
    plans_within,
    quota_of,
    quotas_of,
    without_helper,
)
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import find_account_by_login
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_
from marketplace.regions.queries import area_names
from marketplace.registry.files import get_household_within
from marketplace.registry.models import Household
from marketplace.registry.queries import households_by_code
from marketplace.registry.searching import shown
from marketplace.registry.visits import open_orders, record_visit
from marketplace.web.access import account, allow, office_reach
from marketplace.web.duty_words import RANKS, merit_words, paper_chip, score_words
from marketplace.web.forms import FormError, FormSchema, Text, read_form, spelled
from marketplace.web.paging import PageNumbers, page_numbers
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import office_area
from marketplace.web.redirects import see_other

blueprint = Blueprint("duty", __name__, url_prefix="/duty")
_LONG = N_("Please write less.")
_A_PAGE = 50


class NoteForm(FormSchema):
    """What an officer found at a household."""

    note = Text(required=True, validate=validate.Length(max=400, error=_LONG))


class HeirForm(FormSchema):
    """Who takes a household over."""

    heir = Text(required=True, validate=validate.Length(max=20))


class RankForm(FormSchema):
    """The rank an officer has now."""

    rank = Text(required=True, validate=validate.OneOf([rank.value for rank in Rank]))


class HelperForm(FormSchema):
    """Which household is given which officer, as its first or second helper."""

    code = Text(required=True, validate=spelled(r"[0-9]{16}", error=N_("Please give a code of 16 figures.")))
    helper = Text(required=True, validate=validate.Length(max=120, error=_LONG))
    place = Text(required=True, validate=validate.OneOf([place.value for place in Place]))


class OfficerForm(FormSchema):
    """Somebody who is to answer for households."""

    login = Text(required=True, validate=validate.Length(max=120, error=_LONG))
    rank = Text(required=True, validate=validate.OneOf([rank.value for rank in Rank]))
    area = Text(required=True, validate=validate.Length(max=12))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def mine() -> str:
    """One's own households, and what is to be done for them."""
    officer = find_officer(account())
    rows = [] if officer is None else duties_of(officer)
    found = {each.household.id: each for each in shown([household for _duty, household in rows])}
    names = area_names({household.village_code for _duty, household in rows})
    return render_template(
        "officer/duty.html",
        officer=officer,
        quota=0 if officer is None else quota_of(officer, Place.FIRST, local_day(clock.now())),
        rows=[
            {
                "public_id": household.public_id,
                "who": f"{household.code[12:]} {found[household.id].head}",
                "place": place_name(names.get(household.village_code, "")),
                "second": duty.place == Place.SECOND,
                "since": duty.begins_at,
                "due_on": min((order.due_on for order in open_orders(household)), default=None),
            }
            for duty, household in rows
        ],
        years=[]
        if officer is None
        else [
            {
                "year": year.year,
                "state": paper_chip(year.state),
                **score_words(score),
                "merits": [merit_words(each) for each in merits],
            }
            for year, score, merits in own_years(officer)
        ],
    )


@blueprint.post("/households/<public_id>/visits")
@allow(RoleKind.OFFICER)
def visited(public_id: str) -> Response:
    """Write down that one was with a household of one's duty; it answers what was ordered and others may do as well."""
    form, now = read_form(NoteForm()), clock.now()
    with transaction():
        household = get_household_within(public_id, office_reach())
        answered = [order for order in open_orders(household) if order.not_by_id != account().id]
        record_visit(household, account(), now, now=now, note=form["note"], answers=answered)
    flash(_("Thank you. The visit is written down."), "success")
    return see_other(url_for("officer.duty.mine"))


@blueprint.get("/county")
@allow(RoleKind.OFFICER)
def county() -> str:
    """Who answers for whom in one's area: officers and quotas, plans, hand-overs."""
    return _county_page({}, {})


def _county_page(form: dict[str, Any], errors: dict[str, str]) -> str:
    area, reach, today = office_area(None), office_reach(), local_day(clock.now())
    in_duty = officer_count(reach)
    pages = _pages(in_duty)
    officers = officers_within(reach, pages.number, _A_PAGE)
    held = held_counts([officer.id for officer, _account in officers], Place.FIRST)
    quotas = quotas_of([officer for officer, _account in officers], Place.FIRST, today)
    waiting = open_handovers(reach)
    handovers = waiting[:_A_PAGE]
    heirs = suggested_heirs([(row.handover, Place(row.duty.place)) for row in handovers], today)
    by_id = officers_by_id(heirs.values(), reach)
    return render_template(
        "officer/duty_county.html",
        area=area,
        waiting=len(without_helper(area.code, today)),
        ranks=[(rank.value, _(words)) for rank, words in RANKS.items()],
        form=form,
        errors=errors,
        handing_over=len(waiting),
        in_duty=in_duty,
        pages=pages,
        officers=[
            {
                "public_id": officer.public_id,
                "name": own.display_name,
                "rank": _(RANKS[Rank(officer.rank)]),
                "rank_code": officer.rank,
                "held": held.get(officer.id, 0),
                "quota": quotas[officer.id],
                "left": officer.left_at is not None,
            }
            for officer, own in officers
        ],
        plans=[_plan_words(plan) for plan in plans_within(reach)],
        handovers=[
            {
                "public_id": row.handover.public_id,
                "who": row.household.code,
                "from": row.account.display_name,
                "due_on": row.handover.due_on,
                "late": row.handover.due_on < today,
                "heir": by_id.get(heirs.get(row.handover.id, 0)),
            }
            for row in handovers
        ],
    )


def _pages(rows: int) -> PageNumbers:
    pages = -(-rows // _A_PAGE) or 1
    return page_numbers(min(max(request.args.get("page", 1, type=int), 1), pages), pages)


def _plan_words(plan: DutyPlan) -> dict[str, Any]:
    return {
        "public_id": plan.public_id,
        "state": paper_chip(plan.state),
        "drafted": plan.state == "drafted",
        "mine": plan.drafted_by_id == account().id,
        "drafted_at": plan.drafted_at,
        "households": plan.households,
        "officers": plan.officers,
        "village": plan.near.get("12", 0),
        "township": plan.near.get("9", 0),
        "farther": plan.households - plan.near.get("12", 0) - plan.near.get("9", 0),
    }


@blueprint.post("/officers")
@allow(RoleKind.OFFICER)
def enter() -> Response | tuple[str, int]:
    """Enter an officer in duty."""
    try:
        form = read_form(OfficerForm())
        found = find_account_by_login(form["login"].lower())
        if found is None:
            raise FormError({"login": _("There is no such account.")})
        with transaction():
            area = office_reach().check(form["area"])
            enter_officer(found, Rank(form["rank"]), area, by=account(), now=clock.now())
    except FormError as error:
        return _county_page(request.form.to_dict(), error.fields), 422
    flash(_("The officer is in duty."), "success")
    return see_other(url_for("officer.duty.county"))


@blueprint.post("/officers/<public_id>/rank")
@allow(RoleKind.OFFICER)
def rank(public_id: str) -> Response:
    """An officer has another rank now."""
    form = read_form(RankForm())
    with transaction():
        change_rank(get_officer_within(public_id, office_reach()), Rank(form["rank"]), by=account(), now=clock.now())
    flash(_("The rank is changed, and with it how many households it may be."), "success")
    return see_other(url_for("officer.duty.county"))


@blueprint.post("/helpers")
@allow(RoleKind.OFFICER)
def give() -> Response | tuple[str, int]:
    """Give one household a first or second helper."""
    try:
        form = read_form(HelperForm())
        with transaction():
            code = office_reach().check(form["code"])
            found = households_by_code([code])
            if code not in found:
                raise FormError({"code": _("There is no household %(code)s.", code=code)})
            helper = find_account_by_login(form["helper"].lower())
            officer = None if helper is None else find_officer(helper)
            if officer is None:
                raise FormError({"helper": _("There is no such officer in duty.")})
            officer = get_officer_within(officer.public_id, office_reach())
            household = db.session.get_one(Household, found[code])
            give_duty(officer, household, Place(form["place"]), by=account(), now=clock.now())
    except FormError as error:
        return _county_page(request.form.to_dict(), error.fields), 422
    flash(_("The household has its helper."), "success")
    return see_other(url_for("officer.duty.county"))


@blueprint.post("/officers/<public_id>/leave")
@allow(RoleKind.OFFICER)
def leave(public_id: str) -> Response:
    """An officer leaves office; the households are to be handed over."""
    with transaction():
        leave_office(get_officer_within(public_id, office_reach()), by=account(), now=clock.now())
    flash(_("The households are to be handed over now."), "success")
    return see_other(url_for("officer.duty.county"))


@blueprint.post("/handovers/<public_id>")
@allow(RoleKind.OFFICER)
def take_over(public_id: str) -> Response:
    """Another officer takes a household over."""
    form = read_form(HeirForm())
    with transaction():
        heir = get_officer_within(form["heir"], office_reach())
        hand_over(get_handover_within(public_id, office_reach()), heir, by=account(), now=clock.now())
    flash(_("The household has been handed over."), "success")
    return see_other(url_for("officer.duty.county"))


@blueprint.post("/plans")
@allow(RoleKind.OFFICER)
def draft() -> Response:
    """Work out a plan for one's area."""
    with transaction():
        plan = draft_plan(office_area(None).code, by=account(), now=clock.now())
    return see_other(url_for("officer.duty.plan", public_id=plan.public_id))


@blueprint.get("/plans/<public_id>")
@allow(RoleKind.OFFICER)
def plan(public_id: str) -> str:
    """A plan, officer by officer."""
    found = get_plan_within(public_id, office_reach())
    pages = _pages(found.officers)
    rows = [
        {"name": row.name, "rank": _(RANKS[Rank(row.rank)]), "households": row.households, "near": row.near}
        for row in plan_by_officer(found, page=pages.number, most=_A_PAGE)
    ]
    return render_template("officer/duty_plan.html", plan=_plan_words(found), rows=rows, pages=pages)


@blueprint.post("/plans/<public_id>/approve")
@allow(RoleKind.OFFICER)
def approve(public_id: str) -> Response:
    """The second officer approves a plan."""
    with transaction():
        approve_plan(get_plan_within(public_id, office_reach()), by=account(), now=clock.now())
    flash(_("Every household of the plan has its helper."), "success")
    return see_other(url_for("officer.duty.plan", public_id=public_id))


@blueprint.post("/plans/<public_id>/discard")
@allow(RoleKind.OFFICER)
def discard(public_id: str) -> Response:
    """Drop a draft."""
    with transaction():
        discard_plan(get_plan_within(public_id, office_reach()), by=account(), now=clock.now())
    flash(_("The draft is dropped."), "success")
    return see_other(url_for("officer.duty.county"))
