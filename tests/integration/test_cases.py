"""A case on a real store and a real vault: from a confirmed mention to a letter and its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from monitor.cases.desk import CaseDesk
from monitor.cases.letters import Sender
from monitor.cases.minimum import Place
from monitor.cases.plan import ItemState
from monitor.domain import (
    Action,
    ActionOutcome,
    Author,
    CaptureOutcome,
    CaptureRequest,
    Case,
    CaseStatus,
    Completeness,
    Confidence,
    LiveState,
    Observation,
    Observed,
    Owner,
    PaperKind,
    PosterState,
    Review,
    ReviewVerdict,
    Step,
)
from monitor.errors import InputError, StoreError
from monitor.evidence import FileVault
from monitor.ports import PageRows
from monitor.store import SqlStore, open_store
from monitor.testing import (
    FakeClock,
    make_decision,
    make_judgement,
    make_match,
    make_mention,
    make_statement,
    make_subject,
)

WORDS = "FIRST LAST stole money from patients"
Confirm = Callable[..., int]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'rows.db'}", clock=clock)
    opened.save_subject(make_subject())
    opened.save_statement(make_statement())
    yield opened
    opened.close()


@pytest.fixture
def desk(store: SqlStore, tmp_path: Path, clock: FakeClock) -> CaseDesk:
    vault = FileVault(tmp_path / "evidence", clock=clock, actor="test", reserve_bytes=0)
    return CaseDesk(store=store, vault=vault, clock=clock, linkable=frozenset({"town-forum", "blog"}))


@pytest.fixture
def seen(store: SqlStore, clock: FakeClock) -> Confirm:
    """Store a mention that repeats the statement, with a verdict and a capture as asked; gives its id."""

    def store_one(
        name: str,
        *,
        verdict: ReviewVerdict | None = ReviewVerdict.CONFIRMED,
        kept: CaptureOutcome | None = CaptureOutcome.COMPLETE,
        source: str = "town-forum",
        subject_id: str = "subject-1",
        **fields: object,
    ) -> int:
        post = make_mention(
            source=source,
            external_id=name,
            **{"text": f"Listen.\n{WORDS}.", "url": f"https://forum.example/t/{name}", **fields},  # type: ignore[arg-type]
        )
        store.save_page(PageRows(source=source, query_key="*", mentions=(post,), raw=(), cursor="{}"))
        mention = store.find(source, name)
        assert mention is not None
        match = make_match(subject_id=subject_id, excerpt=WORDS, span=(8, 8 + len(WORDS)))
        judgement = make_judgement(subject_id=subject_id, matches=(match,))
        store.save_decisions([make_decision(mention, judgement, at=clock.now())])
        if verdict is not None:
            store.save_review(
                Review(mention_id=mention.id, subject_id=subject_id, verdict=verdict, reviewed_at=clock.now())
            )
        return mention.id

    return store_one


@pytest.fixture
def keep(desk: CaseDesk) -> Callable[[int], str]:
    """Seal a capture of a mention in the vault and record it; gives its id."""

    def seal(mention_id: int, outcome: CaptureOutcome = CaptureOutcome.COMPLETE) -> str:
        request = CaptureRequest(id=0, mention_id=mention_id, revision=1, url="https://forum.example/t/1")
        now = desk.clock.now()
        observed = Observed(
            requested_url=request.url,
            final_url=request.url,
            http_status=200,
            started_at=now,
            captured_at=now,
            outcome=outcome,
            completeness=Completeness.FOUND,
            software={"test": "1"},
        )
        capture = desk.vault.commit(desk.vault.stage(request, now), request, observed)
        desk.store.finish_capture(capture)
        return capture.id

    return seal


@pytest.fixture
def case(desk: CaseDesk, seen: Confirm, keep: Callable[[int], str]) -> Case:
    """Open a case with one kept mention, rested for two days."""
    mention = seen("1", author=Author(handle="quayrat"))
    keep(mention)
    opened = desk.open("subject-1", "The forum", jurisdictions=["de", "DE"], mention_ids=[mention])
    desk.clock.advance(timedelta(days=2))  # type: ignore[attr-defined]
    return opened


def events(desk: CaseDesk) -> list[str]:
    return [event.event for event in desk.vault.custody()]


def test_a_case_holds_what_a_person_confirmed(desk: CaseDesk, seen: Confirm) -> None:
    mention, other, unseen = seen("1"), seen("2"), seen("3", verdict=None)
    case = desk.open("subject-1", "  The  forum ", jurisdictions=["us-tx"], mention_ids=[mention])
    assert (case.title, case.jurisdictions, case.statement_ids) == ("The forum", ("US-TX",), ("stole",))
    assert desk.add(case.id, [other, mention]).mention_ids == (mention, other)
    with pytest.raises(InputError, match=f"Nobody has confirmed mention {unseen}"):
        desk.add(case.id, [unseen])
    with pytest.raises(InputError, match="not about subject-1"):
        desk.add(case.id, [999])
    assert desk.store.case(case.id).mention_ids == (mention, other)
    assert events(desk)[-2:] == ["case_opened", "case_mentions_added"]


def test_what_has_no_complete_copy_is_asked_for_once(
    desk: CaseDesk, seen: Confirm, keep: Callable[..., str], clock: FakeClock
) -> None:
    kept, partial, none = seen("1"), seen("2"), seen("3")
    keep(kept)
    keep(partial, CaptureOutcome.PARTIAL)
    case = desk.open("subject-1", "x", mention_ids=[kept, partial, none])
    desk.add(case.id, [none])
    leased = desk.store.lease_captures(clock.now(), limit=10, lease_for=timedelta(minutes=1))
    assert sorted(one.mention_id for one in leased) == [partial, none]
    assert {one.quotes for one in leased} == {(WORDS,)}
    overview = desk.overview(case.id)
    assert {one.mention_id: one.is_kept for one in overview.needed} == {kept: True, partial: False, none: False}


@pytest.mark.parametrize(
    ("subject", "title", "places", "said"),
    [
        ("nobody", "x", (), "nobody with the id"),
        ("subject-1", "  ", (), "needs a title"),
        ("subject-1", "x", ("Atlantis",), "'Atlantis' is not in the registry"),
    ],
)
def test_a_case_that_cannot_be_opened_leaves_nothing(
    desk: CaseDesk, subject: str, title: str, places: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        desk.open(subject, title, jurisdictions=places)
    assert desk.store.cases() == ()
    assert events(desk) == []


def test_two_clients_with_the_same_name_stay_apart(desk: CaseDesk, seen: Confirm) -> None:
    desk.store.save_subject(make_subject(id="subject-2", client_id="client-2"))
    mention = seen("1")
    with pytest.raises(InputError, match="not about subject-2"):
        desk.open("subject-2", "x", mention_ids=[mention])
    desk.open("subject-1", "x", mention_ids=[mention])
    assert desk.store.cases(client_id="client-2") == ()


def test_the_plan_is_ticked_by_what_is_seen_and_said(desk: CaseDesk, case: Case) -> None:
    state = {item.id: item.state for item in desk.overview(case.id).items}
    assert (state["keep"], state["minimum"], state["rest"]) == (ItemState.DONE, ItemState.DONE, ItemState.MISSING)
    with pytest.raises(InputError, match="needs a reason"):
        desk.tick(case.id, "rest", ActionOutcome.SKIPPED)
    with pytest.raises(InputError, match="no item 'nap'"):
        desk.tick(case.id, "nap", ActionOutcome.DONE)
    desk.tick(case.id, "rest", ActionOutcome.SKIPPED, because="counsel wrote", owner=Owner.COUNSEL)
    desk.tick(case.id, "rest", ActionOutcome.DONE)
    overview = desk.overview(case.id)
    assert [(one.item, one.outcome, one.owner) for one in overview.actions] == [
        ("rest", ActionOutcome.DONE, Owner.COUNSEL)
    ]
    assert overview.rests_until is None


def test_more_exhibits_cost_no_more_queries(desk: CaseDesk, case: Case, seen: Confirm, statements: list[str]) -> None:
    costs = []
    for name in ("2", "3", "4"):
        statements.clear()
        assert len(desk.exhibits(case)) == len(case.mention_ids)
        costs.append(len(statements))
        case = desk.add(case.id, [seen(name)])
    assert costs[0] == costs[1] == costs[2] <= 12


def test_leads_are_somebodys_and_reddit_is_left_out(desk: CaseDesk, case: Case, seen: Confirm) -> None:
    blog = seen("2", source="blog", author=Author(handle="@QuayRat"))
    reddit = seen("3", source="reddit", author=Author(handle="quayrat"))
    desk.add(case.id, [blog, reddit])
    suggestions = desk.suggestions(case.id)
    assert suggestions.left_out == ("reddit",)
    assert all(reddit not in one.mention_ids for one in suggestions.found)
    assert desk.store.leads(case.id) == ()  # nothing is entered by itself
    with pytest.raises(InputError, match="three things"):
        desk.add_lead(case.id, "N", " ", Confidence.WEAK, "me")
    lead = desk.add_lead(case.id, "N", "same handle", Confidence.FAIR, "me")
    assert desk.overview(case.id).leads == (lead,)
    assert desk.set_poster(case.id, PosterState.CANNOT_BE_NAMED).poster is PosterState.CANNOT_BE_NAMED


def test_a_letter_names_its_exhibits_and_sends_nothing(desk: CaseDesk, case: Case) -> None:
    paper, missing = desk.draft_letter(
        case.id,
        PaperKind.REMOVAL_REQUEST,
        addressee="the owner of forum.example",
        sender=Sender(name="FIRST LAST", email="first@example.org"),
        inaccuracy="No patient ever lost money.",
    )
    assert missing == ()
    (exhibit,) = desk.exhibits(case)
    assert exhibit.capture is not None
    assert paper.exhibits == (exhibit.capture.id,)
    for part in ("[E1] https://forum.example/t/1", f"> {WORDS}", exhibit.capture.manifest_sha256, "No patient ever"):
        assert part in paper.body
    assert "Listen." not in paper.body  # the words that matched, not the whole post
    assert desk.overview(case.id).actions == ()
    version = desk.revise(case.id, paper.id, "Shorter.", by="me")
    again = desk.revise(case.id, version.id, "Shorter still.")
    assert [(one.version, one.draft_id) for one in desk.store.papers(case.id)] == [
        (1, paper.id),
        (2, paper.id),
        (3, paper.id),
    ]
    assert again.version == 3
    with pytest.raises(InputError, match="empty"):
        desk.revise(case.id, paper.id, " \n")


def test_a_letter_without_a_writer_says_so(desk: CaseDesk, case: Case) -> None:
    paper, missing = desk.draft_letter(case.id, PaperKind.CORRECTION_REQUEST, addressee="x", sender=Sender(name=""))
    assert len(missing) == 2
    assert "[your name]" in paper.body
    assert "[what is not true]" in paper.body
    with pytest.raises(InputError, match="to whom"):
        desk.draft_letter(case.id, PaperKind.CORRECTION_REQUEST, addressee=" ", sender=Sender(name="x"))


def letter_to(addressee: str) -> Action:
    return Action(case_id=0, step=Step.LETTER, title="letter", made_at=FakeClock().now(), addressee=addressee)


def test_nothing_goes_out_in_the_first_day_or_without_a_copy(
    desk: CaseDesk, seen: Confirm, keep: Callable[..., str]
) -> None:
    mention = seen("1")
    case = desk.open("subject-1", "x", mention_ids=[mention])
    with pytest.raises(InputError) as told:
        desk.send(case.id, letter_to("poster"))
    assert "rests until" in told.value.why
    assert f"mention {mention} has no complete copy" in told.value.why
    assert desk.store.actions(case.id) == ()
    sent = desk.send(case.id, letter_to("poster"), because="counsel told me to")
    assert "counsel told me to" in sent.reason
    assert "no complete copy" in sent.reason
    keep(mention)
    desk.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    assert desk.send(case.id, letter_to("owner")).reason == ""


def test_nothing_confirmed_is_nothing_to_write_about(desk: CaseDesk) -> None:
    case = desk.open("subject-1", "x")
    for attempt in (
        lambda: desk.send(case.id, letter_to("poster"), because="now"),
        lambda: desk.draft_letter(case.id, PaperKind.REMOVAL_REQUEST, addressee="x", sender=Sender(name="x")),
        lambda: desk.fill_notice(case.id, "eu-dsa-16"),
    ):
        with pytest.raises(InputError, match="nothing confirmed"):
            attempt()


def test_what_was_sent_is_followed_until_it_is_down(desk: CaseDesk, case: Case) -> None:
    (mention,) = case.mention_ids
    sent = desk.send(case.id, letter_to("owner"))
    desk.clock.advance(timedelta(days=9))  # type: ignore[attr-defined]
    (still,) = desk.overview(case.id).still_up
    assert (still.action.id, still.mention_id, still.days) == (sent.id, mention, 9)
    (exhibit,) = desk.exhibits(case)
    assert exhibit.capture is not None
    gone = Observation(
        capture_id=exhibit.capture.id,
        mention_id=mention,
        state=LiveState.GONE,
        signal="404",
        observed_at=desk.clock.now(),
    )
    desk.store.save_observation(gone)
    assert desk.overview(case.id).still_up == ()
    done = desk.outcome(case.id, sent.id, ActionOutcome.REMOVED, reference="R-7")
    assert (done.reference, done.decided_at) == ("R-7", desk.clock.now())
    with pytest.raises(InputError, match="no action 77"):
        desk.outcome(case.id, 77, ActionOutcome.REMOVED)


def test_a_date_in_the_future_is_refused(desk: CaseDesk, case: Case) -> None:
    tomorrow = desk.clock.now() + timedelta(days=1)
    with pytest.raises(InputError, match="cannot lie in the future"):
        desk.send(case.id, replace(letter_to("x"), sent_at=tomorrow))
    with pytest.raises(InputError, match="cannot lie in the future"):
        desk.set_clock(case.id, rule="de-limitation", starts_on=tomorrow.date(), by=Owner.SELF)


def test_a_notice_names_what_is_missing_until_it_is_given(desk: CaseDesk, case: Case) -> None:
    filled, _ = desk.fill_notice(case.id, "eu-dsa-16")
    assert {part.fact for part in filled.missing} >= {"reasons_illegal", "complainant_name", "good_faith"}
    assert not {"urls", "exact_words"} & {part.fact for part in filled.missing}
    with pytest.raises(InputError, match="no fact 'mood'"):
        desk.give_facts(case.id, {"mood": "grim"})
    facts = {part.fact: "given" for part in filled.missing}
    desk.give_facts(case.id, facts)
    assert desk.fill_notice(case.id, "eu-dsa-16")[0].is_complete
    desk.give_facts(case.id, {"good_faith": " "})
    (missing,) = desk.fill_notice(case.id, "eu-dsa-16")[0].missing
    assert missing.fact == "good_faith"


def test_a_notice_goes_to_one_place_and_a_letter_to_whom_it_concerns(
    desk: CaseDesk, case: Case, seen: Confirm, keep: Callable[..., str]
) -> None:
    (here,) = case.mention_ids
    blog = seen("2", source="blog", url="https://quay.example/a")
    reddit = seen("3", source="reddit", url="https://www.reddit.com/r/t/1")
    case = desk.add(case.id, [blog, reddit])
    filled, about = desk.fill_notice(case.id, "uk-2013")
    assert [one.mention_id for one in about] == [here]
    assert filled.platform is not None
    assert filled.platform.id == "host"
    with pytest.raises(InputError, match="not in case"):
        desk.fill_notice(case.id, "uk-2013", mention_ids=[77])
    with pytest.raises(InputError, match="stands on Yelp"):
        desk.fill_notice(case.id, "uk-2013", platform="yelp")
    paper, _ = desk.draft_letter(
        case.id, PaperKind.REMOVAL_REQUEST, addressee="x", sender=Sender(name="x"), mention_ids=[here]
    )
    assert "a statement about" in paper.subject_line
    sent = desk.send(case.id, replace(letter_to(""), paper_id=paper.id))
    assert (sent.addressee, sent.mention_ids) == ("x", (here,))


def test_clocks_are_set_by_somebody(desk: CaseDesk, case: Case) -> None:
    published = date(2025, 12, 1)
    clock = desk.set_clock(case.id, rule="de-limitation", starts_on=published, by=Owner.COUNSEL)
    day = desk.set_day(case.id, title="Reply of the host", due_on=date(2026, 8, 1), by=Owner.SELF)
    assert (clock.due_on, clock.set_by) == (date(2028, 12, 31), Owner.COUNSEL)
    assert desk.overview(case.id).clocks == (day, clock)
    with pytest.raises(InputError, match="no clock rule"):
        desk.set_clock(case.id, rule="moon", starts_on=published, by=Owner.SELF)


def test_a_hold_needs_a_reason_and_is_lifted_by_somebody(desk: CaseDesk, case: Case) -> None:
    with pytest.raises(InputError, match="not on hold"):
        desk.lift_hold(case.id, "me")
    with pytest.raises(InputError, match="reason and a name"):
        desk.place_hold(case.id, "", "me")
    hold = desk.place_hold(case.id, "a suit is being prepared", "counsel")
    assert hold.review_on == (desk.clock.now() + timedelta(days=180)).date()
    assert desk.overview(case.id).hold == hold
    assert desk.lift_hold(case.id, "counsel").lifted_at == desk.clock.now()
    assert events(desk)[-2:] == ["hold", "hold_lifted"]


def test_a_closed_case_stays_and_does_nothing_more(desk: CaseDesk, case: Case) -> None:
    with pytest.raises(InputError, match="why the case is closed"):
        desk.close(case.id, "")
    assert desk.close(case.id, "all of it is down").status is CaseStatus.CLOSED
    assert len(desk.overview(case.id).exhibits) == 1
    with pytest.raises(InputError, match="is closed"):
        desk.tick(case.id, "rest", ActionOutcome.DONE)
    with pytest.raises(StoreError, match="no case 99"):
        desk.overview(99)


def test_a_persons_mark_decides_what_is_most_concerning(desk: CaseDesk, case: Case, seen: Confirm) -> None:
    for number in range(9):
        desk.add(case.id, [seen(f"more-{number}")])
    middle = desk.overview(case.id).exhibits[5].mention_id

    def worst() -> list[int]:
        return [one.mention_id for one in desk.overview(case.id).needed if Place.WORST in one.places]

    assert middle not in worst()
    desk.mark_worst(case.id, [middle])
    before = events(desk)
    assert desk.mark_worst(case.id, [middle]).worst_ids == (middle,)
    assert events(desk) == before, "the same again is no change"
    assert middle in worst()
    assert [one.mention_id for one in desk.overview(case.id).exhibits if one.is_marked] == [middle]
    with pytest.raises(InputError, match="Mention 999 is not in case"):
        desk.mark_worst(case.id, [999])
    with pytest.raises(InputError, match="which mention"):
        desk.mark_worst(case.id, [])
    desk.mark_worst(case.id, [middle], is_worst=False)
    assert middle not in worst()
    assert events(desk)[-2:] == ["case_worst_marked", "case_worst_unmarked"]


def test_every_change_is_in_the_custody_log(desk: CaseDesk, case: Case) -> None:
    before = len(events(desk))
    desk.tick(case.id, "harm", ActionOutcome.DONE)
    desk.send(case.id, letter_to("owner"))
    desk.close(case.id, "done")
    assert events(desk)[before:] == ["case_plan", "case_sent", "case_closed"]
    assert desk.vault.verify().is_intact
