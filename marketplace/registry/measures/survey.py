"""Standard errors of a survey with strata and clusters, by Taylor linearisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marketplace.registry.measures.arguments import Vector, labels, population_weights

Labels = Sequence[object] | npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class SurveyDesign:
    """How the persons of a survey were drawn: clusters with replacement within strata, and how many each row stands for.

    Attributes
    ----------
    weights : array, shape (n,)
        Persons each row stands for.
    cluster : array of int, shape (n,)
        The number of the row's cluster.
    stratum_of_cluster : array of int, shape (clusters,)
        The number of each cluster's stratum.
    """

    weights: Vector
    cluster: npt.NDArray[np.intp]
    stratum_of_cluster: npt.NDArray[np.intp]

    @classmethod
    def of(
        cls, length: int, weights: npt.ArrayLike | None = None, strata: Labels | None = None, clusters: Labels | None = None
    ) -> SurveyDesign:
        """Number strata and clusters.

        Without strata there is one; without clusters every row is its own. Clusters are counted within their stratum, so that
        two with the same label in two strata are two.

        Raises
        ------
        ValueError
            For weights, strata or clusters that are missing, negative or not `length` of them.
        """
        rows = population_weights(weights, length, "sample_weights")
        in_stratum = np.zeros(length, dtype=np.intp) if strata is None else labels("strata", strata, length)[1]
        if clusters is None:
            return cls(rows, np.arange(length), in_stratum)
        pairs = in_stratum * length + labels("clusters", clusters, length)[1]
        _, first, cluster = np.unique(pairs, return_index=True, return_inverse=True)
        return cls(rows, cluster.astype(np.intp), in_stratum[first])

    def ratio(self, upper: Vector, lower: Vector) -> Estimate:
        """Return sum w y / sum w x and its standard error; a mean where x is 1, a domain's where x is 1 within and 0 without.

        Formula: with R = sum w y / sum w x, each row's influence is u_i = w_i (y_i - R x_i) / sum w x. With z_hc the sum of u
        over cluster c of stratum h, which has n_h clusters, the variance is sum_h n_h / (n_h - 1) sum_c (z_hc - mean_h)^2.
        A stratum with a single cluster is compared with the mean of all clusters, which is 0, and counts once. Rows outside a
        domain keep their cluster in the count, because which clusters a domain meets is chance too.

        Parameters
        ----------
        upper, lower : array, shape (n,)
            y and x.

        Returns
        -------
        Estimate
            nan, with error nan, where sum w x is 0. The error is nan where a single cluster was drawn.

        References
        ----------
        Wolter 2007, Introduction to Variance Estimation, chapter 6; the default of Stata's ``svy`` and, for single clusters,
        ``lonely.psu = "adjust"`` of R's ``survey``.

        Examples
        --------
        Four persons, each drawn alone: the mean 1/2, the error sqrt(4/3 x 4 x (1/8)^2) = .2887.

        >>> design = SurveyDesign.of(4)
        >>> half = design.ratio(np.array([0.0, 0.0, 1.0, 1.0]), np.ones(4))
        >>> half.value, round(half.se, 4)
        (0.5, 0.2887)
        """
        below = float(self.weights @ lower)
        if not below > 0:
            return Estimate(float("nan"), float("nan"))
        value = float(self.weights @ upper) / below
        influence = self.weights * (upper - value * lower) / below
        return Estimate(value, self._error_of_total(influence))

    def _error_of_total(self, influence: Vector) -> float:
        clusters = self.stratum_of_cluster.size
        if clusters < 2:
            return float("nan")
        totals = np.bincount(self.cluster, influence, clusters)
        counts = np.bincount(self.stratum_of_cluster)
        centres = np.where(counts > 1, np.bincount(self.stratum_of_cluster, totals) / counts, totals.mean())
        scale = np.where(counts > 1, counts / np.maximum(counts - 1, 1), 1.0)
        squares = (totals - centres[self.stratum_of_cluster]) ** 2
        return float(np.sqrt(scale[self.stratum_of_cluster] @ squares))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number from a survey and its standard error, both in the same unit; nan means that it cannot be told."""

    value: float
    se: float
