"""Standard output that cannot be written any more, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from inflight.terminal.output import Output
console = Output()
for _ in range(3):
    console.print("[bold]a line[/] of caf\u00e9 :key:")
print("the work went on", file=sys.stderr)
"""


def run(shell: str, **environment: str) -> tuple[int, str, str]:
    """Return the exit code, the output and the errors of the program, whose command line ends with `shell`."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -c "$0" {shell}', PROGRAM],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode()


def test_what_is_printed_is_what_was_meant() -> None:
    """Markup is the command's own; nothing is taken for the name of an emoji."""
    assert run("") == (0, "a line of caf\u00e9 :key:\n" * 3, "the work went on\n")


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux'")
def test_a_full_disk_is_a_line() -> None:
    """The reason, once; then silence."""
    errors = "cannot write the output: no space left on device\nthe work went on\n"
    assert run(">/dev/full") == (0, "", errors)


@pytest.mark.parametrize("shell", ["| true", ">&-"], ids=["nobody reads", "closed"])
def test_where_nobody_reads_there_is_silence(shell: str) -> None:
    """Also where it was closed before the program began."""
    assert run(shell) == (0, "", "the work went on\n")


def test_what_the_encoding_lacks_is_a_question_mark() -> None:
    """A terminal of another time must not end the work."""
    code, output, errors = run("", PYTHONIOENCODING="ascii")
    assert (code, errors) == (0, "the work went on\n")
    assert output == "a line of caf? :key:\n" * 3
