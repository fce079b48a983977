"""Several measurements of one thing: their median, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of the measurements, the least and the greatest."""

    median: float
    least: float
    greatest: float


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of the values. Raises ValueError when there are none."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(median(values), min(values), max(values))


def paired_ratio(values: Sequence[float], others: Sequence[float]) -> Spread:
    """Return the spread of each pair's own ratio: what slowed the machine meanwhile slowed both of its sides.

    Raises ValueError when they do not pair up, or one of `others` is 0.
    """
    if len(values) != len(others):
        raise ValueError(f"{len(values)} and {len(others)} measurements do not pair up")
    if not all(others):
        raise ValueError("nothing can be a multiple of 0")
    return spread([value / other for value, other in zip(values, others, strict=True)])


def paired_difference(values: Sequence[float], others: Sequence[float]) -> Spread:
    """Return the spread of each pair's own difference. Raises ValueError when they do not pair up."""
    if len(values) != len(others):
        raise ValueError(f"{len(values)} and {len(others)} measurements do not pair up")
    return spread([value - other for value, other in zip(values, others, strict=True)])
