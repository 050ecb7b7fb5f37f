"""Beside a database server, the folder for data is made at the start, or it is said why not."""

from __future__ import annotations

import pytest

from monitor.bootstrap.build import build_store
from monitor.clock import SystemClock
from monitor.errors import ConfigError, StoreError
from monitor.settings import load_settings


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "goodname.toml"
    path.write_text(f'data_dir = "far/data"\n[store]\nurl = "postgresql+psycopg://me@/none?host={tmp_path}"\n', "utf-8")
    path.chmod(0o600)
    return load_settings(path)


def test_it_is_made_for_its_owner_alone(settings):
    with pytest.raises(StoreError):  # nobody listens there
        build_store(settings, SystemClock())

    assert settings.data_dir.stat().st_mode & 0o777 == 0o700


def test_where_it_cannot_be_made_it_is_said_why(settings):
    settings.data_dir.parent.write_text("a file", "utf-8")

    with pytest.raises(ConfigError, match="cannot be made"):
        build_store(settings, SystemClock())
