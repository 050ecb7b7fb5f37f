"""Find Chromium and say why there is none; imports nothing that needs it."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from monitor.errors import ConfigError

_PLACES = (
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/usr/bin/google-chrome-stable",
    "/opt/google/chrome/chrome",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_PLAYWRIGHTS_OWN = (
    (".cache/ms-playwright", "chromium-*/chrome-linux*/chrome"),
    ("Library/Caches/ms-playwright", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*"),
)


def find_chromium(setting: str) -> Path | None:
    """Find the Chromium to use, or None when there is none or the Playwright package is missing.

    `setting` is "auto" (look in the usual places), "off", or a path. ConfigError when a path is given that cannot be
    started.
    """
    if setting == "off":
        return None
    if setting != "auto":
        return _given(Path(setting).expanduser())
    if find_spec("playwright") is None:
        return None
    usual = (Path(place) for place in _PLACES)
    own = (path for folder, pattern in _PLAYWRIGHTS_OWN for path in sorted((Path.home() / folder).glob(pattern)))
    return next((path for path in (*usual, *own) if _can_start(path)), None)


def missing_browser(setting: str) -> str:
    """Say in words why pages are kept without a browser, and what would change that."""
    if setting == "off":
        return "no browser: it is switched off under [capture] browser"
    if find_spec("playwright") is None:
        return "no browser: install goodname[browser], and Chromium"
    return "no browser: install Chromium (on Debian: apt install chromium fonts-noto)"


def _given(path: Path) -> Path:
    if not _can_start(path):
        raise ConfigError(
            f"[capture] browser names a program that cannot be started: {path}",
            why="it is not there or not executable",
            try_='Write "auto" to let it be looked for, or "off" to do without.',
        )
    if find_spec("playwright") is None:
        raise ConfigError(
            "[capture] browser names a browser, but the Playwright package is missing.",
            try_="Install goodname[browser].",
        )
    return path


def _can_start(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
