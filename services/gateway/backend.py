"""Where the backend is, and how long a gateway waits for it: from the settings alone, no request can move it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True)
class Backend:
    """The backend as a gateway calls it. Times are seconds; no `limit` means connections without limit."""

    base_url: str
    connect_timeout: float
    timeout: float
    limit: int | None = None

    def url(self, task: str, delay: float | None, status: int | None) -> str:
        """Return the URL of one task; `task` is validated, so it cannot hold a slash, a dot or a percent sign."""
        if delay is None and status is None:
            return f"{self.base_url}/{task}"
        given = {"delay": delay, "status": status}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        return f"{self.base_url}/{task}?{query}"
