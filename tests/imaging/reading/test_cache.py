"""Decoded arrays that are kept: found again, bounded, and never trusted when damaged."""

import os

import numpy as np
import pytest

from imaging.reading.dicom_files import GREY, NAME, write
from nof1.imaging.reading.cache import Cache
from nof1.imaging.reading.study import open_study

KEYS = [f"{n:064x}" for n in range(4)]


@pytest.mark.parametrize("dtype", ["u1", "i1", "<u2", "<i2", "<u4", "<i4", "<f4"])
def test_what_is_put_is_found(tmp_path, dtype):
    pixels = np.arange(24).reshape(2, 3, 4).astype(dtype)
    cache = Cache(tmp_path / "new" / "folder")
    cache.put(KEYS[0], pixels, ("a note",))
    found, notes = cache.get(KEYS[0])
    np.testing.assert_array_equal(found, pixels)
    assert found.dtype == pixels.dtype
    assert notes == ("a note",)
    assert cache.get(KEYS[1]) is None


def test_damaged_entries_are_ignored(tmp_path):
    cache = Cache(tmp_path)
    cache.put(KEYS[0], GREY, ())
    (entry,) = tmp_path.iterdir()
    content = entry.read_bytes()
    for damaged in (b"", content[:-1], content[:40], content[:-9] + b"?" + content[-8:], b"x" * 99):
        entry.write_bytes(damaged)
        assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], GREY, ())
    assert cache.get(KEYS[0]) is not None


def test_the_oldest_used_goes_first(tmp_path):
    cache = Cache(tmp_path, most_bytes=3 * (GREY.nbytes + 200))
    for number, key in enumerate(KEYS[:3]):
        cache.put(key, GREY, ())
        os.utime(next(tmp_path.glob(f"{key}*")), (number, number))
    cache.get(KEYS[0])  # used just now
    cache.put(KEYS[3], GREY, ())
    assert [cache.get(key) is not None for key in KEYS] == [True, False, True, True]
    cache.put(KEYS[1], np.zeros(10**6, np.uint16), ())  # larger than the whole folder
    assert cache.get(KEYS[1]) is None


def test_a_study_is_decoded_once(tmp_path, decoder, monkeypatch):
    path = write(tmp_path / "a.dcm", RescaleSlope=2, RescaleIntercept=1)
    first = open_study(path, decoder=decoder, cache=tmp_path / "kept").images[0]
    monkeypatch.setattr(decoder, "pixels", None)  # would raise if it were asked again
    second = open_study(path, decoder=decoder, cache=tmp_path / "kept").images[0]
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert first.notes == second.notes
    assert first.header == second.header
    (entry,) = (tmp_path / "kept").iterdir()
    assert NAME.encode() not in entry.read_bytes()
    assert entry.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_costs_only_the_cache(tmp_path, decoder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Cache, "_write", full)
    study = open_study(write(tmp_path / "a.dcm"), decoder=decoder, cache=tmp_path / "kept")
    assert study.images
