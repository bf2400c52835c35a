"""Two hundred prices as households ask them, forty of them with slips of the hand, drawn without the rule that is to find them.

A kind of goods has a wholesale price that wanders from day to day; honest sellers ask about 1.2 to 1.7 times of it, each with
habits of their own, and one in ten asks half as much again for something special.
"""

import random
from dataclasses import dataclass

DAYS = 56
KINDS = 20
PRICES = 200
SLIPS = {
    "decimal point": 10.0,
    "decimal point, the other way": 0.1,
    "fen for yuan": 100.0,
    "a kilogram's price for a jin": 2.0,
    "a jin's price for a kilogram": 0.5,
}
EACH = 8


@dataclass(frozen=True)
class Priced:
    """What a seller wrote: fen for a unit of so many grams; ``slip`` names what went wrong, if anything."""

    kind: int
    price_fen: int
    unit_grams: int
    slip: str | None


def market_days(seed: int = 7) -> list[list[int]]:
    """For each kind of goods its average wholesale price of each day, in fen per 500 g."""
    drawn = random.Random(seed)
    kinds = []
    for _ in range(KINDS):
        price = drawn.uniform(60, 900)
        days = []
        for _ in range(DAYS):
            price *= drawn.lognormvariate(0, 0.02)
            days.append(max(1, round(price)))
        kinds.append(days)
    return kinds


def prices(seed: int = 7) -> list[Priced]:
    """The prices that sellers wrote."""
    drawn = random.Random(seed + 1)
    today = [days[-1] for days in market_days(seed)]
    slips: list[str | None] = [name for name in SLIPS for _ in range(EACH)]
    slips += [None] * (PRICES - len(slips))
    drawn.shuffle(slips)
    written = []
    for slip in slips:
        kind = drawn.randrange(KINDS)
        grams = drawn.choice([500, 500, 1000, 1500, 2500, 5000])
        asked = today[kind] * drawn.uniform(1.2, 1.7) * drawn.lognormvariate(0, 0.12)
        if drawn.random() < 0.1:
            asked *= 1.5
        # Larger packs are a little cheaper by weight.
        asked *= (grams / 500) ** -0.05
        factor = SLIPS[slip] if slip is not None else 1.0
        written.append(Priced(kind, max(1, round(asked * factor * grams / 500)), grams, slip))
    return written
