"""Portal: how precise relief is in an area, by closed audits: six sub-indices, lines, ranks, and what that is worth."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from marketplace.audits.results import Result, ranks_of, result_of
from marketplace.dashboard.precision import Demand
from marketplace.dashboard.three_rates import Veto
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names, get_area
from marketplace.web.access import allow
from marketplace.web.audit_words import DEMANDS, VETOES, estimate_row, exact
from marketplace.web.filters import day
from marketplace.web.forms import read_form
from marketplace.web.money_reach import READERS, money_area, money_areas
from marketplace.web.places import place_name
from marketplace.web.portals.funds.sources import AreaQuery

blueprint = Blueprint("audits", __name__, url_prefix="/audits")


@blueprint.get("")
@allow(*READERS)
def results() -> str:
    """What the closed audits of an area say."""
    area = get_area(money_area(read_form(AreaQuery(), request.args)["area"]))
    found = result_of(area.code)
    return render_template(
        "audits/results.html",
        area=area,
        areas=[(code, place_name(get_area(code).name)) for code in money_areas()],
        below_county=len(area.code) > Level.COUNTY,
        is_county=len(area.code) == Level.COUNTY,
        **_result_words(found),
        **_ranks(found),
    )


def _result_words(found: Result) -> dict[str, Any]:
    if found.precision is None or found.sample is None:
        return {"found": None}
    index = found.precision.index
    return {
        "found": {
            "index": exact(index.value) if index else None,
            "between": (exact(index.low), exact(index.high)) if index else None,
            "missing": [str(_(DEMANDS[demand][0])) for demand in Demand if demand not in found.precision.parts],
            "households": found.sample.households,
            "unreached": found.sample.unreached,
            "payments": found.sample.payments,
            "projects": found.sample.projects,
            "counties": len(found.rounds),
            "last": max(row.drawn_on for row in found.rounds if row.drawn_on),
        },
        "parts": [estimate_row(demand, found.precision.parts.get(demand)) for demand in Demand],
        "meanings": [(str(_(name)), str(_(what))) for name, what in DEMANDS.values()],
        "lines": [_line(found, veto) for veto in Veto],
        "sources": [
            (str(_(VETOES[veto])), _("%(source)s; in force since %(day)s", source=rule.source, day=day(rule.begins_on)))
            for veto, rule in (found.lines or {}).items()
        ],
        "crossed": [str(_(VETOES[veto])) for veto in found.vetoes],
    }


def _line(found: Result, veto: Veto) -> dict[str, Any]:
    rate = getattr(found.rates, veto.value)
    rule = (found.lines or {})[veto]
    limit = exact(rule.value / 10_000)
    bounds = {
        Veto.MISSED: _("below %(limit)s", limit=limit),
        Veto.WRONG_EXIT: _("at most %(limit)s", limit=limit),
        Veto.INCIDENCE: _("below %(limit)s", limit=limit),
        Veto.SATISFACTION: _("at least %(limit)s", limit=limit),
    }
    held = (_("not known"), "neutral") if rate is None else (_("held"), "good")
    return {
        "name": str(_(VETOES[veto])),
        "rate": "–" if rate is None else exact(rate),
        "line": bounds[veto],
        "state": (_("crossed"), "bad") if veto in found.vetoes else held,
    }


def _ranks(found: Result) -> dict[str, Any]:
    names = area_names(row.county_code for row in found.rounds)
    shared, ranks = ranks_of(found.area_code)
    return {
        "shared": [str(_(DEMANDS[demand][0])) for demand in shared],
        "counties": [
            {
                "name": place_name(names[row.county_code]),
                "url": url_for("audits.results", area=row.county_code),
                "drawn_on": row.drawn_on,
                "rank": _rank(ranks.get(row.county_code)),
            }
            for row in found.rounds
        ],
    }


def _rank(between: tuple[int, int] | None) -> str:
    if between is None:
        return "–"
    low, high = between
    return str(low) if low == high else f"{low}–{high}"
