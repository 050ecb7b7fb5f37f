"""Judge one mention for one subject: pure, no clock, no state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from monitor.domain import AboutSubject, Judgement, Level, Match, Mention, Span, Stance, Statement, Subject
from monitor.matching import about
from monitor.matching.allegation import new_allegation
from monitor.matching.encoder import Encoder
from monitor.matching.gate import Gate, NameHit
from monitor.matching.languages import language_of
from monitor.matching.stance import StanceFound, judge_stance
from monitor.matching.statements import Scored, Scorer, Wording, candidates, wordings
from monitor.matching.thresholds import Thresholds

MATCHER_VERSION = "2"
_LOWERED = frozenset({Stance.DENIAL, Stance.QUESTION, Stance.REBUTTAL, Stance.REVERSED})
_MOST_MATCHES = 10
_EXCERPT = 400


@dataclass(frozen=True, slots=True)
class Found:
    """Hold the names of one subject that the gate found in a mention's title and text."""

    title: tuple[NameHit, ...]
    text: tuple[NameHit, ...]


def decide(
    mention: Mention,
    subject: Subject,
    statements: Sequence[Statement],
    thresholds: Thresholds = Thresholds(),  # noqa: B008 - frozen, so sharing one is safe
) -> Judgement:
    """Judge one mention for one subject.

    Always gives a judgement: where no form of the name is found, its about score is 0 and the reasons say so. Spans
    are offsets into `mention.text` or, for `field` "title", into `mention.title`. Statements of other subjects are
    left out.
    """
    gate = _gate_for(subject)
    found = Found(tuple(gate.search(mention.title)), tuple(gate.search(mention.text)))
    return judge(mention, subject, wordings(subject, tuple(statements)), thresholds, found)


@lru_cache(maxsize=2048)
def _gate_for(subject: Subject) -> Gate:
    return Gate((subject,))


def judge(
    mention: Mention,
    subject: Subject,
    ready: Sequence[Wording],
    thresholds: Thresholds,
    found: Found,
    encoder: Encoder | None = None,
) -> Judgement:
    """Judge a mention in which the gate has already looked for names."""
    in_title, in_text = about.best_hits(found.title, mention.title), about.best_hits(found.text, mention.text)
    places = [(hit, mention.title) for hit in in_title] + [(hit, mention.text) for hit in in_text]
    evidence = about.weigh(subject, places, mention.title, mention.text, author=mention.author)
    scorer = Scorer(ready, encoder)
    matches = _matches(mention, subject, scorer, in_title, in_text) if evidence.score else []
    matches = [match for match in matches if match.score >= thresholds.possible // 2]
    score, reasons = _lean(evidence, matches, thresholds)
    language = language_of(mention.text or mention.title)
    named = [about.describe(*place) for place in places] or [_not_named(subject)]
    subject_about = AboutSubject(
        score=score,
        spans=tuple((hit.start, hit.end) for hit in in_text),
        title_spans=tuple((hit.start, hit.end) for hit in in_title),
        reasons=(*dict.fromkeys(named), *reasons),
    )
    level, why = _level(subject_about, evidence, matches, thresholds)
    may_accuse = level is Level.NONE and score >= thresholds.about_min and not evidence.is_own_words
    if may_accuse and (accusation := new_allegation(mention.text, subject_about.spans)):
        level = Level.POSSIBLE
        why.append(f"new allegation: “{accusation}” near the name, not among the listed statements")
    if language:
        why.append(f"language: {language}")
    return Judgement(
        subject_id=subject.id,
        about=subject_about,
        matches=tuple(matches[:_MOST_MATCHES]),
        level=level,
        reasons=tuple(why),
        matcher_version=MATCHER_VERSION,
    )


def _not_named(subject: Subject) -> str:
    return f"no form of the name “{subject.name}” found"


def _matches(
    mention: Mention,
    subject: Subject,
    scorer: Scorer,
    in_title: Sequence[NameHit],
    in_text: Sequence[NameHit],
) -> list[Match]:
    best: dict[str, Match] = {}
    for field, content, hits in (("title", mention.title, in_title), ("text", mention.text, in_text)):
        spans = [(hit.start, hit.end) for hit in hits]
        for scored in scorer.score(content, candidates(content, spans)):
            match = _match(subject, scored, content, field, spans, method=scorer.method)
            known = best.get(match.statement_id)
            if known is None or match.score > known.score:
                best[match.statement_id] = match
    return sorted(best.values(), key=lambda match: -match.score)


def _match(subject: Subject, scored: Scored, content: str, field: str, spans: Sequence[Span], *, method: str) -> Match:
    start, end = scored.candidate.span
    found: StanceFound = judge_stance(content, scored.candidate.span, spans, scored.wording.passage)
    reasons = []
    if scored.likeness.counted:
        reasons.append(f"words that counted: {', '.join(scored.likeness.counted[:8])}")
    if scored.wording.text != scored.wording.statement.text:
        reasons.append(f"closest wording: “{scored.wording.text[:200]}”")
    if found.cue:
        reasons.append(f"stance {found.stance}: “{found.cue}”")
    return Match(
        subject_id=subject.id,
        statement_id=scored.wording.statement.id,
        score=round(100 * scored.score),
        stance=found.stance,
        method=method,
        excerpt=content[start:end][:_EXCERPT],
        span=(start, end),
        field=field,
        reasons=tuple(reasons),
    )


def _lean(evidence: about.Evidence, matches: Sequence[Match], thresholds: Thresholds) -> tuple[int, list[str]]:
    """Let a strong statement match settle what an ambiguous name leaves open."""
    reasons = list(evidence.reasons)
    best = matches[0].score if matches else 0
    if not evidence.may_lean or best < thresholds.likely or evidence.score >= 90:
        return evidence.score, reasons
    raised = round(100 - (100 - evidence.score) * (0.65 if best < 80 else 0.55))
    if evidence.score < thresholds.about_likely:
        reasons.append("the text retells a listed statement, which makes the subject likelier")
    return raised, reasons


def _level(
    subject_about: AboutSubject, evidence: about.Evidence, matches: Sequence[Match], thresholds: Thresholds
) -> tuple[Level, list[str]]:
    if evidence.is_own_words:
        return Level.NONE, ["own words: the subject's own post is kept and never alerted as a repeat"]
    if subject_about.score < thresholds.about_min:
        return Level.NONE, ["not about the subject, or too little says so"]
    if not matches or matches[0].score < thresholds.possible:
        nearest = f" (nearest scores {matches[0].score})" if matches else ""
        return Level.NONE, [f"about the subject, repeats no listed statement{nearest}"]
    repeats = [m for m in matches if m.stance not in _LOWERED and m.score >= thresholds.possible]
    if not repeats:
        best = matches[0]
        return Level.POSSIBLE, [f"kept at possible: the text is a {best.stance} of “{best.statement_id}”"]
    best = repeats[0]
    bar = thresholds.likely if best.stance is Stance.REPEAT else thresholds.unclear_likely
    if best.score < bar:
        return Level.POSSIBLE, [f"kept at possible: statement score {best.score} is below {bar}"]
    if subject_about.score < thresholds.about_likely:
        return Level.POSSIBLE, ["kept at possible: too little says that this subject is meant"]
    return Level.LIKELY, [f"repeats “{best.statement_id}” with score {best.score}"]
