"""What the command prints, and its exit status."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from inflight.watch import command
from inflight.watch.command import watch as watch_here
from tests.eventually import eventually
from tests.inflight.watch import no_netlink
from tests.inflight.watch.servers import LOOPBACK, free_port, requests, seen, watch

pytestmark = [pytest.mark.long, pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")]
COMMAND = [sys.executable, "-m", "inflight", "watch"]


def test_once_is_fine_where_nothing_waits() -> None:
    """One line, with the process, and nothing on standard error."""
    with socket.create_server((LOOPBACK, 0), backlog=50) as server:
        port = server.getsockname()[1]
        found = watch(port, "--once")
        assert (found.returncode, found.stderr) == (0, "")
        assert re.fullmatch(
            rf"{port}: serving \| accept queue 0 of 50, 0 connections, 0 unread, listen overflows \d+, drops \d+, "
            rf"pid {os.getpid()} since .+: .+\n",
            found.stdout,
        )


def test_once_fails_where_the_oldest_has_waited_too_long() -> None:
    """What is too long is the caller's to say."""
    with socket.create_server((LOOPBACK, 0)) as server, requests(server.getsockname()[1], 2):
        port = server.getsockname()[1]
        eventually(lambda: (seen(port)["oldest_unread_seconds"] or 0) > 0.5, True)
        assert watch(port, "--once", "--max-wait", "0.5").returncode == 1
        assert watch(port, "--once", "--max-wait", "600").returncode == 0


def test_json_is_an_object_a_port() -> None:
    """With the figures by name; null would be what is not known."""
    with socket.create_server((LOOPBACK, 0), backlog=50) as server, socket.create_server((LOOPBACK, 0)) as other:
        ports = [each.getsockname()[1] for each in (server, other)]
        with requests(ports[0], 3):
            eventually(lambda: seen(ports[0])["oldest_unread_seconds"] > 0.5, True)
            lines = watch(*ports, "--once", "--json").stdout.splitlines()
        first, second = map(json.loads, lines)
        assert (first["port"], second["port"]) == tuple(ports)
        assert (
            first["verdict"] == f"nobody reads: 3 requests wait, the oldest for {first['oldest_unread_seconds']:.1f} s"
        )
        expected = {"accept_queue": 3, "accept_queue_limit": 50, "connections": 3, "unread": 3, "pid": os.getpid()}
        assert first.items() >= expected.items()
        assert second.items() >= {"unread": 0, "oldest_unread_seconds": 0.0, "verdict": "serving"}.items()
        assert isinstance(first["listen_overflows"], int)


@pytest.mark.parametrize("options", [[], ["--once"], ["--json"]])
def test_a_port_that_nobody_listens_on_is_one_clear_line(options: list[str]) -> None:
    """Nothing that would look like a figure."""
    port = free_port()
    found = watch(port, *options)
    assert found.returncode == 2
    assert (found.stdout, found.stderr) == ("", f"inflight watch: nobody listens on port {port}\n")


