"""Portal: audit rounds: opened, drawn, given to auditors and closed by the office above a county; read by the county's own."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.audits.models import StratumKind
from marketplace.audits.queries import (
    assignments_of,
    auditors_outside,
    get_auditor,
    get_round_within,
    progress_of,
    rounds_within,
    strata_of,
)
from marketplace.audits.service import (
    assign_auditor,
    close_round,
    discard_round,
    draw_sample,
    is_above,
    open_round,
    propose_closing,
    return_round,
)
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names, children
from marketplace.web.access import account, allow, office_reach
from marketplace.web.audit_words import KINDS, round_words
from marketplace.web.filters import yuan
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.money_reach import READERS, money_areas, money_reach
from marketplace.web.places import place_name
from marketplace.web.redirects import see_other

blueprint = Blueprint("rounds", __name__, url_prefix="/rounds")


class OpenForm(FormSchema):
    """Of which county."""

    county = Text(required=True, validate=validate.Length(max=12))


class AuditorForm(FormSchema):
    """Who looks, and where."""

    auditor = Text(required=True, validate=validate.Length(max=20))
    area = Text(required=True, validate=validate.Length(max=12))


@blueprint.get("")
@allow(*READERS)
def listed() -> str:
    """The rounds of one's areas, the newest first, and one to open."""
    running = {row.county_code for row in rounds_within(money_reach()) if row.state in ("opened", "drawn", "closing")}
    return render_template(
        "audits/rounds.html",
        rounds=[round_words(row) for row in rounds_within(money_reach())],
        counties=[choice for choice in _counties() if choice[0] not in running],
    )


def _counties() -> list[tuple[str, str]]:
    """The counties that the signed-in officer may have audited."""
    found: dict[str, str] = {}
    waiting = [code for code in money_areas() if len(code) < Level.COUNTY]
    while waiting:
        for area in children(waiting.pop()):
            if len(area.code) < Level.COUNTY:
                waiting.append(area.code)
            elif is_above(account(), area.code):
                found[area.code] = place_name(area.name)
    return sorted(found.items())


@blueprint.post("")
@allow(RoleKind.OFFICER)
def open_one() -> Response:
    """Open the audit of a county."""
    form = read_form(OpenForm())
    with transaction():
        row = open_round(office_reach().check(form["county"]), by=account(), now=clock.now())
    flash(_("The audit is open. What the draw will follow from is settled now; its hash is shown."), "success")
    return see_other(url_for("audits.rounds.one", public_id=row.public_id))


@blueprint.get("/<public_id>")
@allow(*READERS)
def one(public_id: str) -> str:
    """A round: what was committed to and drawn, who looks at it, how far it is; never what was found of anybody."""
    row = get_round_within(public_id, money_reach())
    sent = assignments_of(row)
    names = area_names([row.county_code, *(assignment.area_code for assignment, _account in sent)])
    parts = [(row.county_code, place_name(names[row.county_code]))]
    strata = strata_of([row])
    sizes = [
        {
            "kind": str(_(KINDS[kind])),
            "size": _size(kind, sum(stratum.size for stratum in strata if stratum.kind == kind)),
            "drawn": sum(stratum.drawn for stratum in strata if stratum.kind == kind),
        }
        for kind in StratumKind
    ]
    return render_template(
        "audits/round.html",
        round=round_words(row),
        mine=row.proposed_by_id == account().id,
        above=is_above(account(), row.county_code),
        strata=[size for size in sizes if size["drawn"]],
        progress=progress_of(row),
        sent=[{"name": who.display_name, "area": place_name(names[each.area_code])} for each, who in sent],
        auditors=[(who.public_id, who.display_name) for who in auditors_outside(row.county_code)],
        parts=[*parts, *((area.code, place_name(area.name)) for area in children(row.county_code))],
    )


def _size(kind: StratumKind, size: int) -> str:
    """Households by their number; what is drawn fen by fen as money."""
    return yuan(size) if kind in (StratumKind.PAYMENT, StratumKind.PROJECT) else f"{size:,}"


@blueprint.post("/<public_id>/auditors")
@allow(RoleKind.OFFICER)
def assign(public_id: str) -> Response:
    """Give a part of the sample to an auditor."""
    form = read_form(AuditorForm())
    with transaction():
        row = get_round_within(public_id, office_reach())
        assign_auditor(row, get_auditor(form["auditor"], row.county_code), form["area"], by=account(), now=clock.now())
    flash(_("The auditor finds it under “To look at”."), "success")
    return see_other(url_for("audits.rounds.one", public_id=public_id))


def _moved(public_id: str, act: Callable[..., bool], words: str) -> Response:
    now: datetime = clock.now()
    with transaction():
        act(get_round_within(public_id, office_reach()), by=account(), now=now)
    flash(_(words), "success")
    return see_other(url_for("audits.rounds.one", public_id=public_id))


@blueprint.post("/<public_id>/draw")
@allow(RoleKind.OFFICER)
def draw(public_id: str) -> Response:
    """Draw the sample."""
    return _moved(public_id, draw_sample, N_("The sample is drawn. It stays as it is."))


@blueprint.post("/<public_id>/discard")
@allow(RoleKind.OFFICER)
def discard(public_id: str) -> Response:
    """Drop a round of which nothing was drawn."""
    return _moved(public_id, discard_round, N_("The audit is dropped."))


@blueprint.post("/<public_id>/propose")
@allow(RoleKind.OFFICER)
def propose(public_id: str) -> Response:
    """Say that it is complete."""
    return _moved(public_id, propose_closing, N_("A second officer has to close it."))


@blueprint.post("/<public_id>/return")
@allow(RoleKind.OFFICER)
def give_back(public_id: str) -> Response:
    """Give it back to the auditors."""
    return _moved(public_id, return_round, N_("It is with the auditors again."))


@blueprint.post("/<public_id>/close")
@allow(RoleKind.OFFICER)
def close(public_id: str) -> Response:
    """Close it."""
    return _moved(public_id, close_round, N_("The audit is closed, and counts."))
