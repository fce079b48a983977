"""A step that the watchdog has seen the event loop in."""

from __future__ import annotations

from inflight.blocking.owner import Owner
from inflight.blocking.place import Spot
from inflight.blocking.step import Step


class Seen:
    """A step that the loop was seen in, when, and whom it belongs to."""

    __slots__ = ("before", "held", "last", "owner", "ran", "since", "spot", "token")

    def __init__(self, step: Step, spot: Spot | None, now: float, due: float) -> None:
        self.token = step.token()
        self.spot = spot
        self.owner: Owner | None = None
        """None until it is charged: to find it may take a search of the routes, and most steps are short tasks."""
        self.since = self.last = now
        self.before = max(0.0, now - due)
        """Seconds from `due`, in which it was not seen: its own once it has had the loop for longer."""
        self.held = 0.0
        """Seconds without those in which the loop's thread waited for a processor."""
        self.ran: list[bool] = []
        """Not empty when the loop has begun another turn since."""

    def goes_on(self, step: Step) -> bool:
        """Return whether `step` is the same one: of the same task or callback, without a turn of the loop between."""
        return not self.ran and self.token.fits(step)
