"""One trap a test: what stored numbers mean, and files that are not what they say."""

import os
import zlib

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from imaging.reading.dicom_files import GREY, NAME, dataset, write
from nof1.imaging.reading.decoder import Decoder
from nof1.imaging.reading.limits import MIB, Limits
from nof1.imaging.reading.study import open_study

SIGNED = (GREY.astype(np.int32) - 2048).astype(np.int16)


def read(path, decoder):
    study = open_study(path, decoder=decoder)
    assert not study.refused
    return study.images[0]


def refusal(path, decoder):
    study = open_study(path, decoder=decoder)
    assert not study.images
    (refused,) = study.refused
    assert NAME not in refused.reason
    assert "CANARY" not in refused.reason
    return refused.reason


def test_plain_film(tmp_path, decoder):
    image = read(write(tmp_path / "a.dcm"), decoder)
    np.testing.assert_array_equal(image.pixels, GREY)
    assert image.is_film
    assert image.spacing_mm == (0.5, 0.25)
    assert image.header.modality == "DX"
    assert image.header.position == ("L", "F")
    assert image.notes == ()
    assert image.datasets[0].PatientName == NAME  # for DICOM output; nowhere else


def test_no_name_in_what_is_said(tmp_path, decoder):
    image = read(write(tmp_path / "a.dcm", PatientBirthDate="19800101"), decoder)
    said = f"{image} {image.header} {image.notes}"
    assert image.datasets  # they hold the name, so that the image must not show them
    assert "CANARY" not in said
    assert "1980" not in said


def test_monochrome1_is_turned_over_with_its_window(tmp_path, decoder):
    path = write(
        tmp_path / "a.dcm",
        PhotometricInterpretation="MONOCHROME1",
        BitsStored=12,
        HighBit=11,
        WindowCenter=1000.5,
        WindowWidth=501,
    )
    image = read(path, decoder)
    np.testing.assert_array_equal(image.pixels, 4095 - GREY)
    assert image.window == (4095 - 1250, 4095 - 750)
    assert "turned over" in " ".join(image.notes)


def test_monochrome1_with_rescale_and_sign(tmp_path, decoder):
    path = write(
        tmp_path / "a.dcm",
        SIGNED,
        PhotometricInterpretation="MONOCHROME1",
        BitsStored=12,
        HighBit=11,
        RescaleSlope=2,
        RescaleIntercept=10,
    )
    # turned within the stored range -2048 ... 2047, and only then rescaled
    np.testing.assert_array_equal(read(path, decoder).pixels, (-1.0 - SIGNED) * 2 + 10)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_every_width_and_sign(tmp_path, decoder, dtype):
    ends = np.iinfo(dtype)
    pixels = np.linspace(ends.min, ends.max, 64 * 48).astype(dtype).reshape(64, 48)
    image = read(write(tmp_path / "a.dcm", pixels), decoder)
    np.testing.assert_array_equal(image.pixels, pixels.astype(np.float32))
    assert any("rounded" in note for note in image.notes) == (pixels.dtype.itemsize == 4)


def test_padding_becomes_dark_and_is_noted(tmp_path, decoder):
    pixels = np.maximum(GREY, 100)
    pixels[:8] = 4095
    image = read(write(tmp_path / "a.dcm", pixels, PixelPaddingValue=4095), decoder)
    assert image.pixels[0, 0] == pixels[8:][pixels[8:] < 4095].min()
    assert "padding" in " ".join(image.notes)


def test_padding_of_ct_is_air(tmp_path, decoder):
    pixels = SIGNED.copy()
    pixels[:8] = -2000
    made = dataset(
        pixels,
        Modality="CT",
        RescaleSlope=1,
        RescaleIntercept=-1024,
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        ImagePositionPatient=[0, 0, 0],
    )
    made.add_new("PixelPaddingValue", "US", 63536)  # -2000 written without its sign
    pydicom.dcmwrite(tmp_path / "a.dcm", made, enforce_file_format=True)
    image = read(tmp_path / "a.dcm", decoder)
    assert image.unit == "HU"
    assert (image.pixels[:8] == -1024).all()
    np.testing.assert_array_equal(image.pixels[20], SIGNED[20].astype(float) - 1024)


