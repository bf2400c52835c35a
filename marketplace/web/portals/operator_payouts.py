"""Portal: the operator pays out: batches, their approval by a second person, the file for the bank and the bank's answer."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from marshmallow import fields, validate
from werkzeug.wrappers import Response as AnyResponse

from marketplace.catalogue.queries import producer_names
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import account_names
from marketplace.kernel import audit, clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.steps import step
from marketplace.orders.shares import producer_account
from marketplace.payments.bank_file import (
    BOOKED,
    COLUMNS,
    RowReport,
    Verdict,
    bank_rows,
    book_answer,
    check_answer,
    read_answer,
)
from marketplace.payments.gateway import payout_ways
from marketplace.payments.models import PayoutBatch, PayoutLine, PayoutWay
from marketplace.payments.paying_out import send_batch
from marketplace.payments.payout_queries import (
    BatchSummary,
    get_batch,
    lock_line,
    newest_batches,
    payable_balances,
    sharing_an_account,
)
from marketplace.payments.payout_states import BatchState, LineState
from marketplace.payments.payouts import (
    MINIMUM_FEN,
    approve_batch,
    confirm_line,
    discard_batch,
    draft_batch,
    return_line,
)
from marketplace.web.access import account, allow
from marketplace.web.csv_files import csv_response, csv_text, harmless
from marketplace.web.errors import message_of
from marketplace.web.filters import masked
from marketplace.web.forms import FormSchema, Text, Yuan, read_form
from marketplace.web.languages import pick
from marketplace.web.redirects import see_other

blueprint = Blueprint("payouts", __name__, url_prefix="/payouts")

_VERDICTS = {
    Verdict.PAID: (N_("paid"), "good"),
    Verdict.RETURNED: (N_("came back"), "wait"),
    Verdict.KNOWN: (N_("known already"), "neutral"),
    Verdict.UNKNOWN_REFERENCE: (N_("no line of this batch has this reference"), "bad"),
    Verdict.TWICE: (N_("this reference stands in the file twice"), "bad"),
    Verdict.WRONG_AMOUNT: (N_("the amount is not that of the line"), "bad"),
    Verdict.NO_RESULT: (N_("the result is neither paid nor returned"), "bad"),
    Verdict.NO_BANK_REFERENCE: (N_("the bank’s reference is missing"), "bad"),
    Verdict.NO_REASON: (N_("the reason is missing"), "bad"),
    Verdict.REFUSED: (N_("the line is known otherwise; somebody has to look"), "bad"),
}


class DraftForm(FormSchema):
    """Which way, and from which amount on."""

    way = fields.Enum(PayoutWay, by_value=True, required=True)
    minimum = Yuan(required=True)


class ConfirmForm(FormSchema):
    """The bank's own name for what it has paid."""

    bank_reference = Text(required=True, validate=validate.Length(max=64))


class ReturnForm(FormSchema):
    """Why money has come back."""

    reason = Text(required=True, validate=validate.Length(max=200))


class AnswerForm(FormSchema):
    """The bank's answer as text, from the page that showed what it would do."""

    answer = fields.String(required=True)


@blueprint.get("")
@allow(RoleKind.OPERATOR)
def batches() -> str:
    """What can be paid out, and the batches made so far."""
    payable = payable_balances(MINIMUM_FEN, owed=producer_account(""))
    names = _names()
    ways = {PayoutWay.BANK.value: _("By bank file"), PayoutWay.STRIPE.value: _("By Stripe")}
    return render_template(
        "operator/payouts.html",
        ready_fen=sum(fen for _code, fen, payee in payable if payee is not None),
        ready=sum(payee is not None for _code, _fen, payee in payable),
        nowhere=[
            {"name": names.get(code, code), "amount_fen": fen, "url": url_for("operator.ledger.account", code=code)}
            for code, fen, payee in payable
            if payee is None
        ],
        ways=[(way, ways[way]) for way in payout_ways()],
        minimum=f"{MINIMUM_FEN // 100}",
        batches=[_summary(row) for row in newest_batches()],
    )


def _names() -> dict[str, str]:
    return {producer_account(public_id): pick(zh, en) for public_id, (zh, en) in producer_names().items()}


def _summary(row: BatchSummary) -> dict[str, Any]:
    return {
        "reference": row.batch.reference,
        "url": url_for("operator_money.payouts.batch", public_id=row.batch.public_id),
        "drafted_at": row.batch.drafted_at,
        "lines": row.lines,
        "amount_fen": row.total_fen,
        "chip": batch_chip(row.batch),
    }


