"""Measure how many posts a second one core reads against 10, 1,000 and 10,000 watched names.

Prints JSON: posts/s of normaliser + gate for ordinary and disguised posts, posts/s of the whole match path (JSON in,
verdict out), load time and memory, beside a rapidfuzz loop and a bare pyahocorasick automaton in the same run.
Rates are per CPU second of this process.

    python benchmarks/gate.py [--smoke] [--seed N]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from collections.abc import Callable, Iterator

from rapidfuzz import fuzz

from monitor.domain import Statement, Subject
from monitor.matching import Matcher
from monitor.matching.gate import Gate
from monitor.matching.jsonl import judge_lines
from monitor.text.views import Views

WORDS = """
the a to of and in is was for on with at by it this that my we they you have has not but from all so just like
good great time people really went day week back last new home work place service staff food coffee morning
evening train river garden school market music football match team weather rain sun holiday friends family dog
cat kids house price money ticket phone problem story news council mayor road traffic library game film book
recipe dinner
""".split()
SYLLABLES = """
al an ar bel bor dan dor el en fen gar hal il jor kel lan mar mor nor ol per quin ral ros sel tan tor ul van
wen zan
""".split()


def _word(rng: random.Random, least: int, most: int) -> str:
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(least, most))).title()


def subjects(count: int, rng: random.Random) -> list[Subject]:
    """Make subjects with seven names each: the name, four aliases, two handles."""
    out = []
    for number in range(count):
        first, last = _word(rng, 2, 3), _word(rng, 2, 4)
        out.append(
            Subject(
                id=str(number),
                name=f"{first} {last}",
                aliases=(
                    f"{first[0]}. {last}",
                    f"{last}, {first}",
                    f"{first} {last[0]}{_word(rng, 1, 1).lower()} {last}",
                    f"{first} {_word(rng, 2, 3)}",
                ),
                handles=(f"@{first}{last}".lower(), f"@{first}_{last}{number}".lower()),
                context_terms=("Leeds", "dentist"),
            )
        )
    return out


def posts(count: int, rng: random.Random, people: list[Subject], *, disguised: bool) -> list[str]:
    """Make posts of about 150 characters; one in fifty names somebody. Disguised ones are full of odd letters."""
    out = []
    for _ in range(count):
        words = rng.choices(WORDS, k=rng.randint(12, 40))
        if rng.random() < 0.02:
            words.insert(rng.randrange(len(words)), rng.choice(people).name)
        text = " ".join(words).capitalize() + rng.choice(
            [".", "!", "...", " 😀", " https://t.example/" + _word(rng, 2, 3), " #" + words[0]]
        )
        if rng.random() < 0.3:
            text = text.replace(" that", " “that” —")
        if disguised:
            text = "".join(
                {"a": "а", "e": "3", "o": "0", "i": "і"}.get(c, c) if rng.random() < 0.3 else c for c in text
            )
            text = text.replace(" ", "\u200b ", 3)
        out.append(text)
    return out


def _rate(work: Callable[[str], object], texts: list[str], seconds: float) -> float:
    started, done = time.process_time(), 0
    while time.process_time() - started < seconds:
        for text in texts[done % len(texts) : done % len(texts) + 200]:
            work(text)
            done += 1
    return round(done / (time.process_time() - started), 1)


def _naive(people: list[Subject]) -> Callable[[str], object]:
    names = [name.lower() for subject in people for name in (subject.name, *subject.aliases)]
    return lambda text: [name for name in names if fuzz.partial_ratio(name, text.lower()) >= 90]


def _pyahocorasick(people: list[Subject]) -> Callable[[str], object] | None:
    try:
        import ahocorasick
    except ImportError:
        return None
    automaton = ahocorasick.Automaton()
    for subject in people:
        for name in (subject.name, *subject.aliases, *subject.handles):
            automaton.add_word(name.lower(), subject.id)
    automaton.make_automaton()
    return lambda text: list(automaton.iter(text.lower()))


def _stream_rate(matcher: Matcher, texts: list[str], count: int) -> float:
    def lines() -> Iterator[str]:
        for number in range(count):
            yield json.dumps({"id": number, "text": texts[number % len(texts)], "author": "somebody"})

    prepared = list(lines())
    started = time.process_time()
    for verdict, _good in judge_lines(prepared, matcher):
        json.dumps(verdict, ensure_ascii=False)
    return round(count / (time.process_time() - started), 1)


def measure(count: int, seed: int, seconds: float) -> dict[str, object]:
    rng = random.Random(seed)
    people = subjects(count, rng)
    ordinary, odd = posts(5000, rng, people, disguised=False), posts(2000, rng, people, disguised=True)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    gate = Gate(people)
    load = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    statements = [Statement(id="x", subject_id=s.id, text=f"{s.name} stole money from patients") for s in people]
    matcher = Matcher(people, statements)
    find = lambda text: gate.find(Views(text))  # noqa: E731 - a name for one call
    row: dict[str, object] = {
        "names": count,
        "load_seconds": round(load, 2),
        "load_mb": round(memory / 1024, 1),
        "gate_ordinary_per_s": _rate(find, ordinary, seconds),
        "gate_disguised_per_s": _rate(find, odd, seconds),
        "match_stream_per_s": _stream_rate(matcher, ordinary, max(1000, int(seconds * 10_000))),
        "rapidfuzz_loop_per_s": _rate(_naive(people), ordinary[:400], seconds / 2),
    }
    if bare := _pyahocorasick(people):
        row["pyahocorasick_lower_per_s"] = _rate(bare, ordinary, seconds / 2)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few seconds, for CI")
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    sizes, seconds = ((10, 500), 0.2) if chosen.smoke else ((10, 1000, 10_000), 2.0)
    print(json.dumps([measure(size, chosen.seed, seconds) for size in sizes], indent=1))


if __name__ == "__main__":
    main()
