"""A setting or preset that nobody can look up does not exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors._presets import PRESETS
from monitor.plugins import load_connectors

CATALOGUE = load_connectors()


@pytest.mark.parametrize("name", CATALOGUE.connectors)
def test_every_setting_is_described(checkout: Path, name: str) -> None:
    text = (checkout / "docs" / "connectors" / f"{name}.md").read_text("utf-8")
    fields = CATALOGUE.connectors[name].spec.settings.model_fields
    assert [field for field in fields if f"`{field}`" not in text] == []
    assert [field for field, about in fields.items() if not about.description] == []


@pytest.mark.parametrize("name", CATALOGUE.connectors)
def test_every_connector_is_listed(checkout: Path, name: str) -> None:
    assert f"[`{name}`](connectors/{name}.md)" in (checkout / "docs" / "connectors.md").read_text("utf-8")


def test_every_preset_is_described(checkout: Path) -> None:
    text = (checkout / "docs" / "connectors" / "feed.md").read_text("utf-8")
    assert [preset for preset in PRESETS if f"`{preset}`" not in text] == []
