"""Read the letterheads of clients from their folder, at the moment a letter is drafted or printed."""

from __future__ import annotations

from pathlib import Path

from monitor.cases.letters import Letterhead
from monitor.errors import ConfigError, why_of

WITHOUT_CLIENT = "letterhead"
"""The name of the files for those without a client."""

_LONGEST_TEXT = 20_000
_LARGEST_LOGO = 1_000_000
_PNG = b"\x89PNG\r\n\x1a\n"


def letterhead_of(folder: Path | None, client_id: str) -> Letterhead:
    """Give one client's own letterhead, and never another's; empty when there is none.

    ConfigError for a file that cannot be read, is too large, or is no plain text or no PNG.
    """
    name = client_id or WITHOUT_CLIENT
    if folder is None or name in (".", "..") or not name.isprintable() or {"/", "\\"} & set(name):
        return Letterhead()
    text = _read(folder / f"{name}.txt", _LONGEST_TEXT)
    logo = _read(folder / f"{name}.png", _LARGEST_LOGO)
    if logo and not logo.startswith(_PNG):
        raise ConfigError(f"{folder / name}.png is no PNG picture.", try_="Save the logo as PNG.")
    try:
        return Letterhead(text=text.decode("utf-8").strip(), logo=logo)
    except UnicodeDecodeError:
        raise ConfigError(f"{folder / name}.txt is no plain text.", try_="Save it as UTF-8.") from None


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(most + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ConfigError(f"{path} cannot be read.", why=why_of(error)) from None
    if len(body) > most:
        raise ConfigError(f"{path} is too large.", why=f"At most {most:,} bytes.", try_="Make it smaller.")
    return body
