"""The HTML of messages; loaded whole with the first message, and read no more afterwards."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def load() -> Environment:
    """Read every template and give an environment that escapes everything it is given; the same one every time."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 # needed with the first message

    environment = Environment(
        loader=PackageLoader("monitor.notify", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("base.html.j2", "ways.html.j2", "notice.html.j2", "digest.html.j2"):
        environment.get_template(name)
    return environment
