"""Portal: calling goods back, following the answers, and looking at what seems odd."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, validate
from werkzeug.wrappers import Response

from marketplace.catalogue.models import Lot
from marketplace.catalogue.suspicions import settle_suspicion, suspicions_within
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, DomainError, NotFound
from marketplace.orders.models import Recall
from marketplace.orders.recall_states import RecallState
from marketplace.orders.recalls import (
    close_recall,
    get_recall,
    reach_of,
    recalls_listed,
    root_of,
    start_recall,
    tell_buyers,
    withdraw_recall,
)
from marketplace.web.access import account, allow
from marketplace.web.errors import errors_by_field, message_of, status_of
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.storefront.recalls import REPLIES
from marketplace.web.redirects import see_other
from marketplace.web.suspicion_words import shown_suspicion

blueprint = Blueprint("operator_recalls", __name__, url_prefix="/operator/recalls")

STATE_WORDS = {
    RecallState.STARTED: (N_("Blocked, waits for a second person"), "wait"),
    RecallState.TOLD: (N_("Buyers are told"), "bad"),
    RecallState.CLOSED: (N_("Ended"), "neutral"),
    RecallState.WITHDRAWN: (N_("Withdrawn"), "neutral"),
}


class StartForm(FormSchema):
    """What is called back, why, and what buyers are to do."""

    code = Text(required=True, validate=validate.Length(max=20), error_messages={"required": N_("Please give the code.")})
    reason = Text(required=True, error_messages={"required": N_("Please say why.")})
    advice = Text(required=True, error_messages={"required": N_("Please say what buyers are to do.")})


class LookForm(FormSchema):
    """The code of a lot or a box to look at before anything is done."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    code = Text(load_default=None, validate=validate.Length(max=20))


class WordsForm(FormSchema):
    """How it ended, or what it was."""

    words = Text(required=True, error_messages={"required": N_("Please say in a few words how it ended.")})


@blueprint.get("/")
@allow(RoleKind.OPERATOR)
def listed() -> str | tuple[str, int]:
    """Every recall, a form to start one, and what looks odd."""
    code = read_form(LookForm(), request.args)["code"]
    if code is None:
        return _page()
    try:
        lot, box = root_of(code)
    except NotFound as error:
        return _page({"code": code}, {"code": message_of(error)}), 404
    reach = reach_of(lot, box)
    preview = {"lots": len(reach.lot_ids), "lines": len(reach.lines), "households": len(reach.households)}
    return _page({"code": code}, preview=preview)


@blueprint.post("/")
@allow(RoleKind.OPERATOR)
def start() -> Response | tuple[str, int]:
    """Block a lot at once."""
    try:
        form = read_form(StartForm())
        with transaction():
            public_id = start_recall(form["code"], form["reason"], form["advice"], account(), now=clock.now()).public_id
    except DomainError as error:
        db.session.rollback()
        errors = errors_by_field(error)
        return _page(request.form, errors), status_of(error)
    flash(_("Its stock is blocked. A second person has to agree before buyers are told."), "success")
    return see_other(url_for("operator_recalls.recall", public_id=public_id))


@blueprint.get("/<public_id>")
@allow(RoleKind.OPERATOR)
def recall(public_id: str) -> str:
    """One recall: whom it concerns, and what they answered."""
    return _recall_page(get_recall(public_id), {})


@blueprint.post("/<public_id>/tell")
@allow(RoleKind.OPERATOR)
def tell(public_id: str) -> Response:
    """Agree as the second person: buyers are told."""
    read_form(FormSchema())
    with transaction():
        tell_buyers(public_id, account(), now=clock.now())
    flash(_("Every buyer and every seller is being told."), "success")
    return see_other(url_for("operator_recalls.recall", public_id=public_id))


@blueprint.post("/<public_id>/withdraw")
@allow(RoleKind.OPERATOR)
def withdraw(public_id: str) -> Response:
    """Find as the second person that nothing is wrong."""
    read_form(FormSchema())
    with transaction():
        withdraw_recall(public_id, account(), now=clock.now())
    flash(_("Withdrawn. The stock is on sale again."), "success")
    return see_other(url_for("operator_recalls.recall", public_id=public_id))


@blueprint.post("/<public_id>/close")
@allow(RoleKind.OPERATOR)
def close(public_id: str) -> Response | tuple[str, int]:
    """End a recall in words."""
    try:
        form = read_form(WordsForm())
        with transaction():
            close_recall(public_id, form["words"], account(), now=clock.now())
    except FormError as error:
        return _recall_page(get_recall(public_id), error.fields), 422
    flash(_("The recall has ended. What was left of the lot is written off."), "success")
    return see_other(url_for("operator_recalls.recall", public_id=public_id))


@blueprint.post("/odd/<public_id>")
@allow(RoleKind.OPERATOR)
def settle(public_id: str) -> Response:
    """Say what an oddity was."""
    form = read_form(WordsForm())
    with transaction():
        settle_suspicion(public_id, form["words"], None, actor=account().public_id, now=clock.now())
    flash(_("Written down."), "success")
    return see_other(url_for("operator_recalls.listed", _anchor="odd"))


def _page(
    form: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None, preview: Mapping[str, Any] | None = None
) -> str:
    return render_template(
        "operator/recalls.html",
        rows=[_row(row) for row in recalls_listed()],
        odd=[shown_suspicion(row, producer) for row, producer in suspicions_within(None, settled=False)],
        form=form or {},
        errors=errors or {},
        preview=preview,
    )


def _row(row: Recall) -> dict[str, Any]:
    words, tone = STATE_WORDS[RecallState(row.state)]
    return {
        "public_id": row.public_id,
        "reference": row.reference,
        "reason": row.reason,
        "advice": row.advice,
        "chip": (_(words), tone),
        "state": row.state,
        "started_at": row.started_at,
        "told": len(row.lines),
        "answered": sum(line.reply is not None for line in row.lines),
        "mine": row.started_by_id == account().id,
        "closing_words": row.closing_words,
    }


def _recall_page(row: Recall, errors: Mapping[str, str]) -> str:
    reach = reach_of(db.session.get_one(Lot, row.lot_id), row.box)
    return render_template(
        "operator/recall.html",
        recall=_row(row),
        lots=len(reach.lot_ids),
        below=len(reach.lines),
        households=len(reach.households),
        lines=[
            {
                "order": line.line.order.group.reference,
                "title": pick(line.line.title_zh, line.line.title_en),
                "quantity": line.line.quantity,
                "unit": line.line.unit,
                "reply": _(REPLIES[line.reply]) if line.reply else None,  # type: ignore[index]
                "paid_back_fen": line.claim.settled_fen if line.claim is not None else None,
            }
            for line in row.lines
        ],
        errors=errors,
    )
