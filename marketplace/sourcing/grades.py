"""How good goods are: three grades and none. Pure, no database."""

import enum


class Grade(enum.StrEnum):
    """The grade of goods of one kind; what is not graded may be of any."""

    SPECIAL = "special"
    FIRST = "first"
    SECOND = "second"
    UNGRADED = "ungraded"


_BEST_FIRST = tuple(Grade)


def serves(supplied: Grade, wanted: Grade) -> bool:
    """Whether goods of a grade are good enough where one is wanted: the same or a better one.

    >>> serves(Grade.SPECIAL, Grade.FIRST), serves(Grade.SECOND, Grade.FIRST), serves(Grade.SECOND, Grade.UNGRADED)
    (True, False, True)
    """
    return _BEST_FIRST.index(supplied) <= _BEST_FIRST.index(wanted)
