"""Word patterns that show a stance; all are searched in folded words without apostrophes ("didnt")."""

from __future__ import annotations

import re


def any_of(*patterns: str) -> re.Pattern[str]:
    """Join patterns into one that matches whole words."""
    return re.compile(r"\b(?:" + "|".join(patterns) + r")\b")


NEGATORS = frozenset(
    """
    not never no nobody none nothing neither nor didnt doesnt dont isnt wasnt arent werent hasnt havent hadnt wont
    wouldnt cannot cant couldnt shouldnt aint without hardly unlikely refused refuses
    nunca jamas jamais nicht nie niemals kein keine keinen keinerlei pas aucun aucune ningun ninguna
    """.split()
)
"""Words that turn what follows them round."""

NEGATIVE_PREDICATES = any_of(
    "untreated", "unattended", "unpaid", "unsupervised", "unfed", "unwashed", "uncared", "uninsured", "unanswered",
    "neglect\\w*", "ignore[sd]?", "ignoring", "fail(?:s|ed|ing)? to", "refus\\w+", "skip(?:s|ped|ping)?",
    "unqualified", "unlicen[sc]ed", "unregistered", "uncertified", "without (?:being |a |any |ever )*", "impostor",
    "imposter",
    "quack", "lied about", "lies about", "calls (?:her|him)self", "pretends?", "pretended", "pretending",
    "poses as", "posing as",
    "fake", "bogus", "not", "never", "no", "isnt", "hasnt", "doesnt", "didnt", "wasnt", "lacks?", "nobody", "none",
    "sin", "sans", "ohne", "kein", "keine", "nunca", "jamais", "nie", "nicht",
)  # fmt: skip
"""Ways to say that somebody is not or has not something, for statements that say so themselves."""

UNNEGATING = any_of(
    "not just", "not only", "no doubt", "no wonder", "no surprise", "no secret", "no question", "no joke", "no lie",
    "no idea how", "cant deny", "cannot deny", "never denied", "didnt deny", "doesnt deny", "no use denying",
    "not the first(?: time)?", "not for the first time", "why not", "not surprised?", "nobody is surprised",
    "no one is surprised", "no excuse", "no shame", "dont trust", "do not trust", "dont go", "do not go", "dont eat",
    "never again", "never go", "never trust", "never use", "cant believe", "cannot believe", "couldnt believe",
    "dont forget", "do not forget", "never forget", "not joking", "not kidding", "not lying", "not making this up",
    "not a rumou?r", "not gossip", "not a lie", "not an? exaggeration", "dont care", "doesnt care", "not sorry",
    "no remorse",
    "dont let", "nobody stopped", "nobody stop", "did nobody stop", "nobody did anything", "nobody cares?",
    "not even (?:said|apologi[sz]ed?)",
    "still hasnt", "still not", "has not even", "hasnt even said", "no longer a secret", "not a secret",
    "dont tell me",
    "never (?:gave|paid|returned|refunded|repaid|saw|got|sent)(?: \\w+){0,4} (?:back|again)", "nobody tells you",
    "nobody talks", "nobody believed me", "dont know how", "not okay", "not ok",
)  # fmt: skip
"""Phrases whose negation does not touch the accusation."""

REFUTING = any_of(
    "false(?:ly|hoods?)?", "untrue", "(?:not|isnt|aint|hardly) (?:\\w+ )?true", "nothing (?:\\w+ )?true",
    "true of none",
    "not (?:one|a single) word", "no truth", "fake news", "(?:is|its|are|was|video is|photo is) (?:a )?fake", "hoax",
    "debunk\\w*", "myths?", "baseless", "unfounded", "groundless", "unproven", "disproved", "disproven",
    "nonsense", "rubbish",
    "garbage", "bullshit", "bollocks", "defamatory", "defamation", "defames?", "smear\\w*", "slander\\w*",
    "libel\\w*",
    "malicious", "made (?:it|this|that|them|everything|all of it)?\\s?(?:all )?up",
    "invented (?:it|this|that|everything|the)",
    "(?:pure|complete|total) (?:invention|fabrication|fiction|lies?)", "fabrications?",
    "fabricated (?:it|this|by|claims?|stor)",
    "retract\\w*", "apologi[sz]e[ds]? (?:for|to)(?: \\w+)? (?:writing|saying|claiming|printing|the post|my post)",
    "(?:author|writer|paper|site|blog|person who wrote it|echo) (?:\\w+ )*apologi[sz]ed?", "had to apologi[sz]e",
    "(?:is|its|are|was|were) (?:all )?(?:a |an )?(?:outright |blatant |big |total )?lies?",
    "that lie", "this lie", "these lies", "such lies",
    "(?:is|are|was) (?:just |simply |plain |plainly |totally |completely )?wrong", "proven wrong", "proved wrong",
    "witch ?hunt", "is invented", "are (?:all |just |simply )?(?:lying|mistaken|making (?:it|this|that) up)",
    "dont believe (?:it|this|that|the|a word|every)", "do not believe (?:it|this|that|the|a word)",
    "stop (?:sharing|spreading|repeating)",
    "(?:she|he|they|it) never (?:was|did|were|has|have|happened)$", "delete (?:your|this|that|the)",
    "take (?:it|this|that) down",
    "conspiracy theory", "not a shred", "bears? false", "urban legend", "es mentira", "es falso", "cest faux",
    "ist gelogen",
    "stimmt nicht", "ist falsch", "ist eine luge",
)  # fmt: skip
"""Words that say that what somebody tells is not so."""

