from __future__ import annotations

import re

import pytest

from monitor.errors import ConfigError
from monitor.notify import AppriseNotifier
from monitor.notify.accounts import AccountFault, Security, read_account
from monitor.notify.services import make_asset

CANARY = "canary-hunter2-secret"


def faults(*urls: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        AppriseNotifier(urls)
    assert CANARY not in f"{caught.value} {caught.value.faults} {caught.value.why} {caught.value.try_}"
    return caught.value.faults


def test_names_are_stable_hold_no_secret_and_survive_a_new_password() -> None:
    one = AppriseNotifier([f"json://u:{CANARY}@hook.example/{CANARY}", "mailto://me:old@mail.example"])
    two = AppriseNotifier([f"json://u:other@hook.example/{CANARY}", "mailto://me:new@mail.example"])
    assert one.channels == two.channels
    assert all(re.fullmatch(r"(json|mailto)-[0-9a-f]{6}", name) for name in one.channels)


def test_other_places_have_other_names() -> None:
    assert len(set(AppriseNotifier(["json://hook.example/a", "json://hook.example/b"]).channels)) == 2


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"jsom://hook.example/{CANARY}", "I don't know the service `jsom://`; did you mean `json://`?"),
        (f"mialto://me:{CANARY}@mail.example", "did you mean `mailto://`?"),
        (f"qqqqqqq://{CANARY}", "I don't know the service `qqqqqqq://`"),
        (CANARY, "is not an Apprise URL"),
        ("", "is not an Apprise URL"),
        ("json://", "not complete"),
        (f"discord://{CANARY}", "not complete"),
        (f"mailto://me:{CANARY}@mail.example?to=nobody", "its `to` holds something that is not a mail address"),
        (f"mailto://me:{CANARY}@mail.example?to=a@example.org,b@", "its `to` holds something that is not a mail"),
        (f"mailto://me:{CANARY}@mail.example?pgp=encrypt", "cannot be encrypted with PGP"),
        (f"mailto://:{CANARY}@", "sender address"),
        (f"mailto://me:{CANARY}@mail.example?mode=nonsense", "mode"),
    ],
)
def test_an_address_that_cannot_be_used_is_named_by_its_place(url: str, said: str) -> None:
    (fault,) = faults("json://hook.example/x", url)[-1:]
    assert "`alerts.urls[2]`" in fault
    assert said in fault


def test_every_fault_is_told_at_once_and_a_repeated_channel_is_one() -> None:
    told = faults("nonsense", "json://hook.example/a", "json://hook.example/a", "jsno://x")
    assert [re.search(r"\[(\d)\]", fault)[1] for fault in told] == ["1", "3", "4"]
    assert "same channel" in told[1]


def test_no_channel_is_no_fault() -> None:
    assert AppriseNotifier([]).channels == ()


@pytest.mark.parametrize(
    ("url", "host", "port", "security"),
    [
        ("mailto://me:pw@mail.example", "mail.example", 25, Security.WHEN_OFFERED),
        ("mailto://me:pw@mail.example:2525?mode=insecure", "mail.example", 2525, Security.CLEAR),
        ("mailto://me:pw@mail.example?mode=ssl", "mail.example", 465, Security.SSL),
        ("mailtos://me:pw@mail.example", "mail.example", 587, Security.STARTTLS),
        ("mailtos://me:pw@example.org?smtp=smtp.mail.example&mode=ssl", "smtp.mail.example", 465, Security.SSL),
        ("mailto://me:pw@gmail.com", "smtp.gmail.com", 587, Security.STARTTLS),
    ],
)
def test_mail_urls_are_read_as_apprise_writes_them(url: str, host: str, port: int, security: Security) -> None:
    account = read_account(url, "Notices", make_asset("Notices"))
    assert (account.host, account.port, account.security) == (host, port, security)
    assert account.password == "pw"
    assert "pw" not in repr(account).replace("pw@", "")


def test_names_copies_and_passwords_with_signs_are_read() -> None:
    account = read_account(
        "mailtos://me:p%40w%2F@mail.example/x@example.org?from=y@example.org&name=A%20Name&cc=C<c@example.org>"
        "&bcc=d@example.org&to=e@müller.example&+X-Mark=1",
        "Notices",
        make_asset("Notices"),
    )
    assert account.password == "p@w/"
    assert str(account.envelope.sender) == "A Name <y@example.org>"
    assert account.recipients[0] == "x@example.org"
    assert account.recipients[1] == "e@xn--mller-kva.example"
    assert set(account.recipients[2:]) == {"c@example.org", "d@example.org"}
    assert account.envelope.headers == {"X-Mark": "1"}


def test_a_sender_without_a_name_gets_the_neutral_one() -> None:
    account = read_account("mailtos://me:pw@mail.example", "Notices", make_asset("Notices"))
    assert str(account.envelope.sender) == "Notices <me@mail.example>"
    with pytest.raises(AccountFault):
        read_account("mailto://", "Notices", make_asset("Notices"))
