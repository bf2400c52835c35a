"""The recommender as the rest of the world sees it: fit, ask, fold in, save, load."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.calibration import logistic
from recommender.candidates import CandidateSet, check_length, resolve_candidates
from recommender.config import RecommenderConfig
from recommender.errors import InvalidRequestError, NotFittedError
from recommender.folding import fold_in_events
from recommender.ids import IdColumn
from recommender.index import ItemIndex
from recommender.interactions import Interactions, read_seconds
from recommender.policy import TiltPolicy
from recommender.recommending import Readers, recommend_plain, recommend_tilted
from recommender.serving import Reason, RelevantItems, is_stranger, logits_in_chunks, shortlist_consumer, unknown_logit
from recommender.storage import load_state, save_state
from recommender.training import State, train

if TYPE_CHECKING:
    from recommender.tilt import TiltResult

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Recommendations:
    """Lists for some consumers, best first.

    Attributes
    ----------
    item_ids : tuple of arrays of outside ids, one per consumer, each of length at most n
    scores : tuple of float32 arrays
        Calibrated probabilities, in the order of the list; not rising unless a policy moved items.
    reasons : tuple of tuples of Reason
    is_stranger : bool (n_users,)
        True where nothing is known of the consumer and the list is that of popularity.
    tilt : TiltResult or None
        What the policy achieved and what it cost; its item numbers are places in the model, and -1 where a list is
        short. None without a policy, and without consumers.
    """

    item_ids: tuple[NDArray[Any], ...]
    scores: tuple[Floats, ...]
    reasons: tuple[tuple[Reason, ...], ...]
    is_stranger: NDArray[np.bool_]
    tilt: TiltResult | None = None


class Recommender:
    """Calibrated relevance of every item for every consumer, learnt from a log.

    Parameters
    ----------
    config : RecommenderConfig, optional

    Examples
    --------
    Wang bought pears twice; a stranger gets what is popular.

    >>> day = 86400.0
    >>> log = Interactions.from_events(
    ...     ["wang", "wang", "li", "li"], ["pear", "pear", "tea", "pear"], [0.0, 9 * day, 3 * day, 8 * day], "purchase"
    ... )
    >>> model = Recommender(RecommenderConfig(factors=2)).fit(log)
    >>> lists = model.recommend(["wang", "zhao"], 1)
    >>> [ids.tolist() for ids in lists.item_ids], lists.is_stranger.tolist(), lists.reasons[0][0].value
    ([['pear'], ['pear']], [False, True], 'bought_before')
    """

    def __init__(self, config: RecommenderConfig | None = None):
        self.config = config or RecommenderConfig()
        self._state: State | None = None
        self._index: ItemIndex | None = None

    @property
    def state(self) -> State:
        """Everything learnt.

        Raises
        ------
        NotFittedError
            Neither `fit` nor `load` has been called.
        """
        if self._state is None:
            raise NotFittedError("fit or load the recommender first")
        return self._state

    @property
    def index(self) -> ItemIndex:
        """The items laid out for fast requests; `NotFittedError` as `state`."""
        if self._index is None:
            raise NotFittedError("fit or load the recommender first")
        return self._index

    def fit(
        self,
        interactions: Interactions,
        item_features: Mapping[str, ArrayLike] | None = None,
        now: float | np.datetime64 | None = None,
        rng: int | np.random.Generator = 0,
        consumer_areas: Mapping[Hashable, Hashable] | None = None,
    ) -> Recommender:
        """Learn from a log.

        Parameters
        ----------
        interactions : Interactions
        item_features : mapping of str to column, optional
            `item_id` and any of `benefit`, `seller`, `severity`, `area` and content columns from coarse to fine; see
            `recommender.listings.add_features`. Items without events are known by their content.
        now : float seconds or datetime64, optional
            The moment of fitting; later events count for nothing. The last event's time when absent.
        rng : int or numpy Generator
            Same seed, log and settings give the same bytes.
        consumer_areas : mapping of user id to area id, optional
            Where consumers live, as coarse as strangers should be told apart (a province, a city): one row of numbers
            per area and item is kept.

        Returns
        -------
        Recommender
            Itself.

        Raises
        ------
        EmptyLogError
            No event with weight above 0 happened by `now`.
        InvalidItemFeaturesError
            The table cannot be read.
        """
        generator = np.random.default_rng(rng)
        state = train(interactions, item_features, _seconds(now), self.config, generator, consumer_areas)
        return self.serve(state)

    def relevance(
        self,
        user_ids: IdColumn,
        candidates: IdColumn | NDArray[np.bool_] | None = None,
        areas: IdColumn | None = None,
    ) -> Floats:
        """Return the probability of at least one purchase within the label window, for each consumer and item.

        Parameters
        ----------
        user_ids : ids (n_users,)
            Unknown ones are strangers and get the probabilities of popularity.
        candidates : ids (n_items,), or bool mask over item numbers, optional
            One column for each id in the given order, repeated ids included; an unknown id gets the prior of a new
            listing. All items in the order of their numbers when absent; those of the mask when it is one.
        areas : ids (n_users,), optional
            As in `recommend`.

        Returns
        -------
        float32 (n_users, n_items)
        """
        state = self.state
        numbers = state.users.numbers(user_ids)
        if candidates is None:
            columns = np.arange(len(state.items), dtype=np.int32)
        elif isinstance(candidates, np.ndarray) and candidates.dtype == np.bool_:
            columns = resolve_candidates(state.items, candidates).numbers
        else:
            columns = state.items.numbers(candidates)
        result = np.empty((len(numbers), len(columns)), dtype=np.float32)
        asked = None if candidates is None else columns
        for rows, logits in logits_in_chunks(state, numbers, self._area_numbers(areas, len(numbers)), asked):
            result[rows] = logistic(logits)
        for row in range(len(numbers) if (columns < 0).any() else 0):
            result[row, columns < 0] = logistic(np.asarray([unknown_logit(state, int(numbers[row]))]))
        return result

    def recommend(
        self,
        user_ids: IdColumn,
        n: int,
        policy: TiltPolicy | None = None,
        candidates: IdColumn | NDArray[np.bool_] | CandidateSet | None = None,
        exclude_seen: bool = False,
        areas: IdColumn | None = None,
    ) -> Recommendations:
        """Return the best list of each consumer, tilted if a policy says so.

        Parameters
        ----------
        user_ids : ids (n_users,)
        n : int
            Longest list wanted; lists are shorter where there are fewer candidates.
        policy : TiltPolicy, optional
            Applied to all the lists together; benefit, seller, severity and area come from `item_features`.
        candidates : ids, bool mask over item numbers, CandidateSet, optional
            What may be shown: in stock, deliverable, not hidden. Repeated ids count once; unknown ids take part as new
            listings. Everything when absent.
        exclude_seen : bool
            True leaves out every item that the consumer has any event with. Groceries are bought again, so no is the
            default.
        areas : ids (n_users,), optional
            Where each consumer is, for strangers alone: they get what is popular there now, if `fit` was told where
            consumers live. An unknown area is no area.

        Returns
        -------
        Recommendations

        Raises
        ------
        InvalidRequestError
            n is not a whole number of at least 1, or a mask has another length than the model has items.
        """
        state, length = self.state, check_length(n)
        chosen = resolve_candidates(state.items, candidates)
        numbers = state.users.numbers(user_ids)
        readers = Readers(numbers, self._area_numbers(areas, len(numbers)))
        strangers = np.asarray([is_stranger(state, int(number)) for number in numbers], dtype=np.bool_)
        if policy is None or not policy.is_tilted or not len(numbers):
            lists = recommend_plain(state, readers, length, chosen, exclude_seen)
            return Recommendations(*lists, strangers)
        ids, scores, reasons, result = recommend_tilted(state, readers, length, policy, chosen, exclude_seen)
        return Recommendations(ids, scores, reasons, strangers, result)

    def _area_numbers(self, areas: IdColumn | None, n_users: int) -> NDArray[np.int32]:
        if areas is None:
            return np.full(n_users, -1, dtype=np.int32)
        if len(areas) != n_users:
            raise InvalidRequestError(f"{len(areas)} areas do not match {n_users} consumers")
        return self.state.areas.numbers(areas)

    def candidate_set(self, candidates: IdColumn | NDArray[np.bool_] | None) -> CandidateSet:
        """Resolve candidates once for many requests; valid for this fitted model alone."""
        return resolve_candidates(self.state.items, candidates)

    def shortlist(
        self,
        user_id: Hashable,
        size: int,
        *,
        candidates: IdColumn | NDArray[np.bool_] | CandidateSet | None = None,
        must_include: IdColumn | NDArray[np.bool_] | CandidateSet | None = None,
        area: Hashable = None,
    ) -> RelevantItems:
        """Return the items worth ranking for one consumer, fast: the input of a tilted request.

        The `size` most probable candidates, and besides them the `size` most probable of those that `must_include`
        names: exactly those that a scan of all items would find, from few of them (`recommender.search`).

        Parameters
        ----------
        user_id : id
            A stranger gets popularity.
        size : int
            At most that many of each of the two; 2 x size in all.
        candidates : ids, bool mask over item numbers, CandidateSet, optional
            What may be shown. Pass a `candidate_set` where many requests share it.
        must_include : the same kinds, optional
            Candidates that a policy may raise, such as the goods of registered households; those that are not
            candidates are ignored.
        area : id, optional
            Where a stranger is; see `recommend`.

        Returns
        -------
        RelevantItems

        Raises
        ------
        InvalidRequestError
            As `recommend`.
        """
        state, index = self.state, self.index
        included = None if must_include is None else resolve_candidates(state.items, must_include)
        return shortlist_consumer(
            state,
            index,
            state.users.number(user_id),
            check_length(size),
            index.everything if candidates is None else resolve_candidates(state.items, candidates),
            included,
            -1 if area is None else state.areas.number(area),
        )

    def fold_in(
        self,
        interactions: Interactions | None = None,
        item_features: Mapping[str, ArrayLike] | None = None,
        now: float | np.datetime64 | None = None,
    ) -> Recommender:
        """Return a recommender that also knows later events, new consumers and new listings; this one stays as it is.

        Nothing is retrained. Decayed histories and popularity are brought up to date exactly. A consumer with new
        events gets the vector that fits the events best while the items' vectors stay; a listing without earlier
        events gets the maximum a posteriori vector v = (U'U + sum (c - 1) u u' + k I)^-1 (sum c u + k m), with m the
        mean vector of the items that share its content.

        Parameters
        ----------
        interactions : Interactions, optional
            Only events that the model has not seen yet.
        item_features : mapping of str to column, optional
            New listings, and old ones whose features changed.
        now : float seconds or datetime64, optional
            The last event's time when absent, but never earlier than the model's own moment.

        Returns
        -------
        Recommender

        Raises
        ------
        InvalidItemFeaturesError
            The table cannot be read.
        """
        state = fold_in_events(self.state, interactions, item_features, _seconds(now), self.config)
        return Recommender(self.config).serve(state)

    def save(self, path: str | Path) -> None:
        """Write the model into a folder, which is made if need be, with a manifest of shapes and sha256 digests.

        Raises
        ------
        UnsavableIdError
            An outside id is neither an int, a str, a UUID nor a tuple of those.
        """
        save_state(Path(path), self.state, self.config)

    @classmethod
    def load(cls, path: str | Path, *, verify: bool = True) -> Recommender:
        """Map a saved model into memory; workers on one machine share its pages.

        Parameters
        ----------
        path : path of the folder
        verify : bool
            False skips the digests and compares sizes alone.

        Raises
        ------
        ForeignModelError
            The folder was not written by this package, or by a version this one cannot read.
        DamagedModelError
            A file is missing, cut short or changed.
        """
        state, config = load_state(Path(path), verify=verify)
        return cls(config).serve(state)

    def serve(self, state: State) -> Self:
        """Answer from a state, laid out anew for fast requests, and return itself."""
        self._state, self._index = state, ItemIndex.of(state)
        return self


def _seconds(now: float | np.datetime64 | None) -> float | None:
    if now is None:
        return None
    seconds = float(read_seconds(np.asarray([now]))[0])
    if not np.isfinite(seconds):
        raise InvalidRequestError("now must be finite")
    return seconds
