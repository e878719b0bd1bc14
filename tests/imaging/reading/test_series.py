"""Which slices form a volume, in which order, and when they must not."""

import numpy as np
import pytest

from imaging.reading.dicom_files import series, write
from nof1.imaging.reading.study import open_study


def one(folder, decoder):
    study = open_study(folder, decoder=decoder)
    assert not study.refused
    (image,) = study.images
    return image


def reasons(folder, decoder):
    study = open_study(folder, decoder=decoder)
    assert not study.images
    return " ".join(refused.reason for refused in study.refused)


@pytest.mark.parametrize("heights", [[0, 5, 10, 15], [15, 10, 5, 0], [10, 0, 15, 5]])
def test_order_is_by_place_and_not_by_name_or_number(tmp_path, decoder, heights):
    series(tmp_path, heights)
    image = one(tmp_path, decoder)
    found = image.pixels[:, 0, 0] + 1024  # the number of the file
    np.testing.assert_array_equal(found, np.argsort(heights))
    assert image.sources == tuple(f"{n:03}.dcm" for n in np.argsort(heights))
    assert image.unit == "HU"
    assert image.spacing_mm == (5.0, 0.5, 0.25)
    expected = [[0, 0, 0.25, -10], [0, 0.5, 0, -20], [5, 0, 0, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(image.affine, expected)
    assert len(image.datasets) == 4
    assert image.datasets[0].ImagePositionPatient[2] == 0


def test_missing_slice(tmp_path, decoder):
    series(tmp_path, [0, 5, 10, 20, 25])
    said = reasons(tmp_path, decoder)
    assert "1 slice is missing after slice 3: the next one is 10.00 mm away" in said


def test_uneven_distances(tmp_path, decoder):
    series(tmp_path, [0, 5, 10, 13, 18])
    assert "uneven distances: 3.00 to 5.00 mm" in reasons(tmp_path, decoder)


def test_two_slices_in_one_place(tmp_path, decoder):
    series(tmp_path, [0, 5, 10, 10])
    assert "Two slices lie in one place" in reasons(tmp_path, decoder)


def test_rounded_positions_are_no_gap(tmp_path, decoder):
    series(tmp_path, [0, 0.33, 0.67, 1.0, 1.33])
    image = one(tmp_path, decoder)
    assert image.spacing_mm[0] == pytest.approx(1.33 / 4)


def test_gantry_tilt_shears_the_affine(tmp_path, decoder):
    series(tmp_path, [(0, n * 1.0, n * 5.0) for n in range(4)])
    image = one(tmp_path, decoder)
    assert "tilted by 11.3 degrees" in " ".join(image.notes)
    np.testing.assert_allclose(image.affine[:3, 0], [0, 1, 5])
    # the distance is that between planes, so that spacing gives the volume of a voxel
    assert abs(np.linalg.det(image.affine)) == pytest.approx(np.prod(image.spacing_mm))


def test_a_table_that_moved_sideways_gives_no_volume(tmp_path, decoder):
    series(tmp_path, [(0, 0, 0), (30, 0, 5), (0, 0, 10)])
    assert "do not lie in one line" in reasons(tmp_path, decoder)


def test_mixed_series_are_kept_apart(tmp_path, decoder):
    series(tmp_path, [0, 5, 10], SeriesInstanceUID="7")
    series(tmp_path / "below", [1, 6, 11, 16], SeriesInstanceUID="8")
    study = open_study(tmp_path, decoder=decoder)
    assert not study.refused
    assert [len(image.pixels) for image in study.images] == [3, 4]


def test_sizes_directions_and_scouts_are_kept_apart(tmp_path, decoder):
    series(tmp_path / "a", [0, 5, 10])
    wide = np.zeros((16, 20), np.int16)
    for number in range(2):
        write(
            tmp_path / f"wide{number}.dcm",
            wide,
            uid=f"1.2.8.{number}",
            SeriesInstanceUID="1.2.3.1",
            Modality="CT",
            ImagePositionPatient=[0, 0, number],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        )
    series(
        tmp_path / "c",
        [3],
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
        uid="1.2.99",
    )
    study = open_study(tmp_path, decoder=decoder)
    assert not study.refused
    assert sorted(image.pixels.shape for image in study.images) == [
        (2, 16, 20),
        (3, 16, 12),
        (16, 12),
    ]
    scout = next(image for image in study.images if image.pixels.ndim == 2)
    assert "localizer" in " ".join(scout.notes)
    assert scout.unit == "raw"


def test_echoes_in_one_place_become_two_volumes(tmp_path, decoder):
    for echo in (1, 2):
        for number in range(3):
            write(
                tmp_path / f"{echo}{number}.dcm",
                np.full((16, 12), echo, np.uint16),
                uid=f"1.2.{echo}.{number}",
                Modality="MR",
                EchoNumbers=echo,
                ImagePositionPatient=[0, 0, 5 * number],
                ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            )
    study = open_study(tmp_path, decoder=decoder)
    assert not study.refused
    assert [image.pixels.mean() for image in study.images] == [1, 2]


def test_slices_with_rescales_of_their_own(tmp_path, decoder):
    for number in range(3):
        write(
            tmp_path / f"{number}.dcm",
            np.full((16, 12), 100, np.uint16),
            uid=f"1.2.{number}",
            Modality="PT",
            RescaleSlope=number + 1,
            RescaleIntercept=0,
            ImagePositionPatient=[0, 0, 5 * number],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        )
    np.testing.assert_array_equal(one(tmp_path, decoder).pixels[:, 0, 0], [100, 200, 300])


def test_films_of_one_series_are_not_stacked(tmp_path, decoder):
    for number in range(3):
        write(tmp_path / f"{number}.dcm", uid=f"1.2.{number}", InstanceNumber=number)
    study = open_study(tmp_path, decoder=decoder)
    assert [image.is_film for image in study.images] == [True] * 3


def test_a_file_twice_is_read_once(tmp_path, decoder):
    (first, *_) = series(tmp_path / "a", [0, 5, 10])
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "copy.dcm").write_bytes(first.read_bytes())
    study = open_study(tmp_path, decoder=decoder)
    assert [len(image.pixels) for image in study.images] == [3]
    assert study.refused[0].source == "copy.dcm"
    assert "same bytes as 000.dcm" in study.refused[0].reason


def test_one_instance_in_two_series(tmp_path, decoder):
    series(tmp_path / "a", [0, 5, 10], SeriesInstanceUID="7")
    (tmp_path / "b").mkdir()
    write(tmp_path / "b" / "z.dcm", uid="1.2.3.7.1", SeriesInstanceUID="9")
    study = open_study(tmp_path, decoder=decoder)
    assert [len(image.pixels) for image in study.images] == [3]
    assert "the same picture as 001.dcm" in study.refused[0].reason


def test_a_lost_end_cannot_be_seen_by_place_and_is_noted(tmp_path, decoder):
    paths = series(tmp_path, [0, 5, 10, 15])
    assert one(tmp_path, decoder).notes == ()
    paths[0].write_bytes(paths[0].read_bytes()[:200])
    (image,) = open_study(tmp_path, decoder=decoder).images
    assert len(image.pixels) == 3
    assert "numbered 2 to 4" in " ".join(image.notes)
    assert "1 files beside it were refused" in " ".join(image.notes)


def test_a_damaged_slice_refuses_its_volume(tmp_path, decoder):
    paths = series(tmp_path, [0, 5, 10])
    paths[1].write_bytes(paths[1].read_bytes()[:-100])
    said = reasons(tmp_path, decoder)
    assert "001.dcm" in said
    assert "cut off" in said


def test_without_series_identifier_the_folder_decides(tmp_path, decoder):
    series(tmp_path / "a", [0, 5, 10], SeriesInstanceUID="", SOPInstanceUID="")
    series(tmp_path / "b", [1, 6], SeriesInstanceUID="", SOPInstanceUID="")
    study = open_study(tmp_path, decoder=decoder)
    assert [len(image.pixels) for image in study.images] == [3, 2]
