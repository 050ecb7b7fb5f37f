"""Letters that look like others: one table from non-Latin signs to the Latin letter they are drawn like.

Chosen from the confusables of Unicode Technical Standard 39 (Unicode License v3) that compatibility decomposition and
character names do not already resolve, with currency signs, brush strokes and round signs added by eye. It is used for
reading disguises only: a whole Cyrillic or Arabic word put through it becomes nonsense, so native words are also
compared as they are.
"""

from __future__ import annotations

_DRAWN_LIKE = {
    "2": "ƧϨᒿꙄꛯꝚ",
    "3": "ƷȜЗӠⳌꝪ\U000118ca\U00016f3b\U0001d206",
    "4": "Ꮞ\U000118af",
    "5": "Ƽ\U000118bb",
    "6": "ᏮⳒ\U000118d5",
    "7": "\U000104d2\U000118c6\U0001d212",
    "8": "ȣ৪੪\u0b03\U0001031a",
    "9": "৭੧୨൭ⳊꝮ\U000118cc\U000118d6",
    "a": "ɑαλадคልᎪᗅᗩ₳⍺Ⲁ卂ꋬꍏꓮ\U000102a0\U00016f40",
    "b": "๒Ƅβбвъьҍ฿ႦცጌᏏᏴᑲᖯᗷⲂ乃ꃳꌃꓐꞴ\U00010282\U000102a1\U00010301",
    "c": "ϲϹ¢©ςсርᏟᑕ₵ⲥ匚ꉓꉔꓚ\U000102a2\U00010302\U0001043d\U0001051c\U000118e9\U000118f2\U0001f74c",
    "d": "๔ԁժძዕᎠᏧᑯᗞᗪↁ⋳Ⲇ刀ꀸꓒꓓ",
    "e": "ÆəεеэєҽቿᎬ€℮⋿Ⲉⴹ乇ꍟꏂꓰ\U00010286\U000118a6\U000118ae",
    "f": "ϝғքቻᖴ₣千ꊰꎇꓝꬵ\U00010287\U000102a5\U00010525\U000118c2\U0001d213",
    "g": "ﻮƍԌցງኗᎶᏀᏳ₲ꁅꍌꓖ",
    "h": "ΗнђҥһհዘᎻᏂᕼⲎ卄ꁝꃅꓧ\U000102cf",
    "i": "¡ǀɩιіӏ\u05d5\u05df\u0627\u0661۱เጎᎥ∣⍳丨ꀤꙇ\U000118c3",
    "j": "ϳј\u05e0ጋᎫᒍꀭꓙ",
    "k": "κкқҜҟጕᏦᛕ₭Ⲕ长ꀘꓗ\U00010518",
    "l": (
        "꒒ƖΙІӀረᏞᒪᛁ⏽ⲒⳐⵏㄥꓡꓲ\U0001028a\U00010309\U00010320\U0001041b\U00010526\U000118a3\U000118b2\U00016f16"
        "\U00016f28\U0001d22a"
    ),
    "m": "๓Μϻм௱ጠᎷᗰᛖ₥Ⲙ爪ꂵꓟ\U000102b0\U00010311",
    "n": "ΝηипղոռภክᏁᑎ₦Ⲛ几ꈤꋊꓠ\U00010513",
    "o": (
        "δθοσофөօ\u05e1\u0647\u0665۵०০੦૦ଠ୦௦\u0c02౦\u0c82೦\u0d02ഠ൦\u0d82๏๐໐ဝ၀ჿዐᎾ⊙○◯☉⭕ⲟⵔ〇ㄖ口ꂦꄲꓳ\U00010292"
        "\U000102ab\U0001042c\U000104ea\U00010516\U000114d0\U000118b5\U000118c8\U000118d7\U000118e0"
    ),
    "p": "קþρрթ\u05e7የᏢᑭ₱⍴ⲣ卩ꉣꓑ\U00010295",
    "q": "ԛգզዒᑫⵕꆰ",
    "r": "ƦгяրዪᎡᏒᖇᴦⲅ尺ꋪꓣꭇꭈꮁ\U000104b4\U00016f35\U0001d216",
    "s": "§ƽѕՏടรነᏕᏚᔕ₴丂ꇙꌗꓢ\U00010296\U00010448\U000118c1\U00016f3a",
    "t": "꓄τтԏՇፕᎢᏆ†₮⊤⟙Ⲧナㄒ丅ꓔ\U00010297\U000102b1\U00010315\U000118bc\U00016f0a\U0001f768",
    "u": "ʋɄμυцս\u05d8นยሀሁᑌ∪⋃ㄩ凵ꀎꓴꞟ\U000104f6\U000118d8\U00016f42",
    "v": "νѵ\u05e9۷ᏉᏙᐯ√∨⋁ⴸꓦꛟ\U0001051d\U00011706\U000118c0\U00016f08\U0001d20d",
    "w": "שωшщѡԝաฬሠᎳᏔᗯ₩Ⲱ山ꅏꅐꓪ\U0001170a\U0001170e\U0001170f\U000118e6\U000118ef",
    "x": "×χжхҳӾ\u05d0ሸᕁᕽ᙭᙮ᚷ╳⤫⤬⨯Ⲭⵝメ乂ꉧꊼꓫꞳ\U00010290\U000102b4\U00010317\U00010322\U00010527\U000118ec",
    "y": "ץ¥ɣΥγуү\u05e5ყሃᎩᎽⲨㄚꌦꌩꓬ\U000102b2\U000118a4\U000118dc\U00016f43",
    "z": "ΖչጊᏃᘔⲌ乙ꁴꓜ\U000102f5\U000118a9\U000118c4\U000118e5",
}

