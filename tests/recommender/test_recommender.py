import numpy as np
import pytest

from recommender import (
    EmptyLogError,
    Interactions,
    InvalidItemFeaturesError,
    InvalidRequestError,
    NotFittedError,
    Reason,
    Recommender,
    RecommenderConfig,
)
from recommender.policy import TiltPolicy
from tests.recommender.shop_log import DAY, DAYS, ITEM_IDS, shop_events, shop_features, shop_log

SMALL = RecommenderConfig(factors=4, threads=1)


@pytest.fixture(scope="module")
def model() -> Recommender:
    return Recommender(SMALL).fit(shop_log(), shop_features())


def test_relevance_is_a_probability_for_every_consumer_and_item(model):
    relevance = model.relevance([1000, 1001, "a stranger"])
    assert relevance.shape == (3, 30)
    assert relevance.dtype == np.float32
    assert ((relevance > 0) & (relevance < 1)).all()


def test_relevance_follows_the_given_candidates_repeats_and_unknown_ids_included(model):
    whole = model.relevance([1000])
    asked = model.relevance([1000], ["item-07", "never met", "item-02", "item-07"])
    places = model.state.items.numbers(["item-07", "item-02"])
    assert asked[0, [0, 2, 3]].tolist() == [whole[0, places[0]], whole[0, places[1]], whole[0, places[0]]]
    assert 0 < asked[0, 1] < whole[0].max()


def test_lists_are_the_most_probable_items_in_order(model):
    lists = model.recommend([1000, 1007], 5)
    relevance = model.relevance([1000, 1007])
    for row in range(2):
        numbers = model.state.items.numbers(lists.item_ids[row])
        assert lists.scores[row].tolist() == np.sort(relevance[row])[::-1][:5].tolist()
        assert relevance[row, numbers].tolist() == pytest.approx(lists.scores[row].tolist())


def test_consumers_are_shown_the_goods_of_their_own_taste(model):
    users = list(range(1000, 1040))
    lists = model.recommend(users, 6)
    own_half = [
        np.mean([int(item[-2:]) % 2 == user % 2 for item in ids]) for user, ids in zip(users, lists.item_ids, strict=True)
    ]
    assert np.mean(own_half) > 0.8


def test_a_stranger_gets_popularity_and_the_result_says_so(model):
    lists = model.recommend(["a stranger", 1000], 4)
    assert lists.is_stranger.tolist() == [True, False]
    assert set(lists.reasons[0]) == {Reason.POPULAR}
    assert model.shortlist("a stranger", 4).is_stranger
    assert not model.shortlist(1000, 4).is_stranger


def test_an_item_bought_before_is_recommended_for_that_reason(model):
    users, items, _, kinds = shop_events()
    bought = {item for user, item, kind in zip(users, items, kinds, strict=True) if (user, kind) == (1000, "purchase")}
    lists = model.recommend([1000], 30)
    named = {item for item, reason in zip(lists.item_ids[0], lists.reasons[0], strict=True) if reason is Reason.BOUGHT_BEFORE}
    assert named == bought


def test_repeated_candidates_count_once_and_unknown_ones_take_part(model):
    lists = model.recommend([1000], 10, candidates=["item-02", "item-02", "never met"])
    assert sorted(lists.item_ids[0].tolist()) == ["item-02", "never met"]
    assert dict(zip(lists.item_ids[0], lists.reasons[0], strict=True))["never met"] is Reason.NEW_LISTING


def test_a_list_is_short_when_there_are_fewer_candidates(model):
    assert len(model.recommend([1000], 10, candidates=["item-02", "item-04"]).item_ids[0]) == 2
    assert len(model.recommend([1000], 10, candidates=[]).item_ids[0]) == 0


def test_no_consumers_give_no_lists(model):
    assert model.recommend([], 3).item_ids == ()
    assert model.relevance([]).shape == (0, 30)


