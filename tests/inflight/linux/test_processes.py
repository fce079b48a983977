"""The process that has a socket."""

import os
import socket
import sys
from pathlib import Path
from time import time

import pytest

from inflight.linux.processes import owners

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_a_socket_of_this_process_is_found() -> None:
    """With its command and when it started."""
    with socket.socket() as mine:
        inode = os.fstat(mine.fileno()).st_ino
        found = owners({inode, 1})
    assert list(found) == [inode]
    assert found[inode].pid == os.getpid()
    assert "python" in found[inode].command
    assert found[inode].others == 0
    assert time() - 24 * 3600 < found[inode].started < time() + 1


def _process(proc: Path, pid: int, started: int, inode: int) -> None:
    descriptors = proc / str(pid) / "fd"
    descriptors.mkdir(parents=True)
    (descriptors / "3").symlink_to(f"socket:[{inode}]")
    (descriptors / "0").symlink_to("/dev/null")
    ticks = started * os.sysconf("SC_CLK_TCK")
    (proc / str(pid) / "stat").write_text(f"{pid} (a ) name) S {' '.join(['0'] * 18)} {ticks} 0\n")
    (proc / str(pid) / "cmdline").write_bytes(f"worker\0{pid}\0".encode())


def test_of_those_that_share_it_the_oldest_is_named(tmp_path: Path) -> None:
    """A server's workers have it from the process that bound it, whose number may be higher when numbers wrap."""
    (tmp_path / "stat").write_text("cpu 1\nbtime 1000\n")
    _process(tmp_path, 20, started=7, inode=99)
    _process(tmp_path, 30, started=5, inode=99)
    assert owners({99}, tmp_path) == {99: (30, "worker 30", 1005.0, 1)}


def test_a_process_that_ends_meanwhile_is_missing(tmp_path: Path) -> None:
    """So is one whose descriptors are not ours to see."""
    _process(tmp_path, 20, started=7, inode=99)
    (tmp_path / "20" / "cmdline").unlink()
    (tmp_path / "stat").write_text("btime 1000\n")
    (tmp_path / "21").mkdir()
    assert owners({99}, tmp_path) == {}
