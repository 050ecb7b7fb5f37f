"""Say which tests were skipped although they should run here; exit 1 when there is one.

    python scripts/skipped.py JUNIT_XML ALLOWED

JUNIT_XML is what `pytest --junitxml` wrote. ALLOWED holds one regular expression a line over "file::test", two spaces,
and the reason why that test may be skipped; lines that begin with # are remarks.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def allowed_patterns(text: str) -> list[re.Pattern[str]]:
    """Read the list; ValueError for a line without a reason."""
    patterns = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pattern, gap, reason = line.partition("  ")
        if not gap or not reason.strip():
            raise ValueError(f"no reason given: {line}")
        patterns.append(re.compile(pattern))
    return patterns


def skipped_tests(report: str) -> list[tuple[str, str]]:
    """Give every skipped test of a report as "file::test" with its reason; whole modules count as one."""
    found = []
    for case in ET.fromstring(report).iter("testcase"):  # noqa: S314  # our own test runner wrote it
        skip = case.find("skipped")
        if skip is not None and skip.get("type") != "pytest.xfail":
            found.append((f"{case.get('classname', '')}::{case.get('name', '')}", skip.get("message", "")))
    return found


def main(report: str, allowed: str) -> int:
    """Compare a report with the list; gives the exit code."""
    patterns = allowed_patterns(Path(allowed).read_text("utf-8"))
    skipped = skipped_tests(Path(report).read_text("utf-8"))
    wrong = [(name, why) for name, why in skipped if not any(pattern.search(name) for pattern in patterns)]
    for name, why in wrong:
        print(f"skipped, but should run here: {name}: {why}")
    print(f"{len(skipped)} skipped, {len(wrong)} of them should have run")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
