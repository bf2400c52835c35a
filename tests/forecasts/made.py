"""Made-up markets for tests: prices that rise and fall with the year and come back to where they belong."""

from datetime import date, timedelta

import numpy as np

from marketplace.catalogue.models import MarketPrice, Product
from marketplace.forecasts.measuring import Floats
from marketplace.forecasts.prices import Panel, filled
from marketplace.kernel.bulk import copy_rows

FIRST = date(2024, 1, 1)


def seasonal(days: int, goods: int, seed: int = 1) -> Floats:
    """Prices in fen: a yearly wave of each good and a noise of a day that is gone on the next."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 1, goods)
    wave = 0.8 * np.sin(2 * np.pi * (np.arange(days)[:, None] / 364 + phase))
    return np.rint(1_000 * np.exp(wave + rng.normal(0, 0.03, (days, goods))))


def panel(days: int = 800, goods: int = 4) -> Panel:
    """The same as a panel whose first day is the first of a year."""
    return Panel(filled(seasonal(days, goods)), 1)


def market(products: list[Product], days: int, source: str) -> date:
    """Keep such prices; answers the newest day."""
    rows = seasonal(days, len(products))
    copy_rows(
        MarketPrice,
        ["product_id", "day", "source", "low_fen", "average_fen", "high_fen"],
        [
            (product.id, FIRST + timedelta(days=at), source, *(int(rows[at, column]),) * 3)
            for column, product in enumerate(products)
            for at in range(days)
        ],
    )
    return FIRST + timedelta(days=days - 1)
