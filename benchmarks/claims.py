"""Measure how well the statement that a post repeats is found among thousands, and among twenty about one entity.

Reads `checkthat2020` and `checkthat2022` under --data: claims.jsonl {"id", "text", "title"}, and posts {"id", "text",
"claims"}. Prints JSON: MAP@1, MAP@5, MRR, recall@20 with bootstrap 95 % intervals, and on same-entity watch lists the
recall at 1 % and 0.1 % false positives; beside rapidfuzz token_set_ratio and plain BM25 in the same run.

    python benchmarks/claims.py --data DIR [--split dev] [--semantic [--cache DIR]] [--smoke]

With --semantic nearly all of the time goes into encoding the claims (about 74,000 wordings). Each text is encoded once
in a run, in batches of like length; with --cache the vectors are kept under the model's name for the next run.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from monitor.domain import Statement
from monitor.matching import Encoder, StatementIndex
from monitor.matching.retrieval import said
from monitor.matching.vectors import Vectors
from monitor.text.views import fold

Rank = Callable[[str], list[tuple[str, float]]]
DEPTH = 20


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def goodname(claims: Sequence[dict[str, Any]], encoder: Encoder | None) -> Rank:
    index = StatementIndex(
        [Statement(id=c["id"], subject_id="s", text=c["text"], paraphrases=(c["title"],)) for c in claims],
        encoder=encoder,
    )
    return lambda text: [(found.statement.id, found.score) for found in index.rank(text, DEPTH)]


def token_set(claims: Sequence[dict[str, Any]]) -> Rank:
    texts = [claim["text"].lower() for claim in claims]

    def rank(text: str) -> list[tuple[str, float]]:
        found = process.extract(text.lower(), texts, scorer=fuzz.token_set_ratio, limit=DEPTH)
        return [(claims[number]["id"], score) for _, score, number in found]

    return rank


def encoded(claims: Sequence[dict[str, Any]], encoder: Encoder) -> Rank:
    """Rank by the encoder's likeness alone, of title and text written as one, with the same quotation marks."""
    known = Vectors(encoder.encode([said(f"{claim['title']} {claim['text']}") for claim in claims]))

    def rank(text: str) -> list[tuple[str, float]]:
        likeness = known.likeness(encoder.encode([text])[0])
        best = sorted(range(len(claims)), key=lambda number: -likeness[number])[:DEPTH]
        return [(claims[number]["id"], likeness[number]) for number in best]

    return rank


def plain_bm25(claims: Sequence[dict[str, Any]]) -> Rank:
    documents = [re.findall(r"\w+", f"{claim['text']} {claim['title']}".lower()) for claim in claims]
    mean = sum(map(len, documents)) / len(documents)
    seen = Counter(word for words in documents for word in set(words))
    rows: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, words in enumerate(documents):
        for word, n in Counter(words).items():
            idf = log(1 + (len(documents) - seen[word] + 0.5) / (seen[word] + 0.5))
            rows[word].append((number, idf * n * 2.2 / (n + 1.2 * (0.25 + 0.75 * len(words) / mean))))

    def rank(text: str) -> list[tuple[str, float]]:
        scores: dict[int, float] = defaultdict(float)
        for word in set(re.findall(r"\w+", text.lower())):
            for number, value in rows.get(word, ()):
                scores[number] += value
        best = sorted(scores, key=scores.__getitem__, reverse=True)[:DEPTH]
        return [(claims[number]["id"], scores[number]) for number in best]

    return rank


def average_precision(ranked: Sequence[str], right: set[str], depth: int) -> float:
    hits, total = 0, 0.0
    for place, identity in enumerate(ranked[:depth], start=1):
        if identity in right:
            hits += 1
            total += hits / place
    return total / min(len(right), depth)


def merged(ranked: Sequence[str], words_of: Mapping[str, str]) -> list[str]:
    """Give the words of the ranked claims, each once: the list of 2020 holds 181 claims twice, under two ids."""
    return list(dict.fromkeys(words_of[identity] for identity in ranked))


def interval(values: Sequence[float], rng: random.Random, rounds: int = 500) -> list[float]:
    means = sorted(statistics.fmean(rng.choices(values, k=len(values))) for _ in range(rounds))
    return [round(means[int(rounds * 0.025)], 4), round(means[int(rounds * 0.975)], 4)]


