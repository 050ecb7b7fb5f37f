from __future__ import annotations

from monitor.bootstrap.claim import Claim


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
