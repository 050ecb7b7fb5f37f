"""A disk that fills in the middle of captures: each ends in an honest outcome, and the alerts still go out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("full_disk_driver.py")


def test_a_disk_that_fills_half_way_ends_in_words_and_not_in_silence(tmp_path: Path) -> None:
    may = ["unshare", "-rnm", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    if not shutil.which("unshare") or subprocess.run(may, capture_output=True, check=False).returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("a small disk cannot be mounted here (unshare -rnm)")
    done = subprocess.run(
        ["unshare", "-rnm", sys.executable, str(DRIVER), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    outcomes = [one for one in found["outcomes"] for one in one]
    assert outcomes.count("complete") == 2
    assert outcomes.count("failed") == 2
    assert found["why"] == found["failures"] != []
    assert all("the disk" in why for why in found["why"]), found
    assert found["told"] == 2
    assert found["tried_without_room"] is False
    assert found["said"][0] == ""
    assert "disk_low True" in found["said"]
    assert found["intact"] is True
    assert found["staging"] == 0
