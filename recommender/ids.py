"""The only bridge between the outside world's ids and the row numbers of a matrix."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.errors import InvalidInteractionsError, InvalidRequestError

Numbers = NDArray[np.int32]
Ids = NDArray[Any]
IdColumn = Sequence[Hashable] | NDArray[Any]


class IdMap:
    """Distinct outside ids in a fixed order; the place of an id in that order is its number.

    Whole numbers and strings are kept as sorted numpy arrays, so that a saved map is memory-mapped and never becomes
    a dictionary; every other hashable is kept as an object.

    Parameters
    ----------
    values : array-like of hashables, shape (n,)
        The ids, without repeats; the first is number 0.

    Raises
    ------
    InvalidInteractionsError
        An id repeats, is not hashable, or is not equal to itself (NaN).

    Examples
    --------
    >>> apples = IdMap(["fuji", "gala"])
    >>> apples.numbers(["gala", "pear", "fuji"]).tolist()
    [1, -1, 0]
    >>> apples.ids([1, 0]).tolist()
    ['gala', 'fuji']
    """

    def __init__(self, values: IdColumn):
        native = as_native(values)
        self._values: Ids = _as_objects(values) if native is None else native
        self._index: dict[Hashable, int] | None = None
        self._order: NDArray[np.intp] | None = None
        if native is None:
            self._index = {value: number for number, value in enumerate(self._values)}
            distinct = len(self._index)
        else:
            if len(native) > 1 and not (native[1:] > native[:-1]).all():
                self._order = np.argsort(native, kind="stable")
            ordered = self._ordered
            distinct = len(ordered) - int((ordered[1:] == ordered[:-1]).sum())
        if distinct != len(self._values):
            raise InvalidInteractionsError(f"{len(self._values) - distinct} ids repeat in an id map")

    @classmethod
    def from_column(cls, values: IdColumn) -> tuple[IdMap, Numbers]:
        """Return the map of the distinct ids of a column and the number of each row of it.

        Whole numbers and strings are numbered in rising order, other ids in the order of their first appearance.

        >>> ids, numbers = IdMap.from_column([30, 10, 30])
        >>> ids.values.tolist(), numbers.tolist()
        ([10, 30], [1, 0, 1])
        """
        native = as_native(values)
        if native is not None:
            distinct, numbers = np.unique(native, return_inverse=True)
            return cls(distinct), numbers.astype(np.int32)
        index: dict[Hashable, int] = {}
        rows = [index.setdefault(value, len(index)) for value in _as_objects(values)]
        return cls(_as_objects(list(index))), np.asarray(rows, dtype=np.int32)

    @property
    def values(self) -> Ids:
        """All ids in the order of their numbers, (n,)."""
        return self._values

    @property
    def _ordered(self) -> Ids:
        return self._values if self._order is None else self._values[self._order]

    def __len__(self) -> int:
        """How many ids there are."""
        return len(self._values)

    def __contains__(self, value: Hashable) -> bool:
        """Whether the id has a number."""
        return self.number(value) >= 0

    def number(self, value: Hashable) -> int:
        """Return the number of one id, -1 for an unknown one."""
        return int(self.numbers([value])[0])

    def numbers(self, values: IdColumn) -> Numbers:
        """Return the number of each id, int32; -1 stands for an unknown one."""
        if self._index is not None:
            index = self._index
            return np.fromiter((index.get(value, -1) for value in _as_objects(values)), dtype=np.int32)
        native = as_native(values)
        if native is None:
            each = [as_native([value]) for value in (values.tolist() if isinstance(values, np.ndarray) else values)]
            found = [-1 if one is None else int(self._search(one)[0]) for one in each]
            return np.asarray(found, dtype=np.int32)
        return self._search(native)

    def _search(self, native: Ids) -> Numbers:
        """Look ids up by bisection; ids of another type than the map's are unknown."""
        if not len(self) or native.dtype.kind != self._values.dtype.kind:
            return np.full(len(native), -1, dtype=np.int32)
        ordered = self._ordered
        places = np.minimum(np.searchsorted(ordered, native), len(ordered) - 1)
        numbers = places if self._order is None else self._order[places]
        return np.where(ordered[places] == native, numbers, -1).astype(np.int32)

    def ids(self, numbers: ArrayLike) -> Ids:
        """Return the ids of the numbers, in their order.

        Raises
        ------
        InvalidRequestError
            A number is not the number of an id.
        """
        rows = np.asarray(numbers, dtype=np.intp)
        if rows.size and (rows.min() < 0 or rows.max() >= len(self)):
            raise InvalidRequestError(f"numbers must lie between 0 and {len(self) - 1}")
        return np.asarray(self._values[rows])

    def extended(self, values: IdColumn) -> IdMap:
        """Return a map in which every id keeps its number and the new ones among `values` follow.

        >>> IdMap([10, 30]).extended([20, 30, 20]).values.tolist()
        [10, 30, 20]
        """
        distinct = IdMap.from_column(values)[0]
        new = distinct.values[self.numbers(distinct.values) < 0]
        if not len(new):
            return self
        if not len(self):
            return IdMap(new)
        return IdMap(_joined(self._values, new))


def as_native(values: IdColumn) -> Ids | None:
    """Return ids as an int64 or str array, or None when they are neither all whole numbers nor all strings.

    A list that mixes the two must not pass through numpy, which would turn 1 into "1" without a word.
    """
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise InvalidInteractionsError(f"ids must be a flat column, not an array of shape {values.shape}")
        if values.dtype.kind == "U" or values.dtype == np.int64:
            return values
        if values.dtype.kind in "iu" and (values.dtype != np.uint64 or not (values > np.iinfo(np.int64).max).any()):
            return values.astype(np.int64)
        if values.dtype.kind != "O":
            return None
    elif not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise InvalidInteractionsError("ids must be a sequence or an array of hashables")
    column: Sequence[Any] = values.tolist() if isinstance(values, np.ndarray) else values
    return _native_sequence(column)


def _native_sequence(values: Sequence[Any]) -> Ids | None:
    types = set(map(type, values))
    if types <= {bool}:
        return None if types else np.empty(0, dtype=np.int64)
    if bool not in types and all(issubclass(kind, int | np.integer) for kind in types):
        try:
            return np.asarray(values, dtype=np.int64)
        except OverflowError:
            return None
    # numpy drops zero characters at the end of a string, which would make two ids one.
    if all(issubclass(kind, str) for kind in types) and not any(value[-1:] == "\0" for value in values):
        return np.asarray(values, dtype=np.str_)
    return None


def _as_objects(values: IdColumn) -> Ids:
    """Return any ids as a flat object array of plain Python values, after checking that each can be an id."""
    plain = values.tolist() if isinstance(values, np.ndarray) else list(values)
    for value in plain:
        try:
            hash(value)
        except TypeError:
            raise InvalidInteractionsError(f"an id must be hashable, not {type(value).__name__}") from None
        if value != value:
            raise InvalidInteractionsError("an id must be equal to itself, which NaN is not")
    column = np.empty(len(plain), dtype=object)
    for row, value in enumerate(plain):
        column[row] = value
    return column


def _joined(old: Ids, new: Ids) -> Ids:
    """Put two columns of ids one after the other; different types make a column of objects."""
    if old.dtype.kind == new.dtype.kind and old.dtype.kind != "O":
        return np.concatenate([old, new])
    return _as_objects(old.tolist() + new.tolist())
