"""Masks learned from the user's own: from files to millilitres with a range, or the reason."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

if find_spec("monai") is None:  # to import it takes 3 seconds
    pytest.skip("needs the extra imaging (monai, torch)", allow_module_level=True)

from film_samples import AT
from nof1.core.errors import InputError, ModelError, UsageError
from nof1.core.finding import Status, Subject
from nof1.imaging.answering.files import masks as write_masks
from nof1.imaging.answering.files import segmentation
from nof1.imaging.answering.marking import aligned, build, load_volumes
from nof1.imaging.answering.opening import open_model, sort_of
from nof1.imaging.answering.segmenting import volume_range
from nof1.imaging.answering.study import answered
from nof1.imaging.image import Image
from nof1.imaging.reading.study import open_study
from nof1.imaging.training.masktask import MaskTask, load_any
from nof1.learn.figures import Figure
from nof1.synthetic.ct import draw_ct, write_nifti, write_series

SUBJECT = Subject(id="p1")
SHAPE = (16, 32, 32)
TASK = """
name: organs
masks:
  folder: data
  labels: {1: body, 2: right lung, 3: left lung, 4: bone, 5: nodule}
training: {steps: 110}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Nine SYNTHETIC phantoms as DICOM series, their labels as NIfTI, and one with a bad mask."""
    folder = tmp_path_factory.mktemp("ct")
    for seed in range(10):
        phantom = draw_ct(seed, shape=SHAPE, nodule_mm=30.0)
        inner = folder / "data" / phantom.patient
        write_series(inner / "image", phantom)
        other = draw_ct(seed, shape=(17, 32, 32)) if seed == 9 else phantom
        write_nifti(inner / "mask.nii.gz", other, labels=True)
    (folder / "task.yaml").write_text(TASK)
    return folder


@pytest.fixture(scope="module")
def made(place):
    return build(load_any(place / "task.yaml"), place / "model")


@pytest.fixture(scope="module")
def picture(made, place):
    phantom = draw_ct(99, shape=SHAPE)
    write_series(place / "new", phantom)
    (image,) = open_study(place / "new").images
    return answered(image, [open_model(place / "model")], SUBJECT, AT), phantom


def test_a_mask_on_another_grid_is_set_aside_by_name(made):
    assert made.segmenter.counts == {
        "volumes": 6,
        "patients": 6,
        "held_out_volumes": 3,
        "held_out_patients": 3,
    }
    about = open_model(made.folder).about
    assert about["set_aside"] == {"The mask lies on another grid than its volume.": 1}
    assert about["synthetic"]


def test_held_out_patients_are_measured_and_a_weak_label_is_named(made):
    figures = made.segmenter.figures
    assert figures["left lung"].value > 0.85
    assert figures["right lung"].value > 0.85
    assert made.passed
    assert any(one.startswith("nodule: Dice") for one in made.reasons)


def test_volumes_come_with_a_range_around_the_truth(picture):
    told, phantom = picture
    ours = {one.what.display: one for one in told.findings if one.basis.id == "organs"}
    lung = ours["volume of left lung"]
    assert lung.value.unit == "mL"
    assert lung.value.interval.low <= phantom.volumes_ml["lung_left"] <= lung.value.interval.high
    assert lung.basis.validated_in == "SYNTHETIC volumes: 3 volumes of 3 patients held out"
    assert any("HU" in one.text for one in lung.evidence)
    weak = ours["volume of nodule"]
    assert weak.status is Status.WITHHELD
    assert "Dice" in weak.reason


def test_left_and_right_are_the_patients_own(picture):
    told, phantom = picture
    ((_, masks),) = told.learned
    for name, label in (("left lung", 3), ("right lung", 2)):
        truth = phantom.labels == label
        assert (masks[name] & truth).sum() > 0.8 * truth.sum()


def test_its_masks_go_out_beside_the_organs(picture, tmp_path):
    import pydicom

    told, _ = picture
    write_masks(told, tmp_path / "m.nii.gz", AT)
    names = (tmp_path / "m.nii.gz.txt").read_text()
    assert "left lung (organs)" in names
    assert " lungs\n" in names
    segmentation(told, tmp_path / "seg.dcm", AT)
    labels = [one.SegmentLabel for one in pydicom.dcmread(tmp_path / "seg.dcm").SegmentSequence]
    assert "right lung (organs)" in labels


def test_a_model_of_phantoms_does_not_read_a_real_volume_and_a_film_is_not_asked(picture, place):
    told, _ = picture
    reader = open_model(place / "model")
    real = answered(replace(told.image, datasets=()), [reader], SUBJECT, AT)
    ours = [one for one in real.findings if one.basis.id == "organs"]
    assert len(ours) == 5
    assert all("SYNTHETIC volumes only" in one.reason for one in ours)
    assert real.learned == ()
    film = Image(pixels=np.zeros((64, 64), dtype=np.float32), sources=("f.png",))
    assert answered(film, [reader], SUBJECT, AT).findings == ()


def test_other_voxels_are_refused_for_every_label(picture, place):
    told, _ = picture
    coarse = replace(told.image, spacing_mm=(60.0, 40.0, 40.0))
    masks, findings = open_model(place / "model").read(coarse, SUBJECT, AT)
    assert masks == {}
    assert {one.status for one in findings} == {Status.WITHHELD}
    assert "Voxels" in findings[0].reason


def test_the_folder_is_checked_when_it_is_opened(made, tmp_path):
    import shutil

    assert sort_of(made.folder) == "segmentation"
    shutil.copytree(made.folder, tmp_path / "m")
    (tmp_path / "m" / "net.onnx").write_bytes(b"other")
    with pytest.raises(ModelError, match="changed"):
        open_model(tmp_path / "m")
    with pytest.raises(UsageError, match="already a model"):
        build(MaskTask("x", made.folder, False, {1: "a"}), made.folder)


def test_the_range_follows_from_the_overlap():
    whole, part = np.zeros(1000, dtype=bool), np.zeros(1000, dtype=bool)
    whole[:900], part[:700] = True, True
    overlap = 2 * 700 / (900 + 700)
    low, high = volume_range(700.0, Figure(overlap, overlap, 1.0))
    assert low <= 700
    assert high == pytest.approx(900)  # a reader's mask that holds all of ours is the limit
    assert volume_range(900.0, Figure(overlap, overlap, 1.0))[0] == pytest.approx(700)


def test_turned_axes_are_undone_and_another_place_is_refused():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 3, (4, 6, 8)).astype(np.float32)
    affine = np.diag([3.0, 2.0, 1.0, 1.0])
    image = Image(pixels=pixels, affine=affine, spacing_mm=(3.0, 2.0, 1.0))
    turned = affine[:, [2, 0, 1, 3]].copy()  # its axes: column, slice, row; the columns backwards
    turned[:3, 3] = affine[:3, 2] * 7
    turned[:3, 0] *= -1
    mask = Image(pixels=np.flip(pixels.transpose(2, 0, 1), 0), affine=turned)
    assert np.array_equal(aligned(mask, image), pixels)
    moved = turned.copy()
    moved[0, 3] += 3.0
    for other in (moved, turned * 1.1, None):
        with pytest.raises(InputError, match=r"grid|where it lies"):
            aligned(replace(mask, affine=other), image)


def test_a_table_needs_its_columns_and_one_patient_for_each_volume(place):
    name = draw_ct(0, shape=SHAPE).patient
    row = f"data/{name}/image,data/{name}/mask.nii.gz"
    (place / "rows.csv").write_text(f"image,mask,patient\n{row},a\n{row},b\n")
    text = TASK.replace("folder: data", "csv: rows.csv")
    (place / "table.yaml").write_text(text)
    with pytest.raises(InputError, match="under two patients"):
        load_volumes(load_any(place / "table.yaml"))
    (place / "rows.csv").write_text(f"image,mask\n{row}\n")
    with pytest.raises(InputError, match="no column 'patient'"):
        load_volumes(load_any(place / "table.yaml"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("folder: data", "folder: data\n  csv: rows.csv", "Where are the volumes"),
        ("1: body", "0: body", "no number of a label"),
        ("1: body", "1: bone", "each once"),
        ("steps: 110", "epochs: 45", "epochs"),
        ("folder: data", "folder: data\n  image: scan", "no columns"),
    ],
)
def test_a_task_that_does_not_fit_is_refused(tmp_path, old, new, reason):
    assert old in TASK
    (tmp_path / "task.yaml").write_text(TASK.replace(old, new))
    with pytest.raises(InputError, match=reason):
        load_any(tmp_path / "task.yaml")
