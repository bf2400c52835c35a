"""What is known of an item besides its events: benefit, seller, area, and content such as type, village, price."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.errors import InvalidItemFeaturesError, RecommenderError
from recommender.ids import IdMap

Codes = NDArray[np.int32]
Floats = NDArray[np.float32]

PRICE_CLASSES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One property of every item as a code; -1 where it is not known.

    Attributes
    ----------
    name : str
    levels : IdMap
        The values the codes stand for; empty for a column of numbers.
    edges : float64 (k,)
        For a column of numbers the inner borders of its classes, else empty.
    codes : int32 (n_items,)
    """

    name: str
    levels: IdMap
    edges: NDArray[np.float64]
    codes: Codes

    def extended(self, values: ArrayLike, rows: NDArray[np.int32], n_items: int) -> Column:
        """Return the column for more items, with the values of some rows set."""
        codes = np.full(n_items, -1, dtype=np.int32)
        codes[: len(self.codes)] = self.codes
        levels = self.levels
        if len(self.edges):
            codes[rows] = _number_classes(np.asarray(values, dtype=np.float64), self.edges)
        else:
            levels = levels.extended(_as_list(values))
            codes[rows] = levels.numbers(_as_list(values))
        return Column(self.name, levels, self.edges, codes)


@dataclass(frozen=True, slots=True, eq=False)
class Listings:
    """The features of all items of a model, in the order of their numbers.

    Attributes
    ----------
    benefit : float32 (n_items,)
        Part of the item's sellable lots that belongs to registered households; 0 where not given.
    severity : float32 (n_items,)
        Severity w of the item's seller; 1 where not given.
    seller, area : Column or None
    content : tuple of Column
        From coarse to fine, as the table named them.
    """

    benefit: Floats
    severity: Floats
    seller: Column | None = None
    area: Column | None = None
    content: tuple[Column, ...] = field(default=())

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.benefit)


def empty_listings(n_items: int) -> Listings:
    """Return listings of which nothing is known."""
    return Listings(np.zeros(n_items, dtype=np.float32), np.ones(n_items, dtype=np.float32))


def feature_ids(table: Mapping[str, ArrayLike]) -> list[Hashable]:
    """Return the ids of a table of item features, after checking that its columns belong together.

    Raises
    ------
    InvalidItemFeaturesError
        There is no column `item_id`, an id repeats, or a column has another length.
    """
    if not isinstance(table, Mapping) or "item_id" not in table:
        raise InvalidItemFeaturesError("item_features must be a mapping of columns with one named item_id")
    ids = _as_list(table["item_id"])
    try:
        IdMap(ids)
    except RecommenderError as error:
        raise InvalidItemFeaturesError(f"item_id: {error}") from None
    for name, values in table.items():
        if len(_as_list(values)) != len(ids):
            raise InvalidItemFeaturesError(f"{name} has {len(_as_list(values))} rows, item_id {len(ids)}")
    return ids


def add_features(listings: Listings, items: IdMap, table: Mapping[str, ArrayLike]) -> Listings:
    """Return listings that know what a table says; rows the table does not name stay as they are.

    Parameters
    ----------
    listings : Listings
    items : IdMap
        Numbers of all items, those of the table among them.
    table : mapping of str to column, each of shape (n_rows,)
        `item_id`; optional `benefit` in [0, 1], `severity` >= 0 and finite, `seller` and `area` (any ids); every other
        column is content: numbers with a fraction (float) are cut into five classes of equal size, anything else
        counts as a name. Content columns stand from coarse to fine: a new listing without buyers is taken for the
        average of those that share all its columns, shrunk toward those that share all but the last, and so on.

    Raises
    ------
    InvalidItemFeaturesError
        A benefit outside [0, 1], a severity that is negative, or either not finite.
    """
    rows, n_items = items.numbers(feature_ids(table)), len(items)
    known = {column.name: column for column in listings.content}
    content = {name: column.extended([], rows[:0], n_items) for name, column in known.items()}
    for name, values in table.items():
        if name not in ("item_id", "benefit", "severity", "seller", "area"):
            content[name] = (known.get(name) or _new_column(name, values)).extended(values, rows, n_items)
    return Listings(
        benefit=_numbers("benefit", listings.benefit, table, rows, n_items, fill=0, most=1),
        severity=_numbers("severity", listings.severity, table, rows, n_items, fill=1, most=np.inf),
        seller=_name_column("seller", listings.seller, table, rows, n_items),
        area=_name_column("area", listings.area, table, rows, n_items),
        content=tuple(content.values()),
    )


