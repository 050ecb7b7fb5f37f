"""Take the words of a wiki page that speak of somebody, without its markup."""

from __future__ import annotations

import re

from connectors._entry import MAX_TEXT
from connectors._html import html_to_text

_TEMPLATE = re.compile(r"\{\{[^{}]{0,5000}\}\}")
_FILE = re.compile(r"\[\[(?:File|Image|Category|Datei|Fichier|Archivo)\s{0,5}:[^\[\]]{0,2000}\]\]", re.IGNORECASE)
_LINK = re.compile(r"\[\[(?:[^\[\]|]{0,500}\|)?([^\[\]|]{0,1000})\]\]")
_OUTER = re.compile(r"\[(?:https?:)?//[^\s\[\]]{1,2000}(?:\s([^\[\]]{0,1000}))?\]")
_QUOTES = re.compile(r"'{2,5}")
_LEADING = re.compile(r"^[*#:;|!\s]{1,50}")
_DEPTH = 3
_LONGEST = 20_000


def passages(source: str, term: str) -> str:
    """Give the paragraphs that hold every word of `term`, in order, at most 20,000 characters.

    When none does (the search also finds words apart from each other), it is the beginning.
    """
    words = term.casefold().split()
    lines = _lines(source[:MAX_TEXT])
    found = [line for line in lines if all(word in line.casefold() for word in words)]
    return "\n".join(found or lines[:20])[:_LONGEST]


def _lines(source: str) -> list[str]:
    text = _without_comments(source)
    for _ in range(_DEPTH):
        text = _TEMPLATE.sub(_values, text)
    text = _LINK.sub(r"\1", _FILE.sub(" ", text))
    text = _QUOTES.sub("", _OUTER.sub(r"\1", text))
    plain = (_LEADING.sub("", _heading(line)) for line in text.split("\n"))
    return [line for line in (html_to_text(one) for one in plain if one) if line]


def _without_comments(source: str) -> str:
    first, *others = source.split("<!--")
    return first + "".join(one.partition("-->")[2] for one in others)


def _values(found: re.Match[str]) -> str:
    """Keep what a template is given: readers see it somewhere, a citation's title for example."""
    _, *values = found[0][2:-2].split("|")
    return " " + " ".join(value.partition("=")[2] or value for value in values).replace("\n", " ") + " "


def _heading(line: str) -> str:
    bare = line.strip()
    return bare.strip("=").strip() if bare.startswith("=") and bare.endswith("=") else line
