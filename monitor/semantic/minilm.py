"""Run all-MiniLM-L6-v2 (Apache-2.0) with numpy and tokenizers: six small layers need no inference engine.

The weights are the published fp32 file `model.safetensors`; it is used only when its SHA-256 is the known one. Beside
it lies the model's `tokenizer.json`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MODEL_NAME = "all-MiniLM-L6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MODEL_FILES = {
    "model.safetensors": WEIGHTS_SHA256,
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""The files of the model and their SHA-256, as its authors published them."""
_LAYERS, _HEADS, _EPSILON = 6, 12, 1e-12
_LONGEST, _BATCH = 256, 32
_TRY = 'Run `pip install "goodname[semantic]"` and `goodname model install`, or take `model` out of [matching].'


def model_fault(folder: Path, files: Mapping[str, str] = MODEL_FILES) -> str:
    """Say in words why the model in a folder cannot be used, or give an empty string; reads and hashes the files."""
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing in {folder}"
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if found != expected:
            return f"{name} has the unknown SHA-256 {found}"
    return ""


def load_encoder(folder: Path) -> MiniLm:
    """Load the model from a folder after checking its hash; ConfigError when it or the extra is not there."""
    if fault := model_fault(folder):
        raise ConfigError("The sentence model cannot be used.", why=fault, try_=_TRY)
    try:
        return MiniLm(folder)
    except ImportError as missing:
        raise ConfigError(
            "The sentence model cannot be used.", why=f"{missing.name} is not installed", try_=_TRY
        ) from None


class MiniLm:
    """Encode sentences into 384 numbers of length 1; deterministic, no network, one thread at a time."""

    def __init__(self, folder: Path) -> None:
        import numpy as np  # noqa: PLC0415 - part of an optional extra
        from tokenizers import Tokenizer  # noqa: PLC0415 - part of an optional extra

        self._np = np
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))  # the library has no types
        self._tokenizer.enable_truncation(_LONGEST)
        self._tokenizer.no_padding()
        self._weights = _read_weights(folder / "model.safetensors")
        self._remembered = lru_cache(maxsize=4096)(self._encode_one)

    @property
    def name(self) -> str:
        """Name the model and its weights."""
        return f"{MODEL_NAME}@{WEIGHTS_SHA256[:8]}"

    def encode(self, texts: Sequence[str]) -> list[list[float]]:
        """Give one vector a text, in order; short lists are remembered, long ones are encoded in batches."""
        if len(texts) <= _BATCH:
            return [list(self._remembered(text)) for text in texts]
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        out: list[list[float]] = [[] for _ in texts]
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            for place, vector in zip(chosen, self._batch([texts[i] for i in chosen]), strict=True):
                out[place] = [float(value) for value in vector]
        return out

    def _encode_one(self, text: str) -> tuple[float, ...]:
        return tuple(float(value) for value in self._batch([text])[0])

    def _batch(self, texts: Sequence[str]) -> Floats:
        np = self._np
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch([text or " " for text in texts])]
        width = max(map(len, tokens))
        ids = np.zeros((len(tokens), width), dtype=np.int64)
        mask = np.zeros((len(tokens), width), dtype=np.float32)
        for row, found in enumerate(tokens):
            ids[row, : len(found)] = found
            mask[row, : len(found)] = 1.0
        hidden = self._embed(ids)
        for layer in range(_LAYERS):
            hidden = self._layer(hidden, mask, f"encoder.layer.{layer}.")
        summed = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        result: Floats = summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-9)
        return result

    def _embed(self, ids: NDArray[np.int64]) -> Floats:
        weights = self._weights
        words = weights["embeddings.word_embeddings.weight"][ids]
        places = weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        kind = weights["embeddings.token_type_embeddings.weight"][0]
        return self._normalise(words + places + kind, "embeddings.LayerNorm")

    def _layer(self, hidden: Floats, mask: Floats, prefix: str) -> Floats:
        np = self._np
        batch, width, size = hidden.shape

        def heads(name: str) -> Floats:
            made = self._dense(hidden, f"{prefix}attention.self.{name}")
            split = made.reshape(batch, width, _HEADS, size // _HEADS).transpose(0, 2, 1, 3)
            result: Floats = np.ascontiguousarray(split)
            return result

        scores = np.matmul(heads("query"), np.ascontiguousarray(heads("key").transpose(0, 1, 3, 2)))
        scores /= np.float32((size // _HEADS) ** 0.5)
        scores += (mask[:, None, None, :] - 1) * np.float32(1e9)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        context = (shares @ heads("value")).transpose(0, 2, 1, 3).reshape(batch, width, size)
        attended = self._dense(context, f"{prefix}attention.output.dense") + hidden
        hidden = self._normalise(attended, f"{prefix}attention.output.LayerNorm")
        inner = _gelu(self._dense(hidden, f"{prefix}intermediate.dense"))
        return self._normalise(self._dense(inner, f"{prefix}output.dense") + hidden, f"{prefix}output.LayerNorm")

    def _dense(self, values: Floats, name: str) -> Floats:
        # One flat product: numpy multiplies stacks of matrices one by one.
        flat = values.reshape(-1, values.shape[-1]) @ self._weights[f"{name}.weight"].T
        flat += self._weights[f"{name}.bias"]
        result: Floats = flat.reshape(*values.shape[:-1], -1)
        return result

    def _normalise(self, values: Floats, name: str) -> Floats:
        np = self._np
        centred = values - values.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        result: Floats = centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return result


def _gelu(values: Floats) -> Floats:
    """Give the exact GELU; the error function by Abramowitz and Stegun 7.1.26 (error below 1.5e-7)."""
    import numpy as np  # noqa: PLC0415 - part of an optional extra

    x = np.abs(values) / np.float32(2**0.5)
    t = 1 / (1 + np.float32(0.3275911) * x)
    series = ((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592
    erf = np.sign(values) * (1 - series * t * np.exp(-x * x))
    result: Floats = (values * np.float32(0.5) * (1 + erf)).astype(np.float32)
    return result


def _read_weights(path: Path) -> dict[str, Floats]:
    """Read a safetensors file: a length, a JSON header, then raw little-endian numbers."""
    import numpy as np  # noqa: PLC0415 - part of an optional extra

    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    out = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            values = np.frombuffer(raw, dtype="<f4", count=(end - begin) // 4, offset=8 + size + begin)
            out[name] = values.reshape(entry["shape"])
    return out
