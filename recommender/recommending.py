"""Lists for many consumers at once, plain or tilted by a policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.calibration import logistic
from recommender.candidates import CandidateSet, largest
from recommender.listings import Column
from recommender.policy import TiltPolicy
from recommender.serving import Reason, explain, logits_in_chunks, unknown_logit
from recommender.tilt import TiltResult, tilt_lists
from recommender.training import State

Numbers = NDArray[np.int32]
Floats = NDArray[np.float32]
Reasons = tuple[tuple[Reason, ...], ...]

# A policy chooses from this many items of each kind, the most relevant and the most relevant with benefit.
LEAST_TILT_CANDIDATES, TILT_CANDIDATES_PER_PLACE = 200, 4


@dataclass(frozen=True, slots=True, eq=False)
class Readers:
    """Those who ask: consumer numbers and area numbers, int32 (n_users,) each, -1 for a stranger or no known area."""

    user_numbers: Numbers
    area_numbers: Numbers


def recommend_plain(
    state: State, readers: Readers, n: int, candidates: CandidateSet, exclude_seen: bool
) -> tuple[tuple[NDArray[Any], ...], tuple[Floats, ...], Reasons]:
    """Return ids, probabilities and reasons of the n most probable candidates of each consumer."""
    ids, scores, reasons = [], [], []
    for user, places, logits in _best_places(state, readers, n, candidates, exclude_seen, None):
        ids.append(_ids_at(state, candidates, places))
        scores.append(logistic(logits).astype(np.float32))
        reasons.append(tuple(explain(state, user, _item_number(state, place)) for place in places))
    return tuple(ids), tuple(scores), tuple(reasons)


def recommend_tilted(
    state: State, readers: Readers, n: int, policy: TiltPolicy, candidates: CandidateSet, exclude_seen: bool
) -> tuple[tuple[NDArray[Any], ...], tuple[Floats, ...], Reasons, TiltResult]:
    """Return ids, probabilities and reasons of lists that meet a policy together, and what it achieved."""
    n_places = len(state.items) + len(candidates.unknown_ids)
    benefit = np.pad(state.listings.benefit, (0, n_places - len(state.items)))
    has_benefit = np.flatnonzero(benefit > 0)
    most = max(LEAST_TILT_CANDIDATES, TILT_CANDIDATES_PER_PLACE * n)
    user_numbers = readers.user_numbers
    places = np.full((len(user_numbers), 2 * most), -1, dtype=np.int32)
    relevance = np.zeros((len(user_numbers), 2 * most), dtype=np.float32)
    untilted = []
    found = _best_places(state, readers, most, candidates, exclude_seen, has_benefit)
    for row, (_, row_places, logits) in enumerate(found):
        places[row, : len(row_places)] = row_places
        relevance[row, : len(row_places)] = logistic(logits)
        untilted.append(set(row_places[:n].tolist()))
    seller, severity = _sellers(state, n_places)
    result = tilt_lists(
        relevance,
        benefit,
        n,
        policy,
        seller=seller,
        severity=severity,
        area=_codes(state.listings.area, n_places),
        candidates=places,
    )
    ids, scores, reasons = [], [], []
    for row, user in enumerate(user_numbers):
        chosen = result.items[row][result.items[row] >= 0]
        ids.append(_ids_at(state, candidates, chosen))
        probability = dict(zip(places[row].tolist(), relevance[row].tolist(), strict=True))
        scores.append(np.asarray([probability[place] for place in chosen.tolist()], dtype=np.float32))
        reasons.append(
            tuple(
                explain(state, int(user), _item_number(state, place)) if place in untilted[row] else Reason.POLICY
                for place in chosen.tolist()
            )
        )
    return tuple(ids), tuple(scores), tuple(reasons), result


def _best_places(
    state: State,
    readers: Readers,
    n: int,
    candidates: CandidateSet,
    exclude_seen: bool,
    also: NDArray[np.intp] | None,
) -> Iterator[tuple[int, NDArray[np.intp], Floats]]:
    """Yield for each consumer its number, its best places and their logits, best first.

    A place is an item number, or n_items + the position of an id that the model has never met. With `also`, the n best
    of those places come on top.
    """
    for rows, logits in logits_in_chunks(state, readers.user_numbers, readers.area_numbers):
        logits[:, candidates.hidden] = -np.inf
        for row, number in enumerate(readers.user_numbers[rows]):
            user = int(number)
            if exclude_seen and user >= 0:
                logits[row, state.history.items[state.history.row(user)]] = -np.inf
            scores = logits[row]
            if len(candidates.unknown_ids):
                prior = np.full(len(candidates.unknown_ids), unknown_logit(state, user), dtype=np.float32)
                scores = np.concatenate([scores, prior])
            places = largest(scores, n)
            if also is not None:
                places = np.union1d(places, also[largest(scores[also], n)])
                places = places[np.argsort(-scores[places], kind="stable")]
            yield user, places, scores[places]


def _ids_at(state: State, candidates: CandidateSet, places: NDArray[Any]) -> NDArray[Any]:
    """Return the outside ids at places."""
    n_items = len(state.items)
    if not (places >= n_items).any():
        return np.asarray(state.items.values[places])
    ids = np.empty(len(places), dtype=object)
    for row, place in enumerate(places.tolist()):
        ids[row] = state.items.values[place] if place < n_items else candidates.unknown_ids[place - n_items]
    return ids


def _item_number(state: State, place: int) -> int:
    return int(place) if place < len(state.items) else -1


def _codes(column: Column | None, n_places: int) -> NDArray[np.int32] | None:
    """Return codes for all places; what has none shares one code of its own."""
    if column is None:
        return None
    codes = np.pad(column.codes, (0, n_places - len(column.codes)), constant_values=-1)
    return np.where(codes < 0, codes.max(initial=-1) + 1, codes).astype(np.int32)


def _sellers(state: State, n_places: int) -> tuple[NDArray[np.int32] | None, NDArray[np.float64] | None]:
    """Return the seller of each place and the severity of each seller."""
    seller = _codes(state.listings.seller, n_places)
    if seller is None:
        return None, None
    severity = np.zeros(int(seller.max(initial=-1)) + 1)
    np.maximum.at(severity, seller[: len(state.items)], state.listings.severity.astype(np.float64))
    return seller, severity
