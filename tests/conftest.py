"""What every test may rely on: loopback sockets only, no settings from outside, and the shared recordings if there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

CHECKOUT = Path(__file__).resolve().parents[1]
IN_CI = bool(os.environ.get("CI"))

for name in [name for name in os.environ if name.startswith("GOODNAME_")]:
    del os.environ[name]

# Two busy cores make deadlines a matter of luck; CI draws the same examples each time.
settings.register_profile("house", deadline=None, derandomize=IN_CI, print_blob=True)
settings.load_profile("house")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Give the root of the checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of recordings and hostile inputs that lies beside the checkout; read-only, never copied in."""
    folder = CHECKOUT.parent / "shared" / "data"
    if folder.is_dir():
        return folder
    if IN_CI:
        pytest.fail("shared/data is not beside the checkout, and in CI it must be")
    pytest.skip("shared/data is not beside the checkout")
