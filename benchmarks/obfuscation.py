"""Measure how many disguised names are found, and how often other people are taken for the subject.

Prints JSON: recall per class of disguise beside plain substring search and rapidfuzz partial_ratio >= 90, false
mentions per 10,000 (post, name) pairs, and near-miss names and namesakes that reach "likely". Everything is invented
and seeded. The gate was built against these classes, so they show regressions, not recall on unknown disguises.
`--data DIR` adds real posts that mention nobody watched (tweets in JSON lines with "text").

    python benchmarks/obfuscation.py [--smoke] [--data DIR] [--seed N]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rapidfuzz import fuzz

from monitor.domain import Mention, Statement, Subject
from monitor.matching import Matcher, decide

NAMES = """Alina Voss|Tobias Renquist|Marguerite Oldacre|Joran Feltmark|Sunniva Brask|Philippa Thornquist
Dario Montelupo|Ekaterina Zolnikova|Benedikt Aumann|Oluchi Adebanwo|Rosalind Carrowmore|Viktor Halloran|Ines Quintavalle
Petra Wexley|Caspian Drummoor|Noor Haddadin|Lavinia Strake|Emeric Vantongeren
Wilhelmina Groot|Siobhan Kilmurry|Matteo Brancaforte
Hestia Norwood|Leif Sandmoen|Anneliese Krumbach|Rufus Pellingham|Yusra Benkirane|Aldous Fenwick|Tamsin Trelowen
Gideon Ashgrove|Zofia Wronska|Bram Eikelboom|Delphine Marchetaux|Ottoline Crake|Ivo Stanbury|Clementine Rooksby
Jasper Quillfeather|Nadia Oumansour|Fergus Dalwhin|Beatrix Hollowell|Milo Vandersteen
Ruth Amsell|Kai Lindqvist""".replace("\n", "|").split("|")
CARRIERS = (
    "I can't believe what {} did to the people in this town",
    "{} is at it again, same story every year",
    "has anyone else had trouble with {}? asking for a friend",
    "Went to see {} on Tuesday.\nNever going back.",
    "Honestly {} deserves everything that is coming",
)
ORDINARY = (
    "Lovely evening at the river, the boats were out and everyone was smiling.",
    "Does anyone know a good place for a birthday cake in the old town? https://t.example/aB3dE9xQ1",
    "BREAKING: council votes 7-4 to close the library on Mondays. Full story at 6pm!!!",
    "my dog ate 3 socks today lol send help @vet_on_call #dogsofthenet",
    "Volunteers needed: Saturday 10:30, bring gloves & boots. Call 0300 555 0199 for details.",
    "“The best soup I ever had,” said the inspector — and he has had many.",
    "Новая выставка открылась сегодня в музее, приходите всей семьей",
    "今日は天気がいいですね。公園で散歩しました。",
    "El partido terminó 2-2, qué nervios en los últimos minutos 😅😅",
    "لقد كان يوماً جميلاً في الحديقة مع الأصدقاء",
)
CYRILLIC = dict(zip("aceopxyiAEOPCTKMHB", "асеорхуіАЕОРСТКМНВ", strict=True))
GREEK = dict(zip("aonvitkpAEHIKMNOPTX", "αοηνιτκρΑΕΗΙΚΜΝΟΡΤΧ", strict=True))
SMALL_CAPS = dict(zip("abcdefghijklmnopqrstuvwxyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡxʏᴢ", strict=True))
CHEROKEE = dict(zip("ABCDEGHIJKLMPRSTVWYZ", "ᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᎩᏃ", strict=True))
SYLLABICS = dict(zip("abdefhijlmnoprstuvwz", "ᗩᗷᗪEᖴᕼIᒍᒪᗰᑎOᑭᖇᔕTᑌᐯᗯᘔ", strict=True))
CURRENCY = dict(zip("abcdefghiklmnoprstuwy", "₳฿₵ĐɆ₣₲ⱧI₭Ⱡ₥₦Ø₱Ɽ₴₮Ʉ₩¥", strict=True))
TURNED = dict(zip("abcdefghijklmnopqrstuvwyz", "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍʎz", strict=True))
LEET = dict(zip("aeiostl", "4310571", strict=True))
LEET_SIGNS = dict(zip("aeisto", "@3!$+0", strict=True))
Disguise = Callable[[str, random.Random], str]


def _mapped(table: dict[str, str], share: float = 1.0) -> Disguise:
    def disguise(name: str, rng: random.Random) -> str:
        out = []
        for char in name:
            sign = table.get(char) or table.get(char.lower()) or table.get(char.upper())
            out.append(sign if sign and rng.random() < share else char)
        return "".join(out)

    return disguise


def _between(*signs: str, words_too: bool = False) -> Disguise:
    def disguise(name: str, rng: random.Random) -> str:
        parts = [rng.choice(signs).join(word) for word in name.split()]
        return (rng.choice(signs) if words_too else " ").join(parts)

    return disguise


def _alphabet(upper: int, lower: int) -> Disguise:
    def disguise(name: str, rng: random.Random) -> str:
        return "".join(
            chr((upper if c.isupper() else lower) + ord(c.lower()) - 97) if c.isascii() and c.isalpha() else c
            for c in name
        )

    return disguise


def _zalgo(name: str, rng: random.Random) -> str:
    return "".join(c + "".join(chr(rng.randint(0x300, 0x36F)) for _ in range(rng.randint(1, 4))) for c in name)


def _stars(name: str, rng: random.Random) -> str:
    out = []
    for word in name.split():
        places = [i for i, c in enumerate(word) if c.lower() in "aeiouy" and i] or [1]
        hidden = set(rng.sample(places, max(1, len(places) // 2)))
        out.append("".join("*" if i in hidden else c for i, c in enumerate(word)))
    return " ".join(out)


def _all_stars(name: str, rng: random.Random) -> str:
    return " ".join(w[0] + "".join("*" if c in "aeiou" else c for c in w[1:]) for w in name.split())


def _doubled(name: str, rng: random.Random) -> str:
    place = rng.randrange(1, len(name))
    return name[:place] + name[place - 1].strip() * rng.randint(1, 3) + name[place:]


def _edit(kind: str) -> Disguise:
    def disguise(name: str, rng: random.Random) -> str:
        words = name.split()
        chosen = max(range(len(words)), key=lambda i: len(words[i]))
        word = words[chosen]
        place = rng.randrange(1, len(word) - 1)
        letter = rng.choice("abcdefghijklmnoprstuvw")
        words[chosen] = {
            "delete": word[:place] + word[place + 1 :],
            "insert": word[:place] + letter + word[place:],
            "swap": word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            "change": word[:place] + letter + word[place + 1 :],
        }[kind]
        return " ".join(words)

    return disguise


def _turned(name: str, rng: random.Random) -> str:
    return "".join(TURNED.get(c, c) for c in name.lower())[::-1]


CLASSES: dict[str, Disguise] = {
    "plain": lambda name, rng: name,
    "upper case": lambda name, rng: name.upper(),
    "possessive": lambda name, rng: name + rng.choice(["'s", "’s"]),
    "reordered": lambda name, rng: f"{name.split()[1]}, {name.split()[0]}",
    "hashtag": lambda name, rng: "#" + name.replace(" ", ""),
    "hashtag inside": lambda name, rng: "#Boycott" + name.replace(" ", ""),
    "underscore": lambda name, rng: name.replace(" ", "_"),
    "initial": lambda name, rng: f"{name[0]}. {name.split()[1]}",
    "middle name": lambda name, rng: name.replace(" ", rng.choice([" M. ", " Jane ", " “the shark” "])),
    "line break": lambda name, rng: name.replace(" ", "\n"),
    "zero width": _between("\u200b", "\u200c", "\u2060", "\ufeff"),
    "soft hyphen": _between("\u00ad"),
    "bidi marks": lambda name, rng: "\u202a" + "\u200e".join(name) + "\u202c",
    "combining": _zalgo,
    "strike": lambda name, rng: "".join(c + "\u0336" for c in name),
    "fullwidth": lambda name, rng: "".join(chr(ord(c) + 0xFEE0) if c != " " else "\u3000" for c in name),
    "math bold": _alphabet(0x1D400, 0x1D41A),
    "math script": _alphabet(0x1D4D0, 0x1D4EA),
    "circled": _alphabet(0x24B6, 0x24D0),
    "squared": _alphabet(0x1F170, 0x1F170),
    "flags": lambda name, rng: " ".join("".join(chr(0x1F1E6 + ord(c) - 97) for c in w.lower()) for w in name.split()),
    "small caps": _mapped(SMALL_CAPS),
    "superscript": lambda name, rng: "".join(
        dict(zip("abdeghijklmnoprstuvw", "ᵃᵇᵈᵉᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷ", strict=True)).get(c, c) for c in name.lower()
    ),
    "accents": lambda name, rng: "".join(
        unicodedata.normalize("NFC", c + rng.choice("\u0300\u0301\u0302\u0308")) if c.lower() in "aeiou" else c
        for c in name
    ),
    "cyrillic letters": _mapped(CYRILLIC),
    "some cyrillic": _mapped(CYRILLIC, 0.5),
    "greek letters": _mapped(GREEK, 0.7),
    "cherokee": _mapped(CHEROKEE),
    "syllabics": _mapped(SYLLABICS),
    "currency": _mapped(CURRENCY),
    "upside down": _turned,
    "backwards": lambda name, rng: name[::-1],
    "leet": _mapped(LEET),
    "some leet": _mapped(LEET, 0.5),
    "leet signs": _mapped(LEET_SIGNS, 0.7),
    "drawn letters": lambda name, rng: (
        name.replace("v", "\\/").replace("V", "\\/").replace("A", "/\\").replace("o", "()")
    ),
    "rn for m": lambda name, rng: name.replace("m", "rn").replace("w", "vv"),
    "capital I for l": lambda name, rng: name.replace("l", "I"),
    "dots": _between("."),
    "dashes": _between("-", "_", words_too=False),
    "spaced": _between(" "),
    "emoji between": _between("🔥", "💀", "✨"),
    "stars between": _between("*", "•", "~"),
    "vowel stars": _stars,
    "all vowels starred": _all_stars,
    "doubled": _doubled,
    "stretched": lambda name, rng: "".join(c * rng.choice([1, 1, 3]) for c in name),
    "typo: left out": _edit("delete"),
    "typo: put in": _edit("insert"),
    "typo: swapped": _edit("swap"),
    "typo: changed": _edit("change"),
    "leet and dots": lambda name, rng: (
        ".".join(_mapped(LEET)(name, rng).split()[0]) + " " + _mapped(LEET)(name, rng).split()[1]
    ),
    "typo and cyrillic": lambda name, rng: _mapped(CYRILLIC, 0.5)(_edit("delete")(name, rng), rng),
}


def _mention(text: str) -> Mention:
    return Mention(source="b", external_id="1", url="", text=text, first_seen_at=datetime(2026, 1, 1, tzinfo=UTC))


def recall(seed: int, per_class: int) -> dict[str, dict[str, float]]:
    rng = random.Random(seed)
    out = {}
    for label, disguise in CLASSES.items():
        found = substring = fuzzy = 0
        for number in range(per_class):
            name = NAMES[number % len(NAMES)]
            written = disguise(name, rng)
            text = rng.choice(CARRIERS).format(written)
            start = text.find(written)
            judged = decide(_mention(text), Subject(id="s", name=name), ())
            found += any(a < start + len(written) and b > start for a, b in judged.about.spans)
            substring += name.lower() in text.lower()
            fuzzy += fuzz.partial_ratio(name.lower(), text.lower()) >= 90
        out[label] = {
            "recall": round(found / per_class, 4),
            "substring": round(substring / per_class, 4),
            "partial_ratio_90": round(fuzzy / per_class, 4),
        }
    return out


def _filler(rng: random.Random) -> str:
    """Make a name-like word that nobody in the list has."""
    return (
        rng.choice("BDFGKLMNPRSTVW")
        + rng.choice("aeiou")
        + rng.choice(["nd", "rl", "st", "m", "v"])
        + rng.choice(["er", "an", "ow", "is"])
    )


def false_mentions(seed: int, posts: list[str], names: int) -> dict[str, float]:
    rng = random.Random(seed)
    people = NAMES + [f"{_filler(rng)} {_filler(rng)}ton" for _ in range(names - len(NAMES))]
    matcher = Matcher([Subject(id=str(i), name=name) for i, name in enumerate(people)], ())
    hits, examples = 0, []
    for post in posts:
        for judgement in matcher.judge(_mention(post)):
            hits += 1
            examples.append([matcher.subjects[int(judgement.subject_id)].name, *judgement.about.reasons[:1]])
    pairs = len(posts) * len(people)
    return {
        "posts": len(posts),
        "names": len(people),
        "mentions": hits,
        "per_10000_pairs": round(1e4 * hits / pairs, 4),
        "examples": examples[:10],
    }


def near_misses(seed: int, per_name: int) -> dict[str, object]:
    rng = random.Random(seed)
    mentioned = likely = total = namesakes = namesakes_likely = 0
    examples = []
    for name in NAMES:
        first, last = name.split()
        subject = Subject(id="s", name=name, context_terms=("Leeds", "dentist"), exclude_terms=("rugby", "Ohio"))
        statement = Statement(id="x", subject_id="s", text=f"{name} stole money from patients")
        for _ in range(per_name):
            vowel = rng.choice("aeiou")
            others = (
                f"{first} {_filler(rng)}",
                f"{_filler(rng)} {last}",
                f"{first} {last}sen",
                f"{vowel.upper()}{first[1:]} {last}" if first[0].lower() != vowel else f"Z{first[1:]} {last}",
                f"{first[:-1]}{rng.choice('aeo')} {last}" if first[-1] not in "aeo" else f"{first}lle {last}",
            )
            for other in others:
                if other == name:
                    continue
                text = f"{other} stole money from patients and everybody knows"
                judged = decide(_mention(text), subject, (statement,))
                total += 1
                mentioned += judged.about.score > 0
                if judged.level == "likely":
                    likely += 1
                    examples.append([name, other, *judged.about.reasons[:2]])
            for text in (
                f"{name}, who plays rugby in Ohio, stole money from the club",
                f"Footballer {name} stole the ball and scored twice",
                f"The singer {name} stole the show in front of her fans",
            ):
                namesakes += 1
                namesakes_likely += decide(_mention(text), subject, (statement,)).level == "likely"
    return {
        "near_misses": total,
        "mentioned": round(mentioned / total, 4),
        "reaching_likely": round(likely / total, 4),
        "namesakes": namesakes,
        "namesakes_reaching_likely": round(namesakes_likely / namesakes, 4),
        "examples": examples[:5],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few seconds, for CI")
    parser.add_argument("--data", type=Path, help="folder whose *.jsonl hold real posts with a text field")
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    posts = list(ORDINARY)
    for file in sorted(chosen.data.rglob("t*ain.jsonl")) if chosen.data else ():
        posts += [json.loads(line)["text"] for line in file.read_text("utf-8").splitlines()]
    classes = recall(chosen.seed, 12 if chosen.smoke else 84)
    rates = [row["recall"] for row in classes.values()]
    worst = min(classes, key=lambda label: classes[label]["recall"])
    print(
        json.dumps(
            {
                "mean_recall": round(statistics.mean(rates), 4),
                "worst_class": [worst, classes[worst]["recall"]],
                "mean_substring": round(statistics.mean(row["substring"] for row in classes.values()), 4),
                "mean_partial_ratio_90": round(statistics.mean(row["partial_ratio_90"] for row in classes.values()), 4),
                "classes": classes,
                "false_mentions": false_mentions(chosen.seed, posts, 100 if chosen.smoke else 1000),
                "other_people": near_misses(chosen.seed, 1 if chosen.smoke else 5),
            },
            ensure_ascii=False,
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
