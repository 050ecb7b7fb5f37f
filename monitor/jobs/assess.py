"""Judge new mentions, and decide what follows: a capture, an alert."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from monitor.domain import (
    AboutSubject,
    Alert,
    AlertKind,
    Assessment,
    CaptureRequest,
    Judgement,
    Level,
    Mention,
    Statement,
    Subject,
)
from monitor.matching import Matcher
from monitor.matching.danger import ADDRESS, THREAT, danger_near
from monitor.ports import Clock, Decision, Earlier, MentionStore

log = logging.getLogger("goodname.assess")

BATCH = 500

EVIDENCE_FIRST = timedelta(seconds=30)
"""An alert waits this long for its capture, so that it can carry the evidence's hash; no longer."""


BY_HAND = "by-hand"
"""The source of pages that a person added."""

ABOUT_FOR_DANGER = 50
"""How likely a text must be about the subject for a danger in it to count."""

HUNTED = "found in what was already collected, by a rule that changed since"
"""The reason that marks what a retro-hunt found."""


class Judging(Protocol):
    """Judge a mention against every watched subject."""

    def judge(self, mention: Mention) -> tuple[Judgement, ...]:
        """Give one judgement a subject whose name was found."""
        ...

    def names_anyone(self, mention: Mention) -> bool:
        """Tell whether `judge` could give anything at all; much quicker than judging."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """Hold what is watched for and what is told at once, as it was when the rules were read."""

    matcher: Judging
    subjects: Mapping[str, Subject]
    statements: Mapping[tuple[str, str], Statement] = field(default_factory=dict)
    min_level: Level = Level.LIKELY


def build_rules(
    subjects: Sequence[Subject], statements: Sequence[Statement], matcher: Matcher, min_level: Level
) -> Rules:
    """Put rules together; building the matcher is the dear part, so keep them until a subject or statement changes."""
    return Rules(
        matcher=matcher,
        subjects={subject.id: subject for subject in subjects},
        statements={(statement.subject_id, statement.id): statement for statement in statements},
        min_level=min_level,
    )


def run(store: MentionStore, rules: Rules, clock: Clock, *, batch: int = BATCH) -> int:
    """Judge up to one batch of mentions and keep what was decided; gives how many were judged."""
    mentions = store.unassessed(batch)
    if not mentions:
        return 0
    now = clock.now()
    earlier = store.earlier([mention.id for mention in mentions])
    store.save_decisions([decide_one(mention, rules, now, earlier.get(mention.id)) for mention in mentions])
    return len(mentions)


def decide_one(mention: Mention, rules: Rules, now: datetime, earlier: Mapping[str, Earlier] | None = None) -> Decision:
    """Decide what follows from one mention: assessments, the capture to ask for, the alerts to send.

    `earlier` says how the same revision was judged before, by subject; None when it is judged for the first time.
    What a changed rule raises above that is marked as found by a retro-hunt.
    """
    judged = [_marked(one, earlier, now) for one in _with_word_of_person(_judge(mention, rules), mention, earlier)]
    assessments = tuple(
        Assessment(
            mention_id=mention.id, revision=mention.revision, judgement=judgement, assessed_at=now, hunted_at=hunted_at
        )
        for judgement, hunted_at in judged
    )
    judgements, hunted = [one for one, _ in judged], {one.subject_id for one, at in judged if at == now}
    keep = [judgement for judgement in judgements if judgement.level is not Level.NONE]
    request = _capture_request(mention, keep, rules) if keep else None
    alerts = tuple(
        _alert(mention, judgement, now, is_hunted=judgement.subject_id in hunted)
        for judgement in keep
        if _is_danger(judgement) or judgement.level.rank >= max(rules.min_level.rank, Level.POSSIBLE.rank)
    )
    return Decision(
        mention_id=mention.id, revision=mention.revision, assessments=assessments, request=request, alerts=alerts
    )


def _judge(mention: Mention, rules: Rules) -> tuple[Judgement, ...]:
    try:
        return tuple(_with_danger(one, mention) for one in rules.matcher.judge(mention))
    except Exception:  # boundary: one odd text must not hold up the line
        log.exception("a mention could not be judged", extra={"mention": mention.id})
        return tuple(_unjudged(mention, subject) for subject in rules.subjects.values() if _names(mention, subject))


def _with_danger(judgement: Judgement, mention: Mention) -> Judgement:
    """Mark threats and given-away addresses near the name: they are told at once, whatever they repeat."""
    if judgement.about.score < ABOUT_FOR_DANGER:
        return judgement
    near_title = danger_near(f"{mention.title}\n{mention.text[:1000]}", judgement.about.title_spans)
    dangers = tuple(dict.fromkeys((*danger_near(mention.text, judgement.about.spans), *near_title)))
    if not dangers:
        return judgement
    level = max(judgement.level, Level.POSSIBLE, key=lambda one: one.rank)
    return replace(judgement, level=level, reasons=(*dangers, *judgement.reasons))


def _is_danger(judgement: Judgement) -> bool:
    return not {THREAT, ADDRESS}.isdisjoint(judgement.reasons)


def _with_word_of_person(
    judgements: Sequence[Judgement], mention: Mention, earlier: Mapping[str, Earlier] | None
) -> Sequence[Judgement]:
    """Let the word of whoever added a page by hand stand when the page is judged again."""
    if mention.source != BY_HAND or not earlier:
        return judgements
    found = {one.subject_id: one for one in judgements}
    added = {subject for subject, before in earlier.items() if before.level is not Level.NONE}
    return [
        *(one for one in judgements if one.subject_id not in added),
        *(as_added_by_hand(found.get(subject), subject) for subject in sorted(added)),
    ]


def as_added_by_hand(found: Judgement | None, subject_id: str) -> Judgement:
    """Make a judgement say what a person said by adding the page: it is about this subject, and worth a look."""
    reasons = ("a person added this page by hand",)
    return Judgement(
        subject_id=subject_id,
        about=AboutSubject(
            score=100,
            spans=found.about.spans if found else (),
            title_spans=found.about.title_spans if found else (),
            reasons=(*reasons, *(found.about.reasons if found else ())),
        ),
        matches=found.matches if found else (),
        level=found.level if found and found.level is not Level.NONE else Level.POSSIBLE,
        reasons=(*reasons, *(found.reasons if found else ())),
        matcher_version=found.matcher_version if found else "by hand",
    )


def _names(mention: Mention, subject: Subject) -> bool:
    text = f"{mention.title}\n{mention.text}".casefold()
    return any(name.casefold() in text for name in (subject.name, *subject.aliases))


def _unjudged(mention: Mention, subject: Subject) -> Judgement:
    """Leave a text that the matcher failed on to a person: the plain name is in it, nothing more is known."""
    reason = "this text could not be judged by the matcher; please look at it yourself"
    return Judgement(
        subject_id=subject.id,
        about=AboutSubject(score=50, reasons=(reason,)),
        matches=(),
        level=Level.POSSIBLE,
        reasons=(reason,),
        matcher_version="unjudged",
    )


def _marked(
    judgement: Judgement, earlier: Mapping[str, Earlier] | None, now: datetime
) -> tuple[Judgement, datetime | None]:
    """Say when a retro-hunt found this: now, when the level is higher than it was; else when it did before."""
    if earlier is None:
        return judgement, None
    before = earlier.get(judgement.subject_id)
    is_raised = judgement.level.rank > (before.level.rank if before else Level.NONE.rank)
    hunted_at = now if is_raised else before.hunted_at if before else None
    if hunted_at is None or judgement.level is Level.NONE:
        return judgement, None
    return replace(judgement, reasons=(*judgement.reasons, HUNTED)), hunted_at


def _alert(mention: Mention, judgement: Judgement, now: datetime, *, is_hunted: bool) -> Alert:
    return Alert(
        kind=AlertKind.MATCH,
        dedupe_key=f"match:{mention.id}:{judgement.subject_id}:{judgement.level.value}",
        created_at=now,
        subject_id=judgement.subject_id,
        mention_id=mention.id,
        level=judgement.level,
        next_attempt_at=now + EVIDENCE_FIRST,
        payload={
            **({"statement_id": judgement.best.statement_id} if judgement.best else {}),
            **({"hunted": True} if is_hunted else {}),
            **({"at_once": True} if _is_danger(judgement) else {}),
        },
    )


def _capture_request(mention: Mention, keep: Sequence[Judgement], rules: Rules) -> CaptureRequest:
    """Ask for one copy; where people of several clients are named, it is made for nobody in particular.

    A copy's manifest says for whom and why it was made, so one made for one client could not be handed to another.
    """
    named = [rules.subjects[one.subject_id] for one in keep if one.subject_id in rules.subjects]
    is_shared = len({one.client_id for one in named}) > 1
    first = None if is_shared else max(keep, key=lambda judgement: judgement.level.rank)
    quotes = dict.fromkeys(match.excerpt for judgement in keep for match in judgement.matches[:2])
    return CaptureRequest(
        id=0,
        mention_id=mention.id,
        revision=mention.revision,
        url=mention.url,
        subject_id=first.subject_id if first else "",
        quotes=tuple(quotes),
        anchor=mention.anchor,
        images=mention.media,
        facts=capture_facts(mention, first, rules),
    )


def capture_facts(mention: Mention, judgement: Judgement | None, rules: Rules) -> dict[str, str]:
    """Give what the manifest says of the mention and of why it is kept; text only, others' words as published."""
    author = mention.author
    facts = {
        "source": mention.source,
        "external_id": mention.external_id,
        "kind": mention.kind.value,
        "title": mention.title,
        "text": mention.text[:20_000],
        "author_name": author.name if author else "",
        "author_handle": author.handle if author else "",
        "author_id": author.external_id if author else "",
        "published_at": mention.published_at.isoformat() if mention.published_at else "",
        "published_precision": mention.published_precision.value,
        "first_seen_at": mention.first_seen_at.isoformat(),
        "content_sha256": mention.content_sha256,
        "raw_sha256": mention.raw_sha256,
    }
    if judgement:
        facts |= _judgement_facts(judgement, rules)
    return facts


def _judgement_facts(judgement: Judgement, rules: Rules) -> dict[str, str]:
    facts = {
        "subject": judgement.subject_id,
        "level": judgement.level.value,
        "about_score": str(judgement.about.score),
        "reasons": "; ".join((*judgement.about.reasons, *judgement.reasons)),
        "matcher_version": judgement.matcher_version,
    }
    subject = rules.subjects.get(judgement.subject_id)
    if subject and subject.attestation:
        given = subject.attestation
        facts["attestation"] = (
            f"{given.relation.value}, by {given.by}, on {given.on.isoformat()} {given.reference}".strip()
        )
    best = judgement.best
    if best:
        statement = rules.statements.get((best.subject_id, best.statement_id))
        facts |= {
            "statement_id": best.statement_id,
            "statement": statement.text if statement else "",
            "statement_score": str(best.score),
            "stance": best.stance.value,
            "excerpt": best.excerpt,
            "excerpt_span": f"{best.span[0]}-{best.span[1]} of {best.field}",
        }
    return facts
