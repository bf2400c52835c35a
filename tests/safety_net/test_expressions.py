"""What the language of benefits reads, what it refuses, and what it says."""

import pytest

from marketplace.assistance.safety_net.benefits import BenefitKind, owed, read_benefit
from marketplace.assistance.safety_net.expressions import in_words, read_expression
from marketplace.assistance.safety_net.facts import Unit
from marketplace.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yuan(12)", 1200),
        ("fen(1)", 1),
        ("income_fen - fen(1)", 99),
        ("fen(3) * persons", 12),
        ("percent(income_fen, 50)", 50),
        ("percent(fen(1), 50)", 1),
        ("percent(fen(1), 49)", 0),
        ("min(income_fen, fen(7)) + max(income_fen, fen(7))", 107),
        ("fen(1) if persons > 3 and not registered else fen(2)", 2),
        ("fen(1) if persons == 4 or registered else fen(2)", 1),
        ("fen(1) if persons != 4 else fen(2) if persons <= 3 else fen(3)", 3),
    ],
)
def test_an_amount_has_the_value_that_a_hand_gives_it(text: str, value: int) -> None:
    facts = {"income_fen": 100, "persons": 4, "registered": True}
    assert read_expression(text, Unit.FEN).value(facts) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "expression"),
        ("yuan(1", "expression"),
        ("__import__", "expression_unknown"),
        ("open(income_fen)", "expression"),
        ("income_fen.real", "expression"),
        ("income_fen[0]", "expression"),
        ("'a'", "expression"),
        ("1e5", "expression"),
        ("0x10", "expression"),
        ("fen(1)if persons > 1 else fen(2)", None),
        ("(lambda: fen(1))()", "expression"),
        ("fen(persons)", "expression"),
        ("percent(income_fen, persons)", "expression"),
        ("percent(income_fen, 1001)", "expression"),
        ("fen(1) if 0 < persons < 3 else fen(2)", "expression"),
        ("income_fen ** 2", "expression"),
        ("income_fen // 2", "expression"),
        ("-income_fen", "expression"),
        ("True", "expression"),
        ("min(*income_fen)", "expression"),
        ("min(income_fen, default=1)", "expression"),
        ("[income_fen for persons in persons]", "expression"),
        ("(persons := 3)", "expression"),
        ("wealth_fen", "expression_unknown"),
        ("income_fen + 1", "expression_unit"),
        ("income_fen * income_fen", "expression_unit"),
        ("income_fen < fen(1)", "expression_unit"),
        ("persons", "expression_unit"),
        ("registered * income_fen", "expression_unit"),
        ("fen(1) if persons else fen(2)", "expression_unit"),
        ("income_fen * persons * persons", "expression_wide"),
        ("fen(99999999999999999)", "expression_wide"),
        ("(" * 220 + "fen(1)" + ")" * 220, "expression"),
        ("fen(1) + " * 40 + "fen(1)", "expression"),
    ],
)
def test_nothing_but_the_language_is_read_and_the_fault_is_named(text: str, code: str | None) -> None:
    if code is None:
        assert read_expression(text, Unit.FEN).value({"persons": 2}) == 1
        return
    with pytest.raises(Invalid) as refused:
        read_expression(text, Unit.FEN)
    assert refused.value.code == code


def test_a_rule_reads_as_a_sentence() -> None:
    found = read_expression("income_fen < dibao_line_fen * persons and not (special_hardship or on_dibao)", Unit.YES_NO)
    assert in_words(found.root, str, str) == (
        "the household’s net income of a year is less than the line of the minimum living allowance, a person and year times"
        " persons in the household, and it is not so that (the household is in special hardship, or the household is on the"
        " minimum living allowance)"
    )


def test_one_fen_below_the_line_is_one_fen_and_at_the_line_is_nothing() -> None:
    topup = read_benefit(
        "topup", BenefitKind.DIBAO, "income_fen < dibao_line_fen * persons", "dibao_line_fen * persons - income_fen"
    )
    facts = {"dibao_line_fen": 400_000, "persons": 3}
    assert [owed(topup, {**facts, "income_fen": 1_200_000 - less}).amount_fen for less in (2, 1, 0)] == [2, 1, 0]


def test_a_fact_that_nobody_has_answered_leaves_it_open_and_is_named() -> None:
    aid = read_benefit("aid", BenefitKind.MEDICAL, "registered or gravely_ill >= 1", "yuan(1)")
    found = owed(aid, {"registered": True})
    assert (found.amount_fen, found.missing) == (None, ("gravely_ill",))


def test_an_amount_never_falls_below_nothing_and_one_that_is_always_nothing_is_refused() -> None:
    less = read_benefit("less", BenefitKind.MEDICAL, "persons >= 1", "fen(5) - medical_fen")
    assert owed(less, {"persons": 1, "medical_fen": 9}).amount_fen == 0
    with pytest.raises(Invalid) as refused:
        read_benefit("none", BenefitKind.MEDICAL, "persons >= 1", "fen(0)")
    assert refused.value.code == "amount_negative"
