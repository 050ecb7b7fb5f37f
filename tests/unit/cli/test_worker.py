"""`goodname worker` and `goodname queue` where no work is shared, and wrong words."""

from __future__ import annotations

import pytest

from monitor.errors import ConfigError
from monitor.settings import load_settings


@pytest.mark.parametrize("words", [("worker",), ("queue", "list"), ("queue", "retry"), ("queue", "drop", "3")])
def test_without_a_shared_queue_it_says_how_to_have_one(full, words):
    done = full.run(*words, code=2)

    assert "shares no work" in done.stderr
    assert "pgqueuer" in done.stderr


def test_the_queue_needs_a_server(tmp_path):
    path = tmp_path / "goodname.toml"
    path.write_text('[queue]\nengine = "pgqueuer"\n', "utf-8")

    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert "PostgreSQL" in str(caught.value.faults)
