import gc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recommender import Recommender, TiltController, TiltPolicy, tally
from recommender import search as search_module
from recommender.calibration import logistic
from recommender.candidates import resolve_candidates
from recommender.index import ItemIndex
from recommender.kinds import Kinds, KindTables
from recommender.search import Taste, best_items
from tests.recommender.large_shop import by_brute_force, large_state, small_shop

# How a request is answered whatever the size of the shop: (SCORED_AT_ONCE, SCANNED_AT_ONCE, MOST_BOUNDED).
WAYS = {"bounds": (0, 0, 1.0), "scan": (0, 10**9, 1.0), "bounds, then scan": (0, 0, 0.0), "all scored": (10**9, 0, 1.0)}
SHOP = small_shop()


@pytest.fixture
def way(request, monkeypatch):
    return _take(request.param, monkeypatch)


def _take(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, scanned, bounded = WAYS[name]
    monkeypatch.setattr(search_module, "SCORED_AT_ONCE", at_once)
    monkeypatch.setattr(search_module, "SCORED_PART", 0)
    monkeypatch.setattr(search_module, "SCANNED_AT_ONCE", scanned)
    monkeypatch.setattr(search_module, "MOST_BOUNDED", bounded)


@pytest.mark.parametrize("name", WAYS)
@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_items=st.integers(30, 400),
    size=st.integers(1, 40),
    weights=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    shown_part=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    included_part=st.sampled_from([None, 0.0, 0.1, 1.0]),
    coarse=st.booleans(),
)
def test_every_way_finds_what_a_sort_of_all_items_finds_bit_for_bit(
    name, seed, n_items, size, weights, shown_part, included_part, coarse
):
    generator = np.random.default_rng(seed)
    state = large_state(SHOP.state, n_items, generator, weights=weights, coarse=coarse)
    index = ItemIndex.of(state)
    shown = generator.random(n_items) < shown_part
    included = None if included_part is None else generator.random(n_items) < included_part
    candidates = resolve_candidates(state.items, shown)
    must = None if included is None else resolve_candidates(state.items, included)
    taste = Taste.of(state, index.tables, int(generator.integers(40)))
    with pytest.MonkeyPatch.context() as patch:
        _take(name, patch)
        numbers, logits = best_items(index, taste, size, candidates, must)
    assert (numbers.tolist(), logits.tolist()) == by_brute_force(taste, size, shown, included)
    assert numbers.dtype == np.int32
    assert logits.dtype == np.float32


def test_the_logits_of_a_shortlist_are_those_of_relevance():
    state, index = SHOP.state, SHOP.index
    for user in (1000, 1017, 1039):
        taste = Taste.of(state, index.tables, state.users.number(user))
        probabilities = logistic(taste.all_logits(np.arange(30, dtype=np.int32)))
        assert probabilities.tolist() == pytest.approx(SHOP.relevance([user])[0].tolist(), rel=1e-5)


def test_the_logit_of_an_item_does_not_depend_on_which_others_are_asked_for():
    state = large_state(SHOP.state, 1003, np.random.default_rng(4))
    taste = Taste.of(state, ItemIndex.of(state).tables, 5)
    whole = taste.logits(np.arange(1003, dtype=np.int32))
    backwards = taste.logits(np.arange(1002, -1, -1, dtype=np.int32))[::-1]
    single = [taste.logits(np.array([number], np.int32))[0] for number in range(1003)]
    assert whole.tolist() == backwards.tolist() == single


def test_a_request_among_many_items_reads_few_of_their_vectors(monkeypatch):
    state = large_state(SHOP.state, 40_000, np.random.default_rng(1))
    model = Recommender(SHOP.config).serve(state)
    read = []
    plain = Taste.logits
    monkeypatch.setattr(Taste, "logits", lambda taste, numbers: read.append(len(numbers)) or plain(taste, numbers))
    registered = model.candidate_set(state.listings.benefit > 0)
    for user in range(1000, 1040):
        model.shortlist(user, 50, must_include=registered)
    assert sum(read) / 40 < 40_000 / 20


