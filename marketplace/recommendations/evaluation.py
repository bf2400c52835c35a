"""The recommender judged on what really happened: fitted on the past, compared on the weeks after it.

Either on the shop's own events, with its real goods, sellers and benefit, or on The Complete Journey with made-up sellers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sqlalchemy import text

from marketplace.kernel.db import db
from recommender import Evaluation, Interactions, Recommender, RecommenderConfig, RecommenderError, evaluate
from recommender.journey import assign_sellers, load_journey, split_at

_DAY = 86_400.0
PLACES = 10
# Fewer consumers who come back say nothing that another draw would not turn round.
LEAST_CONSUMERS = 20
# Lists are compared for as many consumers as fit into this many scores.
_MOST_SCORES = 60_000_000

Say = Callable[[str], None]
Numbers = NDArray[np.int64]


class CannotEvaluate(RuntimeError):
    """There is too little to judge by; the message says of what."""


@dataclass(frozen=True)
class HeldOut:
    """Goods and sellers, and what consumers had bought before a moment and bought after it; rows by number.

    ``benefit`` is 1 for goods of registered households; ``severity`` is None where all count alike.
    """

    relevance: NDArray[np.float32]
    benefit: NDArray[np.float64]
    seller: Numbers
    area: Numbers
    severity: NDArray[np.float64] | None
    bought: csr_matrix
    history: csr_matrix


def evaluate_shop(shares: Sequence[float], seeds: int, *, now: datetime, say: Say) -> Evaluation:
    """Hide the last weeks of the shop's purchases, learn from the rest, and compare all methods on what was hidden.

    Raises
    ------
    CannotEvaluate
        Too few consumers bought before and after the cut, or all goods are of one group.
    """
    log = _read_log(now)
    say(f"  {len(log):,} events of {len(log.users):,} consumers on {len(log.items):,} listings")
    return _mean([_compare(_shop_test(log, seed, say), shares, seed, say) for seed in range(seeds)])


def evaluate_journey(shares: Sequence[float], seeds: int, *, say: Say) -> Evaluation:
    """Do the same on the last four weeks of The Complete Journey; each seed makes up other sellers.

    Raises
    ------
    CannotEvaluate
        The data are not installed.
    """
    say("  reading The Complete Journey")
    try:
        journey = load_journey()
    except RecommenderError as error:
        raise CannotEvaluate(str(error)) from error
    split = split_at(journey, journey.test_start)
    say(f"  learning from {len(split.log):,} purchases")
    model = Recommender().fit(split.log, item_features=split.content, now=split.now)
    relevance = model.relevance(split.log.users.values)
    found = []
    for seed in range(seeds):
        sellers = assign_sellers(split, "tail", seed)
        test = HeldOut(
            relevance=relevance,
            benefit=sellers.benefit,
            seller=sellers.seller.astype(np.int64),
            area=sellers.area.astype(np.int64),
            severity=sellers.severity,
            bought=csr_matrix(split.bought, dtype=np.float64),
            history=csr_matrix(split.seen, dtype=np.float64),
        )
        found.append(_compare(test, shares, seed, say))
    return _mean(found)


def _compare(test: HeldOut, shares: Sequence[float], seed: int, say: Say) -> Evaluation:
    say(f"  seed {seed}: {test.relevance.shape[0]:,} consumers, {test.relevance.shape[1]:,} goods")
    return evaluate(
        test.relevance,
        test.benefit,
        test.seller,
        test.bought,
        n=min(PLACES, test.relevance.shape[1]),
        severity=test.severity,
        history=test.history,
        area=test.area,
        shares=shares,
        seed=seed,
        say=say,
    )


def _mean(found: list[Evaluation]) -> Evaluation:
    return found[0] if len(found) == 1 else Evaluation.mean(found)


def _read_log(now: datetime) -> Interactions:
    """All events until a moment of consumers who let their events be used."""
    rows = db.session.execute(
        text(
            "SELECT event.account_id, event.listing_id, extract(epoch FROM event.at)::float8, event.kind, event.quantity"
            " FROM event LEFT JOIN preference USING (account_id)"
            " WHERE preference.personalised IS NOT FALSE AND event.at <= :now ORDER BY event.id"
        ),
        {"now": now},
    ).all()
    if not rows:
        raise CannotEvaluate("nothing has been bought yet, so there is nothing to judge by")
    accounts, listings, moments, kinds, quantities = zip(*rows, strict=True)
    return Interactions.from_events(
        np.array(accounts, dtype=np.int64), np.array(listings, dtype=np.int64), moments, np.array(kinds), quantities=quantities
    )


def _shop_test(log: Interactions, seed: int, say: Say) -> HeldOut:
    """Fit on what was known at the cut, and score the goods for consumers who bought after it."""
    config = RecommenderConfig()
    cut = float(log.timestamps.max()) - config.label_window_days * _DAY
    past = log.timestamps <= cut
    purchases = log.kinds == log.kinds.max()
    back = np.intersect1d(log.user_numbers[past], log.user_numbers[~past & purchases])
    if len(back) < LEAST_CONSUMERS:
        raise CannotEvaluate(
            f"only {len(back)} consumers bought in the last {config.label_window_days:.0f} days and were known before; "
            f"at least {LEAST_CONSUMERS} are needed"
        )
    goods = _goods_known_at(cut)
    registered = goods["benefit"] >= 0.5
    if not 0 < registered.sum() < len(registered):
        raise CannotEvaluate("all goods are of registered households, or none is, so there is nothing to tilt")
    most = max(LEAST_CONSUMERS, _MOST_SCORES // len(registered))
    chosen = np.sort(np.random.default_rng(seed).permutation(back)[:most])
    say(f"  seed {seed}: learning from {int(past.sum()):,} events before the last {config.label_window_days:.0f} days")
    model = Recommender(config).fit(log.where(past), item_features=goods, now=cut, rng=seed)
    relevance = model.relevance(log.users.values[chosen], candidates=goods["item_id"])
    return HeldOut(
        relevance=relevance,
        benefit=registered.astype(np.float64),
        seller=np.unique(goods["seller"], return_inverse=True)[1],
        area=np.unique(goods["area"], return_inverse=True)[1],
        severity=None,
        bought=_pairs(log, ~past & purchases, chosen, goods["item_id"]),
        history=_pairs(log, past & purchases, chosen, goods["item_id"]),
    )


def _goods_known_at(cut: float) -> dict[str, NDArray[np.generic]]:
    """The listings that were there by then; the county is that of the village where they are grown."""
    rows = db.session.execute(
        text(
            "SELECT id, benefit_bp / 10000.0::float8, producer_id, category_id, product_id, area_code, left(area_code, 6)"
            " FROM listing WHERE created_at <= to_timestamp(:cut)"
            " OR EXISTS (SELECT FROM event WHERE event.listing_id = listing.id AND event.at <= to_timestamp(:cut)) ORDER BY id"
        ),
        {"cut": cut},
    ).all()
    if not rows:
        raise CannotEvaluate("no listing is older than the weeks to be judged by")
    names = ("item_id", "benefit", "seller", "category", "product", "village", "area")
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def _pairs(log: Interactions, which: NDArray[np.bool_], users: Numbers, item_ids: NDArray[np.generic]) -> csr_matrix:
    """Ones for the chosen consumers and goods that an event of those marked joins."""
    columns = np.full(len(log.items), -1)
    numbers = log.items.numbers(item_ids)
    columns[numbers[numbers >= 0]] = np.flatnonzero(numbers >= 0)
    rows = np.full(len(log.users), -1)
    rows[users] = np.arange(len(users))
    at = np.column_stack([rows[log.user_numbers[which]], columns[log.item_numbers[which]]])
    at = np.unique(at[(at >= 0).all(axis=1)], axis=0)
    return csr_matrix((np.ones(len(at)), (at[:, 0], at[:, 1])), shape=(len(users), len(item_ids)))
