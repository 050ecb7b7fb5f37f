"""Make pictures in which nothing can be read; pure. The only door to Pillow."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from typing import Literal

_MOST_PIXELS = 60_000_000
_GRAIN_PIXELS = 24
"""A grain covers at least so many pixels each way, so that a small picture of one line is no exception."""

_ONE_AT_A_TIME = threading.Lock()
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    OverflowError,
    IndexError,
    TypeError,
    struct.error,
    zlib.error,
)
"""What damaged files raise in Pillow; the last few come from headers that were changed on purpose."""


def blurred(
    picture: bytes, *, width: int = 320, height: int = 200, grains: int = 12, form: Literal["PNG", "JPEG"] = "PNG"
) -> bytes | None:
    """Give a small picture of the top of a page from which nothing can be read, with no metadata of the original.

    At most `grains` grains of colour across remain of it: no word of it can be brought back. None for what is no
    picture, is damaged, or is too large to open safely (60 million pixels). Any thread may call; one works at a time.
    """
    from PIL import Image, ImageFilter  # noqa: PLC0415 # only when a picture is shown

    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG", "WEBP", "GIF")) as opened:
                if opened.width * opened.height > _MOST_PIXELS:
                    return None
                top = opened.crop((0, 0, opened.width, min(opened.height, opened.width * height // width or 1)))
            across = max(1, min(grains, top.width // _GRAIN_PIXELS))
            down = max(1, min(across * height // width, top.height // _GRAIN_PIXELS))
            coarse = top.convert("RGB").resize((across, down), Image.Resampling.BOX)
        except (*_BROKEN, Image.DecompressionBombError):
            return None
    soft = coarse.resize((width, height), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(width * 12 / 320))
    soft.info = {}  # comments and colour profiles of the original would be written along
    out = io.BytesIO()
    soft.save(out, form, optimize=True)
    return out.getvalue()
