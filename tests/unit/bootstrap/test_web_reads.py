"""What the page and the figures ask of the database: each table once."""

from __future__ import annotations

import re
from pathlib import Path

from monitor.bootstrap import open_app
from monitor.bootstrap.web import figures_of, probe_of
from monitor.settings import load_settings
from monitor.web.metrics import metrics_of


async def test_the_figures_read_the_workers_once(tmp_path: Path, statements: list[str]) -> None:
    (tmp_path / "goodname.toml").write_text(f'data_dir = "{tmp_path / "data"}"\n')
    async with open_app(load_settings(tmp_path / "goodname.toml")) as app:
        statements.clear()
        assert b"goodname_up" in metrics_of(probe_of(app), figures_of(app))
    assert len([one for one in statements if re.search(r"FROM workers?\b", one)]) == 1
