from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from monitor.domain import CaptureRequest, Completeness, Observed
from monitor.evidence.report import render

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</blockquote></bdi><iframe src=//evil.example>",
    "{{ 7*7 }}{% for x in y %}",
    "\u202egnp.exe \ud800",
)


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_others_stay_text(text: str, capture_request: CaptureRequest, observed: Observed) -> None:
    seen = replace(
        observed,
        final_url=text,
        failure=text,
        incomplete=(text,),
        blocked=(text,),
        redirects=(text,),
        headers={text: text},
        options={text: text},
    )
    asked = replace(capture_request, url=text, quotes=(text,), facts={text: text})
    page = Elements()
    page.feed(render("20261122T164400Z-00000000", asked, seen, ()).decode())
    assert not {"script", "iframe", "img"} & set(page.tags)
    assert not [name for name in page.attributes if name.startswith("on")]


def test_the_report_judges_nothing_and_says_what_is_missing(capture_request, observed) -> None:
    seen = replace(observed, completeness=Completeness.LOGIN_WALL, incomplete=("the page asked for a login",))
    text = render("20261122T164400Z-00000000", capture_request, seen, ()).decode()
    assert "the page asked for a login" in text
    assert "defam" not in text.lower()
