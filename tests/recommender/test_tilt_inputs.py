"""Markets at the edge of sense: each is refused by name or answered as documented."""

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from recommender.policy import InvalidTiltInputError, TiltPolicy
from recommender.tilt import tilt_lists

shares = st.one_of(st.none(), st.sampled_from([0.0, 0.3, 1.0]))
NO_CHANCE, NO_BENEFIT = st.sampled_from([np.nan, np.inf, -0.5]), st.sampled_from([np.nan, 1.5, -1.0])


def rows(element, size, count=1):
    return st.lists(st.lists(element, min_size=size, max_size=size), min_size=count, max_size=count)


@st.composite
def messy_markets(draw):
    """Draw a market of which one column may be spoilt."""
    spoilt = draw(st.sampled_from([None, None, None, "relevance", "benefit", "seller", "severity", "candidates"]))
    users, items = draw(st.integers(1, 4)), draw(st.integers(1, 6))

    def mostly(column, good, bad):
        return st.one_of(good, good, bad) if column == spoilt else good

    offered = st.permutations([*range(items), -1, -1])
    if spoilt == "candidates":
        offered = st.lists(st.integers(-1, items), min_size=items + 2, max_size=items + 2)
    columns = {
        "relevance": draw(rows(mostly("relevance", st.floats(0, 1), NO_CHANCE), items + 2, users)),
        "benefit": draw(rows(mostly("benefit", st.sampled_from([0.0, 0.5, 1.0]), NO_BENEFIT), items))[0],
        "seller": draw(rows(mostly("seller", st.integers(0, 3), st.just(-1)), items))[0],
        "area": draw(rows(st.integers(0, 2), items))[0],
        "severity": draw(rows(mostly("severity", st.sampled_from([0.5, 1.0]), st.just(-1.0)), 4))[0],
        "candidates": draw(st.lists(offered, min_size=users, max_size=users)),
    }
    share = draw(shares)
    policy = TiltPolicy(
        share,
        draw(shares),
        per_area=share is not None and draw(st.booleans()),
        household_floor=draw(st.sampled_from([0.0, 0.5, 1.0])) if share is not None else 0.0,
        consumer_guard=draw(st.sampled_from([0.0, 0.8, 1.0])),
    )
    return columns, draw(st.integers(1, 8)), policy, spoilt


@settings(max_examples=300, deadline=None)
@given(market=messy_markets())
def test_any_market_is_refused_by_name_or_served_within_its_promise(market):
    columns, n, policy, spoilt = market
    try:
        result = tilt_lists(n=n, policy=policy, **columns)
    except InvalidTiltInputError:
        event("refused")
        assert spoilt is not None
        return
    assert result.items.shape == (len(columns["relevance"]), n)
    for row, offered in zip(result.items.tolist(), columns["candidates"], strict=True):
        shown = [item for item in row if item >= 0]
        assert len(set(shown)) == len(shown) == min(n, sum(item >= 0 for item in offered))
        assert set(shown) <= set(offered)
        assert row[len(shown) :] == [-1] * (n - len(shown))
    assert (result.kept_utility >= policy.consumer_guard - 1e-9).all()
    missed = {one.constraint for one in result.unmet}
    if (result.items >= 0).any() and not policy.per_area:
        assert result.exposure_share >= (policy.exposure_share or 0) - 1e-8 or "exposure_share" in missed
    assert result.sales_share >= (policy.sales_share or 0) - 1e-8 or "sales_share" in missed or result.utility == 0
    for one in result.unmet:
        assert one.reached < one.wanted
        assert one.reached <= one.largest + 1e-12
        assert one.limited_by in {"candidates", "consumer_guard", "other_targets"}


@pytest.mark.parametrize("benefit", [0.0, 1.0])
@pytest.mark.parametrize("policy", [TiltPolicy(0.3), TiltPolicy(0.3, 0.2, True, 0.5, 0.8), TiltPolicy(sales_share=0.3)])
def test_when_one_seller_sells_everything_the_lists_are_those_of_relevance(benefit, policy):
    relevance = [[0.1, 0.4, 0.3], [0.5, 0.2, 0.4]]
    result = tilt_lists(relevance, [benefit] * 3, 2, policy, seller=[4] * 3, severity=np.ones(5), area=[1] * 3)
    assert result.items.tolist() == [[1, 2], [0, 2]]
    assert result.exposure_share == result.sales_share == benefit
    assert bool(result.unmet) == (benefit == 0)
    assert all((one.reached, one.largest, one.limited_by) == (0, 0, "candidates") for one in result.unmet)


def test_without_any_registered_seller_a_policy_per_area_is_not_passed_off_as_met():
    policy = TiltPolicy(0.3, per_area=True, household_floor=0.5)
    result = tilt_lists([[0.5, 0.4]], [0, 0], 1, policy, seller=[0, 1], area=[0, 1])
    assert result.items.tolist() == [[0]]
    assert [(one.constraint, one.wanted, one.largest) for one in result.unmet] == [("exposure_share", 0.3, 0.0)]


def test_more_places_than_goods_are_filled_with_minus_one_under_areas_and_floors():
    policy = TiltPolicy(0.5, per_area=True, household_floor=0.5)
    result = tilt_lists([[0.5, 0.4]] * 3, [0, 1], 4, policy, seller=[0, 1], area=[2, 2])
    assert (result.items[:, 2:] == -1).all()
    assert np.sort(result.items[:, :2], axis=1).tolist() == [[0, 1]] * 3


def test_a_candidate_named_twice_is_refused_under_every_policy():
    for policy in (TiltPolicy(), TiltPolicy(0.3), TiltPolicy(0.3, per_area=True)):
        with pytest.raises(InvalidTiltInputError, match="twice"):
            tilt_lists([[0.5, 0.4]], [0, 1], 1, policy, area=[0, 0], candidates=[[1, 1]])
