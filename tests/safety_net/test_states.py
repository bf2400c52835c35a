"""Every pair of state and action, the forbidden ones too; and what a counting does to each."""

from itertools import product

import pytest

from marketplace.assistance.safety_net.models import Doubt
from marketplace.assistance.safety_net.moves import Standing, move_for
from marketplace.assistance.safety_net.states import (
    ENTITLEMENTS,
    RUNS,
    WAITS_FOR,
    EntitlementAction,
    EntitlementState,
    RunAction,
    RunState,
)
from marketplace.kernel.errors import Conflict

S, A = EntitlementState, EntitlementAction
ALLOWED = {
    (S.OPEN, A.GRANT): S.GRANTED,
    (S.OPEN, A.DECLINE): S.DECLINED,
    (S.OPEN, A.RESTORE): S.GRANTED,
    (S.OPEN, A.SETTLE): S.PAID,
    (S.OPEN, A.DOUBT): S.REVIEW,
    (S.OPEN, A.LAPSE): S.LAPSED,
    (S.GRANTED, A.PAY): S.PAID,
    (S.GRANTED, A.RAISE): S.OPEN,
    (S.GRANTED, A.DOUBT): S.REVIEW,
    (S.PAID, A.RAISE): S.OPEN,
    (S.PAID, A.BOUNCE): S.GRANTED,
    (S.REVIEW, A.KEEP): S.GRANTED,
    (S.REVIEW, A.REDUCE): S.OPEN,
    (S.REVIEW, A.WITHDRAW): S.LAPSED,
    (S.DECLINED, A.REOPEN): S.OPEN,
    (S.DECLINED, A.LAPSE): S.LAPSED,
    (S.LAPSED, A.REOPEN): S.OPEN,
}
DONE = {
    *product([S.GRANTED], [A.GRANT, A.RESTORE, A.BOUNCE, A.KEEP]),
    *product([S.PAID], [A.PAY, A.SETTLE]),
    *product([S.OPEN], [A.RAISE, A.REDUCE, A.REOPEN]),
    *product([S.LAPSED], [A.LAPSE, A.WITHDRAW]),
    (S.DECLINED, A.DECLINE),
    (S.REVIEW, A.DOUBT),
}


@pytest.mark.parametrize(("state", "action"), list(product(S, A)))
def test_an_entitlement_goes_only_where_the_table_says(state: EntitlementState, action: EntitlementAction) -> None:
    if (state, action) in ALLOWED:
        assert ENTITLEMENTS.next_state(state, action) is ALLOWED[state, action]
    elif (state, action) in DONE:
        assert ENTITLEMENTS.next_state(state, action) is None
    else:
        with pytest.raises(Conflict) as refused:
            ENTITLEMENTS.next_state(state, action)
        assert refused.value.code == "entitlement_state"


def test_a_run_ends_once() -> None:
    for state, action in product(RunState, RunAction):
        ends = {RunAction.FINISH: RunState.DONE, RunAction.OVERTAKE: RunState.OVERTAKEN}[action]
        if state is RunState.RUNNING:
            assert RUNS.next_state(state, action) is ends
        elif state is ends:
            assert RUNS.next_state(state, action) is None
        else:
            with pytest.raises(Conflict):
                RUNS.next_state(state, action)


def test_every_state_that_is_not_the_last_waits_for_somebody() -> None:
    assert set(WAITS_FOR) == {S.OPEN, S.GRANTED, S.REVIEW}


@pytest.mark.parametrize(
    ("state", "amount", "granted", "paid", "owed", "left", "same", "action", "doubt"),
    [
        (S.OPEN, 100, 0, 0, 100, False, True, None, Doubt.NONE),
        (S.OPEN, 100, 0, 0, 1, False, True, None, Doubt.NONE),
        (S.OPEN, 100, 0, 0, 0, False, True, A.LAPSE, Doubt.NONE),
        (S.OPEN, 101, 100, 0, 100, False, True, A.RESTORE, Doubt.NONE),
        (S.OPEN, 101, 100, 100, 0, False, True, A.SETTLE, Doubt.NONE),
        (S.OPEN, 101, 100, 0, 99, False, True, A.DOUBT, Doubt.LESS),
        (S.OPEN, 101, 100, 0, 0, False, True, A.DOUBT, Doubt.ENDED),
        (S.GRANTED, 100, 100, 0, 101, False, True, A.RAISE, Doubt.NONE),
        (S.GRANTED, 100, 100, 0, 99, False, True, A.DOUBT, Doubt.LESS),
        (S.GRANTED, 100, 100, 0, 0, False, True, A.DOUBT, Doubt.ENDED),
        # A person has kept it at the lesser amount: that is not asked again.
        (S.GRANTED, 99, 100, 0, 99, False, True, None, Doubt.NONE),
        (S.GRANTED, 100, 100, 0, 100, True, True, A.DOUBT, Doubt.EXIT),
        (S.GRANTED, 100, 100, 0, 100, False, False, None, Doubt.NONE),
        (S.PAID, 100, 100, 100, 101, False, True, A.RAISE, Doubt.NONE),
        (S.PAID, 100, 100, 100, 0, True, False, None, Doubt.NONE),
        (S.PAID, 100, 100, 0, 100, False, True, A.BOUNCE, Doubt.NONE),
        (S.DECLINED, 100, 0, 0, 100, False, True, None, Doubt.NONE),
        (S.DECLINED, 100, 0, 0, 101, False, True, A.REOPEN, Doubt.NONE),
        (S.DECLINED, 100, 0, 0, 100, False, False, A.REOPEN, Doubt.NONE),
        (S.DECLINED, 100, 0, 0, 0, False, True, A.LAPSE, Doubt.NONE),
        (S.LAPSED, 0, 0, 0, 1, False, True, A.REOPEN, Doubt.NONE),
        (S.LAPSED, 0, 0, 0, 0, False, True, None, Doubt.NONE),
        (S.REVIEW, 99, 100, 0, 101, True, False, None, Doubt.NONE),
    ],
)
def test_a_counting_moves_an_entitlement_only_so(
    state: EntitlementState,
    amount: int,
    granted: int,
    paid: int,
    owed: int,
    left: bool,
    same: bool,
    action: EntitlementAction | None,
    doubt: Doubt,
) -> None:
    was = Standing(state, amount, granted, paid)
    assert move_for(was, owed, has_left=left, same_rule=same) == (action, doubt)
    if action is not None:
        assert (state, action) in ALLOWED
