import numpy as np
import pytest
from implicit.bpr import BayesianPersonalizedRanking
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from recommender import IdMap, Recommender, RecommenderConfig, top_n
from recommender.candidates import largest, resolve_candidates
from recommender.errors import InvalidRequestError
from tests.recommender.shop_log import shop_log
from tests.recommender.top_n_contract import Lists, TopNContract


def seen_matrix() -> csr_matrix:
    log = shop_log()
    shape = (len(log.users), len(log.items))
    matrix = csr_matrix((np.ones(len(log), np.float32), (log.user_numbers, log.item_numbers)), shape=shape)
    matrix.sum_duplicates()
    return matrix


class ImplicitContract(TopNContract):
    def make(self):
        raise NotImplementedError

    def lists(self, n: int, candidates: np.ndarray) -> tuple[Lists, csr_matrix]:
        seen = seen_matrix()
        with threadpool_limits(1, "blas"):
            model = self.make()
            model.fit(seen, show_progress=False)
        return top_n(model, seen, np.arange(seen.shape[0]), n, candidates=candidates), seen


class TestAlternatingLeastSquares(ImplicitContract):
    def make(self):
        return AlternatingLeastSquares(factors=4, iterations=3, num_threads=1, random_state=0)


class TestBayesianPersonalizedRanking(ImplicitContract):
    def make(self):
        return BayesianPersonalizedRanking(factors=4, iterations=3, num_threads=1, random_state=0)


# implicit hands its own weighting over in another sparse form than it asks for, and warns of itself.
@pytest.mark.filterwarnings("ignore:Method expects CSR input")
class TestCosine(ImplicitContract):
    scores_everything = False

    def make(self):
        return CosineRecommender(K=5, num_threads=1)


@pytest.mark.filterwarnings("ignore:Method expects CSR input")
class TestBM25(ImplicitContract):
    scores_everything = False

    def make(self):
        return BM25Recommender(K=5, num_threads=1)


class TestRecommender(TopNContract):
    def lists(self, n: int, candidates: np.ndarray) -> tuple[Lists, csr_matrix]:
        log = shop_log()
        model = Recommender(RecommenderConfig(factors=4, threads=1)).fit(log)
        found = model.recommend(log.users.values, n, candidates=candidates, exclude_seen=True)
        numbers = [log.items.numbers(ids) for ids in found.item_ids]
        return list(zip(numbers, found.scores, strict=True)), seen_matrix()


@pytest.mark.parametrize("n", [0, -1, 2.5, True])
def test_a_list_length_that_is_no_positive_whole_number_is_refused(n):
    log = shop_log()
    model = Recommender(RecommenderConfig(factors=2, threads=1)).fit(log)
    with pytest.raises(InvalidRequestError, match="length of a list"):
        model.recommend([1000], n)


def test_the_largest_scores_are_those_of_a_full_sort():
    generator = np.random.default_rng(1)
    for size in (1, 31, 32, 500, 5000):
        scores = generator.integers(0, 50, size).astype(np.float32)
        scores[generator.random(size) < 0.3] = -np.inf
        full = np.argsort(-scores, kind="stable")
        full = full[scores[full] > -np.inf]
        for k in (1, 10, 100):
            assert largest(scores, k).tolist() == full[:k].tolist()


def test_a_mask_of_another_length_is_refused():
    with pytest.raises(InvalidRequestError, match="a mask has shape"):
        resolve_candidates(IdMap([1, 2]), np.array([True]))


def test_a_candidate_set_of_another_model_is_refused():
    foreign = resolve_candidates(IdMap(np.arange(9)), [0, 1])
    with pytest.raises(InvalidRequestError, match="another model"):
        resolve_candidates(IdMap([1, 2]), foreign)
