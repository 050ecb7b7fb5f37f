"""Encode each text once: an encoder that remembers its vectors, in memory and, when a folder is given, on disk.

No command of its own: `claims.py` and `fit_ranking.py` encode tens of thousands of texts, many of them several times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.matching import Encoder

_PIECE = 1024


class Remembering:
    """Wrap an encoder; the same text always has the same vector, so that remembering changes no figure.

    The folder holds one file a piece of 1,024 texts, named by the model and the texts' hashes; a run that was broken
    off goes on where it stopped. Only vectors of the same model are read.
    """

    def __init__(self, encoder: Encoder, folder: Path | None = None) -> None:
        self._encoder = encoder
        self._folder = folder
        self._known: dict[bytes, NDArray[np.float32]] = {}
        self.encoded = 0
        self.from_cache = 0
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for path in sorted(folder.glob(f"{encoder.name}.*.npz")):
                with np.load(path) as kept:
                    self._known.update(zip(map(bytes, kept["keys"]), kept["vectors"], strict=True))
            self.from_cache = len(self._known)

    @property
    def name(self) -> str:
        """Name the model, as the encoder that is wrapped does."""
        return self._encoder.name

    def encode(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Give one vector a text, in order."""
        keys = [hashlib.sha256(text.encode()).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        for piece in _pieces(sorted(missing.items(), key=lambda entry: len(entry[1]))):
            vectors = np.asarray(self._encoder.encode([text for _, text in piece]), dtype="float32")
            self._keep([key for key, _ in piece], vectors)
        rows: Sequence[Sequence[float]] = np.stack([self._known[key] for key in keys]) if keys else []  # type: ignore[assignment] # rows of numbers
        return rows

    def _keep(self, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        self.encoded += len(keys)
        self._known.update(zip(keys, vectors, strict=True))
        if self._folder is not None and len(keys) > 1:
            name = f"{self.name}.{hashlib.sha256(b''.join(keys)).hexdigest()[:16]}.npz"
            raw = np.frombuffer(b"".join(keys), dtype="uint8").reshape(len(keys), -1)
            np.savez(self._folder / name, keys=raw, vectors=vectors)


def _pieces(entries: Sequence[tuple[bytes, str]]) -> Iterator[Sequence[tuple[bytes, str]]]:
    for start in range(0, len(entries), _PIECE):
        yield entries[start : start + _PIECE]
