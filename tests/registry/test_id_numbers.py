"""Numbers of identity cards: GB 11643-1999 with its own example, and every slip of a hand that its check digit must find."""

from datetime import date

import pytest

from marketplace.kernel.errors import Invalid
from marketplace.registry.id_numbers import check_character, read_id_number

EXAMPLE = "11010519491231002X"


def test_the_standards_example_is_read() -> None:
    read = read_id_number(EXAMPLE)

    assert (read.born_on, read.sex) == (date(1949, 12, 31), "female")


def test_spaces_and_the_case_of_the_last_letter_do_not_count() -> None:
    assert read_id_number(" 110105 19491231 002x ").text == EXAMPLE


def test_every_change_of_one_character_is_refused() -> None:
    for at in range(18):
        for other in "0123456789X":
            changed = EXAMPLE[:at] + other + EXAMPLE[at + 1 :]
            if changed != EXAMPLE:
                with pytest.raises(Invalid, match="identity card"):
                    read_id_number(changed)


def test_every_swap_of_unequal_neighbours_is_refused() -> None:
    for at in range(17):
        one, two = EXAMPLE[at], EXAMPLE[at + 1]
        if one != two:
            with pytest.raises(Invalid, match="identity card"):
                read_id_number(EXAMPLE[:at] + two + one + EXAMPLE[at + 2 :])


def test_a_day_that_no_calendar_has_is_refused_though_its_check_digit_is_right() -> None:
    digits = "11010519490231002"
    with pytest.raises(Invalid) as refused:
        read_id_number(digits + check_character(digits))
    assert refused.value.code == "id_number_invalid"
    assert digits not in str(refused.value)
