"""Several policies in one list keep their own targets over their own goods; new listings get their turn."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender import (
    TiltController,
    TiltPolicy,
    rank_together,
    record_together,
    settle_together,
    tally,
    tilt_lists,
    tilt_together,
)
from recommender.policy import InvalidTiltInputError

NORTH, SOUTH, NOBODYS = 7, 8, 0
POLICIES = {NORTH: TiltPolicy(exposure_share=0.4), SOUTH: TiltPolicy(sales_share=0.15, consumer_guard=0.7)}
CANDIDATES = 60
COVERED_BY = np.arange(CANDIDATES) % 3
COVERED_BY = np.choose(COVERED_BY, [NOBODYS, NORTH, SOUTH])


def requests(count=2500, seed=0):
    """Make shortlists of unequal consumers; registered goods sell half as well."""
    rng = np.random.default_rng(seed)
    benefit = (rng.random((count, CANDIDATES)) < 0.3).astype(float)
    relevance = np.minimum(rng.beta(0.5, 8, (count, CANDIDATES)) * rng.gamma(1.0, 1.0, (count, 1)), 1.0)
    return relevance * np.where(benefit > 0, 0.5, 1.0), benefit


def controllers(states=None, **options):
    return {
        number: TiltController(policy, None if states is None else states[number], **options)
        for number, policy in POLICIES.items()
    }


def serve(several, relevance, benefit, n=10, **options):
    served = rank_together(several, COVERED_BY, relevance, benefit, n, **options)
    record_together(several, served)
    return served


def shares(state):
    return (
        state[tally.REGISTERED_EXPOSURE] / state[tally.EXPOSURE],
        state[tally.REGISTERED_SALES] / state[tally.EXPECTED_SALES],
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), guard=st.sampled_from([0.0, 0.8, 0.95]), limit=st.sampled_from([None, 2]))
def test_one_policy_over_everything_gives_the_list_of_its_controller(seed, guard, limit):
    (relevance,), (benefit,) = requests(count=1, seed=seed)
    policy = TiltPolicy(0.5, 0.3, household_floor=0.5, consumer_guard=guard)
    start = {tally.FORMAT: 1.0, tally.START_EXPOSURE: 0.02, tally.START_SALES: 0.3, tally.EXPOSURE: 5.0}
    controller = TiltController(policy, start, total_severity=20.0, relevance_scale=0.05)
    arrays = {"seller": np.arange(CANDIDATES) % 20, "severity": np.ones(CANDIDATES), "max_per_seller": limit}
    alone = controller.rank(relevance, benefit, 10, **arrays)
    together = rank_together({3: controller}, np.full(CANDIDATES, 3), relevance, benefit, 10, **arrays)
    assert together.positions.tolist() == alone.positions.tolist()
    assert together.kept_utility == alone.kept_utility
    assert together.parts[3].delta == alone.delta
    assert {**together.parts[3].multipliers, **together.multipliers} == alone.multipliers


ORDERS = {
    "as they come": lambda relevance, benefit: np.arange(len(relevance)),
    "light consumers first": lambda relevance, benefit: np.argsort(relevance.sum(axis=1)),
    "heavy consumers first": lambda relevance, benefit: np.argsort(-relevance.sum(axis=1)),
    "registered goods last": lambda relevance, benefit: np.argsort((relevance * benefit).sum(axis=1)),
    "registered goods first": lambda relevance, benefit: np.argsort(-(relevance * benefit).sum(axis=1)),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_each_policy_keeps_its_own_target_over_its_own_goods_in_any_order(order):
    relevance, benefit = requests()
    step, scale = 0.3, 0.05
    several = controllers(step=step, relevance_scale=scale)
    kept = [serve(several, relevance[row], benefit[row]).kept_utility for row in order(relevance, benefit)]
    north, south = several[NORTH].state(), several[SOUTH].state()
    # What a policy lags behind is what its multiplier explains, whatever the other policy did.
    lag = 0.4 * north[tally.EXPOSURE] - north[tally.REGISTERED_EXPOSURE]
    assert lag <= several[NORTH].multipliers()["exposure"] / (step * scale) + 1e-9
    sold_less = 0.15 * south[tally.EXPECTED_SALES] - south[tally.REGISTERED_SALES]
    assert sold_less <= several[SOUTH].multipliers()["sales"] * scale / step + 1e-9
    assert shares(north)[0] == pytest.approx(0.4, abs=0.01)
    assert shares(south)[1] == pytest.approx(0.15, abs=0.01)
    assert min(kept) >= 0.7 - 1e-9


def test_the_books_of_the_policies_are_those_of_the_places_they_cover():
    relevance, benefit = requests(count=200)
    several = controllers()
    for row in range(200):
        served = serve(several, relevance[row], benefit[row])
        for number, part in served.parts.items():
            mine = COVERED_BY[served.positions] == number
            shown, exposure = served.positions[mine], served.exposure[mine]
            sums = [part.delta.get(name, 0.0) for name in (tally.EXPOSURE, tally.REGISTERED_EXPOSURE, tally.EXPECTED_SALES)]
            by_hand = [exposure.sum(), exposure @ benefit[row, shown], exposure @ relevance[row, shown]]
            assert sums == pytest.approx(by_hand)


def test_the_guard_is_the_strictest_of_all_policies_and_the_least():
    relevance, benefit = np.array([0.5, 0.4, 0.3, 0.1]), np.array([0.0, 0.0, 1.0, 1.0])
    start = {tally.FORMAT: 1.0, tally.START_EXPOSURE: 1.0}
    wide, strict = TiltController(TiltPolicy(0.9), start), TiltController(TiltPolicy(consumer_guard=0.8))
    covered_by = [1, 1, 1, 1]
    assert rank_together({1: wide}, covered_by, relevance, benefit, 1).positions.tolist() == [2]
    assert rank_together({1: wide, 2: strict}, covered_by, relevance, benefit, 1).kept_utility == 1.0
    assert rank_together({1: wide}, covered_by, relevance, benefit, 1, least_guard=0.7).kept_utility == 1.0


def test_a_good_of_no_policy_is_neither_raised_nor_lowered():
    start = {tally.FORMAT: 1.0, tally.START_EXPOSURE: 0.2}
    north = TiltController(TiltPolicy(0.5), start)
    served = rank_together({NORTH: north}, [NORTH, NORTH, NOBODYS, NOBODYS], [0.5, 0.4, 0.49, 0.41], [0, 1, 0, 1], 4)
    # .5 - .1 = .4, .4 + .1 = .5, .49, .41
    assert served.positions.tolist() == [1, 2, 3, 0]


def test_several_processes_that_share_sums_keep_every_target_together():
    relevance, benefit = requests()
    shared = {number: one.state() for number, one in controllers().items()}
    workers = [controllers(shared, step=0.1) for _ in range(4)]
    for number in range(len(relevance)):
        serve(workers[number % 4], relevance[number], benefit[number])
        if number % 20 == 19:
            for policy in POLICIES:
                for one in workers:
                    shared[policy] = tally.apply_delta(shared[policy], one[policy].take_delta())
                for one in workers:
                    one[policy].refresh(shared[policy])
    assert shares(shared[NORTH])[0] == pytest.approx(0.4, abs=0.004)
    assert shares(shared[SOUTH])[1] == pytest.approx(0.15, abs=0.004)


def test_a_restart_under_several_policies_serves_the_same_lists():
    relevance, benefit = requests(count=300)
    running = controllers()
    for row in range(150):
        serve(running, relevance[row], benefit[row])
    restarted = controllers({number: json.loads(json.dumps(one.state())) for number, one in running.items()})
    for row in range(150, 300):
        before, after = serve(running, relevance[row], benefit[row]), serve(restarted, relevance[row], benefit[row])
        assert before.positions.tolist() == after.positions.tolist()
        assert before.parts == after.parts


def test_a_new_period_of_one_policy_moves_neither_list_nor_the_other_policy():
    relevance, benefit = requests(count=300)
    several = controllers(relevance_scale=0.05)
    for row in range(299):
        serve(several, relevance[row], benefit[row])
    following = several | {NORTH: TiltController(POLICIES[NORTH], several[NORTH].next_period(), relevance_scale=0.05)}
    before, after = (rank_together(one, COVERED_BY, relevance[299], benefit[299], 10) for one in (several, following))
    assert before.parts[NORTH].multipliers["exposure"] > 0
    assert before.positions.tolist() == after.positions.tolist()
    assert {n: part.multipliers for n, part in before.parts.items()} == {n: part.multipliers for n, part in after.parts.items()}


def test_settled_prices_let_the_first_lists_keep_every_policy():
    relevance, _ = requests(count=400)
    benefit = requests(count=1)[1][0]
    policies = {NORTH: TiltPolicy(exposure_share=0.5), SOUTH: TiltPolicy(sales_share=0.5)}
    starts = settle_together(policies, COVERED_BY, relevance, benefit, 10)
    # A step this small leaves the prices where they were.
    fixed = {number: TiltController(policy, starts[number], step=1e-9) for number, policy in policies.items()}
    for row in relevance:
        serve(fixed, row, benefit)
    assert shares(fixed[NORTH].state())[0] == pytest.approx(0.5, abs=0.01)
    assert shares(fixed[SOUTH].state())[1] == pytest.approx(0.5, abs=0.01)


def test_lists_by_the_settled_price_of_one_policy_come_up_to_the_bound_of_the_exact_solution():
    relevance, _ = requests(count=400)
    benefit, policy = requests(count=1)[1][0], TiltPolicy(0.5)
    everything = np.ones(CANDIDATES, dtype=int)
    start = settle_together({1: policy}, everything, relevance, benefit, 10)[1]
    fixed = {1: TiltController(policy, start, step=1e-9)}
    for row in relevance:
        record_together(fixed, rank_together(fixed, everything, row, benefit, 10))
    state, exact = fixed[1].state(), tilt_lists(relevance, benefit, 10, policy)
    assert shares(state)[0] == pytest.approx(0.5, abs=0.01)
    assert state[tally.EXPECTED_SALES] == pytest.approx(exact.utility_bound, rel=0.002)


def test_relevance_plus_tilt_is_the_order_of_the_lists():
    (relevance,), (benefit,) = requests(count=1)
    north = {NORTH: TiltController(POLICIES[NORTH], {tally.FORMAT: 1.0, tally.START_EXPOSURE: 0.05})}
    tilt, multipliers = tilt_together(north, COVERED_BY, relevance, benefit)
    order = np.argsort(-(relevance + tilt), kind="stable")
    assert rank_together(north, COVERED_BY, relevance, benefit, 10).positions.tolist() == order[:10].tolist()
    assert multipliers == {NORTH: {"exposure": 0.05}}
    assert not tilt[COVERED_BY != NORTH].any()


def test_settling_without_consumers_is_refused():
    with pytest.raises(InvalidTiltInputError, match="at least one list"):
        settle_together(POLICIES, COVERED_BY, np.zeros((0, CANDIDATES)), np.zeros(CANDIDATES), 10)


PROMISED = 5.0


def serve_new_listings(number_of_new, count, *, guard, exploration=0.1, promised=PROMISED):
    """Serve lists in which the last candidates are new and worth a tenth of the others; return what each received."""
    rng = np.random.default_rng(0)
    received, kept, places = np.zeros(CANDIDATES), [], []
    is_new = np.arange(CANDIDATES) >= CANDIDATES - number_of_new
    for at in range(count):
        relevance = rng.beta(2, 20, CANDIDATES) * np.where(is_new, 0.1, 1.0)
        # What is promised becomes due over the first half of the requests.
        due = promised * min(1.0, 2 * at / count)
        served = rank_together(
            {},
            COVERED_BY,
            relevance,
            np.zeros(CANDIDATES),
            10,
            owed=np.where(is_new, np.maximum(due - received, 0), 0),
            explorable=is_new & (received < promised),
            exploration=exploration,
            least_guard=guard,
            rng=rng,
        )
        received[served.positions] += served.exposure
        kept.append(served.kept_utility)
        places.append(int(is_new[served.positions].sum()))
    return received[is_new], np.array(kept), np.array(places)


def test_every_new_listing_gets_what_it_is_promised_in_one_place_of_a_list_and_within_the_guard():
    received, kept, places = serve_new_listings(12, 2000, guard=0.9)
    assert received.min() >= PROMISED
    # The last list a listing is shown in may give it at most the whole first place.
    assert received.max() <= PROMISED + 1.0
    assert places.max() == 1
    assert kept.min() >= 0.9 - 1e-9


def test_new_listings_cost_nothing_once_they_have_received_what_they_were_promised():
    _, kept, places = serve_new_listings(12, 2000, guard=0.9)
    last_shown = np.flatnonzero(places).max()
    assert last_shown < 1999
    assert kept[last_shown + 1 :] == pytest.approx(1.0)
    # Twelve listings of a tenth of the relevance, five each, in 2000 lists of 4.5: the price is in the third digit.
    assert kept.mean() >= 0.99


def test_without_any_chance_the_price_alone_leaves_less_than_two_places_owed():
    received, _, _ = serve_new_listings(12, 1200, guard=0.9, exploration=0.0)
    assert received.min() >= PROMISED - 2
    assert received.max() <= PROMISED


def test_a_list_that_has_raised_a_new_listing_explores_no_second_one():
    rng = np.random.default_rng(0)
    for _ in range(50):
        served = rank_together(
            {},
            np.zeros(4, dtype=int),
            [0.5, 0.4, 0.1, 0.1],
            np.zeros(4),
            2,
            owed=[0, 0, 3.0, 0],
            explorable=[False, False, True, True],
            exploration=1.0,
            rng=rng,
        )
        # Typical relevance .45, so eta = .3 x .45 x 3 = .405 and .1 + .405 > .5.
        assert served.positions.tolist() == [2, 0]
        assert served.new_place == 0
        assert served.propensity.tolist() == [1.0, 1.0]
        assert served.multipliers == {"guard": 1.0, "new_listing": pytest.approx(0.405)}


def test_the_most_wanted_of_the_new_listings_is_raised_and_no_other():
    served = rank_together({}, [0, 0, 0, 0], [0.5, 0.4, 0.1, 0.2], np.zeros(4), 3, owed=[0, 0, 2.0, 2.0])
    # Typical relevance is the mean of .5, .4 and .2, so eta = .3 x .367 x 2 = .22 and .2 + .22 lies between .5 and .4.
    assert served.positions.tolist() == [0, 3, 1]


GOOD = {"controllers": {}, "policy": [0, 1], "relevance": [0.5, 0.4], "benefit": [0, 1], "n": 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"policy": [0]}, "policy"),
        ({"policy": [0.5, 1.0]}, "policy"),
        ({"relevance": [np.nan, 0.4]}, "finite"),
        ({"owed": [-1.0, 0.0]}, "owed"),
        ({"owed": [np.inf, 0.0]}, "owed"),
        ({"owed": [1.0]}, "owed"),
        ({"least_guard": 1.5}, "least_guard"),
        ({"exploration": 2.0}, "exploration"),
        ({"exploration": 0.5}, "random generator"),
        ({"explorable": [True], "exploration": 0.5, "rng": np.random.default_rng(0)}, "explorable"),
        ({"max_per_seller": 3}, "needs the seller"),
        (
            {"controllers": {1: TiltController(TiltPolicy(0.3, household_floor=0.5), total_severity=1.0)}},
            "severity of each",
        ),
    ],
)
def test_each_bad_request_is_refused_by_name(change, said):
    with pytest.raises(InvalidTiltInputError, match=said):
        rank_together(**(GOOD | change))
