"""The README in Japanese says what the README says: what no translation changes is the same on both pages."""

from __future__ import annotations

import re

import pytest

from tests.readme import blocks, links, names, page, prose, sections, tables

ENGLISH, JAPANESE = page("README.md"), page("README.ja.md")
SECTIONS = list(zip(sections(ENGLISH).items(), sections(JAPANESE).items(), strict=False))
SAME_COLUMNS = {"type", "labels", "default", "of", "port", "admin port"}
"""Heads of the columns that are no prose, beside the first one."""
WORDS = {
    "all": "すべて",
    "services": "サービス",
    "unset": "未設定",
    "the three gateways": "3つのゲートウェイ",
    "sender, as a service": "sender\uff08サービスとして動かす場合\uff09",
}
"""The cells of those columns that are words."""
LETTER = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")

each_section = pytest.mark.parametrize(
    ("english", "japanese"),
    [(english, japanese) for (_, english), (_, japanese) in SECTIONS],
    ids=[heading for (heading, _), _ in SECTIONS],
)


def same_columns(table: list[list[str]], wanted: list[int]) -> list[list[str]]:
    return [[WORDS.get(row[column], row[column]) for column in wanted] for row in table[1:]]


def test_each_page_links_to_the_other() -> None:
    """The link is the line under the title."""
    assert ENGLISH.splitlines()[:3] == ["# inflight-lab", "", "[日本語](README.ja.md)"]
    assert JAPANESE.splitlines()[:3] == ["# inflight-lab", "", "[English](README.md)"]


def test_the_sections_are_the_same() -> None:
    """There are as many on both pages, at the same levels, and every heading but the title is in Japanese."""
    levels = [re.findall(r"^(#+) ", prose(text), re.MULTILINE) for text in (ENGLISH, JAPANESE)]
    assert levels[0] == levels[1]
    assert len(levels[0]) == len(SECTIONS) > 10
    assert [heading for heading in list(sections(JAPANESE))[1:] if not LETTER.search(heading)] == []


def test_the_blocks_are_the_same() -> None:
    """Commands, programs and outputs stand there to the letter, in the same order."""
    assert blocks(JAPANESE) == blocks(ENGLISH)
    assert "sh" in dict(blocks(ENGLISH))


def test_each_block_is_in_the_same_section() -> None:
    """A command stands under the translation of its own heading."""
    places = [
        [len(blocks(part)) for part in re.split(r"^## ", text, flags=re.MULTILINE)] for text in (ENGLISH, JAPANESE)
    ]
    assert places[0] == places[1]


@each_section
def test_the_tables_are_the_same(english: str, japanese: str) -> None:
    """Each row is there, with the same name, type, labels, default, programs and ports."""
    ours, theirs = tables(english), tables(japanese)
    assert len(ours) == len(theirs)
    for our, their in zip(ours, theirs, strict=True):
        wanted = [column for column, head in enumerate(our[0]) if column == 0 or head in SAME_COLUMNS]
        assert same_columns(their, wanted) == same_columns(our, wanted)


@each_section
def test_the_links_are_the_same(english: str, japanese: str) -> None:
    """Each section leads to the same places; the pages' links to each other are left out."""
    assert [link for link in links(japanese) if link != "README.md"] == [
        link for link in links(english) if link != "README.ja.md"
    ]


@each_section
def test_the_names_are_the_same(english: str, japanese: str) -> None:
    """Commands, files, metrics, settings and endpoints in the prose are those of the section in English."""
    assert names(japanese) == names(english)


@each_section
def test_nothing_is_left_in_english(english: str, japanese: str) -> None:
    """There are as many list items and each line has Japanese in it, but for the link and the tables' names."""
    items = [len(re.findall(r"^- ", text, re.MULTILINE)) for text in (english, japanese)]
    assert items[0] == items[1]
    left = [line for line in japanese.splitlines() if line and not line.startswith("|") and not LETTER.search(line)]
    assert [line for line in left if line != "[English](README.md)"] == []
