"""Money is whole fen. This module owns the only two ways in which an amount may be divided or multiplied."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

Key = TypeVar("Key", int, str)


def split_fen(total_fen: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """Split an amount by weights so that the parts sum to it exactly (largest remainder).

    Parameters
    ----------
    total_fen : int
        The amount to split, in fen, not negative.
    weights : mapping of key to int
        Whole, not negative, with a positive sum. Equal remainders go to the smaller key, so the split never depends on
        the order in which the mapping was built.

    Returns
    -------
    dict of key to int
        Fen for each key, in the mapping's order; the values sum to ``total_fen``.

    Raises
    ------
    ValueError
        For a negative total, a negative weight or weights that sum to nothing.

    Examples
    --------
    >>> split_fen(100, {"a": 1, "b": 1, "c": 1})
    {'a': 34, 'b': 33, 'c': 33}
    """
    whole = sum(weights.values())
    if total_fen < 0 or whole <= 0 or any(weight < 0 for weight in weights.values()):
        raise ValueError("a split needs a non-negative total and non-negative weights with a positive sum")
    parts = {key: total_fen * weight // whole for key, weight in weights.items()}
    left = total_fen - sum(parts.values())
    by_remainder = sorted(weights, key=lambda key: (-(total_fen * weights[key] % whole), key))
    for key in by_remainder[:left]:
        parts[key] += 1
    return parts


def line_total_fen(price_fen: int, quantity: Decimal) -> int:
    """The price of ``quantity`` units, rounded half up to a whole fen.

    >>> line_total_fen(333, Decimal("1.5"))
    500
    """
    return int((Decimal(price_fen) * quantity).quantize(Decimal(1), ROUND_HALF_UP))


def plain_yuan(fen: int) -> str:
    """Fen as an exact decimal of yuan, for programs.

    >>> plain_yuan(-105), plain_yuan(7)
    ('-1.05', '0.07')
    """
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def fen_of_yuan(text: str) -> int | None:
    """Yuan as banks and spreadsheets write them, as fen; ``None`` for what is no whole number of fen, or 10^15 and more.

    >>> fen_of_yuan("¥1,200.50"), fen_of_yuan("-3"), fen_of_yuan("1.001"), fen_of_yuan("1e999999"), fen_of_yuan("three")
    (120050, -300, None, None, None)
    """
    try:
        fen = Decimal(text.lstrip("¥￥").replace(",", "")) * 100
    except ArithmeticError:
        return None
    # The bound comes before the number is made whole, which for an exponent of millions would take minutes.
    return int(fen) if fen.is_finite() and abs(fen) < 10**15 and fen == fen.to_integral_value() else None
