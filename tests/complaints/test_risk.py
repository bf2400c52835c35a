"""The score by hand, the choice, and that looking where the risk is finds at least twice what looking anywhere finds."""

import random
from dataclasses import dataclass

import pytest

from marketplace.complaints.risk import SIGNS, Signs, choose, score_bp
from marketplace.registry.complaint_rules import RANDOM_SHARE, RULES, WEIGHTS
from tests.complaints.seeded_world import things

SHIPPED = {rule.name: rule.value for rule in RULES}


@dataclass(frozen=True)
class Named:
    name: str
    signs: Signs


def test_the_shipped_weights_name_every_sign() -> None:
    assert tuple(SHIPPED[WEIGHTS]) == SIGNS


@pytest.mark.parametrize(
    ("signs", "score"),
    [
        (Signs(), 0),
        # Of 10 parts: complaints 3 x 1/3, progress 2 x 1/2, idle 2 x 1/4, findings 2 x 2/3, size 1 x 1/2 = 4.333 parts.
        (Signs(complaints=1, gap=2_500, idle=2_500, before=2, size=50), 4_333),
        # Above full a sign counts no more.
        (Signs(complaints=300, gap=10_000, idle=10_000, before=9, size=100), 10_000),
    ],
)
def test_the_score_is_the_weighted_mean_of_capped_signs(signs: Signs, score: int) -> None:
    assert score_bp(signs, SHIPPED[WEIGHTS], 100) == score


def test_a_rule_without_any_weight_gives_no_score() -> None:
    assert score_bp(Signs(complaints=3), dict.fromkeys(SIGNS, 0), 1) == 0


def test_the_highest_come_first_and_a_fifth_is_drawn_from_the_rest() -> None:
    rows = [Named(str(number), Signs(complaints=number % 4)) for number in range(20)]
    chosen = choose(rows, 5, SHIPPED[WEIGHTS], 2_000, random.Random(1))
    assert [(row.name, by_lot) for row, _, by_lot in chosen[:4]] == [("3", False), ("7", False), ("11", False), ("15", False)]
    assert [by_lot for _, _, by_lot in chosen] == [False] * 4 + [True]
    assert len({row.name for row, _, _ in chosen}) == 5
    drawn = {choose(rows, 5, SHIPPED[WEIGHTS], 2_000, random.Random(seed))[-1][0].name for seed in range(200)}
    assert drawn == {row.name for row in rows} - {"3", "7", "11", "15"}


def test_a_plan_of_one_goes_where_the_risk_is() -> None:
    rows = [Named("calm", Signs()), Named("loud", Signs(complaints=3))]
    assert [(row.name, by_lot) for row, _, by_lot in choose(rows, 1, SHIPPED[WEIGHTS], 2_000, random.Random(1))] == [
        ("loud", False)
    ]


def test_more_than_there_is_takes_all_once() -> None:
    rows = [Named(str(number), Signs()) for number in range(3)]
    assert {row.name for row, _, _ in choose(rows, 50, SHIPPED[WEIGHTS], 2_000, random.Random(1))} == {"0", "1", "2"}
    assert choose([], 5, SHIPPED[WEIGHTS], 2_000, random.Random(1)) == []


def test_risk_finds_at_least_twice_the_seeded_faults_of_chance() -> None:
    """Thirty of 300 things in each of 40 worlds; what chance finds is its mean, thirty times the share of faulty things."""
    found = expected = 0.0
    for seed in range(40):
        world = things(300, seed)
        chosen = choose(world, 30, SHIPPED[WEIGHTS], SHIPPED[RANDOM_SHARE], random.Random(1_000 + seed))
        found += sum(thing.faulty for thing, _, _ in chosen)
        expected += 30 * sum(thing.faulty for thing in world) / len(world)
    assert found / expected >= 2.0
