"""The example files and the schema come from the models, and the shipped copies are current."""

from __future__ import annotations

import json
import tomllib

import pytest

from monitor.settings import (
    Settings,
    example_settings,
    example_watchlist,
    load_settings,
    load_watchlist,
    settings_schema,
)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("goodname.example.toml", example_settings),
        ("watchlist.example.toml", example_watchlist),
        ("goodname.schema.json", settings_schema),
    ],
)
def test_the_shipped_copy_is_current(checkout, name, make):
    """Write it anew with `goodname config example`, `goodname config example watchlist`, `goodname config schema`."""
    assert (checkout / "config" / name).read_text("utf-8") == make()


def test_the_example_says_every_key_with_its_default(tmp_path):
    path = tmp_path / "goodname.toml"
    path.write_text(example_settings(), "utf-8")
    shown = load_settings(path)
    plain = Settings()
    for section in type(plain).model_fields:
        if section not in ("source", "data_dir"):
            assert getattr(shown, section) == getattr(plain, section), section
    assert shown.source[0].connector == "feed"


def test_the_watch_list_example_can_be_used(tmp_path):
    path = tmp_path / "watchlist.toml"
    path.write_text(example_watchlist(), "utf-8")
    watchlist = load_watchlist(path)
    assert [subject.id for subject in watchlist.subjects()] == ["subject-1"]
    assert [statement.id for statement in watchlist.statements()] == ["stole"]


def test_the_schema_knows_every_key_of_the_example():
    schema = json.loads(settings_schema())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for key, value in tomllib.loads(example_settings()).items():
        node = schema["properties"][key]
        if "$ref" in node:
            section = schema["$defs"][node["$ref"].rpartition("/")[2]]
            assert set(value) <= set(section["properties"])
            assert section["additionalProperties"] is False


def test_the_schema_lets_secrets_stand_in_files():
    sections = json.loads(settings_schema())["$defs"]
    for name in ("AlertSettings", "StoreSettings"):
        assert sections[name]["patternProperties"]["_file$"]["type"] == "string"
