"""Every public DICOM file at hand: decoded to the values of other programs, or refused by name."""

import numpy as np
import pydicom
import pytest
from pydicom.pixels.processing import apply_color_lut

from nof1.imaging.reading.study import kinds, open_study
from shared_data import needs

# file -> shape and unit of what is read from it alone
EXPECTED = {
    "693_UNCI.dcm": ((512, 512), "HU"),
    "693_UNCR.dcm": ((512, 512), "HU"),
    "HTJ2K_08_RGB.dcm": ((480, 640, 3), "raw"),
    "JLSL_08_07_0_1F.dcm": ((128, 128), "raw"),
    "JLSL_16_15_1_1F.dcm": ((128, 128), "raw"),
    "JLSL_RGB_ILV0.dcm": ((256, 256, 3), "raw"),
    "JLSL_RGB_ILV1.dcm": ((256, 256, 3), "raw"),
    "JLSL_RGB_ILV2.dcm": ((256, 256, 3), "raw"),
    "JLSN_RGB_ILV0.dcm": ((256, 256, 3), "raw"),
    "JPEG-LL.dcm": ((1024, 256), "raw"),
    "MR2_J2KI.dcm": ((1024, 1024), "raw"),
    "MR2_UNCR.dcm": ((1024, 1024), "raw"),
    "OBXXXX1A.dcm": ((600, 800, 3), "raw"),
    "OBXXXX1A_2frame.dcm": ((2, 600, 800, 3), "raw"),
    "OBXXXX1A_rle_2frame.dcm": ((2, 600, 800, 3), "raw"),
    "OT-PAL-8-face.dcm": ((480, 640, 3), "raw"),
    "RG3_J2KI.dcm": ((1760, 1760), "raw"),
    "SC_rgb.dcm": ((100, 100, 3), "raw"),
    "SC_rgb_16bit.dcm": ((100, 100, 3), "raw"),
    "SC_rgb_32bit_2frame.dcm": ((2, 100, 100, 3), "raw"),
    "SC_rgb_dcmtk_ebcyn1_dcmd.dcm": ((100, 100, 3), "raw"),
    "SC_rgb_dcmtk_ebcyn2_dcmd.dcm": ((100, 100, 3), "raw"),
    "SC_rgb_dcmtk_ebcynp_dcmd.dcm": ((100, 100, 3), "raw"),
    "SC_rgb_expb.dcm": ((100, 100, 3), "raw"),
    "SC_rgb_expb_16bit.dcm": ((100, 100, 3), "raw"),
    "SC_rgb_expb_16bit_2frame.dcm": ((2, 100, 100, 3), "raw"),
    "SC_rgb_expb_32bit.dcm": ((100, 100, 3), "raw"),
    "SC_ybr_full_uncompressed.dcm": ((100, 100, 3), "raw"),
    "US1_J2KI.dcm": ((480, 640, 3), "raw"),
    "color-px.dcm": ((120, 256, 3), "raw"),
    "eCT_Supplemental.dcm": ((2, 512, 512), "raw"),  # its Rescale Type is US, unspecified
    "emri_small_RLE.dcm": ((10, 64, 64), "raw"),
    "explicit_VR-UN.dcm": ((512, 512), "HU"),
    "gdcm-US-ALOKA-16_big.dcm": ((480, 640, 3), "raw"),
    "parametric_map_double_float.dcm": ((128, 128), "raw"),
    "vlut_04.dcm": ((512, 512), "raw"),
}
SAME = [  # one picture in two transfer syntaxes -> largest difference of a value
    ("OBXXXX1A_2frame.dcm", "OBXXXX1A_rle_2frame.dcm", 0),
    ("JLSL_RGB_ILV0.dcm", "JLSL_RGB_ILV1.dcm", 0),
    ("JLSL_RGB_ILV0.dcm", "JLSL_RGB_ILV2.dcm", 0),
    ("JLSL_RGB_ILV0.dcm", "JLSN_RGB_ILV0.dcm", 3),  # near-lossless with NEAR = 3
    ("SC_rgb.dcm", "SC_rgb_expb.dcm", 0),
    ("SC_rgb_16bit.dcm", "SC_rgb_expb_16bit.dcm", 0),
    ("SC_rgb.dcm", "SC_ybr_full_uncompressed.dcm", 6),  # it went through a JPEG with loss
    ("MR2_UNCR.dcm", "MR2_J2KI.dcm", 40 * 3.774114),  # JPEG 2000 with loss, in rescaled values
]


@pytest.fixture(scope="module")
def folder():
    return needs("imaging/dicom")


def read(path, decoder):
    study = open_study(path, decoder=decoder)
    assert not study.refused
    return study.images[0]