def test_vectors_that_leave_nothing_to_rule_out_are_answered_all_the_same(monkeypatch):
    generator = np.random.default_rng(2)
    state = large_state(SHOP.state, 25_000, generator)
    state.item_factors[:] /= np.linalg.norm(state.item_factors, axis=1, keepdims=True)
    state.item_offsets[:] = -4
    model = Recommender(SHOP.config).serve(state)
    scans = []
    plain = search_module._Search._scanned
    monkeypatch.setattr(search_module._Search, "_scanned", lambda one: scans.append(1) or plain(one))
    registered = state.listings.benefit > 0
    for user in (1000, 1001, 1002):
        found = model.shortlist(user, 100, must_include=registered)
        taste = Taste.of(state, model.index.tables, state.users.number(user))
        assert found.item_numbers.tolist() == by_brute_force(taste, 100, np.ones(25_000, bool), registered)[0]
    assert scans


def test_hidden_items_never_come_even_when_they_would_be_the_best():
    state = large_state(SHOP.state, 40_000, np.random.default_rng(3))
    model = Recommender(SHOP.config).serve(state)
    registered = state.listings.benefit > 0
    sold_out = model.shortlist(1003, 2000, must_include=registered).item_numbers
    in_stock = np.ones(40_000, dtype=bool)
    in_stock[sold_out] = False
    found = model.shortlist(1003, 150, candidates=in_stock, must_include=registered)
    assert not np.isin(found.item_numbers, sold_out).any()
    taste = Taste.of(state, model.index.tables, state.users.number(1003))
    assert found.item_numbers.tolist() == by_brute_force(taste, 150, in_stock, registered)[0]
    assert registered[found.item_numbers].sum() >= 150


def test_a_saved_and_loaded_model_gives_the_same_shortlists(tmp_path):
    state = large_state(SHOP.state, 30_000, np.random.default_rng(6))
    model = Recommender(SHOP.config).serve(state)
    model.save(tmp_path / "model")
    loaded = Recommender.load(tmp_path / "model")
    for user in (1000, 1011, "a stranger"):
        one, two = (each.shortlist(user, 50, must_include=state.listings.benefit > 0) for each in (model, loaded))
        assert one.item_numbers.tolist() == two.item_numbers.tolist()
        assert one.probabilities.tobytes() == two.probabilities.tobytes()


@pytest.mark.parametrize("way", ["bounds"], indirect=True)
def test_a_listing_folded_in_after_loading_is_found(way, tmp_path):
    SHOP.save(tmp_path / "model")
    loaded = Recommender.load(tmp_path / "model")
    folded = loaded.fold_in(item_features={"item_id": ["fresh", "raised"], "type": ["even", "odd"], "benefit": [0.0, 1.0]})
    assert "fresh" not in loaded.shortlist(1000, 40).item_ids
    assert len(folded.shortlist(1000, 40).item_ids) == 32
    only_new = folded.state.items.numbers(["fresh", "raised"])
    found = folded.shortlist(1000, 3, must_include=["raised"])
    assert len(found.item_ids) == 4
    assert "raised" in found.item_ids
    assert set(folded.shortlist(1000, 5, candidates=["fresh", "raised"]).item_numbers.tolist()) == set(only_new.tolist())


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), price=st.floats(0, 1), guard=st.sampled_from([0.0, 0.5, 0.8, 0.95]))
# Exchanges that win the same, of which one costs less.
@example(seed=26721, price=1.0, guard=0.95)
def test_ten_of_each_side_hold_the_tilted_list_for_every_multiplier_and_guard(seed, price, guard):
    generator = np.random.default_rng(seed)
    state = large_state(SHOP.state, 300, generator)
    index = ItemIndex.of(state)
    taste = Taste.of(state, index.tables, int(generator.integers(40)))
    sides = [resolve_candidates(state.items, state.listings.benefit > level) for level in (-1, 0)]
    numbers, logits = best_items(index, taste, 10, *sides)
    start = {tally.FORMAT: tally.FORMAT_NUMBER, tally.START_EXPOSURE: price}
    controller = TiltController(TiltPolicy(exposure_share=0.5, consumer_guard=guard), start)
    everything = np.arange(300)
    worth = logistic(taste.all_logits(everything)) + price * state.listings.benefit
    lists = []
    for some, their_logits in ((numbers, logits), (everything, taste.all_logits(everything))):
        served = controller.rank(logistic(their_logits), state.listings.benefit[some], 10)
        assert served.multipliers["exposure"] == price
        lists.append(np.append(worth[some[served.positions]], served.kept_utility))
    # Of two that are worth the same to the last bit either may come first.
    np.testing.assert_allclose(lists[0], lists[1], rtol=0, atol=1e-12)


