"""One trial of writes: increments at once through a gateway, and how many of them the counter has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.lab.verdict import GRAIN

WAYS = ("plain", "if-match", "atomic")
"""How an increment is written back (`services/gateway/counters/increment.py`)."""


@dataclass(frozen=True)
class Trial:
    """What became of `sent` increments through `processes` processes of a gateway.

    `arrived` is the counter's value after it, `seconds` how long it took, `own` how long one of the same kind took
    without a delay. `failed` says which requests failed, "" where none did.
    """

    mode: str
    processes: int
    way: str
    sent: int
    arrived: int
    seconds: float
    own: float
    failed: str = ""

    @property
    def lost(self) -> int:
        """Increments that were acknowledged, and are not in the counter."""
        return self.sent - self.arrived

    @property
    def name(self) -> str:
        """What was tried, in words."""
        return f"{self.mode}, {self.processes} process{'es' if self.processes > 1 else ''}, {self.way}"


@dataclass(frozen=True)
class Retry:
    """What a counter has after one POST whose response came too late, and its second try."""

    mode: str
    without_key: int
    with_key: int


def fault(trial: Trial, delay: float) -> str:
    """Return what of a trial is not as claimed; "" where it is.

    Only what is written as it was read can be lost. There, each count that arrives has read the one before, waited and
    written: so no more arrive than delays fit into the time, however many processes there are. One blocking process
    loses none because it does the same, one after another.
    """
    if trial.failed:
        return trial.failed
    if trial.way != "plain" or (trial.mode, trial.processes) == ("sync", 1):
        return f"{trial.lost} of {trial.sent} were lost" if trial.lost else ""
    most = int(trial.seconds / max(delay - GRAIN, GRAIN))
    if trial.lost <= 0:
        return "none was lost"
    if trial.arrived > most:
        return f"{trial.arrived} arrived where only {most} delays fit into {trial.seconds:.2f} s"
    if trial.mode != "sync" and trial.lost <= trial.sent / 2:
        return f"only {trial.lost} of {trial.sent} were lost"
    return ""


def slower(trials: Sequence[Trial]) -> list[str]:
    """Return where async was slower than a design that lost nothing either, by more than its requests' own time."""
    found = []
    for quick in (each for each in trials if each.mode == "async" and each.way != "plain"):
        for other in trials:
            same = (other.way, other.processes) == (quick.way, quick.processes)
            if same and other.mode != "async" and quick.seconds > other.seconds + quick.own:
                found.append(f"{quick.name} took {quick.seconds:.2f} s, {other.mode} {other.seconds:.2f} s")
    return found


def retry_fault(retry: Retry) -> str:
    """Return what of a retry is not as claimed; "" where it is."""
    if (retry.without_key, retry.with_key) == (2, 1):
        return ""
    return f"{retry.mode}: retried it counted {retry.without_key} times, with a key {retry.with_key} times"