SHORT_REFUTALS = any_of(
    "lies", "lie", "no", "false", "wrong", "fake", "nonsense", "rubbish", "untrue", "bs", "nope", "no way"
)
"""Words that refute when they are nearly all of a neighbouring sentence ("Lies.")."""

CLEARED = any_of(
    "cleared of", "acquitted", "exonerated", "innocent", "absolved", "wrongly accused", "falsely accused",
    "wrongfully",
    "no (?:\\w+ )?(?:evidence|proof|sign|record|truth|trace|case|basis)", "found (?:no|nothing|not guilty)",
    "not guilty",
    "charges? (?:were |was )?dropped", "case (?:was )?dismissed", "proved? (?:her |him |their )?innocen\\w+",
    "let alone", "den(?:y|ies|ied|ying)", "rejects?", "rejected", "disputes?", "disputed", "refut\\w+",
)  # fmt: skip
"""Words that report that an accusation does not hold."""

TELLERS = any_of(
    "claims?", "claimed", "claiming", "rumou?rs?", "story", "stories", "posts?", "posted", "tweets?", "tweeted",
    "wrote",
    "writes", "written", "writing", "says?", "said", "saying", "told", "calls?", "called", "calling", "accus\\w+",
    "alleg\\w+",
    "article", "blog", "video", "review", "reviewer", "comment", "headline", "gossip", "spreading", "believes?",
    "whoever",
    "people keep", "i read", "i heard", "somebody", "someone", "flyer", "leaflet",
)  # fmt: skip
"""Words that tell of others telling."""

ASKING = any_of(
    "is it true", "is this true", "is that true", "is there any", "is there proof", "is there evidence",
    "any truth", "any proof",
    "any evidence",
    "(?:does|do|did) (?:anyone|anybody|someone|somebody|any of you|you) know (?:if|whether|about|anything)",
    "anyone know (?:if|whether)", "anybody know (?:if|whether)", "wondering (?:if|whether)", "wonder (?:if|whether)",
    "(?:can|could) (?:anyone|anybody|someone|somebody|you) (?:confirm|tell|say|explain)",
    "not sure (?:if|whether|what)",
    "heard (?:anything|whether)", "dont know (?:if|whether)", "want to know (?:if|whether)",
    "or is (?:that|it|this) just",
    "or not", "true or false", "what happened", "is it possible", "could it be", "es verdad", "est ce vrai",
    "stimmt es", "ist es wahr",
)  # fmt: skip
"""Phrases that ask whether something is so."""

OPENS_QUESTION = re.compile(
    r"^(?:(?:so|and|but|hey|ok|okay|wait|um|well|honest question|serious question|question|sorry|please|hi all|hi) )*"
    r"(?:did|does|do|is|are|was|were|has|have|had|will|would|could|can|hat|ist|est|es) (?!you know\b)"
)
"""Sentences that begin like a question, with or without its mark."""

TELLING_QUESTION = any_of(
    "did you know", "do you know that", "did you hear that", "have you heard that", "you know that",
    "why (?:did|does|is|are|was|has|do|would|would anybody|nobody)",
    "how (?:could|can|did|does|do|many|much|long|often|dare|is|come)", "who knew",
    "who (?:else )?(?:is surprised|remembers)", "can you believe",
    "what kind of", "would you (?:let|trust|want|go|hire|give)", "do you (?:really )?want", "when will", "when is",
    "isnt it (?:funny|strange|odd|great)",
    "remember when", "guess who", "guess what", "and (?:she|he|they) (?:is|are) still", "still",
)  # fmt: skip
"""Questions that take the accusation for granted."""

TAG_QUESTION = re.compile(r"\b(?:right|innit|huh|eh|correct|ok|yeah|am i right|surprised|really shocked)$")

SUBORDINATORS = frozenset(
    """
    for after about because but who whom when while since although though before until unless whenever which as despite
    """.split()
)
"""Words that end the reach of a negation that stands before them."""

CLAUSE_BREAKS = frozenset("but because so although though yet however whereas".split())

REACHING = any_of(
    "true", "prove[dn]?", "proof", "evidence", "believe", "think", "say", "said", "claim", "find", "found", "show",
    "shown", "know",
    "been", "convicted", "accused", "charged", "guilty", "way", "reason", "any", "anyone", "anybody", "case",
    "sign", "one",
)  # fmt: skip
"""Words over which a negation reaches on to what follows."""
