"""A look as text: a line for each port, or a JSON object."""

from __future__ import annotations

from json import dumps
from time import localtime, strftime
from typing import Any

from inflight.watch.port import Port
from inflight.watch.watcher import Look

LONGEST_COMMAND = 60
"""Characters of a command that are shown; JSON has all of them."""


def line(look: Look, port: Port, first: Look | None = None, highest: int | None = None) -> str:
    """Return the port's verdict and its figures; `first` and `highest` are for those that go on looking."""
    if not port.listening:
        return f"{port.port}: {port.verdict}"
    queue = f"accept queue {known(port.accept_queue)} of {known(port.accept_queue_limit)}"
    if highest is not None:
        queue += f" (highest {highest})"
    figures = [queue, f"{known(port.connections)} connections", f"{known(port.unread)} unread"]
    return f"{port.port}: {port.verdict} | {', '.join(filter(None, [*figures, namespace(look, first), process(port)]))}"


def process(port: Port) -> str:
    """Return the process that listens, since when it runs, and its command; nothing where /proc does not show it."""
    if port.process is None:
        return ""
    others = f" and {port.process.others} more" if port.process.others else ""
    shown = "".join(each if each.isprintable() else " " for each in port.process.command)
    program, space, arguments = shown.partition(" ")
    command = f"{program.rpartition('/')[2]}{space}{arguments}"
    if len(command) > LONGEST_COMMAND:
        command = f"{command[: LONGEST_COMMAND - 1]}…"
    return f"pid {port.process.pid}{others} since {strftime('%d %b %H:%M', localtime(port.process.started))}: {command}"


def known(figure: int | None) -> str:
    """Return the figure, or what stands for one that is not known."""
    return "?" if figure is None else str(figure)


def namespace(look: Look, first: Look | None) -> str:
    """Return the kernel's counters of the network namespace, and by how much they have grown since `first`."""
    counters = []
    for name, field in (("listen overflows", "listen_overflows"), ("drops", "listen_drops")):
        now, before = getattr(look, field), getattr(first, field, None)
        if now is not None:
            counters.append(f"{name} {now}" if before is None else f"{name} {now} (+{now - before})")
    return ", ".join(counters)


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
        "oldest_unaccepted_seconds": port.oldest_unaccepted_seconds and round(port.oldest_unaccepted_seconds, 3),
        "listen_overflows": look.listen_overflows,
        "listen_drops": look.listen_drops,
        "pid": port.process and port.process.pid,
        "command": port.process and port.process.command,
        "verdict": port.verdict,
        "missing": look.missing,
    }
    return dumps(found)
