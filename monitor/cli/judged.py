"""Show what was judged of a text and why; others' words stay veiled unless they are asked for."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from monitor.cli.screen import printable, say

if TYPE_CHECKING:
    from monitor.domain import Judgement, Match

VEIL = "(veiled; --reveal shows it)"
NEW_ALLEGATION = "new allegation"
_QUOTED = re.compile("“([^”]*)”")
_COUNTED = re.compile("(words that counted: ).*")


def veiled_reason(reason: str, *, reveal: bool, own: Collection[str] = ()) -> str:
    """Give a reason without the words it quotes, or as it is; `own` words (a name, a statement's id) always stay."""
    if reveal:
        return reason
    quoted = _QUOTED.sub(lambda found: found[0] if found[1] in own else "“…”", reason)
    return _COUNTED.sub(r"\1…", quoted)


def own_words(judgement: Judgement, name: str = "") -> frozenset[str]:
    """Give the words in a judgement's reasons that are the user's own and need no veil."""
    return frozenset((name, judgement.subject_id, *(match.statement_id for match in judgement.matches)))


def say_judgement(judgement: Judgement, name: str, *, reveal: bool) -> None:
    """Write one judgement: level, how sure it is about this one, each matching statement, and every reason."""
    about, own = judgement.about, own_words(judgement, name)
    say(f"{printable(name)} ({judgement.subject_id}): {judgement.level.value}")
    say(f"  about this one: {about.score} of 100")
    _say_reasons(about.reasons, own, reveal=reveal)
    for match in judgement.matches:
        _say_match(match, own, reveal=reveal)
    if judgement.reasons:
        say("  decided:")
        _say_reasons(judgement.reasons, own, reveal=reveal)
    if any(reason.startswith(NEW_ALLEGATION) for reason in judgement.reasons):
        subject = judgement.subject_id
        say(f'  Is it false? List it: goodname statement add "what it says, with the name" --subject {subject}')


def _say_match(match: Match, own: Collection[str], *, reveal: bool) -> None:
    place = f"{match.field} {match.span[0]}-{match.span[1]}"
    say(f"  statement {match.statement_id}: {match.score} of 100, {match.stance.value} ({place})")
    say(f"    {printable(match.excerpt) if reveal else VEIL}")
    _say_reasons(match.reasons, own, reveal=reveal)


def _say_reasons(reasons: Sequence[str], own: Collection[str], *, reveal: bool) -> None:
    for reason in reasons:
        say(f"    - {printable(veiled_reason(reason, reveal=reveal, own=own))}")


def judgement_json(judgement: Judgement, name: str = "", *, reveal: bool) -> dict[str, object]:
    """Give a judgement as JSON values; excerpts and quoting reasons are veiled unless asked for."""
    own = own_words(judgement, name)

    def veiled(reasons: Sequence[str]) -> list[str]:
        return [veiled_reason(reason, reveal=reveal, own=own) for reason in reasons]

    return {
        "subject": judgement.subject_id,
        "level": judgement.level,
        "about": {
            "score": judgement.about.score,
            "spans": judgement.about.spans,
            "title_spans": judgement.about.title_spans,
            "reasons": veiled(judgement.about.reasons),
        },
        "matches": [
            {
                "statement": match.statement_id,
                "score": match.score,
                "stance": match.stance,
                "field": match.field,
                "span": match.span,
                "excerpt": match.excerpt if reveal else None,
                "method": match.method,
                "reasons": veiled(match.reasons),
            }
            for match in judgement.matches
        ],
        "reasons": veiled(judgement.reasons),
        "matcher_version": judgement.matcher_version,
    }
