"""Two clients whose people have the same name: asked for the first, no command says a word of the second's matters.

Every free text of the second client's holds a canary: what was listed as false, who asks, notes, cases, letters, days.
A command that is added must be placed here: among those that can be asked for one client, or among the others.
"""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
import typer
from typer.main import get_command

from monitor.bootstrap import open_app
from monitor.cli import app
from monitor.domain import Alert, AlertKind
from monitor.settings import load_settings
from monitor.testing import NOW
from tests.unit.cli.conftest import Installation, Site, install

CANARY = "quetzal"
PEOPLE = """
[[subject]]
id = "{id}"
client_id = "client-{id}"
name = "FIRST LAST"
aliases = ["F. LAST {word}"]
context_terms = ["Leeds", "dentist", "{word}"]
  [subject.attestation]
  relation = "client"
  by = "AGENCY {word}"
  on = 2026-11-22
  reference = "order {word}"
  [[subject.statement]]
  id = "claim-{word}"
  text = "FIRST LAST stole money from patients{more}"
  paraphrases = ["FIRST LAST took the money of patients {word}"]
  falsity_note = "The books are in order {word}."
"""

BY_ITS_NUMBERS = {
    "case show": (["CASE"], ["CASE", "--reveal"]),
    "case plan": (["CASE"],),
    "case identify": (["CASE"],),
    "case worst": (["CASE", "--mention", "1"],),
    "case letter": (["CASE", "--to", "x", "--from", "y", "--false", "z", "--out", "OUT.pdf"],),
    "case report": (["CASE", "--notice", "uk-2013", "--out", "OUT.pdf"],),
    "case packet": (["CASE", "--out", "OUT.zip"], ["CASE", "--out", "OUT.pdf"]),
    "explain": (["1", "--subject", "one", "--reveal"],),
    "person threshold": (["one"],),
    "statement list": (["--subject", "one", "--all"],),
    "hits list": (["--client", "client-one", "--reveal"], ["--subject", "one", "--reveal"]),
    "case list": (["--client", "client-one"], ["--subject", "one"]),
    "digest preview": tuple(
        ["--client", "client-one", "--out", f"OUT{end}", *weekly]
        for end in (".eml", ".txt", ".html")
        for weekly in ([], ["--weekly"])
    ),
    "evidence export": (["--client", "client-one", "--out", "OUT.zip"], ["--subject", "one", "--out", "OUT.zip"]),
}
"""What can be asked for one client, and how; OUT is a new file, CASE the first client's case."""

OF_THE_WHOLE = {
    "ack", "add", "backup", "config check", "config example", "config schema", "config show", "demo", "digest send",
    "doctor", "evidence copies", "evidence diff", "evidence hold", "evidence holds", "evidence recheck",
    "evidence redact", "evidence verify", "evidence wayback", "handover", "hits mark", "hits show", "import", "match",
    "migrate", "model install", "model status", "notify enable", "notify test", "once", "pause", "person add",
    "person edit", "person list", "person pause", "queue drop", "queue list", "queue retry", "restore", "run", "snooze",
    "source add", "source list", "source record", "source test", "statement add", "statement edit", "status", "storm",
    "token list", "token new", "token revoke", "try", "web", "worker",
}  # fmt: skip
"""For whoever runs the installation: they act on all of it, or on a post, which may be about people of several."""

CHANGING = {
    "case add", "case clock", "case close", "case hold", "case new", "case outcome", "case revise", "case sent",
}  # fmt: skip
"""These change one case, and say what they did; they are made use of below, on both clients' cases."""


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    if hasattr(command, "list_commands"):
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from leaves(command.get_command(context, name), (*path, name))
    else:
        yield " ".join(path)


def test_every_command_is_placed() -> None:
    placed = [*BY_ITS_NUMBERS, *OF_THE_WHOLE, *CHANGING]
    assert sorted(placed) == sorted(leaves(get_command(app)))


def work_on(home: Installation, who: str, word: str) -> tuple[str, str]:
    """Open a case and fill in all that a person can say of it; gives its number and all that was said meanwhile."""
    said: list[str] = []

    def run(*words: str) -> str:
        done = home.run(*words)
        said.append(done.stdout + done.stderr)
        return done.stdout

    run("hits", "mark", "1", "confirmed", "--subject", who, "--note", f"seen {word}", "--by", f"somebody {word}")
    number = str(json.loads(run("case", "new", f"matter {word}", "--subject", who, "--mention", "1", "--json"))["id"])
    run("case", "add", number, "--mention", "1")
    run("case", "plan", number, "--skip", "rest", "--because", f"reason {word}", "--owner", "helper")
    run(
        *("case", "identify", number, "--lead", f"N {word}", "--basis", f"a guess {word}", "--by", f"me {word}"),
        *("--poster", "cannot_be_named"),
    )
    run("case", "letter", number, "--to", f"owner {word}", "--from", f"sender {word}", "--false", f"not so {word}")
    sent = ("case", "sent", number, "--draft", draft_of(home, number), "--because", f"counsel {word}")
    action = str(json.loads(run(*sent, "--reference", f"R {word}", "--json"))["id"])
    run("case", "outcome", number, action, "removed", "--reference", f"O {word}")
    run("case", "clock", number, "--due", "2027-01-02", "--title", f"day {word}", "--by", "self", "--note", f"n {word}")
    run("case", "hold", number, "--because", f"suit {word}", "--by", f"counsel {word}")
    return number, "\n".join(said)


