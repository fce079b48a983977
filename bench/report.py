"""What is left of a run: the tables on the terminal, the files, and what bench/README.md shows of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.picture import picture
from bench.table import GOAL_HEADERS, HEADERS, cost, judged, markdown, notes, terminal
from inflight.terminal.errors import CommandError, reason
from inflight.terminal.output import Output

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
KEPT = HERE / "results" / "latest.json"
PICTURE = HERE / "picture.svg"
BEGIN, END = "<!-- the last kept run -->\n", "<!-- end of the last kept run -->\n"


def write(results: dict[str, Any], folder: Path) -> list[Path]:
    """Write the raw results, the tables and the picture; return the files. Raises CommandError."""
    contents = {"results.json": _json(results), "table.md": page(results), "picture.svg": picture(results)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            if text is not None:
                (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write to {folder}: {reason(error)}") from error
    return [folder / name for name, text in contents.items() if text is not None]


def show(results: dict[str, Any], files: list[Path]) -> None:
    """Print the tables; where nobody looks on they are Markdown, for a file or another program."""
    console: Console = Output()
    if not console.is_terminal:
        console.print(page(results), markup=False, highlight=False, soft_wrap=True)
    else:
        for title, headers, rows in _tables(results):
            console.print(terminal(title, headers, rows))
        for note in notes(results):
            console.print(note, markup=False, highlight=False)
    for file in files:
        console.print(str(file), markup=False, highlight=False, soft_wrap=True)


def page(results: dict[str, Any]) -> str:
    """Return the run as Markdown: its tables, then the notes."""
    tables = [f"**{title}**\n\n{markdown(headers, rows)}\n" for title, headers, rows in _tables(results)]
    return "\n".join([*tables, *(f"- {note}" for note in notes(results))]) + "\n"


def keep(results: dict[str, Any]) -> None:
    """Make this run the one that the README shows: its results, its picture, its tables.

    A busy machine is said in it. Raises CommandError for a run of which a part failed.
    """
    if results["failed"]:
        raise CommandError(f"not kept, because {', '.join(results['failed'])} failed; bench/README.md is as it was")
    KEPT.write_text(_json(results))
    drawn = picture(results)
    if drawn is not None:
        PICTURE.write_text(drawn, encoding="utf-8")
    README.write_text(replaced(README.read_text(encoding="utf-8"), page(results)), encoding="utf-8")


def replaced(readme: str, text: str) -> str:
    """Return the README with `text` between its two marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def _tables(results: dict[str, Any]) -> list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    tables = [
        ("What each adds to a request, in microseconds of processor time", HEADERS, cost(results)),
        ("The goals", GOAL_HEADERS, judged(results)),
    ]
    return [(title, headers, rows) for title, headers, rows in tables if rows]


def _json(results: dict[str, Any]) -> str:
    return json.dumps(results, indent=1) + "\n"