_BRAILLE = dict(zip("⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵", "abcdefghijklmnopqrstuvwxyz", strict=True))

LOOKALIKES: dict[str, str] = _BRAILLE | {sign: letter for letter, signs in _DRAWN_LIKE.items() for sign in signs}
"""Map one sign to the Latin letter or digit it looks like."""

LETTER_PAIRS: dict[str, str] = {
    "ꜳ": "aa", "Ꜳ": "aa", "ӕ": "ae", "Ӕ": "ae", "ꜵ": "ao", "Ꜵ": "ao", "ꜷ": "au", "Ꜷ": "au", "ꜹ": "av", "ꜻ": "av",
    "Ꜹ": "av", "Ꜻ": "av", "ꜽ": "ay", "Ꜽ": "ay", "ʣ": "dz", "ʪ": "ls", "₶": "lt", "ʫ": "lz", "∞": "oo", "ꝏ": "oo",
    "ꚙ": "oo", "Ꝏ": "oo", "Ꚙ": "oo", "‖": "ll", "∥": "ll", "ǁ": "ll", "🝜": "sss", "ꝷ": "tf", "ʦ": "ts", "ᵫ": "ue",
    "ꭣ": "uo", "Ю": "io", "ю": "io", "Ы": "bi", "ы": "bi", "🜇": "ar", "🜀": "qe", "🝬": "vb", "🝫": "mb",
}  # fmt: skip
"""Map one sign to the Latin letters it looks like."""

LEET: dict[str, str] = {
    "0": "o",
    "1": "i",
    "2": "z",
    "3": "e",
    "4": "a",
    "5": "s",
    "6": "b",
    "7": "t",
    "8": "b",
    "9": "g",
    "@": "a",
    "$": "s",
    "!": "i",
    "|": "i",
    "+": "t",
}
"""Map digits and ASCII signs that stand for letters; `l` and `i` are one class in the skeleton."""

DRAWN_LETTERS: tuple[tuple[str, str], ...] = (
    ("\\/\\/", "w"),
    ("/\\/\\", "m"),
    ("|\\/|", "m"),
    ("|\\|", "n"),
    ("/\\", "a"),
    ("/-\\", "a"),
    ("\\/", "v"),
    ("|-|", "h"),
    ("|_|", "u"),
    ("(_)", "u"),
    ("|_", "i"),
    ("()", "o"),
    ("[]", "o"),
    ("|<", "k"),
    ("|>", "p"),
    ("|)", "d"),
    ("|3", "b"),
    ("|=", "f"),
    ("><", "x"),
)
"""Map letters drawn with several signs, longest first where they share a beginning."""
