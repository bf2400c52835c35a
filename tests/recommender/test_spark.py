"""Factors from Spark's least squares rank as well as this machine's, and what is missing is named."""

import importlib.util
import os
import shutil
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from recommender import EngineUnavailableError, Interactions, Recommender, RecommenderConfig, metrics, spark
from recommender.factors import improve_factors, start_factors
from tests.conftest import EVERY_TEST
from tests.recommender.shop_log import DAY, shop_features, shop_log

MISSING = [name for name in ("pyspark", "pyarrow") if importlib.util.find_spec(name) is None]
MISSING += [] if shutil.which("java") or os.environ.get("JAVA_HOME") else ["Java"]
needs_spark = pytest.mark.skipif(bool(MISSING) and not EVERY_TEST, reason=f"not installed: {', '.join(MISSING)}")


@pytest.fixture(scope="module", autouse=True)
def two_cores() -> Iterator[None]:
    """Run Spark inside this machine, with two threads."""
    before = os.environ.get("SPARK_MASTER")
    os.environ["SPARK_MASTER"] = "local[2]"
    yield
    if before is None:
        del os.environ["SPARK_MASTER"]
    else:
        os.environ["SPARK_MASTER"] = before


def tasteful_log(n_users: int = 1200, n_items: int = 200, n_events: int = 60_000, seed: int = 0) -> Interactions:
    """Purchases of a year by consumers whose tastes have six dimensions."""
    generator = np.random.default_rng(seed)
    tastes, natures = generator.gamma(0.15, 1.0, (n_users, 6)), generator.gamma(0.15, 1.0, (n_items, 6))
    chances = (tastes @ natures.T + 0.02).ravel()
    pairs = generator.choice(chances.size, n_events, p=chances / chances.sum())
    return Interactions.from_events(pairs // n_items, pairs % n_items, generator.random(n_events) * 365 * DAY, "purchase")


def novel_ndcg(scores: np.ndarray, seen: np.ndarray, bought: np.ndarray) -> float:
    """NDCG@10 of each consumer's items that it had no event with; NaN-free mean over consumers who bought one."""
    lists = np.argsort(-np.where(seen, -np.inf, scores), axis=1, kind="stable")[:, :10]
    return float(np.nanmean(metrics.ndcg(lists, csr_matrix(bought & ~seen))))


@needs_spark
def test_spark_and_this_machine_rank_equally_well_within_one_percent() -> None:
    log, cut = tasteful_log(), 300 * DAY
    past = log.timestamps <= cut
    seen, bought = np.zeros((2, len(log.users), len(log.items)), dtype=bool)
    seen[log.user_numbers[past], log.item_numbers[past]] = True
    bought[log.user_numbers[~past], log.item_numbers[~past]] = True
    found = {}
    for engine in ("machine", "spark"):
        config = RecommenderConfig(factors=8, regularization=5.0, engine=engine)
        scores = Recommender(config).fit(log, now=cut).relevance(log.users.values)
        lists = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        found[engine] = float(np.nanmean(metrics.ndcg(lists, csr_matrix(bought)))), novel_ndcg(scores, seen, bought)
    assert found["spark"][0] == pytest.approx(found["machine"][0], rel=0.01)
    assert found["spark"][1] >= 0.95 * found["machine"][1]


@needs_spark
def test_where_every_row_has_equally_many_ratings_spark_finds_the_same_products_as_exact_sweeps() -> None:
    # A circle: each of 24 consumers has 6 of 24 items in a row, so all rows and columns count six and the losses are equal.
    users = np.repeat(np.arange(24), 6)
    items = (users + np.tile(np.arange(6), 24)) % 24
    confidence = np.random.default_rng(0).uniform(1.0, 5.0, len(users)).astype(np.float32)
    matrix = csr_matrix((confidence, (users, items)), shape=(24, 24))
    config = RecommenderConfig(factors=4, regularization=3.0, iterations=25)
    generator = np.random.default_rng(1)
    ours = improve_factors(matrix, start_factors(24, config, generator), start_factors(24, config, generator), 200, config)
    theirs = spark.spark_factors(matrix, config, 0)
    losses = [_loss(matrix, *vectors, 3.0) for vectors in (ours, theirs)]
    assert losses[1] == pytest.approx(losses[0], rel=0.01)


def _loss(matrix: csr_matrix, users: np.ndarray, items: np.ndarray, penalty: float) -> float:
    dense = matrix.toarray()
    confidence, wanted = np.where(dense > 0, dense, 1), dense > 0
    squares = float((confidence * (wanted - users @ items.T) ** 2).sum())
    return squares + penalty * float((users**2).sum() + (items**2).sum())


@needs_spark
def test_the_same_seed_and_log_give_the_same_bytes_on_spark_too() -> None:
    config = RecommenderConfig(factors=4, iterations=3, engine="spark")
    states = [Recommender(config).fit(shop_log(), shop_features(), rng=7).state for _ in range(2)]
    assert states[0].item_factors.tobytes() == states[1].item_factors.tobytes()
    assert states[0].own_logits.tobytes() == states[1].own_logits.tobytes()


@needs_spark
def test_rows_without_entries_stay_zero_and_a_pair_of_least_confidence_counts() -> None:
    matrix = csr_matrix((np.ones(2, np.float32), ([0, 2], [1, 1])), shape=(4, 3))
    users, items = spark.spark_factors(matrix, RecommenderConfig(factors=2, regularization=0.1), 0)
    assert (users[[1, 3]] == 0).all() and (items[[0, 2]] == 0).all()
    assert users[0] @ items[1] > 0.5


def test_a_model_trained_on_spark_says_so_and_one_saved_before_is_this_machines(tmp_path) -> None:
    assert RecommenderConfig().engine == "machine"
    with pytest.raises(ValueError, match="engine must be one of machine, spark, not 'cluster'"):
        RecommenderConfig(engine="cluster")


@pytest.mark.parametrize(("missing", "advice"), [("pyspark", "extra 'spark'"), ("pyarrow", "extra 'spark'")])
def test_a_missing_package_is_named_with_what_to_install(monkeypatch, missing, advice) -> None:
    present = importlib.util.find_spec
    monkeypatch.setattr(spark, "find_spec", lambda name: None if name == missing else present("json"))
    with pytest.raises(EngineUnavailableError, match=f"needs {missing}: install the {advice}"):
        Recommender(RecommenderConfig(engine="spark")).fit(shop_log())


def test_missing_java_is_named_with_what_to_install(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda name: importlib.util.find_spec("json"))
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineUnavailableError, match="needs Java 17 or newer"):
        Recommender(RecommenderConfig(engine="spark")).fit(shop_log())
