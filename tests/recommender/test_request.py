"""The best list of one request within the consumer guard."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from recommender.request import Shortlist, choose

WEIGHTS = 1 / np.log2([2, 3, 4])


def request(relevance, benefit):
    return Shortlist.checked(relevance, benefit, None, None, None)


def test_what_the_guard_leaves_is_used_by_a_list_that_no_sort_gives():
    # Sorted, the registered good stands in the first of two places or in none; in the second it keeps 92 %.
    choice = choose(request([0.5, 0.4, 0.3], [0, 0, 1]), np.array([0, 0, 1.0]), WEIGHTS[:2], 0.9, None)
    assert choice.positions.tolist() == [0, 2]
    assert choice.utility / choice.untilted_utility == pytest.approx((0.5 + 0.3 * WEIGHTS[1]) / (0.5 + 0.4 * WEIGHTS[1]))
    assert choice.guard_part < 1


def test_slack_is_left_alone_where_the_tilt_is_not_worth_the_loss():
    # At a price of .35 the first place is worth the exchange, at .05 no place is.
    goods = request([0.5, 0.4, 0.3], [0, 0, 1])
    assert choose(goods, np.array([0, 0, 0.05]), WEIGHTS[:2], 0.9, None).positions.tolist() == [0, 1]
    assert choose(goods, np.array([0, 0, 0.35]), WEIGHTS[:2], 0.9, None).positions.tolist() == [0, 2]


@settings(max_examples=100, deadline=None)
@given(
    relevance=arrays.arrays(np.float64, 8, elements=st.integers(0, 1000).map(lambda number: number / 1000)),
    benefit=arrays.arrays(np.float64, 8, elements=st.sampled_from([0.0, 0.5, 1.0])),
    price=st.sampled_from([0.05, 0.3, 1.0]),
    guard=st.sampled_from([0.5, 0.8, 0.95, 1.0]),
)
def test_the_list_keeps_the_guard_and_is_worth_no_less_than_every_sorted_list_that_does(relevance, benefit, price, guard):
    tilt = price * benefit
    choice = choose(request(relevance, benefit), tilt, WEIGHTS, guard, None)
    assert len(set(choice.positions.tolist())) == 3
    assert choice.utility == pytest.approx(relevance[choice.positions] @ WEIGHTS)
    assert choice.utility >= guard * choice.untilted_utility - 1e-9
    worth = choice.utility + tilt[choice.positions] @ WEIGHTS
    for part in np.linspace(0, 1, 9):
        sorted_list = np.argsort(-(relevance + part * tilt), kind="stable")[:3]
        kept = relevance[sorted_list] @ WEIGHTS
        if kept >= guard * choice.untilted_utility:
            # The tenth halving leaves a thousandth of the tilt unused.
            assert worth >= kept + tilt[sorted_list] @ WEIGHTS - 0.002 * price * WEIGHTS.sum() - 1e-9
