"""`goodname match`: lines in, verdicts out, without configuration or database."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from monitor.cli.match import LineReader
from tests.unit.cli.conftest import REPEAT, WATCHLIST, run


@pytest.fixture
def watchlist(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text(WATCHLIST, "utf-8")
    return str(path)


def verdicts(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_verdict_a_line_in_order(watchlist, tmp_path):
    posts = [
        {"id": 1, "text": REPEAT},
        {"id": "b", "text": "Nothing of it, 中文 😀", "title": "x", "url": "https://example.org", "author": "A"},
        {"id": 3, "text": "Whatever you say, FIRST LAST did not steal money from patients."},
    ]
    result = run("match", "--watchlist", watchlist, given="\n".join(json.dumps(post) for post in posts))
    first, second, third = verdicts(result)
    assert (first["id"], first["level"]) == (1, "likely")
    (found,) = first["matches"]
    assert (found["subject"], found["statement"], found["stance"]) == ("subject-1", "stole", "repeat")
    start, end = found["span"]
    assert REPEAT[start:end] == found["excerpt"]
    assert [REPEAT[slice(*span)] for span in first["mentions"][0]["spans"]] == ["FIRST LAST"]
    assert (second["id"], second["level"], second["mentions"], second["matches"]) == ("b", "none", [], [])
    assert third["level"] == "possible"
    assert third["matches"][0]["stance"] == "denial"
    assert result.stdout.isascii()
    assert " " not in result.stdout.split('"excerpt"')[0].partition('"reasons"')[0]
    assert list(tmp_path.iterdir()) == [tmp_path / "w.toml"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"not json", "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"id": 1}', '"text" must be a string'),
        (b'{"text": "x"}', '"id" must be'),
        (b'{"id": 1, "text": 5}', '"text" must be a string'),
        (b'{"id": 1, "text": "x", "published_at": "soon"}', "published_at"),
        (b'{"id": 1, "text": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "nests too deeply"),
    ],
)
def test_a_malformed_line_is_named_and_the_others_go_on(watchlist, line, why):
    good = json.dumps({"id": 7, "text": REPEAT}).encode()
    result = run("match", "--watchlist", watchlist, given=b"\n".join([good, b"", line, good]), code=3)
    first, bad, last = verdicts(result)
    assert first["level"] == last["level"] == "likely"
    assert bad["line"] == 3
    assert why in bad["error"]
    assert "1 line was no post" in result.stderr


def test_a_lone_surrogate_does_not_stop_it(watchlist):
    result = run(
        "match", "--watchlist", watchlist, given='{"id": 1, "text": "FIRST LAST \\ud800 stole money from patients"}'
    )
    assert verdicts(result)[0]["level"] == "likely"


def test_no_line_at_all(watchlist):
    assert run("match", "--watchlist", watchlist, given="").stdout == ""


def test_withdrawn_statements_are_not_looked_for(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text(WATCHLIST + '  status = "withdrawn"\n', "utf-8")
    result = run("match", "--watchlist", str(path), given=json.dumps({"id": 1, "text": REPEAT}))
    assert verdicts(result)[0]["matches"] == []


class Stream(io.BytesIO):
    """Hand out a few bytes at a time, as a pipe may."""

    def read1(self, size=-1):
        return super().read1(min(size, 7))


@pytest.mark.parametrize("stream", [io.BytesIO, Stream])
def test_lines_are_cut_right_wherever_chunks_end(stream):
    flushed = []
    reader = LineReader(stream(b"one\n\ntwo, which is longer\nthree"), lambda: flushed.append(1))
    assert list(reader) == [b"one", b"", b"two, which is longer", b"three"]
    assert flushed
    assert list(LineReader(stream(b"a\n"), lambda: None)) == [b"a"]


@pytest.mark.parametrize("stream", [io.BytesIO, Stream])
def test_a_line_without_end_is_thrown_away_while_it_is_read(stream):
    reader = LineReader(stream(b"a\n" + b"x" * 100 + b"\nb\n" + b"y" * 50), lambda: None, longest=20)
    assert list(reader) == [b"a", b"{", b"b", b"{"]
    assert reader.too_long == {2, 4}


def test_a_line_that_is_too_long_says_so(watchlist, monkeypatch):
    monkeypatch.setattr(LineReader.__init__, "__defaults__", (1000,))
    long = json.dumps({"id": 1, "text": "x" * 2000})
    result = run("match", "--watchlist", watchlist, given=f"{long}\n{json.dumps({'id': 2, 'text': 'y'})}", code=3)
    bad, good = verdicts(result)
    assert (bad["line"], bad["error"]) == (1, "the line is longer than 16 MB")
    assert good["id"] == 2


def test_a_verdict_comes_before_the_next_post_is_there(watchlist):
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor.cli", "match", "--watchlist", watchlist],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        for number in (1, 2):
            process.stdin.write(json.dumps({"id": number, "text": REPEAT}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()
    assert process.returncode == 0


PEAK = """
import monitor.cli, re, sys
sys.argv = ["goodname", "match", "--watchlist", sys.argv[1]]
try:
    monitor.cli.main()
except SystemExit:
    print(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="peak memory is read from /proc")
def test_memory_stays_flat(watchlist, tmp_path):
    """A long input needs no more memory than a short one, but for a little slack."""
    post = json.dumps({"id": 1, "text": "The council met on Tuesday.", "more": "x" * 20_000}).encode() + b"\n"
    peaks = []
    for count in (100, 2_000):
        done = subprocess.run(
            [sys.executable, "-c", PEAK, watchlist], input=post * count, capture_output=True, timeout=60
        )
        assert done.stdout.count(b"\n") == count
        peaks.append(int(done.stderr))
    assert peaks[1] - peaks[0] < 4 * 1024
