"""Every pair of state and action of claims and of goods that go back: where it leads, what was done, what is refused."""

import pytest

from marketplace.kernel.errors import Conflict
from marketplace.orders.claim_states import (
    ANSWER_TIMES,
    CLAIMS,
    ENDED,
    RETURN_TIMES,
    RETURNS,
    ClaimAction,
    ClaimState,
    ReturnAction,
    ReturnState,
)

# By state: what accept, offer, refuse, ask_back, take, dispute, withdraw, escalate, finish, lapse, rule, appeal, rule_again
# and carry_out lead to; "done" was done already, "-" is refused.
CLAIM_TABLE = {
    "filed": "settled offered refused returning - - withdrawn disputed - - - - - -",
    "offered": "- done - - settled disputed withdrawn - - - - - - -",
    "refused": "- - done - - disputed withdrawn - - lapsed - - - -",
    "returning": "- - - done - - withdrawn disputed settled lapsed - - - -",
    "disputed": "- - - - - done withdrawn done - - ruled - - -",
    "ruled": "- - - - - - - - - - done appealed - settled",
    "appealed": "- - - - - - - - - - - done settled -",
    "settled": "done - - - done - - - done - - - done done",
    "withdrawn": "- - - - - - done - - - - - - -",
    "lapsed": "- - - - - - - - - done - - - -",
}
# By state: what send, arrive, check, question and give_up lead to.
RETURN_TABLE = {
    "agreed": "sent - - - given_up",
    "sent": "done arrived - questioned -",
    "arrived": "- done checked questioned -",
    "checked": "- - done - -",
    "questioned": "- - - done -",
    "given_up": "- - - - done",
}


@pytest.mark.parametrize("state", ClaimState)
@pytest.mark.parametrize(("at", "action"), list(enumerate(ClaimAction)))
def test_every_pair_of_a_claim_has_its_answer(state: ClaimState, at: int, action: ClaimAction) -> None:
    wanted = CLAIM_TABLE[state.value].split()[at]
    if wanted == "-":
        with pytest.raises(Conflict) as refused:
            CLAIMS.next_state(state, action)
        assert refused.value.code == "claim_state"
    else:
        assert CLAIMS.next_state(state, action) == (None if wanted == "done" else wanted)


@pytest.mark.parametrize("state", ReturnState)
@pytest.mark.parametrize(("at", "action"), list(enumerate(ReturnAction)))
def test_every_pair_of_a_return_has_its_answer(state: ReturnState, at: int, action: ReturnAction) -> None:
    wanted = RETURN_TABLE[state.value].split()[at]
    if wanted == "-":
        with pytest.raises(Conflict) as refused:
            RETURNS.next_state(state, action)
        assert refused.value.code == "return_state"
    else:
        assert RETURNS.next_state(state, action) == (None if wanted == "done" else wanted)


def test_every_state_in_which_somebody_has_the_next_word_has_a_time() -> None:
    assert set(ANSWER_TIMES) | {ClaimState.RETURNING} | ENDED == set(ClaimState)
    assert set(RETURN_TIMES) == {ReturnState.AGREED, ReturnState.SENT, ReturnState.ARRIVED}
