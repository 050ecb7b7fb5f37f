from __future__ import annotations

import pytest

from monitor.bootstrap.claim import Claim
from monitor.errors import ConfigError


def test_one_at_a_time_also_where_nothing_was_kept_before(tmp_path):
    path = tmp_path / "data" / "running.lock"
    first, second = Claim(path), Claim(path)
    assert first.take()
    assert first.take()
    assert not second.take()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    first.drop()
    assert second.take()
    second.drop()


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"data folder .* cannot be written") as caught:
        Claim(tmp_path / "file" / "running.lock").take()
    assert caught.value.try_ == "Check that it belongs to the user who runs this program."