def test_another_system_is_told_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no such table to read."""
    monkeypatch.setattr(sys, "platform", "darwin")
    assert watch_here([8000]) == 2
    assert "only Linux" in capsys.readouterr().err


@pytest.mark.skipif(no_netlink.SOCKET is None, reason="the number of the system call is not known here")
def test_without_netlink_it_says_what_is_missing() -> None:
    """In a real sandbox: what the tables in /proc have is told, the rest is unknown, and so is the exit status."""
    root = Path(__file__).parents[3]
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        sandboxed = [sys.executable, "-m", no_netlink.__name__, str(port), "--once"]
        idle = subprocess.run(sandboxed, capture_output=True, text=True, timeout=60, check=False, cwd=root)
        assert "without the limits of accept queues and the ages of unread bytes" in idle.stderr
        assert idle.returncode == 0
        with requests(port, 3):
            eventually(lambda: seen(port)["unread"], 3)
            found = subprocess.run(
                [*sandboxed, "--json"], capture_output=True, text=True, timeout=60, check=False, cwd=root
            )
        assert found.returncode == 2
        figures = json.loads(found.stdout)
        assert (figures["accept_queue"], figures["unread"], figures["connections"]) == (3, 3, 3)
        assert (figures["accept_queue_limit"], figures["oldest_unread_seconds"], figures["waiting"]) == (
            None,
            None,
            None,
        )
        assert figures["verdict"] == "3 requests unread, for an unknown time"


def test_piped_it_prints_a_line_a_second_until_it_is_interrupted() -> None:
    """With the longest accept queue so far, and how the counters have grown; to be interrupted is its normal end."""
    with (
        socket.create_server((LOOPBACK, 0)) as server,
        subprocess.Popen([*COMMAND, str(server.getsockname()[1])], stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        assert re.match(
            r"\d\d:\d\d:\d\d \d+: serving \| accept queue 0 of \d+ \(highest 0\)", process.stdout.readline()
        )
        with requests(server.getsockname()[1], 2):
            assert any("(highest 2)" in line for line in process.stdout)
            for _ in range(2):
                server.accept()[0].close()
        line = next(line for line in process.stdout if "accept queue 0 of" in line)
        assert "(highest 2)" in line
        assert re.search(r"listen overflows \d+ \(\+\d+\), drops \d+ \(\+\d+\)", line)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """`inflight watch 8000 | head -1` ends quietly."""
    with (
        socket.create_server((LOOPBACK, 0)) as server,
        subprocess.Popen([*COMMAND, str(server.getsockname()[1])], stdout=-1, stderr=-1, text=True) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("shell", "code", "errors"),
    [
        (">/dev/full", 2, "inflight watch: cannot write the output: no space left on device\n"),
        ("--once >/dev/full", 2, "inflight watch: cannot write the output: no space left on device\n"),
        (">&-", 2, "inflight watch: cannot write the output: it is closed\n"),
        ("--once >&-", 0, ""),
    ],
)
def test_an_output_that_cannot_be_written_is_one_line(shell: str, code: int, errors: str) -> None:
    """The exit status of `--once` needs no output."""
    with socket.create_server((LOOPBACK, 0)) as server:
        script = f"{' '.join(COMMAND)} {server.getsockname()[1]} {shell}"
        found = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (found.returncode, found.stderr) == (code, errors)


def test_a_host_that_there_cannot_be_is_one_line() -> None:
    """Python refuses it before the system is asked."""
    found = watch("--admin-port", "0", "--admin-host", "a..b")
    assert (found.returncode, found.stderr) == (
        2,
        "inflight watch: cannot listen on a..b:0: that is no host's name\n",
    )


def test_on_a_terminal_it_is_a_table() -> None:
    """The figures under their headings, the verdict in words; Ctrl-C ends it."""
    reader, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    with socket.create_server((LOOPBACK, 0), backlog=50) as server, requests(server.getsockname()[1], 2):
        port = str(server.getsockname()[1])
        with subprocess.Popen([*COMMAND, port], stdin=terminal, stdout=terminal, env=environment) as process:
            os.close(terminal)
            shown = ""
            while "nobody reads: 2 requests wait, the oldest for" not in shown:
                shown += os.read(reader, 4096).decode(errors="replace")
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
    os.close(reader)
    shown = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown)
    assert re.search(r"port +accept queue +highest +open +unread +oldest +process", shown)
    assert re.search(rf"{port} +2 / 50 +2 +2 +2 +\d\.\d s +pid {os.getpid()} since", shown)
    assert "network namespace: listen overflows" in shown


def test_a_terminal_without_rich_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table is for who has installed the command's extras."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setitem(sys.modules, "rich.live", None)
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setattr(command, "_looks", lambda _watcher, first: iter([first]))
        assert watch_here([port]) == 0
    printed = capsys.readouterr()
    assert re.match(rf"\d\d:\d\d:\d\d {port}: serving \| ", printed.out)
    assert "rich.live is not installed" in printed.err
