"""Blurred pictures hold nothing to read, nothing of the original's metadata, and no file breaks what makes them."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageStat, PngImagePlugin

from monitor.blur import blurred

SECRET = "canary FIRST LAST stole money"


def written(form: str, size: tuple[int, int] = (800, 500), letters: int = 40) -> bytes:
    """Draw black words on white, and put a comment into the file where its format has one."""
    picture = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(letters)
    for top in range(0, size[1], letters + 10):
        draw.text((5, top), SECRET, fill="black", font=font)
    out = io.BytesIO()
    comment = PngImagePlugin.PngInfo()
    comment.add_text("Comment", SECRET)
    exif = picture.getexif()
    exif[0x010E] = SECRET
    options = {"PNG": {"pnginfo": comment, "exif": exif}, "JPEG": {"comment": SECRET, "exif": exif}}
    picture.save(out, form, icc_profile=b"profile " * 40, **options.get(form, {}))
    return out.getvalue()


def edges(picture: Image.Image) -> float:
    """Measure how much neighbouring pixels differ: the mean of the edge filter over the inner part."""
    found = picture.convert("L").filter(ImageFilter.FIND_EDGES)
    return float(ImageStat.Stat(found.crop((2, 2, found.width - 2, found.height - 2))).mean[0])


@pytest.mark.parametrize(("size", "letters"), [((800, 500), 40), ((1280, 3_000), 16), ((300, 40), 30), ((40, 20), 18)])
@pytest.mark.parametrize("grains", [8, 12])
def test_the_detail_is_gone(size: tuple[int, int], letters: int, grains: int) -> None:
    original = written("PNG", size, letters)
    made = blurred(original, width=160, height=100, grains=grains, form="JPEG")
    assert made is not None
    with Image.open(io.BytesIO(made)) as soft, Image.open(io.BytesIO(original)) as opened:
        assert soft.size == (160, 100)
        sharp = opened.crop((0, 0, size[0], min(size[1], size[0] * 5 // 8))).resize((160, 100))
        assert edges(sharp) > 9, "the control: the words are there in the small sharp picture"
        assert edges(soft) < 2


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("into", ["PNG", "JPEG"])
def test_nothing_of_the_metadata_is_left(form: str, into: str) -> None:
    original = written(form)
    with Image.open(io.BytesIO(original)) as opened:
        assert "icc_profile" in opened.info or form == "GIF", "the control: there is something to leave out"
    made = blurred(original, form=into)
    assert made is not None
    with Image.open(io.BytesIO(made)) as soft:
        assert soft.format == into
        assert not set(soft.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not soft.getexif()


@pytest.mark.parametrize(
    "body", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
)
def test_what_is_no_picture_gives_none(body: bytes) -> None:
    assert blurred(body) is None


def test_a_picture_too_large_to_open_is_left_alone() -> None:
    bomb = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    assert blurred(bomb.getvalue()) is None


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_damaged_files_give_a_picture_or_none(form: str) -> None:
    original, chance = written(form, (120, 80), 16), random.Random(7)
    results = set()
    for _ in range(40):
        body = bytearray(original)
        for _ in range(chance.randrange(1, 6)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        cut = bytes(body[: chance.choice((len(body), chance.randrange(len(body))))])
        results.add(blurred(cut) is None)
    assert True in results
