from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.evidence import find_chromium, missing_browser


def test_off_means_none_and_says_so() -> None:
    assert find_chromium("off") is None
    assert "switched off" in missing_browser("off")


def test_auto_gives_a_program_or_a_reason() -> None:
    found = find_chromium("auto")
    assert found is None or found.is_file()
    assert "install" in missing_browser("auto")


def test_a_path_is_used_as_it_is(tmp_path: Path) -> None:
    program = tmp_path / "chrome"
    program.write_text("#!/bin/sh\n")
    with pytest.raises(ConfigError, match="cannot be started"):
        find_chromium(str(program))
    program.chmod(0o700)
    assert find_chromium(str(program)) == program
    with pytest.raises(ConfigError):
        find_chromium(str(tmp_path / "none"))
