"""Numbers of resident identity cards (GB 11643-1999): what they say, and whether they can be right (ISO 7064, MOD 11-2).

Eighteen characters: the county of the first registration, the day of birth, a serial whose last digit is odd for men, a check.
"""

from dataclasses import dataclass
from datetime import date

from marketplace.kernel.errors import N_, Invalid

_CHECK = "10X98765432"


@dataclass(frozen=True)
class IdNumber:
    """A number that can be right."""

    text: str
    born_on: date
    sex: str


def check_character(digits: str) -> str:
    """The eighteenth character for the first seventeen.

    >>> check_character("11010519491231002")
    'X'
    """
    # The weight of a position is the power of two it stands for, modulo eleven.
    return _CHECK[sum(int(digit) * pow(2, 17 - at, 11) for at, digit in enumerate(digits)) % 11]


def read_id_number(typed: str) -> IdNumber:
    """Read a number as it was typed: spaces do not count, nor does the case of its last letter.

    Raises
    ------
    Invalid
        ``id_number_invalid`` when no card can carry it. What was typed is not repeated: it is somebody's.
    """
    text = "".join(typed.split()).upper()
    digits = text[:17]
    try:
        if len(text) != 18 or not (digits.isascii() and digits.isdigit()) or check_character(digits) != text[17]:
            raise ValueError
        born_on = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        raise Invalid(
            "id_number_invalid", N_("This is not the number of an identity card. Please compare it with the card.")
        ) from None
    return IdNumber(text, born_on, "male" if int(text[16]) % 2 else "female")
