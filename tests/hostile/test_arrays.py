"""Arrays that claim more than they hold, and names that a spreadsheet would run."""

import io
import zipfile

import numpy as np
import polars as pl
import pytest

from nof1.core.errors import InputError
from nof1.genome.callstable import COLUMNS, Writer
from nof1.imaging.gates.collection import _load
from nof1.imaging.training.loading import _array, _opened
from nof1.imaging.training.task import Column


def header(shape):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    raw = text.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw


def packed(content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("images.npy", content)
    return out.getvalue()


def damaged():
    """A deflated part with other bytes in its middle: zlib says so, not the file system."""
    content = bytearray(packed(header((64, 64)) + np.arange(4096.0).tobytes()))
    middle = content.index(b"images.npy") + 60
    content[middle : middle + 40] = bytes(range(40))
    return bytes(content)


LIES = {
    "too large": packed(header((2**50,)) + bytes(8)),
    "too short": packed(header((1000,)) + bytes(8)),
    "no header": packed(b"\x93NUMPY" + bytes(30)),
    "damaged": damaged(),
    "no archive": b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("name", LIES)
@pytest.mark.parametrize("read", ["audit", "train"])
def test_arrays_that_lie_are_refused(tmp_path, name, read):
    path = tmp_path / "a.npz"
    path.write_bytes(LIES[name])
    with pytest.raises(InputError, match="cannot be read"):
        _load(path) if read == "audit" else _array(_opened(path), Column("images"), "a.npz")


def test_honest_arrays_are_read(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.ones((2, 3)))
    assert _load(tmp_path / "a.npz")["images"].shape == (2, 3)


@pytest.mark.parametrize("sample", ["=cmd|' /C x'!A0", "+1", "-1", "@SUM(1)"])
def test_a_sample_that_is_named_like_a_formula_is_written_as_text(tmp_path, sample):
    row = {name: [None] for name in COLUMNS} | {"sample": [sample], "file": ["=a.vcf"]}
    with Writer(tmp_path / "a.tsv") as out:
        out.write(pl.DataFrame(row, schema=COLUMNS))
    with Writer(tmp_path / "a.parquet") as out:
        out.write(pl.DataFrame(row, schema=COLUMNS))
    (read,) = pl.read_csv(tmp_path / "a.tsv", separator="\t").to_dicts()
    assert (read["sample"], read["file"]) == (f"'{sample}", "'=a.vcf")
    assert pl.read_parquet(tmp_path / "a.parquet")["sample"].to_list() == [sample]


def test_other_names_stay_as_they_are(tmp_path):
    row = {name: [None] for name in COLUMNS} | {"sample": ["NA12878"], "file": ["a-b.vcf"]}
    with Writer(tmp_path / "a.tsv") as out:
        out.write(pl.DataFrame(row, schema=COLUMNS))
    assert "\tNA12878\t" in f"\t{(tmp_path / 'a.tsv').read_text()}".replace("\n", "\t")
