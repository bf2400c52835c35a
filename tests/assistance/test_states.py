"""Every pair of state and action, the forbidden ones too."""

import pytest

from marketplace.assistance import papers
from marketplace.assistance.duty import states as duty
from marketplace.assistance.duty.states import HANDOVERS, HandoverAction, HandoverState
from marketplace.assistance.needs import states as needs
from marketplace.assistance.needs.states import NEEDS, PLEDGES, NeedAction, NeedState, PledgeState
from marketplace.assistance.papers import PAPERS, PaperAction, PaperState
from marketplace.kernel.errors import Conflict
from marketplace.kernel.state_machine import StateMachine
from marketplace.registry.duty_rules import RULES

P, H, N, L = PaperState, HandoverState, NeedState, PledgeState
ALLOWED = {
    (PAPERS, P.DRAFTED, PaperAction.APPROVE): P.APPROVED,
    (PAPERS, P.DRAFTED, PaperAction.DISCARD): P.DISCARDED,
    (HANDOVERS, H.OPEN, HandoverAction.HAND_OVER): H.DONE,
    (HANDOVERS, H.OPEN, HandoverAction.CLOSE): H.CLOSED,
    (NEEDS, N.RAISED, NeedAction.VERIFY): N.OPEN,
    (NEEDS, N.RAISED, NeedAction.REFUSE): N.REFUSED,
    (NEEDS, N.RAISED, NeedAction.WITHDRAW): N.WITHDRAWN,
    (NEEDS, N.OPEN, NeedAction.WITHDRAW): N.WITHDRAWN,
    (NEEDS, N.OPEN, NeedAction.PLEDGE): N.PLEDGED,
    (NEEDS, N.PLEDGED, NeedAction.RELEASE): N.OPEN,
    (NEEDS, N.PLEDGED, NeedAction.LAPSE): N.OPEN,
    (NEEDS, N.PLEDGED, NeedAction.DELIVER): N.DELIVERED,
    (NEEDS, N.DELIVERED, NeedAction.RETURN): N.PLEDGED,
    (NEEDS, N.DELIVERED, NeedAction.CLOSE): N.CLOSED,
    (PLEDGES, L.STANDING, NeedAction.RELEASE): L.RELEASED,
    (PLEDGES, L.STANDING, NeedAction.LAPSE): L.LAPSED,
    (PLEDGES, L.STANDING, NeedAction.DELIVER): L.DELIVERED,
    (PLEDGES, L.DELIVERED, NeedAction.RETURN): L.STANDING,
    (PLEDGES, L.DELIVERED, NeedAction.CLOSE): L.KEPT,
}
DONE = {
    (PAPERS, P.APPROVED, PaperAction.APPROVE),
    (PAPERS, P.DISCARDED, PaperAction.DISCARD),
    (HANDOVERS, H.DONE, HandoverAction.HAND_OVER),
    (HANDOVERS, H.CLOSED, HandoverAction.CLOSE),
    (NEEDS, N.OPEN, NeedAction.VERIFY),
    (NEEDS, N.OPEN, NeedAction.RELEASE),
    (NEEDS, N.OPEN, NeedAction.LAPSE),
    (NEEDS, N.REFUSED, NeedAction.REFUSE),
    (NEEDS, N.WITHDRAWN, NeedAction.WITHDRAW),
    (NEEDS, N.PLEDGED, NeedAction.PLEDGE),
    (NEEDS, N.PLEDGED, NeedAction.RETURN),
    (NEEDS, N.DELIVERED, NeedAction.DELIVER),
    (NEEDS, N.CLOSED, NeedAction.CLOSE),
    (PLEDGES, L.RELEASED, NeedAction.RELEASE),
    (PLEDGES, L.LAPSED, NeedAction.LAPSE),
    (PLEDGES, L.DELIVERED, NeedAction.DELIVER),
    (PLEDGES, L.STANDING, NeedAction.RETURN),
    (PLEDGES, L.KEPT, NeedAction.CLOSE),
}
PAIRS = [
    (machine, state, action)
    for machine, states, actions in (
        (PAPERS, P, PaperAction),
        (HANDOVERS, H, HandoverAction),
        (NEEDS, N, NeedAction),
        (PLEDGES, L, NeedAction),
    )
    for state in states
    for action in actions
]


@pytest.mark.parametrize(("machine", "state", "action"), PAIRS)
def test_every_pair_leads_where_the_table_says(machine: StateMachine, state: str, action: str) -> None:
    if (machine, state, action) in ALLOWED:
        assert machine.next_state(state, action) == ALLOWED[machine, state, action]
    elif (machine, state, action) in DONE:
        assert machine.next_state(state, action) is None
    else:
        with pytest.raises(Conflict):
            machine.next_state(state, action)


def test_every_state_that_is_not_the_last_has_an_actor_and_a_rule_of_its_deadline() -> None:
    deadlines = {**papers.DEADLINES, **duty.DEADLINES, **needs.DEADLINES}
    # A pledge has the deadline of its need.
    assert {state for machine, state, _ in ALLOWED if machine is not PLEDGES} == set(deadlines)
    assert {name for _, name in deadlines.values()} <= {rule.name for rule in RULES}
