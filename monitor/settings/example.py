"""Write the example files and the JSON Schema that ship under config/, from the models themselves."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from monitor.settings.models import Settings, SourceSettings
from monitor.settings.watchlist import Watchlist

_SOURCE = """\
# The sources; one [[source]] block each. `goodname source list` shows the connectors.
[[source]]
name = "town-forum"                     # {name}
connector = "feed"                      # {connector}
every = "15m"                           # {every}
  [source.settings]                     # {settings}
  url = "https://example.org/feed.xml"
"""

_WATCHLIST = """\
# Who is watched, and which statements about them are false. Every key is explained in docs/operating.md.
[[subject]]
id = "subject-1"
name = "FIRST LAST"
kind = "person"                         # or organisation
aliases = ["F. LAST"]
handles = ["@firstlast"]
context_terms = ["Leeds", "dentist"]    # words that tell this one from a namesake
exclude_terms = []                      # words that mean a namesake

  [subject.attestation]                 # required before the first poll
  relation = "self"                     # self, client or organisation
  by = "FIRST LAST"
  on = 2026-11-22

  [[subject.statement]]
  id = "stole"
  text = "FIRST LAST stole money from patients"
  paraphrases = []                      # other wordings you have seen
"""


def example_settings() -> str:
    """Give a goodname.toml with every key, its default and its meaning."""
    lines = ["# Configuration of goodname. Every key may be left out; what stands here is its default.", ""]
    schema = _schema()
    sections: list[tuple[str, dict[str, Any]]] = []
    for key, node in schema["properties"].items():
        reference = node.get("$ref")
        if key == "source":
            continue
        if reference:
            sections.append((key, schema["$defs"][reference.rpartition("/")[2]]))
        else:
            lines.append(_line(key, node))
    for key, section in sections:
        lines += ["", f"# {section['description'].splitlines()[0]}", f"[{key}]"]
        lines += [_line(name, node) for name, node in section["properties"].items()]
    about = {key: node.get("description", "") for key, node in schema["$defs"]["SourceSettings"]["properties"].items()}
    return "\n".join([*lines, "", _SOURCE.format(**about)])


def _schema() -> dict[str, Any]:
    """Give the schema with defaults spelled as a person writes them ("45s"), not as ISO 8601 durations."""
    schema = Settings.model_json_schema()
    models = [field.annotation for field in Settings.model_fields.values()]
    for model in [*models, SourceSettings]:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        plain = model.model_construct().model_dump(mode="json")
        for key, node in schema["$defs"][model.__name__]["properties"].items():
            if "default" in node and plain.get(key) is not None:
                node["default"] = plain[key]
    return schema


def _line(key: str, node: dict[str, Any]) -> str:
    default = node.get("default")
    value = json.dumps(default, ensure_ascii=False) if default is not None else '""'
    setting = f"{key} = {value}"
    if default is None:
        setting = f"# {key} = {_hint(key)}"
    return f"{setting:<39} # {node.get('description', '')}"


def _hint(key: str) -> str:
    return {
        "letterheads": '"letterheads"',
        "file": '"watchlist.toml"',
        "model": '"model"',
        "certificates": '"authorities.pem"',
    }.get(key, '""')


def example_watchlist() -> str:
    """Give a watchlist.toml with one invented person."""
    return _WATCHLIST


def settings_schema() -> str:
    """Give the JSON Schema of goodname.toml and, under `watchlist`, of watchlist.toml, for editors and tests."""
    schema = _schema()
    for name in ("AlertSettings", "StoreSettings"):
        schema["$defs"][name]["patternProperties"] = {
            "_file$": {"type": "string", "description": "A file that holds this key's value, for secrets."}
        }
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "goodname.toml"
    schema["$defs"]["watchlist.toml"] = Watchlist.model_json_schema(ref_template="#/$defs/watchlist.toml/$defs/{model}")
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
