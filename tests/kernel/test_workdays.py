"""Working days about the holidays, and terms counted in them."""

from datetime import date

import pytest

from marketplace.kernel.workdays import CalendarEnds, Term, add_workdays, is_workday


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2015, 10, 10), True),  # A Saturday that made up for the National Day week.
        (date(2015, 10, 7), False),
        (date(2015, 10, 8), True),
        (date(2015, 10, 11), False),
        (date(2024, 2, 4), True),
        (date(2024, 2, 12), False),
    ],
)
def test_a_day_is_worked_as_the_state_council_said(day: date, works: bool) -> None:
    assert is_workday(day) is works


@pytest.mark.parametrize(
    ("begins_on", "count", "last"),
    [
        (date(2015, 9, 28), 10, date(2015, 10, 16)),
        (date(2015, 9, 28), 0, date(2015, 9, 28)),
        (date(2015, 9, 30), 1, date(2015, 10, 8)),
        (date(2015, 10, 9), 1, date(2015, 10, 10)),
    ],
)
def test_a_term_leaves_out_the_day_it_begins_on_and_every_holiday(begins_on: date, count: int, last: date) -> None:
    assert add_workdays(begins_on, count) == last


def test_past_the_last_known_year_the_question_fails_by_name() -> None:
    with pytest.raises(CalendarEnds) as refused:
        add_workdays(date(2999, 12, 30), 1)
    assert (refused.value.code, refused.value.data) == ("calendar_ends", {"year": 2999})


def test_a_term_of_calendar_days_needs_no_calendar_of_holidays() -> None:
    assert Term.of({"days": 7}).last_day(date(2999, 12, 30)) == date(3000, 1, 6)


@pytest.mark.parametrize("value", [{"weeks": 2}, {"days": -1}, {"workdays": "10"}])
def test_a_term_written_otherwise_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a term is written"):
        Term.of(value)


def test_nobody_counts_backwards() -> None:
    with pytest.raises(ValueError, match="no fewer"):
        add_workdays(date(2015, 9, 28), -1)
