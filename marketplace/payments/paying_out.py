"""Where the shop speaks with whoever pays out: handing over the lines of a sent batch, and taking in what is answered.

Called outside any transaction, as ``orders.collecting`` is: what was written is committed before anybody is asked, and so is an
answer when it has come. Whoever comes next takes the work up where it stopped; a line is asked for under its own name, so
that it is paid once however often it is asked for.
"""

import logging
from datetime import datetime

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.steps import step
from marketplace.payments.gateway import (
    KEYS_HOLD,
    PayoutAnswer,
    PayoutRequest,
    PayoutState,
    ProviderRefused,
    get_payout_provider,
)
from marketplace.payments.models import PayoutLine
from marketplace.payments.payout_queries import get_batch, lines_to_hand_over, lock_line
from marketplace.payments.payout_states import BatchState, LineState
from marketplace.payments.payouts import confirm_line, note_sent, return_line

_log = logging.getLogger("marketplace.payments")


def send_batch(public_id: str, *, actor: str, now: datetime) -> bool:
    """Let an approved batch out of the house and hand its lines over; False when that was done before."""
    with transaction():
        batch = get_batch(public_id, lock=True)
        provider = get_payout_provider(batch.way)
        news = note_sent(batch, actor=actor, now=now)
    step("payout.sending_committed")
    _log.info("batch %s goes out by %s", public_id, provider.name)
    hand_over(public_id, now=now)
    return news


def hand_over(batch_public_id: str | None = None, *, now: datetime) -> None:
    """Ask for every line that nobody has answered for yet, of one batch or of all; what cannot be asked for now waits."""
    with transaction():
        waiting = lines_to_hand_over(batch_public_id)
    for public_id in waiting:
        try:
            _hand_over(public_id, now)
        except DomainError as error:
            _log.warning("payout %s is left for the next time: %s", public_id, getattr(error, "reason", error))
        except Exception:
            # Nobody has foreseen this one; it must not keep the others from their money.
            db.session.rollback()
            _log.exception("payout %s is left for the next time", public_id)


def _hand_over(public_id: str, now: datetime) -> None:
    with transaction():
        line = lock_line(public_id)
        if line.state != LineState.WAITING or line.batch.state != BatchState.SENT or line.batch.sent_at is None:
            return
        provider = get_payout_provider(line.batch.way)
        request, key_holds = _request(line), line.batch.sent_at > now - KEYS_HOLD
    try:
        made = None if key_holds else provider.adopt_payout(request)
        answer = made or provider.pay_out(request)
    except ProviderRefused as error:
        _log.error("payout %s was refused: %s", public_id, error.reason)
        with transaction():
            return_line(lock_line(public_id), error.reason[:200], actor=provider.name, now=now)
        step("payout.refusal_committed")
        return
    step("payout.transfer_sent")
    _take_in(public_id, answer, provider.name, now)


def _request(line: PayoutLine) -> PayoutRequest:
    return PayoutRequest(line.public_id, line.number, line.amount_fen, line.reference)


def _take_in(public_id: str, answer: PayoutAnswer, actor: str, now: datetime) -> None:
    if answer.state is not PayoutState.PAID:
        return
    with transaction():
        confirm_line(lock_line(public_id), answer.provider_id, actor=actor, now=now)
    step("payout.transfer_committed")
