"""Lay out the demonstration's folder: an ordinary configuration, and nothing that was there before is touched."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from monitor.demo.serving import free_port
from monitor.demo.texts import WATCHLIST
from monitor.demo.world import World
from monitor.errors import ConfigError, try_of, why_of

DEFAULT_FOLDER = Path("demo-world")
_MOST_FOLDERS = 1000

_SETTINGS = """\
# An ordinary configuration; the program does not know that this is a demonstration.
data_dir = "data"

[watchlist]
file = "watchlist.toml"

{sources}
[alerts]
quiet_hours = "" # it must show all of it at any hour
group_every = "0s" # and each by itself
urls = [
  "mailto://{mail}/?from=goodname@wrenmouth.example&to=alina@wrenmouth.example",
  "json://{hook}/hook",
]

[digest]
at = "08:00"
timezone = "Europe/London"

[network]
allow = [{allowed}]                     # the invented town's own addresses
contact = "demo@wrenmouth.example"

[capture]
browser = {browser}
timeout = "40s"

[web]
bind = "127.0.0.1:{web}"
"""

_SOURCE = """\
[[source]]
name = "{name}"
connector = "{connector}"
every = "{every}"
  [source.settings]
{settings}
"""


@dataclass(frozen=True, slots=True)
class Folder:
    """Name the places inside the demonstration's folder."""

    root: Path

    @property
    def settings(self) -> Path:
        """Give the configuration file."""
        return self.root / "goodname.toml"

    @property
    def evidence(self) -> Path:
        """Give the folder in which the program keeps evidence."""
        return self.root / "data" / "evidence"


def new_folder(wanted: Path | None) -> Folder:
    """Make a fresh folder: the wanted one when it is absent or empty, else ./demo-world, demo-world-2 and so on.

    ConfigError when the wanted folder holds anything, or when none can be made.
    """
    try:
        if wanted:
            return _wanted_folder(wanted)
        for number in range(1, _MOST_FOLDERS):
            place = DEFAULT_FOLDER if number == 1 else Path(f"{DEFAULT_FOLDER}-{number}")
            try:
                place.mkdir()
            except FileExistsError:
                continue
            return Folder(place.absolute())
    except OSError as error:
        raise ConfigError(
            "The demonstration's folder cannot be made.",
            why=why_of(error),
            try_=try_of(error, "Run `goodname demo --directory /tmp/goodname-demo`."),
        ) from None
    raise ConfigError(
        "The demonstration found no free folder name.",
        why=f"There are {_MOST_FOLDERS - 1} earlier ones here.",
        try_="Remove the demo-world folders that you no longer need.",
    )


def _wanted_folder(wanted: Path) -> Folder:
    if wanted.exists() and (not wanted.is_dir() or any(wanted.iterdir())):
        raise ConfigError(
            f"{wanted} is not empty.",
            why="The demonstration writes only into a folder of its own.",
            try_="Name a folder that does not exist yet: `goodname demo --directory NAME`.",
        )
    wanted.mkdir(parents=True, exist_ok=True)
    return Folder(wanted.absolute())


def write_configuration(folder: Folder, world: World, *, browser: str = "auto", every: str = "15s") -> Path:
    """Write goodname.toml and watchlist.toml for this world; gives the configuration's path."""
    text = _SETTINGS.format(
        sources="\n".join(_sources(world, every)),
        mail=world.mail.address,
        hook=world.hook.address,
        allowed=", ".join(f'"{site.address}"' for site in world.sites),
        browser=json.dumps(browser),
        web=free_port(),
    )
    folder.settings.write_text(text, "utf-8")
    (folder.root / "watchlist.toml").write_text(WATCHLIST, "utf-8")
    return folder.settings


def _sources(world: World, every: str) -> tuple[str, ...]:
    forum = f"http://{world.forum.address}/t"
    posts = '  item = "article.post"\n  text = ".body"\n  author = ".author"\n  published = "time"'
    rows = (
        ("town-forum", "page", f"{forum}/dentists", posts),
        ("forum-languages", "page", f"{forum}/good-morning", posts),
        ("forum-games", "page", f"{forum}/county-games", posts),
        ("quay-blog", "feed", f"http://{world.blog.address}/feed.atom", ""),
        ("town-reviews", "page", f"http://{world.reviews.address}/voss-dental", ""),
        ("town-wire", "feed", f"http://{world.wire.address}/feed.json", ""),
        ("ferry-notes", "feed", f"http://{world.ferry.address}/feed.rss", ""),
    )
    return tuple(_source(name, connector, url, every, more) for name, connector, url, more in rows)


def _source(name: str, connector: str, url: str, every: str, more: str) -> str:
    settings = f'  url = "{url}"' + (f"\n{more}" if more else "")
    return _SOURCE.format(name=name, connector=connector, every=every, settings=settings)
