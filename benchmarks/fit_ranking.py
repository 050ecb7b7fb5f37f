"""Fit the ranking of statements, for long lists and for lists about one entity, with and without a sentence model.

Reads train.jsonl only, never dev or a test split. Long lists: the right claim against all other candidates (softmax),
brought to a probability afterwards. Lists of one entity: logistic regression over each post's own claim and up to
nineteen others that say something else. Prints the numbers for monitor/matching/retrieval.py.

    python benchmarks/fit_ranking.py --data DIR [--model FOLDER [--cache DIR]] [--posts 1000]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

from claims import _entity, read
from remembering import Remembering

from monitor.matching import Encoder
from monitor.matching.retrieval import RANKING_FEATURES, Retriever
from monitor.text.views import fold

MEANINGS = 3
FEW = (0, 2, 3, 9, 10)
LIST = (0, 1, 2, 3, 9, 10)
Numbers = NDArray[np.float64]
Rows = tuple[Numbers, Numbers]  # features by row, and which rows are right (1) or wrong (0)


def _wordings(claim: dict[str, Any]) -> tuple[str, str]:
    return claim["text"], claim["title"]


def long_lists(
    claims: Sequence[dict[str, Any]], posts: Sequence[dict[str, Any]], encoder: Encoder | None
) -> Iterator[Rows]:
    retriever = Retriever([_wordings(claim) for claim in claims], encoder)
    for post in posts:
        found = retriever.candidates(post["text"], 120)
        right = [claims[number]["id"] in post["claims"] for number, _, _, _ in found]
        if any(right):
            yield np.array([features for _, _, features, _ in found]), np.array(right, dtype=float)


def entity_lists(
    claims: Sequence[dict[str, Any]], posts: Sequence[dict[str, Any]], encoder: Encoder | None
) -> Iterator[Rows]:
    by_entity, by_id = defaultdict(list), {claim["id"]: claim for claim in claims}
    for claim in claims:
        by_entity[_entity(claim["text"])].append(claim)
    for post in posts:
        own = by_id[post["claims"][0]]
        others = [one for one in by_entity[_entity(own["text"])] if fold(one["text"]) != fold(own["text"])][:19]
        if not _entity(own["text"]) or len(others) < 5:
            continue
        retriever = Retriever([_wordings(claim) for claim in (own, *others)], encoder)
        found = {number: features for number, _, features, _ in retriever.candidates(post["text"])}
        nothing = (0.0,) * len(RANKING_FEATURES)
        rows = [found.get(number, nothing) for number in range(len(others) + 1)]
        yield np.array(rows), np.array([number == 0 for number in range(len(rows))], dtype=float)


def fit_softmax(lists: Sequence[Rows], used: Sequence[int], *, rounds: int = 300, rate: float = 0.1) -> Numbers:
    everything = np.vstack([rows[:, used] for rows, _ in lists])
    middle, spread = everything.mean(0), everything.std(0) + 1e-9
    ready = [((rows[:, used] - middle) / spread, right / right.sum()) for rows, right in lists]
    weights, first, second = (np.zeros(len(used)) for _ in range(3))
    for turn in range(1, rounds + 1):
        gradient = 1e-3 * weights
        for rows, right in ready:
            scores = rows @ weights
            shares = np.exp(scores - scores.max())
            gradient = gradient + rows.T @ (shares / shares.sum() - right) / len(ready)
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        weights = weights - rate * (first / (1 - 0.9**turn)) / (np.sqrt(second / (1 - 0.999**turn)) + 1e-8)
    fitted: Numbers = weights / spread
    return fitted


def fit_logistic(rows: Numbers, right: Numbers, ridge: float) -> tuple[float, Numbers]:
    middle, spread = rows.mean(0), rows.std(0) + 1e-9
    ready = np.c_[np.ones(len(rows)), (rows - middle) / spread]
    weights = np.zeros(ready.shape[1])
    penalty = ridge * np.r_[0.0, np.ones(len(weights) - 1)]
    for _ in range(30):
        chances = 1 / (1 + np.exp(-ready @ weights))
        bend = (ready * (chances * (1 - chances))[:, None]).T @ ready + np.diag(penalty + 1e-9)
        weights = weights - np.linalg.solve(bend, ready.T @ (chances - right) + penalty * weights)
    slopes = weights[1:] / spread
    return float(weights[0] - slopes @ middle), slopes


def _shown(intercept: float, slopes: Numbers, used: Sequence[int]) -> dict[str, Any]:
    whole = np.zeros(len(RANKING_FEATURES))
    whole[list(used)] = slopes
    return {"intercept": round(intercept, 3), "coefficients": [round(float(value), 3) for value in whole]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="folder of the sentence model; none: words alone")
    parser.add_argument("--cache", type=Path, help="folder outside the checkout that keeps vectors between runs")
    parser.add_argument("--posts", type=int, default=1000, help="training posts of each year")
    chosen = parser.parse_args()
    encoder: Encoder | None = None
    if chosen.model:
        from monitor.semantic import load_encoder

        encoder = Remembering(load_encoder(chosen.model), chosen.cache)
    many: list[Rows] = []
    some: list[Rows] = []
    for folder in sorted(path for path in chosen.data.iterdir() if (path / "train.jsonl").exists()):
        claims, posts = read(folder / "claims.jsonl"), read(folder / "train.jsonl")[: chosen.posts]
        many += long_lists(claims, posts, encoder)
        some += entity_lists(claims, posts, encoder)
    lexical = len(RANKING_FEATURES) - MEANINGS
    every = range(len(RANKING_FEATURES) if encoder else lexical)
    out = {}
    weights = fit_softmax(many, list(every))
    scores = np.concatenate([rows[:, list(every)] @ weights for rows, _ in many])
    start, scale = fit_logistic(scores[:, None], np.concatenate([right for _, right in many]), 0.0)
    out["long"] = _shown(start, weights * scale[0], every)
    stacked, right = np.vstack([rows for rows, _ in some]), np.concatenate([right for _, right in some])
    for name, used in (("list", LIST if encoder else tuple(every)), ("few", FEW if encoder else (0, 2, 3, 4, 5, 6))):
        out[name] = _shown(*fit_logistic(stacked[:, list(used)], right, 0.5), used)
    print(json.dumps({"posts": len(many), "lists": len(some), **out}, indent=1))


if __name__ == "__main__":
    main()
