"""FA*IR: no prefix of a list may look as if drawn with less than a proportion p of registered goods.

Zehlike, Bonchi, Castillo, Hajian, Megahed, Baeza-Yates: "FA*IR: A Fair Top-k Ranking Algorithm", CIKM 2017.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from recommender.peers.market import Market
from recommender.peers.prefixes import merged_lists

# The paper's usual significance. Its correction for testing every prefix rescales p, which is the knob here anyway.
SIGNIFICANCE = 0.1


def fa_ir(market: Market, strength: float) -> NDArray[np.int32]:
    """Merge with at least m(k) registered among the first k; m(k) is the 10 % quantile of Binomial(k, strength)."""
    places = np.arange(1, market.n + 1)
    return merged_lists(market, binom.ppf(SIGNIFICANCE, places, strength).astype(np.int64), places)
