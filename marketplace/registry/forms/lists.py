"""Lists of submissions and of what is odd about them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.registry.models import FlagState, FormSubmission, Household, SubmissionFlag, SubmissionState
from marketplace.registry.reading import Reach, unbounded

_JOB = "submissions that nobody has in hand"
PAGE = 50


def left_waiting(before: datetime, *, most: int = 500) -> Sequence[int]:
    """Submissions that came before a moment and are still to be taken in."""
    query = select(FormSubmission.id).where(
        FormSubmission.state == SubmissionState.WAITING, FormSubmission.received_at <= before
    )
    return db.session.scalars(unbounded(query.order_by(FormSubmission.id).limit(most), _JOB)).all()


def without_files(before: datetime) -> Sequence[FormSubmission]:
    """Submissions that came before a moment and still lack files."""
    query = select(FormSubmission).where(
        FormSubmission.state == SubmissionState.INCOMPLETE, FormSubmission.received_at <= before
    )
    return db.session.scalars(unbounded(query.order_by(FormSubmission.id).with_for_update(), _JOB)).all()


def submissions_within(reach: Reach, *, which: str = "all", page: int = 1) -> tuple[Sequence[FormSubmission], bool]:
    """A page of submissions, newest first, and whether there are more; ``which`` is all, flagged or failed."""
    query = select(FormSubmission).options(
        joinedload(FormSubmission.by), joinedload(FormSubmission.version), selectinload(FormSubmission.flags)
    )
    if which == "flagged":
        query = query.where(FormSubmission.flags.any(SubmissionFlag.state == FlagState.OPEN))
    if which == "failed":
        query = query.where(FormSubmission.state.in_((SubmissionState.FAILED, SubmissionState.UNREADABLE)))
    ordered = query.order_by(FormSubmission.received_at.desc(), FormSubmission.id.desc())
    rows = db.session.scalars(reach.over(ordered.limit(PAGE + 1).offset((page - 1) * PAGE), FormSubmission.area_code)).all()
    return rows[:PAGE], len(rows) > PAGE


def submission_counts(reach: Reach) -> dict[str, int]:
    """How many submissions there are, how many have a flag that nobody has looked at, and how many were not taken in."""
    flagged = FormSubmission.flags.any(SubmissionFlag.state == FlagState.OPEN)
    failed = or_(FormSubmission.state == SubmissionState.FAILED, FormSubmission.state == SubmissionState.UNREADABLE)
    query = select(func.count(), func.count().filter(flagged), func.count().filter(failed)).select_from(FormSubmission)
    everything, odd, bad = db.session.execute(reach.over(query, FormSubmission.area_code)).one()
    return {"all": everything, "flagged": odd, "failed": bad}


def short_codes(household_ids: Iterable[int | None]) -> dict[int | None, str]:
    """The last digits of households' codes, by which a village knows them."""
    rows = db.session.execute(select(Household.id, Household.code).where(Household.id.in_(set(household_ids) - {None})))
    return {household_id: code[12:] for household_id, code in rows}


def get_submission_within(public_id: str, reach: Reach) -> FormSubmission:
    """The submission, when it lies within the reach; outside it is as absent as one that does not exist."""
    query = reach.over(select(FormSubmission).where(FormSubmission.public_id == public_id), FormSubmission.area_code)
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("submission_unknown", N_("There is no such submission."))
    return found
