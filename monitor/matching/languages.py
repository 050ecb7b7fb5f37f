"""Label a text with its language: by script, else by its small words. A label, never a filter."""

from __future__ import annotations

import re

from monitor.text.views import fold

_SCRIPTS = (
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)
_SMALL_WORDS = {
    "en": """the of and to is was that for with his her she he they are has have been this from you your at by it
        i my we our not but so if what who when there their an in""",
    "es": """el la los las de del que y en un una por con para su se es lo al ha como mas pero sus esta fue
        yo mi mis he han muy ya le les nos me desde cuando era todo todos este ese esa eso sin ni hay son""",
    "fr": """le la les des du de et en un une que qui est dans pour par avec son sa ses au sur pas ne a elle il
        je nous vous ils elles sont mes mon ma leur leurs mais ou depuis tout tous aux ce cette ces ete ai suis""",
    "de": """der die das und ist in den von zu mit dem des ein eine hat nicht sich auf fur als auch sie er es ihre
        ich wir ihr ihren ihrem ihrer sein seine seinen wird wurde war seit sind im am vom zum zur aber wenn noch
        mein meine meinen einen einem einer bei nach kein keine oder man so was""",
    "it": """il la lo gli le di che e un una per con non del della dei sono ha si nel anche suo sua
        io mi ma piu ho hanno alla dal dalla questo questa come""",
    "pt": """o a os as de do da que e em um uma por com para nao se dos das ao sua seu foi mais
        eu mas ele ela tem no na nos nas muito esta isso""",
    "nl": """de het een en van is dat in op te zijn met voor niet die haar hij zij er ook aan
        ik wij maar als bij naar deze heeft was ze dit om""",
}
_WORDS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}


def language_of(text: str) -> str:
    """Give a BCP 47 tag, or an empty string when too little speaks for one; reads the first 2,000 characters.

    Two small words of a language must be there, and more of its words than of any other's.
    """
    head = text[:2000]
    letters = sum(map(str.isalpha, head)) or 1
    if not head.isascii():
        for language, letter in _SCRIPTS:
            if len(letter.findall(head)) > letters * 0.4:
                return language
    words = fold(head).split()
    counts = {language: sum(word in small for word in words) for language, small in _WORDS.items()}
    first, second = sorted(counts, key=counts.__getitem__, reverse=True)[:2]
    return first if counts[first] >= 2 and counts[first] > counts[second] else ""
