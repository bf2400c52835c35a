"""Every pair of state and action, the forbidden ones too; each open state has an actor and a deadline."""

import pytest

from marketplace.kernel.errors import Conflict
from marketplace.kernel.state_machine import StateMachine
from marketplace.projects.states import (
    DEADLINES,
    OBJECTIONS,
    PROJECTS,
    ObjectionAction,
    ObjectionState,
    ProjectAction,
    ProjectState,
)

S, A = ProjectState, ProjectAction
ALLOWED = {
    (S.DRAFT, A.SUBMIT): S.TOWNSHIP,
    (S.DRAFT, A.WITHDRAW): S.WITHDRAWN,
    (S.RETURNED, A.SUBMIT): S.TOWNSHIP,
    (S.RETURNED, A.WITHDRAW): S.WITHDRAWN,
    (S.TOWNSHIP, A.PASS_TOWNSHIP): S.COUNTY,
    (S.TOWNSHIP, A.RETURN): S.RETURNED,
    (S.TOWNSHIP, A.REFUSE): S.REFUSED,
    (S.COUNTY, A.PASS_COUNTY): S.CITY,
    (S.COUNTY, A.RETURN): S.RETURNED,
    (S.COUNTY, A.REFUSE): S.REFUSED,
    (S.CITY, A.PASS_CITY): S.PROVINCE,
    (S.CITY, A.RETURN): S.RETURNED,
    (S.CITY, A.REFUSE): S.REFUSED,
    (S.PROVINCE, A.PASS_PROVINCE): S.NOTICE,
    (S.PROVINCE, A.RETURN): S.RETURNED,
    (S.PROVINCE, A.REFUSE): S.REFUSED,
    (S.NOTICE, A.UPHOLD): S.RETURNED,
    (S.NOTICE, A.APPROVE): S.APPROVED,
    (S.APPROVED, A.START): S.UNDER_WAY,
    (S.APPROVED, A.STOP): S.STOPPED,
    (S.UNDER_WAY, A.COMPLETE): S.COMPLETED,
    (S.UNDER_WAY, A.STOP): S.STOPPED,
    (ObjectionState.OPEN, ObjectionAction.UPHOLD): ObjectionState.UPHELD,
    (ObjectionState.OPEN, ObjectionAction.REJECT): ObjectionState.REJECTED,
}
DONE = {
    (S.TOWNSHIP, A.SUBMIT),
    (S.WITHDRAWN, A.WITHDRAW),
    (S.COUNTY, A.PASS_TOWNSHIP),
    (S.CITY, A.PASS_COUNTY),
    (S.PROVINCE, A.PASS_CITY),
    (S.NOTICE, A.PASS_PROVINCE),
    (S.RETURNED, A.RETURN),
    (S.RETURNED, A.UPHOLD),
    (S.REFUSED, A.REFUSE),
    (S.APPROVED, A.APPROVE),
    (S.UNDER_WAY, A.START),
    (S.COMPLETED, A.COMPLETE),
    (S.STOPPED, A.STOP),
    (ObjectionState.UPHELD, ObjectionAction.UPHOLD),
    (ObjectionState.REJECTED, ObjectionAction.REJECT),
}
PAIRS = [
    (machine, state, action)
    for machine, states, actions in ((PROJECTS, S, A), (OBJECTIONS, ObjectionState, ObjectionAction))
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


def test_every_state_that_is_not_the_last_has_an_actor() -> None:
    assert {state for state in S if any(state == own for own, _ in ALLOWED)} == set(DEADLINES)
