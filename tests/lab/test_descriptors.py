"""The limit of open files."""

from __future__ import annotations

import resource

import pytest

from services.lab.descriptors import MOST, raise_descriptors


@pytest.mark.parametrize(
    ("soft", "hard", "most", "limit"),
    [
        (1024, 4096, 65536, 4096),
        (1024, 1_000_000, 65536, 65536),
        (100_000, 1_000_000, 65536, 100_000),
        (1024, resource.RLIM_INFINITY, MOST, MOST),
    ],
)
def test_it_is_raised_as_far_as_it_may_be(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, most: int, limit: int
) -> None:
    """Never lowered, never beyond what the system allows."""
    now = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: now[0])
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, limits: now.__setitem__(0, limits))
    assert raise_descriptors(most) == limit
    assert now == [(limit, hard)]
