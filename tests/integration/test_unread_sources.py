"""A source that cannot be set up is never passed over in silence."""

from __future__ import annotations

from pathlib import Path

from monitor.bootstrap import open_app
from monitor.settings import load_settings


async def test_the_summary_names_a_source_that_could_not_be_set_up(tmp_path: Path) -> None:
    config = tmp_path / "goodname.toml"
    config.write_text('[capture]\nbrowser = "off"\n[[source]]\nname = "lost-forum"\nconnector = "no-such-connector"\n')
    async with open_app(load_settings(config)) as app:
        shown = app.messages.digest()
        assert [(one.source, one.was_checked) for one in shown.coverage] == [("lost-forum", False)]
        text = app.messages.digest_message(shown).text
    assert "lost-forum" in text
    assert "Every source was checked" not in text
