"""Prices in words: of a unit and of a weight, by quantity, and of what is weighed only when it is packed."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from marketplace.catalogue.catch_weight import CatchWeight
from marketplace.catalogue.models import UNIT_GRAMS, Unit
from marketplace.catalogue.pricing import NextTier, Tier
from marketplace.catalogue.terms import catch_weight_of
from marketplace.orders.models import OrderLine, Weighing
from marketplace.web.filters import amount, quantity, unit_name, unit_price, weight_beside, yuan


def price_block(row: Any) -> dict[str, Any]:
    """What the ``price`` macro shows of a listing: of catch weight the price of a jin or kilogram, and what one weighs."""
    weight = catch_weight_of(row)
    if weight is None:
        grams = row.unit_grams
        return {
            "price_fen": row.price_fen,
            "unit_label": unit_name(row.unit),
            "unit_grams": grams,
            "weight": weight_beside(row.unit, grams),
            "about": None,
        }
    grams = UNIT_GRAMS[weight.unit]
    return {
        "price_fen": weight.price_fen,
        "unit_label": unit_name(weight.unit),
        "unit_grams": grams,
        "weight": weight_beside(weight.unit, grams),
        "about": _("about %(range)s each", range=range_of(weight)),
    }


def price_words(price_fen: int, unit: str, unit_grams: int) -> str:
    """A price on one line, with that of a jin or a kilogram behind it: ``¥12.50 per box · ¥8.33/kg``."""
    whole = f"{yuan(price_fen)} {_('per %(unit)s', unit=unit_name(unit))}"
    each = unit_price(price_fen, unit_grams)
    return f"{whole} · {each}" if each else whole


def listing_price_words(row: Any, price_fen: int) -> str:
    """The price of a listing on one line, at the price of a unit that its quantity has reached."""
    weight = catch_weight_of(row)
    if weight is None:
        return price_words(price_fen, row.unit, row.unit_grams)
    return f"{price_words(weight.price_fen, weight.unit, UNIT_GRAMS[weight.unit])} · {price_block(row)['about']}"


def weight_number(grams: int, unit: str) -> str:
    """Grams as a number of jin or kilograms."""
    return quantity((Decimal(grams) / UNIT_GRAMS[Unit(unit)]).quantize(Decimal("0.001")))


def weight_words(grams: int, unit: str) -> str:
    """Grams in jin or kilograms, with the unit."""
    return amount(Decimal(weight_number(grams, unit)), unit)


def range_words(least: int, most: int, unit: str) -> str:
    """A span of grams in jin or kilograms: ``2.5–3.2 jin``."""
    return f"{weight_number(least, unit)}–{weight_words(most, unit)}"


def range_of(weight: CatchWeight) -> str:
    """Between what one piece weighs."""
    return range_words(weight.grams_min, weight.grams_max, weight.unit)


def tier_rows(price_fen: int, tiers: Sequence[Tier], unit: str, unit_grams: int) -> list[dict[str, Any]]:
    """The price steps as rows of a table: from which quantity, at what price, and that of a jin or a kilogram."""
    return [
        {
            "from": _("from %(amount)s", amount=amount(tier.from_quantity, unit)),
            "price": yuan(tier.price_fen),
            "unit_price": unit_price(tier.price_fen, unit_grams),
            "less": _("%(amount)s less", amount=yuan(price_fen - tier.price_fen)),
        }
        for tier in tiers
    ]


def next_tier_words(step: NextTier, unit: str) -> str:
    """How little more of it makes all of it cheaper."""
    return str(
        _(
            "Take %(more)s more and it costs %(less)s less per %(unit)s.",
            more=amount(step.more, unit),
            less=yuan(step.less_fen),
            unit=unit_name(unit),
        )
    )


def order_line_price(line: OrderLine) -> str:
    """The price that a line was sold at."""
    weighing = line.weighing
    if weighing is None:
        return price_words(line.price_fen, line.unit, line.unit_grams)
    return price_words(weighing.price_fen, weighing.unit, UNIT_GRAMS[Unit(weighing.unit)])


def weighing_words(weighing: Weighing | None, total_fen: int) -> str | None:
    """What has become of the weight of a line, as its buyer reads it; None for goods that are not weighed when packed."""
    if weighing is None:
        return None
    if weighing.grams is None:
        span = range_words(weighing.least_grams, weighing.most_grams, weighing.unit)
        return str(
            _(
                "About %(range)s. You pay %(most)s at the most; the rest comes back when it is weighed.",
                range=span,
                most=yuan(weighing.most_fen),
            )
        )
    found = weight_words(weighing.grams, weighing.unit)
    less_fen = weighing.most_fen - total_fen
    if not less_fen:
        return str(_("Weighed: %(weight)s.", weight=found))
    return str(
        _(
            "Weighed: %(weight)s. That is %(less)s less than the %(most)s it could have cost.",
            weight=found,
            less=yuan(less_fen),
            most=yuan(weighing.most_fen),
        )
    )
