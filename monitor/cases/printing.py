"""Print letters, notices and packets as PDF/A."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from monitor.cases.exhibits import CaseExhibit
from monitor.cases.notices import Filled
from monitor.cases.picture import spread_svg
from monitor.cases.registry import Platform
from monitor.cases.spread import Spread
from monitor.domain import Paper
from monitor.pdf import Printed, print_pdf

_TEMPLATES = Path(__file__).with_name("templates")


def print_letter(paper: Paper, *, logo: bytes = b"") -> Printed:
    """Print one version of a letter, dated when it was written, below a logo (PNG) when one is given.

    PrintingFailed without the package that prints, or for a picture that cannot be drawn.
    """
    facts = {
        "title": paper.subject_line,
        "version": str(paper.version),
        "lines": paper.body.splitlines(),
        "has_logo": bool(logo),
    }
    return print_pdf(
        _TEMPLATES / "letter.typ", facts, at=paper.written_at, pictures={"logo.png": logo} if logo else None
    )


def notice_facts(filled: Filled, exhibits: Sequence[CaseExhibit], *, case_id: int, at: datetime) -> dict[str, Any]:
    """Give what a notice prints, as JSON values."""
    platform = filled.platform
    return {
        "title": filled.kind.title,
        "case": str(case_id),
        "made_at": f"{at:%Y-%m-%d %H:%M} UTC",
        "to": _addressee(platform, exhibits),
        "exhibits": [[one.label, one.url] for one in exhibits],
        "mention_ids": [one.mention_id for one in exhibits],
        "route": "" if platform is None else platform.route,
        "note": "" if platform is None else platform.note,
        "after": filled.kind.after,
        "is_complete": filled.is_complete,
        "missing": [[part.label, part.reference, part.ask] for part in filled.missing],
        "unverified": list(filled.unverified),
        "parts": [
            {"fact": part.fact, "label": part.label, "reference": part.reference, "ask": part.ask, "value": part.value}
            for part in filled.parts
        ],
    }


def _addressee(platform: Platform | None, exhibits: Sequence[CaseExhibit]) -> str:
    if platform is None:
        return "the addressee"
    if platform.domains or not exhibits:
        return platform.title
    return f"{urlsplit(exhibits[0].url).hostname}: {platform.title[:1].lower()}{platform.title[1:]}"


def notice_text(facts: dict[str, Any]) -> str:
    """Give a notice as plain text, for a form's field or a mail; what is missing is named on top."""
    lines = [facts["title"], f"To: {facts['to']}", f"By this route: {facts['route'] or 'see the remark'}", ""]
    if facts["missing"]:
        lines += [
            "NOT COMPLETE. Missing:",
            *(f"- {label} ({rule}). {ask}" for label, rule, ask in facts["missing"]),
            "",
        ]
    if facts["unverified"]:
        lines += ["Not compared with its source yet: " + "; ".join(facts["unverified"]), ""]
    for part in facts["parts"]:
        lines += [f"{part['label']} ({part['reference']}):", part["value"] or "[missing]", ""]
    return "\n".join([*lines, facts["after"], ""])


def print_notice(facts: dict[str, Any], at: datetime) -> Printed:
    """Print a notice from `notice_facts`."""
    return print_pdf(_TEMPLATES / "notice.typ", facts, at=at)


def print_packet(facts: dict[str, Any], spread: Spread, at: datetime) -> Printed:
    """Print the packet for counsel from `monitor.cases.packet.packet`."""
    picture = spread_svg(spread).encode("utf-8", "replace")
    return print_pdf(_TEMPLATES / "packet.typ", facts, at=at, pictures={"spread.svg": picture})
