"""Goods sold by the piece whose weight is known only when they are packed: a chicken, a pumpkin. Pure, no database.

The price is that of a weight. A buyer pays for the heaviest piece there can be; after weighing the rest is given back.
"""

from dataclasses import dataclass

from marketplace.catalogue.models import UNIT_GRAMS, Unit
from marketplace.kernel.errors import N_, Invalid

WEIGHT_UNITS = (Unit.JIN, Unit.KG)


@dataclass(frozen=True)
class CatchWeight:
    """The price of a jin or a kilogram, and between which grams one piece lies."""

    unit: Unit
    price_fen: int
    grams_min: int
    grams_max: int

    @property
    def most_fen(self) -> int:
        """What one piece costs at the most, rounded up, so that no weighing ever asks for more than was held.

        >>> CatchWeight(Unit.JIN, 2801, 1250, 1601).most_fen
        8969
        """
        return -(-self.price_fen * self.grams_max // UNIT_GRAMS[self.unit])

    @property
    def least_fen(self) -> int:
        """What the lightest piece costs."""
        return price_of_weight(self.unit, self.price_fen, self.grams_min)


def price_of_weight(unit: str, price_fen: int, grams: int) -> int:
    """What a weight costs at a price for each ``unit``, rounded half up; at least one fen, because goods are never free.

    >>> price_of_weight("jin", 2800, 1405), price_of_weight("kg", 1, 3)
    (7868, 1)
    """
    unit_grams = UNIT_GRAMS[Unit(unit)]
    return max(1, (2 * price_fen * grams + unit_grams) // (2 * unit_grams))


def check_catch_weight(unit: Unit, weight: CatchWeight) -> None:
    """Refuse what cannot be weighed.

    Raises
    ------
    Invalid
        ``catch_weight_unit`` when it is not sold by the piece or not priced by jin or kilogram, ``catch_weight_range`` for
        weights that are none, ``price_invalid``.
    """
    if unit is not Unit.PIECE or weight.unit not in WEIGHT_UNITS:
        raise Invalid("catch_weight_unit", N_("What is weighed when it is packed is sold by the piece. Please choose “piece”."))
    if not 1 <= weight.grams_min < weight.grams_max <= 1_000_000:
        raise Invalid("catch_weight_range", N_("The heaviest must weigh more than the lightest, and at most 1,000 kg."))
    if not 1 <= weight.price_fen <= 100_000_000:
        raise Invalid("price_invalid", N_("The price must be between 0.01 and 1,000,000 yuan."))
