"""The states of payouts: of a batch, and of each of its lines. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class BatchState(enum.StrEnum):
    """Where a batch stands. From ``drafted`` on its money has left the payees' accounts; only ``sent`` tells anybody."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    SENT = "sent"
    CLOSED = "closed"
    DISCARDED = "discarded"


class BatchAction(enum.StrEnum):
    """What can happen to a batch."""

    APPROVE = "approve"
    SEND = "send"
    CLOSE = "close"
    DISCARD = "discard"


# A batch of these has lines whose money is neither in its owner's account here nor known to have arrived.
OPEN = (BatchState.DRAFTED, BatchState.APPROVED, BatchState.SENT)
_B, _A = BatchState, BatchAction
BATCHES = StateMachine(
    "payout_batch_state",
    N_("This batch can no longer be changed that way."),
    {
        (_B.DRAFTED, _A.APPROVE): _B.APPROVED,
        (_B.APPROVED, _A.SEND): _B.SENT,
        (_B.SENT, _A.CLOSE): _B.CLOSED,
        **{(state, _A.DISCARD): _B.DISCARDED for state in (_B.DRAFTED, _B.APPROVED)},
    },
)


class LineState(enum.StrEnum):
    """Where a line stands: its money on its way, arrived, come back, or never sent because the batch was discarded."""

    WAITING = "waiting"
    PAID = "paid"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class LineAction(enum.StrEnum):
    """What can happen to a line."""

    CONFIRM = "confirm"
    RETURN = "return"
    WITHDRAW = "withdraw"


_L, _D = LineState, LineAction
LINES = StateMachine(
    "payout_line_state",
    N_("This line can no longer be changed that way."),
    {
        (_L.WAITING, _D.CONFIRM): _L.PAID,
        # A bank may send money back days after it has said that it had arrived.
        **{(state, _D.RETURN): _L.RETURNED for state in (_L.WAITING, _L.PAID)},
        (_L.WAITING, _D.WITHDRAW): _L.WITHDRAWN,
    },
)
