"""What a quantity costs when more of it is cheaper. Pure, no database.

A listing has its price and up to ``MOST_TIERS`` steps: from a quantity on, *all* of it costs the step's price. Buying more
never makes a unit dearer; the sum may fall at a step, which is why buyers are told when they are near one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from marketplace.catalogue.models import Unit
from marketplace.catalogue.quantities import check_quantity, least_sold
from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.money import line_total_fen

MOST_TIERS = 4


@dataclass(frozen=True)
class Tier:
    """From ``from_quantity`` units on, each unit costs ``price_fen``."""

    from_quantity: Decimal
    price_fen: int


@dataclass(frozen=True)
class NextTier:
    """How much more of it would make every unit cheaper: ``more`` units, each at ``price_fen``, ``less_fen`` less than now."""

    more: Decimal
    price_fen: int
    less_fen: int


def price_at(price_fen: int, tiers: Sequence[Tier], quantity: Decimal) -> int:
    """The price of one unit when ``quantity`` units are bought, in fen.

    >>> tiers = [Tier(Decimal(5), 900), Tier(Decimal(10), 800)]
    >>> [price_at(1000, tiers, Decimal(quantity)) for quantity in ("4.9", "5", "12")]
    [1000, 900, 800]
    """
    reached = [tier for tier in tiers if tier.from_quantity <= quantity]
    return max(reached, key=lambda tier: tier.from_quantity).price_fen if reached else price_fen


def total_at(price_fen: int, tiers: Sequence[Tier], quantity: Decimal) -> int:
    """The price of ``quantity`` units, rounded half up to a whole fen.

    >>> total_at(333, [Tier(Decimal(2), 331)], Decimal("2.5"))
    828
    """
    return line_total_fen(price_at(price_fen, tiers, quantity), quantity)


def price_of_grams(price_fen: int, unit_grams: int, grams: int) -> int:
    """What ``grams`` cost when a unit of ``unit_grams`` costs ``price_fen``, rounded half up: prices to compare packs by.

    >>> price_of_grams(1250, 1500, 1000)
    833
    """
    return (2 * price_fen * grams + unit_grams) // (2 * unit_grams)


def next_tier(price_fen: int, tiers: Sequence[Tier], quantity: Decimal, available: Decimal) -> NextTier | None:
    """The next step if ``quantity`` is at least half-way to it and the stock holds that much; else None.

    >>> next_tier(1000, [Tier(Decimal(5), 900)], Decimal(3), Decimal(20))
    NextTier(more=Decimal('2'), price_fen=900, less_fen=100)
    """
    ahead = [tier for tier in tiers if quantity < tier.from_quantity <= min(available, 2 * quantity)]
    if not ahead:
        return None
    tier = min(ahead, key=lambda tier: tier.from_quantity)
    return NextTier(tier.from_quantity - quantity, tier.price_fen, price_at(price_fen, tiers, quantity) - tier.price_fen)


def check_tiers(unit: Unit, price_fen: int, minimum_quantity: Decimal | None, tiers: Sequence[Tier]) -> None:
    """Refuse steps that are not steps: each begins above the one before it and is cheaper.

    Raises
    ------
    Invalid
        ``tiers_too_many``, ``tiers_not_rising`` or ``tiers_not_falling``; ``quantity_invalid`` and ``quantity_step`` as for
        any quantity.
    """
    if len(tiers) > MOST_TIERS:
        raise Invalid("tiers_too_many", N_("There can be at most %(most)s price steps."), most=MOST_TIERS)
    quantity, price = least_sold(unit, minimum_quantity), price_fen
    for tier in tiers:
        check_quantity(unit, tier.from_quantity)
        if tier.from_quantity <= quantity:
            raise Invalid("tiers_not_rising", N_("Each price step must begin at a larger quantity than the one before."))
        if not 1 <= tier.price_fen < price:
            raise Invalid("tiers_not_falling", N_("Each price step must be cheaper than the one before."))
        quantity, price = tier.from_quantity, tier.price_fen
