"""An export for one client holds what is kept for them, and no word of another, also where one post names both."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from monitor.backup import seal_file
from monitor.domain import (
    ArtifactRole,
    CaptureRequest,
    Judgement,
    Level,
    Origin,
)
from monitor.errors import EvidenceError, InputError
from monitor.evidence import FileExporter, FileVault, check_export
from monitor.jobs import assess, export
from monitor.matching import Matcher, Thresholds
from monitor.ports import ExportOrder, PageRows
from monitor.store import SqlStore, open_store
from monitor.testing import (
    NOW,
    FakeClock,
    make_decision,
    make_judgement,
    make_match,
    make_mention,
    make_statement,
    make_subject,
)
from monitor.testing.builders import make_observed

CANARY = "CANARY"


@dataclass
class Two:
    """Two clients with a person of the same name each; all that is the second one's holds the canary word."""

    store: SqlStore
    vault: FileVault
    clock: FakeClock
    exporter: FileExporter
    captures: dict[str, list[str]] = field(default_factory=lambda: {"a": [], CANARY: []})

    @property
    def reach(self) -> export.Reach:
        return export.Reach(store=self.store, vault=self.vault)

    def post(self, name: str, text: str, *subjects: str) -> int:
        post = make_mention(source="forum", external_id=name, text=text, url=f"https://forum.example/{name}")
        self.store.save_page(PageRows(source="forum", query_key="*", mentions=(post,), raw=(), cursor="{}"))
        mention = self.store.find("forum", name)
        assert mention is not None
        judged = (self._judged(subject, text) for subject in subjects)
        self.store.save_decisions([make_decision(mention, *judged, at=self.clock.now())])
        return mention.id

    def _judged(self, subject: str, text: str) -> Judgement:
        statement = f"{subject}-stole"
        match = make_match(subject_id=subject, statement_id=statement, excerpt=text, span=(0, len(text)))
        return make_judgement(subject_id=subject, matches=(match,))

    def keep(self, mention_id: int, subject: str, body: bytes) -> str:
        request = CaptureRequest(
            id=0, mention_id=mention_id, revision=1, url=f"https://forum.example/{mention_id}", subject_id=subject,
            facts={"statement": f"{subject}-stole"},
        )  # fmt: skip
        request = replace(request, id=self.store.request_capture(request, self.clock.now()))
        staging = self.vault.stage(request, self.clock.now())
        staging.add(ArtifactRole.PAGE, "page.html", "text/html", Origin.DECODED, body)
        observed = make_observed(request.url, at=self.clock.now())  # fmt: skip
        capture = self.vault.commit(staging, request, observed)
        self.store.finish_capture(capture)
        self.captures[CANARY if CANARY in subject else "a"].append(capture.id)
        return capture.id


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    clock = FakeClock()
    store = open_store(f"sqlite:///{tmp_path / 'rows.db'}", clock=clock)
    root = tmp_path / "evidence"
    vault = FileVault(root, clock=clock, actor="goodname", reserve_bytes=0)
    for name in ("a", CANARY):
        store.save_subject(make_subject(id=f"person-{name}", client_id=f"client-{name}"))
        store.save_statement(make_statement(id=f"person-{name}-stole", subject_id=f"person-{name}"))
    made = Two(store, vault, clock, FileExporter(vault, clock=clock, seal=seal_file))
    mine = made.post("mine", "FIRST LAST stole money", "person-a")
    theirs = made.post("theirs", f"{CANARY} stole money", f"person-{CANARY}")
    both = made.post("both", "FIRST LAST and FIRST LAST stole money", "person-a", f"person-{CANARY}")
    made.keep(mine, "person-a", b"mine")
    made.keep(theirs, f"person-{CANARY}", CANARY.encode())
    made.keep(both, "person-a", b"both, for a")
    made.keep(both, f"person-{CANARY}", b"both, for the other")
    vault.record("viewed", actor=f"helper-{CANARY}", capture_id=made.captures[CANARY][0])
    vault.record("case_opened", actor=f"helper-{CANARY}", detail={"case": "1", "subject": f"person-{CANARY}"})
    yield made
    store.close()


