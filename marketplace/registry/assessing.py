"""Counting the four numbers of every household of an area, and sending somebody where they part.

The numbers are the income gap, the deprivation score, the proxy means and the community's rank. Each is told as a place among
all households of the area for which it could be counted (the community's: among those of its own village). Nothing here reads
or changes a status: a run ends in figures, and in visits to households about which the numbers disagree.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.kernel import audit, clock
from marketplace.kernel.db import db
from marketplace.registry.deprivations import INDICATORS, MemberFacts, lacking, weights
from marketplace.registry.filing import known
from marketplace.registry.incomes import year_end
from marketplace.registry.measures.alkire_foster import AlkireFoster, alkire_foster
from marketplace.registry.measures.community import community_ranking
from marketplace.registry.measures.disagreement import DisagreementRule, FourNumbers, Reading, disagreement, readings
from marketplace.registry.measures.fgt import fgt
from marketplace.registry.measures.proxy_means import proxy_means
from marketplace.registry.models import (
    AssessmentRun,
    FileRecord,
    Household,
    HouseholdAssessment,
    Person,
    VillageRank,
    VillageRanking,
    VisitCause,
)
from marketplace.registry.reading import Reach
from marketplace.registry.rules import rule
from marketplace.registry.sealing import seal_values
from marketplace.registry.standards import disagreement_on, line_on
from marketplace.registry.visible_things import visible_things
from marketplace.registry.visits import order_visit

SEALED = "household_assessment.sealed"
_LEAST_FOR_PROXY = 60
_FOLDS = 5
# Whoever earned less is taken to have earned this, because a logarithm knows no zero; in fen a head and year.
_LEAST_INCOME_FEN = 10_000


@dataclass
class _Case:
    """A household with what was read, and what is counted of it."""

    household: Household
    record: FileRecord
    members: list[MemberFacts]
    lacks: list[bool | None] = field(default_factory=list)
    features: list[float] | None = None
    score: float | None = None
    proxy: tuple[float, float, float] | None = None
    community: float | None = None
    places: dict[str, Reading] = field(default_factory=dict)

    @property
    def persons(self) -> int:
        return max(1, len(self.members))


def assess_area(area_code: str, year: int, *, now: datetime, actor: str) -> AssessmentRun:
    """Count the four numbers of an area's households for a year, in place of what an earlier run has counted.

    Returns the run, with the area's own figures; ``figures`` says for how many households each number could be counted and why
    not for the others.
    """
    day = year_end(year, clock.local_day(now))
    cases = _read(area_code, year, day)
    line = line_on(area_code, day)
    figures: dict[str, Any] = {"households": len(cases), "persons": sum(case.persons for case in cases)}
    figures["income"] = _count_income(cases, None if line is None else line.line_fen, "" if line is None else line.source)
    figures["deprivation"] = _count_deprivation(cases, area_code, day)
    figures["proxy"] = _count_proxy(cases, None if line is None else line.line_fen)
    figures["community"] = _count_community(cases, area_code, year)
    run = AssessmentRun(area_code=area_code, year=year, at=now, figures=figures)
    db.session.add(run)
    db.session.flush()
    parted = _keep(cases, run, disagreement_on(area_code, day))
    run.figures = {**figures, "parted": len(parted)}
    _order_visits(parted, run, day, now)
    audit.record("registry.assessed", "area", area_code, actor=actor, at=now, year=year, households=len(cases), run=run.id)
    return run


def _read(area_code: str, year: int, day: date) -> list[_Case]:
    reach = Reach.of([area_code], "the counting of the four numbers")
    records = db.session.scalars(reach.over(select(FileRecord).where(FileRecord.year == year), FileRecord.village_code)).all()
    people = select(Person).where(Person.joined_on <= day, Person.left_on.is_(None) | (Person.left_on > day))
    persons = db.session.scalars(reach.over(people.order_by(Person.id), Person.village_code)).all()
    own = {record.household_id: record for record in records if record.person_id is None}
    of_person = {record.person_id: record for record in records if record.person_id is not None}
    homes = select(Household).where(Household.id.in_(own)).order_by(Household.id)
    households = {household.id: household for household in db.session.scalars(homes)}
    members: dict[int, list[MemberFacts]] = defaultdict(list)
    for person in persons:
        household, record = households.get(person.household_id), of_person.get(person.id)
        if household is not None:
            members[household.id].append(MemberFacts(person.born_on, {} if record is None else known(household, record)))
    cases = [_Case(household, own[number], members[number]) for number, household in households.items()]
    for case in cases:
        case.lacks = lacking(case.record.plain, case.members, day)
        case.features = visible_things(case.record.plain, case.members, day)
    return cases


def _count_income(cases: Sequence[_Case], line_fen: int | None, source: str) -> dict[str, Any]:
    counted = [case for case in cases if case.record.per_head_fen is not None]
    figures: dict[str, Any] = {"counted": len(counted), "line_fen": line_fen, "source": source}
    if line_fen is None or not counted:
        return figures
    incomes, persons = _incomes(counted), _persons(counted)
    for case, place in zip(counted, readings(-incomes, incomes < line_fen, persons), strict=True):
        case.places["income_gap"] = place
    return {**figures, **{f"P{alpha}": fgt(np.maximum(incomes, 0), line_fen, alpha, persons) for alpha in (0, 1, 2)}}


def _count_deprivation(cases: Sequence[_Case], area_code: str, day: date) -> dict[str, Any]:
    counted = [case for case in cases if None not in case.lacks]
    cutoff = rule("deprivation_cutoff", area_code, day)
    figures: dict[str, Any] = {"counted": len(counted), "cutoff": cutoff.value, "source": cutoff.source}
    if not counted:
        return figures
    achieved = np.array([[0.0 if lacks else 1.0 for lacks in case.lacks] for case in counted])
    found = alkire_foster(achieved, [1.0] * len(INDICATORS), weights(), cutoff.value[0] / cutoff.value[1], _persons(counted))
    for case, score, place in zip(counted, found.scores, readings(found.scores, found.poor, _persons(counted)), strict=True):
        case.score, case.places["deprivation"] = float(score), place
    return {**figures, **_deprivation_figures(found)}


def _deprivation_figures(found: AlkireFoster) -> dict[str, Any]:
    lacking_of = {
        indicator.name: {"all": part.uncensored, "poor": part.censored}
        for indicator, part in zip(INDICATORS, found.indicators, strict=True)
    }
    return {"H": found.H, "A": _known(found.A), "M0": found.M0, "indicators": lacking_of}


def _count_proxy(cases: Sequence[_Case], line_fen: int | None) -> dict[str, Any]:
    seen = [case for case in cases if case.features is not None]
    learning = [case for case in seen if case.record.per_head_fen is not None]
    figures: dict[str, Any] = {"counted": 0, "learned_from": len(learning)}
    villages = [case.household.village_code for case in learning]
    if line_fen is None or len(learning) < _LEAST_FOR_PROXY or len(set(villages)) < _FOLDS:
        return figures
    matrix = np.array([case.features for case in learning], dtype=np.float64)
    telling = np.flatnonzero(_independent(matrix))
    incomes = np.maximum(_incomes(learning), _LEAST_INCOME_FEN)
    test = proxy_means(matrix[:, telling], incomes, line_fen, weights=_persons(learning), villages=villages, folds=_FOLDS)
    everyone = np.array([case.features for case in seen], dtype=np.float64)[:, telling]
    said = test.predict(everyone)
    for case, income, low, high, place in zip(
        seen, said.income, said.lower, said.upper, readings(-said.income, said.poor, _persons(seen)), strict=True
    ):
        # The middle may lie outside where the errors lean to one side.
        case.proxy = (float(income), float(min(low, income)), float(max(high, income)))
        case.places["proxy_means"] = place
    unseen = test.out_of_sample
    return {
        "counted": len(seen),
        "learned_from": len(learning),
        "exclusion_error": _known(unseen.exclusion_error),
        "inclusion_error": _known(unseen.inclusion_error),
        "level": test.level,
    }


def _known(share: float) -> float | None:
    """A share; None where there is nothing that it could be a share of."""
    return None if np.isnan(share) else float(share)


def _independent(matrix: np.ndarray) -> np.ndarray:
    """The features that vary and do not follow from those before them."""
    kept = np.zeros(matrix.shape[1], dtype=bool)
    columns = np.ones((len(matrix), 1))
    for number in range(matrix.shape[1]):
        wider = np.column_stack([columns, matrix[:, number]])
        if np.linalg.matrix_rank(wider) == wider.shape[1]:
            kept[number], columns = True, wider
    return kept


def _count_community(cases: Sequence[_Case], area_code: str, year: int) -> dict[str, Any]:
    reach = Reach.of([area_code], "the counting of the four numbers")
    newest = select(VillageRanking).where(VillageRanking.year == year).order_by(VillageRanking.id)
    gatherings = {row.village_code: row for row in db.session.scalars(reach.over(newest, VillageRanking.village_code))}
    of_household = {case.household.id: case for case in cases}
    agreements = []
    for gathering in gatherings.values():
        ranks = select(VillageRank).where(VillageRank.ranking_id == gathering.id).order_by(VillageRank.household_id)
        rows = [
            row for row in db.session.scalars(reach.over(ranks, VillageRank.village_code)) if row.household_id in of_household
        ]
        if len(rows) < 2:
            continue
        found = community_ranking(np.array([row.places for row in rows], dtype=np.float64).T)
        poor_from = np.sort(found.scores)[::-1][gathering.poor_count - 1] if 0 < gathering.poor_count <= len(rows) else np.inf
        poor = found.scores >= poor_from
        own = [of_household[row.household_id] for row in rows]
        for case, score, place in zip(own, found.scores, readings(found.scores, poor, _persons(own)), strict=True):
            case.community, case.places["community_rank"] = float(score), place
        if not np.isnan(found.agreement):
            agreements.append(found.agreement)
    counted = sum(case.community is not None for case in cases)
    agreement = float(np.mean(agreements)) if agreements else None
    return {"counted": counted, "villages": len(gatherings), "agreement": agreement}


def _incomes(cases: Sequence[_Case]) -> np.ndarray:
    return np.array([case.record.per_head_fen for case in cases], dtype=np.float64)


def _persons(cases: Sequence[_Case]) -> np.ndarray:
    return np.array([case.persons for case in cases], dtype=np.float64)


def _keep(cases: Sequence[_Case], run: AssessmentRun, rule_of: DisagreementRule) -> list[_Case]:
    """Write every household's numbers in place of the earlier ones; answers those whose numbers part."""
    parted, rows = [], []
    for case in cases:
        found = disagreement(FourNumbers(**case.places), rule_of)
        # Where no number calls the household poor, nothing hangs on which of them is nearer.
        partings = found.partings if any(place.poor for place in case.places.values()) else ()
        if partings:
            parted.append(case)
        rows.append(_row(case, run, [_parting(part) for part in partings]))
    ids = [case.household.id for case in cases]
    db.session.execute(
        delete(HouseholdAssessment).where(HouseholdAssessment.household_id.in_(ids), HouseholdAssessment.year == run.year)
    )
    if rows:
        db.session.execute(insert(HouseholdAssessment), rows)
    return parted


