"""Documents: the same bytes each time, every script drawn, others' words never read as markup."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.errors import PrintingFailed
from monitor.pdf import print_pdf

pypdf = pytest.importorskip("pypdf")
pytest.importorskip("typst")

AT = datetime(2026, 11, 22, 16, 44, 5, 123456, tzinfo=UTC)
TEMPLATE = """
#import "house.typ": *
#let data = json("data.json")
#show: house.with(title: "A trial", foot: "foot")
#for line in data.lines { others-words(line) }
#if "picture" in data { image(data.picture) }
"""
SCRIPTS = (
    "Latin: žluťoučký",
    "Ελληνικά",
    "Русский",
    "עברית",
    "العربية",
    "हिन्दी",
    "ไทย",
    "中文",
    "日本語",
    "한국어",
    "😀 🇩🇪 ✊🏽",
)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "trial.typ"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


def text_of(body: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(body)).pages
    return "\n".join(page.extract_text() for page in pages).replace("\u200b", "")


def test_every_script_and_emoji_is_drawn(template: Path) -> None:
    printed = print_pdf(template, {"lines": SCRIPTS}, at=AT)
    assert printed.replaced == ()
    shown = text_of(printed.body)
    assert "žluťoučký" in shown
    assert "中文" in shown


def test_it_is_a_pdf_for_archives_and_the_same_every_time(template: Path) -> None:
    first = print_pdf(template, {"lines": SCRIPTS}, at=AT)
    assert print_pdf(template, {"lines": SCRIPTS}, at=AT).body == first.body
    assert print_pdf(template, {"lines": SCRIPTS}, at=AT + timedelta(days=1)).body != first.body
    metadata = pypdf.PdfReader(io.BytesIO(first.body)).xmp_metadata
    assert b"pdfaid" in metadata.stream.get_data()
    assert b"<pdfaid:part>2</pdfaid:part>" in metadata.stream.get_data()


def test_the_marks_of_an_archive_pdf_are_there_and_nothing_that_it_forbids(template: Path) -> None:
    """What PDF/A-2b asks of the file itself: a colour profile, fonts embedded, no key, no script."""
    reader = pypdf.PdfReader(io.BytesIO(print_pdf(template, {"lines": SCRIPTS}, at=AT).body))
    root = reader.trailer["/Root"]
    assert reader.is_encrypted is False
    assert "/ID" in reader.trailer
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in reader.xmp_metadata.stream.get_data()
    (intent,) = root["/OutputIntents"]
    assert intent["/S"] == "/GTS_PDFA1"
    assert len(intent["/DestOutputProfile"].get_data()) > 100
    assert not {"/OpenAction", "/AA", "/JavaScript"} & set(root)
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    outlines = [font for font in fonts if font["/Subtype"] != "/Type3"]  # a Type 3 font is drawn within the file
    described = [one.get_object()["/FontDescriptor"] for font in outlines for one in font["/DescendantFonts"]]
    assert len(described) >= 3
    lacking = [dict(one) for one in described if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(one)]
    assert lacking == []


def test_what_no_font_can_draw_is_named(template: Path) -> None:
    printed = print_pdf(template, {"lines": ["a\ue000b", "\U000f0000", "\u0378"]}, at=AT)
    assert {"U+E000", "U+F0000", "U+0378"} <= set(printed.replaced)
    assert "a[U+E000]b" in text_of(printed.body)


def test_many_characters_without_a_glyph_end_in_a_plain_document(template: Path) -> None:
    rare = "".join(chr(0x1B170 + number) for number in range(60))  # Nushu, which few machines have a font for
    printed = print_pdf(template, {"lines": ["before " + rare + " after"]}, at=AT)
    assert "before" in text_of(printed.body)


def test_marks_that_turn_the_line_around_are_shown(template: Path) -> None:
    printed = print_pdf(template, {"lines": ["safe\u202efdp.exe"]}, at=AT)
    assert "safe[U+202E]fdp.exe" in text_of(printed.body)


@pytest.mark.parametrize(
    "words",
    ['#panic("x")', '#read("/etc/passwd")', "$x^2$ *b* _i_ `r` = h", "@ref <l> // c", "\\u{41} ~ -- ---", "](x"],
)
def test_others_words_are_never_read_as_markup(words: str, template: Path) -> None:
    assert words in text_of(print_pdf(template, {"lines": [words]}, at=AT).body)


def test_a_broken_picture_is_a_fault_in_words(template: Path) -> None:
    with pytest.raises(PrintingFailed) as caught:
        print_pdf(template, {"lines": [], "picture": "p.png"}, at=AT, pictures={"p.png": b"no picture"})
    assert caught.value.why
