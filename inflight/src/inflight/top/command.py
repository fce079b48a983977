"""`inflight top`: what a service does at this moment, on the terminal, live."""

from __future__ import annotations

import threading
from time import sleep

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from inflight.terminal.errors import CommandError
from inflight.terminal.output import Output
from inflight.terminal.urls import without_userinfo
from inflight.top.keys import ESCAPE, Ask, keys
from inflight.top.poller import EVERY, Poller
from inflight.top.screen import SORTS, screen
from inflight.top.source import Source

QUIT = {"q", ESCAPE, "\x04"}
"""q, Escape, Ctrl-D; Ctrl-C is the command's own business."""
POLL = 0.1
"""Seconds within which a key is heeded, and a reading shown."""
PIPED = 200
"""Columns where there is no terminal."""
HELP = f"q quits; sort by {', '.join(f'{name} ({name[0]})' for name in SORTS)}"


def top(url: str, *, once: bool) -> int:
    """Show the service whose admin port is at `url`: live on a terminal, else, or with `once`, one picture of it.

    Returns the exit code. Raises CommandError where there is nothing to show a picture of.
    """
    console = Output()
    if once or not console.is_terminal or console.is_dumb_terminal:
        _print(console, url)
    else:
        _live(console, url)
    return 0


def _print(console: Console, url: str) -> None:
    poller = Poller(Source(url))
    poller.read()
    if poller.error is None:
        sleep(EVERY)  # rates need two readings
        poller.read()
    if poller.error is not None or poller.picture is None:
        raise CommandError(f"cannot read {without_userinfo(url)}: {poller.error}")
    width = console.width if console.is_terminal else PIPED
    plain = Console(width=width, highlight=False, emoji=False, no_color=True, force_terminal=False)
    with plain.capture() as capture:
        plain.print(screen(poller.picture, width=width))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def _live(console: Console, url: str) -> None:
    fresh = threading.Event()
    poller = Poller(Source(url), changed=fresh.set)
    poller.start()
    try:
        with keys() as ask, Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
            _until_quit(live, ask, poller, fresh, without_userinfo(url))
    finally:
        poller.stop()


def _until_quit(live: Live, ask: Ask, poller: Poller, fresh: threading.Event, url: str) -> None:
    sort, size = "age", None
    while not QUIT.intersection(pressed := ask(POLL).lower()):
        chosen = next((name for name in SORTS if name[0] in pressed), sort)
        now = live.console.size
        if fresh.is_set() or chosen != sort or now != size:
            fresh.clear()
            sort, size = chosen, now
            live.update(_frame(poller, url, sort, now.width, now.height), refresh=True)


def _frame(poller: Poller, url: str, sort: str, width: int, height: int) -> RenderableType:
    if poller.error is not None:
        state = Text(f"{url} does not respond: {poller.error}; trying again", style="bold red")
    elif poller.picture is None:
        state = Text(f"{url}: no response yet", style="dim")
    else:
        state = Text(url, style="bold")
    state.append(f"   {HELP}", style="dim not bold")
    state.truncate(width, overflow="ellipsis")
    body = Text() if poller.picture is None else screen(poller.picture, sort=sort, width=width, height=height - 2)
    return Group(state, Text(), body)
