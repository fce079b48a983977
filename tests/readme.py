"""What a page in Markdown is made of: its sections, blocks, tables, links and names in code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    """Return a page at the top of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[tuple[str, str]]:
    """Return the language and the text of each fenced block."""
    return BLOCK.findall(text)


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    return BLOCK.sub("", text)


def sections(text: str) -> dict[str, str]:
    """Return the text under each heading, without fenced blocks; what comes before the first is under the title."""
    parts = re.split(r"^#+ (.*)\n", prose(text), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def tables(section: str) -> list[list[list[str]]]:
    """Return the cells of each table, its head first; without the backticks around a cell."""
    found = re.findall(r"(?:^\|.*\n)+", section + "\n", re.MULTILINE)
    return [[_cells(line) for line in table.splitlines() if not line.startswith("|---")] for table in found]


def _cells(line: str) -> list[str]:
    return [cell.strip(" `") for cell in line.removeprefix("|").removesuffix("|").split("|")]


def links(section: str) -> list[str]:
    """Return what is linked to, pictures and bare addresses too, sorted."""
    text = re.sub(r"`[^`]*`", "", section)
    return sorted(re.findall(r"\]\(([^)]*)\)", text) + re.findall(r"(?<!\]\()https?://[^\s|)]*[\w/]", text))


def names(section: str) -> set[str]:
    """Return what stands in backticks."""
    return set(re.findall(r"`([^`]+)`", section))
