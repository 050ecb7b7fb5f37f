"""Fit the statement score: logistic regression of "this passage retells this wording" on the matcher's features.

Rows: the tuning half of tests/golden/stance.jsonl (each post with its own statement, and with those of the other
subjects) and, with --data, the training tweets of fact-checked claims (each with its claim and with the best wrong
ones). Nothing of a reporting or test split is read. Prints the numbers for monitor/matching/features.py.

    python benchmarks/fit.py --data ../shared/data/claims
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from math import exp, log
from pathlib import Path

from monitor.domain import Statement, Subject, SubjectKind
from monitor.matching import StatementIndex
from monitor.matching.features import FEATURES, compare, passage
from monitor.matching.gate import Gate
from monitor.matching.statements import candidates, score_all, wordings
from monitor.text.views import Views

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "stance.jsonl"
Row = tuple[tuple[float, ...], bool, float]


def golden_rows() -> Iterator[Row]:
    posts = [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()]
    posts = [post for post in posts if post["half"] == "tune"]
    statements = {(post["subject"], post["kind"], post["statement"]) for post in posts}
    for post in posts:
        subject = Subject(id="s", name=post["subject"], kind=SubjectKind(post["kind"]))
        spans = [(hit.start, hit.end) for hit in Gate((subject,)).find(Views(post["text"]))]
        cut = candidates(post["text"], spans)
        for name, kind, text in statements:
            ready = wordings(
                Subject(id="s", name=name, kind=SubjectKind(kind)), (Statement(id="x", subject_id="s", text=text),)
            )
            scored = score_all(ready, cut, least=-1.0)
            own = name == post["subject"]
            truth = own and post["stance"] not in ("other", "new_allegation")
            weight = 1.0 if truth else 2.0 if own else 0.25
            if scored:
                yield scored[0].likeness.features, truth, weight


def claim_rows(folder: Path, most: int) -> Iterator[Row]:
    claims = [json.loads(line) for line in (folder / "claims.jsonl").read_text("utf-8").splitlines()]
    index = StatementIndex([Statement(id=c["id"], subject_id="s", text=c["text"]) for c in claims])
    texts = {claim["id"]: claim["text"] for claim in claims}
    tweets = [json.loads(line) for line in (folder / "train.jsonl").read_text("utf-8").splitlines()]
    for tweet in tweets[:most]:
        other = passage(tweet["text"])
        right = set(tweet["claims"])
        wrong = [found.statement.id for found in index.rank(tweet["text"], 4) if found.statement.id not in right][:3]
        for identity in [*right, *wrong]:
            yield compare(passage(texts[identity]), other).features, identity in right, 0.04


def fit(rows: Sequence[Row], *, ridge: float, rounds: int = 25) -> list[float]:
    """Fit by Newton's method; the first coefficient is the intercept."""
    size = len(rows[0][0]) + 1
    beta = [0.0] * size
    for _ in range(rounds):
        gradient = [-ridge * b if i else 0.0 for i, b in enumerate(beta)]
        hessian = [[ridge if i == j and i else 0.0 for j in range(size)] for i in range(size)]
        for features, truth, weight in rows:
            x = (1.0, *features)
            p = 1 / (1 + exp(-max(-30.0, min(30.0, sum(b * v for b, v in zip(beta, x, strict=True))))))
            for i in range(size):
                gradient[i] += weight * (truth - p) * x[i]
                for j in range(size):
                    hessian[i][j] += weight * p * (1 - p) * x[i] * x[j]
        step = solve(hessian, gradient)
        beta = [b + s for b, s in zip(beta, step, strict=True)]
        if max(map(abs, step)) < 1e-6:
            break
    return beta


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for i in range(size):
        pivot = max(range(i, size), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for r in range(size):
            if r != i and rows[r][i]:
                factor = rows[r][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i], strict=True)]
    return [row[-1] for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--ridge", type=float, default=0.5)
    parser.add_argument("--tweets", type=int, default=400, help="training tweets of each year")
    chosen = parser.parse_args()
    rows = list(golden_rows())
    for folder in sorted(chosen.data.iterdir()) if chosen.data else ():
        rows += list(claim_rows(folder, chosen.tweets))
    beta = fit(rows, ridge=chosen.ridge)
    loss = sum(-w * log(max(1e-9, p if t else 1 - p)) for p, t, w in _predicted(rows, beta)) / sum(
        w for _, _, w in rows
    )
    print(
        json.dumps(
            {
                "rows": len(rows),
                "log_loss": round(loss, 4),
                "intercept": round(beta[0], 3),
                "coefficients": {name: round(b, 3) for name, b in zip(FEATURES, beta[1:], strict=True)},
            },
            indent=1,
        )
    )


def _predicted(rows: Sequence[Row], beta: Sequence[float]) -> Iterator[tuple[float, bool, float]]:
    for features, truth, weight in rows:
        yield 1 / (1 + exp(-sum(b * v for b, v in zip(beta, (1.0, *features), strict=True)))), truth, weight


if __name__ == "__main__":
    main()
