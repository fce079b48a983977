"""The timeline of one gateway as a plotly figure."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from inflight.ledger import QUEUES
from inflight.report.bars import MOST
from inflight.report.palette import LOOKS
from inflight.report.run import TargetRun
from inflight.report.scale import scale_of
from inflight.report.timeline import ABOVE, BELOW, TALLEST_ROW, TEXT_ROW, row_height, timeline
from inflight.send.record import ENTRIES, Record
from tests.inflight.report.runs import DELAY, EVIL, lost, request, run_of, sent_to, sync_gateway


def figure_of(gateway: TargetRun) -> dict[str, Any]:
    figure: dict[str, Any] = timeline(gateway, scale_of(run_of(gateway))).to_plotly_json()
    return figure


def traces_of(figure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trace["meta"]: trace for trace in figure["data"]}


def test_a_trace_per_entry_a_row_per_task() -> None:
    """A blocked loop's tasks wait longer and longer in the kernel, and reach the backend one after another."""
    traces = traces_of(figure_of(sync_gateway(3)))
    assert list(traces) == ["kernel", "upstream", "application", "network", "ends"]
    assert list(traces["kernel"]["y"]) == [1, 2]
    assert list(traces["kernel"]["x"]) == [DELAY, 2 * DELAY]
    assert list(traces["upstream"]["y"]) == [0, 1, 2]
    assert list(traces["upstream"]["base"]) == [0, DELAY, 2 * DELAY]
    assert list(traces["ends"]["text"]) == [" 2.006 s", " 4.006 s", " 6.006 s"]


def test_bars_start_when_their_request_was_due() -> None:
    """A request that was due later starts further right."""
    traces = traces_of(figure_of(sent_to([request("a", due=3.0, upstream=1.0), request("b", due=3.5, upstream=1.0)])))
    assert list(traces["upstream"]["base"]) == [0.0, 0.5]


def test_aligned_bars_start_at_the_left() -> None:
    """In a long run of short requests every bar starts at 0, and its hover text says when it was due."""
    traces = traces_of(figure_of(sent_to([request(f"task{n}", due=n, upstream=0.5) for n in range(30)])))
    assert set(traces["upstream"]["base"]) == {0.0}
    assert traces["upstream"]["customdata"][7] == "task7, due at 7.000 s: 500 ms"


def test_each_entry_has_a_hatching_of_its_own() -> None:
    """Colour never stands alone: entries differ in hatching too, and the queues are all hatched."""
    assert len({(LOOKS[entry].shape, LOOKS[entry].size) for entry in ENTRIES}) == len(ENTRIES)
    assert len({(look.shape, look.size) for look in LOOKS.values()}) == len(LOOKS)
    assert len({look.colour for look in LOOKS.values()}) == len(LOOKS)
    assert all(LOOKS[queue].shape for queue in QUEUES)
    traces = traces_of(figure_of(sync_gateway()))
    assert traces["kernel"]["marker"]["pattern"]["shape"] == LOOKS["kernel"].shape
    assert traces["kernel"]["texttemplate"] == "kernel %{text}"


def test_a_failure_in_words() -> None:
    """A failed request's bar ends with what happened, in bold."""
    ends = traces_of(figure_of(sent_to([request("a", upstream=1.0), lost("b", 5.0)])))["ends"]
    assert list(ends["text"]) == [" 1.000 s", " ✗ timeout, 5.000 s"]
    assert list(ends["textfont"]["weight"]) == ["normal", "bold"]


@pytest.mark.parametrize("tasks", [1, 2, 20, 60, MOST])
def test_height(tasks: int) -> None:
    """A few tasks have tall rows, many have thin ones, and the most that are shown fit on a page."""
    layout = figure_of(sync_gateway(tasks))["layout"]
    assert layout["height"] == tasks * row_height(tasks) + ABOVE + BELOW <= 960
    assert row_height(tasks) <= TALLEST_ROW
    rows = list(layout["yaxis"]["tickvals"])
    apart = min((after - row for row, after in pairwise(rows)), default=1)
    assert apart * row_height(tasks) >= TEXT_ROW or len(rows) == 1


def test_thinned_labels_keep_the_failures() -> None:
    """Where not every row can have its label, a failure comes first."""
    records: list[Record] = [request(f"task{n}", upstream=1.0) for n in range(MOST)]
    records[77] = lost("task77", 1.0)
    figure = figure_of(sent_to(records))
    assert 77 in figure["layout"]["yaxis"]["tickvals"]
    assert " ✗ timeout, 1.000 s" in traces_of(figure)["ends"]["text"]


def test_names_from_outside_are_text() -> None:
    """A task's name is shown as it is, cut beside the bar and whole in the hover text; plotly gets no markup."""
    figure = figure_of(sent_to([request(EVIL, upstream=1.0)]))
    label, told = figure["layout"]["yaxis"]["ticktext"][0], traces_of(figure)["upstream"]["customdata"][0]
    assert "<" not in label + told
    assert label == "&lt;script&gt;alert(1)&lt;/scrip…"
    assert told.startswith("&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt; &amp;lt;b&amp;gt;")


def test_nothing_was_sent() -> None:
    """A gateway without requests has a figure without bars."""
    assert list(traces_of(figure_of(sent_to([])))) == ["ends"]


def test_no_time_passed() -> None:
    """A request of no length at all has its label at the start."""
    ends = traces_of(figure_of(sent_to([lost("a", 0.0, "refused")])))["ends"]
    assert (list(ends["x"]), list(ends["text"])) == ([0], [" ✗ refused, 0 ms"])
