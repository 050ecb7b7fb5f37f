"""Draft letters: civil, without threats, each fact traceable to its exhibit. Pure; a person edits and sends.

Others' words stand quoted, line by line, as plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cases.exhibits import CaseExhibit
from monitor.domain import PaperKind, Subject
from monitor.errors import InputError

if TYPE_CHECKING:
    from jinja2 import Environment

LETTERS = (PaperKind.REMOVAL_REQUEST, PaperKind.CORRECTION_REQUEST, PaperKind.PRESERVATION_REQUEST)
"""What can be drafted as a letter."""

_NEEDS_FALSITY = frozenset({PaperKind.REMOVAL_REQUEST, PaperKind.CORRECTION_REQUEST})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """Say who writes; `letterhead` stands on top as it is."""

    name: str
    email: str = ""
    letterhead: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letterhead:
    """Hold what stands on top of a client's letters: plain text, and a PNG printed above it; both may be empty."""

    text: str = ""
    logo: bytes = field(default=b"", repr=False)


def no_letterhead(client_id: str) -> Letterhead:
    """Give an empty letterhead, whoever the client is."""
    return Letterhead()


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """Hold a letter as drafted, and what a person should still fill in."""

    subject_line: str
    body: str
    missing: tuple[str, ...]


def draft(
    kind: PaperKind,
    *,
    subject: Subject,
    exhibits: Sequence[CaseExhibit],
    addressee: str,
    sender: Sender,
    inaccuracy: str,
    written_on: date,
    reply_by: date | None = None,
) -> Draft:
    """Draft one letter; InputError when it is to nobody, or of a kind that is no letter.

    What is missing (who writes, what is false) is named and stands as a blank in the text.
    """
    if kind not in LETTERS:
        raise InputError(f"{kind.value} is no letter.", why="Letters: " + ", ".join(one.value for one in LETTERS) + ".")
    needs_falsity = kind in _NEEDS_FALSITY
    template = _environment().get_template(f"{kind.value}.txt.j2")
    context = template.new_context(
        {
            "subject": subject,
            "exhibits": exhibits,
            "addressee": _addressee(addressee),
            "letterhead": sender.letterhead.strip(),
            "sender_name": sender.name.strip() or "[your name]",
            "sender_email": sender.email.strip(),
            "inaccuracy": inaccuracy.strip() or ("[what is not true]" if needs_falsity else ""),
            "written_on": _day(written_on),
            "reply_by": _day(reply_by) if reply_by else "",
        }
    )
    subject_line = "".join(template.blocks["subject"](context)).strip()
    body = template.render(context.get_all()).strip() + "\n"
    missing = _missing(sender, inaccuracy, needs_falsity=needs_falsity)
    return Draft(subject_line=_one_line(subject_line), body=body, missing=missing)


def _addressee(given: str) -> str:
    addressee = _one_line(given)
    if not addressee:
        raise InputError(
            "It is not said to whom this letter goes.",
            why="A letter needs an addressee: the poster, the site's owner, a webmaster.",
            try_='Add --to "NAME OR ROLE".',
        )
    return addressee


def _missing(sender: Sender, inaccuracy: str, *, needs_falsity: bool) -> tuple[str, ...]:
    missing = []
    if not sender.name.strip():
        missing.append("who writes: --from NAME")
    if needs_falsity and not inaccuracy.strip():
        missing.append("what is not true about it: --false TEXT")
    return tuple(missing)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 # needed with the first letter

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=False,  # noqa: S701 # the outcome is plain text, and is shown as such
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "count": lambda number, one, more: f"{'a' if number == 1 else number} {one if number == 1 else more}",
        "these": lambda number, one, more: one if number == 1 else more,
        "one_line": _one_line,
        "quoted": _quoted,
        "paragraphs": lambda text: "\n".join(text.splitlines()),
        "upper_first": lambda text: text[:1].upper() + text[1:],
        "when": _when,
        "kept": _kept,
    }
    return environment


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    return "\n".join(f"     > {line}" for line in text.splitlines() or [""])


def _when(exhibit: CaseExhibit) -> str:
    if exhibit.published_at is None:
        return f"first seen on {_day(exhibit.first_seen_at.date())}"
    about = "about " if exhibit.precision == "estimated" else ""
    return f"published on {about}{_day(exhibit.published_at.date())} (UTC)"


def _kept(exhibit: CaseExhibit) -> str:
    capture = exhibit.capture
    if capture is None:
        return "[no copy is kept yet]"
    return f"{_day(capture.captured_at.date())}, SHA-256 of its list of files {capture.manifest_sha256}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
