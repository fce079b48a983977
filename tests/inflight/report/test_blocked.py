"""Which lines held a target's event loop."""

from __future__ import annotations

from inflight.report.blocked import blocked, holders
from inflight.report.run import Sample
from tests.inflight.report.runs import EVIL

RELAY = "services/gateway/sync.py:26 Gateway.relay (requests)"


def sample(at: float, **seconds: float) -> Sample:
    """Return a sample in which these places have held the loop for so long since the service started."""
    return Sample(at=at, in_flight=1, stalled=0.0, waiting={}, blocked=seconds)


def test_what_came_before_the_run_does_not_count() -> None:
    """A place is charged with what it has held the loop for between the first sample and the last."""
    samples = [
        sample(0.0, **{RELAY: 1.0, "old": 3.0}),
        sample(1.0),
        sample(2.0, **{RELAY: 2.5, "old": 3.0, "new": 2.0}),
    ]
    assert holders(samples) == [("new", 2.0), (RELAY, 1.5)]


def test_sentence_names_the_line() -> None:
    """The sentence below the bars has the line and the seconds."""
    said = blocked([sample(0.0), sample(5.0, **{RELAY: 4.94})])
    assert said == f'<p class="blocked">The event loop was held by <code>{RELAY}</code> for 4.9 s.</p>'


def test_nobody_is_named_without_cause() -> None:
    """Where nothing was seen to hold the loop, or no metrics were read, nothing is said."""
    assert (
        blocked([]) == blocked([sample(0.0), sample(1.0)]) == blocked([sample(0.0, a=1.0), sample(1.0, a=1.01)]) == ""
    )


def test_place_is_text() -> None:
    """A place is shown as text, whatever it is."""
    assert "<script>" not in blocked([sample(0.0), sample(1.0, **{EVIL: 2.0})])
