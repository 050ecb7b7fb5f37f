"""An account that does not exist cannot be told from one that does by how long a refusal takes."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from monitor.web import passwords


def test_nobody_s_hash_costs_as_much_as_anybody_s():
    made = passwords.hash_password("four words nobody guesses")
    assert passwords._hash_of_nobody().split("$")[:4] == made.split("$")[:4]
    assert len(passwords._hash_of_nobody()) == len(made)


def test_nobody_s_hash_is_checked_to_the_end_and_refused():
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(passwords._hash_of_nobody(), "a password")
    assert not passwords.is_password("", "a password")
