"""What closed audits say of an area: six sub-indices, the index, the official rates and lines, and ranks of its counties.

Nothing here is read from what an office says of itself: sizes of strata stand since the draw, findings since the closing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from marketplace.audits.models import AuditHousehold, AuditPayment, AuditProject, AuditRound, AuditStratum, StratumKind
from marketplace.audits.queries import closed_rounds, households_of, payments_of, projects_of, strata_of
from marketplace.dashboard.precision import Demand, Precision, Stratum, measure, rank_intervals
from marketplace.dashboard.three_rates import Lines, Population, Rates, Survey, Veto, rates_of, vetoes
from marketplace.registry import precision_rules
from marketplace.registry.dated import Rule
from marketplace.registry.rules import rule

_LINES = {
    Veto.MISSED: precision_rules.MISSED_BP,
    Veto.WRONG_EXIT: precision_rules.WRONG_EXIT_BP,
    Veto.INCIDENCE: precision_rules.INCIDENCE_BP,
    Veto.SATISFACTION: precision_rules.SATISFACTION_BP,
}
_COUNTIES_RANKED = 2
_OfMoney = TypeVar("_OfMoney", AuditPayment, AuditProject)


@dataclass(frozen=True)
class Sample:
    """What was found in some rounds, as ``precision.measure`` takes it, and the numbers it was found of.

    ``unreached`` counts households at which nobody was met, of ``households``.
    """

    registered: list[Stratum]
    others: list[Stratum]
    audits: dict[Demand, list[Stratum]]
    survey: Survey
    population: Population
    households: int
    unreached: int
    payments: int
    projects: int


@dataclass(frozen=True)
class Result:
    """What the closed rounds of an area say; ``rounds`` is empty where there are none and everything else None."""

    area_code: str
    rounds: list[AuditRound]
    sample: Sample | None = None
    precision: Precision | None = None
    rates: Rates | None = None
    lines: Mapping[Veto, Rule] | None = None
    vetoes: Sequence[Veto] = ()


def result_of(area_code: str) -> Result:
    """The newest closed rounds of an area's counties, put together."""
    rounds = closed_rounds(area_code)
    if not rounds:
        return Result(area_code, [])
    sample = sample_of(rounds)
    rates = rates_of(sample.survey, sample.population)
    lines = lines_on(area_code, max(row.drawn_on for row in rounds if row.drawn_on is not None))
    crossed = vetoes(rates, Lines(*(lines[veto].value / 10_000 for veto in Veto)))
    return Result(area_code, rounds, sample, measure(sample.registered, sample.others, sample.audits), rates, lines, crossed)


def lines_on(area_code: str, day: date) -> dict[Veto, Rule]:
    """The lines in force in an area on the day of its newest draw, in ten-thousandths."""
    return {veto: rule(name, area_code, day) for veto, name in _LINES.items()}


def ranks_of(area_code: str) -> tuple[list[Demand], dict[str, tuple[int, int]]]:
    """The demands that every audited county of an area has, and between which ranks each lies under random weightings of them.

    Nothing is ranked where fewer than two counties have been audited.
    """
    rounds = closed_rounds(area_code)
    if len(rounds) < _COUNTIES_RANKED:
        return [], {}
    parts = {}
    for row in rounds:
        sample = sample_of([row])
        found = measure(sample.registered, sample.others, sample.audits, draws=1).parts
        parts[row.county_code] = {demand: part.value for demand, part in found.items()}
    shared = [demand for demand in Demand if all(demand in own for own in parts.values())]
    return shared, rank_intervals(parts, demands=shared) if shared else {}


