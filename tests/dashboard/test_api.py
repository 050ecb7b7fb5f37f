"""The API: what tokens may ask, what they may not, and that nothing that fits or breaks its schema makes it fail."""

from __future__ import annotations

import os
import warnings

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from monitor.domain import Scope
from monitor.web.tokens import new_api_token

NO_HTTP = "Invalid HTTP request received."
"""What the server says itself when a header line is broken; such a request never reaches the application."""

EXAMPLES = int(os.environ.get("API_EXAMPLES", "25"))
"""How many requests are made up for each operation and kind; more by API_EXAMPLES."""


def bearer(town, *scopes: Scope, client: str = "*") -> dict[str, str]:
    owner = town.store.account_named("owner")
    assert owner
    made = new_api_token(town.store, town.clock, owner, name="t", scopes=scopes or [Scope.READ], client_id=client)
    return {"Authorization": f"Bearer {made}"}


def test_mentions_are_listed_page_by_page_and_filtered(town):
    program, token = town.client(""), bearer(town)
    everything = program.get("/api/v1/mentions", headers=token).json()
    assert [one["mention_id"] for one in everything["mentions"]] == [*reversed(town.north + town.south)]
    assert everything["next_offset"] is None
    first = program.get("/api/v1/mentions?limit=3", headers=token).json()
    assert first["next_offset"] == 3
    rest = program.get("/api/v1/mentions?limit=200&offset=3", headers=token).json()
    assert first["mentions"] + rest["mentions"] == everything["mentions"]
    for query, count in (("text=fishing", 1), ("level=likely", 2), ("source=blog", 2), ("subject=subject-2", 2)):
        assert len(program.get(f"/api/v1/mentions?{query}", headers=token).json()["mentions"]) == count, query
    assert program.get("/api/v1/mentions?pile=odd", headers=token).status_code == 422


def test_one_mention_has_its_words_its_evidence_and_its_verdicts(town):
    program, token, first = town.client(""), bearer(town, Scope.REVIEW), town.north[0]
    wanted = {"subject_id": "subject-1", "verdict": "confirmed", "note": " seen "}
    made = program.post(f"/api/v1/mentions/{first}/verdicts", headers=token, json=wanted)
    assert (made.status_code, made.json()["note"], made.json()["reviewer"]) == (201, "seen", "owner")
    shown = program.get(f"/api/v1/mentions/{first}", headers=token).json()
    assert shown["found"][0]["text"] == "FIRST LAST stole money from patients"
    assert shown["found"][0]["review"] == "confirmed"
    assert [one["verdict"] for one in shown["verdicts"]] == ["confirmed"]
    kept = program.get(f"/api/v1/evidence/{shown['found'][0]['capture_id']}", headers=token).json()
    assert {one["role"] for one in kept["files"]} >= {"screenshot", "page", "text"}
    assert kept["manifest_sha256"] == shown["found"][0]["evidence_sha256"]
    assert program.get("/api/v1/status", headers=token).json()["waiting"] == 6
    undone = {"subject_id": "subject-1", "verdict": "withdrawn"}
    assert program.post(f"/api/v1/mentions/{first}/verdicts", headers=token, json=undone).status_code == 201
    assert program.get("/api/v1/status", headers=token).json()["waiting"] == 7
    did = [one.action for one in town.store.access_events(mention_id=first)]
    assert {"marked confirmed by a program", "words read by a program"} <= set(did)


def test_lists_of_what_is_watched(town):
    program, token = town.client(""), bearer(town)
    persons = program.get("/api/v1/persons", headers=token).json()
    assert [(one["id"], one["client_id"]) for one in persons] == [("subject-1", "north"), ("subject-2", "south")]
    assert [one["id"] for one in program.get("/api/v1/statements", headers=token).json()] == ["stole"]
    sources = {one["name"]: one for one in program.get("/api/v1/sources", headers=token).json()}
    assert sources["wiki"]["why"] == "The address is missing."
    assert (sources["blog"]["every_seconds"], sources["blog"]["is_failing"]) == (600, False)
    assert len(program.get("/api/v1/evidence", headers=token).json()["captures"]) == 2


