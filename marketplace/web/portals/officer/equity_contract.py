"""One contract of equity income: its holders, its years of dividends, its claims, and shares that go to others."""

from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.equity.handovers import decide_handover, propose_handover
from marketplace.equity.models import DividendRun, EquityContract
from marketplace.equity.queries import (
    claims_of,
    dividends_of,
    get_contract_within,
    get_handover,
    get_run,
    guarantee_account,
    holdings_of,
    leaving,
    open_handovers,
    paid_in_fen,
    runs_of,
)
from marketplace.equity.runs import approve_run, book_payment, discard_run, draft_run
from marketplace.equity.states import ClaimState, HandoverAction
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_
from marketplace.ledger.queries import balance_fen
from marketplace.registry.files import get_household_within
from marketplace.registry.models import Household
from marketplace.registry.queries import households_by_code
from marketplace.registry.searching import shown
from marketplace.web.access import account, allow, office_reach
from marketplace.web.equity_words import CLAIM_STATES, chip, contract_words, run_words
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form, spelled
from marketplace.web.portals.officer.equity import MoneyForm
from marketplace.web.redirects import see_other

blueprint = Blueprint("contract", __name__, url_prefix="/<public_id>")


class RunForm(FormSchema):
    """The operator's result of a year."""

    year = fields.Integer(required=True, validate=validate.Range(2000, 2100))
    revenue = Yuan(required=True)
    cost = Yuan(required=True)
    source = Text(required=True, validate=validate.Length(max=120, error=N_("Please write less.")))


class HandoverForm(FormSchema):
    """Where the units of a household go; without a code to all that stay."""

    household = Text(required=True, validate=validate.Length(max=20))
    heir = Text(load_default=None, validate=spelled(r"[0-9]{16}", error=N_("A household’s code has 16 figures.")))


def _contract(public_id: str) -> EquityContract:
    return get_contract_within(public_id, office_reach())


def _back(public_id: str, words: str) -> Response:
    flash(_(words), "success")
    return see_other(url_for("officer.equity.contract.one", public_id=public_id))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """A contract with all that has become of it."""
    contract, today, me = _contract(public_id), local_day(clock.now()), account().id
    held, gone, proposals = holdings_of(contract), leaving(contract, today), open_handovers(contract)
    proposed = {row.household_id for row in proposals}
    names = _named([*held, *(row.heir_id for row in proposals if row.heir_id)])
    return render_template(
        "officer/equity_contract.html",
        contract={**contract_words(contract), "mine": contract.drafted_by_id == me},
        holders=[{"code": names[id].household.code, "head": names[id].head, "units": units} for id, units in held.items()],
        leaving=[
            {"public_id": names[id].household.public_id, "who": _who(names[id]), "units": units}
            for id, units in gone.items()
            if id not in proposed
        ],
        proposals=[
            {
                "public_id": row.public_id,
                "who": _who(names[row.household_id]) if row.household_id in names else "",
                "heir": _who(names[row.heir_id]) if row.heir_id else None,
                "mine": row.proposed_by_id == me,
            }
            for row in proposals
        ],
        runs=[{**run_words(run), "mine": run.drafted_by_id == me} for run in runs_of(contract)],
        claims=[
            {
                "amount_fen": claim.amount_fen,
                "open_fen": claim.amount_fen - claim.paid_fen,
                "due_on": claim.due_on,
                "state": chip(CLAIM_STATES[ClaimState(claim.state)]),
            }
            for claim in claims_of(contract)
        ],
        paid_in_fen=paid_in_fen(contract),
        guarantee_fen=balance_fen(guarantee_account(contract.area_code)),
        next_year=min(today.year, contract.ends_on.year),
    )


def _named(ids: list[int]) -> dict[int, Any]:
    rows = db.session.query(Household).filter(Household.id.in_(ids)).order_by(Household.code).all()
    return {found.household.id: found for found in shown(rows)}


def _who(found: Any) -> str:
    return f"{found.head} {found.household.code}".strip()


@blueprint.post("/payments")
@allow(RoleKind.OFFICER)
def pay_in(public_id: str) -> Response:
    """Book what the operator has paid in."""
    form = read_form(MoneyForm())
    with transaction():
        book_payment(_contract(public_id), form["amount"], form["bank_reference"], by=account(), now=clock.now())
    return _back(public_id, N_("The payment is booked."))


@blueprint.post("/runs")
@allow(RoleKind.OFFICER)
def draft(public_id: str) -> Response:
    """Work out a year's dividends."""
    form = read_form(RunForm())
    with transaction():
        contract, now = _contract(public_id), clock.now()
        draft_run(contract, form["year"], form["revenue"], form["cost"], form["source"], by=account(), now=now)
    return _back(public_id, N_("The dividends are worked out. A second officer has to approve them."))


@blueprint.post("/runs/<run>/approve")
@allow(RoleKind.OFFICER)
def approve(public_id: str, run: str) -> Response:
    """Book a year to its households."""
    with transaction():
        approve_run(get_run(_contract(public_id), run), by=account(), now=clock.now())
    return _back(public_id, N_("The dividends are booked to the households."))


@blueprint.post("/runs/<run>/discard")
@allow(RoleKind.OFFICER)
def discard(public_id: str, run: str) -> Response:
    """Drop a draft of a year."""
    with transaction():
        discard_run(get_run(_contract(public_id), run), by=account(), now=clock.now())
    return _back(public_id, N_("The draft is dropped."))


@blueprint.get("/runs/<run>")
@allow(RoleKind.OFFICER)
def slips(public_id: str, run: str) -> str:
    """A year's dividends household by household, to be printed as slips."""
    contract = _contract(public_id)
    found: DividendRun = get_run(contract, run)
    rows = dividends_of(found)
    names = _named([household.id for household, _ in rows])
    return render_template(
        "officer/equity_slips.html",
        contract=contract_words(contract),
        run=run_words(found),
        slips=[
            {
                "code": household.code,
                "head": names[household.id].head,
                "units": dividend.units,
                "amount_fen": dividend.amount_fen,
                "preferred": dividend.registered and contract.preferred_bp > 0,
            }
            for household, dividend in rows
        ],
    )


@blueprint.post("/handovers")
@allow(RoleKind.OFFICER)
def propose(public_id: str) -> Response:
    """Propose where the units of a household that left the registry go."""
    form = read_form(HandoverForm())
    with transaction():
        contract = _contract(public_id)
        household = get_household_within(form["household"], office_reach())
        heir = None
        if form["heir"]:
            found = households_by_code([form["heir"]]).get(form["heir"])
            if found is None:
                raise FormError({"heir": _("There is no household %(code)s.", code=form["heir"])})
            heir = db.session.get_one(Household, found)
        propose_handover(contract, household, heir, by=account(), now=clock.now())
    return _back(public_id, N_("It is proposed. A second officer has to decide."))


@blueprint.post("/handovers/<handover>/approve")
@allow(RoleKind.OFFICER)
def hand_over(public_id: str, handover: str) -> Response:
    """Let the units go."""
    return _decided(public_id, handover, HandoverAction.APPROVE, N_("The units have gone over."))


@blueprint.post("/handovers/<handover>/refuse")
@allow(RoleKind.OFFICER)
def keep(public_id: str, handover: str) -> Response:
    """Leave the units where they are."""
    return _decided(public_id, handover, HandoverAction.REFUSE, N_("The units stay where they are."))


def _decided(public_id: str, handover: str, action: HandoverAction, words: str) -> Response:
    with transaction():
        decide_handover(get_handover(_contract(public_id), handover), action, by=account(), now=clock.now())
    return _back(public_id, words)
