"""Portal: what the operator sees of the machines: models and outgoing messages."""

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response

from marketplace.fields.keeping import RULES
from marketplace.identity.models import RoleKind
from marketplace.kernel import audit, clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.kernel.jobs import enqueue, is_waiting
from marketplace.kernel.locks import is_held
from marketplace.kernel.outbox.models import Channel, OutgoingMessage
from marketplace.kernel.outbox.posting import try_again
from marketplace.kernel.outbox.queries import Standing, count_by_standing, find_messages, get_message, standing
from marketplace.recommendations import versions
from marketplace.recommendations.jobs import train_nightly
from marketplace.recommendations.models import Failure, ModelKind, ModelState, ModelVersion, Stage
from marketplace.recommendations.queries import newest_model
from marketplace.web.access import account, allow
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.notices.harmless import masked
from marketplace.web.portals.operator import blueprint
from marketplace.web.redirects import see_other

_KINDS = {ModelKind.FIT: N_("Training"), ModelKind.FOLD_IN: N_("Hourly update")}
_STAGES = {
    Stage.READING: N_("reading what was bought"),
    Stage.LEARNING: N_("learning from it"),
    Stage.ORDERING: N_("putting the shop in order"),
}
_FAILURES = {
    Failure.NOTHING_TO_LEARN: N_("There was not enough to learn from: at least two consumers and two listings are needed."),
    Failure.INTERRUPTED: N_("The process was stopped before it was done. The next training takes up what it had finished."),
    Failure.NO_SPACE: N_("The disk is full. Make room in the data folder, then train again."),
    Failure.UNREADABLE: N_("The files of the model it was made from are damaged. The next training makes new ones."),
    Failure.UNEXPECTED: N_("Something went wrong that was not foreseen. The worker’s log says more."),
}
_STANDINGS = {
    Standing.WAITING: (N_("Waiting"), "wait"),
    Standing.SENT: (N_("Sent"), "good"),
    Standing.FAILED: (N_("Given up"), "bad"),
}


@blueprint.get("/models")
@allow(RoleKind.OPERATOR)
def models() -> str:
    """Which model the lists come from, what is being made, and what came of the last ones."""
    rows = versions.latest()
    serving = next((row for row in rows if row.state == ModelState.READY), None) or newest_model()
    running = next((row for row in rows if row.state == ModelState.TRAINING), None)
    at_work = running is not None and is_held(versions.LOCK)
    newest = rows[0] if rows else None
    return render_template(
        "operator/models.html",
        serving=serving,
        running=None if running is None else {"number": running.id, "at_work": at_work, **_progress(running)},
        failure=_(_FAILURES[Failure(newest.failure)]) if newest is not None and newest.failure is not None else None,
        waiting=is_waiting(train_nightly),
        rows=[_version(row, at_work=at_work) for row in rows],
    )


def _progress(version: ModelVersion) -> dict[str, Any]:
    done = list(_STAGES).index(Stage(version.stage))
    return {
        "stage": _(_STAGES[Stage(version.stage)]),
        "step": done + 1,
        "steps": len(_STAGES),
        "width": 100 * done // len(_STAGES),
    }


def _version(version: ModelVersion, *, at_work: bool) -> dict[str, Any]:
    states = {
        ModelState.READY: (_("Ready"), "good"),
        ModelState.FAILED: (_("Failed"), "bad"),
        ModelState.TRAINING: (_("Being made"), "wait") if at_work else (_("Interrupted"), "bad"),
    }
    seconds = None if version.ended_at is None else (version.ended_at - version.began_at).total_seconds()
    return {
        "number": version.id,
        "kind": _(_KINDS[ModelKind(version.kind)]),
        "state": states[ModelState(version.state)],
        "events": version.events if version.state == ModelState.READY else None,
        "began_at": version.began_at,
        "took": None if seconds is None else _("%(number)s s", number=f"{max(seconds, 0):.0f}"),
        "note": _(_FAILURES[Failure(version.failure)]) if version.failure is not None else None,
    }


@blueprint.post("/models/train")
@allow(RoleKind.OPERATOR)
def train_now() -> Response:
    """Have a training begun by the next free worker."""
    read_form(FormSchema())
    now = clock.now()
    with transaction():
        if is_waiting(train_nightly):
            said = _("A training is waiting already.")
        else:
            enqueue(train_nightly, timestamp=int(now.timestamp()))
            actor = account().public_id
            audit.record("training.asked", "model", "next", actor=actor, at=now)
            said = _("The training begins as soon as a worker is free. You can leave this page.")
    flash(said, "success")
    return see_other(url_for("operator.models"))


class OutboxQuery(FormSchema):
    """What the outbox is searched for."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    q = Text(load_default="", validate=validate.Length(max=120, error=N_("Please search with fewer words.")))
    state = fields.Enum(Standing, by_value=fields.String(), load_default=None)


@blueprint.get("/outbox")
@allow(RoleKind.OPERATOR)
def outbox() -> str:
    """Messages that have left, wait, or were given up, newest first."""
    asked = read_form(OutboxQuery(), request.args)
    counts = count_by_standing()
    return render_template(
        "operator/outbox.html",
        q=asked["q"],
        tabs=[
            {"label": _("All"), "count": sum(counts.values()), "active": asked["state"] is None, "state": None},
            *(
                {"label": _(words), "count": counts[state], "active": state is asked["state"], "state": state.value}
                for state, (words, _tone) in _STANDINGS.items()
            ),
        ],
        rows=[_message(row) for row in find_messages(asked["q"], asked["state"])],
        given_up=counts[Standing.FAILED],
        days_kept=RULES["message"].days_on(clock.local_day(clock.now())),
    )


def _message(message: OutgoingMessage) -> dict[str, Any]:
    words, tone = _STANDINGS[standing(message)]
    return {
        "subject": message.subject,
        "url": url_for("operator.message", public_id=message.public_id),
        "recipient": masked(message.recipient) if message.channel == Channel.SMS else message.recipient,
        "state": (_(words), tone),
        "created_at": message.created_at,
        "attempts": message.attempts,
        "error": message.last_error or None,
    }


@blueprint.get("/outbox/<public_id>")
@allow(RoleKind.OPERATOR)
def message(public_id: str) -> str:
    """One message as its reader gets it."""
    found = get_message(public_id)
    return render_template(
        "operator/message.html", message=found, shown=_message(found), given_up=standing(found) is Standing.FAILED
    )


@blueprint.post("/outbox/<public_id>/again")
@allow(RoleKind.OPERATOR)
def send_again(public_id: str) -> Response:
    """Try a message once more that was given up."""
    read_form(FormSchema())
    now = clock.now()
    with transaction():
        tried = try_again(get_message(public_id), now=now)
        if tried:
            audit.record("message.again", "message", public_id, actor=account().public_id, at=now)
    flash(
        _("It will be tried again within a minute.") if tried else _("This message was not given up."),
        "success" if tried else "info",
    )
    return see_other(url_for("operator.message", public_id=public_id))
