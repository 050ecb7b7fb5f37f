"""Nobody comes in without a sign-in, nothing is changed from elsewhere, and every door is closed after."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute

from monitor.domain import InvitationKind, Role
from monitor.web.dashboard import OPEN
from monitor.web.passwords import form_token, new_totp_secret
from monitor.web.shell import CSP
from monitor.web.signing_in import COOKIE, new_link

PASSWORD = "four plain random words"
SAME = {"Sec-Fetch-Site": "same-origin"}


def routes(app):
    """Walk the router: every path and method there is."""
    found = [(route.path, method) for route in _all(app.routes) for method in route.methods]
    assert len(found) > 20
    return found


def _all(some):
    for route in some:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from _all(getattr(getattr(route, "original_router", route), "routes", ()))


def address(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "1", path)


def test_every_route_refuses_without_a_sign_in(town):
    nobody, checked = town.client(""), 0
    for path, method in routes(town.app):
        answer = nobody.request(method, address(path), headers=SAME, data={"token": "x"} if method == "POST" else None)
        if any(path == one or (one.endswith("/") and path.startswith(one)) for one in OPEN):
            continue
        checked += 1
        leads_on = method == "GET" and not path.startswith("/api/")
        assert answer.status_code == (303 if leads_on else 401), (path, method)
        assert "SECRET" not in answer.text
        assert "FIRST" not in answer.text
        if leads_on:
            assert answer.headers["location"].startswith("/login?next=")
    assert checked > 15


CHANGES_WITHOUT_A_SIGN_IN = {
    "/login": "the door itself: it checks a password",
    "/link/{token}": "a door: whoever holds a one-time link becomes an account",
    "/act/{token}": "the one act without a sign-in: a link in a message, signed, for one purpose, for a week, once",
}


def test_only_what_is_listed_with_a_reason_changes_anything_without_a_sign_in(town):
    changing = {path for path, method in routes(town.app) if method not in ("GET", "HEAD")}
    is_open = {path for path in changing if any(path == one or path.startswith(one) for one in OPEN)}
    assert is_open == set(CHANGES_WITHOUT_A_SIGN_IN)


def test_what_is_open_tells_nothing(town):
    nobody = town.client("")
    assert nobody.get("/healthz").status_code == 200
    for path in ("/feed.atom", "/calendar.ics", "/metrics"):
        assert nobody.get(path).status_code == 401
    assert nobody.get("/link/guess").status_code == 410
    assert nobody.get("/act/guess").status_code == 404
    assert nobody.get("/static/..%2fsite.py").status_code == 404
    assert nobody.get("/nothing").status_code == 303


def test_every_form_needs_the_sessions_own_token(town):
    owner, other = town.client(), town.client()
    checked = 0
    for path, method in routes(town.app):
        if method != "POST" or path in CHANGES_WITHOUT_A_SIGN_IN:
            continue
        checked += 1
        for token in ("", "x", form_token(other.token)):
            answer = owner.post(address(path), headers=SAME, data={"token": token})
            assert answer.status_code == 403, path
    assert checked > 6
    assert owner.get("/").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://127.0.0.1"}, 303),
        ({"Origin": "http://127.0.0.1:9"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": ""}, 403),
        ({}, 403),
    ],
)
def test_only_our_own_pages_change_something(town, headers, status):
    owner = town.client()
    data = {"token": form_token(owner.token), "show": "yes"}
    assert owner.post("/veil", headers=headers, data=data).status_code == status


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "localhost.evil"])
def test_a_foreign_name_is_not_answered(town, host):
    assert town.client().get("/", headers={"Host": host}).status_code == 421


def test_a_form_says_how_large_it_is_and_is_not_huge(town):
    owner = town.client()
    assert owner.post("/login", headers=SAME, content=iter([b"name=x"])).status_code == 413
    assert owner.post("/login", headers=SAME, content=b"x" * 1_000_001).status_code == 413


def test_headers_close_every_door(town):
    owner = town.client()
    capture = town.captures[town.north[0]]
    for path in ("/", "/review", "/login", "/nothing", "/healthz", f"/evidence/{capture}/1", "/static/style.css"):
        headers = owner.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'"), path
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
    assert owner.get("/").headers["content-security-policy"] == CSP
    assert owner.get("/").headers["cache-control"] == "no-store"


def test_signing_in_gives_a_strict_cookie_and_leads_on(town):
    nobody = town.client("")
    form = {"name": "Owner", "password": PASSWORD, "next": "/review"}
    answer = nobody.post("/login", headers=SAME, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/"))
    assert nobody.get("/").status_code == 200


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "\t//x"]
)
def test_signing_in_leads_nowhere_else(town, place):
    form = {"name": "owner", "password": PASSWORD, "next": place}
    answer = town.client("").post("/login", headers=SAME, data=form)
    assert answer.headers["location"] == "/"


def test_guessing_is_slowed_down_for_one_name_and_for_all(town):
    nobody = town.client("")

    def attempt(name: str, password: str = "wrong wrong wrong") -> str:
        return nobody.post("/login", headers=SAME, data={"name": name, "password": password}).text

    assert attempt("owner").count("That did not work") == 1
    assert attempt("nobody at all").count("That did not work") == 1
    for _ in range(4):
        attempt("owner")
    assert "Too many attempts" in attempt("owner", PASSWORD)
    assert nobody.post("/login", headers=SAME, data={"name": "helper", "password": PASSWORD}).status_code == 303
    town.clock.advance(timedelta(minutes=16))
    assert nobody.post("/login", headers=SAME, data={"name": "owner", "password": PASSWORD}).status_code == 303


def test_a_code_is_asked_for_and_used_once(town):
    import pyotp

    secret = new_totp_secret()
    account = town.store.account_named("owner")
    town.store.change_account(account.id, totp_secret=secret)
    form = {"name": "owner", "password": PASSWORD}
    assert town.client("").post("/login", headers=SAME, data=form).status_code == 403
    form["code"] = pyotp.TOTP(secret).at(town.clock.now())
    assert town.client("").post("/login", headers=SAME, data=form).status_code == 303
    assert town.client("").post("/login", headers=SAME, data=form).status_code == 403


def test_a_session_ends_when_idle_when_old_and_when_left(town):
    owner = town.client()
    for _ in range(13):
        town.clock.advance(timedelta(minutes=55))
        assert owner.get("/").status_code == 200
    town.clock.advance(timedelta(minutes=55))
    assert owner.get("/").status_code == 303, "twelve hours are over"
    idle = town.client()
    town.clock.advance(timedelta(minutes=61))
    assert idle.get("/").status_code == 303
    left = town.client()
    kept = left.token
    assert left.send_form("/logout").status_code == 303
    left.cookies.set(COOKIE, kept)
    assert left.get("/").status_code == 303


def test_a_one_time_link_works_once_and_for_an_hour(bare):
    token = new_link(bare.store, bare.clock, InvitationKind.SETUP, {"*": Role.OWNER})
    nobody = bare.client("")
    assert "Nobody has an account yet" in nobody.get("/login").text
    assert nobody.get(f"/link/{token}").status_code == 200
    short = nobody.post(f"/link/{token}", headers=SAME, data={"name": "me", "password": "short"})
    assert "This password is too short" in short.text
    made = nobody.post(f"/link/{token}", headers=SAME, data={"name": "me", "password": PASSWORD})
    assert (made.status_code, made.headers["location"]) == (303, "/start")
    assert nobody.get("/").status_code == 200
    again = bare.client("").post(f"/link/{token}", headers=SAME, data={"name": "you", "password": PASSWORD})
    assert again.status_code == 410
    late = new_link(bare.store, bare.clock, InvitationKind.RECOVER, {}, name="me")
    bare.clock.advance(timedelta(minutes=61))
    assert bare.client("").get(f"/link/{late}").status_code == 410


def test_a_new_password_ends_every_session(town):
    owner = town.client()
    token = new_link(town.store, town.clock, InvitationKind.RECOVER, {}, name="owner")
    town.client("").post(f"/link/{token}", headers=SAME, data={"name": "owner", "password": "another long password"})
    assert owner.get("/").status_code == 303
    assert town.client("").post("/login", headers=SAME, data={"name": "owner", "password": PASSWORD}).status_code == 403
