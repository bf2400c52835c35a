"""The protocol as one call: our lists and every peer at the same achieved exposure share, in one table."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, sparray, spmatrix

from recommender import metrics
from recommender.errors import InvalidRequestError
from recommender.frontier_picture import Curve, frontier_svg
from recommender.peers import PEERS, Market, Peer, at_equal_share
from recommender.policy import TiltPolicy
from recommender.shortlists import Floats
from recommender.tilt import tilt_lists

DEFAULT_SHARES = (0.2, 0.3, 0.4)
UNTILTED = "untilted"

Variants = Mapping[str, Callable[[float], TiltPolicy]]


def _guarded(share: float) -> TiltPolicy:
    return TiltPolicy(exposure_share=share, consumer_guard=0.8)


DEFAULT_VARIANTS: Variants = {"tilt": TiltPolicy, "tilt, guard .8": _guarded}


@dataclass(frozen=True, slots=True)
class Row:
    """One method at one target.

    Attributes
    ----------
    method : str
    target : float
        Asked exposure share; 0 for the untilted lists.
    exposure_share, sales_share : float
        Achieved.
    ndcg, recall, novel_ndcg : float
        Means over consumers with a purchase; `novel_ndcg` counts only goods the consumer had never bought.
    ndcg_change, ndcg_change_low, ndcg_change_high : float
        Relative change against the untilted lists with its paired bootstrap interval over consumers.
    behind_reference, behind_low, behind_high : float
        NDCG of the reference method less this one's, as a part of the untilted NDCG, with interval: above 0 where
        the reference is better.
    utility : float
        Expected purchases as a part of the untilted ones.
    utility_over_bound : float
        Against the dual bound; NaN for methods without a certificate.
    kept_p1, kept_p5 : float
        Kept utility of the consumer at the first and fifth percentile.
    gini : float
        Gini of exposure over severity among registered sellers.
    least_served : float
        Smallest exposure over severity, as a part of the mean.
    milliseconds : float
        Per consumer; for peers the time of the whole search of the knob is left out.
    """

    method: str
    target: float
    exposure_share: float
    sales_share: float
    ndcg: float
    recall: float
    novel_ndcg: float
    ndcg_change: float
    ndcg_change_low: float
    ndcg_change_high: float
    behind_reference: float
    behind_low: float
    behind_high: float
    utility: float
    utility_over_bound: float
    kept_p1: float
    kept_p5: float
    gini: float
    least_served: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All rows of a run."""

    rows: tuple[Row, ...]

    def table(self) -> str:
        """Return the table as text: shares, NDCG change with interval, kept utility, spread."""
        heading = (
            f"{'method':<22}{'target':>7}{'share':>8}{'sales':>8}{'NDCG %':>9}{'interval':>20}"
            f"{'utility':>9}{'/bound':>9}{'p1':>6}{'p5':>6}{'Gini':>6}{'ms':>8}"
        )
        lines = [heading]
        for row in self.rows:
            interval = f"[{row.ndcg_change_low:+.2%}, {row.ndcg_change_high:+.2%}]"
            lines.append(
                f"{row.method:<22}{row.target:>7.2f}{row.exposure_share:>8.4f}{row.sales_share:>8.4f}"
                f"{100 * row.ndcg_change:>9.2f}{interval:>20}{row.utility:>9.4f}{row.utility_over_bound:>9.5f}"
                f"{row.kept_p1:>6.2f}{row.kept_p5:>6.2f}{row.gini:>6.2f}{row.milliseconds:>8.3f}"
            )
        return "\n".join(lines)

    def csv(self) -> str:
        """Return all columns as comma-separated values with a heading."""
        names = [field.name for field in fields(Row)]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([getattr(row, name) for name in names] for row in self.rows)
        return out.getvalue()

    def svg(self) -> str:
        """Draw the frontier: exposure share against NDCG and against utility, one line per method."""
        start = next(row for row in self.rows if row.method == UNTILTED)
        curves = []
        for method in dict.fromkeys(row.method for row in self.rows if row.method != UNTILTED):
            mine = [start, *(row for row in self.rows if row.method == method)]
            shares = [row.exposure_share for row in mine]
            panels = ([1 + row.ndcg_change for row in mine], [row.utility for row in mine])
            curves.append(Curve(method, shares, panels))
        return frontier_svg(curves, ("NDCG / untilted", "expected purchases / untilted"), "exposure share")

    @classmethod
    def mean(cls, evaluations: Sequence[Evaluation]) -> Evaluation:
        """Average runs that differ by their seed, row by row; the ends of intervals are averaged too.

        Raises
        ------
        InvalidRequestError
            There is no run, or they do not have the same methods and targets.
        """
        keys = {tuple((row.method, row.target) for row in one.rows) for one in evaluations}
        if len(keys) != 1:
            raise InvalidRequestError("only runs of the same methods and targets have a mean")
        # Method and target are what the rows have in common; to average a target would move it by a rounding.
        numbers = [field.name for field in fields(Row) if field.name not in ("method", "target")]
        groups = zip(*(one.rows for one in evaluations), strict=True)
        return cls(
            tuple(
                replace(rows[0], **{name: float(np.mean([getattr(row, name) for row in rows])) for name in numbers})
                for rows in groups
            )
        )

    def save(self, folder: Path) -> tuple[Path, Path]:
        """Write ``frontier.csv`` and ``frontier.svg`` into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = folder / "frontier.csv", folder / "frontier.svg"
        paths[0].write_text(self.csv(), encoding="utf-8")
        paths[1].write_text(self.svg(), encoding="utf-8")
        return paths


def evaluate(
    relevance: ArrayLike,
    benefit: ArrayLike,
    seller: ArrayLike,
    purchases: sparray | spmatrix,
    *,
    n: int = 10,
    severity: ArrayLike | None = None,
    history: sparray | spmatrix | None = None,
    shares: Sequence[float] = DEFAULT_SHARES,
    variants: Variants = DEFAULT_VARIANTS,
    peers: Sequence[Peer] = PEERS,
    area: ArrayLike | None = None,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> Evaluation:
    """Compare our tilt and the peers at the same achieved exposure share.

    Parameters
    ----------
    relevance : (n_users, n_items)
        Buying probabilities learned from before the test period.
    benefit : (n_items,)
        1 for goods of registered households, else 0.
    seller : int (n_items,)
        Seller numbers.
    purchases : sparse (n_users, n_items)
        What was bought in the test period.
    n : int
        Length of a list.
    severity : (n_sellers,), optional
        Severity of each registered seller; equal when absent.
    history : sparse (n_users, n_items), optional
        Earlier purchases, to tell novel goods; without it all goods count as novel.
    shares : sequence of float
        Exposure shares to compare at.
    variants : mapping of name to function of a share
        Our policies; the last one is the reference the others are compared with.
    peers : sequence of Peer
    area : int (n_items,), optional
        Area numbers, needed by variants with a target per area.
    seed : int
        Seeds the bootstrap and the mixing of peers' lists.
    say : function of a text, optional
        Told what is being measured, for this may take minutes.

    Returns
    -------
    Evaluation
        First the untilted lists, then for each share our variants and the peers.

    Raises
    ------
    InvalidTiltInputError
        Shapes do not belong together, or benefit is neither 0 nor 1.

    Examples
    --------
    Two consumers, lists of one item; only item 1 is of a registered household, and one list of two is to show it. It
    costs least with the second consumer, who keeps 0.4 / 0.5 of its expected purchases, and all consumers (0.6 + 0.4) /
    (0.6 + 0.5).

    >>> found = evaluate([[0.6, 0.1], [0.5, 0.4]], [0, 1], [0, 1], csr_matrix([[1, 0], [0, 1]]), n=1, shares=[0.5], peers=())
    >>> [(row.method, row.exposure_share, round(row.utility, 3), row.ndcg) for row in found.rows[:2]]
    [('untilted', 0.0, 1.0, 0.5), ('tilt', 0.5, 0.909, 1.0)]
    """
    tell = say or (lambda _: None)
    relevance = np.asarray(relevance)
    gain, sellers = np.asarray(benefit, dtype=np.float64), np.asarray(seller, dtype=np.int64)
    market = Market(relevance, gain, sellers, n)
    judge = _Judge(market, csr_matrix(purchases), _novel(purchases, history), severity, seed)
    rows = [judge.row(UNTILTED, 0.0, judge.untilted, 1.0, 0.0, None)]
    for share in shares:
        ours = {}
        for name, policy in variants.items():
            tell(f"  exposure share {share:.2f}: {name}")
            began = time.perf_counter()
            result = tilt_lists(relevance, gain, n, policy(share), seller=sellers, severity=severity, area=area)
            ours[name] = (result.items, 1 - result.gap, time.perf_counter() - began)
        reference = metrics.ndcg(list(ours.values())[-1][0], purchases) if ours else None
        for name, (items, over_bound, seconds) in ours.items():
            rows.append(judge.row(name, share, items, over_bound, seconds, reference))
        for peer in peers:
            tell(f"  exposure share {share:.2f}: {peer.name}, brought to the same share")
            items, seconds = _timed_peer(peer, market, share, seed)
            rows.append(judge.row(peer.name, share, items, float("nan"), seconds, reference))
    return Evaluation(tuple(rows))


def _timed_peer(peer: Peer, market: Market, share: float, seed: int) -> tuple[NDArray[np.int32], float]:
    """Return the peer's lists at the share, and the seconds of one run at a middling knob."""
    items = at_equal_share(peer, market, share, np.random.default_rng(seed))
    began = time.perf_counter()
    peer.lists(market, share * peer.strongest)
    return items, time.perf_counter() - began