def test_a_policy_moves_goods_of_registered_households_up_and_names_itself_as_the_reason(model):
    users = list(range(1000, 1040))
    plain = model.recommend(users, 5)
    tilted = model.recommend(users, 5, TiltPolicy(exposure_share=0.6))
    assert tilted.tilt is not None
    assert tilted.tilt.exposure_share >= 0.6 - 1e-9
    benefit = dict(zip(ITEM_IDS, shop_features()["benefit"], strict=True))
    count = [sum(benefit[item] for ids in lists.item_ids for item in ids) for lists in (plain, tilted)]
    assert count[1] > count[0]
    for ids, before, reasons in zip(tilted.item_ids, plain.item_ids, tilted.reasons, strict=True):
        new = [reason for item, reason in zip(ids, reasons, strict=True) if item not in before]
        assert all(reason is Reason.POLICY for reason in new)


def test_a_policy_without_targets_changes_nothing(model):
    plain, same = model.recommend([1000], 5), model.recommend([1000], 5, TiltPolicy())
    assert plain.item_ids[0].tolist() == same.item_ids[0].tolist()
    assert same.tilt is None


def test_a_shortlist_holds_the_best_candidates_and_the_best_of_those_it_must_include(model):
    registered = np.asarray(shop_features()["benefit"]) > 0
    allowed = np.arange(30) >= 6
    short = model.shortlist(1000, 4, candidates=allowed, must_include=registered)
    relevance = model.relevance([1000])[0]
    ranked = np.argsort(-relevance)
    expected = {*[i for i in ranked if allowed[i]][:4], *[i for i in ranked if allowed[i] and registered[i]][:4]}
    assert set(short.item_numbers.tolist()) == expected
    assert (np.diff(short.probabilities) <= 0).all()
    assert short.item_ids.tolist() == model.state.items.ids(short.item_numbers).tolist()
    assert short.probabilities.tolist() == pytest.approx(relevance[short.item_numbers].tolist())


def test_a_shortlist_takes_ids_of_a_live_shop_and_gives_items_it_never_met_their_prior(model):
    short = model.shortlist(1000, 10, candidates=["item-03", "new-1", "new-2"], must_include=["new-2"])
    assert set(short.item_ids.tolist()) == {"item-03", "new-1", "new-2"}
    assert sorted(short.item_numbers.tolist()) == [-1, -1, 3]
    assert np.isfinite(short.probabilities).all()


def test_a_new_listing_is_known_by_its_content(model):
    events, features = shop_log(), shop_features()
    grown = {
        name: [*values, value]
        for (name, values), value in zip(features.items(), ["fresh", 0.0, 99, 1.0, "north", "even"], strict=True)
    }
    fitted = Recommender(SMALL).fit(events, grown)
    even, odd = fitted.relevance([1000, 1001], ["fresh"])[:, 0]
    assert even > odd
    folded = model.fold_in(item_features={"item_id": ["fresh"], "type": ["even"]})
    even, odd = folded.relevance([1000, 1001], ["fresh"])[:, 0]
    assert even > odd


def test_folding_in_events_introduces_a_consumer_without_changing_the_others(model):
    now = model.state.history.now
    log = Interactions.from_events(["newcomer"] * 4, ["item-01", "item-03", "item-05", "item-01"], [now + 1] * 4, "purchase")
    folded = model.fold_in(log)
    assert model.recommend(["newcomer"], 3).is_stranger.tolist() == [True]
    lists = folded.recommend(["newcomer"], 3)
    assert lists.is_stranger.tolist() == [False]
    assert set(lists.item_ids[0].tolist()) == {"item-01", "item-03", "item-05"}
    assert folded.state.user_factors[:40].tobytes() == model.state.user_factors.tobytes()


def test_folding_in_a_listing_moves_it_toward_those_who_bought_it(model):
    now = model.state.history.now
    buyers = [1000, 1002, 1004, 1006]
    log = Interactions.from_events(buyers, ["fresh"] * 4, [now + 1] * 4, "purchase")
    folded = model.fold_in(log, {"item_id": ["fresh"]})
    others = folded.relevance([*range(1008, 1040, 2), *range(1009, 1040, 2)], ["fresh"])[:, 0]
    assert others[:16].mean() > others[16:].mean()


