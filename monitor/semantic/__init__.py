"""Read meaning with a small sentence model kept on this machine; an optional extra, fetched only at a person's wish."""

from monitor.semantic.install import Installed, install
from monitor.semantic.minilm import MODEL_NAME, WEIGHTS_SHA256, MiniLm, load_encoder, model_fault

__all__ = ["MODEL_NAME", "WEIGHTS_SHA256", "Installed", "MiniLm", "install", "load_encoder", "model_fault"]
