"""Measure stance on posts written for it, split by subject into a half to tune on and a half to report.

The reporting half is not blind: some concepts and one rule were written with it in view (see docs/matching.md).

Prints JSON: confusion matrix, repeats lost to another stance, other stances that reach "likely" as repeats, unrelated
posts that reach "likely", and calibration of the statement score, beside a naive rule (any negating word: denial,
a question mark: question).

    python benchmarks/stance.py [--half report|tune|all] [--errors] [--smoke]
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.domain import Judgement, Mention, Statement, Subject, SubjectKind
from monitor.matching import Encoder, Matcher, decide

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "stance.jsonl"
UNRELATED = ("other", "new_allegation")
_NAIVE = re.compile(r"\b(not|never|no|didn't|doesn't|isn't|false|untrue|lie)\b", re.IGNORECASE)


def load(half: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()]
    return [row for row in rows if half in ("all", row["half"])]


def judge(row: dict[str, Any], encoder: Encoder | None = None) -> Judgement:
    subject = Subject(
        id="s", name=row["subject"], kind=SubjectKind(row["kind"]), context_terms=tuple(row["context_terms"])
    )
    statement = Statement(id="x", subject_id="s", text=row["statement"])
    mention = Mention(
        source="golden", external_id=row["id"], url="", text=row["text"], first_seen_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    found = Matcher([subject], [statement], encoder=encoder).judge(mention) if encoder else ()
    return found[0] if found else decide(mention, subject, (statement,))


def naive(text: str) -> str:
    if text.rstrip().endswith("?"):
        return "question"
    return "denial" if _NAIVE.search(text) else "repeat"


def calibration(pairs: list[tuple[float, bool]], bins: int = 10) -> float:
    """Give the expected calibration error of (score 0-1, truth) pairs."""
    groups: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for score, truth in pairs:
        groups[min(bins - 1, int(score * bins))].append((score, truth))
    total = len(pairs) or 1
    return sum(
        len(group) / total * abs(sum(s for s, _ in group) / len(group) - sum(t for _, t in group) / len(group))
        for group in groups.values()
    )


def report(rows: list[dict[str, Any]], encoder: Encoder | None = None) -> dict[str, Any]:
    matrix: dict[str, Counter[str]] = defaultdict(Counter)
    lost, raised, wrong, naive_wrong, errors, scores = 0, 0, 0, 0, [], []
    stances = [row for row in rows if row["stance"] not in UNRELATED]
    for row in rows:
        judged = judge(row, encoder)
        best = judged.best
        got = best.stance.value if best and best.score >= 35 else "no match"
        matrix[row["stance"]][f"{got}{'!' if judged.level == 'likely' else ''}"] += 1
        scores.append(((best.score if best else 0) / 100, row["stance"] not in UNRELATED))
        is_lost = row["stance"] == "repeat" and judged.level != "likely"
        is_raised = row["stance"] != "repeat" and judged.level == "likely"
        lost += is_lost
        raised += is_raised and row["stance"] not in UNRELATED
        wrong += row["stance"] not in UNRELATED and got != row["stance"]
        naive_wrong += row["stance"] not in UNRELATED and naive(row["text"]) != row["stance"]
        if is_lost or is_raised or (row["stance"] not in UNRELATED and got != row["stance"]):
            errors.append(
                [
                    row["stance"],
                    got,
                    judged.level.value,
                    best.score if best else 0,
                    row["text"],
                    list(best.reasons) if best else list(judged.reasons),
                ]
            )
    repeats = sum(row["stance"] == "repeat" for row in rows) or 1
    others = len(stances) - sum(row["stance"] == "repeat" for row in stances) or 1
    stance_lost = sum(n for got, n in matrix["repeat"].items() if got.rstrip("!") not in ("repeat", "no match"))
    unrelated = [row for row in rows if row["stance"] in UNRELATED]
    return {
        "posts": len(rows),
        "confusion (! = likely)": {truth: dict(got) for truth, got in matrix.items()},
        "stance_accuracy": round(1 - wrong / len(stances), 4),
        "naive_stance_accuracy": round(1 - naive_wrong / len(stances), 4),
        "repeats_lost_to_another_stance": round(stance_lost / repeats, 4),
        "repeats_below_likely": round(lost / repeats, 4),
        "non_repeats_reaching_likely": round(raised / others, 4),
        "unrelated_reaching_likely": sum(n for t in UNRELATED for g, n in matrix[t].items() if g.endswith("!"))
        / (len(unrelated) or 1),
        "calibration_error": round(calibration(scores), 4),
        "errors": errors,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--half", choices=("report", "tune", "all"), default="report")
    parser.add_argument("--errors", action="store_true", help="list the posts that went wrong")
    parser.add_argument("--model", type=Path, help="folder of the sentence model; none: words alone")
    parser.add_argument("--smoke", action="store_true", help="the same; it takes a few seconds anyway")
    chosen = parser.parse_args()
    encoder: Encoder | None = None
    if chosen.model:
        from monitor.semantic import load_encoder

        encoder = load_encoder(chosen.model)
    out = report(load(chosen.half), encoder)
    if not chosen.errors:
        out.pop("errors")
    print(json.dumps(out, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
