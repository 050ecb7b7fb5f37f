"""The benchmark of the line runs and its books agree with the work it was given."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_small_run(checkout):
    done = subprocess.run(
        [sys.executable, str(checkout / "benchmarks" / "line.py"), "--smoke"],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    line, naive = figures["items"]["line"], figures["items"]["naive"]
    assert line["items"] == naive["items"] == 500
    assert line["likely"] == naive["likely"] > 0, "the plain wordings are found by both"
    assert line["items_per_s"] > 0
    assert figures["unchanged"]["line"]["feeds"] == 50
    assert figures["unchanged"]["line"]["cpu_ms_per_feed"] > 0
