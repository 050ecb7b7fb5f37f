"""Read meaning with a small sentence model kept on this machine; an optional extra, never fetched at run time."""

from monitor.semantic.minilm import MODEL_NAME, WEIGHTS_SHA256, MiniLm, load_encoder, model_fault

__all__ = ["MODEL_NAME", "WEIGHTS_SHA256", "MiniLm", "load_encoder", "model_fault"]
