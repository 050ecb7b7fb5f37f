"""Find, load and fetch the sentence model."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

from monitor.http import HttpClient, HttpLimits
from monitor.matching import Encoder
from monitor.semantic import Installed, install, load_encoder, model_fault
from monitor.settings import Settings

log = logging.getLogger("goodname.model")

_LARGEST = 128 * 1024 * 1024
_FETCH = HttpLimits(max_body=_LARGEST, max_decoded=_LARGEST, deadline=timedelta(minutes=15))


class TakingTurns:
    """Let threads take turns at an encoder: the service judges with it while the page previews a rule."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._turn = threading.Lock()

    @property
    def name(self) -> str:
        """Give the encoder's name."""
        return self._encoder.name

    def encode(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Turn texts into vectors, when nobody else does."""
        with self._turn:
            return self._encoder.encode(texts)


class ModelDesk:
    """Find, load and fetch the sentence model; it is loaded when it is first needed, not before.

    A configured model that cannot be used is an error at once; one that merely lies in the data folder is used when
    it can be.
    """

    def __init__(self, settings: Settings, client: HttpClient) -> None:
        self.folder = settings.matching.model or settings.data_dir / "model"
        self._client = client
        self._loaded: Encoder | None = TakingTurns(load_encoder(self.folder)) if settings.matching.model else None
        self._is_known = self._loaded is not None
        self._loading = threading.Lock()

    @property
    def encoder(self) -> Encoder | None:
        """Give the encoder, or None when there is none; any thread may ask for it and use it."""
        with self._loading:
            if not self._is_known:
                self._loaded = self._found()
                self._is_known = True
            return self._loaded

    def _found(self) -> Encoder | None:
        if not (self.folder / "model.safetensors").is_file():
            return None
        if find_spec("numpy") is None or find_spec("tokenizers") is None:
            log.warning("the sentence model is not used: the semantic extra is not installed")
            return None
        if fault := model_fault(self.folder):
            log.warning("the sentence model is not used", extra={"why": fault})
            return None
        return TakingTurns(load_encoder(self.folder))

    def fault(self) -> str:
        """Say why the model's files cannot be used, or give an empty string; reads and hashes them."""
        return model_fault(self.folder)

    async def install(self, given: Path | None = None) -> Installed:
        """Fetch the model, or take it from a path, into its folder; ConfigError says why it cannot be had."""
        return await install(self.folder, self._client.for_source("model", obey_robots=False, limits=_FETCH), given)