def widened(listings: Listings, n_items: int) -> Listings:
    """Return the same listings with room for more items of which nothing is known."""
    more, none = n_items - listings.n_items, np.empty(0, dtype=np.int32)
    return replace(
        listings,
        benefit=np.pad(listings.benefit, (0, more)),
        severity=np.pad(listings.severity, (0, more), constant_values=1),
        seller=listings.seller and listings.seller.extended([], none, n_items),
        area=listings.area and listings.area.extended([], none, n_items),
        content=tuple(column.extended([], none, n_items) for column in listings.content),
    )


def content_means(listings: Listings, values: Floats, is_known: NDArray[np.bool_], strength: float) -> Floats:
    """Return for every item the mean of known rows that share its content, from coarse to fine.

    m_0 is the mean of all known rows; after column j, m_j = (sum of the known rows that share columns 1..j + k
    m_(j-1)) / (their number + k).

    Parameters
    ----------
    listings : Listings
    values : float32 (n_items, p)
    is_known : bool (n_items,)
        Rows whose values are worth learning from.
    strength : float
        k, in rows.

    Returns
    -------
    float32 (n_items, p)

    Examples
    --------
    Two pears with values 2 and 4 and an unseen third one: (2 + 4 + 1 x 2) / (2 + 1), with 2 the mean of all.

    >>> items = IdMap(["a", "b", "c", "d"])
    >>> listings = add_features(empty_listings(4), items, {"item_id": list("abcd"), "type": ["pear"] * 3 + ["tea"]})
    >>> known = np.array([True, True, False, True])
    >>> means = content_means(listings, np.array([[2.0], [4.0], [9.0], [0.0]], np.float32), known, 1.0)
    >>> round(float(means[2, 0]), 3)
    2.667
    """
    width = values.shape[1]
    overall = values[is_known].mean(axis=0) if is_known.any() else np.zeros(width)
    means = np.tile(np.asarray(overall, dtype=np.float64), (listings.n_items, 1))
    joint = np.zeros(listings.n_items, dtype=np.int64)
    for column in listings.content:
        joint = np.unique(joint * (int(column.codes.max(initial=0)) + 2) + column.codes + 1, return_inverse=True)[1]
        sums = np.zeros((int(joint.max(initial=-1)) + 1, width))
        np.add.at(sums, joint[is_known], values[is_known])
        counts = np.bincount(joint[is_known], minlength=len(sums)).astype(np.float64)
        shared = (sums[joint] + strength * means) / (counts[joint] + strength)[:, None]
        # An item whose property is not known shares it with nobody.
        means = np.where((column.codes >= 0)[:, None], shared, means)
    return means.astype(np.float32)


def _numbers(
    name: str, old: Floats, table: Mapping[str, ArrayLike], rows: Codes, n_items: int, *, fill: float, most: float
) -> Floats:
    column = np.full(n_items, fill, dtype=np.float32)
    column[: len(old)] = old
    if name in table:
        try:
            values = np.asarray(table[name], dtype=np.float64)
        except (TypeError, ValueError):
            raise InvalidItemFeaturesError(f"{name} must be numbers") from None
        if not np.isfinite(values).all() or (values < 0).any() or (values > most).any():
            raise InvalidItemFeaturesError(f"{name} must be finite and between 0 and {most}")
        column[rows] = values
    return column


def _name_column(name: str, old: Column | None, table: Mapping[str, ArrayLike], rows: Codes, n_items: int) -> Column | None:
    if name not in table:
        return old and old.extended([], rows[:0], n_items)
    old = old or Column(name, IdMap([]), np.empty(0), np.empty(0, dtype=np.int32))
    return old.extended(table[name], rows, n_items)


def _new_column(name: str, values: ArrayLike) -> Column:
    """Return a column without items that knows how to read its values."""
    edges = np.empty(0)
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        finite = values[np.isfinite(values)]
        edges = np.unique(np.quantile(finite, np.arange(1, PRICE_CLASSES) / PRICE_CLASSES)) if len(finite) else edges
    return Column(name, IdMap([]), edges, np.empty(0, dtype=np.int32))


def _number_classes(values: NDArray[np.float64], edges: NDArray[np.float64]) -> Codes:
    return np.where(np.isfinite(values), np.searchsorted(edges, values), -1).astype(np.int32)


def _as_list(values: Any) -> list[Hashable]:
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if not isinstance(values, list | tuple):
        raise InvalidItemFeaturesError("a column of item features must be a list or an array")
    return list(values)