def draft_of(home: Installation, number: str) -> str:
    return str(home.json("case", "show", number)["papers"][-1]["id"])


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, server: Site) -> tuple[Installation, str, str]:
    server.reset()
    home = install(tmp_path_factory.mktemp("clients"), server)
    home.edit('quiet_hours = ""', 'quiet_hours = ""\nshow_words = true\nmin_level = "possible"')
    people = PEOPLE.format(id="one", word="plain", more="") + PEOPLE.format(
        id=f"two-{CANARY}", word=CANARY, more=f" and a {CANARY}"
    )
    home.write("watchlist.toml", people)
    home.run("once")
    second, said_of_second = work_on(home, f"two-{CANARY}", CANARY)
    first, said_of_first = work_on(home, "one", "plain")
    assert CANARY in said_of_second, "the control: it is said where it belongs"
    assert first != second
    return home, first, said_of_first


def texts(path: Path) -> str:
    """Give everything a person can read in a file: of an archive all its files, of a PDF its words and facts."""
    body = path.read_bytes()
    return path.name + _texts(path.name, body)


def _texts(name: str, body: bytes) -> str:
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return "\n".join(one + _texts(one, archive.read(one)) for one in archive.namelist())
    if name.endswith(".pdf"):
        read = pypdf.PdfReader(io.BytesIO(body))
        return "\n".join([str(read.metadata), *(page.extract_text() for page in read.pages)])
    return body.decode("utf-8", "replace")


def test_what_is_done_on_ones_case_says_nothing_of_the_others(both: tuple[Installation, str, str]) -> None:
    assert CANARY not in both[2].casefold()


@pytest.mark.parametrize("command", BY_ITS_NUMBERS)
def test_a_command_that_is_asked_for_one_client(
    both: tuple[Installation, str, str], command: str, tmp_path: Path
) -> None:
    home, case, _ = both
    for place, words in enumerate(BY_ITS_NUMBERS[command]):
        for form in ((),) if command == "digest preview" else ((), ("--json",)):
            out = tmp_path / f"{place}{''.join(form)}"
            given = [word.replace("OUT", str(out)) if word.startswith("OUT") else word for word in words]
            given = [case if word == "CASE" else word for word in given]
            done = home.run(*command.split(), *given, *form)
            made = "".join(texts(path) for path in tmp_path.glob(f"{out.name}.*"))
            assert bool(made) is any(word.startswith("OUT") for word in words)
            assert CANARY not in (done.stdout + done.stderr + made).casefold(), given


def test_the_same_look_at_the_other_client_sees_it(both: tuple[Installation, str, str], tmp_path: Path) -> None:
    """Show that the canary is there to be seen: what the commands above are silent about, they say to its own."""
    home, _, _ = both
    who, client = f"two-{CANARY}", f"client-two-{CANARY}"
    for words in (
        ("hits", "list", "--client", client, "--reveal", "--json"),
        ("case", "list", "--client", client),
        ("statement", "list", "--subject", who),
        ("explain", "1", "--subject", who, "--reveal"),
    ):
        assert CANARY in home.run(*words).stdout
    home.run("evidence", "export", "--client", client, "--out", str(tmp_path / "a.zip"))
    assert CANARY in texts(tmp_path / "a.zip")
    home.run("digest", "preview", "--client", client, "--out", str(tmp_path / "a.txt"))
    assert CANARY in texts(tmp_path / "a.txt")


def test_no_alert_about_ones_person_speaks_of_the_others(both: tuple[Installation, str, str]) -> None:
    home, _, _ = both

    async def words() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {"one": [], f"two-{CANARY}": []}
        async with open_app(load_settings(home.config)) as opened:
            told = [one for one in opened.store.alerts() if one.subject_id]
            some = {"mention_id": 1, "level": told[0].level, "created_at": NOW}
            for subject in found:
                kinds = [AlertKind.CHANGE, AlertKind.CAPTURE_FAILED, AlertKind.UNSEEN, AlertKind.MATCH]
                told += [Alert(kind=kind, dedupe_key=f"{kind}", subject_id=subject, **some) for kind in kinds]
                many = {"count": 3, "hours": 2, "spread": True, "at_once": True}
                told.append(Alert(kind=AlertKind.MATCH, dedupe_key="many", subject_id=subject, payload=many, **some))
            for alert in told:
                message = opened.messages.in_words(alert)
                found[alert.subject_id].append(f"{message.title}\n{message.text}\n{message.html}")
        return found

    found = asyncio.run(words())
    assert len(found["one"]) >= 6
    assert CANARY not in "\n".join(found["one"]).casefold()
    assert CANARY in "\n".join(found[f"two-{CANARY}"]).casefold()