def _row(case: _Case, run: AssessmentRun, partings: list[dict[str, Any]]) -> dict[str, Any]:
    names = {indicator.name: lacks for indicator, lacks in zip(INDICATORS, case.lacks, strict=True)}
    income, low, high = (None, None, None) if case.proxy is None else (round(each) for each in case.proxy)
    return {
        "household_id": case.household.id,
        "village_code": case.household.village_code,
        "run_id": run.id,
        "year": run.year,
        "per_head_fen": case.record.per_head_fen,
        "deprivation": case.score,
        "proxy_fen": income,
        "proxy_low_fen": low,
        "proxy_high_fen": high,
        "community": case.community,
        "readings": {name: [place.percentile, place.cutoff] for name, place in case.places.items()},
        "partings": partings,
        "sealed": seal_values(case.household, names, SEALED),
    }


def _parting(part: Any) -> dict[str, Any]:
    return {"poorer": part.poorer, "less_poor": part.less_poor, "apart": part.apart, "opposite": part.opposite}


def _order_visits(parted: Sequence[_Case], run: AssessmentRun, day: date, now: datetime) -> None:
    days = rule("disagreement_visit_days", run.area_code, day).value
    due = clock.local_day(now) + timedelta(days=days)
    for case in parted:
        order_visit(case.household, VisitCause.DISAGREEMENT, due_on=due, now=now, asked_for=f"numbers {run.year}")
