"""The limit of open files."""

from __future__ import annotations

import resource

import pytest

from inflight.terminal.descriptors import MOST, raise_descriptors


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


def test_a_system_with_an_unnamed_limit_is_asked_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS none is named, and more than kern.maxfilesperproc is refused: a ValueError, as Python has it."""
    now = [(256, resource.RLIM_INFINITY)]

    def refuse_many(_kind: int, limits: tuple[int, int]) -> None:
        if limits[0] > 10240:
            raise ValueError("current limit exceeds maximum limit")
        now[0] = limits

    monkeypatch.setattr(resource, "getrlimit", lambda _kind: now[0])
    monkeypatch.setattr(resource, "setrlimit", refuse_many)
    assert raise_descriptors(65536) == 8192
    assert now == [(8192, resource.RLIM_INFINITY)]
    now[0] = (9000, resource.RLIM_INFINITY)
    assert raise_descriptors(65536) == 9000
