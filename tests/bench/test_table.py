"""The tables: who errs is not fast, what is missing is named."""

from __future__ import annotations

from bench.table import HEADERS, cost, judged, markdown, notes
from tests.bench.results import bursts, results, turns
from tests.bench.results import cost as costs


def test_a_row_has_what_each_adds() -> None:
    """The plain service's row is the request itself; each other's the median of the rounds' differences."""
    plain, ours = cost(results(cost=costs(plain=turns(100, 200, 150), inflight=turns(110, 220, 165))))
    assert plain[1] == "150 (100 to 200)"
    assert ours[1] == "+15 (+10 to +20)"
    assert ours[-2:] == ("1.10", "0")


def test_a_contender_that_errs_is_shown_as_erring() -> None:
    """It has no price, however fast its errors came."""
    _, row = cost(results(cost=costs(plain=turns(100), exporter=turns(10, errors=10))))
    assert row[1:3] == ("**errs**", "**errs**")
    assert row[-1] == "20 of 2,000"


def test_markdown_has_a_column_for_each_header() -> None:
    """Every line has as many cells as the first."""
    lines = markdown(HEADERS, cost(results(cost=costs(plain=turns(1))))).splitlines()
    assert len(lines) == 3
    assert {line.count("|") for line in lines} == {len(HEADERS) + 1}


def test_what_was_not_measured_or_failed_is_said() -> None:
    """A library that is not installed and a part that failed are lines of their own."""
    said = " ".join(notes(results(cost=costs(plain=turns(1)), missing=["transparent"], failed={"lab": "no"})))
    assert "not installed: transparent-fastapi" in said
    assert "FAILED: lab: no" in said


def test_parts_of_other_runs_are_said() -> None:
    """With how busy the machine was then."""
    assert "From runs of their own just before: lab (others took 80%)." in notes(results(joined={"lab": 0.8}))


def test_a_busy_machine_is_said() -> None:
    """A reader learns that the figures are not to be trusted."""
    assert not any(note.startswith("BUSY") for note in notes(results(others=0.05)))
    busy = results(others=0.42, cost=costs(plain=turns(100), inflight=turns(110)))
    assert any(note.startswith("BUSY: other programs took 42%") for note in notes(busy))
    assert judged(busy)[0][-1] == "met?"


def test_what_limited_the_bursts_is_said() -> None:
    """The machine's limit where there is one."""
    run = results(bursts=bursts(1.0, 1.0))
    assert "file descriptors; `ulimit" not in " ".join(notes(run))
    run["machine"]["descriptors"] = 1024
    assert "need 8,200 file descriptors; `ulimit -Hn` is 1,024" in " ".join(notes(run))
