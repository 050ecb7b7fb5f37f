from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

DRIVER = Path(__file__).with_name("crash_driver.py")


def test_a_kill_at_any_step_leaves_no_half_capture_and_adopts_no_planted_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, DRIVER, tmp_path], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    tally = json.loads(done.stdout)
    assert tally["runs"] >= 100
    assert tally["recovery_runs"] >= 100
    assert tally["faults"] == []
    assert (tally["half"], tally["planted"], tally["unswept"]) == (0, 0, 0)
    # Some kills come before the intent and some after, or the steps were not reached.
    assert 0 < tally["kept"] < tally["runs"]
