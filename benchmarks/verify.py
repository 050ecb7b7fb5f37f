"""Measure how fast stored evidence is checked, beside sha256sum over the same files; prints JSON.

Usage: python benchmarks/verify.py [--captures 1000] [--kilobytes 500]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from monitor.domain import ArtifactRole, CaptureOutcome, CaptureRequest, Completeness, Observed, Origin
from monitor.evidence import FileVault, verify_path

NOW = datetime(2026, 11, 22, 16, 44, tzinfo=UTC)
REQUEST = CaptureRequest(id=1, mention_id=1, revision=1, url="https://forum.example/t/1")
OBSERVED = Observed(
    requested_url=REQUEST.url,
    final_url=REQUEST.url,
    http_status=200,
    started_at=NOW,
    captured_at=NOW,
    outcome=CaptureOutcome.COMPLETE,
    completeness=Completeness.FOUND,
    software={"goodname": "benchmark"},
)


class StillClock:
    """Stand still."""

    def now(self) -> datetime:
        """Give always the same moment."""
        return NOW

    def monotonic(self) -> float:
        """Give always zero."""
        return 0.0


def fill(root: Path, captures: int, kilobytes: int) -> float:
    """Seal captures of seven files each; give the seconds that took."""
    vault = FileVault(root, clock=StillClock(), actor="benchmark", reserve_bytes=1)
    start = perf_counter()
    for _ in range(captures):
        staging = vault.stage(REQUEST, NOW)
        for number in range(7):
            body = os.urandom(kilobytes * 1024 // 7)
            staging.add(ArtifactRole.PAGE, f"file-{number}.bin", "text/plain", Origin.RENDERED, body)
        vault.commit(staging, REQUEST, OBSERVED)
    return perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", type=int, default=1000)
    parser.add_argument("--kilobytes", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        root = Path(folder) / "evidence"
        sealed_in = fill(root, options.captures, options.kilobytes)
        files = [path for path in (root / "captures").rglob("*") if path.is_file()]
        megabytes = sum(path.stat().st_size for path in files) / 1e6
        start, cpu = perf_counter(), process_time()
        result = verify_path(root)
        seconds, cpu = perf_counter() - start, process_time() - cpu
        start = perf_counter()
        names = b"\0".join(os.fsencode(path) for path in files)
        subprocess.run(["xargs", "-0", "sha256sum"], input=names, stdout=subprocess.DEVNULL, check=True)
        beside = perf_counter() - start
    print(
        json.dumps(
            {
                "captures": result.captures,
                "files": result.files,
                "megabytes": round(megabytes, 1),
                "intact": result.is_intact,
                "verify_seconds": round(seconds, 2),
                "verify_cpu_seconds": round(cpu, 2),
                "verify_mb_per_second": round(megabytes / seconds),
                "sha256sum_mb_per_second": round(megabytes / beside),
                "seal_milliseconds_each": round(1000 * sealed_in / options.captures, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
