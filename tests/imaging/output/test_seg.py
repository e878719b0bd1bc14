"""The segmentation object, read again with pydicom and highdicom: does it lie on its source?"""

from dataclasses import replace
from io import BytesIO

import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes as dictionary

from imaging.output.dicom_samples import AT, BASIS, film, series, uid, with_changed
from nof1.core.errors import InputError
from nof1.core.finding import NOTICE
from nof1.imaging.image import Header, Image
from nof1.imaging.output.placement import check_placement
from nof1.imaging.output.seg import heatmap, organ, write_seg
from nof1.imaging.output.sources import source_of

OBLIQUE = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)


def read(written):
    return dcmread(BytesIO(written.content))


def mark(shape):
    """Off-centre, the same under no turn and no flip, and with the first pixel set."""
    out = np.zeros(shape, bool)
    out[..., 3:5, 7:15] = True
    out[..., 5:9, 7] = True
    out[..., 0, 0] = True
    return out


def turns(plane):
    """A plane under every other turn and flip that keeps its shape."""
    made = [plane[::-1], plane[:, ::-1], plane[::-1, ::-1]]
    return made


@pytest.mark.parametrize("image", [film("DX"), film("CR"), film("DX", ImagerPixelSpacing=None)])
def test_a_mask_on_a_film_comes_back_at_the_same_row_and_column(image):
    mask = mark((20, 30))
    made = read(write_seg(image, [organ("lungs", mask, BASIS)], at=AT))
    plane = made.pixel_array.reshape(20, 30)
    assert (plane == mask).all()
    assert plane[0, 0] == 1
    assert not any((plane == turned).all() for turned in turns(mask))
    named = made.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0]
    assert named.SourceImageSequence[0].ReferencedSOPInstanceUID == image.datasets[0].SOPInstanceUID


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize("upward", [True, False])
@pytest.mark.parametrize("directions", [(1, 0, 0, 0, 1, 0), OBLIQUE])
def test_a_mask_on_a_series_comes_back_in_its_slice_and_place(modality, upward, directions):
    image = series(modality, directions=directions, upward=upward)
    mask = np.zeros(image.pixels.shape, bool)
    mask[1], mask[3, 4:9, 2:5] = mark((20, 30)), True
    written = write_seg(image, [organ("bone", mask, BASIS)], at=AT)
    seg = hd.seg.segread(BytesIO(written.content))
    planes = seg.get_pixels_by_source_instance(
        [one.SOPInstanceUID for one in image.datasets], assert_missing_frames_are_empty=True
    )
    assert (planes[..., 0] == mask).all()
    volume = seg.get_volume(combine_segments=True)
    row, column = 6, 7
    expected = (image.affine @ (1, row, column, 1))[:3]
    index = np.linalg.inv(volume.affine) @ (*expected, 1)
    assert np.abs(index - index.round()).max() < 1e-3
    assert volume.array[tuple(index[:3].round().astype(int))] == 1
    marked = np.argwhere(volume.array)
    found = (volume.affine @ np.c_[marked, np.ones(len(marked))].T)[:3].T
    wanted = (image.affine @ np.c_[np.argwhere(mask), np.ones(mask.sum())].T)[:3].T
    assert np.allclose(np.sort(found, axis=0), np.sort(wanted, axis=0), atol=1e-3)


def test_a_heatmap_is_fractional_in_255_steps():
    heat = np.random.default_rng(1).random((20, 30)).astype(np.float32)
    heat[0, 0], heat[19, 29] = 1.0, 0.0
    made = read(write_seg(film(), [heatmap("Pneumonia", heat, BASIS)], at=AT))
    assert (made.SegmentationType, made.MaximumFractionalValue) == ("FRACTIONAL", 255)
    plane = made.pixel_array.reshape(20, 30) / 255
    assert np.abs(plane - heat).max() <= 0.5 / 255 + 1e-6
    assert plane[0, 0] == 1
    (segment,) = made.SegmentSequence
    assert segment.SegmentLabel == "Where the model looked: Pneumonia"
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodingSchemeDesignator == "99NOF1"


def test_segments_say_what_they_are_and_which_model_made_them():
    mask = mark((20, 30))
    made = read(
        write_seg(
            film(), [organ("left lung", mask, BASIS), organ("right lung", ~mask, BASIS)], at=AT
        )
    )
    left, right = made.SegmentSequence
    assert left.SegmentAlgorithmType == right.SegmentAlgorithmType == "AUTOMATIC"
    kinds = [one.SegmentedPropertyTypeCodeSequence[0].CodeValue for one in (left, right)]
    assert kinds == ["44029006", "3341006"]
    category = left.SegmentedPropertyCategoryCodeSequence[0]
    assert category.CodeValue == dictionary.SCT.AnatomicalStructure.value
    algorithm = left.SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("film-model", "3")
    assert "ab" * 32 in str(algorithm.AlgorithmParameters)
    assert made.ContentDescription == made.SeriesDescription == NOTICE
    assert "ContentCreatorName" not in made or not made.ContentCreatorName


def test_the_object_files_into_the_study_and_names_its_frame_of_reference():
    image = series()
    made = read(write_seg(image, [organ("bone", mark(image.pixels.shape), BASIS)], at=AT))
    source = image.datasets[0]
    assert made.StudyInstanceUID == source.StudyInstanceUID
    assert made.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert str(made.PatientName) == "Müller^Änne"
    assert made.SeriesInstanceUID != source.SeriesInstanceUID


