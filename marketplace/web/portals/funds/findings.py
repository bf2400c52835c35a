"""Portal: what detectors have seen, for a person to look at; and officers' declared relatives."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.funds.looking import (
    decide_finding,
    declare_relative,
    evidence_of,
    findings_within,
    fund_of_finding,
    get_finding,
    moves_of_finding,
    thresholds_on,
)
from marketplace.funds.models import FundFinding, Relation
from marketplace.funds.queries import funds_by_id
from marketplace.funds.states import FindingAction
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import account_names_by_id, scopes
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Invalid
from marketplace.regions.codes import contains
from marketplace.regions.queries import get_area
from marketplace.registry.id_numbers import read_id_number
from marketplace.registry.sealing import id_number_index
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of
from marketplace.web.filters import yuan
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.money_reach import READERS, money_area, money_areas, seen_finding
from marketplace.web.money_words import FINDING_STATES, KINDS, PAYEES, RELATIONS, place_words, purpose_name, why
from marketplace.web.places import place_name
from marketplace.web.portals.funds.sources import AreaQuery, move_row
from marketplace.web.redirects import see_other

blueprint = Blueprint("findings", __name__, url_prefix="/findings")


class DecisionForm(FormSchema):
    """What a finding is, in words."""

    action = fields.Enum(FindingAction, by_value=fields.String(), required=True)
    words = Text(required=True, validate=validate.Length(max=400))


class RelativeForm(FormSchema):
    """A relative's card."""

    relation = fields.Enum(Relation, by_value=fields.String(), required=True)
    number = Text(required=True, validate=validate.Length(max=18))


@blueprint.get("")
@allow(*READERS)
def listed() -> str:
    """The findings of an area, open ones first, the largest amounts first."""
    area = get_area(money_area(read_form(AreaQuery(), request.args)["area"]))
    found = findings_within(area.code)
    names = place_words(row.area_code for row in found)
    rows = [_words(row, names) for row in found]
    waiting = [row for row in rows if row["open"]]
    limits = thresholds_on(area.code, local_day(clock.now()))
    return render_template(
        "funds/findings.html",
        area=area,
        areas=[(code, place_name(get_area(code).name)) for code in money_areas()],
        waiting=waiting,
        done=[row for row in rows if not row["open"]],
        limits={
            "months": limits.idle_months,
            "idle": yuan(limits.idle_least_fen),
            "below": yuan(limits.split_below_fen),
            "split_days": limits.split_days,
            "trip_days": limits.round_trip_days,
            "trip_share": f"{limits.round_trip_share_bp / 100:g} %",
            "households": limits.shared_households,
            "death_days": limits.death_days,
        },
        is_officer=bool(scopes(account(), RoleKind.OFFICER)),
    )


def _words(finding: FundFinding, names: Mapping[str, str]) -> dict[str, Any]:
    state, tone = FINDING_STATES[finding.state]  # type: ignore[index]
    return {
        "public_id": finding.public_id,
        "kind": _(KINDS[finding.kind]),  # type: ignore[index]
        "why": why(finding),
        "place": names[finding.area_code],
        "amount": finding.amount_fen,
        "found_at": finding.found_at,
        "state": (_(state), tone),
        "open": finding.state == "open",
        "words": finding.words,
    }


@blueprint.get("/<public_id>")
@allow(*READERS)
def one(public_id: str) -> str:
    """A finding with the payments that it names."""
    return _one_page(public_id, {}, {})


def _one_page(public_id: str, form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    finding = seen_finding(get_finding(public_id))
    payments = evidence_of(finding)
    funds = funds_by_id(row.fund_id for row in payments)
    moves = moves_of_finding(finding)
    places = (place for move in moves for place in (move.source, move.target))
    names = place_words([finding.area_code, *(row.place for row in payments), *places])
    people = account_names_by_id([finding.decided_by_id] if finding.decided_by_id else [])
    return render_template(
        "funds/finding.html",
        finding=_words(finding, names),
        decided_by=people.get(finding.decided_by_id or 0, ""),
        decided_at=finding.decided_at,
        fund=fund_of_finding(finding),
        moves=[move_row(move, names) for move in moves],
        rows=[
            {
                "reference": row.reference,
                "url": url_for("funds.payments.one", public_id=row.public_id),
                "at": row.decided_at,
                "purpose": purpose_name(row.purpose_code),
                "document": row.document_number,
                "fund": funds[row.fund_id].document_number,
                "payee": f"{_(PAYEES[row.payee_kind])} · {row.last_four}",
                "amount": row.amount_fen,
            }
            for row in payments
        ],
        may_decide=finding.state == "open"
        and any(contains(scope, finding.area_code) for scope in scopes(account(), RoleKind.OFFICER)),
        form=form,
        errors=errors,
    )


@blueprint.post("/<public_id>")
@allow(RoleKind.OFFICER)
def decide(public_id: str) -> Response | tuple[str, int]:
    """Say what it is."""
    try:
        form = read_form(DecisionForm())
        with transaction():
            finding = seen_finding(get_finding(public_id, lock=True))
            decide_finding(finding, form["action"], form["words"], by=account(), now=clock.now())
    except FormError as error:
        return _one_page(public_id, request.form, error.fields), 422
    flash(_("Written down. Nothing else has changed."), "success")
    return see_other(url_for("funds.findings.listed"))


@blueprint.get("/relatives")
@allow(RoleKind.OFFICER)
def relatives() -> str:
    """Declare a relative."""
    return _relatives_page({}, {})


def _relatives_page(form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    choices = [(relation, _(label)) for relation, label in RELATIONS.items()]
    return render_template("funds/relatives.html", relations=choices, form=form, errors=errors)


@blueprint.post("/relatives")
@allow(RoleKind.OFFICER)
def declare() -> Response | tuple[str, int]:
    """Keep a keyed digest of the relative's number, and nothing else."""
    try:
        form = read_form(RelativeForm())
        number = read_id_number(form["number"]).text
        with transaction():
            declare_relative(form["relation"], id_number_index(number), by=account(), now=clock.now())
    except FormError as error:
        return _relatives_page({"relation": request.form.get("relation", "")}, error.fields), 422
    except Invalid as error:
        return _relatives_page({"relation": request.form.get("relation", "")}, {"number": message_of(error)}), 422
    flash(_("Declared. The number itself is not kept."), "success")
    return see_other(url_for("funds.findings.relatives"))