def oracle(path):
    """pydicom 3.0.2: dcmread(force=True).pixel_array, its colour table, and the rescale."""
    made = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in made.file_meta:
        made.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    pixels = made.pixel_array
    if made.PhotometricInterpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, made)
    if "SharedFunctionalGroupsSequence" in made and made.Modality == "CT":
        # its PixelValueTransformationSequence says -1024; its frames come in order of their place
        return pixels[::-1].astype(float) - 1024
    slope, intercept = made.get("RescaleSlope", 1), made.get("RescaleIntercept", 0)
    values = pixels.astype(float) * float(slope) + float(intercept)
    if "PixelPaddingValue" in made and made.Modality == "CT":
        values[pixels == made.PixelPaddingValue] = -1024
    turned = made.PhotometricInterpretation == "MONOCHROME1"
    return 2**made.BitsStored - 1 - values if turned else values


def test_the_list_is_the_folder(folder):
    assert sorted(EXPECTED) == sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", EXPECTED)
def test_each_file_gives_the_values_of_pydicom(folder, decoder, name):
    image = read(folder / name, decoder)
    assert (image.pixels.shape, image.unit) == EXPECTED[name]
    assert image.pixels.dtype == np.float32
    expected = oracle(folder / name)
    if expected.shape != image.pixels.shape:
        expected = expected.reshape(image.pixels.shape)
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-6, atol=1e-4)
    assert image.sources == (name,)
    assert image.header.transfer_syntax or "transfer syntax" in " ".join(image.notes)
    assert len(image.datasets) == 1
    assert "PixelData" not in image.datasets[0]


@pytest.mark.parametrize(("one", "other", "most"), SAME)
def test_the_same_picture_in_two_transfer_syntaxes(folder, decoder, one, other, most):
    first, second = read(folder / one, decoder), read(folder / other, decoder)
    assert np.abs(first.pixels - second.pixels).max() <= most


def test_a_folder_of_everything_names_each_file_once(folder, decoder):
    study = open_study(folder, decoder=decoder)
    named = [name for image in study.images for name in image.sources]
    refused = [r.source.split(" and ")[0] for r in study.refused]
    assert len(set(named + refused)) == len(named + refused)
    missing = set(EXPECTED) - set(named) - set(refused)
    # two pictures at one place of one series are refused together, named by the first
    assert missing == {"693_UNCR.dcm", "MR2_UNCR.dcm"}
    assert kinds(study)["US"] >= 4


def test_notes_of_known_files(folder, decoder):
    def notes(name):
        return " ".join(read(folder / name, decoder).notes)

    assert "with loss" in notes("JLSN_RGB_ILV0.dcm")
    assert "with loss" in notes("US1_J2KI.dcm")
    assert "look like text" in notes("US1_J2KI.dcm")
    assert "look like text" in notes("OBXXXX1A.dcm")
    assert "not stated" in notes("OT-PAL-8-face.dcm")
    assert "look like text" not in notes("JPEG-LL.dcm")


def test_ct_series_has_the_values_and_place_that_simpleitk_gives(decoder, tmp_path):
    """Oracle: SimpleITK 2.5.7, ImageSeriesReader over the series (GDCM), written as NIfTI."""
    sitk = pytest.importorskip("SimpleITK")
    folder = needs("imaging/volumes/example_ct_dicom")
    reader = sitk.ImageSeriesReader()
    heights = {p: pydicom.dcmread(p).ImagePositionPatient[2] for p in map(str, folder.iterdir())}
    reader.SetFileNames(sorted(heights, key=heights.get))
    sitk.WriteImage(reader.Execute(), str(tmp_path / "same.nii.gz"))

    (volume,) = open_study(folder, decoder=decoder).images
    (again,) = open_study(tmp_path / "same.nii.gz", decoder=decoder, modality="CT").images
    assert volume.unit == again.unit == "HU"
    assert volume.pixels.shape == (20, 512, 512)
    np.testing.assert_array_equal(volume.pixels, again.pixels)
    np.testing.assert_allclose(volume.affine, again.affine, atol=1e-4)
    np.testing.assert_allclose(volume.spacing_mm, again.spacing_mm, atol=1e-6)


def test_ct_series_lies_where_its_published_mask_lies(decoder):
    folder = needs("imaging/volumes/example_ct_dicom")
    from nof1.imaging.reading.orientation import axial

    (volume,) = open_study(folder, decoder=decoder).images
    mask = open_study(needs("imaging/volumes/example_seg_dicom.nii.gz"), decoder=decoder).images[0]
    mask = axial(mask)
    np.testing.assert_allclose(volume.affine, mask.affine, atol=1e-4)
    assert volume.pixels.shape == mask.pixels.shape
    assert volume.pixels[mask.pixels > 0].mean() > -200  # organs, not the air around them
