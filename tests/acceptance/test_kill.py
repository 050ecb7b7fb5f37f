"""Killed at random moments, with a webhook and a mail server that refuse: everything is told, nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

KILLS, DESIGN_KILLS, SEED = 6, 40, 20260105


def test_killed_again_and_again(checkout, tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            str(checkout / "benchmarks" / "kill.py"),
            *("--kills", str(KILLS), "--seed", str(SEED), "--browser", "off"),
            *("--folder", str(tmp_path / "world"), "--patience", "120", "--designs", str(DESIGN_KILLS)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    print(f"seed {SEED}\n{done.stdout}{done.stderr}")
    books = json.loads(done.stdout)
    assert done.returncode == 0
    assert books["kills"] == KILLS
    assert books["mentions"] >= 2 * KILLS + 7
    assert books["expected"] == 2 * books["mentions"]
    assert (books["lost"], books["not_found"], books["doubled_mentions"], books["bad_evidence"]) == (0, 0, 0, 0)
    assert books["database_faults"] == []
    assert books["doubled"] <= KILLS
    assert books["refused"] > 0
    assert books["captures"] > 0
    assert books["stopped_in_order"] is True
    for common in books["designs"]:
        # The control: with the same kills and refusals, the rig sees what is lost.
        assert common["lost"] > 0, common
