"""What was measured: a point for each gateway and size of burst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from inflight.send.record import ENTRIES, Record
from services.lab.bursts import failures, makespan
from services.lab.sweep.model import Setup, earliest, predicted, tolerance


@dataclass(frozen=True)
class Try:
    """One burst, and what was measured right before it.

    `own` is how long the same burst took with a delay of 0, `alone` what one task alone took beside its delay; seconds.
    """

    own: float
    alone: float
    records: Sequence[Record]

    @property
    def seconds(self) -> float:
        """How long the burst took."""
        return makespan(self.records)


@dataclass(frozen=True)
class Point:
    """All tries of one size."""

    tasks: int
    tries: Sequence[Try]

    @property
    def best(self) -> Try:
        """The quickest: another program can make a burst late, nothing makes one early."""
        return min(self.tries, key=lambda each: each.seconds)

    @property
    def own(self) -> float:
        """What its requests take by themselves, in seconds."""
        return median(each.own for each in self.tries)

    @property
    def in_flight(self) -> float:
        """Requests in flight on average over the best try, by Little's law: throughput times mean time."""
        return sum(record.seconds for record in self.best.records) / self.best.seconds

    def ledger(self) -> dict[str, float]:
        """Return where the mean request of the best try spent its time; what nobody measured is not in it."""
        records = self.best.records
        return {
            entry: fmean(record.ledger.get(entry, 0.0) for record in records)
            for entry in ENTRIES
            if any(entry in record.ledger for record in records)
        }


@dataclass(frozen=True)
class Series:
    """A gateway's points. `cpu` is its processor time for a request in seconds, None where nobody said."""

    mode: str
    points: Sequence[Point]
    cpu: float | None = None

    @property
    def cost(self) -> float:
        """Seconds that each request of a burst takes by itself, on average: the model's c."""
        return sum(point.own for point in self.points) / sum(point.tasks for point in self.points)

    @property
    def alone(self) -> list[float]:
        """What each task that was alone took beside its delay, in seconds."""
        return [each.alone for point in self.points for each in point.tries]

    def predicted(self, point: Point, setup: Setup) -> float:
        """Return what the model says of the point, in seconds."""
        return predicted(self.mode, point.tasks, setup, point.own)

    def tolerance(self, point: Point, setup: Setup) -> float:
        """Return by how many seconds the point may be later."""
        return tolerance(self.mode, point.tasks, setup, max(each.own for each in point.tries), self.alone)

    def fault(self, point: Point, setup: Setup) -> str:
        """Return what of the point is not as the model says; "" where it is."""
        for each in point.tries:
            if failed := failures(each.records):
                return f"at {point.tasks} tasks {failed}"
        seconds, latest = point.best.seconds, self.predicted(point, setup) + self.tolerance(point, setup)
        if earliest(self.mode, point.tasks, setup) <= seconds <= latest:
            return ""
        return (
            f"{point.tasks} tasks took {seconds:.3f} s where {earliest(self.mode, point.tasks, setup):.3f} s to "
            f"{latest:.3f} s was predicted"
        )
