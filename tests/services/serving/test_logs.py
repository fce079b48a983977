"""The services' logs: the article's lines for people, an object a line for machines."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO, TextIOWrapper

import pytest

from services.serving import logs
from services.serving.logs import JsonFormatter, Log
from tests.client import get
from tests.eventually import eventually
from tests.ports import free_ports, listened_on
from tests.stage import Stage

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
LOGGERS = ("uvicorn", "uvicorn.access")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """What a test configures does not outlive it."""
    root = logging.getLogger()
    before = [
        (each, list(each.handlers), each.level, each.propagate) for each in (root, *map(logging.getLogger, LOGGERS))
    ]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


def test_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Time with milliseconds, a hyphen, the message: on standard output, as the article shows it."""
    log = Log("info", "text")
    log.start()
    logging.getLogger("services.gateway.sync").info("Received %s Request!!", "task1")
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("services").info("%(done)d of %(all)d", {"done": 1, "all": 2})
    logging.getLogger("services").debug("unheard")
    log.finish()
    first, second, third = capsys.readouterr().out.splitlines()
    assert re.fullmatch(f"{TIME} - Received task1 Request!!", first)
    assert second == "INFO:     Started"
    assert re.fullmatch(f"{TIME} - 1 of 2", third)


def test_lines_that_nothing_reads_are_bounded_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """A reader that stops reading costs lines, not memory; the first that it reads again says how many."""
    log = Log("info", "text")
    for number in range(logs.MOST + 10):
        logging.getLogger("services").info("line %d", number)
    log.start()
    log.finish()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == logs.MOST + 1
    lost = re.fullmatch(r"(\d+) log lines were lost here: they were not read as fast as written", lines[0])
    assert lost
    assert int(lost[1]) >= 10  # what else this process logs meanwhile is lost, too


def test_a_service_whose_lines_nothing_reads_ends_all_the_same() -> None:
    """With 0: Python's own end would abort while a thread writes (`_enter_buffered_busy`), or write and wait itself."""
    ((port, admin_port),) = free_ports(1)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    settings = {"PORT": str(port), "ADMIN_PORT": str(admin_port), "DELAY": "0", "PYTHONUNBUFFERED": ""}
    process = subprocess.Popen(
        [sys.executable, "-m", "services.backend"], stdout=writing, env={**os.environ, **settings}
    )
    try:
        eventually(lambda: listened_on(port), wanted=True)
        for number in range(60):
            assert get(f"http://127.0.0.1:{port}/task{number}").status == 200
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(reading)
        os.close(writing)


def test_what_the_outputs_encoding_lacks_costs_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign name in one line, on a terminal of another time: all lines are there."""
    out = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(out, encoding="ascii"))
    log = Log("info", "text")
    log.start()
    for word in ("before", "caf\u00e9", "after"):
        logging.getLogger("services.test").info(word)
    log.finish()
    assert [line.split(" - ")[1] for line in out.getvalue().decode().splitlines()] == ["before", "caf\\xe9", "after"]


def test_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Every logger's lines are JSON, uvicorn's too."""
    log = Log("debug", "json")
    log.start()
    for name in ("services", "uvicorn.error"):
        logging.getLogger(name).debug('a "quoted"\nline')
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", "/task1", "1.1", 200)
    log.finish()
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [entry["message"] for entry in entries] == ['a "quoted"\nline'] * 2 + [
        '1.2.3.4:5 - "GET /task1 HTTP/1.1" 200'
    ]
    assert [entry["logger"] for entry in entries] == ["services", "uvicorn.error", "uvicorn.access"]
    assert {entry["level"] for entry in entries} == {"debug", "info"}
    assert all(datetime.fromisoformat(entry["time"]).tzinfo == UTC for entry in entries)


def test_a_traceback_is_an_entry_of_its_object() -> None:
    """It does not break the line."""
    try:
        1 / 0  # noqa: B018 - it is to fail
    except ZeroDivisionError:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed", None, sys.exc_info())
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert "ZeroDivisionError: division by zero" in json.loads(line)["traceback"]


def test_services_log_as_they_are_told(stage: Stage) -> None:
    """A backend for people and a gateway for machines: both say that they received, and sent."""
    backend = stage.backend(delay=0)
    gateway = stage.gateway("async", backend, log_format="json")
    get(f"{gateway.url}/task1")

    def lines(speaker: str) -> list[str]:
        return [line for who, line in stage.said if who == speaker and "task1" in line]

    eventually(lambda: (len(lines("backend")), len(lines("async-gateway"))), (3, 3))
    received, sent, access = lines("backend")
    assert re.fullmatch(f"{TIME} - Received task1 Request!!", received)
    assert re.fullmatch(f"{TIME} - Send task1 response", sent)
    assert re.fullmatch(r'INFO:     127\.0\.0\.1:\d+ - "GET /task1 HTTP/1\.1" 200 OK', access)
    messages = [json.loads(line)["message"] for line in lines("async-gateway")]
    assert messages[:2] == ["Received task1 Request!!", "Send task1 response"]
    assert messages[2].endswith('"GET /task1 HTTP/1.1" 200')
