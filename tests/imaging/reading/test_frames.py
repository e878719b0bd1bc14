"""Several frames in one file: enhanced CT and MR, loops, colours, and floating point pixels."""

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage, UltrasoundMultiFrameImageStorage

from imaging.reading.dicom_files import dataset
from nof1.imaging.reading.study import open_study

FRAMES = np.arange(4 * 8 * 6, dtype=np.int16).reshape(4, 8, 6)
COLOURS = np.random.default_rng(2).integers(0, 255, (8, 6, 3), np.uint8)


def item(**tags):
    made = Dataset()
    for keyword, value in tags.items():
        setattr(made, keyword, value)
    return made


def enhanced(heights, slopes=None, **tags):
    """An enhanced CT with one plane a frame; a rescale for each frame if ``slopes`` are given."""
    made = dataset(
        FRAMES[: len(heights)],
        frames=len(heights),
        SOPClassUID=EnhancedCTImageStorage,
        Modality="CT",
        PixelSpacing=None,
        PatientOrientation=None,
        **tags,
    )
    shared = item(
        PixelMeasuresSequence=[item(PixelSpacing=[0.5, 0.25], SliceThickness=2)],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        FrameVOILUTSequence=[item(WindowCenter=40.5, WindowWidth=401)],
    )
    if slopes is None:
        rescale = item(RescaleSlope=1, RescaleIntercept=-1024, RescaleType="HU")
        shared.PixelValueTransformationSequence = [rescale]
    frames = []
    for number, height in enumerate(heights):
        frame = item(PlanePositionSequence=[item(ImagePositionPatient=[0, 0, height])])
        if slopes is not None:
            rescale = item(RescaleSlope=slopes[number], RescaleIntercept=0, RescaleType="HU")
            frame.PixelValueTransformationSequence = [rescale]
        frames.append(frame)
    made.SharedFunctionalGroupsSequence = [shared]
    made.PerFrameFunctionalGroupsSequence = frames
    return made


def read(folder, made, decoder):
    pydicom.dcmwrite(folder / "a.dcm", made, enforce_file_format=True)
    study = open_study(folder / "a.dcm", decoder=decoder)
    assert not study.refused
    return study.images[0]


def test_enhanced_ct_is_a_volume_in_order(tmp_path, decoder):
    image = read(tmp_path, enhanced([6, 4, 2, 0]), decoder)
    np.testing.assert_array_equal(image.pixels, FRAMES[::-1] - 1024.0)
    assert image.unit == "HU"
    assert image.spacing_mm == (2, 0.5, 0.25)
    assert image.window == (-160, 240)
    assert image.header.position == ("L", "P")
    np.testing.assert_allclose(
        image.affine, np.array([[0, 0, 0.25, 0], [0, 0.5, 0, 0], [2, 0, 0, 0], [0, 0, 0, 1]])
    )


def test_each_frame_has_its_own_rescale(tmp_path, decoder):
    image = read(tmp_path, enhanced([0, 2, 4, 6], slopes=[1, 2, 3, 4]), decoder)
    scale = np.array([1, 2, 3, 4])[:, None, None]
    np.testing.assert_array_equal(image.pixels, FRAMES * scale)


@pytest.mark.parametrize("heights", [[0, 2, 4, 8], [0, 2, 2, 4]])
def test_frames_that_form_no_volume_have_no_place(tmp_path, decoder, heights):
    image = read(tmp_path, enhanced(heights), decoder)
    np.testing.assert_array_equal(image.pixels, FRAMES - 1024.0)
    assert image.affine is None
    assert image.spacing_mm is None
    assert "a loop, not a volume" in " ".join(image.notes)


def test_a_loop_of_colour(tmp_path, decoder):
    frames = np.stack([COLOURS, COLOURS[::-1]])
    made = dataset(
        frames,
        frames=2,
        SOPClassUID=UltrasoundMultiFrameImageStorage,
        PhotometricInterpretation="RGB",
        SamplesPerPixel=3,
        PlanarConfiguration=0,
    )
    np.testing.assert_array_equal(read(tmp_path, made, decoder).pixels, frames)


def test_colour_by_plane_and_ybr(tmp_path, decoder):
    planar = dataset(
        COLOURS,
        PhotometricInterpretation="RGB",
        SamplesPerPixel=3,
        PlanarConfiguration=1,
        PixelData=COLOURS.transpose(2, 0, 1).tobytes(),
    )
    np.testing.assert_array_equal(read(tmp_path, planar, decoder).pixels, COLOURS)
    ybr = pydicom.pixels.convert_color_space(COLOURS, "RGB", "YBR_FULL")
    made = dataset(
        ybr, PhotometricInterpretation="YBR_FULL", SamplesPerPixel=3, PlanarConfiguration=0
    )
    assert np.abs(read(tmp_path, made, decoder).pixels - COLOURS).max() <= 2  # YBR rounds


def test_palette(tmp_path, decoder):
    stored = np.arange(48, dtype=np.uint8).reshape(8, 6)
    made = dataset(stored, PhotometricInterpretation="PALETTE COLOR")
    tables = np.random.default_rng(4).integers(0, 65535, (3, 256), np.uint16)
    for name, table in zip(("Red", "Green", "Blue"), tables, strict=True):
        setattr(made, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(made, f"{name}PaletteColorLookupTableData", table.tobytes())
    np.testing.assert_array_equal(
        read(tmp_path, made, decoder).pixels, tables[:, stored].transpose(1, 2, 0)
    )


@pytest.mark.parametrize(
    ("keyword", "dtype"), [("FloatPixelData", "<f4"), ("DoubleFloatPixelData", "<f8")]
)
def test_floating_point_pixels(tmp_path, decoder, keyword, dtype):
    values = np.random.default_rng(3).normal(size=(8, 6)).astype(dtype)
    values[0, 0] = np.nan
    made = dataset(values, PixelData=None, BitsStored=None, HighBit=None, PixelRepresentation=None)
    setattr(made, keyword, values.tobytes())
    image = read(tmp_path, made, decoder)
    expected = values.astype(np.float32)
    expected[0, 0] = np.nanmin(expected)
    np.testing.assert_array_equal(image.pixels, expected)
    assert "1 numbers were not finite" in " ".join(image.notes)


def test_sequences_nested_without_end(tmp_path, decoder):
    sequence, start_of_item = b"\x08\x00\x40\x11SQ\0\0", b"\xfe\xff\x00\xe0"
    endless = b"\xff" * 4  # undefined length
    content = (sequence + endless + start_of_item + endless) * 5000
    path = tmp_path / "a.dcm"
    pydicom.dcmwrite(path, dataset(), enforce_file_format=True)
    start = 132 + 12 + int.from_bytes(path.read_bytes()[140:144], "little")
    path.write_bytes(path.read_bytes()[:start] + content)
    study = open_study(path, decoder=decoder)
    assert not study.images
    assert len(study.refused) == 1


def test_a_video_is_refused_by_its_name(tmp_path, decoder):
    made = dataset(syntax="1.2.840.10008.1.2.4.102")
    made.PixelData = pydicom.encaps.encapsulate([b"video"])
    made["PixelData"].is_undefined_length = True
    pydicom.dcmwrite(tmp_path / "a.dcm", made, enforce_file_format=True)
    study = open_study(tmp_path / "a.dcm", decoder=decoder)
    assert "No decoder here knows its transfer syntax (MPEG-4" in study.refused[0].reason
