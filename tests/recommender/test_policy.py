"""A policy refuses, at once and by name, what cannot be meant."""

import math

import pytest

from recommender.policy import ContradictoryPolicyError, InvalidPolicyError, TiltError, TiltPolicy


@pytest.mark.parametrize("field", ["exposure_share", "sales_share", "household_floor", "consumer_guard"])
@pytest.mark.parametrize("value", [-0.001, 1.001, math.nan, math.inf, -math.inf, "0.3", True, [0.3]])
def test_a_number_outside_zero_to_one_is_refused_by_the_name_of_its_field(field, value):
    with pytest.raises(InvalidPolicyError, match=field):
        TiltPolicy(**{"exposure_share": 0.3, field: value})


@pytest.mark.parametrize("field", ["household_floor", "consumer_guard"])
def test_a_floor_or_guard_of_none_is_refused_because_zero_says_it(field):
    with pytest.raises(InvalidPolicyError, match=field):
        TiltPolicy(**{field: None})


def test_the_ends_of_the_range_are_policies():
    assert TiltPolicy(0, 1, False, 0, 1) == TiltPolicy(0.0, 1.0, False, 0.0, 1.0)


def test_per_area_without_an_exposure_share_contradicts_itself():
    with pytest.raises(ContradictoryPolicyError, match="per_area"):
        TiltPolicy(sales_share=0.2, per_area=True)


def test_a_household_floor_without_an_exposure_share_contradicts_itself():
    with pytest.raises(ContradictoryPolicyError, match="household_floor"):
        TiltPolicy(sales_share=0.2, household_floor=0.5)


def test_per_area_must_be_a_truth_value():
    with pytest.raises(InvalidPolicyError, match="per_area"):
        TiltPolicy(exposure_share=0.2, per_area="yes")


def test_a_policy_without_targets_does_not_tilt():
    assert not TiltPolicy(consumer_guard=0.8).is_tilted
    assert not TiltPolicy(exposure_share=0.0).is_tilted
    assert TiltPolicy(sales_share=0.1).is_tilted


def test_every_refusal_is_a_tilt_error_and_a_value_error():
    assert issubclass(InvalidPolicyError, TiltError)
    assert issubclass(ContradictoryPolicyError, TiltError)
    assert issubclass(TiltError, ValueError)


def test_a_policy_cannot_be_changed_after_it_was_checked():
    with pytest.raises(AttributeError):
        TiltPolicy(exposure_share=0.2).exposure_share = 7
