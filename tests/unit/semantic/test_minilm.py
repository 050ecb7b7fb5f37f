from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.semantic import load_encoder, model_fault


def test_a_missing_model_is_said_in_words(tmp_path: Path) -> None:
    assert "missing" in model_fault(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_encoder(tmp_path)
    assert "[semantic]" in caught.value.try_


def test_weights_of_another_hash_are_not_used(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\x00" * 64)
    (tmp_path / "tokenizer.json").write_text("{}", "utf-8")
    assert "unknown SHA-256" in model_fault(tmp_path)
    with pytest.raises(ConfigError):
        load_encoder(tmp_path)