def _novel(purchases: sparray | spmatrix, history: sparray | spmatrix | None) -> csr_matrix:
    bought = csr_matrix(purchases)
    if history is None:
        return bought
    known = csr_matrix(history)
    known.data = np.ones_like(known.data)
    return csr_matrix(bought - bought.multiply(known))


class _Judge:
    """Measures lists against the untilted ones."""

    def __init__(self, market: Market, purchases: csr_matrix, novel: csr_matrix, severity: ArrayLike | None, seed: int) -> None:
        self.market, self.purchases, self.novel, self.seed = market, purchases, novel, seed
        self.n_sellers = int(market.seller.max()) + 1
        weights = np.ones(self.n_sellers) if severity is None else np.asarray(severity, dtype=np.float64)
        registered = np.unique(market.seller[market.benefit > 0])
        self.households = registered[weights[registered] > 0]
        self.severity = weights[self.households]
        n = market.n
        self.untilted = market.shortlists.items[:, :n].copy()
        self.utility = metrics.utility(self.untilted, market.relevance, market.weights)
        self.ndcg = metrics.ndcg(self.untilted, purchases)

    def row(
        self,
        method: str,
        target: float,
        items: NDArray[np.int32],
        over_bound: float,
        seconds: float,
        reference: Floats | None,
    ) -> Row:
        """Measure one method's lists."""
        market, weights = self.market, self.market.weights
        found = metrics.ndcg(items, self.purchases)
        change = metrics.relative_change_interval(found, self.ndcg, np.random.default_rng(self.seed))
        behind = metrics.paired_difference_interval(
            found if reference is None else reference, found, self.ndcg, np.random.default_rng(self.seed)
        )
        utility = metrics.utility(items, market.relevance, weights)
        kept = np.divide(utility, self.utility, out=np.ones_like(utility), where=self.utility > 0)
        exposed = metrics.exposure_by_seller(items, market.benefit, market.seller, weights, self.n_sellers)
        served = exposed[self.households] / self.severity
        return Row(
            method=method,
            target=target,
            exposure_share=market.exposure_share(items),
            sales_share=metrics.expected_sales_share(items, market.relevance, market.benefit, weights),
            ndcg=float(np.nanmean(found)),
            recall=float(np.nanmean(metrics.recall(items, self.purchases))),
            novel_ndcg=float(np.nanmean(metrics.ndcg(items, self.novel))),
            ndcg_change=change.estimate,
            ndcg_change_low=change.low,
            ndcg_change_high=change.high,
            behind_reference=behind.estimate,
            behind_low=behind.low,
            behind_high=behind.high,
            utility=float(utility.sum() / self.utility.sum()) if self.utility.sum() else 1.0,
            utility_over_bound=over_bound,
            kept_p1=float(np.percentile(kept, 1)),
            kept_p5=float(np.percentile(kept, 5)),
            gini=metrics.gini(served) if served.size else 0.0,
            least_served=float(served.min() / served.mean()) if served.size and served.sum() else 0.0,
            milliseconds=1000 * seconds / len(items),
        )
