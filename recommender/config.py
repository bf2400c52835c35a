"""The settings of a recommender, each with its unit and its range."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recommender.errors import InvalidConfigError

ENGINES = ("machine", "spark")


@dataclass(frozen=True, slots=True)
class RecommenderConfig:
    """What may be chosen before fitting; the defaults were picked on the validation weeks of The Complete Journey.

    One is a compromise: 128 factors found a little more there that was new to a consumer (NDCG@10 .0563, not .0547), 64
    answer a request among 100,000 items in half the time.

    Parameters
    ----------
    factors : int
        Length of the vectors of consumers and items.
    regularization : float
        lambda of the least squares, in units of squared factors.
    confidence_scale : float
        a of the confidence 1 + a ln(1 + r), with r the decayed frequency of a pair.
    iterations, refresh_iterations : int
        Sweeps of alternating least squares over the log without its last `label_window_days`, and, starting from
        those factors, over all of it. The first sweeps teach the blend on a future they have not seen.
    long_half_life_days, short_half_life_days : float
        An event counts half after that many days, in the two decayed frequencies.
    label_window_days : float
        A relevance is the probability of at least one purchase within that many days.
    view_confidence, basket_confidence, purchase_confidence : float
        How much an event of each kind counts.
    sampled_consumers : int
        Most consumers whose pairs teach the blend.
    content_strength : float
        kappa of a new listing's fold-in: how many sure buyers outweigh what its content says.
    threads : int
        Threads of the training; 0 takes all cores. The result does not depend on it.
    engine : str
        Who runs the least squares: "machine" is this machine, "spark" is Spark (`recommender.spark`), which takes
        `iterations` sweeps from a start of its own in place of refreshing.

    Raises
    ------
    InvalidConfigError
        A value is not a number, not finite or outside its range.

    Examples
    --------
    >>> RecommenderConfig(factors=0)
    Traceback (most recent call last):
    recommender.errors.InvalidConfigError: factors must be at least 1, not 0
    """

    factors: int = 64
    regularization: float = 50.0
    confidence_scale: float = 4.0
    iterations: int = 6
    refresh_iterations: int = 2
    long_half_life_days: float = 120.0
    short_half_life_days: float = 28.0
    label_window_days: float = 28.0
    view_confidence: float = 0.1
    basket_confidence: float = 0.3
    purchase_confidence: float = 1.0
    sampled_consumers: int = 1000
    content_strength: float = 5.0
    threads: int = 0
    engine: str = "machine"

    def __post_init__(self) -> None:
        """Refuse settings that have no meaning before anything is computed with them."""
        for name, least in (
            ("factors", 1),
            ("iterations", 1),
            ("refresh_iterations", 1),
            ("sampled_consumers", 1),
            ("threads", 0),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise InvalidConfigError(f"{name} must be a whole number, not {value!r}")
            if value < least:
                raise InvalidConfigError(f"{name} must be at least {least}, not {value}")
        for name in ("regularization", "confidence_scale", "content_strength", "purchase_confidence"):
            self._check_number(name, above_zero=True)
        for name in ("long_half_life_days", "short_half_life_days", "label_window_days"):
            self._check_number(name, above_zero=True)
        for name in ("view_confidence", "basket_confidence"):
            self._check_number(name, above_zero=False)
        if self.engine not in ENGINES:
            raise InvalidConfigError(f"engine must be one of {', '.join(ENGINES)}, not {self.engine!r}")

    def _check_number(self, name: str, *, above_zero: bool) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise InvalidConfigError(f"{name} must be a finite number, not {value!r}")
        if value < 0 or (above_zero and value == 0):
            raise InvalidConfigError(f"{name} must be {'above' if above_zero else 'at least'} 0, not {value!r}")

    @property
    def kind_confidences(self) -> tuple[float, float, float]:
        """How much a view, a basket and a purchase count, in the order of `Kind`."""
        return self.view_confidence, self.basket_confidence, self.purchase_confidence
