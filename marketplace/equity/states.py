"""The states of contracts, runs, transfers of shares and claims. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class ContractState(enum.StrEnum):
    """Where a contract stands; only a signed one has holders and pays."""

    DRAFTED = "drafted"
    SIGNED = "signed"
    ENDED = "ended"
    DISCARDED = "discarded"


class ContractAction(enum.StrEnum):
    """What can happen to a contract: the second person signs; it ends at its term, or because the operator failed."""

    SIGN = "sign"
    END = "end"
    DISCARD = "discard"


class RunState(enum.StrEnum):
    """Where a year's dividends stand; an approved run is booked in the same moment."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    DISCARDED = "discarded"


class RunAction(enum.StrEnum):
    """What can happen to a run."""

    APPROVE = "approve"
    DISCARD = "discard"


class HandoverState(enum.StrEnum):
    """Where the way of a leaving household's units stands."""

    PROPOSED = "proposed"
    DONE = "done"
    REFUSED = "refused"


class HandoverAction(enum.StrEnum):
    """What the second person says."""

    APPROVE = "approve"
    REFUSE = "refuse"


class ClaimState(enum.StrEnum):
    """Where a claim on an operator stands."""

    OPEN = "open"
    SETTLED = "settled"


class ClaimAction(enum.StrEnum):
    """What can happen to a claim: the operator has paid all of it."""

    SETTLE = "settle"


CONTRACTS = StateMachine(
    "equity_contract_state",
    N_("This contract can no longer be changed that way."),
    {
        (ContractState.DRAFTED, ContractAction.SIGN): ContractState.SIGNED,
        (ContractState.DRAFTED, ContractAction.DISCARD): ContractState.DISCARDED,
        (ContractState.SIGNED, ContractAction.END): ContractState.ENDED,
    },
)
RUNS = StateMachine(
    "dividend_run_state",
    N_("These dividends can no longer be changed that way."),
    {
        (RunState.DRAFTED, RunAction.APPROVE): RunState.APPROVED,
        (RunState.DRAFTED, RunAction.DISCARD): RunState.DISCARDED,
    },
)
HANDOVERS = StateMachine(
    "share_handover_state",
    N_("This has been decided already."),
    {
        (HandoverState.PROPOSED, HandoverAction.APPROVE): HandoverState.DONE,
        (HandoverState.PROPOSED, HandoverAction.REFUSE): HandoverState.REFUSED,
    },
)
CLAIMS = StateMachine(
    "equity_claim_state",
    N_("This claim is settled."),
    {(ClaimState.OPEN, ClaimAction.SETTLE): ClaimState.SETTLED},
)
# Who acts next in a state that is not the last, and within how many working days.
DEADLINES = {
    ContractState.DRAFTED: (N_("a second officer of the township or county"), 10),
    RunState.DRAFTED: (N_("a second officer of the township or county"), 10),
    HandoverState.PROPOSED: (N_("a second officer of the township or county"), 10),
    ClaimState.OPEN: (N_("the operator"), 60),
}
