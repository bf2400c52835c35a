"""The states of an entitlement and of a run. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class EntitlementState(enum.StrEnum):
    """Where an entitlement stands. ``open`` is entitled and not covered: a clock runs."""

    OPEN = "open"
    GRANTED = "granted"
    PAID = "paid"
    DECLINED = "declined"
    REVIEW = "review"
    LAPSED = "lapsed"


class EntitlementAction(enum.StrEnum):
    """What happens to one. Persons grant, decline, pay, keep, reduce and withdraw; the others follow from counting."""

    GRANT = "grant"
    DECLINE = "decline"
    PAY = "pay"
    KEEP = "keep"
    REDUCE = "reduce"
    WITHDRAW = "withdraw"
    RAISE = "raise"
    RESTORE = "restore"
    SETTLE = "settle"
    BOUNCE = "bounce"
    DOUBT = "doubt"
    LAPSE = "lapse"
    REOPEN = "reopen"


class RunState(enum.StrEnum):
    """Where a run stands; one that others have overtaken counts no further."""

    RUNNING = "running"
    DONE = "done"
    OVERTAKEN = "overtaken"


class RunAction(enum.StrEnum):
    """What happens to a run."""

    FINISH = "finish"
    OVERTAKE = "overtake"


_S, _A = EntitlementState, EntitlementAction
ENTITLEMENTS = StateMachine(
    "entitlement_state",
    N_("This can no longer be decided that way."),
    {
        (_S.OPEN, _A.GRANT): _S.GRANTED,
        (_S.OPEN, _A.DECLINE): _S.DECLINED,
        # A change of income that is gone again leaves what was granted or paid as it was.
        (_S.OPEN, _A.RESTORE): _S.GRANTED,
        (_S.OPEN, _A.SETTLE): _S.PAID,
        (_S.OPEN, _A.DOUBT): _S.REVIEW,
        (_S.OPEN, _A.LAPSE): _S.LAPSED,
        (_S.GRANTED, _A.PAY): _S.PAID,
        (_S.GRANTED, _A.RAISE): _S.OPEN,
        (_S.GRANTED, _A.DOUBT): _S.REVIEW,
        (_S.PAID, _A.RAISE): _S.OPEN,
        # The bank has sent the money back.
        (_S.PAID, _A.BOUNCE): _S.GRANTED,
        (_S.REVIEW, _A.KEEP): _S.GRANTED,
        (_S.REVIEW, _A.REDUCE): _S.OPEN,
        (_S.REVIEW, _A.WITHDRAW): _S.LAPSED,
        (_S.DECLINED, _A.REOPEN): _S.OPEN,
        (_S.DECLINED, _A.LAPSE): _S.LAPSED,
        (_S.LAPSED, _A.REOPEN): _S.OPEN,
    },
)
RUNS = StateMachine(
    "safety_net_run_state",
    N_("This counting is over."),
    {(RunState.RUNNING, RunAction.FINISH): RunState.DONE, (RunState.RUNNING, RunAction.OVERTAKE): RunState.OVERTAKEN},
)
# Who acts next in a state that is not the last; the length is a rule of the province (``benefit.decide``).
WAITS_FOR = {
    EntitlementState.OPEN: N_("an officer of the township or county"),
    EntitlementState.GRANTED: N_("a second officer, of the county"),
    EntitlementState.REVIEW: N_("an officer of the township or county"),
}
