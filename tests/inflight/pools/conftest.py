"""Real databases for tests of their pools: the machine's own PostgreSQL and redis, each on a free port."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.eventually import eventually

UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def find(program: str) -> str:
    """Return the program's path, also where Debian keeps it off the PATH; skip the test where it is missing."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    found = str(places[-1]) if places else shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


@pytest.fixture(scope="session")
def postgresql() -> Iterator[int]:
    """The port of a PostgreSQL server with a database and user `postgres`, without a password."""
    initdb, postgres = find("initdb"), find("postgres")
    user = pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    as_user: dict[str, Any] = (
        {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    )
    with TemporaryDirectory() as folder:
        os.chown(folder, user.pw_uid, user.pw_gid)
        data, port = f"{folder}/data", free_port()
        initialise = [initdb, "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(initialise, cwd=folder, check=True, capture_output=True, timeout=60, **as_user)
        serve = [postgres, "-D", data, "-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1", "-F"]
        server = subprocess.Popen(serve, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_user)
        try:
            eventually(lambda: _ready(port), True)
            yield port
        finally:
            server.send_signal(signal.SIGINT)  # it waits for no client
            server.wait(20)


def _ready(port: int) -> bool:
    import psycopg

    try:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="session")
def redis_server() -> Iterator[int]:
    """The port of a redis server."""
    program, port = find("redis-server"), free_port()
    with TemporaryDirectory() as folder:
        serve = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        server = subprocess.Popen(serve, stdout=subprocess.DEVNULL)
        try:
            eventually(lambda: listens(port), True)
            yield port
        finally:
            server.terminate()
            server.wait(20)
