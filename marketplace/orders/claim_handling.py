"""Steps of claims as a whole: the transaction, then the refund on its way; and what the clock does by itself.

Like ``collecting``, what is here is called outside any transaction. A crash after the commit leaves a refund that the sweeper
of payments sends; a crash before it leaves nothing.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.steps import step
from marketplace.orders.claim_moves import lock_claim
from marketplace.orders.claim_states import WITH_OPERATOR, ClaimState
from marketplace.orders.claims import buyer_was_silent, seller_was_silent
from marketplace.orders.collecting import send_refunds
from marketplace.orders.disputes import carry_out
from marketplace.orders.models import Claim
from marketplace.orders.returns import time_is_over
from marketplace.payments.models import Payment, Refund

_log = logging.getLogger("marketplace.claims")
_AT_ONCE = 200


def take_step(
    act: Callable[[], Claim], *, now: datetime, within: Callable[[], AbstractContextManager[Any]] = transaction
) -> str:
    """Do something to a claim, commit it, and have its refund sent; answers the claim's public id.

    ``within`` opens the transaction, for a caller that has more to check or to note inside it.
    """
    with within():
        claim = act()
        public_id, refund_id = claim.public_id, claim.refund_id
        payment_id = _payment_of(refund_id)
        step("claim.acted")
    step("claim.committed")
    if payment_id is not None:
        send_refunds(payment_id, now=now)
    return public_id


def _payment_of(refund_id: int | None) -> str | None:
    if refund_id is None:
        return None
    return db.session.scalar(
        select(Payment.public_id).join(Refund, Refund.payment_id == Payment.id).where(Refund.id == refund_id)
    )


def sweep_claims(*, now: datetime) -> int:
    """Go on with every claim whose time is over, oldest first; answers how many.

    The operator's own time has no consequence but a red clock in the queue.
    """
    with transaction():
        due = db.session.scalars(
            select(Claim.public_id)
            .where(Claim.answer_by < now, Claim.state.not_in(WITH_OPERATOR))
            .order_by(Claim.answer_by, Claim.id)
            .limit(_AT_ONCE)
        ).all()
    for public_id in due:
        try:
            take_step(lambda public_id=public_id: _time_is_over(public_id, now), now=now)  # type: ignore[misc]
        except DomainError as error:
            _log.warning("claim %s is left for the next time: %s", public_id, error)
        except Exception:
            # One that nobody has foreseen keeps no other waiting, and somebody has to look at it.
            db.session.rollback()
            _log.exception("claim %s is left for the next time", public_id)
    return len(due)


def _time_is_over(public_id: str, now: datetime) -> Claim:
    claim = lock_claim(public_id)
    # Somebody may have answered since it was found.
    if claim.answer_by is None or claim.answer_by >= now or claim.state in WITH_OPERATOR:
        return claim
    if claim.state == ClaimState.FILED:
        seller_was_silent(claim, now=now)
    elif claim.state in (ClaimState.OFFERED, ClaimState.REFUSED):
        buyer_was_silent(claim, now=now)
    elif claim.state == ClaimState.RULED:
        carry_out(claim, now=now)
    else:
        time_is_over(claim, now=now)
    return claim
