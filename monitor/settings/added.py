"""Keep what was added on the page: a file of the program's own among the data, beside the person's goodname.toml."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from monitor.errors import ConfigError, try_of, why_of
from monitor.settings.models import AlertSettings, Settings, SourceSettings, format_duration

ADDED = "added.json"
"""Its name in `data_dir`. Only the page writes it; it may hold secrets and is readable by its owner alone."""


class Added(BaseModel):
    """Hold what the page added. `quiet_hours` None leaves them as they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: tuple[SourceSettings, ...] = ()
    urls: tuple[str, ...] = Field((), repr=False)
    quiet_hours: str | None = None


def read_added(data_dir: Path) -> Added:
    """Read what the page added; nothing when there is no such file. ConfigError when it cannot be read."""
    path = data_dir / ADDED
    try:
        return Added.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Added()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read.", why=why_of(error)) from None
    except ValidationError:
        # Its words are not repeated: they may be secrets.
        raise ConfigError(
            f"{path} cannot be used.",
            why="it does not hold what the page writes into it",
            try_="Move it away, and add on the page again what was in it.",
        ) from None


def write_added(data_dir: Path, added: Added) -> None:
    """Write it whole or not at all, for its owner's eyes only. ConfigError when it cannot be written."""
    sources = [{**one.model_dump(mode="json"), "every": format_duration(one.every)} for one in added.source]
    given = {"source": sources, "urls": added.urls, "quiet_hours": added.quiet_hours}
    path = data_dir / ADDED
    try:
        number, name = tempfile.mkstemp(prefix=f".{ADDED}.", dir=data_dir)
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                json.dump(given, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written.", why=why_of(error), try_=try_of(error)) from None


def added_mark(data_dir: Path) -> tuple[int, int, int]:
    """Give what changes whenever the file does."""
    try:
        state = (data_dir / ADDED).stat()
    except OSError:
        return 0, 0, 0
    return state.st_ino, state.st_mtime_ns, state.st_size


def with_added(settings: Settings, added: Added) -> Settings:
    """Put what the page added behind what the person's own file says; where both name one thing, the file wins."""
    named = {one.name for one in settings.source}
    own_urls = {url.get_secret_value() for url in (*settings.alerts.urls, *settings.alerts.helper_urls)}
    alerts: dict[str, object] = {
        "urls": (*settings.alerts.urls, *(SecretStr(url) for url in added.urls if url not in own_urls))
    }
    if added.quiet_hours is not None and not says_quiet_hours(settings):
        alerts["quiet_hours"] = added.quiet_hours
    return settings.model_copy(
        update={
            "source": (*settings.source, *(one for one in added.source if one.name not in named)),
            "alerts": settings.alerts.model_copy(update=alerts),
        }
    )


def says_quiet_hours(settings: Settings) -> bool:
    """Tell whether the person's own file, or the environment, sets the quiet hours."""
    return "quiet_hours" in settings.alerts.model_fields_set


def checked_hours(hours: str) -> str:
    """Check quiet hours that were typed; ValueError when they are none."""
    return AlertSettings(quiet_hours=hours).quiet_hours
