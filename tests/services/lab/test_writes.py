"""`lab writes`: the verdict on made-up trials, and a short real one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from inflight.terminal.errors import CommandError
from services.lab.writes.measure import Lab, retried
from services.lab.writes.trial import Retry, Trial, fault, retry_fault, slower
from tests.inflight.command import LAB, ran

SYNC = Trial("sync", 1, "plain", sent=10, arrived=10, seconds=2.1, own=0.1)
ASYNC = Trial("async", 1, "plain", sent=10, arrived=1, seconds=0.25, own=0.1)


def test_as_claimed() -> None:
    """One blocking process loses none, async most, two blocking processes some."""
    assert fault(SYNC, 0.2) == fault(ASYNC, 0.2) == fault(replace(SYNC, processes=2, arrived=5, seconds=1.1), 0.2) == ""


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (replace(SYNC, arrived=9), "1 of 10 were lost"),
        (replace(ASYNC, arrived=10), "none was lost"),
        (replace(ASYNC, arrived=4), "4 arrived where only 1 delays fit"),
        (replace(ASYNC, arrived=6, seconds=2.0), "only 4 of 10 were lost"),
        (replace(ASYNC, way="atomic", arrived=9), "1 of 10 were lost"),
        (replace(SYNC, failed="1 of 10 requests failed"), "1 of 10 requests failed"),
    ],
)
def test_not_as_claimed(trial: Trial, words: str) -> None:
    """What was not is named."""
    assert words in fault(trial, 0.2)


def test_speed_is_compared_where_nothing_is_lost() -> None:
    """Within what the requests take by themselves."""
    quick, other = replace(ASYNC, way="atomic"), replace(SYNC, way="atomic")
    assert slower([quick, other]) == []
    assert slower([replace(quick, seconds=2.15), other]) == []
    assert len(slower([replace(quick, seconds=2.3), other])) == 1


def test_a_retry_counts_twice_without_a_key() -> None:
    """Anything else is not as claimed."""
    assert retry_fault(Retry("async", 2, 1)) == ""
    assert retry_fault(Retry("async", 1, 1))
    assert retry_fault(Retry("async", 2, 2))


@pytest.mark.long
def test_a_short_run(tmp_path: Path) -> None:
    """Nothing is lost where the data is protected; the exit code follows the verdicts."""
    report = tmp_path / "writes.html"
    code, output, errors = ran("writes", "--increments", "4", "--delay", "0.3", "--report", str(report), program=LAB)
    assert errors == ""
    assert code == ("NOT AS CLAIMED" in output)
    assert "if-match (as claimed)" in output
    assert "atomic (as claimed)" in output
    assert "What protects data is atomicity at the data" in output
    assert "default-src 'none'" in report.read_text()


def test_a_gateway_that_dies_before_the_retry_is_named() -> None:
    """In one line that says where it was."""
    lab = Lab.at("http://127.0.0.1:1", {"async": ["http://u:p@127.0.0.1:1"]}, 0.1)
    with pytest.raises(CommandError, match=r"^http://127\.0\.0\.1:1 does not respond as a gateway: ."):
        asyncio.run(retried(lab, "async"))


def test_half_of_a_place_is_one_line() -> None:
    """A gateway's URL without the backend's cannot be judged."""
    code, _, errors = ran("writes", "--gateway-url", "async=http://127.0.0.1:1", program=LAB)
    assert code == 2
    assert errors.count("\n") == 1
    assert "go together" in errors
