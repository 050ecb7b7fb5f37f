"""What each page shows, hides and does."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from monitor.domain import HealthState, Level, ReviewVerdict, Role
from monitor.ports import Token
from monitor.testing import make_subject
from monitor.web.passwords import form_token

WORDS = "FIRST LAST stole money from patients"
HIDDEN = ("stole money", "take the till", "gone fishing", "SOUTHERN SECRET")


def verdicts(town, mention_id: int) -> list[str]:
    return [one.verdict.value for one in town.store.reviews(mention_id)]


def veiled(text: str) -> str:
    """Give a page without the address that names its filters."""
    return re.sub(r'value="[^"]*"', "", text)


def test_today_says_in_one_sentence_how_things_stand(town):
    text = town.client("helper").get("/").text
    assert "5 mentions wait for you, 2 of them likely repeats. 1 source of 3 could not be checked." in text
    assert "The address is missing." in text
    assert "5 mentions in 14 days" in text
    assert not any(words in text for words in HIDDEN)


def test_today_says_when_nothing_is_new_and_all_were_checked(town):
    town.operations.names = ["blog", "town-forum"]
    for one in town.north:
        town.client("helper").send_form("/review/mark", mark=f"confirmed:{one}:subject-1")
    assert "Nothing new. All 2 sources were checked, the last at 11:57." in town.client("helper").get("/").text


def test_nothing_checked_never_looks_like_safety(bare, password_hash):
    bare.store.add_account("owner", password_hash, {"*": Role.OWNER})
    assert "Nobody is watched yet." in bare.client().get("/").text
    bare.store.save_subject(make_subject(attestation=None))
    bare.operations.names = []
    text = bare.client().get("/").text
    assert "No source is read yet, so nothing can be found." in text
    assert "Nobody has said who asks to watch for FIRST LAST" in text


def test_review_is_veiled_and_groups_by_statement_and_by_copy(town):
    text = town.client("helper").get("/review").text
    assert "FIRST LAST: repeats of one statement (3)" in text
    assert "FIRST LAST: other mentions (2)" in text
    assert text.count("copies of one post") == 0, "a post with another title is another post"
    town.post("n6", "Did FIRST LAST take the till?", level=Level.POSSIBLE, source="blog")
    text = town.client("helper").get("/review").text
    assert "2 copies of one post" in text
    assert "It is a repeat (all 2)" in text
    assert not any(words in text for words in HIDDEN)
    assert "forum.example" not in text


def test_one_verdict_is_saved_and_can_be_undone(town):
    helper, first = town.client("helper"), town.north[0]
    answer = helper.send_form("/review/mark", mark=f"confirmed:{first}:subject-1", back="/review?pile=all")
    assert answer.status_code == 303
    assert verdicts(town, first) == ["confirmed"]
    text = helper.get(answer.headers["location"]).text
    assert "Saved for 1 mention: It is a repeat." in text
    assert f'value="withdrawn:{first}:subject-1"' in text
    helper.send_form("/review/mark", mark=f"withdrawn:{first}:subject-1")
    assert verdicts(town, first) == ["confirmed", "withdrawn"]
    assert "5 mentions wait." in helper.get("/review").text
    reviewer = town.store.reviews(first)[0].reviewer
    assert reviewer == "helper"


def test_the_script_gets_the_same_pieces(town):
    helper, first = town.client("helper"), town.north[0]
    fragment = {"X-Fragment": "1"}
    shown = helper.get(f"/review/card?ref={first}:subject-1", headers=fragment).json()
    assert "stole money" in next(iter(shown["cards"].values()))
    saved = helper.send_form("/review/mark", headers=fragment, mark=f"later:{first}:subject-1").json()
    assert saved["say"] == "Saved for 1 mention: Later. Undo is there. 4 mentions wait."
    assert "data-undo" in next(iter(saved["cards"].values()))
    refused = helper.send_form("/review/mark", headers=fragment, mark=f"odd:{first}:subject-1")
    assert refused.status_code == 404
    assert refused.json()["detail"] == "There is no such page"


def test_bulk_asks_with_an_honest_count_first(town):
    helper = town.client("helper")
    picks = [f"{one}:subject-1" for one in town.north[:3]]
    asked = helper.send_form("/review/mark", bulk="not_harmful", pick=picks)
    assert "Apply to these 3" in asked.text
    assert all(not verdicts(town, one) for one in town.north)
    done = helper.send_form("/review/mark", bulk="not_harmful", pick=picks, sure="3")
    assert done.status_code == 303
    assert [verdicts(town, one) for one in town.north[:4]] == [["not_harmful"]] * 3 + [[]]
    none = helper.send_form("/review/mark", bulk="later")
    assert "Nothing is ticked" in none.text


def test_filters_and_search_choose_and_can_be_kept(town):
    helper = town.client("helper")
    found = helper.get("/review?text=fishing").text
    assert found.count("data-card") == 1
    assert "Words are hidden" in found
    assert helper.get("/review?source=blog").text.count("data-card") == 1
    assert helper.get("/review?level=possible").text.count("data-card") == 3
    assert helper.get("/review?pile=odd&level=odd&days=x&offset=-1").status_code == 200
    helper.send_form("/review/views", name="Mine <b>", query="source=blog&evil=1", save="1")
    assert [(one.name, one.query) for one in town.store.saved_views(2)] == [("Mine <b>", "source=blog")]
    text = helper.get("/review").text
    assert "Mine &lt;b&gt;" in text
    helper.send_form("/review/views", drop=str(town.store.saved_views(2)[0].id))
    assert town.store.saved_views(2) == ()


def test_a_viewer_looks_and_changes_nothing(town):
    viewer, first = town.client("viewer"), town.north[0]
    assert "It is a repeat" not in viewer.get("/review").text
    assert viewer.send_form("/review/mark", mark=f"confirmed:{first}:subject-1").status_code == 403
    assert viewer.send_form(f"/mention/{first}/review", verdict="confirmed", subject="subject-1").status_code == 403
    assert viewer.send_form(f"/mention/{first}/export").status_code == 403
    assert viewer.send_form("/evidence/verify").status_code == 403
    assert verdicts(town, first) == []


def test_keys_can_be_switched_off(town):
    helper = town.client("helper")
    assert 'data-keys="on"' in helper.get("/review").text
    helper.send_form("/review/keys", keys="off")
    assert 'data-keys="off"' in helper.get("/review").text


def test_the_veil_is_lifted_for_a_quarter_of_an_hour(town):
    helper = town.client("helper")
    helper.send_form("/veil", show="yes", back="/review")
    assert "stole money" in helper.get("/review").text
    town.clock.advance(timedelta(minutes=16))
    assert "stole money" not in helper.get("/review").text
    one = helper.get(f"/review?reveal={town.north[0]}:subject-1").text
    assert "stole money" in one
    assert "gone fishing" not in one


def test_a_mention_shows_why_and_only_shows_words_when_asked(town):
    helper, first = town.client("helper"), town.north[0]
    text = helper.get(f"/mention/{first}").text
    assert not any(words in text for words in HIDDEN)
    assert "A thread" not in text
    assert "forum.example" not in text
    assert "the full name “FIRST LAST”" in text
    assert "same words: “…”" not in text or "stole" not in text
    shown = helper.get(f"/mention/{first}?reveal=yes").text
    assert "<mark>FIRST LAST<sup>1,2</sup></mark><mark> stole money<sup>2</sup></mark>" in shown
    assert "A thread" in shown
    assert "https://forum.example/t/1#post-1" in shown
    assert "opened with words" in helper.get(f"/mention/{first}").text


def test_a_mention_is_marked_with_a_note(town):
    helper, first = town.client("helper"), town.north[0]
    helper.send_form(f"/mention/{first}/review", verdict="confirmed", subject="subject-1", note=" seen <i>it</i> ")
    assert [one.note for one in town.store.reviews(first)] == ["seen <i>it</i>"]
    assert "seen &lt;i&gt;it&lt;/i&gt;" in helper.get(f"/mention/{first}").text


def test_an_edited_mention_shows_what_changed(town):
    from monitor.ports import PageRows
    from monitor.testing import make_mention

    made = make_mention(external_id="n1", text="FIRST LAST stole nothing", title="A thread", source="town-forum")
    rows = PageRows(source="town-forum", query_key="*", mentions=(made,), raw=(), cursor="{}", gone=())
    town.store.save_page(rows)
    helper, first = town.client("helper"), town.north[0]
    assert "2 versions" in helper.get(f"/mention/{first}").text
    text = helper.get(f"/mention/{first}?reveal=yes").text
    assert "<del>money from patients</del><ins>nothing</ins>" in text


def test_one_mention_is_handed_over_as_a_zip(town):
    helper, first = town.client("helper"), town.north[0]
    answer = helper.send_form(f"/mention/{first}/export")
    assert answer.content.startswith(b"PK")
    assert f'filename="mention-{first}.zip"' in answer.headers["content-disposition"]
    assert town.operations.exported == [first]
    assert list(town.site.scratch.glob("*.zip")) == []


def test_evidence_is_blurred_until_opened_and_pages_are_only_saved(town):
    helper, capture = town.client("helper"), town.captures[town.north[0]]
    kept = town.store.capture(capture)
    place = [one.path for one in kept.artifacts].index("page.png")
    assert f"/evidence/{capture}/{place}/veiled" in helper.get("/evidence").text
    blurred = helper.get(f"/evidence/{capture}/{place}/veiled")
    assert blurred.headers["content-type"] == "image/png"
    assert len(blurred.content) < 20_000
    for place, artifact in enumerate(kept.artifacts):
        answer = helper.get(f"/evidence/{capture}/{place}")
        assert answer.content == town.vault.read(capture, artifact.path)
        assert "sandbox" in answer.headers["content-security-policy"]
        kind = answer.headers["content-type"]
        assert kind.startswith(("image/png", "text/plain", "application/pdf", "application/octet-stream"))
        is_shown = kind.startswith(("image/", "text/plain"))
        assert answer.headers["content-disposition"].startswith("inline" if is_shown else "attachment")
    assert any(one.event == "viewed" and one.actor == "helper" for one in town.vault.custody(capture))
    assert helper.get(f"/evidence/{capture}/99").status_code == 404
    assert helper.get(f"/evidence/{capture}/-1").status_code == 404


def test_evidence_is_checked_and_a_change_is_shown(town):
    owner, capture = town.client(), town.captures[town.north[0]]
    assert "This is as it was kept" in owner.send_form("/evidence/verify", capture=capture).text
    assert "Everything is as it was kept: 2 captures" in owner.send_form("/evidence/verify").text
    (file,) = (path for path in town.site.scratch.rglob("page.txt") if capture in str(path))
    file.chmod(0o600)
    file.write_bytes(b"changed")
    assert "Something is not as it was kept" in owner.send_form("/evidence/verify", capture=capture).text
    place = [one.path for one in town.store.capture(capture).artifacts].index("page.txt")
    answer = owner.get(f"/evidence/{capture}/{place}")
    assert answer.status_code == 400
    assert answer.content != b"changed"


def test_a_capture_says_who_outside_vouches_for_its_time(town):
    helper, capture = town.client("helper"), town.captures[town.north[0]]
    assert "nobody outside vouches" in helper.get(f"/evidence/{capture}").text
    facts = {"kind": "rfc3161", "authority": "https://tsa.example/<b>", "time": "2026-01-15T12:00:00+00:00"}
    town.vault.keep_token(capture, Token(body=b"token", certificates=b"pem", facts=facts))
    shown = helper.get(f"/evidence/{capture}").text
    assert "<bdi>https://tsa.example/&lt;b&gt;</bdi> signed that it existed" in shown
    assert "nobody outside vouches" not in shown


def test_a_promised_block_is_not_called_a_signature(town):
    helper, capture = town.client("helper"), town.captures[town.north[0]]
    facts = {"kind": "opentimestamps", "status": "pending", "authority": "https://calendar.example/<b>"}
    town.vault.keep_token(capture, Token(body=b"promise", certificates=b"", facts=facts))
    shown = helper.get(f"/evidence/{capture}").text
    assert "<bdi>https://calendar.example/&lt;b&gt;</bdi> promised a place in a Bitcoin block" in shown
    assert "signed that it existed" not in shown
    town.vault.keep_token(
        capture,
        Token(body=b"proof", certificates=b"", facts=facts | {"status": "attested", "serial": "Bitcoin block 5"}),
    )
    assert "leads to Bitcoin block 5, to be compared" in helper.get(f"/evidence/{capture}").text


def test_a_failing_source_is_named(town):
    assert HealthState.QUIET not in {one.state for one in town.operations.sources() if one.is_failing}
    assert "wiki" in town.client().get("/").text


@pytest.mark.parametrize("path", ["/mention/x", "/mention/-1", "/mention/9999999999999999999999", "/evidence?offset=x"])
def test_odd_addresses_are_no_server_errors(town, path):
    assert town.client().get(path).status_code in (404, 422)


def test_pages_are_light(town):
    import gzip

    for number in range(60):
        town.post(f"many-{number}", f"FIRST LAST is number {number} " + "word " * 200)
    owner = town.client()
    owner.send_form("/veil", show="yes")
    for path in ("/", "/review", "/evidence", f"/mention/{town.north[0]}?reveal=yes"):
        own = b"".join(owner.get(f"/static/{name}").content for name in ("style.css", "script.js"))
        assert len(gzip.compress(owner.get(path).content + own)) <= 60 * 1024, path


def test_every_verdict_has_a_button(town):
    text = town.client("helper").get("/review").text
    for verdict in set(ReviewVerdict) - {ReviewVerdict.WITHDRAWN}:
        assert f'value="{verdict.value}:' in text


def test_bulk_of_the_script_does_what_its_button_says(town):
    helper = town.client("helper")
    picks = [f"{one}:subject-1" for one in town.north[:2]]
    body = urlencode({"token": form_token(helper.token), "bulk": "later", "sure": "2", "pick": picks}, doseq=True)
    headers = {"Sec-Fetch-Site": "same-origin", "X-Fragment": "1", "Content-Type": "application/x-www-form-urlencoded"}
    answer = helper.post("/review/mark", content=body, headers=headers)
    assert len(json.loads(answer.text)["cards"]) == 2
    assert [verdicts(town, one) for one in town.north[:3]] == [["later"], ["later"], []]


def test_sources_say_how_they_do_and_can_be_tried(town):
    owner = town.client()
    text = owner.get("/sources").text
    assert "cannot be set up" in text
    assert "The address is missing." in text
    assert "it answers as it should. 12 posts are there." in owner.send_form("/sources/try", name="blog").text
    assert "Ask for a new key." in owner.send_form("/sources/try", name="town-forum").text
    assert owner.send_form("/sources/try", name="unknown").status_code == 404
    assert "It was not checked yet." in owner.get("/sources?name=blog").text
    helper = town.client("helper")
    assert "Try it now" not in helper.get("/sources?name=blog").text
    assert helper.send_form("/sources/try", name="blog").status_code == 403


def test_a_helper_is_asked_by_a_link_and_can_be_kept_out(town):
    owner = town.client()
    made = owner.send_form("/people/invite", role="helper", client="north").text
    link = re.search(r"http://127\.0\.0\.1(/link/[\w-]+)", made)
    assert link
    form = {"name": "friend", "password": "four plain random words"}
    newcomer = town.client("")
    assert newcomer.post(link[1], headers={"Sec-Fetch-Site": "same-origin"}, data=form).status_code == 303
    friend = town.store.account_named("friend")
    assert {client: role.value for client, role in friend.grants.items()} == {"north": "helper"}
    assert newcomer.get("/review").status_code == 200
    owner.send_form(f"/people/{friend.id}/access", let="no")
    assert newcomer.get("/review").status_code == 303
    assert "Let in again" in owner.get("/people").text
    owner_id = town.store.account_named("owner").id
    assert owner.send_form(f"/people/{owner_id}/access", let="no").status_code == 404, "nobody locks themselves out"


def test_helpers_see_no_accounts_and_ask_nobody(town):
    south = town.client("south")
    text = south.get("/people").text
    assert "Ask somebody to help" not in text
    assert "helper" not in text
    assert south.send_form("/people/invite", role="owner", client="*").status_code == 403
    assert south.send_form("/people/1/access", let="no").status_code == 403


def test_support_is_there_for_everybody(town):
    assert "call your local emergency number first" in town.client("viewer").get("/support").text


def test_rules_are_previewed_on_what_is_stored_and_then_kept(town):
    owner = town.client()
    assert "stole money" not in owner.get("/rules").text
    shown = owner.send_form("/rules/subject-1", do="preview", exclude_terms="fishing\n\nfishing").text
    assert "Looked at: 7 mentions" in shown
    assert ">fishing" in shown
    assert town.operations.saved == []
    kept = owner.send_form("/rules/subject-1", do="save", aliases="F. LAST", exclude_terms="fishing\nfishing")
    assert kept.status_code == 303
    assert [(one.aliases, one.exclude_terms) for one in town.operations.saved] == [(("F. LAST",), ("fishing",))]
    assert owner.send_form("/rules/subject-2", do="preview", aliases="OTHER").status_code == 200


def test_a_new_wording_is_previewed_and_then_kept(town):
    owner, third = town.client(), town.north[2]
    assert "take the till" not in owner.get(f"/rules/subject-1/statement?mention={third}").text, "veiled"
    owner.send_form("/veil", show="yes")
    asked = owner.get(f"/rules/subject-1/statement?mention={third}").text
    assert "Did FIRST LAST take the till?" in asked
    form = {"text": "FIRST LAST took the till", "known": "stole"}
    shown = owner.send_form("/rules/subject-1/statement", do="preview", **form).text
    assert re.search(r"It would find \d+ more mention", shown)
    assert owner.send_form("/rules/subject-1/statement", do="save", **form).status_code == 303
    assert [one.paraphrases for one in town.operations.saved] == [("FIRST LAST took the till",)]
    assert owner.send_form("/rules/subject-1/statement", do="save", text="x", known="gone").status_code == 400


def test_who_asks_can_be_said_later_and_must_be_said(bare, password_hash):
    bare.store.add_account("owner", password_hash, {"*": Role.OWNER})
    bare.store.save_subject(make_subject(attestation=None))
    owner = bare.client()
    assert 'href="/rules/subject-1">Say who asks' in owner.get("/").text
    assert "Who asks for this" in owner.get("/rules/subject-1").text
    owner.send_form("/rules/subject-1", do="save", relation="client", by=" ", reference="7")
    assert bare.operations.saved[-1].attestation is None, "the installation itself refuses it then"
    previewed = owner.send_form("/rules/subject-1", do="preview", relation="client", by="ME <b>", reference="7").text
    assert 'value="ME &lt;b&gt;"' in previewed
    assert '<option value="client" selected>' in previewed
    owner.send_form("/rules/subject-1", do="save", relation="client", by="ME", reference="7")
    said = bare.operations.saved[-1].attestation
    assert (said.relation, said.by, said.reference) == ("client", "ME", "7")
    assert said.on == bare.clock.now().date()


def test_only_the_owner_changes_rules(town):
    helper = town.client("helper")
    assert "Only the owner can change this." in helper.get("/rules/subject-1").text
    assert helper.send_form("/rules/subject-1", do="save").status_code == 403
    assert helper.send_form("/rules/subject-1/statement", do="save", text="x").status_code == 403
    assert helper.get("/rules/subject-2").status_code == 404
    assert town.operations.saved == []


def test_why_a_text_matches_or_does_not(town):
    helper = town.client("helper")
    assert "likely repeat of a statement you listed" in helper.send_form("/rules/why", text=WORDS).text
    no = helper.send_form("/rules/why", text="nobody is named here").text
    assert "no repeat of a statement" in no
    assert "OTHER NAME" not in no
    assert "likely repeat" in helper.send_form("/rules/why", text="https://forum.example/t/9").text
    assert "The page cannot be read." in helper.send_form("/rules/why", text="https://forum.example/absent").text
    refused = town.client("viewer").send_form("/rules/why", text="https://forum.example/t/9").text
    assert "not have an address read" in refused


def test_not_about_me_leads_to_words_of_a_namesake(town):
    owner, fifth = town.client(), town.north[4]
    owner.send_form("/veil", show="yes")
    assert "fishing" in owner.get(f"/rules/subject-1?mention={fifth}").text
    marked = owner.send_form("/review/mark", headers={"X-Fragment": "1"}, mark=f"not_about_subject:{fifth}:subject-1")
    assert "Find fewer of these" in next(iter(marked.json()["cards"].values()))


def test_a_statement_shows_its_spread_and_names_only_when_asked(town):
    helper = town.client("helper")
    assert 'href="/statements/subject-1/stole"' in helper.get("/statements").text
    text = helper.get("/statements/subject-1/stole").text
    assert text.count("<circle") == 3
    assert "3 mentions in 2 sources" in text
    assert "somebody" not in text
    helper.send_form("/veil", show="yes")
    shown = helper.get("/statements/subject-1/stole").text
    assert "somebody" in shown
    assert "stole money from patients" in shown
    assert town.client("south").get("/statements/subject-1/stole").status_code == 404
    assert helper.get("/statements/subject-1/none").status_code == 404


def test_channels_are_tested_with_a_real_find(town):
    owner = town.client()
    assert "json://hook</bdi>: sent" in owner.send_form("/alerts/test").text
    assert "The channel did not answer." in owner.send_form("/alerts/test", **{"with": "hit"}).text
    assert [hit and hit.mention_id in town.north[:3] for hit in town.operations.told] == [None, True]
    helper = town.client("helper")
    assert "json://hook" not in helper.get("/alerts").text
    assert helper.send_form("/alerts/test").status_code == 403
    assert "summary of" not in helper.get("/alerts").text
    helper.send_form("/veil", show="yes")
    assert "summary of north" in helper.get("/alerts?client=south").text


def test_one_changes_ones_own_password(town):
    helper = town.client("helper")
    wrong = helper.send_form("/settings/password", old="not this one", new="another long password")
    assert "The present one is not right." in wrong.text
    old = "four plain random words"
    assert helper.send_form("/settings/password", old=old, new="short").status_code == 400
    assert helper.send_form("/settings/password", old=old, new="another long password").status_code == 303
    assert helper.get("/").status_code == 303, "every session ended"


def test_codes_begin_and_end_with_a_code_that_fits(town):
    import pyotp

    helper = town.client("helper")
    found = re.search(r'name="secret" value="(\w{32})"', helper.send_form("/settings/code").text)
    assert found
    assert helper.send_form("/settings/code", secret=found[1], code="000000").status_code == 400
    fits = pyotp.TOTP(found[1]).at(town.clock.now())
    assert helper.send_form("/settings/code", secret=found[1], code=fits).status_code == 303
    assert town.store.account_named("helper").totp_secret == found[1]
    again = town.client("helper")
    assert again.send_form("/settings/code", off="1", code="000000").status_code == 400
    assert again.send_form("/settings/code", off="1", code=fits).status_code == 303
    assert town.store.account_named("helper").totp_secret == ""


def test_the_owner_says_whom_to_watch_for_and_goes_on_to_a_statement(town):
    owner = town.client()
    assert "Who asks for this" in owner.get("/start").text
    made = owner.send_form("/start", name="NEW PERSON", relation="self", by="ME")
    assert made.headers["location"] == "/rules/new-one/statement?first=1"
    assert [one.name for one in town.operations.saved] == ["NEW PERSON"]
    helper = town.client("helper")
    assert helper.get("/start").status_code == 403
    assert helper.send_form("/start", name="x", relation="self", by="ME").status_code == 403


def test_the_owner_pauses_hands_over_and_is_told_again(town):
    owner = town.client("owner")

    def after(wish: str) -> str:
        assert owner.send_form("/told", wish=wish).status_code == 303
        return owner.get("/").text

    assert "In the ordinary way." in owner.get("/").text
    paused = after("pause-7")
    assert "Messages are paused until" in paused
    assert "Be told again" in paused
    assert "In the ordinary way." in after("pause-off")
    assert "Handed over" in after("handover-on")
    assert "Storm mode: your helper" in after("storm-on")
    after("storm-off")
    assert "In the ordinary way." in after("handover-off")


def test_nobody_else_changes_how_the_owner_is_told_and_odd_wishes_do_nothing(town):
    assert "How you are told" not in town.client("helper").get("/").text
    assert town.client("helper").send_form("/told", wish="pause-30").status_code == 403
    for wish in ("", "pause-365", "handover-maybe", "explode-on"):
        assert town.client("owner").send_form("/told", wish=wish).status_code == 404
    assert "In the ordinary way." in town.client("owner").get("/").text
