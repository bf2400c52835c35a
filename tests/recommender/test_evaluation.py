"""The protocol gives one row per method and target, a table, a CSV and a picture."""

import csv
import io
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from recommender import Evaluation, InvalidRequestError, evaluate
from recommender.peers import PEERS
from recommender.policy import TiltPolicy


@pytest.fixture(scope="module")
def evaluation():
    rng = np.random.default_rng(0)
    relevance = rng.beta(0.5, 8, (60, 50))
    seller = np.arange(50) % 10
    benefit = (seller < 4).astype(float)
    relevance *= np.where(benefit > 0, 0.7, 1.0)
    purchases = csr_matrix(rng.random((60, 50)) < relevance)
    variants = {"tilt": TiltPolicy, "guarded": lambda share: TiltPolicy(share, consumer_guard=0.8)}
    return evaluate(relevance, benefit, seller, purchases, shares=(0.3, 0.4), variants=variants)


def test_there_is_a_row_for_the_untilted_lists_and_for_every_method_and_share(evaluation):
    methods = [row.method for row in evaluation.rows]
    assert methods[0] == "untilted"
    assert len(methods) == 1 + 2 * (2 + len(PEERS))


def test_all_methods_stand_at_the_asked_share(evaluation):
    for row in evaluation.rows[1:]:
        assert row.exposure_share == pytest.approx(row.target, abs=0.02)


def test_the_untilted_lists_lose_nothing_and_ours_keep_their_guard(evaluation):
    assert evaluation.rows[0].ndcg_change == 0
    assert evaluation.rows[0].utility == 1
    guarded = [row for row in evaluation.rows if row.method == "guarded"]
    assert all(row.kept_p1 >= 0.8 - 1e-9 for row in guarded)
    assert all(row.behind_reference == 0 for row in guarded)


def test_no_method_has_more_utility_than_the_tilt_without_guard(evaluation):
    best = {row.target: row.utility for row in evaluation.rows if row.method == "tilt"}
    assert all(row.utility <= best[row.target] + 0.005 for row in evaluation.rows[1:])


def test_the_csv_holds_every_row_and_column(evaluation):
    read = list(csv.DictReader(io.StringIO(evaluation.csv())))
    assert len(read) == len(evaluation.rows)
    assert float(read[3]["exposure_share"]) == evaluation.rows[3].exposure_share


def test_the_picture_is_well_formed_and_has_a_line_per_method_and_panel(evaluation, tmp_path):
    written = evaluation.save(tmp_path)
    root = ElementTree.fromstring(written[1].read_text())
    lines = root.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 2 * (2 + len(PEERS))


def test_the_table_names_every_method(evaluation):
    assert all(row.method in evaluation.table() for row in evaluation.rows)


def test_the_mean_of_runs_averages_every_figure_row_by_row(evaluation):
    lifted = Evaluation(tuple(replace(row, ndcg=row.ndcg + 0.2, kept_p5=row.kept_p5 - 0.1) for row in evaluation.rows))
    # Of three, because the sum of three equal targets is not three times one of them.
    mean = Evaluation.mean([evaluation, lifted, lifted])
    assert [(row.method, row.target) for row in mean.rows] == [(row.method, row.target) for row in evaluation.rows]
    assert mean.rows[2].ndcg == pytest.approx(evaluation.rows[2].ndcg + 0.4 / 3)
    assert mean.rows[2].kept_p5 == pytest.approx(evaluation.rows[2].kept_p5 - 0.2 / 3)


def test_runs_of_different_methods_have_no_mean(evaluation):
    with pytest.raises(InvalidRequestError, match="same methods and targets"):
        Evaluation.mean([evaluation, Evaluation(evaluation.rows[:2])])
    with pytest.raises(InvalidRequestError, match="same methods and targets"):
        Evaluation.mean([])
