"""What somebody makes of a flag: explained, confirmed, or a visit to see for oneself."""

from datetime import datetime, timedelta

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.forms.quality import REVISIT
from marketplace.registry.models import FlagState, FormSubmission, Household, VisitCause, VisitOrder
from marketplace.registry.rules import rule
from marketplace.registry.visits import order_visit

REASON = N_("Something about a form is odd: please see whether the file is right.")


def decide_flag(submission: FormSubmission, kind: str, state: FlagState, note: str, *, by: Account, now: datetime) -> None:
    """Say what a flag was about. It changes nothing in the file.

    Raises
    ------
    Forbidden
        ``own_submission``: nobody explains what is odd about their own forms.
    NotFound
        ``flag_unknown``.
    Conflict
        ``flag_decided``.
    """
    if submission.by_id == by.id:
        raise Forbidden("own_submission", N_("Somebody else looks at what you have sent."))
    flag = next((flag for flag in submission.flags if flag.kind == kind), None)
    if flag is None:
        raise NotFound("flag_unknown", N_("There is no such flag."))
    db.session.refresh(flag, with_for_update=True)
    if flag.state != FlagState.OPEN:
        raise Conflict("flag_decided", N_("Somebody has decided this already."))
    flag.state, flag.note, flag.decided_by_id, flag.decided_at = state, note.strip(), by.id, now
    db.session.flush()
    audit.record(
        "forms.flag_decided", "form_submission", submission.public_id, actor=by.public_id, at=now, kind=kind, state=state
    )


def see_again(submission: FormSubmission, *, now: datetime) -> VisitOrder | None:
    """Have somebody else than the sender go to the household; None when that is ordered already.

    Raises
    ------
    Invalid
        ``household_missing`` for a submission of which no household is known.
    """
    if submission.household_id is None:
        raise Invalid("household_missing", N_("No household is known of this submission."))
    household = db.session.get_one(Household, submission.household_id)
    today = local_day(now)
    days = rule(REVISIT, household.village_code, today).value["days"]
    return order_visit(
        household,
        VisitCause.QUALITY,
        due_on=today + timedelta(days=days),
        now=now,
        asked_for=submission.public_id,
        reason=REASON,
        not_by=submission.by_id,
    )
