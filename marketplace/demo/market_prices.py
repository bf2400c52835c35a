"""The demo's market prices: made up around what the demo's sellers ask, with three prices that are unusual. Seeded."""

import math
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import select

from marketplace.catalogue.models import Basis, Listing, MarketPrice, PriceCheck, PriceEvidence, Review, Verdict
from marketplace.catalogue.price_evidence import Judgement, PriceBounds, fen_per_500_g, judge, reference
from marketplace.kernel import ids
from marketplace.kernel.bulk import copy_rows
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db

SOURCE = "演示数据 demo"
ACTOR = "demo"
_KINDS, _DAYS, _UNUSUAL = 12, 56, 3
# A day's highest and lowest price stand so far from its average.
_DAY_SPREAD = 0.15


def add_market_prices(*, now: datetime, seed: int = 522636) -> None:
    """Eight weeks of prices of the kinds that most is listed of, and a comparison of what fits them."""
    by_kind: dict[int, list[Any]] = defaultdict(list)
    columns = (Listing.id, Listing.product_id, Listing.price_fen, Listing.unit_grams)
    for row in db.session.execute(select(*columns).order_by(Listing.id)):
        by_kind[row.product_id].append(row)
    most_listed = sorted(by_kind, key=lambda kind: (-len(by_kind[kind]), kind))[:_KINDS]
    rng = np.random.default_rng(seed)
    bounds, today = PriceBounds(), local_day(now)
    prices: list[tuple[Any, ...]] = []
    judged: list[tuple[Any, Judgement]] = []
    for kind in most_listed:
        middle = float(np.median([fen_per_500_g(row.price_fen, row.unit_grams) for row in by_kind[kind]]))
        walk = np.cumsum(rng.normal(0, 0.02, _DAYS))
        averages = np.maximum(1, np.rint(middle / bounds.markup * np.exp(walk - walk[-1]))).astype(int).tolist()
        for ago, average in enumerate(reversed(averages)):
            low, high = max(1, math.floor(average * (1 - _DAY_SPREAD))), math.ceil(average * (1 + _DAY_SPREAD))
            prices.append((kind, today - timedelta(days=ago), SOURCE, low, average, high))
        market = reference(Basis.MARKET, [float(average) for average in averages], bounds)
        assert market is not None
        judged += [(row, judge(row.price_fen, row.unit_grams, [market], bounds)) for row in by_kind[kind]]
    copy_rows(MarketPrice, ["product_id", "day", "source", "low_fen", "average_fen", "high_fen"], prices)
    _compare(judged, now)


def _compare(judged: list[tuple[Any, Judgement]], now: datetime) -> None:
    """Write down what fits, and the three farthest of what does not; the first of those has been asked about and answered."""
    fits = [pair for pair in judged if pair[1].verdict is Verdict.FITS]
    # What waits is not on sale, and everything in the demo is.
    flagged = [pair for pair in judged if pair[1].verdict is Verdict.FLAGGED]
    unusual = sorted(flagged, key=lambda pair: (-abs(pair[1].deviation), pair[0].id))[:_UNUSUAL]
    shown = [*fits, *unusual]
    columns = ["public_id", "listing_id", "at", "checked_on", "price_fen", "unit_grams"]
    columns += ["basis", "expected_fen", "deviation", "verdict", "review", "question"]
    rows = (
        (
            *(public_id, row.id, now, local_day(now), row.price_fen, row.unit_grams),
            *(found.basis.value, found.expected_fen, found.deviation, found.verdict.value),
            *(Review.NONE.value if found.verdict is Verdict.FITS else Review.OPEN.value, ""),
        )
        for public_id, (row, found) in zip(ids.public_ids(len(shown)), shown, strict=True)
    )
    copy_rows(PriceCheck, columns, rows)
    first = db.session.scalars(select(PriceCheck).filter_by(review=Review.OPEN).order_by(PriceCheck.id).limit(1)).first()
    if first is not None:
        first.question = "这个价格和市场行情差得比较多，请问有什么原因？"
        words = "今年雨水多，收得少，收购价也涨了，附收购单编号。"
        db.session.add(PriceEvidence(check_id=first.id, at=now, given_by="seller", actor=ACTOR, words=words, link=""))
        db.session.flush()
