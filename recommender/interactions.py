"""The log the recommender learns from: who looked at, put aside or bought what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.errors import InvalidInteractionsError
from recommender.ids import IdColumn, IdMap

SECONDS_PER_DAY = 86_400.0


class Kind(IntEnum):
    """What happened, from the weakest to the strongest sign of interest."""

    VIEW = 0
    BASKET = 1
    PURCHASE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """Events sorted by consumer, item and time, with ids replaced by row numbers.

    Build one with `from_events`, which checks everything; the attributes are read by the rest of the package.

    Attributes
    ----------
    users, items : IdMap
        Outside ids <-> row numbers, of everybody and everything that appears in the log.
    user_numbers, item_numbers : int32 (n_events,)
    timestamps : float64 (n_events,)
        Seconds since 1970-01-01 UTC, or since any other origin that `fit` shares.
    kinds : int8 (n_events,)
        Values of `Kind`.
    amounts : float32 (n_events,)
        How much of an ordinary event each one is: the weight x (1 + ln(quantity)) for quantities above 1.
    """

    users: IdMap
    items: IdMap
    user_numbers: NDArray[np.int32]
    item_numbers: NDArray[np.int32]
    timestamps: NDArray[np.float64]
    kinds: NDArray[np.int8]
    amounts: NDArray[np.float32]

    @classmethod
    def from_events(
        cls,
        user_ids: IdColumn,
        item_ids: IdColumn,
        timestamps: ArrayLike,
        kinds: ArrayLike | str,
        quantities: ArrayLike | None = None,
        weights: ArrayLike | None = None,
    ) -> Interactions:
        """Read a log of events given as columns of equal length, in any order.

        Parameters
        ----------
        user_ids, item_ids : hashables, shape (n_events,)
            Any hashable ids: ints, strings, UUIDs, tuples.
        timestamps : float or datetime64, shape (n_events,)
            Seconds as float64, or datetime64 of any unit (read as UTC).
        kinds : str or Kind, shape (n_events,), or one for all
            "view", "basket" or "purchase".
        quantities : float > 0, shape (n_events,), optional
            Units bought at once; 1 when absent. Ten kilos are a stronger sign than one, but not ten times: the amount
            of an event is weight x (1 + ln(quantity)), and weight x quantity below one unit.
        weights : float >= 0, shape (n_events,), optional
            Anything that makes an event count for less or more; an event of weight 0 introduces its ids and nothing
            else. 1 when absent.

        Returns
        -------
        Interactions

        Raises
        ------
        InvalidInteractionsError
            Columns of different lengths, a time, quantity or weight that is not finite, a quantity that is not
            positive, a negative weight, an unknown kind, or an id that is not hashable.

        Examples
        --------
        >>> log = Interactions.from_events(["li", "wang"], ["pear", "pear"], [0.0, 60.0], "purchase", quantities=[1, 1])
        >>> len(log), log.items.values.tolist(), log.amounts.tolist()
        (2, ['pear'], [1.0, 1.0])
        """
        users, user_numbers = IdMap.from_column(user_ids)
        items, item_numbers = IdMap.from_column(item_ids)
        n_events = len(user_numbers)
        seconds = read_seconds(timestamps)
        for name, length in (("item_ids", len(item_numbers)), ("timestamps", len(seconds))):
            if length != n_events:
                raise InvalidInteractionsError(f"{name} has {length} rows, user_ids {n_events}")
        codes = _kind_codes(kinds, n_events)
        amounts = _column("weights", weights, n_events)
        if (amounts < 0).any():
            raise InvalidInteractionsError("a weight must not be negative")
        counts = _column("quantities", quantities, n_events)
        if (counts <= 0).any():
            raise InvalidInteractionsError("a quantity must be positive")
        if quantities is not None:
            amounts = amounts * np.where(counts > 1, 1 + np.log(np.maximum(counts, 1)), counts)
        # One order for all later sums, so that a shuffled log gives the same model.
        pairs = user_numbers.astype(np.int64) * max(len(items), 1) + item_numbers
        order = np.lexsort((codes, seconds, pairs))
        return cls(
            users,
            items,
            user_numbers[order],
            item_numbers[order],
            seconds[order],
            codes[order],
            amounts[order].astype(np.float32),
        )

    def __len__(self) -> int:
        """How many events there are."""
        return len(self.timestamps)

    def where(self, chosen: NDArray[np.bool_]) -> Interactions:
        """Return the chosen events alone, bool (n_events,); ids keep their numbers."""
        return Interactions(
            self.users,
            self.items,
            self.user_numbers[chosen],
            self.item_numbers[chosen],
            self.timestamps[chosen],
            self.kinds[chosen],
            self.amounts[chosen],
        )


def read_seconds(timestamps: ArrayLike) -> NDArray[np.float64]:
    """Return times as float64 seconds; datetime64 is read as UTC.

    >>> read_seconds(np.array(["1970-01-02"], dtype="datetime64[D]")).tolist()
    [86400.0]
    """
    column = np.asarray(timestamps)
    if column.ndim != 1:
        raise InvalidInteractionsError("timestamps must be a flat column")
    if column.dtype.kind == "M":
        if np.isnat(column).any():
            raise InvalidInteractionsError("a timestamp is missing")
        # Microseconds keep any plausible date inside 64 bits, which nanoseconds do not.
        return np.asarray(column.astype("datetime64[us]").astype(np.int64) / 1e6)
    if column.dtype.kind not in "iuf":
        raise InvalidInteractionsError("timestamps must be seconds or datetime64")
    seconds = column.astype(np.float64)
    if not np.isfinite(seconds).all():
        raise InvalidInteractionsError("a timestamp is not finite")
    return seconds


def _kind_codes(kinds: ArrayLike | str, n_events: int) -> NDArray[np.int8]:
    """Return the kinds as codes; a single kind stands for all events."""
    column: NDArray[Any] = np.asarray(kinds)
    if column.ndim == 0:
        column = np.broadcast_to(column, n_events)
    if column.shape != (n_events,):
        raise InvalidInteractionsError(f"kinds has shape {column.shape}, user_ids {n_events} rows")
    if column.dtype.kind in "iu":
        if n_events and (column.min() < Kind.VIEW or column.max() > Kind.PURCHASE):
            raise InvalidInteractionsError("a kind must be a value of Kind")
        return column.astype(np.int8)
    codes = np.full(n_events, -1, dtype=np.int8)
    for kind in Kind:
        codes[column == kind.name.lower()] = kind
    if (codes < 0).any():
        unknown = column[int(np.argmax(codes < 0))]
        raise InvalidInteractionsError(f"a kind is 'view', 'basket' or 'purchase', not {unknown!r}")
    return codes


def _column(name: str, values: ArrayLike | None, n_events: int) -> NDArray[np.float64]:
    """Return a column of finite float64 numbers, all 1 when it is absent."""
    if values is None:
        return np.ones(n_events)
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInteractionsError(f"{name} must be numbers") from None
    if column.shape != (n_events,):
        raise InvalidInteractionsError(f"{name} has shape {column.shape}, user_ids {n_events} rows")
    if not np.isfinite(column).all():
        raise InvalidInteractionsError(f"{name} must be finite")
    return column
