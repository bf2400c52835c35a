"""The states of funds, payments, findings and bank days. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class FundState(enum.StrEnum):
    """Where a fund stands; money exists only of one in force."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REFUSED = "refused"


class PaymentState(enum.StrEnum):
    """Where a payment stands: ordered, paid, never paid, or paid and come back."""

    PROPOSED = "proposed"
    PAID = "paid"
    REFUSED = "refused"
    REVERSED = "reversed"


class FindingState(enum.StrEnum):
    """What a person has made of a finding: nothing yet, that it is innocent, or that others must take it up."""

    OPEN = "open"
    EXPLAINED = "explained"
    HANDED_ON = "handed_on"


class BankDayState(enum.StrEnum):
    """Where a bank day stands: its differences are being explained, one person has called it done, or a second one too."""

    OPEN = "open"
    SETTLED = "settled"
    CLOSED = "closed"


class Action(enum.StrEnum):
    """What a second person says to a first one's proposal, and what may come after."""

    APPROVE = "approve"
    REFUSE = "refuse"
    REVERSE = "reverse"


class FindingAction(enum.StrEnum):
    """What a person does with a finding."""

    EXPLAIN = "explain"
    HAND_ON = "hand_on"


class BankDayAction(enum.StrEnum):
    """What happens to a bank day."""

    SETTLE = "settle"
    CLOSE = "close"
    REOPEN = "reopen"


FUNDS = StateMachine(
    "fund_state",
    N_("This fund has been decided on already."),
    {
        (FundState.PROPOSED, Action.APPROVE): FundState.IN_FORCE,
        (FundState.PROPOSED, Action.REFUSE): FundState.REFUSED,
    },
)
PAYMENTS = StateMachine(
    "fund_payment_state",
    N_("This payment can no longer be changed that way."),
    {
        (PaymentState.PROPOSED, Action.APPROVE): PaymentState.PAID,
        (PaymentState.PROPOSED, Action.REFUSE): PaymentState.REFUSED,
        (PaymentState.PAID, Action.REVERSE): PaymentState.REVERSED,
    },
)
FINDINGS = StateMachine(
    "fund_finding_state",
    N_("Somebody has looked at this finding already."),
    {
        (FindingState.OPEN, FindingAction.EXPLAIN): FindingState.EXPLAINED,
        (FindingState.OPEN, FindingAction.HAND_ON): FindingState.HANDED_ON,
    },
)
BANK_DAYS = StateMachine(
    "bank_day_state",
    N_("This day can no longer be changed that way."),
    {
        (BankDayState.OPEN, BankDayAction.SETTLE): BankDayState.SETTLED,
        (BankDayState.SETTLED, BankDayAction.CLOSE): BankDayState.CLOSED,
        (BankDayState.SETTLED, BankDayAction.REOPEN): BankDayState.OPEN,
    },
)