def test_padding_range(tmp_path, decoder):
    path = write(tmp_path / "a.dcm", PixelPaddingValue=0, PixelPaddingRangeLimit=99)
    image = read(path, decoder)
    assert image.pixels.min() == 100
    np.testing.assert_array_equal(image.pixels[GREY > 99], GREY[GREY > 99])


@pytest.mark.parametrize(
    ("tags", "unit"),
    [
        ({}, "HU"),
        ({"RescaleType": "HU"}, "HU"),
        ({"RescaleType": "US"}, "raw"),
        ({"RescaleSlope": None, "RescaleIntercept": None}, "raw"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "raw"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "raw"),
        ({"Modality": "MR"}, "raw"),
    ],
)
def test_hounsfield_only_where_the_header_allows(tmp_path, decoder, tags, unit):
    tags = {"Modality": "CT", "RescaleSlope": 2, "RescaleIntercept": -1000, **tags}
    image = read(write(tmp_path / "a.dcm", **tags), decoder)
    assert image.unit == unit
    if "RescaleSlope" in tags and tags["RescaleSlope"] is not None:
        np.testing.assert_array_equal(image.pixels, GREY * 2.0 - 1000)


def test_slope_of_zero_is_not_used(tmp_path, decoder):
    image = read(write(tmp_path / "a.dcm", RescaleSlope=0, RescaleIntercept=5), decoder)
    np.testing.assert_array_equal(image.pixels, GREY)


def test_sign_that_was_left_out(tmp_path, decoder):
    bits = SIGNED & 0x0FFF  # 12 bits in two's complement, the upper four empty
    image = read(write(tmp_path / "a.dcm", bits, BitsStored=12, HighBit=11), decoder)
    np.testing.assert_array_equal(image.pixels, SIGNED)


def test_drawing_in_the_high_bits_is_taken_away(tmp_path, decoder):
    drawn = GREY.copy()
    drawn[3:5] |= 0x8000
    path = tmp_path / "a.dcm"
    made = dataset(drawn, BitsStored=12, HighBit=11)
    made.add_new(0x60000010, "US", 64)
    made.add_new(0x60000102, "US", 15)
    pydicom.dcmwrite(path, made, enforce_file_format=True)
    image = read(path, decoder)
    np.testing.assert_array_equal(image.pixels, GREY)
    assert "overlays" in " ".join(image.notes)


def test_numbers_beyond_the_header_are_kept_and_noted(tmp_path, decoder):
    image = read(write(tmp_path / "a.dcm", BitsStored=10, HighBit=9), decoder)
    np.testing.assert_array_equal(image.pixels, GREY)
    assert "larger than the header allows" in " ".join(image.notes)


def test_padding_beyond_the_stored_bits(tmp_path, decoder):
    pixels = GREY.copy()
    pixels[:8] = 65535
    path = write(tmp_path / "a.dcm", pixels, BitsStored=12, HighBit=11, PixelPaddingValue=65535)
    image = read(path, decoder)
    assert (image.pixels[:8] == GREY[8:].min()).all()
    np.testing.assert_array_equal(image.pixels[8:], GREY[8:])


def test_number_that_ends_above_the_lowest_bit(tmp_path, decoder):
    path = write(tmp_path / "a.dcm", GREY << 4 | 5, BitsStored=12, HighBit=15)
    np.testing.assert_array_equal(read(path, decoder).pixels, GREY)


def test_modality_table(tmp_path, decoder):
    item = pydicom.Dataset()
    item.LUTDescriptor = [4096, 0, 16]
    item.ModalityLUTType = "OD"
    item.LUTData = np.arange(4096, dtype="<u2")[::-1].tobytes()
    item["LUTData"].VR = "OW"
    path = write(tmp_path / "a.dcm", ModalityLUTSequence=[item])
    np.testing.assert_array_equal(read(path, decoder).pixels, 4095 - GREY)


