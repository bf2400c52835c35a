"""What goes with an item: believed only when enough people bought both, more often than chance would have it."""

import numpy as np
import pytest

from recommender import Interactions, RecommenderConfig
from recommender.companions import BUYERS_LOOKED_AT, Companions, buyer_shares, companions_of
from recommender.history import build_history

KINDS = {"tea": 0, "green tea": 0, "honey": 1, "salt": 2}


def found(baskets: list[list[str]], item: str, most: int = 10, kind: str = "purchase", kinds: bool = False) -> dict[str, float]:
    """The companions of an item and their lifts, from what each buyer bought."""
    pairs = [(buyer, good) for buyer, basket in enumerate(baskets) for good in basket]
    log = Interactions.from_events([pair[0] for pair in pairs], [pair[1] for pair in pairs], [0.0] * len(pairs), kind)
    history = build_history(log, 1.0, RecommenderConfig())
    codes = np.array([KINDS[name] for name in log.items.values], dtype=np.int32) if kinds else None
    answer: Companions = companions_of(history, buyer_shares(history), int(log.items.number(item)), most, codes)
    return dict(zip(log.items.values[answer.numbers].tolist(), answer.lift.tolist(), strict=True))


def test_two_people_are_no_habit_and_three_are() -> None:
    others = [["salt"]] * 40
    assert found([["tea", "honey"]] * 2 + others, "tea") == {}
    assert found([["tea", "honey"]] * 3 + others, "tea") == {"honey": pytest.approx(8 / (9 / 43 + 5))}


def test_what_everybody_buys_goes_with_nothing() -> None:
    assert found([["tea", "honey", "salt"]] * 20 + [["salt"]] * 20, "tea") == {"honey": pytest.approx(25 / 15)}


def test_other_goods_of_the_same_kind_stand_in_for_an_item_and_do_not_go_with_it() -> None:
    baskets = [["tea", "green tea", "honey"]] * 8 + [["salt"]] * 30
    assert found(baskets, "tea").keys() == {"green tea", "honey"}
    assert found(baskets, "tea", kinds=True).keys() == {"honey"}


def test_the_strongest_come_first_and_no_more_than_asked_for() -> None:
    baskets = [["tea", "honey"]] * 10 + [["tea", "green tea"]] * 10 + [["green tea"]] * 10 + [["salt"]] * 80
    assert list(found(baskets, "tea")) == ["honey", "green tea"]
    assert list(found(baskets, "tea", most=1)) == ["honey"]


def test_looks_are_no_purchases() -> None:
    assert found([["tea", "honey"]] * 8 + [["salt"]] * 30, "tea", kind="view") == {}


def test_an_item_with_very_many_buyers_is_judged_by_a_part_of_them_as_by_all() -> None:
    many = 3 * BUYERS_LOOKED_AT
    lifts = found([["tea", "honey"]] * many + [["tea"]] * many + [["salt"]] * many, "tea")
    assert lifts == {"honey": pytest.approx(505 / (1000 / 3 + 5), rel=0.01)}
