"""Affinity rises with what was kept, falls with distance, and starts at the prior."""

import numpy as np
import pytest

from recommender.allocation import AffinityPrior, InvalidAllocationError, affinity


def test_nobody_starts_at_nothing_and_one_refusal_moves_little() -> None:
    new, refused_once, kept_once = affinity(asked=[0, 1, 1], kept=[0, 0, 1], distance_km=[0, 0, 0], deliveries=[0, 0, 0])
    assert new == pytest.approx(0.8 * 0.75)
    assert refused_once == pytest.approx(4 / 6 * 0.75)
    assert kept_once == pytest.approx(5 / 6 * 0.75)


def test_it_lies_between_nothing_and_one_and_moves_one_way_with_each_of_its_parts() -> None:
    rng = np.random.default_rng(1)
    asked = rng.integers(0, 50, 500)
    kept = rng.integers(0, asked + 1)
    km, deliveries = rng.random(500) * 400, rng.integers(0, 90, 500)
    found = affinity(asked=asked, kept=kept, distance_km=km, deliveries=deliveries)

    assert (found > 0).all() and (found < 1).all()
    assert (affinity(asked=asked + 1, kept=kept + 1, distance_km=km, deliveries=deliveries) > found).all()
    assert (affinity(asked=asked + 1, kept=kept, distance_km=km, deliveries=deliveries) < found).all()
    assert (affinity(asked=asked, kept=kept, distance_km=km + 1, deliveries=deliveries) < found).all()
    assert (affinity(asked=asked, kept=kept, distance_km=km, deliveries=deliveries + 1) > found).all()


@pytest.mark.parametrize(
    "change", [{"kept": [2]}, {"asked": [-1]}, {"distance_km": [float("inf")]}, {"deliveries": [1, 2]}, {"asked": [[1]]}]
)
def test_what_cannot_have_happened_is_refused(change: dict[str, list[float]]) -> None:
    given: dict[str, list[float]] = {"asked": [1], "kept": [1], "distance_km": [1], "deliveries": [1]}
    with pytest.raises(InvalidAllocationError):
        affinity(**{**given, **change})


def test_a_prior_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidAllocationError, match="broken must be above 0"):
        AffinityPrior(broken=0.0)
