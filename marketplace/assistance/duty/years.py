"""A year of duties: scored by the sheet in force, and what persons decide on it. A number decides nothing."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from statistics import fmean
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, text

from marketplace.assistance.deciding import decide
from marketplace.assistance.duty.models import (
    Duty,
    DutyMerit,
    DutyOfficer,
    DutyScore,
    DutyYear,
    FundsBrought,
    MeritKind,
    Place,
    VisitWord,
)
from marketplace.assistance.duty.scoring import ITEMS, points, values
from marketplace.assistance.papers import PaperAction, PaperState
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.regions.queries import get_area
from marketplace.registry.duty_rules import FUNDS_TARGET_FEN, SCORE_SHEET, VISITS_A_YEAR
from marketplace.registry.models import HouseholdAssessment, HouseholdStatus, Visit
from marketplace.registry.models.statuses import StatusCategory
from marketplace.registry.offices import check_office
from marketplace.registry.reading import Reach
from marketplace.registry.rules import rule

_WHY = "the yearly score of an area"


def draft_year(area_code: str, year: int, *, by: Account, now: datetime) -> DutyYear:
    """Score the officers of an area for a year, by the sheet that was in force on its last day.

    Raises
    ------
    Invalid
        ``year_outside`` for a year to come; ``no_duties`` when nobody of the area had a household.
    Conflict
        ``year_taken`` when it was scored before.
    """
    area = get_area(area_code)
    check_office(by, area.code)
    if year > local_day(now).year:
        raise Invalid("year_outside", N_("That year has not begun yet."))
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"duty_year:{area.code}:{year}"}
    )
    if db.session.scalar(
        select(DutyYear.id).where(
            DutyYear.area_code == area.code, DutyYear.year == year, DutyYear.state != PaperState.DISCARDED
        )
    ):
        raise Conflict("year_taken", N_("That year is scored already."))
    last = min(date(year, 12, 31), local_day(now))
    sheet = rule(SCORE_SHEET, area.code, last)
    scored = DutyYear(
        area_code=area.code, year=year, sheet=sheet.value, sheet_source=sheet.source, drafted_by_id=by.id, drafted_at=now
    )
    db.session.add(scored)
    db.session.flush()
    rows = _scores(area.code, year, last, sheet.value)
    if not rows:
        raise Invalid("no_duties", N_("Nobody here answered for a household in that year."))
    db.session.execute(insert(DutyScore), [{"year_id": scored.id, **row} for row in rows])
    audit.record("duty.year_drafted", "duty_year", scored.public_id, actor=by.public_id, at=now, officers=len(rows))
    return scored


def _scores(area_code: str, year: int, last: date, sheet: dict[str, float]) -> list[dict[str, object]]:
    reach = Reach.of([area_code], _WHY)
    duties = _duties(reach, year)
    wanted = int(rule(VISITS_A_YEAR, area_code, last).value)
    target_fen = int(rule(FUNDS_TARGET_FEN, area_code, last).value)
    visits, funds = _visits(reach, year), _funds(reach, year)
    hard = _difficulty([duty.household_id for duty, _ in duties], reach, year, last)
    shares: dict[int, list[dict[str, float | None]]] = defaultdict(list)
    owners, outcomes, difficulty = [], [], []
    for duty, account_id in duties:
        own = _shares(visits[account_id, duty.household_id], funds[duty.officer_id, duty.household_id], wanted, target_fen)
        shares[duty.officer_id].append(own)
        owners.append(duty.officer_id)
        outcomes.append(points(own, sheet))
        difficulty.append(hard[duty.household_id])
    found = values(owners, outcomes, difficulty)
    return [
        {
            "officer_id": officer,
            "households": len(own),
            "items": {name: share for name in ITEMS if (share := _mean([each[name] for each in own])) is not None},
            "points": points({name: _mean([each[name] for each in own]) for name in ITEMS}, sheet),
            "value": found[officer].value,
            "low": found[officer].low,
            "high": found[officer].high,
        }
        for officer, own in sorted(shares.items())
    ]


def _shares(said: Sequence[VisitWord | None], brought_fen: int, wanted: int, target_fen: int) -> dict[str, float | None]:
    """A household's items, each from nothing to one; None where nobody was asked."""
    words = [word for word in said if word is not None]
    # A visit that the household denies is no visit.
    made = len(said) - sum(not word.took_place for word in words)
    content = [(word.satisfaction - 1) / 4 for word in words if word.satisfaction is not None]
    return {
        "visits": min(1.0, made / wanted) if wanted else None,
        "confirmed": sum(word.took_place for word in words) / len(said) if said else 0.0,
        "satisfaction": fmean(content) if content else None,
        "funds": min(1.0, brought_fen / target_fen) if target_fen else None,
    }


