"""`goodname import`, and `goodname add` of what is known."""

from __future__ import annotations

from monitor.text.link_list import MAX_BYTES

WHO = ("--subject", "subject-1")


def captures(home):
    folder = home.folder / "data" / "evidence" / "captures"
    return sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []


def file_of(home, body: str | bytes, name: str = "links.csv") -> str:
    path = home.folder / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return str(path)


def test_each_page_is_kept_once_and_bad_lines_are_named(home):
    page = home.site.url("/post/1")
    file = file_of(home, f"url,note\n{page},a\nnonsense,b\n{page}#part,c\n{page}?utm_source=x,d\n")
    told = home.json("import", file, *WHO, code=3)
    assert [(one["line"], one["result"]) for one in told["lines"]] == [
        (2, "partial"), (3, "bad"), (4, "known"), (5, "known")
    ]  # fmt: skip
    assert len(captures(home)) == 1
    again = home.json("import", file, *WHO, code=3)
    assert again["counts"] == {"bad": 1, "known": 3}
    assert len(captures(home)) == 1


def test_a_dry_run_keeps_nothing(home):
    shown = home.run("import", file_of(home, home.site.url("/post/1")), *WHO, "--dry-run").stdout
    assert "line 1: would keep" in shown
    assert captures(home) == []
    assert home.json("hits", "list") == []


def test_new_feeds_are_watched_and_known_ones_left(home):
    new = "https://new.example/feed.xml"
    outlines = "".join(
        f'<outline text="Forum" xmlUrl="{url}"/>' for url in (home.site.url("/feed.json"), new, f"{new}?p=2")
    )
    file = file_of(home, f"<opml><body>{outlines}</body></opml>", "feeds.opml")
    configs = sorted(home.folder.glob("*.toml"))
    before = {path: path.read_text() for path in configs}
    dry = home.json("import", file, "--dry-run")
    assert dry["counts"] == {"known": 1, "would add": 2}
    assert {path: path.read_text() for path in configs} == before
    assert home.json("import", file)["counts"] == {"added": 2, "known": 1}
    assert all(path.read_text().startswith(words.rstrip()) for path, words in before.items())
    names = [one["name"] for one in home.json("source", "list")["sources"]]
    assert {"forum", "forum-2"} <= set(names)
    assert home.json("import", file)["counts"] == {"known": 3}


def test_what_cannot_be_read_says_why(home):
    for body, words in ((b"\0" * 10, "no text file"), (b"a" * (MAX_BYTES + 1), "larger than 16 MiB")):
        assert words in home.run("import", file_of(home, body), *WHO, code=2).stderr
    assert "--subject" in home.run("import", file_of(home, "https://a.example/"), code=2).stderr
    assert "cannot be read" in home.run("import", str(home.folder / "none.csv"), *WHO, code=2).stderr


def test_a_page_that_fails_does_not_stop_the_rest(home):
    file = file_of(home, f"http://localhost.invalid/\n{home.site.url('/post/1')}\n")
    told = home.json("import", file, *WHO, code=3)
    assert [one["result"] for one in told["lines"]] == ["failed", "partial"]


def test_adding_a_known_page_says_so_and_keeps_it_again_only_when_asked(home):
    page = home.site.url("/post/1")
    first = home.json("add", page, *WHO, code=3)
    result = home.run("add", page, *WHO, code=3)
    assert "was added before" in result.stderr
    assert first["id"] in result.stdout
    assert home.json("add", page, *WHO, "--again", code=3)["id"] != first["id"]
    assert len(captures(home)) == 2
