"""Linking records that are one person's, after Fellegi and Sunter (1969), by ``splink`` in a database in memory.

Each *comparison* has levels of likeness; a level's *m* is how often it is seen among records of one person, *u* how often among
those of two. A pair's odds are the prior odds times m / u of each comparison. Nothing that is compared reaches a disk.
"""

import importlib.util
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What is needed besides for this, and for nothing else (extra ``dedupe``).
_LIBRARY = "splink"


@dataclass(frozen=True)
class Link:
    """Two records by their places in the columns, the smaller first; ``levels`` of each comparison, 0 the least alike."""

    first: int
    second: int
    probability: float
    levels: dict[str, int]


@dataclass(frozen=True)
class Recipe:
    """How records are compared.

    Attributes
    ----------
    comparisons : sequence
        Of ``splink.comparison_library``, each with ``output_column_name``.
    blocks : sequence of sequences of str
        Only pairs that agree in all columns of one of these are compared at all.
    prior : float
        The probability that two records taken at random are one person's.
    learn : callable, optional
        Is given the linker to learn m, u and the prior from the records; without it they are those of the comparisons.
    """

    comparisons: Sequence[Any]
    blocks: Sequence[Sequence[str]]
    prior: float
    learn: Callable[[Any], None] | None = None


def is_possible() -> bool:
    """Whether the library is installed."""
    return importlib.util.find_spec(_LIBRARY) is not None


def linked(columns: Mapping[str, Sequence[Any]], recipe: Recipe, *, least: float) -> list[Link]:
    """The pairs of records that are one person's with a probability of at least ``least``, most probable first.

    Parameters
    ----------
    columns : mapping of str to sequence
        The records, a column each for what is compared; None is unknown and says nothing for or against.
    """
    # The library and what it brings are an extra, which those who only look at pages have not.
    import duckdb
    import pyarrow as pa
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    number = len(next(iter(columns.values())))
    if number < 2:
        return []
    with duckdb.connect(":memory:") as connection:
        # Without a folder to spill to, what does not fit into memory fails instead of being written out.
        connection.execute("SET temp_directory = ''")
        # One thread adds in one order, so that the same records give the same pairs.
        connection.execute("SET threads = 1")
        records = DuckDBAPI(connection).register(pa.table({"unique_id": list(range(number)), **columns}))
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=list(recipe.comparisons),
            blocking_rules_to_generate_predictions=[block_on(*block) for block in recipe.blocks],
            probability_two_random_records_match=recipe.prior,
            retain_matching_columns=True,
            retain_intermediate_calculation_columns=True,
        )
        linker = Linker(records, settings, log_level=logging.ERROR)
        if recipe.learn is not None:
            recipe.learn(linker)
        found = linker.inference.predict(threshold_match_probability=least, warning_mode="never").as_record_list()
    gamma = "gamma_"
    links = [
        Link(
            *sorted((row["unique_id_l"], row["unique_id_r"])),
            row["match_probability"],
            {name.removeprefix(gamma): level for name, level in row.items() if name.startswith(gamma)},
        )
        for row in found
    ]
    return sorted(links, key=lambda link: (-link.probability, link.first, link.second))
