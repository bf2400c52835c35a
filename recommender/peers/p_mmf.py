"""P-MMF: online max-min fairness between providers, here the two groups, by mirror descent on two dual variables.

Xu, Chen, Xu, Shen, Chen, Wen: "P-MMF: Provider Max-min Fairness Re-ranking in Recommender System", WWW 2023.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.peers.market import Market
from recommender.peers.one_by_one import served_in_turn, typical_relevance

STEP = 0.02
MOMENTUM = 0.5
# Weight of fairness in units of typical relevance; large enough that the knob alone decides the share.
FAIRNESS_WEIGHT = 20.0


def p_mmf(market: Market, strength: float, *, step: float = STEP) -> NDArray[np.int32]:
    """Serve with weights (strength, 1 - strength) of the two groups in the max-min objective.

    Sort by s - mu_g. The gradient is gamma - shown parts; after a momentum step mu is projected on the set where the
    max-min objective has a finite conjugate: every sum of gamma_g mu_g over some groups is at least -weight.
    """
    scale = typical_relevance(market)
    gamma = np.array([strength, 1 - strength])
    dual, pull = np.zeros(2), np.zeros(2)
    shown = np.zeros(2)

    def tell(registered: int) -> None:
        shown[:] = registered / market.n, 1 - registered / market.n
        pull[:] = MOMENTUM * pull + (1 - MOMENTUM) * (gamma - shown)
        dual[:] = _projected(dual - step * scale * pull, gamma, FAIRNESS_WEIGHT * scale)

    return served_in_turn(market, lambda: float(dual[1] - dual[0]), tell)


def _projected(dual: NDArray[np.float64], gamma: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Project on the set in the coordinates gamma mu, where it has three straight sides."""
    if gamma[0] <= 0:
        # A group of weight 0 has no claim: nothing is to be balanced.
        return np.zeros(2)
    if gamma[1] <= 0:
        return np.array([max(dual[0], -weight), 0.0])
    z = np.maximum(gamma * dual, -weight)
    missing = -weight - z.sum()
    if missing > 0:
        z = np.clip(z + missing / 2, -weight, 0.0)
    return z / gamma