def sample_of(rounds: Sequence[AuditRound]) -> Sample:
    """What was found in some rounds."""
    strata, units, payments, projects = strata_of(rounds), households_of(rounds), payments_of(rounds), projects_of(rounds)
    of: dict[int, list[AuditHousehold]] = defaultdict(list)
    for unit in units:
        of[unit.stratum_id].append(unit)

    def found(kind: StratumKind, name: str) -> list[Stratum]:
        own = [(stratum, of[stratum.id]) for stratum in strata if stratum.kind == kind]
        return joined(
            (stratum.size, [float(x) for unit in its if (x := getattr(unit, name)) is not None]) for stratum, its in own
        )

    registered = found(StratumKind.REGISTERED, "in_place")
    exited = found(StratumKind.EXITED, "in_place")
    unregistered = found(StratumKind.UNREGISTERED, "in_place")
    audits = {
        Demand.PROJECT: _by_fen(strata, StratumKind.PROJECT, projects, lambda unit: unit.as_approved and unit.serves),
        Demand.FUND: _by_fen(strata, StratumKind.PAYMENT, payments, lambda unit: unit.reached_purpose and unit.reached_payee),
        Demand.MEASURE: found(StratumKind.REGISTERED, "fits_cause"),
        Demand.PERSON: found(StratumKind.REGISTERED, "visited"),
        Demand.RESULT: exited,
    }
    return Sample(
        registered,
        # Without those who never were registered nobody can say whom the registry missed.
        [*unregistered, *exited] if unregistered else [],
        {demand: own for demand, own in audits.items() if own},
        survey_of(units),
        _population(rounds, strata),
        len(units),
        sum(unit.unreached is not None for unit in units),
        len(payments),
        len(projects),
    )


def joined(found: Iterable[tuple[int, list[float]]]) -> list[Stratum]:
    """Strata of sizes and scores; one in which nobody was reached is counted with the next, the last with the one before.

    >>> [(one.size, one.scores) for one in joined([(5, []), (10, [1.0]), (7, [])])]
    [(22, [1.0])]
    """
    made: list[Stratum] = []
    waiting = 0
    for size, scores in found:
        waiting += size
        if scores:
            made.append(Stratum(waiting, scores))
            waiting = 0
    if made and waiting:
        made[-1] = replace(made[-1], size=made[-1].size + waiting)
    return made


def _by_fen(
    strata: Iterable[AuditStratum], kind: StratumKind, units: Iterable[_OfMoney], is_well: Callable[[_OfMoney], bool | None]
) -> list[Stratum]:
    scores: dict[int, list[float]] = defaultdict(list)
    for unit in units:
        if unit.found_by_id is not None:
            # Each fen that was drawn counts alike: large amounts were drawn more often, so they need no weight.
            scores[unit.stratum_id] += [float(bool(is_well(unit)))] * unit.draws
    return joined((stratum.size, scores[stratum.id]) for stratum in strata if stratum.kind == kind)


def survey_of(units: Iterable[AuditHousehold]) -> Survey:
    """What was counted, in persons; satisfaction was asked of one person in each household."""
    counts = dict.fromkeys(("unregistered", "missed", "exited", "wrongly_exited", "asked", "satisfied"), 0)
    wrong = {StratumKind.UNREGISTERED: "missed", StratumKind.EXITED: "wrongly_exited"}
    for unit in units:
        kind = StratumKind(unit.kind)
        if unit.in_place is not None and kind in wrong:
            counts[kind.value] += unit.persons
            counts[wrong[kind]] += 0 if unit.in_place else unit.persons
        if unit.satisfied is not None:
            counts["asked"] += 1
            counts["satisfied"] += unit.satisfied
    return Survey(**counts)


def _population(rounds: Sequence[AuditRound], strata: Iterable[AuditStratum]) -> Population:
    persons = dict.fromkeys(StratumKind, 0)
    for stratum in strata:
        persons[StratumKind(stratum.kind)] += stratum.persons
    return Population(
        unregistered=persons[StratumKind.UNREGISTERED],
        exited=persons[StratumKind.EXITED],
        remaining=sum(row.poor_persons for row in rounds),
        rural=sum(persons.values()),
    )
