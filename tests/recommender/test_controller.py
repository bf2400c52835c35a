"""The online tilt keeps its target over any order of requests, any number of processes and any restart."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender import tally
from recommender.controller import TiltController
from recommender.policy import InvalidControllerStateError, InvalidTiltInputError, TiltPolicy
from recommender.tally import apply_delta
from recommender.tilt import tilt_lists

POLICY = TiltPolicy(exposure_share=0.3)
GUARDED = TiltPolicy(exposure_share=0.3, consumer_guard=0.8)


def requests(count=3000, candidates=40, seed=0, penalty=0.5):
    """Make shortlists of very unequal consumers: some hardly buy anything, some buy much."""
    rng = np.random.default_rng(seed)
    activity = rng.gamma(1.0, 1.0, (count, 1))
    benefit = (rng.random((count, candidates)) < 0.3).astype(float)
    relevance = np.minimum(rng.beta(0.5, 8, (count, candidates)) * activity, 1.0)
    return relevance * np.where(benefit > 0, penalty, 1.0), benefit


def serve(controller, relevance, benefit, n=10):
    served = controller.rank(relevance, benefit, n)
    controller.record(served)
    return served


def achieved(state):
    return state[tally.REGISTERED_EXPOSURE] / state[tally.EXPOSURE]


ORDERS = {
    "as they come": lambda relevance, benefit: np.arange(len(relevance)),
    "light consumers first": lambda relevance, benefit: np.argsort(relevance.sum(axis=1)),
    "heavy consumers first": lambda relevance, benefit: np.argsort(-relevance.sum(axis=1)),
    "registered goods last": lambda relevance, benefit: np.argsort((relevance * benefit).sum(axis=1)),
    "registered goods first": lambda relevance, benefit: np.argsort(-(relevance * benefit).sum(axis=1)),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_the_share_is_kept_in_any_order(order):
    relevance, benefit = requests()
    controller = TiltController(POLICY, step=0.1)
    for row in order(relevance, benefit):
        serve(controller, relevance[row], benefit[row])
    assert achieved(controller.state()) == pytest.approx(0.3, abs=0.003)


def test_the_lag_never_exceeds_what_the_multiplier_explains():
    relevance, benefit = requests(count=600)
    controller = TiltController(POLICY, step=0.05, relevance_scale=0.1)
    for row in np.argsort(relevance.sum(axis=1)):
        serve(controller, relevance[row], benefit[row])
        state = controller.state()
        lag = 0.3 * state[tally.EXPOSURE] - state[tally.REGISTERED_EXPOSURE]
        assert lag <= controller.multipliers()["exposure"] / (0.05 * 0.1) + 1e-9


def test_the_online_lists_reach_nearly_the_utility_of_the_batch_bound():
    relevance, benefit = requests()
    items = relevance.shape[0] * 40
    batch = tilt_lists(relevance, benefit.ravel(), 10, POLICY, candidates=np.arange(items).reshape(-1, 40))
    start = {tally.FORMAT: 1.0, tally.START_EXPOSURE: batch.multipliers.exposure[None]}
    controller = TiltController(POLICY, start, step=0.003)
    for row in range(len(relevance)):
        serve(controller, relevance[row], benefit[row])
    state = controller.state()
    assert achieved(state) == pytest.approx(0.3, abs=0.003)
    assert 0.998 <= state[tally.EXPECTED_SALES] / batch.utility_bound <= 1.003


def test_the_sales_share_is_kept_too():
    relevance, benefit = requests()
    controller = TiltController(TiltPolicy(sales_share=0.25), step=0.1)
    for row in np.argsort(relevance.sum(axis=1)):
        serve(controller, relevance[row], benefit[row])
    state = controller.state()
    assert state[tally.REGISTERED_SALES] / state[tally.EXPECTED_SALES] == pytest.approx(0.25, abs=0.005)


def test_several_processes_that_share_sums_keep_the_target_together():
    relevance, benefit = requests()
    shared = TiltController(GUARDED).state()
    workers = [TiltController.from_state(GUARDED, shared, step=0.1) for _ in range(4)]
    for number in range(len(relevance)):
        worker = workers[number % 4]
        serve(worker, relevance[number], benefit[number])
        if number % 20 == 19:
            for one in workers:
                shared = apply_delta(shared, one.take_delta())
            for one in workers:
                one.refresh(shared)
    assert shared[tally.REQUESTS] == 3000
    assert achieved(shared) == pytest.approx(0.3, abs=0.003)


def test_deltas_of_several_processes_may_be_added_in_any_order():
    relevance, benefit = requests(count=60)
    workers = [TiltController(POLICY) for _ in range(3)]
    for number in range(60):
        serve(workers[number % 3], relevance[number], benefit[number])
    deltas = [one.take_delta() for one in workers]
    start = TiltController(POLICY).state()
    forward, backward = start, start
    for delta in deltas:
        forward = apply_delta(forward, delta)
    for delta in reversed(deltas):
        backward = apply_delta(backward, delta)
    assert forward == pytest.approx(backward, rel=1e-12)


def test_a_taken_delta_is_not_counted_twice_and_an_untaken_one_is_not_lost():
    relevance, benefit = requests(count=3)
    controller = TiltController(POLICY)
    shared = controller.state()
    serve(controller, relevance[0], benefit[0])
    shared = apply_delta(shared, controller.take_delta())
    serve(controller, relevance[1], benefit[1])
    controller.refresh(shared)
    assert controller.state()[tally.REQUESTS] == 2
    shared = apply_delta(shared, controller.take_delta())
    controller.refresh(shared)
    assert controller.state()[tally.REQUESTS] == 2
    assert controller.take_delta() == {}


def test_a_restart_from_the_saved_state_serves_the_same_lists():
    relevance, benefit = requests(count=400)
    running = TiltController(GUARDED)
    for row in range(200):
        serve(running, relevance[row], benefit[row])
    restarted = TiltController.from_state(GUARDED, json.loads(json.dumps(running.state())))
    for row in range(200, 400):
        before, after = serve(running, relevance[row], benefit[row]), serve(restarted, relevance[row], benefit[row])
        assert before.positions.tolist() == after.positions.tolist()
        assert before.multipliers == after.multipliers
    assert running.state() == restarted.state()


def test_a_new_period_begins_with_the_multipliers_of_the_old_one():
    relevance, benefit = requests(count=500)
    controller = TiltController(TiltPolicy(0.3, 0.25))
    for row in range(500):
        serve(controller, relevance[row], benefit[row])
    following = TiltController.from_state(controller.policy, controller.next_period())
    assert following.multipliers() == controller.multipliers()
    assert tally.REQUESTS not in following.state()


def test_ranking_without_recording_changes_nothing():
    relevance, benefit = requests(count=1)
    controller = TiltController(POLICY)
    before = controller.state()
    controller.rank(relevance[0], benefit[0], 10)
    assert controller.state() == before
    assert controller.take_delta() == {}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), guard=st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_every_single_list_keeps_the_guard(seed, guard):
    relevance, benefit = requests(count=1, seed=seed, penalty=0.3)
    start = {tally.FORMAT: 1.0, tally.START_EXPOSURE: 1.0}
    controller = TiltController(TiltPolicy(0.9, consumer_guard=guard), start)
    served = controller.rank(relevance[0], benefit[0], 10)
    assert served.kept_utility >= guard - 1e-9
    assert 0 <= served.multipliers["guard"] <= 1


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), most=st.integers(1, 4), sellers=st.integers(1, 12))
def test_no_seller_holds_more_places_than_allowed(seed, most, sellers):
    relevance, benefit = requests(count=1, seed=seed)
    seller = np.random.default_rng(seed).integers(0, sellers, 40)
    start = {tally.FORMAT: 1.0, tally.START_EXPOSURE: 0.1}
    served = TiltController(GUARDED, start).rank(relevance[0], benefit[0], 10, seller=seller, max_per_seller=most)
    counts = np.bincount(seller[served.positions])
    assert counts.max() <= most
    assert served.positions.size == min(10, np.minimum(np.bincount(seller), most).sum())
    assert served.kept_utility >= 0.8 - 1e-9


def test_a_list_of_one_seller_is_as_short_as_the_limit():
    served = TiltController(POLICY).rank([0.5, 0.4, 0.3, 0.2], [0, 0, 0, 0], 4, seller=[7, 7, 7, 7], max_per_seller=3)
    assert served.positions.tolist() == [0, 1, 2]


def test_the_books_of_a_list_can_be_checked_by_hand():
    start = {tally.FORMAT: 1.0, tally.START_EXPOSURE: 0.2}
    controller = TiltController(POLICY, start, position_weights=[1.0, 0.5, 0.25])
    served = controller.rank([0.4, 0.3, 0.25, 0.1], [0, 0, 1, 0.5], 2)
    assert served.positions.tolist() == [2, 0]
    assert served.exposure.tolist() == [1.0, 0.5]
    assert served.propensity.tolist() == [1.0, 1.0]
    assert served.registered_exposure == 1.0
    assert served.expected_sales == pytest.approx(0.25 + 0.5 * 0.4)
    assert served.registered_sales == pytest.approx(0.25)
    assert served.kept_utility == pytest.approx(0.45 / 0.55)
    assert served.multipliers == {"exposure": 0.2, "guard": 1.0}
    assert served.delta == pytest.approx(
        {
            "requests": 1.0,
            "exposure": 1.5,
            "registered_exposure": 1.0,
            "expected_sales": 0.45,
            "registered_sales": 0.25,
        }
    )


def test_a_target_out_of_reach_stops_at_the_highest_multiplier():
    controller = TiltController(POLICY, step=10.0)
    for _ in range(50):
        serve(controller, np.full(20, 0.2), np.zeros(20))
    assert controller.multipliers() == {"exposure": 1.0}


def test_exploration_gives_the_last_place_away_as_often_as_its_propensity_says():
    rng = np.random.default_rng(0)
    controller = TiltController(TiltPolicy(), exploration=0.2)
    relevance, benefit = np.linspace(0.5, 0.1, 12), np.zeros(12)
    last = [controller.rank(relevance, benefit, 10, rng=rng) for _ in range(4000)]
    explored = [one for one in last if one.positions[-1] != 9]
    assert len(explored) / 4000 == pytest.approx(0.2, abs=0.02)
    assert {one.positions[-1] for one in explored} == {10, 11}
    assert {one.propensity[-1] for one in explored} == {0.1}
    assert {one.propensity[-1] for one in last if one.positions[-1] == 9} == {0.8}
    assert all(one.propensity[:-1].tolist() == [1.0] * 9 for one in last)


def test_exploration_shows_only_what_it_may_and_keeps_the_guard():
    rng = np.random.default_rng(0)
    controller = TiltController(TiltPolicy(consumer_guard=0.9), exploration=1.0)
    relevance, benefit = np.array([0.5, 0.4, 0.39, 0.0]), np.zeros(4)
    shown = controller.rank(relevance, benefit, 2, rng=rng, explorable=[False, False, True, True])
    assert shown.positions.tolist() == [0, 2]
    refused = controller.rank(relevance, benefit, 2, rng=rng, explorable=[False, False, False, True])
    assert refused.positions.tolist() == [0, 1]
    assert refused.propensity.tolist() == [1.0, 1.0]


def test_more_places_than_candidates_show_all_candidates():
    assert TiltController(POLICY).rank([0.1, 0.2], [0, 1], 10).positions.tolist() == [1, 0]


GOOD = {"relevance": [0.5, 0.4], "benefit": [0, 1], "n": 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"relevance": [np.nan, 0.4]}, "finite"),
        ({"relevance": [np.inf, 0.4]}, "finite"),
        ({"relevance": [-0.1, 0.4]}, "not negative"),
        ({"relevance": []}, "at least one candidate"),
        ({"relevance": [[0.5, 0.4]]}, "one dimension"),
        ({"benefit": [0, 1.5]}, "between 0 and 1"),
        ({"benefit": [0, np.nan]}, "between 0 and 1"),
        ({"benefit": [0]}, "shape"),
        ({"n": 0}, "at least 1"),
        ({"seller": [1]}, "seller"),
        ({"seller": [0.5, 1.5]}, "seller"),
        ({"area": [1, 2, 3]}, "area"),
        ({"severity": [1.0, -1.0]}, "severity"),
        ({"severity": [1.0, np.nan]}, "severity"),
        ({"max_per_seller": 0, "seller": [1, 2]}, "max_per_seller"),
        ({"max_per_seller": 3}, "needs the seller"),
    ],
)
def test_each_bad_request_is_refused_by_name(change, said):
    with pytest.raises(InvalidTiltInputError, match=said):
        TiltController(POLICY).rank(**(GOOD | change))


@pytest.mark.parametrize(
    ("policy", "options", "said"),
    [
        (POLICY, {"step": 0}, "step"),
        (POLICY, {"step": float("nan")}, "step"),
        (POLICY, {"household_step": -1.0}, "household_step"),
        (POLICY, {"relevance_scale": 0.0}, "relevance_scale"),
        (POLICY, {"exploration": 1.5}, "exploration"),
        (POLICY, {"position_weights": [0.5, 1.0]}, "never rise"),
        (TiltPolicy(0.3, household_floor=0.5), {}, "total_severity"),
    ],
)
def test_each_bad_option_is_refused_by_name(policy, options, said):
    with pytest.raises(InvalidTiltInputError, match=said):
        TiltController(policy, **options)


@pytest.mark.parametrize(
    ("policy", "options", "said"),
    [
        (TiltPolicy(0.3, per_area=True), {}, "area of each"),
        (TiltPolicy(0.3, household_floor=0.5), {"total_severity": 1.0}, "severity of each"),
        (POLICY, {"exploration": 0.1}, "random generator"),
        (POLICY, {"position_weights": [1.0]}, "position_weights"),
    ],
)
def test_a_request_without_what_the_policy_needs_is_refused(policy, options, said):
    with pytest.raises(InvalidTiltInputError, match=said):
        TiltController(policy, **options).rank([0.5, 0.4], [0, 1], 2)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"format": 2.0},
        {"format": 1.0, "requests": float("nan")},
        {"format": 1.0, "requests": "many"},
        {"format": 1.0, 7: 1.0},
        [("format", 1.0)],
    ],
)
def test_a_damaged_state_is_refused(state):
    with pytest.raises(InvalidControllerStateError):
        TiltController.from_state(POLICY, state)


def test_a_whole_state_is_not_taken_for_a_delta():
    state = TiltController(POLICY).state()
    with pytest.raises(InvalidControllerStateError, match="delta"):
        apply_delta(state, state)


def county_requests(count=2500, candidates=60, households=12, seed=0):
    """Make requests over a fixed catalogue of sellers in three areas, a third of them registered."""
    rng = np.random.default_rng(seed)
    seller = np.arange(candidates) % (3 * households)
    benefit = (seller < households).astype(float)
    relevance = rng.beta(0.5, 8, (count, candidates)) * np.where(benefit > 0, 0.5, 1.0)
    return relevance, benefit, seller, seller % 3, np.linspace(0.5, 1.5, 3 * households)[seller]


def test_every_area_and_every_household_floor_is_kept_online():
    relevance, benefit, seller, area, severity = county_requests()
    policy = TiltPolicy(0.3, per_area=True, household_floor=0.8, consumer_guard=0.6)
    needs = dict(zip(seller[benefit > 0].tolist(), severity[benefit > 0].tolist(), strict=True))
    controller = TiltController(policy, step=0.1, household_step=0.3, total_severity=sum(needs.values()))
    for row in np.argsort(relevance.sum(axis=1)):
        served = controller.rank(relevance[row], benefit, 10, seller=seller, area=area, severity=severity)
        controller.record(served)
        assert served.kept_utility >= 0.6 - 1e-9
    state = controller.state()
    for one in range(3):
        share = state[tally.area_registered(one)] / state[tally.area_exposure(one)]
        assert share >= 0.3 - 0.003
    for household, need in needs.items():
        floor = 0.8 * 0.3 * need / sum(needs.values()) * state[tally.EXPOSURE]
        assert state[tally.household_registered(household)] >= 0.95 * floor


def test_an_area_without_a_target_has_no_multiplier():
    relevance, benefit, seller, area, _ = county_requests(count=50)
    controller = TiltController(TiltPolicy(0.9, per_area=True), areas=[1, 2], step=1.0)
    for row in relevance:
        served = controller.rank(row, benefit, 10, seller=seller, area=area)
        controller.record(served)
    assert served.multipliers["area:0"] == 0
    assert served.multipliers["area:1"] > 0


def test_a_new_period_carries_the_multipliers_of_areas_and_households_over():
    relevance, benefit, seller, area, severity = county_requests(count=300)
    policy = TiltPolicy(0.4, per_area=True, household_floor=0.9)
    options = {"total_severity": 10.0, "step": 0.2, "household_step": 0.2, "relevance_scale": 0.1}
    controller = TiltController(policy, **options)
    arrays = {"seller": seller, "area": area, "severity": severity}
    for row in relevance:
        controller.record(controller.rank(row, benefit, 10, **arrays))
    needs = dict(zip(seller[benefit > 0].tolist(), severity[benefit > 0].tolist(), strict=True))
    following = TiltController.from_state(policy, controller.next_period(needs), **options)
    before, after = (one.rank(relevance[0], benefit, 10, **arrays) for one in (controller, following))
    assert before.multipliers == pytest.approx(after.multipliers)
    assert before.positions.tolist() == after.positions.tolist()


def test_a_restart_keeps_areas_and_households():
    relevance, benefit, seller, area, severity = county_requests(count=200)
    policy = TiltPolicy(0.4, per_area=True, household_floor=0.9)
    arrays = {"seller": seller, "area": area, "severity": severity}
    running = TiltController(policy, total_severity=10.0)
    for row in relevance[:100]:
        running.record(running.rank(row, benefit, 10, **arrays))
    saved = json.loads(json.dumps(running.state()))
    restarted = TiltController.from_state(policy, saved, total_severity=10.0)
    for row in relevance[100:]:
        lists = [one.rank(row, benefit, 10, **arrays) for one in (running, restarted)]
        assert lists[0].positions.tolist() == lists[1].positions.tolist()
        for one, served in zip((running, restarted), lists, strict=True):
            one.record(served)
