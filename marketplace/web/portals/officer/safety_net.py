"""Portal: who is entitled and not covered, with a clock; one household's entitlements with their reasons; a person's word."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.assistance.safety_net.benefits import BenefitKind
from marketplace.assistance.safety_net.costs import enter_cost, withdraw_cost
from marketplace.assistance.safety_net.deciding import Paying, check_decides, decline, grant, pay, review
from marketplace.assistance.safety_net.jobs import enqueue_counting
from marketplace.assistance.safety_net.models import BenefitRule, CostKind, Entitlement
from marketplace.assistance.safety_net.queries import (
    costs_of,
    entitlements_of,
    entitlements_within,
    gap_of,
    gaps_within,
    get_entitlement_within,
    measured,
    money_for,
    newest_run,
    waiting_by_village,
)
from marketplace.assistance.safety_net.states import EntitlementState
from marketplace.funds.queries import get_fund
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names
from marketplace.registry.models import Household
from marketplace.registry.offices import holds_office
from marketplace.registry.reading_log import BENEFITS, note_reading
from marketplace.web.access import account, allow, office_reach
from marketplace.web.errors import errors_by_field, message_of
from marketplace.web.filters import yuan
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form
from marketplace.web.paging import page_numbers
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.portals.officer.files_frame import place_words, seen_household
from marketplace.web.redirects import see_other
from marketplace.web.safety_net_words import COSTS, KINDS, STATES, chip, entitlement_words, fact_words

blueprint = Blueprint("safety_net", __name__, url_prefix="/safety-net")
_LONG = N_("Please write less.")
_PAGE = 30
_SHOWN = (
    EntitlementState.OPEN,
    EntitlementState.REVIEW,
    EntitlementState.GRANTED,
    EntitlementState.DECLINED,
    EntitlementState.PAID,
)


class ListQuery(FormSchema):
    """Which area and which state."""

    area = Text()
    state = Text(load_default="open", validate=validate.OneOf([state.value for state in _SHOWN]))
    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))


class WordsForm(FormSchema):
    """A person's word."""

    words = Text(load_default="", validate=validate.Length(max=400, error=_LONG))


class PayForm(FormSchema):
    """Out of which money, on which document, at which bank."""

    money = Text(required=True, validate=validate.Length(max=60))
    document_number = Text(required=True, validate=validate.Length(max=60, error=_LONG))
    bank = Text(required=True, validate=validate.Length(max=60, error=_LONG))