def words_of(two: Two, order: ExportOrder, out: Path) -> str:
    done = two.exporter.export(order, out)
    assert not check_export(done.path, head=done.chain_head).findings
    with zipfile.ZipFile(done.path) as archive:
        inside = b"\n".join(archive.read(name) for name in archive.namelist())
        return "\n".join(archive.namelist()) + inside.decode("latin-1")


@pytest.mark.parametrize("kind", ["client", "subject", "mention on the page"])
def test_nothing_of_another_client_is_in_an_export_for_one(two: Two, kind: str, tmp_path: Path) -> None:
    reach = two.reach
    if kind == "client":
        order = export.of_client(reach, "client-a", actor="owner")
    elif kind == "subject":
        order = export.of_subject(reach, "person-a", actor="owner")
    else:
        both = two.store.find("forum", "both")
        assert both is not None
        order = export.of_mention(replace(reach, about=frozenset({"person-a"})), both.id, actor="owner")
    words = words_of(two, order, tmp_path / "a.zip")
    assert CANARY not in words
    assert not [one for one in two.captures[CANARY] if one in words]
    own = two.captures["a"][1:] if "mention" in kind else two.captures["a"]
    assert [one for one in own if one in words] == own, "all of one's own is there"
    assert "person-a" in words


def test_the_other_client_and_the_whole_hold_the_word(two: Two, tmp_path: Path) -> None:
    other = words_of(two, export.of_client(two.reach, f"client-{CANARY}", actor="owner"), tmp_path / "b.zip")
    assert CANARY in other
    assert not [one for one in two.captures["a"] if one in other]
    whole = words_of(two, export.of_all(two.reach, actor="owner"), tmp_path / "all.zip")
    assert [one for some in two.captures.values() for one in some if one not in whole] == []


def test_an_unknown_client_and_one_without_copies_are_told_so(two: Two) -> None:
    with pytest.raises(InputError, match="Nobody is watched for client nobody"):
        export.of_client(two.reach, "nobody", actor="owner")
    with pytest.raises(InputError, match="Nobody is watched for those without a client"):
        export.of_client(two.reach, "", actor="owner")
    two.store.save_subject(make_subject(id="quiet", client_id="quiet-client"))
    with pytest.raises(EvidenceError, match="nothing to export"):
        export.of_client(two.reach, "quiet-client", actor="owner")
    with pytest.raises(InputError, match="no person or firm"):
        export.of_subject(two.reach, "nobody", actor="owner")


def test_a_copy_that_was_made_for_somebody_else_is_named_as_missing(two: Two, tmp_path: Path) -> None:
    shared = two.post("shared", "FIRST LAST and FIRST LAST stole money", "person-a", f"person-{CANARY}")
    two.keep(shared, f"person-{CANARY}", CANARY.encode())
    words = words_of(two, export.of_client(two.reach, "client-a", actor="owner"), tmp_path / "a.zip")
    assert CANARY not in words
    found = two.store.mention(shared)
    assert f"goodname add {found.url} --subject ID" in words
    assert "none of its own is part of this export" in words


@pytest.mark.parametrize(("second", "made_for"), [("client-b", ""), ("client-a", "person-a")])
def test_a_copy_of_a_post_about_people_of_two_clients_is_made_for_nobody(second: str, made_for: str) -> None:
    people = (make_subject(id="person-a", client_id="client-a"), make_subject(id="person-b", client_id=second))
    statements = tuple(make_statement(subject_id=one.id, id=f"claim-{one.id}") for one in people)
    matcher = Matcher(people, statements, Thresholds())
    rules = assess.build_rules(people, statements, matcher, Level.POSSIBLE)
    mention = make_mention(text=f"I heard that {statements[0].text}", id=7)
    decision = assess.decide_one(mention, rules, NOW)
    request = decision.request
    assert request is not None
    assert {one.judgement.subject_id for one in decision.assessments} == {"person-a", "person-b"}
    assert request.subject_id == made_for
    assert ("subject" in request.facts) is bool(made_for)
    assert request.quotes, "what is looked for on the page are the post's own words"
