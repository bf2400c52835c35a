"""What the seven detectors see: planted faults that were written apart from them, and what they must leave alone."""

from dataclasses import replace
from datetime import date

import pytest

from benchmarks.fund_detectors import look, scores, shipped_thresholds
from marketplace.funds.detectors import (
    Flow,
    Kind,
    Paid,
    Relative,
    dead_payees,
    duplicate_invoices,
    idle,
    months_before,
    plain_number,
    related_officers,
    round_trips,
    shared_accounts,
    split,
)
from tests.funds.planted_faults import county_with_faults

LIMITS = shipped_thresholds()
DAY = date(2026, 6, 15)


def paid(id: str = "p1", **values: object) -> Paid:
    """A thousand yuan to a firm, unless said otherwise."""
    base = Paid(id, "522636100", "f:roads", 100_000, DAY, "firm", False, "account", f"document {id}")
    return replace(base, **values)  # type: ignore[arg-type]


def flow(id: str, source: str, target: str, fen: int, on: date, money: str = "f:roads") -> Flow:
    return Flow(id, money, source, target, fen, on)


def test_every_fault_that_was_not_hidden_with_care_is_seen() -> None:
    cases = county_with_faults(payments=4_000)
    for score in scores(cases, look(cases)):
        assert score.seen == score.planted - score.hidden, score
        assert score.planted == 15


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_innocents_that_look_alike_are_left_alone_but_for_those_alike_to_the_last_figure(seed: int) -> None:
    cases = county_with_faults(payments=4_000, seed=seed)
    false = {score.kind: score.false_alarms for score in scores(cases, look(cases))}
    # Spouses, widows, stages, parts of an invoice and relatives elsewhere raise nothing.
    assert [false[kind] for kind in (Kind.ROUND_TRIP, Kind.RELATED_OFFICER, Kind.DUPLICATE_INVOICE, Kind.DEAD_PAYEE)] == [0] * 4
    # Three sons who keep their parents' cards cannot be told from cadres who keep villagers'.
    assert false[Kind.SHARED_ACCOUNT] == 3


def test_money_is_idle_from_the_day_after_its_year_and_the_newest_is_what_is_left() -> None:
    came = months_before(DAY, 12)
    flows = [flow("a", "source", "522636", 900_000, came), flow("b", "source", "522636", 500_000, DAY)]
    spent = flow("c", "522636", "x", 300_000, DAY)
    [seen] = idle([*flows, spent], frozenset({"522636"}), DAY, LIMITS)
    assert (seen.amount_fen, seen.why["standing_fen"], seen.place) == (600_000, 1_100_000, "522636")
    a_day_later = replace(flows[0], on=date(2025, 6, 16))
    assert list(idle([a_day_later, flows[1], spent], frozenset({"522636"}), DAY, LIMITS)) == []
    # Below the least amount a remainder is left alone.
    rest = flow("c", "522636", "x", 800_001, DAY)
    assert list(idle([*flows, rest], frozenset({"522636"}), DAY, LIMITS)) == []


def test_contracts_are_split_when_together_they_need_a_tender_and_stages_of_one_are_not() -> None:
    two = [paid("p1", amount_fen=20_000_000), paid("p2", amount_fen=20_000_000, paid_on=date(2026, 8, 14))]
    [seen] = split(two, LIMITS)
    assert (set(seen.ids), seen.amount_fen, seen.why["documents"]) == ({"p1", "p2"}, 40_000_000, 2)
    assert list(split([replace(two[0], amount_fen=19_999_999), two[1]], LIMITS)) == []
    assert list(split([replace(each, document="one") for each in two], LIMITS)) == []
    assert list(split([two[0], replace(two[1], paid_on=date(2026, 8, 15))], LIMITS)) == []
    assert list(split([two[0], replace(two[1], payee="another")], LIMITS)) == []
    assert list(split([two[0], replace(two[1], fund_purpose="g:roads")], LIMITS)) == []


def test_a_round_trip_ends_where_it_began_in_time_and_with_nearly_all_of_it() -> None:
    out, back = flow("a", "522636", "front", 1_000_000, DAY), flow("b", "front", "522636", 950_000, date(2026, 7, 15), "")
    [seen] = round_trips([out, back], LIMITS)
    assert (seen.ids, seen.why) == (("a", "b"), {"steps": 2, "days": 30})
    for other in (replace(back, amount_fen=949_999), replace(back, on=date(2026, 7, 16)), replace(back, on=date(2026, 6, 14))):
        assert list(round_trips([out, other], LIMITS)) == []
    assert list(round_trips([out, replace(back, fund_purpose="g:roads")], LIMITS)) == []
    by_way = [flow("c", "522636", "one", 100, DAY), flow("d", "one", "two", 100, DAY), flow("e", "two", "522636", 100, DAY)]
    assert [seen.ids for seen in round_trips(by_way, LIMITS)] == [("c", "d", "e")]


def test_one_account_of_two_households_is_seen_and_of_one_household_or_of_firms_is_not() -> None:
    one = paid("p1", is_household=True, payee="household 1")
    [seen] = shared_accounts([one, replace(one, id="p2", payee="household 2")], LIMITS)
    assert (seen.amount_fen, seen.why) == (200_000, {"households": 2})
    assert list(shared_accounts([one, replace(one, id="p2")], LIMITS)) == []
    assert list(shared_accounts([paid("p1"), paid("p2", payee="another")], LIMITS)) == []


def test_a_relative_is_seen_where_the_officer_decided_or_has_a_say() -> None:
    to = paid(person="digest", deciders=("a", "b"))
    assert [seen.why["decided"] for seen in related_officers([to], [Relative("a", "digest", ())])] == [1]
    assert [seen.why["decided"] for seen in related_officers([to], [Relative("z", "digest", ("522636",))])] == [0]
    assert list(related_officers([to], [Relative("z", "digest", ("522635",))])) == []
    assert list(related_officers([replace(to, person="")], [Relative("a", "", ("522636",))])) == []


def test_an_invoice_is_paid_twice_when_more_was_paid_than_it_says_however_it_was_typed() -> None:
    first = paid("p1", invoice="No 0012-34", invoice_fen=100_000)
    [seen] = duplicate_invoices([first, replace(first, id="p2", invoice="ＮＯ１２３４")])
    assert (seen.ids, seen.amount_fen) == (("p1", "p2"), 100_000)
    half = replace(first, amount_fen=50_000)
    assert list(duplicate_invoices([half, replace(half, id="p2")])) == []
    assert list(duplicate_invoices([first, replace(first, id="p2", payee="another")])) == []
    assert list(duplicate_invoices([paid("p1"), paid("p2")])) == []
    assert plain_number("0000") == ""


def test_the_dead_are_paid_when_longer_ago_than_families_have_to_report_it() -> None:
    died = replace(paid(), died_on=date(2026, 5, 15))
    assert list(dead_payees([died], LIMITS)) == []
    [seen] = dead_payees([replace(died, died_on=date(2026, 5, 14)), replace(died, id="p2", died_on=date(2026, 5, 14))], LIMITS)
    assert (seen.ids, seen.why) == (("p1", "p2"), {"days": 32})


def test_a_sighting_has_one_name_in_whatever_order_its_rows_come() -> None:
    rows = [paid(name, is_household=True, payee=name) for name in ("p1", "p2", "p3")]
    forward, back = list(shared_accounts(rows, LIMITS)), list(shared_accounts(rows[::-1], LIMITS))
    assert forward[0].key == back[0].key
    assert len(forward[0].key) == 64