def _mean(shares: Sequence[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return fmean(known) if known else None


def _bounds(year: int) -> tuple[datetime, datetime]:
    zone = ZoneInfo("Asia/Shanghai")
    begins = (datetime.combine(date(at, 1, 1), time(), zone).astimezone(UTC) for at in (year, year + 1))
    first, after = begins
    return first, after


def _duties(reach: Reach, year: int) -> list[tuple[Duty, int]]:
    """The first duties of a year: of a household that was handed over, the one that ran longest into it."""
    begins_at, ends_at = _bounds(year)
    query = select(Duty, DutyOfficer.account_id).join(DutyOfficer, DutyOfficer.id == Duty.officer_id)
    query = query.where(Duty.place == Place.FIRST, Duty.begins_at < ends_at)
    query = query.where(Duty.ended_at.is_(None) | (Duty.ended_at > begins_at)).order_by(Duty.id)
    longest: dict[int, tuple[timedelta, Duty, int]] = {}
    for duty, account_id in db.session.execute(reach.over(query, Duty.village_code)):
        ran = min(duty.ended_at or ends_at, ends_at) - max(duty.begins_at, begins_at)
        if duty.household_id not in longest or ran > longest[duty.household_id][0]:
            longest[duty.household_id] = (ran, duty, account_id)
    return [(duty, account_id) for _, duty, account_id in longest.values()]


def _visits(reach: Reach, year: int) -> defaultdict[tuple[int, int], list[VisitWord | None]]:
    """The visits of a year by officer's account and household, each with the household's word."""
    begins_at, ends_at = _bounds(year)
    query = select(Visit.by_id, Visit.household_id, VisitWord).outerjoin(VisitWord, VisitWord.visit_id == Visit.id)
    query = query.where(Visit.at >= begins_at, Visit.at < ends_at).order_by(Visit.id)
    found: defaultdict[tuple[int, int], list[VisitWord | None]] = defaultdict(list)
    for by_id, household_id, word in db.session.execute(reach.over(query, Visit.village_code)):
        found[by_id, household_id].append(word)
    return found


def _funds(reach: Reach, year: int) -> defaultdict[tuple[int, int], int]:
    """Money booked in a year by officer and household."""
    begins_at, ends_at = _bounds(year)
    query = select(FundsBrought).where(FundsBrought.state == PaperState.APPROVED)
    query = query.where(FundsBrought.decided_at >= begins_at, FundsBrought.decided_at < ends_at)
    found: defaultdict[tuple[int, int], int] = defaultdict(int)
    for funds in db.session.scalars(reach.over(query, FundsBrought.village_code)):
        found[funds.officer_id, funds.household_id] += funds.amount_fen
    return found


def _difficulty(households: Sequence[int], reach: Reach, year: int, day: date) -> dict[int, tuple[float, float]]:
    """How hard each household is: whether it is still poor, and its counted lacks, the mean where none were counted."""
    poor = set(
        db.session.scalars(
            select(HouseholdStatus.household_id).where(
                HouseholdStatus.household_id.in_(households),
                HouseholdStatus.category == StatusCategory.POOR,
                HouseholdStatus.days.contains(day),
            )
        )
    )
    query = select(HouseholdAssessment.household_id, HouseholdAssessment.deprivation)
    query = query.where(HouseholdAssessment.year <= year, HouseholdAssessment.deprivation.is_not(None))
    query = query.order_by(HouseholdAssessment.year)
    lacks: dict[int, float] = dict(db.session.execute(reach.over(query, HouseholdAssessment.village_code)).all())
    usual = fmean(lacks.values()) if lacks else 0.0
    return {household: (float(household in poor), lacks.get(household, usual)) for household in households}


def decide_year(scored: DutyYear, action: PaperAction, *, by: Account, now: datetime) -> bool:
    """A second officer approves a year's scores, or they are dropped; False when that was said already."""
    scored = lock_rows(DutyYear, [scored.id])[scored.id]
    check_office(by, scored.area_code)
    if not decide(scored, action, by=by, now=now):
        return False
    db.session.flush()
    audit.record(f"duty.year_{action.value}", "duty_year", scored.public_id, actor=by.public_id, at=now)
    return True


def propose_merit(scored: DutyYear, score: DutyScore, kind: MeritKind, reason: str, *, by: Account, now: datetime) -> DutyMerit:
    """Propose a reward, a penalty or a promotion for an officer's year.

    Raises
    ------
    Conflict
        ``year_not_approved``; ``merit_known`` when it was proposed before.
    Invalid
        ``reason_missing``.
    Forbidden
        ``own_merit`` for oneself.
    """
    scored = lock_rows(DutyYear, [scored.id])[scored.id]
    check_office(by, scored.area_code)
    _check_not_own(score, by)
    if scored.state != PaperState.APPROVED:
        raise Conflict("year_not_approved", N_("A second officer approves the scores first."))
    if not reason.strip():
        raise Invalid("reason_missing", N_("Please say why."))
    known = select(DutyMerit.id).where(DutyMerit.score_id == score.id, DutyMerit.kind == kind)
    if db.session.scalar(known.where(DutyMerit.state != PaperState.DISCARDED)):
        raise Conflict("merit_known", N_("That has been proposed already."))
    merit = DutyMerit(score_id=score.id, kind=kind, reason=reason.strip(), drafted_by_id=by.id, drafted_at=now)
    db.session.add(merit)
    db.session.flush()
    audit.record("duty.merit_proposed", "duty_merit", merit.public_id, actor=by.public_id, at=now, kind=kind.value)
    return merit


def answer_merit(merit: DutyMerit, words: str, *, by: Account, now: datetime) -> None:
    """What the officer says to a proposal about them; it can be said until it is decided.

    Raises
    ------
    Forbidden
        ``not_your_merit``.
    Conflict
        ``paper_state`` once it is decided.
    """
    merit = lock_rows(DutyMerit, [merit.id])[merit.id]
    if _officer_of(merit.score_id).account_id != by.id:
        raise Forbidden("not_your_merit", N_("This is about somebody else."))
    if merit.state != PaperState.DRAFTED:
        raise Conflict("paper_state", N_("This has been decided already."))
    merit.answer, merit.answered_at = words.strip(), now
    db.session.flush()
    audit.record("duty.merit_answered", "duty_merit", merit.public_id, actor=by.public_id, at=now)


def decide_merit(scored: DutyYear, merit: DutyMerit, action: PaperAction, *, by: Account, now: datetime) -> bool:
    """A second officer decides; a penalty only once the officer has been heard. False when that was said already.

    Raises
    ------
    Conflict
        ``not_heard``.
    Forbidden
        ``own_merit``, ``same_person``.
    """
    merit = lock_rows(DutyMerit, [merit.id])[merit.id]
    check_office(by, scored.area_code)
    _check_not_own(db.session.get_one(DutyScore, merit.score_id), by)
    if action == PaperAction.APPROVE and merit.kind == MeritKind.PENALTY and merit.answered_at is None:
        raise Conflict("not_heard", N_("The officer has to be heard first."))
    if not decide(merit, action, by=by, now=now):
        return False
    db.session.flush()
    audit.record(f"duty.merit_{action.value}", "duty_merit", merit.public_id, actor=by.public_id, at=now)
    return True


def _check_not_own(score: DutyScore, by: Account) -> None:
    if _officer_of(score.id).account_id == by.id:
        raise Forbidden("own_merit", N_("Others decide on your own year."))


def _officer_of(score_id: int) -> DutyOfficer:
    query = select(DutyOfficer).join(DutyScore, DutyScore.officer_id == DutyOfficer.id)
    return db.session.scalars(query.where(DutyScore.id == score_id)).one()
