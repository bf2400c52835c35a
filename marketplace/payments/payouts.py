"""Paying out: batches of everything payable, and what becomes of each line.

The money of a line leaves its owner's ledger account when the batch is made, so that no second batch can take it, and stands in
``payouts_in_transit`` until the line is confirmed (then ``paid_out``) or comes back to its owner, by a transfer of its own.
What is promised back to a buyer afterwards makes the owner's balance smaller or negative, and the next batch pays so much less.
The caller holds the batch's lock.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text

from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.steps import step
from marketplace.ledger.service import post_transfer
from marketplace.payments.models import PayeeAccount, PayoutBatch, PayoutLine, PayoutWay
from marketplace.payments.payout_queries import payable_balances
from marketplace.payments.payout_states import BATCHES, LINES, BatchAction, BatchState, LineAction, LineState

IN_TRANSIT = "payouts_in_transit"
PAID_OUT = "paid_out"
# Ten yuan: a bank takes a fee for each line, and nobody walks to the bank for less.
MINIMUM_FEN = 1_000
# What a bank's system takes in one file, and what a person can look through.
MOST_LINES = 500


def draft_batch(way: PayoutWay, minimum_fen: int, *, actor: str, now: datetime) -> PayoutBatch:
    """Make a batch of every balance of at least that much whose owner has said where it goes, and take the money for it.

    Raises
    ------
    Invalid
        ``minimum_invalid`` for a minimum of nothing.
    Conflict
        ``nothing_payable`` when no balance is as large.
    """
    if minimum_fen <= 0:
        raise Invalid("minimum_invalid", N_("The smallest amount to pay out must be more than nothing."))
    # Whoever drafts second sees what the first one has taken.
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('payouts.draft', 0))"))
    payable = [
        (balance_fen, payee)
        for _, balance_fen, payee in payable_balances(minimum_fen)
        if payee is not None and payee.way == way
    ][:MOST_LINES]
    if not payable:
        raise Conflict("nothing_payable", N_("There is nothing to pay out at the moment."))
    batch = PayoutBatch(
        reference=ids.reference("PO", local_day(now)), way=way, state=BatchState.DRAFTED, drafted_by=actor, drafted_at=now
    )
    db.session.add(batch)
    db.session.flush()
    lines = [_line(batch, number, payee, amount_fen) for number, (amount_fen, payee) in enumerate(payable, 1)]
    db.session.add_all(lines)
    db.session.flush()
    for line in lines:
        _book("payout", line, line.ledger_code, IN_TRANSIT, now)
    total_fen = sum(line.amount_fen for line in lines)
    audit.record("payout.drafted", "payout_batch", batch.public_id, actor=actor, at=now, lines=len(lines), total_fen=total_fen)
    step("payout.batch_written")
    return batch


def _line(batch: PayoutBatch, number: int, payee: PayeeAccount, amount_fen: int) -> PayoutLine:
    return PayoutLine(
        batch_id=batch.id,
        reference=f"{batch.reference}-{number:03d}",
        ledger_code=payee.ledger_code,
        holder=payee.holder,
        bank=payee.bank,
        number=payee.number,
        last_four=payee.last_four,
        account_changed_at=payee.changed_at,
        amount_fen=amount_fen,
    )


def _book(kind: str, line: PayoutLine, source: str, target: str, now: datetime) -> None:
    amounts = {source: -line.amount_fen, target: line.amount_fen}
    post_transfer(kind, "payout_line", line.public_id, amounts, at=now)


def _move(batch: PayoutBatch, action: BatchAction) -> bool:
    state = BATCHES.next_state(BatchState(batch.state), action)
    if state is None:
        return False
    batch.state = state
    return True


def approve_batch(batch: PayoutBatch, *, actor: str, now: datetime) -> bool:
    """Say, as a second person, that a locked batch is right; False when somebody has.

    Raises
    ------
    Conflict
        ``second_person_needed`` when the same person has made it.
    """
    if actor == batch.drafted_by:
        raise Conflict("second_person_needed", N_("Somebody else than who made the batch has to approve it."))
    if not _move(batch, BatchAction.APPROVE):
        return False
    batch.approved_by, batch.approved_at = actor, now
    db.session.flush()
    audit.record("payout.approved", "payout_batch", batch.public_id, actor=actor, at=now)
    step("payout.approval_written")
    return True


def note_sent(batch: PayoutBatch, *, actor: str, now: datetime) -> bool:
    """Let a locked, approved batch out of the house, which cannot be undone; False when it is."""
    if not _move(batch, BatchAction.SEND):
        return False
    batch.sent_at = now
    db.session.flush()
    audit.record("payout.sent", "payout_batch", batch.public_id, actor=actor, at=now)
    step("payout.sending_written")
    return True


def discard_batch(batch: PayoutBatch, *, actor: str, now: datetime) -> bool:
    """Give up a locked batch that has not been sent; all of its money goes back to where it came from. False when it is."""
    if not _move(batch, BatchAction.DISCARD):
        return False
    batch.ended_at = now
    for line in _lines(batch):
        line.state, line.ended_at = LINES.next_state(LineState(line.state), LineAction.WITHDRAW) or line.state, now
        _book("payout_withdrawn", line, IN_TRANSIT, line.ledger_code, now)
    db.session.flush()
    audit.record("payout.discarded", "payout_batch", batch.public_id, actor=actor, at=now)
    step("payout.discard_written")
    return True


def _lines(batch: PayoutBatch) -> Sequence[PayoutLine]:
    query = select(PayoutLine).filter_by(batch_id=batch.id).order_by(PayoutLine.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def confirm_line(line: PayoutLine, bank_reference: str, *, actor: str, now: datetime) -> bool:
    """Note that a line of a locked, sent batch has reached its payee, and the bank's name for it; False when that is known.

    Raises
    ------
    Conflict
        ``batch_not_sent`` before that; ``paid_otherwise`` when another payment of the bank's has confirmed it,
        ``bank_reference_used`` when this one has confirmed another line: somebody may have been paid twice, and has to look.
    """
    _check_sent(line)
    state = LINES.next_state(LineState(line.state), LineAction.CONFIRM)
    if state is None and line.bank_reference != bank_reference:
        raise Conflict("paid_otherwise", N_("This line has been confirmed with another bank reference."))
    if state is None:
        return False
    taken = select(PayoutLine.id).where(PayoutLine.bank_reference == bank_reference, PayoutLine.id != line.id)
    if db.session.scalar(taken) is not None:
        raise Conflict("bank_reference_used", N_("This bank reference has confirmed another line."))
    line.state, line.bank_reference, line.ended_at = state, bank_reference, now
    _book("payout_paid", line, IN_TRANSIT, PAID_OUT, now)
    audit.record("payout.paid", "payout_line", line.public_id, actor=actor, at=now, amount_fen=line.amount_fen)
    _close_if_done(line.batch, now)
    step("payout.confirmation_written")
    return True


def return_line(line: PayoutLine, reason: str, *, actor: str, now: datetime) -> bool:
    """Note that the money of a line of a locked, sent batch has come back; False when that is known.

    It is its owner's again by a new transfer, and payable in the next batch.
    """
    _check_sent(line)
    was_paid = line.state == LineState.PAID
    state = LINES.next_state(LineState(line.state), LineAction.RETURN)
    if state is None:
        return False
    line.state, line.return_reason, line.ended_at = state, reason, now
    _book("payout_returned", line, PAID_OUT if was_paid else IN_TRANSIT, line.ledger_code, now)
    audit.record("payout.returned", "payout_line", line.public_id, actor=actor, at=now, amount_fen=line.amount_fen)
    _close_if_done(line.batch, now)
    step("payout.return_written")
    return True


def _check_sent(line: PayoutLine) -> None:
    if line.batch.state not in (BatchState.SENT, BatchState.CLOSED):
        raise Conflict("batch_not_sent", N_("This batch has not been sent."))


def _close_if_done(batch: PayoutBatch, now: datetime) -> None:
    """A sent batch is closed with its last line; one line that comes back later does not open it again."""
    db.session.flush()
    waiting = select(PayoutLine.id).where(PayoutLine.batch_id == batch.id, PayoutLine.state == LineState.WAITING).limit(1)
    if batch.state == BatchState.SENT and db.session.scalar(waiting) is None:
        _move(batch, BatchAction.CLOSE)
        batch.ended_at = now
        db.session.flush()
