"""Paying out by a file that a person hands to the bank, and reading the file that the bank answers with.

Both are CSV with a header. Ours has a row for each line: reference, holder, bank, account, amount in yuan. The bank's has the
reference and the amount again, a result (``paid`` or ``returned``), and its own reference or its reason.
"""

import csv
import enum
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.kernel.errors import N_, DomainError, Invalid
from marketplace.kernel.money import fen_of_yuan, plain_yuan
from marketplace.kernel.tables import decoded
from marketplace.payments.gateway import PayoutAnswer, PayoutRequest, PayoutState, ProviderRefused
from marketplace.payments.models import PayoutBatch, PayoutLine
from marketplace.payments.payout_states import LineState
from marketplace.payments.payouts import confirm_line, return_line

COLUMNS = ("reference", "holder", "bank", "account", "amount")
ANSWERED = ("reference", "amount", "result", "bank_reference", "reason")
MOST_ROWS = 5_000
_UNREADABLE = N_("This file cannot be read as a table.")
_ACCOUNT = re.compile(r"[0-9]{8,30}")
_RESULTS = {"paid": LineState.PAID, "returned": LineState.RETURNED, "成功": LineState.PAID, "退回": LineState.RETURNED}


class BankFileProvider:
    """Pays out by file: it takes a line on when the file can carry it, and the bank answers later."""

    name = "bank file"

    def pay_out(self, request: PayoutRequest) -> PayoutAnswer:
        """Take a line on; the money is on its way once a person has handed the file over."""
        if not _ACCOUNT.fullmatch(request.destination):
            raise ProviderRefused("the account number is not one of a bank")
        return PayoutAnswer("", PayoutState.WAITING)

    def adopt_payout(self, request: PayoutRequest) -> PayoutAnswer | None:
        """None: taking a line on twice is taking it on once."""
        return None


def bank_rows(lines: Sequence[PayoutLine], harmless: Callable[[str], str]) -> list[list[str]]:
    """The rows of the file for the bank: what is on its way. ``harmless`` keeps a spreadsheet from running a name."""
    return [
        [line.reference, harmless(line.holder), harmless(line.bank), line.number, plain_yuan(line.amount_fen)]
        for line in lines
        if line.state == LineState.WAITING
    ]


class Verdict(enum.StrEnum):
    """What is to be thought of a row of the bank's answer; only the first two change anything."""

    PAID = "paid"
    RETURNED = "returned"
    KNOWN = "known"
    UNKNOWN_REFERENCE = "unknown_reference"
    TWICE = "twice"
    WRONG_AMOUNT = "wrong_amount"
    NO_RESULT = "no_result"
    NO_BANK_REFERENCE = "no_bank_reference"
    NO_REASON = "no_reason"
    REFUSED = "refused"


BOOKED = (Verdict.PAID, Verdict.RETURNED)


@dataclass(frozen=True)
class AnswerRow:
    """A row as the bank wrote it, at its line of the file."""

    number: int
    reference: str
    amount: str
    result: str
    bank_reference: str
    reason: str


@dataclass(frozen=True)
class RowReport:
    """A row, the verdict on it, and, where our own rules refuse it, their message."""

    row: AnswerRow
    verdict: Verdict
    message: str | None = None


def read_answer(body: bytes) -> list[AnswerRow]:
    """The rows of the bank's file, in UTF-8 or, as many banks write, GB 18030.

    Raises
    ------
    Invalid
        ``answer_unreadable`` for what is neither, ``answer_columns`` when columns are missing, ``answer_empty`` without a row,
        ``answer_too_long`` for more than 5,000.
    """
    text = decoded(body)
    if text is None or "\0" in text:
        raise Invalid("answer_unreadable", _UNREADABLE)
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        missing = [name for name in ANSWERED if name not in (reader.fieldnames or ())]
        if missing:
            columns = ", ".join(missing)
            raise Invalid("answer_columns", N_("The file lacks these columns: %(columns)s."), columns=columns)
        rows = []
        for row in reader:
            if len(rows) == MOST_ROWS:
                raise Invalid("answer_too_long", N_("The file has more than %(most)s rows."), most=MOST_ROWS)
            values = [(row[name] or "").strip() for name in ANSWERED]
            rows.append(AnswerRow(reader.line_num, *values))
    except csv.Error:
        raise Invalid("answer_unreadable", _UNREADABLE) from None
    if not rows:
        raise Invalid("answer_empty", N_("The file has no rows."))
    return rows


def check_answer(batch: PayoutBatch, rows: Sequence[AnswerRow]) -> list[RowReport]:
    """What booking the rows would do, row by row; changes nothing."""
    lines, seen, reports = {line.reference: line for line in batch.lines}, set[str](), []
    used = {line.bank_reference: line.reference for line in batch.lines if line.bank_reference}
    for row in rows:
        verdict = _verdict(row, lines, seen, used)
        seen.add(row.reference)
        if verdict is Verdict.PAID:
            used[row.bank_reference] = row.reference
        reports.append(RowReport(row, verdict))
    return reports


def _verdict(row: AnswerRow, lines: Mapping[str, PayoutLine], seen: set[str], used: Mapping[str, str]) -> Verdict:
    line, result = lines.get(row.reference), _RESULTS.get(row.result)
    if line is None:
        return Verdict.UNKNOWN_REFERENCE
    if row.reference in seen:
        return Verdict.TWICE
    if fen_of_yuan(row.amount) != line.amount_fen:
        return Verdict.WRONG_AMOUNT
    if result is None:
        return Verdict.NO_RESULT
    if result is LineState.PAID:
        if not 0 < len(row.bank_reference) <= 64:
            return Verdict.NO_BANK_REFERENCE
        if line.state == LineState.PAID and line.bank_reference == row.bank_reference:
            return Verdict.KNOWN
        if line.state != LineState.WAITING or used.get(row.bank_reference, row.reference) != row.reference:
            return Verdict.REFUSED
        return Verdict.PAID
    if not row.reason:
        return Verdict.NO_REASON
    if line.state == LineState.RETURNED:
        return Verdict.KNOWN
    return Verdict.RETURNED if line.state in (LineState.WAITING, LineState.PAID) else Verdict.REFUSED


def book_answer(batch: PayoutBatch, rows: Sequence[AnswerRow], *, actor: str, now: datetime) -> list[RowReport]:
    """Book the rows that are right into a locked batch, and leave the others for people; answers what was done, row by row.

    One wrong row must not keep five hundred families from being told that their money has come.
    """
    lines = {line.reference: line for line in batch.lines}
    booked = []
    for report in check_answer(batch, rows):
        row = report.row
        try:
            if report.verdict is Verdict.PAID:
                confirm_line(lines[row.reference], row.bank_reference, actor=actor, now=now)
            elif report.verdict is Verdict.RETURNED:
                return_line(lines[row.reference], row.reason[:200], actor=actor, now=now)
            booked.append(report)
        except DomainError as error:
            booked.append(RowReport(row, Verdict.REFUSED, error.message))
    return booked
