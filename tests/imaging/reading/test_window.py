"""Brightness as the file asks for it, against pydicom's own."""

import numpy as np
import pydicom
import pytest
from pydicom.pixels.processing import apply_voi, apply_windowing

from imaging.reading.dicom_files import GREY, dataset
from nof1.imaging.image import Image
from nof1.imaging.reading.study import open_study
from nof1.imaging.reading.window import brightness
from shared_data import needs


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_window_functions_against_pydicom(tmp_path, decoder, function):
    """Oracle: pydicom 3.0.2 apply_windowing."""
    made = dataset(
        BitsStored=12, HighBit=11, WindowCenter=1500, WindowWidth=1000, VOILUTFunction=function
    )
    pydicom.dcmwrite(tmp_path / "a.dcm", made, enforce_file_format=True)
    image = open_study(tmp_path / "a.dcm", decoder=decoder).images[0]
    expected = apply_windowing(GREY, made) / 4095
    assert np.abs(brightness(image) - expected).max() < 0.002


def test_table_against_pydicom(decoder):
    """Oracle: pydicom 3.0.2 apply_voi on a public file with a VOI table."""
    path = needs("imaging/dicom/vlut_04.dcm")
    image = open_study(path, decoder=decoder).images[0]
    made = pydicom.dcmread(path)
    expected = apply_voi(made.pixel_array, made).astype(float)
    top = 2 ** made.VOILUTSequence[0].LUTDescriptor[2] - 1
    assert np.abs(brightness(image) - expected / top).max() < 0.002


def test_table_of_a_turned_picture(tmp_path, decoder):
    item = pydicom.Dataset()
    item.LUTDescriptor = [4096, 0, 12]
    item.LUTData = (np.arange(4096) ** 2 // 4096).astype("<u2").tobytes()
    item["LUTData"].VR = "OW"
    made = dataset(
        BitsStored=12, HighBit=11, PhotometricInterpretation="MONOCHROME1", VOILUTSequence=[item]
    )
    pydicom.dcmwrite(tmp_path / "a.dcm", made, enforce_file_format=True)
    image = open_study(tmp_path / "a.dcm", decoder=decoder).images[0]
    expected = 1 - (GREY.astype(int) ** 2 // 4096) / 4095  # the table, and then turned over
    assert np.abs(brightness(image) - expected).max() < 0.002


def test_without_a_window_and_with_one_of_the_callers():
    image = Image(pixels=np.array([[0, 50], [75, 100]], np.float32))
    np.testing.assert_allclose(brightness(image), [[0, 0.5], [0.75, 1]])
    np.testing.assert_allclose(brightness(image, (50, 75)), [[0, 0], [1, 1]])
    np.testing.assert_allclose(brightness(image, levels=3), [[0, 0.5], [1, 1]])
    flat = Image(pixels=np.full((2, 2), 7, np.float32))
    assert (brightness(flat) == 0).all()
