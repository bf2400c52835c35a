"""Audits, demands and lines in words, for the pages of offices and auditors."""

from typing import Any

from flask_babel import gettext as _

from marketplace.audits.models import AuditRound, StratumKind, Unreached
from marketplace.audits.queries import progress_of
from marketplace.audits.states import RoundState
from marketplace.dashboard.precision import Demand, Estimate
from marketplace.dashboard.three_rates import Veto
from marketplace.kernel.errors import N_
from marketplace.regions.queries import area_names
from marketplace.web.places import place_name

DEMANDS = {
    Demand.OBJECT: (N_("Object"), N_("the registered and those who should be are the same households")),
    Demand.PROJECT: (N_("Project"), N_("projects stand as approved and serve those whom they were for")),
    Demand.FUND: (N_("Fund"), N_("money reached its purpose and its payee, by fen")),
    Demand.MEASURE: (N_("Measure"), N_("help fits the main cause of poverty")),
    Demand.PERSON: (N_("Person"), N_("the helper was really there, asked of the household")),
    Demand.RESULT: (N_("Outcome"), N_("who left still stands, in everything promised")),
}
VETOES = {
    Veto.MISSED: N_("Missed"),
    Veto.WRONG_EXIT: N_("Wrongly left"),
    Veto.INCIDENCE: N_("Left of poverty altogether"),
    Veto.SATISFACTION: N_("Satisfied"),
}
KINDS = {
    StratumKind.REGISTERED: N_("Registered households"),
    StratumKind.EXITED: N_("Out of poverty"),
    StratumKind.UNREGISTERED: N_("On file, never registered"),
    StratumKind.PAYMENT: N_("Public money paid"),
    StratumKind.PROJECT: N_("Projects, by the money approved"),
}
STATES = {
    RoundState.OPENED: (N_("Opened, not drawn yet"), "wait"),
    RoundState.DRAWN: (N_("With the auditors"), "wait"),
    RoundState.CLOSING: (N_("Waits for a second officer"), "wait"),
    RoundState.CLOSED: (N_("Closed"), "good"),
    RoundState.DISCARDED: (N_("Dropped"), "neutral"),
}
UNREACHED = {
    Unreached.AWAY: N_("Away from home, three times"),
    Unreached.MOVED: N_("Moved away"),
    Unreached.DECLINED: N_("Does not want to answer"),
    Unreached.UNKNOWN: N_("Nobody there knows this household"),
}
# The first question differs by kind; the others are asked of those whom they concern.
IN_PLACE = {
    StratumKind.REGISTERED: N_("Does this household belong on the list, by what you saw?"),
    StratumKind.EXITED: N_("Does it still stand: income, food and clothing, school, doctor, safe house and water?"),
    StratumKind.UNREGISTERED: N_("Is this household rightly not on the list?"),
}
QUESTIONS = {
    "fits_cause": N_("Does the help it gets fit the main cause of its poverty?"),
    "visited": N_("Has its helper really been there? Ask the household, alone."),
    "satisfied": N_("Is the household satisfied with the work? Ask one of its members, alone."),
}


def exact(part: float) -> str:
    """A part of one with one decimal of a per cent: a tenth can decide over a line.

    >>> exact(10 / 13), exact(0.02)
    ('76.9 %', '2.0 %')
    """
    return f"{part * 100:.1f} %"


def round_words(row: AuditRound) -> dict[str, Any]:
    """A round as lists and pages show it; its seed only once the sample is drawn."""
    names = area_names([row.county_code])
    words, tone = STATES[RoundState(row.state)]
    return {
        "public_id": row.public_id,
        "county": place_name(names[row.county_code]),
        "state": (str(_(words)), tone),
        "opened_at": row.opened_at,
        "drawn_at": row.drawn_at,
        "closed_at": row.closed_at,
        "seed_hash": row.seed_hash,
        "seed": row.seed if row.drawn_at is not None else None,
        "frame_hash": row.frame_hash,
        **{state.value: row.state == state for state in RoundState},
    }


def told_round(row: AuditRound) -> dict[str, Any]:
    """A round as programs are told of it."""
    seen = progress_of(row)
    plain = ("public_id", "county_code", "state", "seed_hash", "frame_hash", "opened_at", "drawn_at", "closed_at")
    return {
        **{name: getattr(row, name) for name in plain},
        "seed": row.seed if row.drawn_at is not None else None,
        "drawn": seen.drawn,
        "done": seen.done,
    }


def estimate_row(demand: Demand, part: Estimate | None) -> dict[str, Any]:
    """A sub-index as a bar with its interval."""
    name, _what = DEMANDS[demand]
    if part is None:
        return {"label": str(_(name)), "text": "–", "width": 0, "note": str(_("not audited")), "kind": "none"}
    between = _("%(low)s to %(high)s, of %(units)s", low=exact(part.low), high=exact(part.high), units=part.units)
    return {"label": str(_(name)), "text": exact(part.value), "width": round(part.value * 100, 1), "note": str(between)}
