"""Every pair of state and action, the forbidden ones too."""

import pytest

from marketplace.audits.states import DEADLINES, ROUNDS, RoundAction, RoundState
from marketplace.kernel.errors import Conflict

S, A = RoundState, RoundAction
ALLOWED = {
    (S.OPENED, A.DRAW): S.DRAWN,
    (S.OPENED, A.DISCARD): S.DISCARDED,
    (S.DRAWN, A.PROPOSE): S.CLOSING,
    (S.CLOSING, A.RETURN): S.DRAWN,
    (S.CLOSING, A.CLOSE): S.CLOSED,
}
DONE = {(S.DRAWN, A.DRAW), (S.DISCARDED, A.DISCARD), (S.CLOSING, A.PROPOSE), (S.DRAWN, A.RETURN), (S.CLOSED, A.CLOSE)}


@pytest.mark.parametrize(("state", "action"), [(state, action) for state in S for action in A])
def test_every_pair_leads_where_the_table_says(state: RoundState, action: RoundAction) -> None:
    if (state, action) in ALLOWED:
        assert ROUNDS.next_state(state, action) == ALLOWED[state, action]
    elif (state, action) in DONE:
        assert ROUNDS.next_state(state, action) is None
    else:
        with pytest.raises(Conflict):
            ROUNDS.next_state(state, action)


def test_every_state_that_is_not_the_last_has_an_actor_and_a_deadline() -> None:
    assert {state for state, _ in ALLOWED} == set(DEADLINES)
