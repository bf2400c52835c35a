"""The same factors from Spark's alternating least squares, for logs that keep one machine too long.

The log itself, history and blend stay on this machine; the sweeps, which are most of a fit, are Spark's.

Spark (``pyspark.ml.recommendation.ALS``) minimises sum c (p - x'y)^2 + k (sum n_u |x_u|^2 + sum n_i |y_i|^2), with c = 1 +
alpha r, p = 1 where r > 0, and n the number of ratings of a row (Zhou, Wilkinson, Schreiber & Pan, AAIM 2008); ours has
l (sum |x_u|^2 + sum |y_i|^2).

- Confidence: alpha = `confidence_scale` and r = (c - 1) / alpha give the same c, pair by pair.
- Penalty: x and y may be scaled against each other without changing x'y, so what counts is the product of both sides'
  penalties. With m_u and m_i the mean numbers of ratings of a row, taken over all ratings, k = l / sqrt(m_u m_i) makes
  that product l^2 for the average rating. Rows with more ratings are held more firmly than here, others less; that is all
  the difference in the loss.
- Spark solves each row exactly where this machine takes a few steps of conjugate gradient, and always begins anew.
"""

from __future__ import annotations

import atexit
import functools
import math
import os
import shutil
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.config import RecommenderConfig
from recommender.errors import EngineUnavailableError

Floats = NDArray[np.float32]

# Spark cuts both sides into blocks. Their number follows from the data alone: with it the order of sums, so the bytes.
PAIRS_PER_BLOCK, MOST_BLOCKS = 250_000, 1_000
# A pair of confidence 1 is still a pair; Spark takes a rating of 0 for none.
LEAST_RATING = np.float32(1e-9)


def spark_factors(matrix: csr_matrix, config: RecommenderConfig, seed: int) -> tuple[Floats, Floats]:
    """Learn the vectors of consumers and items on Spark, in `config.iterations` sweeps from a start of its own.

    Parameters
    ----------
    matrix : float32 csr (n_users, n_items)
        Confidences c >= 1 of the pairs with events.
    config : RecommenderConfig
    seed : int
        Of Spark's start. On a local master the same seed and matrix give the same bytes; on a cluster the order in which
        pieces arrive may change the last digits.

    Returns
    -------
    users, items : float32 (n_users, f), (n_items, f)
        Zero for rows without entries.

    Raises
    ------
    EngineUnavailableError
        pyspark, pyarrow or Java is missing, or Spark does not start.
    """
    session = _session(config.threads)
    with warnings.catch_warnings():
        # Spark warns of versions of packages that nothing here uses.
        warnings.simplefilter("ignore")
        import pyarrow
        from pyspark.ml.recommendation import ALS

    owners = np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))
    ratings = np.maximum((matrix.data - 1) / np.float32(config.confidence_scale), LEAST_RATING)
    table = pyarrow.table({"user": owners, "item": matrix.indices.astype(np.int32), "rating": ratings.astype(np.float32)})
    blocks = min(max(1, math.ceil(matrix.nnz / PAIRS_PER_BLOCK)), MOST_BLOCKS)
    model = ALS(
        rank=config.factors,
        maxIter=config.iterations,
        regParam=row_penalty(matrix, config.regularization),
        numUserBlocks=blocks,
        numItemBlocks=blocks,
        implicitPrefs=True,
        alpha=config.confidence_scale,
        userCol="user",
        itemCol="item",
        ratingCol="rating",
        seed=seed,
    ).fit(session.createDataFrame(table))
    n_users, n_items = matrix.shape
    return _vectors(model.userFactors, n_users, config.factors), _vectors(model.itemFactors, n_items, config.factors)


def row_penalty(matrix: csr_matrix, regularization: float) -> float:
    """Return k = l / sqrt(m_u m_i), with m = sum n^2 / sum n over the numbers n of entries of the rows, and of the columns.

    Two consumers with two ratings each, on one side; four items with one each on the other: 6 / sqrt(2 x 1).

    >>> matrix = csr_matrix(np.array([[1, 1, 0, 0], [0, 0, 1, 1]], dtype=np.float32))
    >>> round(row_penalty(matrix, 6.0), 3)
    4.243
    """
    if not matrix.nnz:
        return regularization
    counts = np.diff(matrix.indptr), np.bincount(matrix.indices)
    means = [float((one.astype(np.float64) ** 2).sum()) / matrix.nnz for one in counts]
    return regularization / math.sqrt(means[0] * means[1])


def _vectors(factors: Any, rows: int, width: int) -> Floats:
    """Read a data frame of (id, features) into one array; rows that Spark never saw stay zero."""
    table = factors.toArrow()
    found = np.zeros((rows, width), dtype=np.float32)
    vectors = table["features"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    found[table["id"].to_numpy()] = vectors.reshape(-1, width)
    return found


def _session(threads: int) -> Any:
    """Return the session of this process, started with the first call and stopped when the process ends.

    A session that somebody else has started is used and left running. Where Spark runs is for its own settings to say
    (``SPARK_REMOTE``, ``spark.master`` in spark-defaults.conf), or for ``SPARK_MASTER``; otherwise it is this machine.
    """
    for package in ("pyspark", "pyarrow"):
        if find_spec(package) is None:
            raise EngineUnavailableError(f"engine='spark' needs {package}: install the extra 'spark' of this package")
    if not os.environ.get("SPARK_REMOTE") and not _has_java():
        raise EngineUnavailableError("engine='spark' needs Java 17 or newer: install it, or set JAVA_HOME to where it is")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

    try:
        active = SparkSession.getActiveSession()
        if active is not None:
            return active
        session = _settings(SparkSession.builder, threads).getOrCreate()
    except (PySparkException, OSError) as error:
        raise EngineUnavailableError(f"Spark does not start: {error}") from error
    atexit.register(session.stop)
    return session


def _settings(builder: Any, threads: int) -> Any:
    """Return the builder of a quiet session, on this machine alone unless the settings name another master."""
    builder = builder.appName("recommender").config("spark.log.level", "ERROR").config("spark.ui.showConsoleProgress", "false")
    master = os.environ.get("SPARK_MASTER") or (f"local[{threads}]" if threads else None)
    if master is not None and not os.environ.get("SPARK_REMOTE"):
        builder = builder.master(master)
    if (master or "local").startswith("local"):
        builder = builder.config("spark.ui.enabled", "false").config("spark.checkpoint.dir", _checkpoints())
    return builder


@functools.cache
def _checkpoints() -> str:
    """Return a folder of this process alone, where Spark cuts the long chain of its sweeps; gone when the process ends.

    On a cluster it must be one that all machines reach, so there it is for Spark's own ``spark.checkpoint.dir`` to say.
    """
    folder = tempfile.mkdtemp(prefix="recommender-spark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _has_java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return (Path(home) / "bin" / "java").exists() if home else shutil.which("java") is not None