def test_same_seed_and_log_give_the_same_bytes_in_any_order_of_events():
    users, items, times, kinds = shop_events()
    order = np.random.default_rng(5).permutation(len(users))
    shuffled = Interactions.from_events(
        [users[i] for i in order], [items[i] for i in order], times[order], [kinds[i] for i in order]
    )
    one, two = (Recommender(SMALL).fit(log, shop_features(), rng=7) for log in (shop_log(), shuffled))
    assert one.relevance(users[:50]).tobytes() == two.relevance(users[:50]).tobytes()
    assert one.state.item_factors.tobytes() == two.state.item_factors.tobytes()


def test_events_after_now_count_for_nothing():
    users, items, times, kinds = shop_events()
    past = [place for place in range(len(users)) if times[place] <= 60 * DAY]
    early = Interactions.from_events([users[i] for i in past], [items[i] for i in past], times[past], [kinds[i] for i in past])
    assert len(early.users) == 40
    hindsight = Recommender(SMALL).fit(shop_log(), now=60 * DAY)
    honest = Recommender(SMALL).fit(early, now=60 * DAY)
    assert hindsight.relevance([1000, 1039]).tobytes() == honest.relevance([1000, 1039]).tobytes()


@pytest.mark.parametrize(
    ("users", "items"), [(["only"], ["one"]), (["only"] * 3, ["a", "b", "c"]), (["a", "b", "c"], ["one"] * 3)]
)
def test_one_consumer_or_one_item_is_enough_to_answer(users, items):
    log = Interactions.from_events(users, items, np.arange(len(users)) * DAY, "purchase")
    fitted = Recommender(SMALL).fit(log)
    lists = fitted.recommend([*users, "stranger"], 5)
    assert all(len(ids) == len(set(items)) for ids in lists.item_ids)
    assert np.isfinite(fitted.relevance(users)).all()


def test_a_log_of_views_alone_teaches():
    users, items, times, _ = shop_events()
    fitted = Recommender(SMALL).fit(Interactions.from_events(users, items, times, "view"))
    assert fitted.recommend([1000], 3).reasons[0][0] is Reason.SEEN_BEFORE


@pytest.mark.parametrize("now", [None, -1.0])
def test_an_empty_log_is_refused_by_name(now):
    with pytest.raises(EmptyLogError):
        Recommender(SMALL).fit(Interactions.from_events([], [], [], "purchase"), now=now)
    with pytest.raises(EmptyLogError):
        Recommender(SMALL).fit(Interactions.from_events([1], [1], [0.0], "purchase", weights=[0.0]), now=now)


def test_asking_before_fitting_is_refused_by_name():
    with pytest.raises(NotFittedError):
        Recommender().recommend([1], 5)


@pytest.mark.parametrize(
    ("column", "value"), [("benefit", 1.2), ("benefit", float("nan")), ("severity", -1.0), ("benefit", "much")]
)
def test_item_features_outside_their_range_are_refused(column, value):
    with pytest.raises(InvalidItemFeaturesError, match=column):
        Recommender(SMALL).fit(shop_log(), {"item_id": ["item-01"], column: [value]})


@pytest.mark.parametrize(
    "table", [{"benefit": [1.0]}, {"item_id": ["a", "a"]}, {"item_id": ["a"], "benefit": [1.0, 0.5]}, {"item_id": "a"}]
)
def test_item_features_without_matching_columns_are_refused(table):
    with pytest.raises(InvalidItemFeaturesError):
        Recommender(SMALL).fit(shop_log(), table)


def test_relevance_after_a_month_without_events_is_lower_for_what_was_bought_often(model):
    later = model.fold_in(now=(DAYS + 90) * DAY)
    lists = model.recommend([1000], 1)
    before, after = (one.relevance([1000], lists.item_ids[0])[0, 0] for one in (model, later))
    assert after < before


