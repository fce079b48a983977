"""The arithmetic of repeated measurements."""

import pytest

from bench.spread import Spread, paired_difference, paired_ratio, spread


def test_a_spread_is_median_least_and_greatest() -> None:
    """The median stands for the measurements, the extremes for how far they lie apart."""
    assert spread([4.0, 1.0, 2.0]) == Spread(2.0, 1.0, 4.0)


def test_an_even_number_of_measurements_has_its_median_between_two() -> None:
    """Of four, the median is between the second and the third."""
    assert spread([4.0, 1.0, 2.0, 3.0]).median == 2.5


def test_nothing_has_no_spread() -> None:
    """Where nothing was measured there is no figure, not a 0."""
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])


def test_a_ratio_is_taken_round_by_round() -> None:
    """A round in which the whole machine was slow has the same ratio as the others."""
    assert paired_ratio([100.0, 10.0, 100.0], [50.0, 5.0, 50.0]) == Spread(2.0, 2.0, 2.0)


def test_rounds_that_do_not_pair_up_have_no_ratio() -> None:
    """A lost round is not guessed."""
    with pytest.raises(ValueError, match="2 and 1 measurements"):
        paired_ratio([1.0, 2.0], [1.0])


def test_nothing_is_a_multiple_of_nothing() -> None:
    """A side that answered nothing has no ratio to it."""
    with pytest.raises(ValueError, match="multiple of 0"):
        paired_ratio([1.0], [0.0])


def test_a_difference_is_taken_round_by_round() -> None:
    """What one adds to the other in the same round."""
    assert paired_difference([12.0, 120.0], [10.0, 110.0]) == Spread(6.0, 2.0, 10.0)
    with pytest.raises(ValueError, match="1 and 2 measurements"):
        paired_difference([1.0], [1.0, 2.0])
