"""`goodname web`: one-time links, and the page of a real installation."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit


def test_a_link_makes_the_first_account_and_then_needs_a_name(home):
    home.edit('bind = "off"', 'bind = "127.0.0.1:8700"')
    shown = home.run("web", "--link").stdout.strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:8700/link/[\w-]{43}", shown)
    assert home.run("web", "--link").stdout.strip() != shown
    home.edit("[web]\n", '[web]\naddress = "https://watch.example.org/"\n')
    assert home.run("web", "--link").stdout.startswith("https://watch.example.org/link/")


def test_it_says_that_it_is_switched_off(home):
    assert "switched off" in home.run("web", code=2).stderr


def test_the_page_shows_what_the_service_found(full):
    full.edit('bind = "off"', 'bind = "127.0.0.1:0"')
    command = [sys.executable, "-m", "monitor.cli", "--config", str(full.config), "web"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        try:
            assert process.stdout
            assert "until you press Ctrl-C" in process.stdout.readline()
            link = urlsplit(process.stdout.readline().split()[-1])
            form = urlencode({"name": "me", "password": "four plain random words"})
            headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
            status, cookie, _ = ask(link.netloc, "POST", link.path, form, headers)
            assert status == 303
            signed_in = {"Cookie": cookie.partition(";")[0]}
            status, _, page = ask(link.netloc, "GET", "/review", "", signed_in)
            assert status == 200
            assert "repeats of one statement (1)" in page
            assert "stole money" not in page
            assert ask(link.netloc, "GET", "/healthz")[0] == 200
            status, _, shown = ask(link.netloc, "GET", "/", "", signed_in)
            assert (status, "2 mentions wait for you" in shown) == (200, True)
            change_rules(link.netloc, shown, {**headers, **signed_in})
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    (added,) = [one for one in full.json("person", "list") if one["id"] == "new-person"]
    assert (added["aliases"], added["attestation"]["relation"], added["statements"]) == (["N. PERSON"], "client", 1)
    assert "There is no account 'you'" in full.run("web", "--link", "you", code=2).stderr
    assert "/link/" in full.run("web", "--link", "me").stdout


def change_rules(host: str, page: str, headers: dict[str, str]) -> None:
    """Add somebody and a statement, preview a word, and try to change what the file holds."""
    hidden = re.search(r'name="token" value="([^"]+)"', page)
    assert hidden

    def send(path: str, **fields: str) -> tuple[int, str]:
        status, _, said = ask(host, "POST", path, urlencode({**fields, "token": hidden[1]}), headers)
        return status, said

    person = {"name": "NEW PERSON", "relation": "client", "by": "A LAWYER", "aliases": "N. PERSON\n\n"}
    assert send("/start", **person)[0] == 303
    status, said = send("/start", **{**person, "by": " "})
    assert (status, "cannot be kept like this" in said) == (400, True)
    assert send("/rules/new-person/statement", do="save", text="NEW PERSON lied")[0] == 303
    status, said = send("/rules/subject-1", do="preview", exclude_terms="Leeds")
    assert (status, "Looked at: 3 mentions" in said) == (200, True)
    status, said = send("/rules/subject-1", do="save", exclude_terms="Leeds")
    assert (status, "read at every start and would undo the change" in said) == (400, True)


def ask(host: str, method: str, path: str, body: str = "", headers: dict[str, str] | None = None):
    connection = HTTPConnection(host, timeout=30)
    try:
        connection.request(method, path, body or None, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Set-Cookie", ""), answer.read().decode()
    finally:
        connection.close()
