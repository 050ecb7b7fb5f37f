"""Find, load and fetch the sentence model."""

from __future__ import annotations

import logging
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


class ModelDesk:
    """Find, load and fetch the sentence model; it is loaded when it is first needed, not before.

    A configured model that cannot be used is an error at once; one that merely lies in the data folder is used when
    it can be.
    """

    def __init__(self, settings: Settings, client: HttpClient) -> None:
        self.folder = settings.matching.model or settings.data_dir / "model"
        self._client = client
        self._loaded: Encoder | None = load_encoder(self.folder) if settings.matching.model else None
        self._is_known = self._loaded is not None

    @property
    def encoder(self) -> Encoder | None:
        """Give the encoder, or None when there is none."""
        if not self._is_known:
            self._is_known = True
            self._loaded = self._found()
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
        return load_encoder(self.folder)

    def fault(self) -> str:
        """Say why the model's files cannot be used, or give an empty string; reads and hashes them."""
        return model_fault(self.folder)

    async def install(self, given: Path | None = None) -> Installed:
        """Fetch the model, or take it from a path, into its folder; ConfigError says why it cannot be had."""
        return await install(self.folder, self._client.for_source("model", obey_robots=False, limits=_FETCH), given)
