"""Portal: the sample in the hands of its auditors, on a phone: households, payments and projects, one by one."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.audits.models import AuditHousehold, StratumKind, Unreached
from marketplace.audits.queries import (
    get_own_household,
    get_own_payment,
    get_own_project,
    own_households,
    own_payments,
    own_projects,
    own_rounds,
)
from marketplace.audits.service import ASKED, HouseholdFindings, find_at_household, find_of_payment, find_of_project
from marketplace.funds.models import FundPayment, PayeeKind
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Invalid
from marketplace.projects.queries import beneficiary_count
from marketplace.regions.queries import ancestors, area_names
from marketplace.registry.filing import NAME, find_head
from marketplace.registry.models import Household
from marketplace.registry.reading_log import AUDIT, note_reading
from marketplace.registry.sealing import open_text
from marketplace.web.access import account, allow
from marketplace.web.audit_words import IN_PLACE, QUESTIONS, UNREACHED
from marketplace.web.forms import FormError, FormSchema, read_form
from marketplace.web.money_reach import READERS
from marketplace.web.money_words import PAYEES, purpose_name
from marketplace.web.places import place_name
from marketplace.web.redirects import see_other

blueprint = Blueprint("sample", __name__, url_prefix="/sample")


def _answer() -> fields.Field[Any]:
    return fields.Boolean(load_default=None, truthy={"yes"}, falsy={"no"})


class HouseholdForm(FormSchema):
    """What was found at a household, or why nobody was reached."""

    in_place, fits_cause, visited, satisfied = _answer(), _answer(), _answer(), _answer()
    unreached = fields.String(load_default=None, validate=validate.OneOf([why.value for why in Unreached]))


class PaymentForm(FormSchema):
    """Where a payment went."""

    purpose = fields.Boolean(required=True, truthy={"yes"}, falsy={"no"})
    payee = fields.Boolean(required=True, truthy={"yes"}, falsy={"no"})


class ProjectForm(FormSchema):
    """What became of a project."""

    as_approved = fields.Boolean(required=True, truthy={"yes"}, falsy={"no"})
    serves = fields.Boolean(required=True, truthy={"yes"}, falsy={"no"})


@blueprint.get("")
@allow(*READERS)
def mine() -> str:
    """What is one's own to look at, by village; no household's name stands in the list."""
    rounds = []
    for row in own_rounds(account()):
        households, payments = own_households(account(), row), own_payments(account(), row)
        names = area_names({row.county_code, *(household.village_code for _unit, household in households)})
        rounds.append(
            {
                "county": place_name(names[row.county_code]),
                "villages": _by_village(households, names),
                "payments": [
                    {
                        "public_id": unit.public_id,
                        "reference": payment.reference,
                        "amount_fen": payment.amount_fen,
                        "done": unit.found_by_id is not None,
                    }
                    for unit, payment in payments
                ],
                "projects": [
                    {"public_id": unit.public_id, "name": project.name, "done": unit.found_by_id is not None}
                    for unit, project in own_projects(account(), row)
                ],
            }
        )
    return render_template("audits/sample.html", rounds=rounds)


def _by_village(households: list[tuple[AuditHousehold, Household]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for unit, found in households:
        done = unit.found_by_id is not None
        rows[found.village_code].append({"public_id": unit.public_id, "code": found.code, "done": done})
    return [
        {"name": place_name(names[code]), "households": own, "waiting": sum(not row["done"] for row in own)}
        for code, own in sorted(rows.items())
    ]


@blueprint.get("/households/<public_id>")
@allow(RoleKind.AUDITOR)
def household(public_id: str) -> str:
    """A household to visit: where it is, who is its head, and what to find out there."""
    return _household_page(public_id, {}, "")


def _household_page(public_id: str, form: dict[str, str], error: str) -> str:
    with transaction():
        _row, unit, found = get_own_household(public_id, account())
        note_reading(found, account(), AUDIT, now=clock.now())
        head = find_head(found)
        item = {
            "public_id": unit.public_id,
            "code": found.code,
            "head": "" if head is None else open_text(found, head.sealed_name, NAME),
            "place": " ".join(place_name(area.name) for area in ancestors(found.village_code)[2:]),
            "persons": unit.persons,
            "done": unit.found_by_id is not None,
        }
        kept = _kept(unit)
    return render_template(
        "audits/household.html",
        item=item,
        questions=_questions(StratumKind(unit.kind)),
        why=[(why.value, _(words)) for why, words in UNREACHED.items()],
        form={**kept, **form},
        error=error,
    )


def _questions(kind: StratumKind) -> list[tuple[str, str]]:
    words = {"in_place": IN_PLACE[kind], **QUESTIONS}
    return [(name, str(_(words[name]))) for name in ASKED[kind]]


def _kept(unit: AuditHousehold) -> dict[str, str]:
    answers = {name: getattr(unit, name) for name in ASKED[StratumKind.REGISTERED]}
    kept = {name: "yes" if said else "no" for name, said in answers.items() if said is not None}
    return {**kept, "unreached": unit.unreached or ""}


@blueprint.post("/households/<public_id>")
@allow(RoleKind.AUDITOR)
def household_found(public_id: str) -> Response | tuple[str, int]:
    """Write down what was found at a household."""
    try:
        form = read_form(HouseholdForm())
        why = form.pop("unreached")
        findings = HouseholdFindings(**form, unreached=Unreached(why) if why else None)
        with transaction():
            _row, unit, _house = get_own_household(public_id, account())
            find_at_household(unit, findings, by=account(), now=clock.now())
    except Invalid as error:
        words = _("Please answer every question.") if isinstance(error, FormError) else _(error.message, **error.data)
        return _household_page(public_id, request.form.to_dict(), words), 422
    flash(_("It is written down. Until the audit is handed in you can put it right."), "success")
    return see_other(url_for("audits.sample.mine"))


@blueprint.get("/payments/<public_id>")
@allow(RoleKind.AUDITOR)
def payment(public_id: str) -> str:
    """A payment to look through."""
    return _payment_page(public_id, {}, "")


def _payment_page(public_id: str, form: dict[str, str], error: str) -> str:
    _row, unit, found = get_own_payment(public_id, account())
    kept: dict[str, str] = {}
    if unit.found_by_id is not None:
        kept = {"purpose": "yes" if unit.reached_purpose else "no", "payee": "yes" if unit.reached_payee else "no"}
    item = {"public_id": unit.public_id, **_payment_words(found)}
    return render_template("audits/payment.html", item=item, form={**kept, **form}, error=error)


def _payment_words(found: FundPayment) -> dict[str, Any]:
    return {
        "reference": found.reference,
        "amount_fen": found.amount_fen,
        "purpose": purpose_name(found.purpose_code),
        "payee": found.payee_name,
        "payee_kind": str(_(PAYEES[PayeeKind(found.payee_kind)])),
        "account": f"{found.bank} ··· {found.last_four}",
        "document": found.document_number,
        "paid_at": found.decided_at,
    }


@blueprint.post("/payments/<public_id>")
@allow(RoleKind.AUDITOR)
def payment_found(public_id: str) -> Response | tuple[str, int]:
    """Write down where a payment went."""
    try:
        form = read_form(PaymentForm())
        with transaction():
            _row, unit, _payment = get_own_payment(public_id, account())
            find_of_payment(unit, form["purpose"], form["payee"], by=account(), now=clock.now())
    except FormError:
        return _payment_page(public_id, request.form.to_dict(), _("Please answer every question.")), 422
    flash(_("It is written down. Until the audit is handed in you can put it right."), "success")
    return see_other(url_for("audits.sample.mine"))


@blueprint.get("/projects/<public_id>")
@allow(RoleKind.AUDITOR)
def project(public_id: str) -> str:
    """A project to look at."""
    return _project_page(public_id, {}, "")


def _project_page(public_id: str, form: dict[str, str], error: str) -> str:
    _row, unit, found = get_own_project(public_id, account())
    kept: dict[str, str] = {}
    if unit.found_by_id is not None:
        kept = {"as_approved": "yes" if unit.as_approved else "no", "serves": "yes" if unit.serves else "no"}
    item = {
        "public_id": unit.public_id,
        "project": found.public_id,
        "name": found.name,
        "reference": found.reference,
        "place": f"{place_name(area_names([found.place_code])[found.place_code])} {found.place_words or ''}",
        "asset": found.asset,
        "task": found.task,
        "households": beneficiary_count(found),
        "approved_fen": found.approved_fen,
        "paid_fen": found.paid_fen,
        "ends_on": found.ends_on,
        "completed_on": found.completed_on,
    }
    return render_template("audits/project.html", item=item, form={**kept, **form}, error=error)


@blueprint.post("/projects/<public_id>")
@allow(RoleKind.AUDITOR)
def project_found(public_id: str) -> Response | tuple[str, int]:
    """Write down what became of a project."""
    try:
        form = read_form(ProjectForm())
        with transaction():
            _row, unit, _project = get_own_project(public_id, account())
            find_of_project(unit, form["as_approved"], form["serves"], by=account(), now=clock.now())
    except FormError:
        return _project_page(public_id, request.form.to_dict(), _("Please answer every question.")), 422
    flash(_("It is written down. Until the audit is handed in you can put it right."), "success")
    return see_other(url_for("audits.sample.mine"))
