"""The rule engine against a second implementation: the demo's eight benefits written out by hand over columns of numbers."""

from functools import lru_cache

import numpy as np
import pytest

from marketplace.assistance.safety_net.benefits import owed, read_benefit
from marketplace.assistance.safety_net.facts import FACTS, Unit
from marketplace.assistance.safety_net.notches import amounts_for
from marketplace.demo.safety_net import BENEFITS, Written

HOUSEHOLDS = 100_000
Column = np.ndarray


@lru_cache(maxsize=1)
def households() -> dict[str, Column]:
    """Random households, a third of them at the very edge of a line or a threshold, down to the fen."""
    rng = np.random.default_rng(20260615)
    columns: dict[str, Column] = {}
    for name, fact in FACTS.items():
        if fact.unit is Unit.YES_NO:
            columns[name] = rng.random(HOUSEHOLDS) < 0.4
        elif fact.unit is Unit.COUNT:
            columns[name] = rng.integers(0, 4, HOUSEHOLDS)
        else:
            columns[name] = rng.integers(0, 6_000_000, HOUSEHOLDS) * (rng.random(HOUSEHOLDS) < 0.8)
    columns["persons"] = rng.integers(1, 9, HOUSEHOLDS)
    for line in ("poverty_line_fen", "dibao_line_fen"):
        columns[line] = rng.choice([285_500, 400_000, 400_001, 1], HOUSEHOLDS)
    edge = rng.integers(0, 9, HOUSEHOLDS)
    near = rng.integers(-1, 2, HOUSEHOLDS)
    at_line = columns["dibao_line_fen"] * columns["persons"]
    columns["income_fen"] = np.where(edge == 0, np.maximum(at_line + near, 0), columns["income_fen"])
    columns["income_fen"] = np.where(
        edge == 1, np.maximum(columns["poverty_line_fen"] * columns["persons"] * 3 // 2 + near, 0), columns["income_fen"]
    )
    columns["medical_fen"] = np.where(edge == 2, 100_000 + near, columns["medical_fen"])
    columns["disaster_fen"] = np.where(edge == 2, 50_000 + near, columns["disaster_fen"])
    columns["necessary_fen"] = columns["medical_fen"] + columns["schooling_fen"] + columns["disaster_fen"]
    return columns


def by_hand(c: dict[str, Column]) -> dict[str, Column]:
    """The same benefits as columns: rounding half up of a share is written with a remainder, not with the engine's formula."""

    def share(amount: Column, hundredths: int) -> Column:
        whole, rest = np.divmod(amount * hundredths, 100)
        return whole + (rest >= 50)

    line, poverty = c["dibao_line_fen"] * c["persons"], c["poverty_line_fen"] * c["persons"]
    left = c["income_fen"] - c["necessary_fen"]
    pupils = (
        c["preschoolers"] * 50_000
        + c["pupils_compulsory"] * 62_500
        + c["pupils_senior"] * 200_000
        + c["students_college"] * 300_000
    )
    relief = np.clip(share(c["disaster_fen"], 30), 0, 1_000_000) + 500_000 * c["unsafe_house"]
    spent_poor = (c["income_fen"] >= line) & (left < line) & (c["income_fen"] < 2 * line)
    return {
        "dibao_topup": np.clip(line - c["income_fen"], 0, None) * ~c["special_hardship"],
        "special_hardship": share(line, 130) * c["special_hardship"],
        "medical_aid": np.clip(share(np.clip(c["medical_fen"] - 100_000, 0, None), 70), 0, 3_000_000) * c["registered"],
        "grave_illness": 200_000 * c["gravely_ill"] * (c["income_fen"] < share(poverty, 150)),
        "schooling": pupils * c["registered"],
        "disaster_relief": relief * (c["disaster_fen"] >= 50_000),
        "old_age": 60_000 * c["elders_80"] * c["registered"],
        "expenditure": np.minimum(line - left, share(c["necessary_fen"], 50)) * spent_poor,
    }


def test_both_agree_to_the_fen_on_a_hundred_thousand_households() -> None:
    columns = households()
    expected = by_hand(columns)
    plain = {name: column.tolist() for name, column in columns.items()}
    rows = [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]
    for written in BENEFITS:
        benefit = read_benefit(written.code, written.kind, written.condition, written.amount)
        found = np.array([owed(benefit, row).amount_fen for row in rows])
        assert np.array_equal(found, expected[written.code]), written.code
        assert np.count_nonzero(found) > 500, written.code


@pytest.mark.parametrize("written", BENEFITS, ids=lambda written: written.code)
def test_the_sweep_over_incomes_agrees_with_the_engine(written: Written) -> None:
    benefit = read_benefit(written.code, written.kind, written.condition, written.amount)
    columns = households()
    incomes = np.arange(0, 4_000_000, 19_973)
    for number in range(5):
        facts = {name: column[number].item() for name, column in columns.items()}
        one_by_one = [owed(benefit, {**facts, "income_fen": int(income)}).amount_fen for income in incomes]
        assert amounts_for(benefit, facts, incomes).tolist() == one_by_one
