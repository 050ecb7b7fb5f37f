"""Fit the ranking of candidates: logistic regression of "this claim is the right one" on the retriever's features.

Reads train.jsonl only, never dev or a test split. Prints the numbers for monitor/matching/retrieval.py.

    python benchmarks/fit_ranking.py --data ../shared/data/claims [--tweets 450]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fit import fit

from monitor.matching.retrieval import RANKING_FEATURES, Retriever


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tweets", type=int, default=450, help="training posts of each year")
    parser.add_argument("--ridge", type=float, default=1.0)
    chosen = parser.parse_args()
    rows = []
    for folder in sorted(path for path in chosen.data.iterdir() if (path / "train.jsonl").exists()):
        claims = [json.loads(line) for line in (folder / "claims.jsonl").read_text("utf-8").splitlines()]
        posts = [json.loads(line) for line in (folder / "train.jsonl").read_text("utf-8").splitlines()]
        random.Random(1).shuffle(posts)
        retriever = Retriever([(claim["text"], claim["title"]) for claim in claims])
        for post in posts[: chosen.tweets]:
            right = set(post["claims"])
            for number, _, features, _ in retriever.candidates(post["text"]):
                # Without a model the last feature is always zero, so it gets no weight here.
                rows.append((features, claims[number]["id"] in right, 1.0))
    beta = fit(rows, ridge=chosen.ridge)
    weights = {name: round(b, 3) for name, b in zip(RANKING_FEATURES, beta[1:], strict=True)}
    print(json.dumps({"rows": len(rows), "intercept": round(beta[0], 3), "coefficients": weights}, indent=1))


if __name__ == "__main__":
    main()
