"""Turn judgements into the JSON objects that the match command writes; their fields are kept, new ones may be added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.domain import AboutSubject, Judgement, Level, Match

Json = dict[str, Any]  # JSON objects as json.dumps takes them; the shape is given in `verdict`


def verdict(mention_id: str | int, judgements: Sequence[Judgement], *, language: str = "") -> Json:
    """Give {"id", "level", "mentions": [...], "matches": [...]} for one post; the level is the highest of all subjects.

    A mention has "subject", "score", "level", "spans", "title_spans" and "reasons"; a match has "subject",
    "statement", "score", "stance", "field", "span", "excerpt", "method" and "reasons".
    """
    if not judgements:
        return {"id": mention_id, "level": Level.NONE.value, "mentions": [], "matches": []}
    level = max((judgement.level for judgement in judgements), key=lambda found: found.rank, default=Level.NONE)
    matches = [match for judgement in judgements for match in judgement.matches]
    out: Json = {
        "id": mention_id,
        "level": level.value,
        "mentions": [_mention(judgement.subject_id, judgement.about, judgement) for judgement in judgements],
        "matches": [_match(match) for match in sorted(matches, key=lambda match: -match.score)],
    }
    if language:
        out["language"] = language
    return out


def _mention(subject_id: str, about: AboutSubject, judgement: Judgement) -> Json:
    return {
        "subject": subject_id,
        "score": about.score,
        "level": judgement.level.value,
        "spans": [list(span) for span in about.spans],
        "title_spans": [list(span) for span in about.title_spans],
        "reasons": [*about.reasons, *judgement.reasons],
    }


def _match(match: Match) -> Json:
    return {
        "subject": match.subject_id,
        "statement": match.statement_id,
        "score": match.score,
        "stance": match.stance.value,
        "field": match.field,
        "span": list(match.span),
        "excerpt": match.excerpt,
        "method": match.method,
        "reasons": list(match.reasons),
    }


def fault(line: int, why: str, mention_id: str | int | None = None) -> Json:
    """Give the verdict of a line that could not be read: level none, "error" in words, its line number from 1."""
    return {"id": mention_id, "level": "none", "mentions": [], "matches": [], "line": line, "error": why}
