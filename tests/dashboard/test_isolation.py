"""Whoever may see one client's matters sees and changes nothing of another's, on no route."""

from __future__ import annotations

import re
from urllib.parse import quote_plus

from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.domain import Scope
from monitor.web.passwords import form_token
from monitor.web.tokens import new_api_token

TELLS = ("SOUTHERN", "OTHER NAME", "subject-2", "south")
"""Words that stand only in the other client's matters."""


def _routes(some):
    for route in some:
        if isinstance(route, APIRoute):
            yield from ((route.path, method) for method in route.methods)
        else:
            yield from _routes(getattr(getattr(route, "original_router", route), "routes", ()))


def _rows(town):
    return (
        [town.store.reviews(one) for one in town.south],
        [one for one in town.store.access_events(limit=500) if one.mention_id in town.south],
        town.operations.exported,
        [one for one in town.operations.saved if "subject-1" not in (getattr(one, "subject_id", one.id))],
        [one for one in town.vault.custody(town.captures[town.south[0]]) if one.event == "viewed"],
        [one for one in town.store.cases() if one.subject_id == "subject-2"],
        [
            (town.store.papers(one.id), town.store.leads(one.id), town.store.actions(one.id), town.store.clocks(one.id))
            for one in town.store.cases()
            if one.subject_id == "subject-2"
        ],
        [one for one in town.operations.clients_exported if one[0] != "north"],
        [one for one in town.operations.cases_exported if town.store.case(one[0]).subject_id == "subject-2"],
    )


def test_another_clients_matters_do_not_exist(town):
    capture = town.captures[town.south[0]]
    everything = sorted({pair for pair in _routes(town.app.routes) if pair[0] not in ("/login", "/logout")})
    assert len(everything) > 15
    ids = [*map(str, town.south), capture, "subject-2", f"{town.south[0]}:subject-2", "south", "0", "1", "blog"]
    own, other = town.case(), town.case(town.south[0], "subject-2")
    assert town.client("south").get(f"/cases/{other}").status_code == 200, "its own people see it"
    ids += [str(other), str(own), "eu-dsa-16"]
    verdicts = ["confirmed", "later", "withdrawn"]
    before = _rows(town)
    helper = town.client("helper")
    helper.send_form("/veil", show="yes")
    program, owner = town.client(""), town.store.account_named("owner")
    token = new_api_token(town.store, town.clock, owner, name="t", scopes=[Scope.READ, Scope.REVIEW], client_id="north")

    @settings(max_examples=200, suppress_health_check=list(HealthCheck))
    @given(
        route=st.sampled_from(everything),
        parts=st.lists(st.sampled_from(ids), min_size=3, max_size=3),
        verdict=st.sampled_from(verdicts),
        pick=st.lists(st.sampled_from(ids), max_size=3),
        search=st.sampled_from(["", "SOUTHERN", "SECRET", "%", "OTHER"]),
    )
    def nothing_leaks(route, parts, verdict, pick, search):
        path, method = route
        given_parts = iter(parts)
        filled = re.sub(r"\{[^}]+\}", lambda _: next(given_parts), path)
        fields = {"ref": parts[0], "reveal": parts[0], "subject": parts[1], "source": "", "pile": "all"}
        if method == "GET":
            answer = helper.get(filled, params={**fields, "told": f"{verdict}:{parts[0]}"})
            answers = [answer, helper.get(filled, params={"text": search, "pile": "all"})]
        else:
            form = {**fields, "token": form_token(helper.token), "verdict": verdict, "capture": capture, "pick": pick}
            form |= {"mention": pick, "title": "x", "item": "aim", "kind": "removal_request", "to": "x", "body": "x"}
            form |= {"what": f"letter:{parts[2]}", "action": parts[1], "outcome": "removed", "because": "x"}
            form |= {"client": parts[0], "do": "x"}
            form |= {"day": "2026-05-01", "value": "x", "basis": "x", "state": "named", "do": "place"}
            form |= {"mark": f"{verdict}:{parts[2]}", "sure": str(len(pick)), "show": "yes", "name": "x", "keys": "on"}
            answers = [helper.post(filled, data=form, headers={"Sec-Fetch-Site": "same-origin"})]
        if path.startswith("/api/"):
            record = {"subject_id": parts[1], "verdict": verdict, "note": "x"}
            more = {"params": {**fields, "text": search, "limit": 200}} if method == "GET" else {"json": record}
            answers.append(program.request(method, filled, headers={"Authorization": f"Bearer {token}"}, **more))
        for one in answers:
            assert one.status_code < 500, (method, filled)
            shown = one.text
            for asked in sorted({*parts, *pick, search, filled} - {""}, key=len, reverse=True):
                # What was asked for may be said back; it is no news.
                shown = shown.replace(asked, "").replace(quote_plus(asked), "")
            assert not any(word in shown for word in TELLS), (method, filled)

    nothing_leaks()
    assert _rows(town) == before


def test_the_same_walk_finds_what_the_other_client_sees(town):
    south = town.client("south")
    south.send_form("/veil", show="yes")
    seen = "".join(south.get(path).text for path in ("/review", f"/mention/{town.south[0]}?reveal=yes", "/evidence"))
    assert all(word in seen for word in TELLS[:3])
    assert "FIRST LAST" not in seen
