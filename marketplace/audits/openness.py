"""What everybody may read of closed audits: sub-indices and which lines are crossed, where enough were looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from marketplace.audits.models import AuditRound
from marketplace.audits.queries import closed_rounds
from marketplace.audits.results import Result, result_of
from marketplace.dashboard.precision import Demand, Estimate
from marketplace.dashboard.three_rates import Survey, Veto
from marketplace.registry.dated import Rule
from marketplace.registry.display_rules import SMALLEST_CELL
from marketplace.registry.rules import rule


@dataclass(frozen=True)
class OpenLine:
    """An official line, and whether it is crossed; None where too few were asked, or nobody.

    The rate itself is kept back: of a hundred persons it would tell how many were found missed or wrongly let go.
    """

    rule: Rule
    crossed: bool | None


@dataclass(frozen=True)
class OpenResult:
    """A county's newest closed audit. A sub-index that rests on too few is not in ``parts``; short of six, no index."""

    county_code: str
    drawn_on: date
    parts: Mapping[Demand, Estimate]
    index: Estimate | None
    lines: Mapping[Veto, OpenLine]


def open_results() -> list[OpenResult]:
    """What everybody may read of each county that was audited, by county."""
    return [_open(row, result_of(row.county_code)) for row in closed_rounds("")]


def _open(row: AuditRound, found: Result) -> OpenResult:
    if row.drawn_on is None or found.precision is None or found.sample is None or found.lines is None:
        raise ValueError("a closed round has been drawn and looked at")
    least = int(rule(SMALLEST_CELL, row.county_code, row.drawn_on).value)
    # Of money the fen drawn are many where payments or projects may be few.
    looked_at = {demand: part.units for demand, part in found.precision.parts.items()}
    looked_at |= {Demand.FUND: found.sample.payments, Demand.PROJECT: found.sample.projects}
    parts = {demand: part for demand, part in found.precision.parts.items() if looked_at[demand] >= least}
    # An index over a part that is kept back would give that part away.
    index = found.precision.index if set(parts) == set(Demand) else None
    asked = _asked(found.sample.survey)
    lines = {
        veto: OpenLine(own, veto in found.vetoes if asked[veto] >= least and getattr(found.rates, veto) is not None else None)
        for veto, own in found.lines.items()
    }
    return OpenResult(row.county_code, row.drawn_on, parts, index, lines)


def _asked(survey: Survey) -> dict[Veto, int]:
    """Of how many a rate is counted; what is left of poverty altogether rests on both kinds of households."""
    return {
        Veto.MISSED: survey.unregistered,
        Veto.WRONG_EXIT: survey.exited,
        Veto.INCIDENCE: min(survey.unregistered, survey.exited),
        Veto.SATISFACTION: survey.asked,
    }
