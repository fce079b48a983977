"""A look as text: a line for each port, or a JSON object."""

from __future__ import annotations

from json import dumps
from typing import Any

from inflight.watch.port import Port
from inflight.watch.watcher import Look


def line(port: Port, highest: int | None = None) -> str:
    """Return the port's figures and its verdict; `highest` is the longest accept queue so far."""
    if not port.listening:
        return f"{port.port}: {port.verdict}"
    queue = f"accept queue {known(port.accept_queue)} of {known(port.accept_queue_limit)}"
    if highest is not None:
        queue += f" (highest {highest})"
    figures = [queue, f"{known(port.connections)} connections", f"{known(port.unread)} unread"]
    if port.process is not None:
        figures.append(process(port))
    return f"{port.port}: {port.verdict} | {', '.join(figures)}"


def process(port: Port) -> str:
    """Return the command that listens, and its process; nothing where /proc does not show it."""
    if port.process is None:
        return ""
    others = f" and {port.process.others} more" if port.process.others else ""
    return f"{port.process.command} (pid {port.process.pid}{others})"


def known(figure: int | None) -> str:
    """Return the figure, or what stands for one that is not known."""
    return "?" if figure is None else str(figure)


def namespace(look: Look, first: Look) -> str:
    """Return the kernel's counters of the network namespace, and by how much they have grown."""
    return ", ".join(
        f"{name} {now} (+{now - before})"
        for name, now, before in [
            ("listen overflows", look.listen_overflows, first.listen_overflows),
            ("drops", look.listen_drops, first.listen_drops),
        ]
        if now is not None and before is not None
    )


def json_line(look: Look, port: Port) -> str:
    """Return the port as a JSON object in one line; null is what is not known."""
    found: dict[str, Any] = {
        "port": port.port,
        "accept_queue": port.accept_queue,
        "accept_queue_limit": port.accept_queue_limit,
        "connections": port.connections,
        "unread": port.unread,
        "waiting": port.waiting,
        "oldest_unread_seconds": port.oldest_unread_seconds and round(port.oldest_unread_seconds, 3),
        "listen_overflows": look.listen_overflows,
        "listen_drops": look.listen_drops,
        "pid": port.process and port.process.pid,
        "command": port.process and port.process.command,
        "verdict": port.verdict,
        "missing": look.missing,
    }
    return dumps(found)
