"""Where one fen more of income loses more than one fen of benefits."""

from marketplace.assistance.safety_net.benefits import Benefit, BenefitKind, read_benefit
from marketplace.assistance.safety_net.notches import Notch, curve, notches, total_fen

CONDITION = "income_fen < dibao_line_fen * persons"


def benefit(code: str, condition: str, amount: str) -> Benefit:
    return read_benefit(code, BenefitKind.DIBAO, condition, amount)


TOPUP = benefit("topup", CONDITION, "dibao_line_fen * persons - income_fen")
CLIFF = benefit("cliff", CONDITION, "yuan(300)")
FACTS = {"persons": 3, "dibao_line_fen": 400_000}


def test_a_top_up_that_falls_fen_by_fen_has_no_notch() -> None:
    assert notches([TOPUP], FACTS, 2_000_000) == []


def test_an_allowance_that_ends_at_the_line_has_its_notch_at_the_last_fen_below() -> None:
    assert notches([CLIFF], FACTS, 2_000_000) == [Notch(1_199_999, 1_199_999, 30_000, ("cliff",))]


def test_two_benefits_that_each_fall_fen_by_fen_lose_two_fen_together_and_are_one_stretch() -> None:
    twin = benefit("twin", CONDITION, "dibao_line_fen * persons - income_fen")
    # At the last fen below the line either loses its last fen.
    assert notches([TOPUP, twin], FACTS, 2_000_000) == [Notch(0, 1_199_999, 2, ("topup", "twin"))]


def test_a_loss_of_one_fen_is_none_and_of_two_is_one() -> None:
    assert notches([benefit("one", CONDITION, "fen(1)")], FACTS, 1_300_000) == []
    assert notches([benefit("two", CONDITION, "fen(2)")], FACTS, 1_300_000) == [Notch(1_199_999, 1_199_999, 2, ("two",))]


def test_every_notch_is_one_by_the_engine_and_the_fen_beside_it_is_none() -> None:
    half = benefit("half", "income_fen < yuan(90)", "percent(yuan(90) - income_fen, 50)")
    benefits, facts = [TOPUP, CLIFF, half], {"persons": 3, "dibao_line_fen": 4_000}
    found = notches(benefits, facts, 15_000)
    # Half a fen beside a whole one makes two at every second fen of income.
    assert len(found) > 4_000
    inside = {income for notch in found for income in range(notch.first_fen, notch.last_fen + 1)}
    for income in range(15_000):
        lost = total_fen(benefits, facts, income) - total_fen(benefits, facts, income + 1)
        assert (lost > 1) == (income in inside), income
    assert notches(benefits, facts, 15_000, most=7) == found[:7]


def test_a_chart_has_both_sides_of_a_notch() -> None:
    points = dict(curve([CLIFF], FACTS, 2_000_000))
    assert (points[1_199_999], points[1_200_000]) == (1_229_999, 1_200_000)
