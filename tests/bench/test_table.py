"""The tables: who erred is not fast, what is missing is named."""

from __future__ import annotations

from bench.table import HEADERS, markdown, notes, throughput
from tests.bench.results import bursts, results, turns


def test_a_row_has_the_median_the_extremes_and_the_ratio_to_ours() -> None:
    """The middle of three rounds, and how it stands to the async-gateway in the same rounds."""
    rows = throughput(results(throughput={"gateway": turns(1000, 2000, 4000), "aiohttp": turns(500, 1000, 2000)}))
    assert rows[0][1:4] == ("1,000", "500 to 2,000", "0.50")
    assert rows[1][1:4] == ("2,000", "1,000 to 4,000", "1.00")


def test_a_contender_that_errs_is_shown_as_erring() -> None:
    """It has no rate, however fast its errors came."""
    [row] = throughput(results(throughput={"httpx": turns(90000, 90000, errors=10)}))
    assert row[1:4] == ("**errs**", "", "")
    assert row[-1] == "20 of 2,000"


def test_markdown_has_a_column_for_each_header() -> None:
    """Every line has as many cells as the first."""
    lines = markdown(HEADERS, throughput(results(throughput={"gateway": turns(1.0)}))).splitlines()
    assert len(lines) == 3
    assert {line.count("|") for line in lines} == {len(HEADERS) + 1}


def test_what_was_not_measured_or_failed_is_said() -> None:
    """A missing nginx and a part that failed are lines of their own."""
    said = " ".join(notes(results(throughput={"gateway": turns(1.0)}, missing=["nginx"], failed={"cost": "no"})))
    assert "because nginx is not installed: nginx proxy_pass" in said
    assert "FAILED: cost: no" in said


def test_a_busy_machine_is_said() -> None:
    """A reader learns that the figures are not to be trusted."""
    assert not any(note.startswith("BUSY") for note in notes(results(others=0.05)))
    assert any(note.startswith("BUSY: other programs took 42%") for note in notes(results(others=0.42)))


def test_what_limited_the_bursts_is_said() -> None:
    """The machine's limit where there is one."""
    run = results(bursts=bursts(1.0, 1.0))
    assert "No limit" in " ".join(notes(run))
    run["machine"]["descriptors"] = 1024
    assert "need 8,200 file descriptors; `ulimit -Hn` is 1,024" in " ".join(notes(run))
