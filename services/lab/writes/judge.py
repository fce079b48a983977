"""What the writes showed, in the terms of the article."""

from __future__ import annotations

from collections.abc import Sequence

from inflight.report.run import Verdict
from services.lab.writes.trial import WAYS, Retry, Trial, fault, retry_fault, slower

CONCLUSION = (
    "What protects data is atomicity at the data, not a blocked loop: blocking loses no write only as long as one "
    "process writes, and pays with one write at a time. A POST may be as asynchronous as a GET where the data checks "
    "(If-Match) or does the change itself, and one that may be sent again needs an Idempotency-Key."
)
CLAIMS = {
    "plain": "Read, wait, write back: one blocking process loses none, by accident; all others lose",
    "if-match": "Written only if unchanged, and tried again: nobody loses any",
    "atomic": "The backend adds: nobody loses any",
}
FASTEST = "where nothing is lost, async is the fastest"
RETRIED = "A POST that is sent again after a timeout counts twice, one with an Idempotency-Key once"


def judge(trials: Sequence[Trial], retries: Sequence[Retry], delay: float) -> dict[str, Verdict]:
    """Return the verdict on each way of writing, on speed, and on retries."""
    found = {}
    for way in WAYS:
        faults = [f"{each.name}: {why}" for each in trials if each.way == way and (why := fault(each, delay))]
        lost = ", ".join(f"{each.mode}/{each.processes} lost {each.lost}" for each in trials if each.way == way)
        found[way] = _verdict(CLAIMS[way], faults, lost)
    times = ", ".join(
        f"{each.mode} {each.seconds:.2f} s" for each in trials if each.way == "atomic" and each.processes == 1
    )
    found["speed"] = _verdict(FASTEST.capitalize(), slower(trials), f"atomic, 1 process: {times}")
    counts = ", ".join(f"{each.mode} {each.without_key} and {each.with_key}" for each in retries)
    found["retry"] = _verdict(RETRIED, [why for each in retries if (why := retry_fault(each))], counts)
    return found


def _verdict(claim: str, faults: Sequence[str], figures: str) -> Verdict:
    if faults:
        return Verdict(ok=False, sentence=f"{claim}. But {'; '.join(faults[:3])}.")
    return Verdict(ok=True, sentence=f"{claim}: {figures}.")