def retrieval(
    rank: Rank, posts: Sequence[dict[str, Any]], rng: random.Random, words_of: Mapping[str, str]
) -> dict[str, Any]:
    at1, at5, mrr, recall, once = [], [], [], [], []
    for post in posts:
        ranked = [identity for identity, _ in rank(post["text"])]
        right = set(post["claims"])
        at1.append(average_precision(ranked, right, 1))
        at5.append(average_precision(ranked, right, 5))
        once.append(average_precision(merged(ranked, words_of), {words_of[one] for one in right}, 5))
        mrr.append(next((1 / place for place, identity in enumerate(ranked, 1) if identity in right), 0.0))
        recall.append(len(right & set(ranked)) / len(right))
    return {
        "map@1": round(statistics.fmean(at1), 4),
        "map@5": round(statistics.fmean(at5), 4),
        "map@5_95%": interval(at5, rng),
        "map@5_twins_merged": round(statistics.fmean(once), 4),
        "mrr": round(statistics.fmean(mrr), 4),
        "recall@20": round(statistics.fmean(recall), 4),
    }


def _entity(text: str) -> str:
    names = re.findall(r"(?<=\w )[A-Z][a-z]+(?: [A-Z][a-z]+)+", text)
    return names[0] if names else ""


def watchlists(
    build: Callable[[Sequence[dict[str, Any]]], Rank], claims: Sequence[dict[str, Any]], posts: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Put each post before twenty claims about one entity, its own and nineteen others, and compare scores.

    A claim that says the same as the right one under another id is no wrong one, and is left out.
    """
    by_entity: dict[str, list[dict[str, Any]]] = defaultdict(list)
    by_id = {claim["id"]: claim for claim in claims}
    for claim in claims:
        if entity := _entity(claim["text"]):
            by_entity[entity].append(claim)
    right_scores, wrong_scores, lists = [], [], 0
    for post in posts:
        own = by_id.get(post["claims"][0])
        entity = _entity(own["text"]) if own else ""
        said = {fold(by_id[one]["text"]) for one in post["claims"] if one in by_id}
        others = [claim for claim in by_entity.get(entity, ()) if fold(claim["text"]) not in said][:19]
        if own is None or len(others) < 5:
            continue
        lists += 1
        scores = dict(build([own, *others])(post["text"]))
        right_scores.append(scores.get(own["id"], 0.0))
        wrong_scores += [scores.get(claim["id"], 0.0) for claim in others]
    out: dict[str, Any] = {"lists": lists}
    wrong_scores.sort(reverse=True)
    for label, share in (("recall@1%fpr", 0.01), ("recall@0.1%fpr", 0.001)):
        bar = wrong_scores[int(len(wrong_scores) * share)] if wrong_scores else 0.0
        out[label] = round(sum(score > bar for score in right_scores) / max(1, len(right_scores)), 4)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="dev", help="file name without .jsonl")
    parser.add_argument("--semantic", action="store_true", help="with the sentence encoder of the [semantic] extra")
    parser.add_argument("--model", type=Path, default=Path("data/model"), help="folder with the encoder's files")
    parser.add_argument("--cache", type=Path, help="folder outside the checkout that keeps vectors between runs")
    parser.add_argument("--smoke", action="store_true", help="few posts, no baselines, for CI")
    chosen = parser.parse_args()
    encoder = None
    if chosen.semantic:
        from remembering import Remembering

        from monitor.semantic import load_encoder

        encoder = Remembering(load_encoder(chosen.model), chosen.cache)
    out: dict[str, Any] = {}
    for folder in sorted(path for path in chosen.data.iterdir() if (path / f"{chosen.split}.jsonl").exists()):
        claims, posts = read(folder / "claims.jsonl"), read(folder / f"{chosen.split}.jsonl")
        posts = posts[:40] if chosen.smoke else posts
        rng = random.Random(7)
        words_of = {claim["id"]: fold(f"{claim['title']} {claim['text']}") for claim in claims}
        row: dict[str, Any] = {"claims": len(claims), "posts": len(posts)}
        row["goodname"] = retrieval(goodname(claims, encoder), posts, rng, words_of)
        row["goodname"]["same_entity"] = watchlists(lambda some: goodname(some, encoder), claims, posts)
        if not chosen.smoke:
            row["bm25"] = retrieval(plain_bm25(claims), posts, rng, words_of)
            row["bm25"]["same_entity"] = watchlists(plain_bm25, claims, posts)
            if encoder:
                row["encoder_alone"] = retrieval(encoded(claims, encoder), posts, rng, words_of)
                row["encoder_alone"]["same_entity"] = watchlists(lambda some: encoded(some, encoder), claims, posts)
            row["token_set_ratio"] = retrieval(token_set(claims), posts, rng, words_of)
            row["token_set_ratio"]["same_entity"] = watchlists(token_set, claims, posts)
        out[folder.name] = row
    if encoder:
        out["texts"] = {"encoded": encoder.encoded, "from_cache": encoder.from_cache}
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