class CostForm(FormSchema):
    """A cost that a document shows."""

    kind = Text(required=True, validate=validate.OneOf([kind.value for kind in CostKind]))
    amount = Yuan(required=True)
    document = Text(required=True, validate=validate.Length(max=120, error=_LONG))
    year = fields.Integer(required=True)


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """Who is entitled and not covered within an area, the nearest clock first, and what waits village by village."""
    asked = read_form(ListQuery(), request.args)
    area, today = office_area(asked.get("area")), local_day(clock.now())
    reach = office_reach().narrowed(area.code)
    state = EntitlementState(asked["state"])
    rows, number = entitlements_within(reach, [state], offset=(asked["page"] - 1) * _PAGE, limit=_PAGE)
    waiting, (gaps, gap_number) = waiting_by_village(reach, today), gaps_within(reach, limit=10)
    names = area_names([each.village_code for each in waiting])
    run = newest_run(area.code[: Level.COUNTY]) if len(area.code) >= Level.COUNTY else None
    return render_template(
        "officer/safety_net.html",
        area=area,
        areas=areas_to_choose(area),
        state=state.value,
        states=[(each.value, _(STATES[each][0])) for each in _SHOWN],
        rows=[_listed(row, household, rule, today) for row, household, rule in rows],
        number=number,
        pages=page_numbers(asked["page"], max(1, -(-number // _PAGE))),
        villages=[
            {
                "name": place_name(names[each.village_code]),
                "url": url_for(".listed", area=each.village_code, state="open"),
                "open": each.open,
                "open_fen": each.open_fen,
                "review": each.review,
                "granted": each.granted,
                "overdue": each.overdue,
                "due": each.next_due_on,
            }
            for each in waiting[:60]
        ],
        total={name: sum(getattr(each, name) for each in waiting) for name in ("open", "open_fen", "overdue", "review")},
        gaps=[
            {"code": household.code, "public_id": household.public_id, "missing": _missing(gap.missing)}
            for gap, household in gaps
        ],
        gap_number=gap_number,
        run=run,
        measured=None if run is None else measured(run, reach),
    )


def _listed(row: Entitlement, household: Household, rule: BenefitRule, today: Any) -> dict[str, Any]:
    return {
        "household": household.public_id,
        "code": household.code,
        "name": rule.name,
        "kind": _(KINDS[BenefitKind(rule.kind)]),
        "amount_fen": row.amount_fen - row.granted_fen
        if row.state == EntitlementState.OPEN
        else row.granted_fen or row.amount_fen,
        "state": chip(row.state),
        "due_on": row.due_on,
        "late": row.due_on is not None and row.due_on < today,
    }


def _missing(names: list[str]) -> str:
    return str(_(", ")).join(label for label, _value in fact_words(dict.fromkeys(names, 0)))


@blueprint.post("/count")
@allow(RoleKind.OFFICER)
def count() -> Response:
    """Have the counties of one's areas counted again."""
    with transaction():
        for area in scopes(account(), RoleKind.OFFICER):
            enqueue_counting(area, account().public_id)
    flash(_("The counting begins in a moment."), "success")
    return see_other(url_for(".listed"))


@blueprint.get("/households/<public_id>")
@allow(RoleKind.OFFICER)
def household(public_id: str) -> str:
    """What one household is entitled to, and why; who reads it is written down."""
    return _household_page(public_id, {}, {})


def _household_page(public_id: str, form: dict[str, Any], errors: dict[str, str]) -> str:
    now = clock.now()
    year = local_day(now).year
    with transaction():
        found = seen_household(public_id)
        note_reading(found, account(), BENEFITS, now=now)
        gap = gap_of(found, year)
        return render_template(
            "officer/safety_net_household.html",
            household={"public_id": found.public_id, "code": found.code, "place": place_words(found.village_code)},
            rows=[_row(row, rule, found) for row, rule in entitlements_of(found)],
            missing="" if gap is None else _missing(gap.missing),
            costs=[
                {
                    "public_id": cost.public_id,
                    "kind": _(COSTS[CostKind(cost.kind)]),
                    "amount_fen": cost.amount_fen,
                    "document": cost.document,
                }
                for cost in costs_of(found, year)
            ],
            kinds=[(kind.value, _(words)) for kind, words in COSTS.items()],
            decides=holds_office(account(), found.village_code),
            year=year,
            form=form,
            errors=errors,
        )


def _row(row: Entitlement, rule: BenefitRule, household: Household) -> dict[str, Any]:
    money = []
    mine = row.granted_by_id == account().id
    if row.state == EntitlementState.GRANTED and not mine:
        own = [area for area in scopes(account(), RoleKind.OFFICER) if len(area) == Level.COUNTY]
        for fund, place, fen in money_for(BenefitKind(rule.kind), own, household.village_code):
            money.append((f"{fund.public_id} {place}", f"{fund.document_number} · {yuan(fen)}"))
    return {**entitlement_words(row, rule, household), "mine": mine, "money": money}


@blueprint.post("/entitlements/<public_id>/grant")
@allow(RoleKind.OFFICER)
def grant_one(public_id: str) -> Response:
    """Grant what was counted."""
    words = read_form(WordsForm())["words"]
    return _acted(
        public_id, lambda row: grant(row, words, by=account(), now=clock.now()), N_("Granted. A second person pays it.")
    )


@blueprint.post("/entitlements/<public_id>/decline")
@allow(RoleKind.OFFICER)
def decline_one(public_id: str) -> Response:
    """Decline it with words."""
    words = read_form(WordsForm())["words"]
    return _acted(
        public_id, lambda row: decline(row, words, by=account(), now=clock.now()), N_("Declined. The household reads why.")
    )


@blueprint.post("/entitlements/<public_id>/keep")
@allow(RoleKind.OFFICER)
def keep_one(public_id: str) -> Response:
    """Let what was granted stay."""
    words = read_form(WordsForm())["words"]
    return _acted(
        public_id, lambda row: review(row, True, words, by=account(), now=clock.now()), N_("It stays as it was granted.")
    )


@blueprint.post("/entitlements/<public_id>/reduce")
@allow(RoleKind.OFFICER)
def reduce_one(public_id: str) -> Response:
    """Let only what is counted now count."""
    words = read_form(WordsForm())["words"]
    return _acted(
        public_id, lambda row: review(row, False, words, by=account(), now=clock.now()), N_("Only what is counted now is open.")
    )


@blueprint.post("/entitlements/<public_id>/pay")
@allow(RoleKind.OFFICER)
def pay_one(public_id: str) -> Response:
    """Pay what somebody else has granted."""
    form = read_form(PayForm())
    fund, _blank, place = form["money"].partition(" ")

    def paid(row: Entitlement) -> Any:
        paying = Paying(get_fund(fund), place, form["document_number"], form["bank"])
        return pay(row, paying, by=account(), now=clock.now())

    return _acted(public_id, paid, N_("Paid out of public money."))


def _acted(public_id: str, act: Callable[[Entitlement], Any], words: str) -> Response:
    with transaction():
        home = get_entitlement_within(public_id, office_reach())[1].public_id
    try:
        with transaction():
            act(get_entitlement_within(public_id, office_reach())[0])
    except (Conflict, Invalid) as error:
        if isinstance(error, FormError):
            raise
        flash(message_of(error), "bad")
    else:
        flash(_(words), "success")
    return see_other(url_for(".household", public_id=home))


@blueprint.post("/households/<public_id>/costs")
@allow(RoleKind.OFFICER)
def add_cost(public_id: str) -> Response | tuple[str, int]:
    """Write down a cost that a document shows."""
    try:
        form = read_form(CostForm())
        with transaction():
            found = _decided_by_me(public_id)
            cost = (CostKind(form["kind"]), form["amount"], form["document"], form["year"])
            enter_cost(found, *cost, by=account(), now=clock.now())
    except (Invalid, Conflict) as error:
        errors = errors_by_field(error, "document")
        return _household_page(public_id, request.form.to_dict(), errors), 422
    flash(_("The cost is on file, and the household is counted again."), "success")
    return see_other(url_for(".household", public_id=public_id))


@blueprint.post("/households/<public_id>/costs/<cost>/withdraw")
@allow(RoleKind.OFFICER)
def drop_cost(public_id: str, cost: str) -> Response:
    """Let a cost count no longer."""
    with transaction():
        withdraw_cost(_decided_by_me(public_id), cost, by=account(), now=clock.now())
    flash(_("The cost counts no longer, and the household is counted again."), "success")
    return see_other(url_for(".household", public_id=public_id))


def _decided_by_me(public_id: str) -> Household:
    found = seen_household(public_id)
    check_decides(account(), found.village_code)
    return found
