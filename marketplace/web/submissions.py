"""Filled-in forms at the edge: kept in one transaction, taken into the file in the next, so that neither can undo the other."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from marketplace.identity.models import Account
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, DomainError, Invalid
from marketplace.kernel.jobs import job
from marketplace.kernel.steps import step
from marketplace.registry.forms.lists import left_waiting, without_files
from marketplace.registry.forms.processing import note_failure, process
from marketplace.registry.forms.receiving import receive, stop_waiting_for_files
from marketplace.registry.models import FormSubmission, SubmissionState
from marketplace.web.uploads import households_folder

_log = logging.getLogger("marketplace.submissions")

# After this time a process that had it in hand is dead, and a photo that has not come was deleted on the phone.
TAKEN_UP_AGAIN = timedelta(minutes=5)
FILES_AWAITED = timedelta(days=3)


def take(raw: bytes, form: str, media: Mapping[str, bytes], *, by: Account, channel: str, now: datetime) -> FormSubmission:
    """Keep what a device has sent and, when all of it is there, take it into the household's file.

    Raises
    ------
    DomainError
        When it could not be kept. What goes wrong afterwards is written on the submission.
    """
    with transaction():
        submission = receive(raw, form, media, by=by, channel=channel, now=now)
        step("submission.kept")
        submission_id, state = submission.id, submission.state
    step("submission.committed")
    return take_in(submission_id, now=now) if state == SubmissionState.WAITING else submission


def take_in(submission_id: int, *, now: datetime) -> FormSubmission:
    """Take a kept submission into the file, or write down why that could not be done."""
    try:
        with transaction():
            submission = process(submission_id, households_folder(), now=now)
            step("submission.taken_in")
            return submission
    except DomainError as error:
        with transaction():
            return note_failure(submission_id, error)


@job("forms.take_up", every="*/5 * * * *", lock="forms.take_up")
def take_up(timestamp: int) -> None:
    """Every five minutes, take up what a process that died had in hand, and go on without files that nobody sends any more."""
    take_up_waiting(now=datetime.fromtimestamp(timestamp, UTC))


def take_up_waiting(*, now: datetime) -> int:
    """Answers how many were taken up."""
    with transaction():
        for submission in without_files(now - FILES_AWAITED):
            stop_waiting_for_files(submission)
        waiting = left_waiting(now - TAKEN_UP_AGAIN)
    for submission_id in waiting:
        _take_in_or_give_up(submission_id, now)
    return len(waiting)


def _take_in_or_give_up(submission_id: int, now: datetime) -> None:
    """One that fails in a way that nobody foresaw is set aside, so that it holds up none of the others."""
    try:
        take_in(submission_id, now=now)
    except Exception:
        _log.exception("submission %s was not taken in", submission_id)
        with transaction():
            note_failure(submission_id, Invalid("unexpected", N_("Something went wrong on our side. It can be tried again.")))