def test_same_content_same_bytes():
    segments = [organ("lungs", mark((20, 30)), BASIS)]
    first, again = (write_seg(film(), segments, at=AT) for _ in range(2))
    assert first.content == again.content
    moved = [organ("lungs", mark((20, 30))[::-1], BASIS)]
    assert write_seg(film(), moved, at=AT).sop_instance_uid != first.sop_instance_uid


def enhanced():
    """One multi-frame MR file of four frames."""
    from pydicom.uid import EnhancedMRImageStorage

    image = series("MR", 4)
    (first, *_), made = image.datasets, Dataset()
    for element in first:
        if element.keyword[:5] not in ("Image", "Pixel", "Slice"):
            made.add(element)
    made.SOPClassUID = EnhancedMRImageStorage
    made.SOPInstanceUID = uid("enhanced")
    made.NumberOfFrames = 4
    shared, plane, measures = Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient = first.ImageOrientationPatient
    measures.PixelSpacing, measures.SliceThickness = [0.8, 0.7], 3
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [plane], [measures]
    made.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for one in image.datasets:
        group, place = Dataset(), Dataset()
        place.ImagePositionPatient = one.ImagePositionPatient
        group.PlanePositionSequence = [place]
        groups.append(group)
    made.PerFrameFunctionalGroupsSequence = groups
    return replace(image, datasets=(made,))


def test_a_multi_frame_source_keeps_frame_and_place():
    image = enhanced()
    mask = np.zeros(image.pixels.shape, bool)
    mask[2] = mark((20, 30))
    made = read(write_seg(image, [organ("bone", mask, BASIS)], at=AT))
    (group,) = made.PerFrameFunctionalGroupsSequence
    named = group.DerivationImageSequence[0].SourceImageSequence[0]
    assert int(np.ravel(named.ReferencedFrameNumber)[0]) == 3
    assert (made.pixel_array.reshape(20, 30) == mask[2]).all()


def test_frames_that_the_reader_sorted_are_put_back_in_the_order_of_the_file():
    image = enhanced()
    turned = image.affine.copy()
    turned[:3, 3] += 3 * turned[:3, 0]
    turned[:3, 0] *= -1
    mask = np.zeros(image.pixels.shape, bool)
    mask[0] = mark((20, 30))
    made = read(write_seg(replace(image, affine=turned), [organ("bone", mask, BASIS)], at=AT))
    named = made.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0]
    assert int(np.ravel(named.SourceImageSequence[0].ReferencedFrameNumber)[0]) == 4
    assert (made.pixel_array.reshape(20, 30) == mask[0]).all()


def test_slices_at_another_place_or_in_another_order_are_refused():
    marked = [organ("bone", mark((4, 20, 30)), BASIS)]
    moved = replace(enhanced(), affine=series("MR", 4, upward=False).affine)
    with pytest.raises(InputError, match="affine puts them"):
        write_seg(moved, marked, at=AT)
    image = series("CT", 4)
    with pytest.raises(InputError, match="not in the order"):
        write_seg(replace(image, datasets=image.datasets[::-1]), marked, at=AT)


def test_the_check_finds_a_turned_a_shifted_and_a_missing_mask():
    image = series()
    mask = np.zeros(image.pixels.shape, bool)
    mask[1] = mark((20, 30))
    content = write_seg(image, [organ("bone", mask, BASIS)], at=AT).content
    source = source_of(image)
    check_placement(content, source, mask[..., None], 1)
    wrong = {"turned": mask[:, ::-1], "other slice": np.roll(mask, 1, axis=0)}
    more = mask.copy()
    more[4, 2, 2] = True
    wrong["missing"] = more
    for stack in wrong.values():
        with pytest.raises(InputError, match="would not lie on its source"):
            check_placement(content, source, stack[..., None], 1)
    seg = dcmread(BytesIO(content))
    seg.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient[1] += 1
    moved = BytesIO()
    seg.save_as(moved)
    with pytest.raises(InputError, match="place of its slice"):
        check_placement(moved.getvalue(), source, mask[..., None], 1)


LUNGS = organ("lungs", mark((20, 30)), BASIS)


@pytest.mark.parametrize(
    ("image", "segments", "reason"),
    [
        (Image(pixels=film().pixels), [LUNGS], "does not come from DICOM"),
        (film(), [], "at least one segment"),
        (film(), [replace(LUNGS, array=mark((30, 20)))], "has the shape"),
        (film(), [replace(LUNGS, array=np.zeros((20, 30), bool))], "Nothing is marked"),
        (film(), [replace(LUNGS, array=np.full((20, 30), 1.5))], "between 0 and 1"),
        (film(), [replace(LUNGS, array=np.full((20, 30), np.nan))], "between 0 and 1"),
        (film(), [LUNGS, heatmap("x", np.ones((20, 30)), BASIS)], "cannot lie in one"),
        (film(rows=21), [LUNGS], "has the shape"),
        (replace(film(), pixels=np.zeros((9, 9), np.float32)), [LUNGS], "its files say"),
        (with_changed(series("CT", 1), 0, FrameOfReferenceUID=None), [LUNGS], "No DICOM answer"),
    ],
)
def test_what_cannot_lie_on_its_source_is_refused(image, segments, reason):
    with pytest.raises(InputError, match=reason):
        write_seg(image, segments, at=AT)


def test_a_nifti_has_no_study():
    volume = Image(pixels=np.zeros((3, 4, 5), np.float32), header=Header(), affine=np.eye(4))
    with pytest.raises(InputError, match="masks as NIfTI"):
        write_seg(volume, [organ("bone", np.ones((3, 4, 5), bool), BASIS)], at=AT)