def test_a_stranger_gets_what_is_popular_in_its_area():
    homes = {user: "east" if user % 2 == 0 else "west" for user in range(1000, 1040)}
    fitted = Recommender(SMALL).fit(shop_log(), consumer_areas=homes)
    lists = fitted.recommend(["new", "new", "new"], 8, areas=["east", "west", "nowhere"])
    even = [np.mean([int(item[-2:]) % 2 == 0 for item in ids]) for ids in lists.item_ids]
    assert even[0] > even[2] > even[1]
    assert lists.is_stranger.all()
    assert lists.item_ids[2].tolist() == fitted.recommend(["new"], 8).item_ids[0].tolist()
    assert fitted.shortlist("new", 8, area="east").item_ids.tolist() == lists.item_ids[0].tolist()


def test_an_area_changes_nothing_for_a_consumer_that_is_known():
    homes = {user: user % 2 for user in range(1000, 1040)}
    fitted = Recommender(SMALL).fit(shop_log(), consumer_areas=homes)
    assert fitted.relevance([1000], areas=[1]).tobytes() == fitted.relevance([1000]).tobytes()


def test_areas_that_do_not_match_the_consumers_are_refused(model):
    with pytest.raises(InvalidRequestError, match="areas"):
        model.recommend([1000, 1001], 3, areas=["east"])


def test_a_policy_without_any_registered_goods_says_what_it_misses():
    fitted = Recommender(SMALL).fit(shop_log())
    plain, tilted = fitted.recommend([1000, 1001], 5), fitted.recommend([1000, 1001], 5, TiltPolicy(exposure_share=0.3))
    assert [ids.tolist() for ids in tilted.item_ids] == [ids.tolist() for ids in plain.item_ids]
    assert tilted.tilt is not None
    assert [missed.constraint for missed in tilted.tilt.unmet] == ["exposure_share"]


def test_a_policy_with_counties_floors_and_a_guard_takes_sellers_and_areas_from_the_features(model):
    policy = TiltPolicy(exposure_share=0.3, per_area=True, household_floor=0.3, consumer_guard=0.5)
    tilted = model.recommend(list(range(1000, 1040)), 5, policy)
    assert tilted.tilt is not None
    assert tilted.tilt.exposure_share >= 0.3 - 1e-6
    assert tilted.tilt.kept_utility.min() >= 0.5 - 1e-6


def test_a_policy_over_unknown_and_seen_items_keeps_the_promises_of_a_list(model):
    tilted = model.recommend([1000, "new"], 4, TiltPolicy(exposure_share=0.3), candidates=["item-00", "item-03", "x"])
    assert all(set(ids.tolist()) <= {"item-00", "item-03", "x"} for ids in tilted.item_ids)
    fresh = model.recommend([1000], 30, TiltPolicy(exposure_share=0.3), exclude_seen=True)
    own = model.state.history.items[model.state.history.row(0)]
    assert not set(fresh.item_ids[0].tolist()) & set(model.state.items.ids(own).tolist())


def test_a_policy_without_consumers_or_candidates_gives_empty_lists(model):
    assert model.recommend([], 3, TiltPolicy(exposure_share=0.3)).item_ids == ()
    assert model.recommend([1000], 3, TiltPolicy(exposure_share=0.3), candidates=[]).item_ids[0].tolist() == []


def test_a_consumer_who_has_bought_everything_can_still_be_learnt_from() -> None:
    day = 86400.0
    log = Interactions.from_events(
        ["li"] * 6, ["pear", "tea", "plum"] * 2, [0.0, day, day, 40 * day, 41 * day, 42 * day], "purchase"
    )
    features = {"item_id": ["pear", "tea", "plum"], "shelf": ["fruit", "drink", "fruit"]}
    model = Recommender(RecommenderConfig(factors=2)).fit(log, item_features=features)
    lists = model.recommend(["li"], 3)
    assert sorted(lists.item_ids[0].tolist()) == ["pear", "plum", "tea"]
    assert np.isfinite(lists.scores[0]).all()
