"""Whether a gateway's bursts took as long as the model says, and what made the difference."""

from __future__ import annotations

from inflight.report.run import Verdict
from services.lab.sweep.model import Setup, waves, width
from services.lab.sweep.point import Point, Series


def judge(series: Series, setup: Setup) -> Verdict:
    """Return the verdict on a gateway, in sentences with figures."""
    faults = [fault for point in series.points if (fault := series.fault(point, setup))]
    if faults:
        more = f" (and {len(faults) - 1} more of {len(series.points)} points)" if len(faults) > 1 else ""
        return Verdict(ok=False, sentence=f"It should take {_formula(series.mode, setup)}, but {faults[0]}{more}.")
    return Verdict(ok=True, sentence=f"It takes {_formula(series.mode, setup)}. {_largest(series, setup)}")


def apart(series: Series, setup: Setup) -> str:
    """Return where the delays alone and the measurement part most, and why, in sentences."""
    point = max(series.points, key=lambda each: each.best.seconds - _ideal(series, each, setup))
    ideal, late = _ideal(series, point, setup), max(record.behind for record in point.best.records)
    return (
        f"The delays alone would take {ideal:.2f} s for {point.tasks} tasks, which took {point.best.seconds:.2f} s. "
        f"Without a delay the same burst took {point.own:.2f} s: {1000 * point.own / point.tasks:.1f} ms for each "
        f"request, of the sender's, the gateway's and the backend's work on one machine. "
        f"The sender itself was up to {late:.2f} s late, which counts: a request's time is from when it was due."
    )


def littles_law(series: Series, setup: Setup) -> str:
    """Return what Little's law says of the largest burst, in a sentence."""
    point = max(series.points, key=lambda each: each.tasks)
    at_once = width(series.mode, setup)
    bound = f"never works on more than {at_once}" if at_once else "works on all of them"
    mean = sum(record.seconds for record in point.best.records) / point.tasks
    return (
        f"{point.tasks} tasks in {point.best.seconds:.2f} s are {point.tasks / point.best.seconds:.0f} a second, and "
        f"each took {mean:.2f} s on average: {point.in_flight:.0f} were in flight on average, of which the gateway "
        f"{bound}."
    )


def _formula(mode: str, setup: Setup) -> str:
    at_once = width(mode, setup)
    if at_once is None:
        return f"one delay of {setup.delay:g} s, however many tasks there are, and what the requests take by themselves"
    if at_once == 1:
        return f"a delay of {setup.delay:g} s for each task, one after another"
    return f"a delay of {setup.delay:g} s for each {at_once} tasks: number {at_once + 1} waits for a whole one"


def _largest(series: Series, setup: Setup) -> str:
    point = series.points[-1]
    tasks = "1 task" if point.tasks == 1 else f"{point.tasks} tasks"
    return (
        f"{tasks} took {point.best.seconds:.2f} s where {series.predicted(point, setup):.2f} s was predicted (at most "
        f"{series.tolerance(point, setup):.2f} s more)."
    )


def _ideal(series: Series, point: Point, setup: Setup) -> float:
    return waves(series.mode, point.tasks, setup) * setup.delay
