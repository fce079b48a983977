"""In flight and waiting over time as a plotly figure, and in sentences."""

from __future__ import annotations

from typing import Any

import pytest

from inflight.loop import INTERVAL
from inflight.report.run import Sample
from inflight.report.scale import scale_of
from inflight.report.waiting import MOST, peaks, thinned, waiting
from tests.inflight.report.runs import async_gateway, run_of, sync_gateway


def reading(at: float, in_flight: int = 0, **queues: int) -> Sample:
    return Sample(at=at, in_flight=in_flight, stalled=0.0, waiting=queues)


def test_gateways_share_their_scales() -> None:
    """A picture's axes are the run's, not the gateway's own."""
    slow, fast = sync_gateway(4), async_gateway(2)
    scale = scale_of(run_of(slow, fast))
    layouts = [waiting(gateway, scale).to_plotly_json()["layout"] for gateway in (slow, fast)]
    for axis in ("xaxis", "xaxis2", "yaxis", "yaxis2"):
        assert layouts[0][axis]["range"] == layouts[1][axis]["range"]
    assert layouts[0]["yaxis"]["range"] == layouts[0]["yaxis2"]["range"]


def test_in_flight_above_waiting_by_queue() -> None:
    """The readings are drawn as they were taken, the queues stacked; a queue nobody measured is not drawn as 0."""
    gateway = sync_gateway(3)
    figure = waiting(gateway, scale_of(run_of(gateway))).to_plotly_json()
    traces: dict[str, Any] = {trace["meta"]: trace for trace in figure["data"]}
    assert list(traces) == ["in flight", "kernel", "loop"]
    assert list(traces["in flight"]["y"]) == [1] * 60
    assert list(traces["kernel"]["y"]) == [2] * 20 + [1] * 20 + [0] * 20
    assert traces["kernel"]["stackgroup"] == traces["loop"]["stackgroup"]
    assert traces["kernel"]["yaxis"] != traces["in flight"]["yaxis"]


@pytest.mark.parametrize(("most", "step"), [(1, 1), (2, 1), (5, 1), (6, None)])
def test_no_tick_between_two_requests(most: int, step: int | None) -> None:
    """A short count axis has a tick per request; a longer one has as many as plotly finds room for."""
    gateway = async_gateway(most)
    layout = waiting(gateway, scale_of(run_of(gateway))).to_plotly_json()["layout"]
    assert (layout["yaxis"].get("dtick"), layout["yaxis2"].get("dtick")) == (step, step)


def test_few_readings_are_all_drawn() -> None:
    """Nothing is left out of a short run."""
    samples = [reading(n / 10) for n in range(MOST)]
    assert thinned(samples) == samples
    assert thinned([]) == []


def test_thinning_keeps_the_peaks() -> None:
    """Of many readings at most as many as fit are drawn, in order, and a single busy moment is among them."""
    samples = [reading(n / 10, kernel=99 if n == 7777 else 0) for n in range(10_000)]
    kept = thinned(samples)
    assert len(kept) <= MOST
    assert [sample.at for sample in kept] == sorted(sample.at for sample in kept)
    assert samples[7777] in kept


def test_peaks_in_words() -> None:
    """The picture's figures are also said: in flight, waiting in all and by queue, the event loop's stall."""
    samples = [
        Sample(at=0.0, in_flight=1, stalled=0.0, waiting={"kernel": 5, "loop": 0}),
        Sample(at=0.1, in_flight=1, stalled=1.5 + INTERVAL, waiting={"kernel": 1, "loop": 3}),
    ]
    assert peaks(samples) == (
        "At most 1 in flight, at most 5 waiting (kernel up to 5, loop up to 3). "
        "The event loop stood still for up to 1.500 s at a time."
    )


def test_a_loop_between_two_beats_does_not_stand_still() -> None:
    """The time since the last beat is up to an interval on the freest of loops."""
    samples = [Sample(at=0.0, in_flight=1, stalled=INTERVAL, waiting={"kernel": 0})]
    assert peaks(samples).endswith("The event loop did not stand still.")


def test_nothing_waited() -> None:
    """Where nothing waited, that is said."""
    assert peaks([reading(0.0, 2, kernel=0)]).startswith("At most 2 in flight, none waiting. ")


def test_the_kernel_was_not_measured() -> None:
    """Where the platform cannot count the kernel's queue, that is said, so that nobody takes the rest for all."""
    said = peaks([reading(0.0, 2, loop=1)])
    assert "at most 1 waiting (loop up to 1) as far as is known (the kernel's queue was not measured)." in said
