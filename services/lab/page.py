"""An experiment's report: one HTML file in the style of the demo's, which asks the network for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from inflight.report.palette import LOOKS
from inflight.report.parts import common
from inflight.report.prose import markup
from inflight.report.run import Verdict
from inflight.report.swatch import swatch
from inflight.report.table import verdict as verdict_of
from inflight.terminal.files import write_file

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src $policy; style-src 'unsafe-inline'; \
img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>lab: $title</title>
<link rel="icon" href="data:,">
<style>$style</style>
</head>
<body>
$definitions
<main>
<header><p class="eyebrow">inflight-lab</p><h1>$title</h1><p class="lede">$lede</p><dl>$facts</dl></header>
$sections
<footer><p>Written by <code>lab</code>. This file is all there is: it asks the network for nothing.</p></footer>
</main>
<script>$plotly</script>
<script>$draw</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, as HTML."""

    heading: str
    html: str


def write_page(path: Path, title: str, lede: str, facts: Mapping[str, str], sections: Iterable[Section]) -> None:
    """Write the page. In `lede`, what stands in backticks becomes code. Raises FileError."""
    page = Template(PAGE).substitute(
        common(),
        title=escape(title),
        lede=markup(lede),
        facts="".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in facts.items()),
        sections="".join(f"<section><h2>{escape(each.heading)}</h2>{each.html}</section>" for each in sections),
    )
    write_file(path, page)


def paragraphs(*texts: str) -> str:
    """Return texts as paragraphs; what stands in backticks becomes code."""
    return "".join(f"<p>{markup(text)}</p>" for text in texts)


def verdicts(found: Mapping[str, Verdict]) -> str:
    """Return what was found of each name."""
    return "".join(
        f'<section class="target"><header><h3>{escape(name)}</h3>{verdict_of(verdict)}</header></section>'
        for name, verdict in found.items()
    )


def columns(charts: Iterable[tuple[str, str]]) -> str:
    """Return charts side by side, each with its title."""
    parts = "".join(f"<section><h3>{escape(title)}</h3>{html}</section>" for title, html in charts)
    return f'<div class="columns">{parts}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of figures; the first column are words."""
    top = "".join(
        f'<th scope="col" style="text-align:{"right" if place else "left"}">{escape(cell)}</th>'
        for place, cell in enumerate(head)
    )
    lines = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'


def legend(entries: Iterable[str]) -> str:
    """Return how each entry of a ledger is drawn, and what it means."""
    items = "".join(
        f"<li>{swatch(entry)}<h3>{escape(entry)}</h3><p>{escape(LOOKS[entry].meaning)}</p></li>" for entry in entries
    )
    return f'<ol class="stations">{items}</ol>'