def test_a_controller_ranks_a_shortlist_of_a_large_shop_and_keeps_the_guard():
    state = large_state(SHOP.state, 40_000, np.random.default_rng(8))
    model = Recommender(SHOP.config).serve(state)
    registered = model.candidate_set(state.listings.benefit > 0)
    controller = TiltController(TiltPolicy(exposure_share=0.6, consumer_guard=0.8), step=1.0)
    for user in [*range(1000, 1040)] * 3:
        found = model.shortlist(user, 50, must_include=registered)
        served = controller.rank(found.probabilities, state.listings.benefit[found.item_numbers], 10)
        controller.record(served)
        assert served.kept_utility >= 0.8 - 1e-9
    assert controller.multipliers()["exposure"] > 0


def test_what_is_remembered_of_a_candidate_set_is_forgotten_with_it():
    state = large_state(SHOP.state, 30_000, np.random.default_rng(9))
    model = Recommender(SHOP.config).serve(state)
    chosen = model.candidate_set(state.listings.benefit > 0)
    model.shortlist(1000, 50, must_include=chosen)
    assert len(model.index._touched) == 1
    del chosen
    gc.collect()
    assert len(model.index._touched) == 0


def test_a_mask_changed_after_it_was_resolved_changes_no_candidate_set():
    mask = np.ones(30, dtype=bool)
    chosen = SHOP.candidate_set(mask)
    mask[:] = False
    assert chosen.mask.all()
    assert len(SHOP.shortlist(1000, 30, candidates=chosen).item_ids) == 30


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_kinds=st.integers(1, 30),
    n_columns=st.integers(0, 3),
    n_own=st.integers(0, 12),
    rises=st.booleans(),
)
def test_the_tree_of_kinds_says_of_each_kind_what_the_table_of_kinds_says(seed, n_kinds, n_columns, n_own, rises):
    generator = np.random.default_rng(seed)
    levels = generator.integers(-1, 4, (n_kinds, n_columns)).astype(np.int32)
    if rises and n_columns:
        levels = levels[np.lexsort(levels.T[::-1])]
    share_of_code = generator.uniform(0.05, 1, 5).astype(np.float32)
    of_item = generator.integers(0, n_kinds, 40).astype(np.int32)
    kinds = Kinds(of_item, levels, share_of_code[levels + 1])
    items = np.sort(generator.choice(40, n_own, replace=False)).astype(np.int32)
    frequency = generator.uniform(0, 5, n_own).astype(np.float32)
    weights = generator.standard_normal((n_columns, 3)).astype(np.float32)
    expected = kinds.describe(items, frequency).reshape(n_kinds, -1).astype(np.float64) @ weights.ravel().astype(np.float64)
    assert KindTables.of(kinds).terms(items, frequency, weights).tolist() == pytest.approx(expected.tolist(), abs=1e-5)
