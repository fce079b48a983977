"""The dev images' entry point, on a small program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import pytest

from tests.eventually import eventually
from tests.k8s.rendering import K8S

PROGRAM = "from pathlib import Path\nimport signal\nPath('said').open('a').write('{word}\\n')\nsignal.pause()\n"
LOOKS = 0.5
"""Seconds in which the reloader looks at the files several times."""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program under the reloader, in a directory that has its code already."""
    package = tmp_path / "services" / "hello"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM.format(word="first"))
    (tmp_path / "said").touch()
    command = [sys.executable, "-B", str(K8S / "components" / "live-code" / "reload.py"), "services.hello"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def test_saved_code_runs(program: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """Each save runs the new code, after one with a mistake too; SIGTERM ends it all."""
    said, main = tmp_path / "said", tmp_path / "services" / "hello" / "__main__.py"
    eventually(said.read_text, wanted="first\n")
    main.write_text(PROGRAM.format(word="second"))
    eventually(said.read_text, wanted="first\nsecond\n")
    main.write_text(PROGRAM.format(word="wrong").replace("signal.pause()", "1 / 0"))
    eventually(said.read_text, wanted="first\nsecond\nwrong\n")
    main.write_text(PROGRAM.format(word="missing").replace("signal.pause()", "open('no-such-file')"))
    eventually(said.read_text, wanted="first\nsecond\nwrong\nmissing\n")
    sleep(LOOKS)
    assert said.read_text() == "first\nsecond\nwrong\nmissing\n"
    main.write_text(PROGRAM.format(word="third"))
    eventually(said.read_text, wanted="first\nsecond\nwrong\nmissing\nthird\n")
    program.terminate()
    assert program.wait(20) == 0


def test_a_new_pod_says_that_it_runs_the_image_s_code(tmp_path: Path) -> None:
    """Its volume is empty and is filled from the image; code that is there stays, and nothing is said."""
    seed, code = tmp_path / "seed", tmp_path / "app"
    for top in ("services", "inflight"):
        (seed / top).mkdir(parents=True)
        (seed / top / "__init__.py").touch()
    (seed / "services" / "__main__.py").write_text("print('the program runs', flush=True)\n")
    code.mkdir()
    first, second = said_first(seed, code), said_first(seed, code)
    assert first.startswith("reload: this pod is new and runs the image's code; ")
    assert second == "the program runs\n"
    assert (code / "inflight" / "__init__.py").exists()


def said_first(seed: Path, code: Path) -> str:
    """Run the reloader in a directory and return the first line that it prints."""
    script = (K8S / "components" / "live-code" / "reload.py").read_text().replace('Path("/seed")', f'Path("{seed}")')
    with subprocess.Popen(
        [sys.executable, "-B", "-c", script, "services"], cwd=code, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
    return line
