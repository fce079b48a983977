"""A request's ledger as a bar of one line: a letter and a colour for each entry, never a colour alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.text import Text

COLOURS = {
    "kernel": "#D55E00",
    "loop": "#E69F00",
    "receive": "#8C6D31",
    "thread": "#CC79A7",
    "pool": "#0072B2",
    "upstream": "#56B4E9",
    "application": "#009E73",
}
"""As the report has them: Okabe and Ito's palette ("Color Universal Design", 2008)."""


def bar(ledger: Mapping[str, float], width: int) -> Text:
    """Return where a request's time went, in the order in which it lived it, `width` columns for all of it."""
    shares = cells([max(0.0, ledger.get(entry, 0.0)) for entry in COLOURS], width)
    text = Text()
    for (entry, colour), count in zip(COLOURS.items(), shares, strict=True):
        text.append(entry[0] * count, style=f"black on {colour}" if entry != "pool" else f"white on {colour}")
    return text


def cells(amounts: list[float], width: int) -> list[int]:
    """Return whole columns for each amount, `width` together; none where all are 0. What is largest loses least."""
    total = sum(amounts)
    if total <= 0:
        return [0] * len(amounts)
    ends = _rounded_ends(amounts, total, width)
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def legend(entries: Iterable[str] = COLOURS) -> Text:
    """Return what the letters and colours mean."""
    text = Text()
    for entry in entries:
        text.append_text(bar({entry: 1.0}, 1)).append(f" {entry}  ", style="dim")
    return text


def _rounded_ends(amounts: list[float], total: float, width: int) -> list[int]:
    sums, so_far = [], 0.0
    for amount in amounts:
        so_far += amount
        sums.append(round(so_far / total * width))
    return sums
