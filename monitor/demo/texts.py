"""Everything that is said in the demonstration: an invented town, invented people, invented untruths."""

from __future__ import annotations

from dataclasses import dataclass

SUBJECT_ID = "alina-voss"

WATCHLIST = """\
# Who is watched in the demonstration. Every name, place and sentence here is invented.
[[subject]]
id = "alina-voss"
name = "Alina Voss"
kind = "person"
aliases = ["Dr. Voss", "ألينا فوس", "阿丽娜·福斯"]
handles = ["@drvoss"]
context_terms = ["dentist", "dental", "patients", "Wrenmouth", "Quay Street"]
exclude_terms = ["sprinter", "athletics", "400 metres"]   # another Alina Voss runs

  [subject.attestation]
  relation = "self"
  by = "Alina Voss"
  on = 2026-01-05

  [[subject.statement]]
  id = "deposits"
  text = "Alina Voss took deposits from patients and never treated them"
  paraphrases = [
    "ألينا فوس أخذت عربونًا من المرضى ولم تعالجهم",
    "阿丽娜·福斯收了病人的押金却没有给他们治疗",
  ]

  [[subject.statement]]
  id = "licence"
  text = "Alina Voss practises without a licence"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """Hold one thing that somebody published.

    `shown_from` is the first pass in which it can be read, `gone_from` the first in which it no longer can (0: it
    stays), `edited` its words from the second pass on (empty: unchanged). `age_hours` is how long before the start
    it was written.
    """

    id: str
    author: str
    text: str
    age_hours: int
    title: str = ""
    rating: int = 0
    shown_from: int = 1
    gone_from: int = 0
    edited: str = ""
    photo: str = ""

    def is_shown(self, step: int) -> bool:
        """Tell whether it can be read in this pass."""
        return self.shown_from <= step and not (self.gone_from and step >= self.gone_from)

    def words(self, step: int) -> str:
        """Give its words as they stand in this pass."""
        return self.edited if self.edited and step > 1 else self.text


DENTISTS = (
    Post(
        id="p101",
        author="mira_k",
        age_hours=50,
        text="We are new in Wrenmouth. Who is a good dentist for two children who do not like dentists?",
    ),
    Post(
        id="p102",
        author="old_quay_hand",
        age_hours=47,
        gone_from=2,
        text="Keep away. Alina Voss took deposits from patients and never treated them. Ask anyone on Quay Street.",
        photo="quay.png",
    ),
    Post(
        id="p103",
        author="benno_r",
        age_hours=46,
        text=(
            "It is not true that Alina Voss took deposits from patients and never treated them. "
            "She made two crowns for me, and I paid when they were done."
        ),
    ),
    Post(
        id="p104",
        author="tide_and_time",
        age_hours=30,
        text=(
            "They hide every post with the name in it, so once more: 4l1na V0ss took deposits from patients "
            "and never treated them."
        ),
    ),
    Post(
        id="p105",
        author="tess_hill",
        age_hours=21,
        text=(
            "Dr. Voss has moved into the old post office in Quay Street. There is a ramp at the door now, "
            "and the waiting room is twice as big."
        ),
    ),
    Post(
        id="p106",
        author="gull_and_anchor",
        age_hours=5,
        text="I have a check-up with Alina Voss on Tuesday. I will tell you how it went.",
        edited=(
            "I have a check-up with Alina Voss on Tuesday. I will tell you how it went.\n"
            "Edit: my neighbour says that Alina Voss practises without a licence. I have cancelled."
        ),
    ),
)

MORNING = (
    Post(id="p201", author="café_luz", age_hours=9, text="Bom dia! ☕🥐 How do you say good morning?"),
    Post(
        id="p202",
        author="lighthouse_nomad",
        age_hours=8,
        text=(
            "صباح الخير 🌅 انتبهوا: ألينا فوس أخذت عربونًا من المرضى ولم تعالجهم.\n"
            "大家早上好！请注意：阿丽娜·福斯收了病人的押金却没有给他们治疗 🦷💸😠"
        ),
    ),
)

GAMES = (
    Post(
        id="p301",
        author="trackside",
        age_hours=28,
        text=(
            "Sprinter Alina Voss is running without a licence this season, the athletics union says. "
            "Her 400 metres record stands."
        ),
    ),
)

BLOG = (
    Post(
        id="lifeboat-day",
        author="Ines Marlow",
        age_hours=70,
        title="Lemon cake for lifeboat day",
        text="Thank you for forty-one cakes. The rain held off until the last slice was gone.",
    ),
    Post(
        id="a-story-on-the-quay",
        author="Ines Marlow",
        age_hours=26,
        title="A story I hear on the quay",
        text=(
            "Third time this month that somebody tells me the same about our dentist, Alina Voss: she takes a deposit "
            "from every patient and then never treats anybody."
        ),
    ),
)

REVIEWS = (
    Post(
        id="review-1",
        author="Odile F.",
        age_hours=96,
        rating=5,
        title="Gentle and on time",
        text="Dr. Voss explained each step before she began, and the bill was what she had said.",
    ),
    Post(
        id="review-2",
        author="No Name",
        age_hours=19,
        rating=1,
        title="Do not go there",
        text="Alina Voss practises without a licence. I turned round at the door.",
    ),
)

WIRE = (
    Post(
        id="letter-7",
        author="Letters page",
        age_hours=7,
        title="Letters to the editor",
        text=(
            "Sir, how long will Wrenmouth look away? Dentist Alina Voss took deposits from patients and never "
            "treated them. A reader, name withheld."
        ),
    ),
)

FERRY = (
    Post(
        id="late-boat",
        author="Ferry Notes",
        age_hours=3,
        title="Heard on the late boat",
        text="Two men by the rail: Alina Voss, the dentist, practises without a licence, and nobody does a thing.",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Find:
    """Say what the program must make of one post: in which pass it is first seen so, and at which level.

    `likely` is True when it must be called likely, False when it must not. `statement_id` is empty where nothing
    listed is repeated, `words` are found in the post and in no other one.
    """

    label: str
    source: str
    words: str
    likely: bool
    statement_id: str = ""
    step: int = 1


FINDS = (
    Find(label="word for word", source="town-forum", words="Keep away.", likely=True, statement_id="deposits"),
    Find(label="name in leetspeak", source="town-forum", words="4l1na V0ss", likely=True, statement_id="deposits"),
    Find(
        label="Arabic, Chinese and emoji",
        source="forum-languages",
        words="阿丽娜·福斯",
        likely=True,
        statement_id="deposits",
    ),
    Find(
        label="in other words", source="quay-blog", words="Third time this month", likely=True, statement_id="deposits"
    ),
    Find(
        label="in a review's structured data",
        source="town-reviews",
        words="I turned round at the door",
        likely=True,
        statement_id="licence",
    ),
    Find(
        label="text fetched by script",
        source="town-wire",
        words="Sir, how long",
        likely=True,
        statement_id="deposits",
    ),
    Find(label="a denial", source="town-forum", words="It is not true that", likely=False),
    Find(label="a namesake", source="forum-games", words="Sprinter Alina Voss", likely=False),
    Find(label="repeats nothing", source="town-forum", words="old post office", likely=False),
    Find(
        label="edited later",
        source="town-forum",
        words="Edit: my neighbour",
        likely=True,
        statement_id="licence",
        step=2,
    ),
    Find(
        label="from the source that failed at first",
        source="ferry-notes",
        words="Two men by the rail",
        likely=True,
        statement_id="licence",
        step=2,
    ),
)
