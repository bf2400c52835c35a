"""Announcing a year's public holidays: written down, and every open deadline that was provisional is counted again."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Forbidden, Invalid
from marketplace.regions.queries import get_area, within
from marketplace.registry.cases import clocks
from marketplace.registry.models import (
    AlertState,
    Case,
    CaseKind,
    CaseState,
    ComparisonAlert,
    Objection,
    ObjectionState,
    WorkdayAnnouncement,
)
from marketplace.registry.reading import Reach
from marketplace.registry.rules import may_set_rules
from marketplace.registry.workdays import is_weekday

_WHY = "deadlines that were provisional until holidays were announced"
# One day, or the first and the last of several: "2027-02-05", "2027-02-05 to 2027-02-11".
_SPAN = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s*(?:to|至|到|–|—|~|\.\.)\s*(\d{4}-\d{2}-\d{2}))?")


def read_days(text: str) -> list[date]:
    """The days of a text with one day or span in each line, rising and each once.

    Raises
    ------
    Invalid
        ``days_unreadable`` with the first line that is none.

    >>> [day.day for day in read_days("2027-02-05 to 2027-02-07\\n2027-02-28")]
    [5, 6, 7, 28]
    """
    days: set[date] = set()
    for line in filter(None, (line.strip() for line in re.split(r"[\n,，;；]", text))):
        try:
            found = _SPAN.fullmatch(line)
            first, last = (date.fromisoformat(part) for part in (found[1], found[2] or found[1])) if found else (None, None)
        except ValueError:
            first = last = None
        if first is None or last is None or not 0 <= (last - first).days < 60:
            words = N_("“%(line)s” is no day and no span of days. Please write 2027-02-05, or 2027-02-05 to 2027-02-11.")
            raise Invalid("days_unreadable", words, line=line[:40])
        days |= {first + timedelta(days=more) for more in range((last - first).days + 1)}
    return sorted(days)


def announce_workdays(
    area_code: str | None,
    year: int,
    rest_days: Sequence[date],
    work_days: Sequence[date],
    source: str,
    *,
    by: Account,
    now: datetime,
) -> WorkdayAnnouncement:
    """Write down a year's holidays for a province, an area in it, or the nation (None); later words stand above earlier.

    Raises
    ------
    Invalid
        ``year_over``; ``days_invalid`` for days of another year, none at all, a day in both lists, or a day to be worked that
        is worked anyway; ``rule_source`` without the document.
    NotFound
        ``area_unknown``.
    Forbidden
        ``rule_level`` for whoever is no officer of the province.
    """
    if area_code is not None and not may_set_rules(by, get_area(area_code).code):
        raise Forbidden("rule_level", N_("The officers of the province set its rules."))
    if not local_day(now).year <= year <= 2999:
        raise Invalid("year_over", N_("Please give this year or a later one."))
    if not rest_days or any(day.year != year for day in (*rest_days, *work_days)):
        raise Invalid("days_invalid", N_("Please give days of the year that is announced."))
    if set(rest_days) & set(work_days) or any(map(is_weekday, work_days)):
        raise Invalid("days_worked_anyway", N_("A day to be worked is a Saturday or Sunday, and no day of rest."))
    if not source.strip():
        raise Invalid("rule_source", N_("Please name the document that says so."))
    announced = WorkdayAnnouncement(
        area_code=area_code,
        year=year,
        rest_days=sorted({day.isoformat() for day in rest_days}),
        work_days=sorted({day.isoformat() for day in work_days}),
        source=source.strip()[:200],
        set_by_id=by.id,
        set_at=now,
    )
    db.session.add(announced)
    db.session.flush()
    recounted = recount_deadlines(area_code or "")
    audit.record(
        "registry.workdays_announced",
        "area",
        area_code or "",
        actor=by.public_id,
        at=now,
        year=year,
        rest_days=announced.rest_days,
        work_days=announced.work_days,
        recounted=recounted,
    )
    return announced


def recount_deadlines(area_code: str) -> int:
    """Count every provisional or missing deadline of an area again; answers how many there were."""
    reach, counted = Reach.everywhere(_WHY), 0
    cases = select(Case).where(
        Case.ended_on.is_(None), or_(Case.due_provisional, Case.due_on.is_(None)), within(Case.village_code, area_code)
    )
    for case in db.session.scalars(reach.over(cases.order_by(Case.id).with_for_update(key_share=True), Case.village_code)):
        # A notice, and the year of tracking, end the day before the next step may be taken: from there its term counts.
        begins_on = case.not_before_on - timedelta(days=1) if case.not_before_on else case.entered_on
        due = clocks.state_due(CaseKind(case.kind), CaseState(case.state), case.village_code, case.opened_on, begins_on)
        case.due_on, case.due_provisional = due
        counted += due.on is not None
    objections = select(Objection).where(
        Objection.state == ObjectionState.OPEN,
        or_(Objection.due_provisional, Objection.due_on.is_(None)),
        within(Objection.village_code, area_code),
    )
    for objection in db.session.scalars(reach.over(objections.order_by(Objection.id), Objection.village_code)):
        made_on = local_day(objection.made_at)
        objection.due_on, objection.due_provisional = clocks.due_day("objection.decide", objection.village_code, made_on)
        counted += 1
    alerts = select(ComparisonAlert).where(
        ComparisonAlert.state == AlertState.OPEN,
        or_(ComparisonAlert.due_provisional, ComparisonAlert.due_on.is_(None)),
        within(ComparisonAlert.village_code, area_code),
    )
    for alert in db.session.scalars(reach.over(alerts.order_by(ComparisonAlert.id), ComparisonAlert.village_code)):
        alert.due_on, alert.due_provisional = clocks.due_day("alert.look", alert.village_code, alert.raised_on)
        counted += 1
    db.session.flush()
    return counted
