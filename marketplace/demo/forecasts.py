"""The demo's forecasts: two years of market prices made up before the eight weeks there are, and a run of each kind. Seeded."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import func, select

from marketplace.catalogue.models import MarketPrice
from marketplace.demo.market_prices import SOURCE
from marketplace.forecasts.relapse_service import run_relapse
from marketplace.forecasts.service import run_demand, run_needs, run_prices
from marketplace.kernel.bulk import copy_rows
from marketplace.kernel.db import db
from marketplace.kernel.errors import Invalid

_DAYS = 730
_DAY_SPREAD = 0.15


def add_forecasts(*, now: datetime, seed: int = 28) -> None:
    """Give the market a past with seasons, and forecast whatever enough is known of."""
    _add_past(seed)
    for run in (_prices, run_demand, run_needs, run_relapse):
        try:
            run(made_up=True, now=now)
        except Invalid:
            # What the demo knows too little of has no forecast, as in a young installation.
            continue


def _prices(*, made_up: bool, now: datetime) -> None:
    run_prices(SOURCE, made_up=made_up, now=now)


def _add_past(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = select(MarketPrice.product_id, func.min(MarketPrice.day).label("day"))
    begun = first.where(MarketPrice.source == SOURCE).group_by(MarketPrice.product_id).subquery()
    same = (begun.c.product_id == MarketPrice.product_id) & (begun.c.day == MarketPrice.day)
    query = select(MarketPrice.product_id, MarketPrice.day, MarketPrice.average_fen).join(begun, same)
    rows: list[tuple[Any, ...]] = []
    for product_id, day, fen in db.session.execute(query.where(MarketPrice.source == SOURCE).order_by(MarketPrice.product_id)):
        ago = np.arange(1, _DAYS + 1)
        wave = 0.35 * (np.sin(2 * np.pi * (ago / 365 + (phase := rng.uniform()))) - np.sin(2 * np.pi * phase))
        walk = np.cumsum(rng.normal(0, 0.01, _DAYS)) * 0.5 + rng.normal(0, 0.02, _DAYS)
        averages = np.maximum(2, np.rint(fen * np.exp(wave + walk))).astype(int).tolist()
        for back, average in zip(ago.tolist(), averages, strict=True):
            low, high = max(1, int(average * (1 - _DAY_SPREAD))), int(average * (1 + _DAY_SPREAD)) + 1
            rows.append((product_id, day - timedelta(days=back), SOURCE, low, average, high))
    copy_rows(MarketPrice, ["product_id", "day", "source", "low_fen", "average_fen", "high_fen"], rows)
