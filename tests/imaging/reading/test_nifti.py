"""NIfTI: order of axes, place, scale, and headers that lie."""

import gzip

import nibabel
import numpy as np
import pytest

from nof1.imaging.reading.orientation import axial
from nof1.imaging.reading.study import open_study

AFFINE = np.array([[-2, 0, 0, 10], [0, 3, 0, 20], [0, 0, 4, 30], [0, 0, 0, 1.0]])
VALUES = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7) - 100


def save(path, values=VALUES, affine=AFFINE, kind=nibabel.Nifti1Image, **header):
    image = kind(values, affine)
    for key, value in header.items():
        image.header[key] = value
    nibabel.save(image, path)
    return path


def read(path, decoder, **options):
    study = open_study(path, decoder=decoder, **options)
    assert not study.refused
    return study.images[0]


def reason(path, decoder):
    study = open_study(path, decoder=decoder)
    assert not study.images
    return study.refused[0].reason


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_each_voxel_keeps_its_value_and_place(tmp_path, decoder, name, kind):
    image = read(save(tmp_path / name, kind=kind), decoder)
    assert image.pixels.shape == (7, 6, 5)
    for i, j, k in [(0, 0, 0), (4, 0, 0), (0, 5, 0), (0, 0, 6), (1, 2, 3)]:
        assert image.pixels[k, j, i] == VALUES[i, j, k]
        right, front, up = (AFFINE @ [i, j, k, 1])[:3]
        np.testing.assert_allclose(image.affine @ [k, j, i, 1], [-right, -front, up, 1])
    assert image.spacing_mm == (4, 3, 2)
    assert image.unit == "raw"


def test_the_caller_may_say_that_it_is_a_ct(tmp_path, decoder):
    image = read(save(tmp_path / "a.nii"), decoder, modality="CT")
    assert image.unit == "HU"
    assert image.header.modality == "CT"
    assert "said by the caller" in " ".join(image.notes)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_types(tmp_path, decoder, dtype):
    values = np.abs(VALUES).astype(dtype)
    image = read(save(tmp_path / "a.nii", values), decoder)
    np.testing.assert_array_equal(image.pixels, values.transpose(2, 1, 0))


def test_scale_and_big_endian(tmp_path, decoder):
    path = tmp_path / "a.nii"
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(">i2")
    header.set_data_shape(VALUES.shape)
    header.set_sform(AFFINE, code=1)
    header.set_slope_inter(0.5, -1024)
    header["magic"], header["vox_offset"] = b"n+1", 352
    content = header.binaryblock + bytes(4) + VALUES.astype(">i2").tobytes(order="F")
    path.write_bytes(content)
    image = read(path, decoder)
    np.testing.assert_array_equal(image.pixels, VALUES.transpose(2, 1, 0) * 0.5 - 1024)


def test_metres(tmp_path, decoder):
    scaled = np.diag([0.001, 0.001, 0.001, 1]) @ AFFINE
    image = read(save(tmp_path / "a.nii", affine=scaled, xyzt_units=1), decoder)
    np.testing.assert_allclose(image.spacing_mm, (4, 3, 2), rtol=1e-6)
    np.testing.assert_allclose(image.affine[2], [4, 0, 0, 30], rtol=1e-6)


def test_without_place(tmp_path, decoder):
    image = read(save(tmp_path / "a.nii", affine=None), decoder)
    assert image.affine is None
    assert "how the patient lies" in " ".join(image.notes)


def test_four_axes_become_volumes(tmp_path, decoder):
    values = np.stack([VALUES, VALUES + 1], axis=-1)
    study = open_study(save(tmp_path / "a.nii.gz", values), decoder=decoder)
    assert len(study.images) == 2
    np.testing.assert_array_equal(study.images[1].pixels, VALUES.transpose(2, 1, 0) + 1)
    assert "Volume 2 of 2." in study.images[1].notes


def test_numbers_that_are_none(tmp_path, decoder):
    values = VALUES.astype(np.float32)
    values[0, 0, 0], values[1, 0, 0] = np.nan, np.inf
    image = read(save(tmp_path / "a.nii", values), decoder)
    assert np.isfinite(image.pixels).all()
    assert image.pixels[0, 0, 0] == -99  # the lowest that is left
    assert "2 numbers were not finite" in " ".join(image.notes)


def test_a_header_that_claims_too_much_is_refused_before_anything_is_unpacked(tmp_path, decoder):
    path = save(tmp_path / "a.nii.gz")
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[42:48] = np.array([30000, 30000, 30000], "<i2").tobytes()
    path.write_bytes(gzip.compress(bytes(content)))
    assert "asks for 27,000,000,000,000 numbers" in reason(path, decoder)


def test_a_bomb_behind_the_numbers_never_explodes(tmp_path, decoder):
    path = save(tmp_path / "a.nii")
    content = path.read_bytes() + bytes(100 * 2**20)
    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(content, 1))
    image = read(tmp_path / "b.nii.gz", decoder)
    np.testing.assert_array_equal(image.pixels, VALUES.transpose(2, 1, 0))


@pytest.mark.parametrize("keep", [20, 300, -40])
def test_cut_off(tmp_path, decoder, keep):
    plain, packed = save(tmp_path / "a.nii"), save(tmp_path / "b.nii.gz")
    for path in (plain, packed):
        path.write_bytes(path.read_bytes()[:keep])
        assert reason(path, decoder)


def test_gzip_of_something_else(tmp_path, decoder):
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(b"words " * 100))
    assert "holds no NIfTI volume" in reason(tmp_path / "a.nii.gz", decoder)


def test_several_gzip_members(tmp_path, decoder):
    content = save(tmp_path / "a.nii").read_bytes()
    parts = [content[:300], content[300:420], content[420:]]
    (tmp_path / "b.nii.gz").write_bytes(b"".join(gzip.compress(part) for part in parts))
    image = read(tmp_path / "b.nii.gz", decoder)
    np.testing.assert_array_equal(image.pixels, VALUES.transpose(2, 1, 0))


def test_kinds_that_are_refused(tmp_path, decoder):
    complex_ = save(tmp_path / "a.nii", VALUES.astype(np.complex64))
    assert "complex" in reason(complex_, decoder)
    nibabel.save(nibabel.Nifti1Pair(VALUES, AFFINE), tmp_path / "c.img")
    assert "second file" in reason(tmp_path / "c.hdr", decoder)


def test_axial_turns_without_moving_a_voxel(tmp_path, decoder):
    image = read(save(tmp_path / "a.nii"), decoder)
    turned = axial(image)
    # along L the file already runs to the left (its x axis is negative in R)
    np.testing.assert_array_equal(turned.pixels, image.pixels[:, ::-1, :])
    np.testing.assert_allclose(turned.affine @ [0, 0, 0, 1], image.affine @ [0, 5, 0, 1])
    assert turned.header.position == ("L", "P")
