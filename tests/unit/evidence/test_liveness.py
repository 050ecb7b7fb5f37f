"""What became of a post is told from its page: the words first, then clear signs, and never a wall for a removal."""

from __future__ import annotations

import pytest

from monitor.domain import LiveState
from monitor.evidence.completeness import PageSigns
from monitor.evidence.liveness import decide

URL = "https://forum.example/t/1"
POST = "I heard that FIRST LAST stole money from patients in Leeds and then closed the practice overnight."
AROUND = "Town forum. Dentists in Leeds. " + " ".join(
    f"Another reply number {n} about something else." for n in range(90)
)
CONTROLS = "Posted 3 h ago by someone. {post} Reply Share 12 likes. "


def look(text: str, *, title: str = "Dentists in Leeds", status: int = 200, final: str = URL, **kept: str):
    page = PageSigns(text=text, title=title, status=status, requested_url=URL, final_url=final, scripts_ran=False)
    before = kept.get("baseline", AROUND + CONTROLS.format(post=POST))
    return decide(page, text=kept.get("post", POST), quotes=(), baseline=before)


TRAP = {
    "live, and talks of a post that has been removed": (
        {"text": f"A moderator writes: another post has been removed. {POST} {AROUND}"},
        LiveState.LIVE,
    ),
    "live, beside a reply that is [deleted]": ({"text": f"{POST} [deleted] {AROUND}"}, LiveState.LIVE),
    "live, and short, about a page not found": (
        {"text": f"{POST} When I called up his site it said: page not found.", "title": "404 and other stories"},
        LiveState.LIVE,
    ),
    "live, and tells of access denied": ({"text": f"{POST} Access denied, said the door."}, LiveState.LIVE),
    "a login wall": (
        {"text": "Please log in to continue.", "title": "Log in", "final": "https://forum.example/login?next=/t/1"},
        LiveState.LOGIN_WALL,
    ),
    "a bot wall": (
        {"text": "Checking your browser before you proceed.", "title": "Just a moment...", "status": 403},
        LiveState.BOT_WALL,
    ),
    "a soft 404 in French": (
        {"text": "Oups ! La page que vous cherchez est introuvable.", "title": "Page introuvable"},
        LiveState.GONE,
    ),
    "a true 404": ({"text": "Not Found", "title": "404 Not Found", "status": 404}, LiveState.GONE),
}


@pytest.mark.parametrize("name", TRAP)
def test_the_eight_pages_of_the_trap_are_told_right(name: str) -> None:
    page, expected = TRAP[name]
    assert look(**page).state is expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"text": "Forbidden", "title": "403", "status": 403}, LiveState.BOT_WALL),
        ({"text": "Slow down", "title": "429", "status": 429}, LiveState.BOT_WALL),
        ({"text": "Sign in", "title": "", "status": 401}, LiveState.LOGIN_WALL),
        ({"text": "", "title": "Captcha", "status": 200}, LiveState.BOT_WALL),
        ({"text": "Bad gateway", "title": "", "status": 502}, LiveState.NETWORK),
        ({"text": "Not here for legal reasons", "title": "", "status": 451}, LiveState.UNKNOWN),
        ({"text": "Gone", "title": "", "status": 410}, LiveState.GONE),
        (
            {"text": "Welcome to the forum" + AROUND, "title": "Forum", "final": "https://forum.example/"},
            LiveState.GONE,
        ),
        ({"text": AROUND + "[removed by moderators] This post was removed."}, LiveState.GONE),
        ({"text": "Die Seite wurde nicht gefunden.", "title": "Fehler"}, LiveState.GONE),
        ({"text": "ページが見つかりません", "title": ""}, LiveState.GONE),
        ({"text": AROUND}, LiveState.UNKNOWN),
        ({"text": "Loading…", "title": "Forum"}, LiveState.UNKNOWN),
        ({"text": f"{POST} {AROUND}", "title": "404 Not Found", "status": 404}, LiveState.LIVE),
    ],
)
def test_states(page: dict, expected: LiveState) -> None:
    seen = look(**page)
    assert (seen.state, bool(seen.signal)) == (expected, True)


def test_a_page_that_is_there_without_the_words_is_left_to_a_browser() -> None:
    assert look(AROUND).needs_browser
    assert not look("Not found", status=404).needs_browser


def test_an_old_tombstone_beside_the_post_says_nothing() -> None:
    baseline = f"[deleted] {AROUND} {POST}"
    assert look(f"[deleted] {AROUND}", baseline=baseline).state is LiveState.UNKNOWN


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("stole money", "may have stolen money", "1 of 17"),
        ("stole money", "allegedly stole money", "0 of 17"),
        ("stole", "borrowed", "1 of 17"),
        ("and then closed the practice overnight", "and then closed the practice, which was false", "1 of 17"),
    ],
)
def test_an_edit_is_seen_and_its_text_given(old: str, new: str, words: str) -> None:
    seen = look(AROUND + CONTROLS.format(post=POST.replace(old, new)))
    assert seen.state is LiveState.EDITED
    assert seen.signal.startswith(words)
    assert seen.passage.startswith("I heard that FIRST LAST")


@pytest.mark.parametrize(
    "post",
    [
        POST.upper(),
        POST.replace("stole", "STOLE").replace(" in ", "  in\n"),
        POST.replace("patients", "patients (edited 4 hours ago)"),
    ],
)
def test_what_the_page_itself_puts_in_is_no_edit(post: str) -> None:
    baseline = AROUND + CONTROLS.format(post=POST.replace("patients", "patients (edited 2 hours ago)"))
    assert look(AROUND + CONTROLS.format(post=post), baseline=baseline).state is LiveState.LIVE


def test_words_that_the_page_always_had_between_the_posts_own_are_no_edit() -> None:
    """A feed gave the post's words alone; its page puts a name and a link between them."""
    shown = POST.replace("patients", "patients [see also: Our dentists]")
    assert look(shown + AROUND, baseline=shown + AROUND).state is LiveState.LIVE
    assert look(shown + AROUND, baseline="").state is LiveState.LIVE
    assert look(shown + AROUND, baseline=POST + AROUND).state is LiveState.EDITED


def test_a_long_page_of_the_same_word_ends_soon() -> None:
    assert look("a " * 150_000, post="a " * 5_000, baseline="a " * 150_000).state is LiveState.LIVE
    assert look("b " * 150_000, post="a " * 5_000).state is LiveState.UNKNOWN


def test_scripts_without_spaces() -> None:
    post = "张三偷了病人的钱然后关了诊所再也没有回来"
    assert look(f"论坛 {post} 回复", post=post, baseline="").state is LiveState.LIVE
    assert look(f"论坛 {post.replace('偷了', '借了')} 回复", post=post, baseline="").state is LiveState.EDITED
