"""Every pair of state and action, the forbidden ones too; every step has an actor, every open state a deadline."""

import pytest

from marketplace.complaints.states import (
    ACTORS,
    COMPLAINTS,
    DEADLINES,
    FINDINGS,
    INSPECTIONS,
    ComplaintAction,
    ComplaintState,
    FindingAction,
    FindingState,
    InspectionAction,
    InspectionState,
)
from marketplace.kernel.errors import Conflict
from marketplace.kernel.state_machine import StateMachine
from marketplace.registry.complaint_rules import ANSWER, RULES

C, A = ComplaintState, ComplaintAction
P, J = InspectionState, InspectionAction
F, G = FindingState, FindingAction
# By state: what each action leads to; "done" was done already, what is not named is refused.
TABLE: dict[object, dict[object, object]] = {
    C.RECEIVED: {A.ASSIGN: C.ASSIGNED, A.ESCALATE: C.RECEIVED, A.WITHDRAW: C.WITHDRAWN, A.RELEASE: "done", A.REOPEN: "done"},
    C.ASSIGNED: {
        A.HAND_ON: C.ASSIGNED,
        A.RELEASE: C.RECEIVED,
        A.ANSWER: C.ANSWERED,
        A.DECLINE: C.DECLINED,
        A.ESCALATE: C.RECEIVED,
        A.WITHDRAW: C.WITHDRAWN,
        A.ASSIGN: "done",
    },
    C.ANSWERED: {A.REOPEN: C.RECEIVED, A.RATE: C.CLOSED, A.LAPSE: C.CLOSED, A.ANSWER: "done"},
    C.DECLINED: {A.REOPEN: C.RECEIVED, A.RATE: C.CLOSED, A.LAPSE: C.CLOSED, A.DECLINE: "done"},
    C.CLOSED: {A.RATE: "done", A.LAPSE: "done"},
    C.WITHDRAWN: {A.WITHDRAW: "done"},
    P.PLANNED: {J.BEGIN: P.UNDER_WAY, J.CALL_OFF: P.CALLED_OFF},
    P.UNDER_WAY: {J.REPORT: P.REPORTED, J.BEGIN: "done"},
    P.REPORTED: {J.REPORT: "done"},
    P.CALLED_OFF: {J.CALL_OFF: "done"},
    F.FOUND: {G.RECTIFY: F.RECTIFIED, G.APPEAL: F.APPEALED, G.SEND_BACK: "done", G.REJECT: "done"},
    F.RECTIFIED: {G.CONFIRM: F.CONFIRMED, G.SEND_BACK: F.FOUND, G.RECTIFY: "done"},
    F.CONFIRMED: {G.CONFIRM: "done"},
    F.APPEALED: {G.UPHOLD: F.DROPPED, G.REJECT: F.FOUND, G.APPEAL: "done"},
    F.DROPPED: {G.UPHOLD: "done"},
}
MACHINES = ((COMPLAINTS, C, A), (INSPECTIONS, P, J), (FINDINGS, F, G))
PAIRS = [(machine, state, action) for machine, states, actions in MACHINES for state in states for action in actions]
ENDED = {C.CLOSED, C.WITHDRAWN, P.REPORTED, P.CALLED_OFF, F.CONFIRMED, F.DROPPED}


@pytest.mark.parametrize(("machine", "state", "action"), PAIRS)
def test_every_pair_leads_where_the_table_says(machine: StateMachine, state: str, action: str) -> None:
    wanted = TABLE[state].get(action)
    if wanted is None:
        with pytest.raises(Conflict):
            machine.next_state(state, action)
    else:
        assert machine.next_state(state, action) == (None if wanted == "done" else wanted)


def test_every_action_has_an_actor_and_every_open_state_a_rule_for_its_deadline() -> None:
    assert set(ACTORS) == {*A, *J, *G}
    assert set(DEADLINES) == {*C, *P, *F} - ENDED
    names = {rule.name for rule in RULES}
    assert {name for name in DEADLINES.values() if name not in names} == {ANSWER.rstrip("_")}