def batch_chip(batch: PayoutBatch) -> tuple[str, str]:
    """Where a batch stands, in words, and the tone of its chip."""
    return {
        BatchState.DRAFTED: (_("Waits for a second person"), "wait"),
        BatchState.APPROVED: (_("Approved, not sent"), "wait"),
        BatchState.SENT: (_("Sent"), "info"),
        BatchState.CLOSED: (_("Done"), "good"),
        BatchState.DISCARDED: (_("Discarded"), "neutral"),
    }[BatchState(batch.state)]


@blueprint.post("")
@allow(RoleKind.OPERATOR)
def draft() -> AnyResponse:
    """Make a batch of everything payable."""
    form = read_form(DraftForm())
    with transaction():
        made = draft_batch(form["way"], form["minimum"], actor=account().public_id, now=clock.now())
        public_id = made.public_id
    step("payout.batch_committed")
    flash(_("The batch is made. Somebody else has to approve it."), "success")
    return _to(public_id)


def _to(public_id: str) -> AnyResponse:
    return see_other(url_for("operator_money.payouts.batch", public_id=public_id))


@blueprint.get("/<public_id>")
@allow(RoleKind.OPERATOR)
def batch(public_id: str) -> str:
    """One batch: who made and approved it, its lines, and what can be done."""
    return _batch_page(get_batch(public_id))


def _batch_page(found: PayoutBatch, reports: Sequence[RowReport] = (), answer: str = "", error: str | None = None) -> str:
    people = account_names([who for who in (found.drafted_by, found.approved_by) if who])
    names, shared = _names(), sharing_an_account([line.ledger_code for line in found.lines])
    sums = {state: sum(line.amount_fen for line in found.lines if line.state == state) for state in LineState}
    return render_template(
        "operator/payout_batch.html",
        batch=found,
        chip=batch_chip(found),
        people=people,
        own=found.drafted_by == account().public_id,
        total_fen=sum(line.amount_fen for line in found.lines),
        sums=[(label, sums[state]) for state, label in _line_words().items() if sums[state]],
        lines=[_line(line, names, shared) for line in found.lines],
        shared=len(shared),
        by_file=found.way == PayoutWay.BANK,
        reports=[_report(report) for report in reports],
        right=sum(report.verdict in BOOKED for report in reports),
        answer=answer,
        error=error,
    )


def _line_words() -> dict[LineState, str]:
    return {
        LineState.WAITING: _("On its way"),
        LineState.PAID: _("Paid"),
        LineState.RETURNED: _("Came back"),
        LineState.WITHDRAWN: _("Not sent"),
    }


def _line(line: PayoutLine, names: dict[str, str], shared: set[str]) -> dict[str, Any]:
    tones = {LineState.WAITING: "wait", LineState.PAID: "good", LineState.RETURNED: "bad", LineState.WITHDRAWN: "neutral"}
    state = LineState(line.state)
    return {
        "public_id": line.public_id,
        "reference": line.reference,
        "name": names.get(line.ledger_code, line.ledger_code),
        "amount_fen": line.amount_fen,
        "chip": (_line_words()[state], tones[state]),
        "to": " ".join(part for part in (line.bank, masked(line.last_four)) if part),
        "bank_reference": line.bank_reference,
        "return_reason": line.return_reason,
        "shared": line.ledger_code in shared,
        "changed_at": line.account_changed_at,
        "waiting": state is LineState.WAITING,
        "can_come_back": state in (LineState.WAITING, LineState.PAID),
    }


def _report(report: RowReport) -> dict[str, Any]:
    words, tone = _VERDICTS[report.verdict]
    text = _(report.message) if report.message else _(words)
    row = report.row
    return {"number": row.number, "reference": row.reference[:40], "amount": row.amount[:20], "chip": (text, tone)}


@blueprint.post("/<public_id>/approve")
@allow(RoleKind.OPERATOR)
def approve(public_id: str) -> AnyResponse:
    """Approve a batch that somebody else has made."""
    read_form(FormSchema())
    with transaction():
        news = approve_batch(get_batch(public_id, lock=True), actor=account().public_id, now=clock.now())
    flash(_("Approved. It can be sent now.") if news else _("It had been approved already."), "success" if news else "info")
    return _to(public_id)


