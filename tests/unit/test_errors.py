"""What the system refused is put into words once for everybody."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from monitor.errors import try_of, why_of


def test_the_systems_words_leave_out_the_path(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="secret-name") as caught:
        (tmp_path / "secret-name").read_bytes()
    assert why_of(caught.value) == "No such file or directory"


def test_a_fault_without_a_number_has_its_own_words() -> None:
    assert why_of(OSError("the bucket does not answer")) == "the bucket does not answer"


def test_a_full_disk_is_called_so_and_needs_room() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        Path("/dev/full").write_bytes(b"x")
    assert why_of(caught.value) == "the disk is full"
    assert try_of(caught.value, "Choose another name.").startswith("Free some space")


def test_a_read_only_file_system_is_called_so() -> None:
    error = OSError(errno.EROFS, os.strerror(errno.EROFS))
    assert why_of(error) == "the file system is mounted read-only"
    assert "`ReadWritePaths=`" in try_of(error)


def test_against_all_else_helps_what_the_place_knows() -> None:
    assert try_of(PermissionError(errno.EACCES, "Permission denied"), "Choose another name.") == "Choose another name."
