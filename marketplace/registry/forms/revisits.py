"""A sample of each collector's households of a week is visited again by somebody else; who is drawn, anybody can draw again."""

import hashlib
import math
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from marketplace.kernel import audit
from marketplace.kernel.clock import day_bounds, local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.registry.forms.quality import REVISIT
from marketplace.registry.models import FormSubmission, Household, RevisitDraw, SubmissionState, VisitCause
from marketplace.registry.reading import unbounded
from marketplace.registry.rules import rule
from marketplace.registry.visits import order_visit

_JOB = "the weekly sample of every collector"
REASON = N_("Drawn by lot from the forms of a week: please see whether the file is right.")


def draw(seed: str, of: Sequence[str], share: float) -> list[str]:
    """The drawn part of a list: those whose SHA-256 with the seed is smallest, a share rounded up, and one at the least.

    >>> draw("2026-06-08:abc", ["a", "b", "c", "d"], 0.25) == draw("2026-06-08:abc", ["d", "c", "b", "a"], 0.25)
    True
    """
    many = min(len(of), max(1, math.ceil(share * len(of))))
    return sorted(of, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())[:many] if of else []


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def draw_week(week_on: date, *, now: datetime) -> list[RevisitDraw]:
    """Draw from the week that begins on a Monday, once for each collector, and order the visits.

    Households count, not forms, so that nobody makes a household less likely to be seen by sending it twice. The seed is made
    with the draw: a device chooses its instance ids, and one that knew the seed could choose them so as not to be drawn.
    """
    begin, end = day_bounds(week_on, week_on + timedelta(days=6))
    query = (
        select(FormSubmission)
        .where(FormSubmission.state == SubmissionState.DONE, FormSubmission.done_at >= begin, FormSubmission.done_at < end)
        .order_by(FormSubmission.by_id, FormSubmission.id)
    )
    by_collector: dict[int, dict[int, FormSubmission]] = {}
    for submission in db.session.scalars(unbounded(query, _JOB)):
        by_collector.setdefault(submission.by_id, {}).setdefault(submission.household_id or 0, submission)
    drawn = set(db.session.scalars(select(RevisitDraw.collector_id).where(RevisitDraw.week_on == week_on)))
    return [_draw(week_on, list(forms.values()), now) for by, forms in by_collector.items() if by not in drawn]


def _draw(week_on: date, forms: list[FormSubmission], now: datetime) -> RevisitDraw:
    collector = forms[0].by
    parameters = rule(REVISIT, forms[0].area_code, week_on).value
    seed = secrets.token_hex(16)
    by_name = {form.instance_id: form for form in forms}
    names = draw(seed, list(by_name), parameters["share"])
    due_on = local_day(now) + timedelta(days=parameters["days"])
    for name in names:
        household = db.session.get_one(Household, by_name[name].household_id)
        order_visit(
            household,
            VisitCause.QUALITY,
            due_on=due_on,
            now=now,
            asked_for=by_name[name].public_id,
            reason=REASON,
            not_by=collector.id,
        )
    made = RevisitDraw(
        collector_id=collector.id,
        week_on=week_on,
        seed=seed,
        share=parameters["share"],
        of=sorted(by_name),
        drawn=names,
        drawn_at=now,
    )
    db.session.add(made)
    db.session.flush()
    audit.record(
        "forms.revisits_drawn", "account", collector.public_id, actor="clock", at=now, week=week_on.isoformat(), seed=seed
    )
    return made
