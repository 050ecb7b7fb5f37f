"""What the system refused is put into words once for everybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import why_of


def test_the_systems_words_leave_out_the_path(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="secret-name") as caught:
        (tmp_path / "secret-name").read_bytes()
    assert why_of(caught.value) == "No such file or directory"


def test_a_fault_without_a_number_has_its_own_words() -> None:
    assert why_of(OSError("the bucket does not answer")) == "the bucket does not answer"
