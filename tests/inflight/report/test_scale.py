"""The scales that all pictures of a run share."""

from __future__ import annotations

import pytest

from inflight.report.run import Sample
from inflight.report.scale import scale_of
from tests.inflight.report.runs import async_gateway, lost, request, run_of, sent_to, sync_gateway


def test_the_slowest_gateway_sets_the_time_axis() -> None:
    """Every gateway's bars and samples fit, and start where its first request was due."""
    late = sent_to([request("task1", due=100.0, upstream=1.0), request("task2", due=101.0, upstream=1.0)])
    scale = scale_of(run_of(async_gateway(), sync_gateway(3), late))
    assert not scale.aligned
    assert scale.bars == scale.run == pytest.approx(6.006)


def test_samples_set_both_axes() -> None:
    """The busiest reading sets the count axis, the last one may set the time axis."""
    gateway = async_gateway(2)
    samples = [*gateway.samples, Sample(at=9.0, in_flight=1, stalled=0, waiting={"kernel": 3, "loop": 4})]
    scale = scale_of(run_of(gateway.model_copy(update={"samples": samples})))
    assert (scale.run, scale.requests) == (9.0, 7)


def test_a_long_run_of_short_requests_is_aligned() -> None:
    """Bars that would be too short to see all begin at the left; the other axis keeps the run's length."""
    scale = scale_of(run_of(sent_to([request(f"task{n}", due=n, upstream=0.5) for n in range(30)])))
    assert scale.aligned
    assert (scale.bars, scale.run) == (0.5, 29.5)


def test_labels_have_room() -> None:
    """A longer task name or failure takes its room from the bars, up to a limit."""
    short = scale_of(run_of(sent_to([request("task1", upstream=1.0)])))
    long = scale_of(run_of(sent_to([lost("a" * 20, 1.0)])))
    longest = scale_of(run_of(sent_to([lost("a" * 2000, 1.0)])))
    assert short.left < long.left < longest.left < 250
    assert short.right < long.right


def test_nothing_was_sent() -> None:
    """A run without a request still has axes that can be drawn."""
    scale = scale_of(run_of())
    assert (scale.bars, scale.run, scale.requests) == (1.0, 1.0, 1)
