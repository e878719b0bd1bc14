"""PNG and JPEG: depth, colour, damage, and sizes that lie."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from nof1.imaging.reading.study import open_study

GREY = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)
BYTES = (GREY % 256).astype(np.uint8)


def read(path, decoder):
    study = open_study(path, decoder=decoder)
    assert not study.refused
    return study.images[0]


def reason(path, decoder):
    study = open_study(path, decoder=decoder)
    assert not study.images
    return study.refused[0].reason


def test_png_of_8_and_16_bits(tmp_path, decoder):
    Image.fromarray(BYTES).save(tmp_path / "a.png")
    Image.fromarray(GREY * 20).save(tmp_path / "b.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png", decoder).pixels, BYTES)
    np.testing.assert_array_equal(read(tmp_path / "b.png", decoder).pixels, GREY * 20)


def test_the_name_does_not_matter(tmp_path, decoder):
    Image.fromarray(BYTES).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "film.dcm")
    assert read(tmp_path / "film.dcm", decoder).header.transfer_syntax == "PNG"


def test_colour_and_grey_in_colour(tmp_path, decoder):
    colour = np.stack([BYTES, BYTES[::-1], BYTES], axis=-1)
    Image.fromarray(colour).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png", decoder).pixels, colour)
    Image.fromarray(np.stack([BYTES] * 3, axis=-1)).save(tmp_path / "b.png")
    grey = read(tmp_path / "b.png", decoder)
    assert grey.is_film
    assert "all grey" in " ".join(grey.notes)


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA"])
def test_other_modes(tmp_path, decoder, mode):
    Image.fromarray(BYTES).convert(mode).save(tmp_path / "a.png")
    assert read(tmp_path / "a.png", decoder).pixels.shape == (48, 64)


def test_jpeg_says_that_it_lost_something(tmp_path, decoder):
    Image.fromarray(BYTES).save(tmp_path / "a.jpg", quality=95)
    image = read(tmp_path / "a.jpg", decoder)
    assert image.is_film
    assert "with loss" in " ".join(image.notes)
    assert "how the patient lies" in " ".join(image.notes)


def test_a_camera_that_was_held_sideways(tmp_path, decoder):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(BYTES).save(tmp_path / "a.jpg", quality=100, exif=exif)
    image = read(tmp_path / "a.jpg", decoder)
    assert image.pixels.shape == (64, 48)
    assert np.abs(image.pixels - np.rot90(BYTES, -1)).mean() < 3
    assert "camera" in " ".join(image.notes)


def test_a_png_bomb_is_refused_by_its_header(tmp_path, decoder):
    def chunk(name, content):
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    content = (
        chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(2**20))) + chunk(b"IEND", b"")
    )
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    assert "asks for 3,600,000,000 numbers" in reason(tmp_path / "a.png", decoder)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_cut_off(tmp_path, decoder, name):
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64), np.uint8)).save(
        tmp_path / name
    )
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    assert "damaged" in reason(tmp_path / name, decoder)


def test_other_pictures_are_named(tmp_path, decoder):
    for name, words in {
        "a.gif": "a GIF picture",
        "a.bmp": "a BMP picture",
        "a.tif": "a TIFF",
    }.items():
        Image.fromarray(BYTES).save(tmp_path / name)
        assert words in reason(tmp_path / name, decoder)