def test_reading_is_not_recording(town):
    program, path = town.client(""), f"/api/v1/mentions/{town.north[0]}/verdicts"
    wanted = {"subject_id": "subject-1", "verdict": "later"}
    assert program.post(path, headers=bearer(town), json=wanted).json()["detail"] == "This is not yours to do"
    assert program.post(path, json=wanted, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 401
    signed_in = town.client().post(path, json=wanted, headers={"Sec-Fetch-Site": "same-origin"})
    assert signed_in.status_code == 403, "no page can record by itself here, not even ours"
    assert town.client().post(path, json=wanted, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert town.store.reviews(town.north[0]) == ()
    assert town.client("viewer").get("/api/v1/mentions").status_code == 200, "who is signed in may read"


def test_another_clients_matters_do_not_exist(town):
    program, north = town.client(""), bearer(town, Scope.REVIEW, client="north")
    told = "".join(
        program.get(f"/api/v1/{path}", headers=north).text
        for path in ("mentions?pile=all", "persons", "statements", "evidence", "mentions?subject=subject-2")
    )
    assert "FIRST LAST" in told
    assert not any(word in told for word in ("SOUTHERN", "subject-2", "OTHER NAME"))
    hidden, capture = town.south[0], town.captures[town.south[0]]
    absent = program.get("/api/v1/mentions/99999", headers=north)
    assert program.get(f"/api/v1/mentions/{hidden}", headers=north).json() == absent.json()
    assert program.get(f"/api/v1/evidence/{capture}", headers=north).status_code == 404
    wanted = {"subject_id": "subject-2", "verdict": "confirmed"}
    assert program.post(f"/api/v1/mentions/{hidden}/verdicts", headers=north, json=wanted).status_code == 404
    assert town.store.reviews(hidden) == ()


def test_the_schema_is_behind_the_door_too(town):
    assert town.client("").get("/api/v1/openapi.json").status_code == 401
    made = town.client().get("/api/v1/openapi.json").json()
    assert made["openapi"].startswith("3.1")
    assert set(made["paths"]) == {
        f"/api/v1/{path}"
        for path in (
            "status",
            "mentions",
            "mentions/{mention_id}",
            "mentions/{mention_id}/verdicts",
            "sources",
            "persons",
            "statements",
            "evidence",
            "evidence/{capture_id}",
        )
    }
    assert all(one["description"] for way in made["paths"].values() for one in way.values())


def operations(origin: str, token: dict[str, str]):
    schema = schemathesis.openapi.from_url(f"{origin}/api/v1/openapi.json", headers=token)
    found = [one.ok() for one in schema.get_all_operations()]
    assert len(found) == 9
    return found


@pytest.mark.parametrize("mode", ["fitting", "breaking"])
def test_nothing_makes_it_fail(town, served, mode):
    """Ask every operation of the served application with made-up requests, and hold each answer to the schema."""
    token = bearer(town, Scope.REVIEW)
    generation = schemathesis.GenerationMode.POSITIVE if mode == "fitting" else schemathesis.GenerationMode.NEGATIVE
    refs = [str(one) for one in (*town.north, *town.south)]
    asked = {"n": 0, "ok": 0}
    with served(town) as origin:
        for operation in operations(origin, token):

            @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
            @given(case=operation.as_strategy(generation_mode=generation), known=st.sampled_from([*refs, ""]))
            def ask(case, known):
                if known and "mention_id" in case.path_parameters and mode == "fitting":
                    case.path_parameters["mention_id"] = int(known)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    answer = case.call(headers=token)
                    asked["n"] += 1
                    asked["ok"] += answer.status_code < 300
                    assert answer.status_code < 500, (case.as_curl_command(), answer.text)
                    if answer.text == NO_HTTP:
                        return
                    case.validate_response(answer, checks=CHECKS)

            ask()
    assert asked["n"] > EXAMPLES
    assert asked["ok"] > (asked["n"] // 4 if mode == "fitting" else -1)


CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
