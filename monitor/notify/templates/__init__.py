"""The HTML of messages; loaded here, so that rendering itself reads no files."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def load() -> Environment:
    """Read every template and give an environment that escapes everything it is given; the same one every time."""
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
