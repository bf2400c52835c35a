"""Every pair of state and action, the forbidden ones too."""

import pytest

from marketplace.equity.states import (
    CLAIMS,
    CONTRACTS,
    DEADLINES,
    HANDOVERS,
    RUNS,
    ClaimAction,
    ClaimState,
    ContractAction,
    ContractState,
    HandoverAction,
    HandoverState,
    RunAction,
    RunState,
)
from marketplace.kernel.errors import Conflict
from marketplace.kernel.state_machine import StateMachine

C, R, H, K = ContractState, RunState, HandoverState, ClaimState
ALLOWED = {
    (C.DRAFTED, ContractAction.SIGN): C.SIGNED,
    (C.DRAFTED, ContractAction.DISCARD): C.DISCARDED,
    (C.SIGNED, ContractAction.END): C.ENDED,
    (R.DRAFTED, RunAction.APPROVE): R.APPROVED,
    (R.DRAFTED, RunAction.DISCARD): R.DISCARDED,
    (H.PROPOSED, HandoverAction.APPROVE): H.DONE,
    (H.PROPOSED, HandoverAction.REFUSE): H.REFUSED,
    (K.OPEN, ClaimAction.SETTLE): K.SETTLED,
}
DONE = {
    (C.SIGNED, ContractAction.SIGN),
    (C.DISCARDED, ContractAction.DISCARD),
    (C.ENDED, ContractAction.END),
    (R.APPROVED, RunAction.APPROVE),
    (R.DISCARDED, RunAction.DISCARD),
    (H.DONE, HandoverAction.APPROVE),
    (H.REFUSED, HandoverAction.REFUSE),
    (K.SETTLED, ClaimAction.SETTLE),
}
PAIRS = [
    (machine, state, action)
    for machine, states, actions in (
        (CONTRACTS, C, ContractAction),
        (RUNS, R, RunAction),
        (HANDOVERS, H, HandoverAction),
        (CLAIMS, K, ClaimAction),
    )
    for state in states
    for action in actions
]


@pytest.mark.parametrize(("machine", "state", "action"), PAIRS)
def test_every_pair_leads_where_the_table_says(machine: StateMachine, state: str, action: str) -> None:
    if (state, action) in ALLOWED:
        assert machine.next_state(state, action) == ALLOWED[state, action]
    elif (state, action) in DONE:
        assert machine.next_state(state, action) is None
    else:
        with pytest.raises(Conflict):
            machine.next_state(state, action)


def test_every_state_that_is_not_the_last_has_an_actor_and_a_deadline() -> None:
    # A contract that runs has its own last day.
    assert {state for state, _ in ALLOWED} - {C.SIGNED} == set(DEADLINES)