def test_big_endian_and_implicit(tmp_path, decoder):
    swapped = dataset(syntax=ExplicitVRBigEndian, PixelData=GREY.astype(">u2").tobytes())
    pydicom.dcmwrite(tmp_path / "big.dcm", swapped, enforce_file_format=True)
    np.testing.assert_array_equal(read(tmp_path / "big.dcm", decoder).pixels, GREY)
    write(tmp_path / "implicit.dcm", syntax=ImplicitVRLittleEndian)
    np.testing.assert_array_equal(read(tmp_path / "implicit.dcm", decoder).pixels, GREY)


def test_deflated(tmp_path, decoder):
    path = write(tmp_path / "a.dcm", syntax=DeflatedExplicitVRLittleEndian)
    np.testing.assert_array_equal(read(path, decoder).pixels, GREY)
    content = path.read_bytes()
    path.write_bytes(content[:-40])
    assert "too early" in refusal(path, decoder)
    path.write_bytes(content[:400] + b"\xff" * 40 + content[440:])
    assert "damaged" in refusal(path, decoder)


def test_deflated_bomb_is_not_inflated(tmp_path):
    path = write(tmp_path / "a.dcm", syntax=DeflatedExplicitVRLittleEndian)
    content = path.read_bytes()
    start = 132 + 12 + int.from_bytes(content[140:144], "little")
    deflate = zlib.compressobj(9, wbits=-15)
    zeros = b"".join(deflate.compress(bytes(2**24)) for _ in range(4)) + deflate.flush()
    path.write_bytes(content[:start] + zeros)
    with Decoder(Limits(memory_bytes=128 * MIB)) as small:
        assert "grows beyond 33,554,432 bytes" in refusal(path, small)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_packed_pixels_and_their_end(tmp_path, decoder, syntax):
    made = dataset(BitsStored=12, HighBit=11)
    made.compress(syntax, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    path = tmp_path / "a.dcm"
    pydicom.dcmwrite(path, made, enforce_file_format=True)
    np.testing.assert_array_equal(read(path, decoder).pixels, GREY)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refusal(path, decoder)


def test_packed_pixels_that_lost_their_second_half_are_refused(tmp_path, decoder):
    """openjpeg fills what is missing with grey and says nothing."""
    made = dataset(BitsStored=12, HighBit=11)
    made.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    code = next(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=1))
    made.PixelData = pydicom.encaps.encapsulate([code[: len(code) // 2]])
    pydicom.dcmwrite(tmp_path / "a.dcm", made, enforce_file_format=True)
    assert "cut off" in refusal(tmp_path / "a.dcm", decoder)


@pytest.mark.parametrize("syntax", [None, "1.2.840.10008.1.2.1"])
def test_transfer_syntax_from_the_pixels_themselves(tmp_path, decoder, syntax):
    made = dataset(BitsStored=12, HighBit=11)
    made.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    path = tmp_path / "a.dcm"
    pydicom.dcmwrite(path, made, enforce_file_format=True)
    content = path.read_bytes()
    said = b"1.2.840.10008.1.2.4.90"
    put = (syntax or "").encode().ljust(len(said), b"\0")
    path.write_bytes(content.replace(said, put, 1))
    image = read(path, decoder)
    np.testing.assert_array_equal(image.pixels, GREY)
    assert "transfer syntax" in " ".join(image.notes)


def test_a_syntax_of_a_maker_is_refused(tmp_path, decoder):
    path = write(tmp_path / "a.dcm")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.113619.5.2\0\0", 1))
    assert "not one of the standard" in refusal(path, decoder)


def test_unmarked_padding_of_ct_is_noted(tmp_path, decoder):
    tags = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -2000}
    image = read(write(tmp_path / "a.dcm", **tags), decoder)
    assert image.pixels.min() == -2000
    assert "below -1,024 HU" in " ".join(image.notes)


@pytest.mark.parametrize("slope", ["1e300", "-1e21"])
def test_impossible_rescale(tmp_path, decoder, slope):
    path = write(tmp_path / "a.dcm", RescaleSlope=slope, RescaleIntercept=0)
    assert "impossible values" in refusal(path, decoder)


def test_impossible_place(tmp_path, decoder):
    path = write(
        tmp_path / "a.dcm",
        PixelSpacing=["1e300", "1"],
        ImagePositionPatient=["1e300", "0", "0"],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
    )
    image = read(path, decoder)
    assert image.affine is None
    assert image.spacing_mm is None


def test_without_preamble_and_file_header(tmp_path, decoder):
    path = write(tmp_path / "whole.dcm", syntax=ImplicitVRLittleEndian)
    content = path.read_bytes()
    start = 132 + 12 + int.from_bytes(content[140:144], "little")
    bare = tmp_path / "bare"
    bare.write_bytes(content[start:])
    image = read(bare, decoder)
    np.testing.assert_array_equal(image.pixels, GREY)
    assert "not stated" in " ".join(image.notes)


def test_truncated_pixels(tmp_path, decoder):
    path = write(tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:-1000])
    assert "cut off: 5,144 of 6,144 bytes" in refusal(path, decoder)


def test_too_many_pixels_are_noted(tmp_path, decoder):
    path = write(tmp_path / "a.dcm", PixelData=GREY.tobytes() * 2)
    image = read(path, decoder)
    np.testing.assert_array_equal(image.pixels, GREY)
    assert "6,144 bytes after the picture" in " ".join(image.notes)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"PixelData": None}, "holds no pixels"),
        ({"Rows": None}, "rows and columns"),
        ({"Columns": 0}, "rows and columns"),
        ({"Rows": 60000, "Columns": 60000}, "asks for 3,600,000,000 numbers"),
        ({"NumberOfFrames": 2_000_000}, "asks for 6,144,000,000 numbers"),
        ({"NumberOfFrames": -1}, "rows and columns"),
        ({"PhotometricInterpretation": None}, "what its numbers mean"),
        ({"PhotometricInterpretation": "CMYK"}, "what its numbers mean"),
        ({"PhotometricInterpretation": "RGB"}, "contradicts"),
        ({"SamplesPerPixel": 4}, "4 colours"),
        ({"BitsAllocated": 24}, "how many bits"),
        ({"BitsAllocated": None}, "how many bits"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4"}, "mask"),
    ],
)
def test_named_reasons(tmp_path, decoder, tags, reason):
    assert reason in refusal(write(tmp_path / "a.dcm", **tags), decoder)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b"just words\n", "text"),
        (b"PK\x03\x04" + bytes(100), "a zip archive"),
        (bytes(128) + b"DICM", "no DICOM data elements"),
        (bytes(128) + b"DICM" + b"\xff" * 64, ""),
        (b"\x1f\x8b" + bytes(40), "damaged gzip"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "damaged picture"),
    ],
)
def test_files_that_are_no_dicom(tmp_path, decoder, content, reason):
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    assert reason in refusal(path, decoder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_right_to_read(tmp_path, decoder):
    path = write(tmp_path / "a.dcm")
    path.chmod(0)
    assert "Permission denied" in refusal(path, decoder)


def test_a_pipe_does_not_stop_us(tmp_path, decoder):
    os.mkfifo(tmp_path / "a.dcm")
    assert "no regular file" in refusal(tmp_path / "a.dcm", decoder)


def test_colour_that_is_grey_is_grey(tmp_path, decoder):
    grey = np.repeat((GREY % 256).astype(np.uint8)[..., None], 3, axis=-1)
    tags = {"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3, "PlanarConfiguration": 0}
    image = read(write(tmp_path / "a.dcm", grey, **tags), decoder)
    assert image.is_film
    np.testing.assert_array_equal(image.pixels, GREY % 256)


def test_the_file_limit(tmp_path):
    path = write(tmp_path / "a.dcm")
    study = open_study(path, limits=Limits(file_bytes=1000))
    assert "the limit is 1,000" in study.refused[0].reason
