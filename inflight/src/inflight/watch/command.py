"""The command `inflight watch`, without its command line: what it prints, and its exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from time import sleep, strftime

from inflight.terminal.errors import reason
from inflight.terminal.urls import metrics_url
from inflight.watch import lines
from inflight.watch.port import Port
from inflight.watch.watcher import KernelError, Look, Watcher

FINE, WAITS, UNKNOWN = 0, 1, 2
"""Exit statuses: all is well; something waits too long, or an accept queue is full; it cannot be told."""
INTERVAL = 1.0
"""Seconds between two looks."""
SECOND_LOOK = 0.2
"""Seconds after which `--once` looks again at bytes that lie unread, whether they are being read."""


def watch(  # noqa: PLR0913 - each is an option of the command
    ports: list[int],
    *,
    once: bool = False,
    json: bool = False,
    max_wait: float = 1.0,
    admin_port: int | None = None,
    admin_host: str = "127.0.0.1",
) -> int:
    """Watch the ports, or all that listen where none is named, until it is interrupted; return the exit status.

    `once` looks once, and returns 1 where something has waited longer than `max_wait` seconds or an accept queue is
    full. With `admin_port` it serves what it sees as metrics instead. It returns 2 where nobody listens on a port at
    the start or the kernel does not tell; with `admin_port` a server may start later.
    """
    if sys.platform != "linux":
        return _fail("only Linux tells of a port's queues; this is another system")
    try:
        if admin_port is not None:
            return _serve(ports, admin_host, admin_port)
        return _print(Watcher(ports), once=once, json=json, max_wait=max_wait)
    except KernelError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return FINE


def _print(watcher: Watcher, *, once: bool, json: bool, max_wait: float) -> int:
    first = watcher.look()
    if missing := [str(port.port) for port in first.ports if not port.listening]:
        return _fail(f"nobody listens on port {', '.join(missing)}")
    if not first.ports:
        return _fail("nobody listens on any port")
    if once:
        return _once(watcher, first, max_wait, json=json)
    return _live(watcher, first, json=json)


def _fail(why: str) -> int:
    print(f"inflight watch: {why}", file=sys.stderr)
    return UNKNOWN


def _say(line: str) -> None:
    """Print a line at once. Where it cannot be written, that is the command's end."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        print(line.encode(encoding, "replace").decode(encoding), flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is left in its buffer
        enough = isinstance(error, BrokenPipeError)  # `| head`
        sys.exit(FINE if enough else _fail(f"cannot write the output: {reason(error)}"))


def _once(watcher: Watcher, look: Look, max_wait: float, *, json: bool) -> int:
    if any(port.unread for port in look.ports):
        sleep(SECOND_LOOK)
        look = watcher.look()
    _warn(look)
    for port in look.ports:
        _say(lines.json_line(look, port) if json else lines.line(look, port))
    if any(port.full or (port.longest_wait or 0) > max_wait for port in look.ports):
        return WAITS
    return UNKNOWN if any(port.unread and port.oldest_unread_seconds is None for port in look.ports) else FINE


def _live(watcher: Watcher, first: Look, *, json: bool) -> int:
    if sys.stdout is None:  # `>&-`
        return _fail("cannot write the output: it is closed")
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not json:
        try:
            return _on_terminal(watcher, first)
        except ModuleNotFoundError as error:
            print(f"inflight watch: lines for want of a table, {error.name} is not installed", file=sys.stderr)
    _warn(first)
    highest: dict[int, int] = {}
    for look in _looks(watcher, first):
        for port in look.ports:
            line = lines.line(look, port, first, _highest(highest, port))
            _say(lines.json_line(look, port) if json else f"{strftime('%H:%M:%S')} {line}")
    return FINE


def _on_terminal(watcher: Watcher, first: Look) -> int:
    from rich.live import Live

    from inflight.watch.table import screen

    highest: dict[int, int] = {}
    with Live(auto_refresh=False) as live:
        for look in _looks(watcher, first):
            for port in look.ports:
                _highest(highest, port)
            live.update(screen(look, first, highest), refresh=True)
    return FINE


def _looks(watcher: Watcher, first: Look) -> Iterator[Look]:
    yield first
    while True:
        sleep(INTERVAL)
        yield watcher.look()


def _highest(highest: dict[int, int], port: Port) -> int | None:
    if port.accept_queue is not None:
        highest[port.port] = max(highest.get(port.port, 0), port.accept_queue)
    return highest.get(port.port)


def _warn(look: Look) -> None:
    if look.missing:
        print(f"inflight watch: {look.missing}", file=sys.stderr)


def _serve(ports: list[int], host: str, admin_port: int) -> int:
    """Serve the metrics; what the terminal needs is not loaded for it."""
    from inflight.watch.server import MetricsServer

    watcher = Watcher(ports, without=[admin_port], idle=False)
    _warn(watcher.look())
    try:
        server = MetricsServer(host, admin_port, watcher)
    except (OSError, UnicodeError) as error:
        return _fail(f"cannot listen on {host}:{admin_port}: {reason(error)}")
    with server:
        _say(f"metrics at {metrics_url(host, server.port)}")
        server.serve_forever()
    return FINE
