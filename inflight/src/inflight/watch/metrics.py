"""What `watch` sees, as Prometheus metrics in the text format.

Written without prometheus-client, which alone takes half of the 20 MB that a sidecar may.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format.
"""

from __future__ import annotations

from collections.abc import Iterator

from inflight.watch.watcher import Look

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

GAUGES = {
    "tcp_accept_queue": ("accept_queue", "Connections that the program has not accepted"),
    "tcp_accept_queue_limit": ("accept_queue_limit", "Length of the accept queue beyond which the kernel drops them"),
    "tcp_unread_connections": ("unread", "Connections with bytes that the program has not read"),
    "tcp_oldest_unread_seconds": ("oldest_unread_seconds", "How long the oldest request has lain unread"),
}
"""Name: the field of `Port`, and the help text."""
COUNTERS = {
    "tcp_listen_overflows_total": (
        "listen_overflows",
        "Full accept queues met by a connection, in the network namespace",
    ),
    "tcp_listen_drops_total": ("listen_drops", "Connections dropped before they were accepted, likewise"),
}
"""Name: the field of `Look`, and the help text."""


def text(look: Look) -> str:
    """Return the look's metrics; what the kernel did not say has no series."""
    return "".join(f"{line}\n" for line in _lines(look))


def _lines(look: Look) -> Iterator[str]:
    for name, (field, documentation) in GAUGES.items():
        yield from (f"# HELP {name} {documentation}", f"# TYPE {name} gauge")
        for port in look.ports:
            if (value := getattr(port, field)) is not None:
                yield f'{name}{{port="{port.port}"}} {value}'
    for name, (field, documentation) in COUNTERS.items():
        if (value := getattr(look, field)) is not None:
            yield from (f"# HELP {name} {documentation}", f"# TYPE {name} counter", f"{name} {value}")