@blueprint.post("/<public_id>/discard")
@allow(RoleKind.OPERATOR)
def discard(public_id: str) -> AnyResponse:
    """Give up a batch that has not been sent."""
    read_form(FormSchema())
    with transaction():
        discard_batch(get_batch(public_id, lock=True), actor=account().public_id, now=clock.now())
    flash(_("Discarded. All of its money is payable again."), "success")
    return _to(public_id)


@blueprint.post("/<public_id>/send")
@allow(RoleKind.OPERATOR)
def send(public_id: str) -> AnyResponse:
    """Let an approved batch out of the house."""
    read_form(FormSchema())
    news = send_batch(public_id, actor=account().public_id, now=clock.now())
    flash(_("The batch is sent.") if news else _("It had been sent already."), "success" if news else "info")
    return _to(public_id)


@blueprint.post("/<public_id>/file")
@allow(RoleKind.OPERATOR)
def bank_file(public_id: str) -> Response:
    """The file for the bank with what is on its way. It holds whole account numbers, so each download is recorded."""
    read_form(FormSchema())
    with transaction():
        found = get_batch(public_id)
        if found.way != PayoutWay.BANK or found.state != BatchState.SENT:
            raise Conflict("no_bank_file", N_("There is a file for the bank when a batch has been sent and is not done."))
        rows = bank_rows(found.lines, harmless)
        actor, name = account().public_id, f"payout-{found.reference}.csv"
        audit.record("payout.file_downloaded", "payout_batch", public_id, actor=actor, at=clock.now(), lines=len(rows))
    response = csv_response(csv_text(COLUMNS, rows), name)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/<public_id>/answer")
@allow(RoleKind.OPERATOR)
def answer(public_id: str) -> str | tuple[str, int]:
    """Read the bank's answer and show, row by row, what booking it would do; nothing is changed."""
    read_form(FormSchema())
    found = get_batch(public_id)
    file = request.files.get("file")
    try:
        rows = read_answer(file.read() if file is not None else b"")
    except Invalid as error:
        return _batch_page(found, error=message_of(error)), 422
    kept = csv_text(
        ("reference", "amount", "result", "bank_reference", "reason"),
        [(row.reference, row.amount, row.result, row.bank_reference, row.reason) for row in rows],
    )
    return _batch_page(found, check_answer(found, rows), kept)


@blueprint.post("/<public_id>/answer/book")
@allow(RoleKind.OPERATOR)
def answer_book(public_id: str) -> AnyResponse:
    """Book the rows of the bank's answer that are right."""
    rows = read_answer(read_form(AnswerForm())["answer"].encode())
    with transaction():
        reports = book_answer(get_batch(public_id, lock=True), rows, actor=account().public_id, now=clock.now())
    booked = sum(report.verdict in BOOKED for report in reports)
    flash(ngettext("%(num)d row was booked.", "%(num)d rows were booked.", booked), "success" if booked else "info")
    left = sum(report.verdict not in (*BOOKED, Verdict.KNOWN) for report in reports)
    if left:
        flash(
            ngettext(
                "%(num)d row was left out; check the file again.", "%(num)d rows were left out; check the file again.", left
            ),
            "warning",
        )
    return _to(public_id)


@blueprint.post("/lines/<public_id>/confirm")
@allow(RoleKind.OPERATOR)
def confirm(public_id: str) -> AnyResponse:
    """Note that the bank has paid a line."""
    reference = read_form(ConfirmForm())["bank_reference"]
    with transaction():
        line = lock_line(public_id)
        news = confirm_line(line, reference, actor=account().public_id, now=clock.now())
        batch_id = line.batch.public_id
    flash(_("Noted: paid.") if news else _("It had been noted already."), "success" if news else "info")
    return _to(batch_id)


@blueprint.post("/lines/<public_id>/return")
@allow(RoleKind.OPERATOR)
def come_back(public_id: str) -> AnyResponse:
    """Note that the money of a line has come back."""
    reason = read_form(ReturnForm())["reason"]
    with transaction():
        line = lock_line(public_id)
        news = return_line(line, reason, actor=account().public_id, now=clock.now())
        batch_id = line.batch.public_id
    text = _("Noted: it came back, and is payable again.") if news else _("It had been noted already.")
    flash(text, "success" if news else "info")
    return _to(batch_id)
