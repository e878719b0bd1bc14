"""CT phantoms: known volumes, and the same Hounsfield units in both formats."""

import numpy as np
import pytest

from nof1.core.errors import UsageError
from nof1.synthetic.ct import LABELS, draw_ct, write_nifti, write_series


def test_volumes_follow_from_the_formula_of_a_sphere():
    phantom = draw_ct(1, shape=(100, 100, 130), nodule_mm=30)
    sphere = 4 / 3 * np.pi * 15**3 / 1000  # mL
    assert phantom.volumes_ml["nodule"] == pytest.approx(sphere, rel=0.03)
    assert phantom.volumes_ml["lungs"] == pytest.approx(
        2 * 4 / 3 * np.pi * 105 * 66 * 52 / 1000, rel=0.1
    )


def test_volumes_are_the_voxels_of_the_labels():
    phantom = draw_ct(2)
    voxel = np.prod(phantom.spacing_mm) / 1000
    for name, label in LABELS.items():
        assert phantom.volumes_ml[name] == pytest.approx((phantom.labels == label).sum() * voxel)
    parts = sum(phantom.volumes_ml[name] for name in LABELS)
    assert phantom.volumes_ml["body_whole"] == pytest.approx(parts)


def test_tissue_has_its_hounsfield_units():
    phantom = draw_ct(3)
    lung = phantom.hu[np.isin(phantom.labels, (LABELS["lung_left"], LABELS["lung_right"]))]
    assert lung.mean() == pytest.approx(-850, abs=2)
    assert lung.std() == pytest.approx(15, abs=1)
    assert phantom.hu[phantom.labels == LABELS["bone"]].mean() == pytest.approx(600, abs=2)


def test_a_tiny_volume_is_refused():
    with pytest.raises(UsageError):
        draw_ct(shape=(8, 64, 64))


def test_both_formats_hold_the_same_numbers_at_the_same_places(tmp_path):
    pydicom, nibabel = pytest.importorskip("pydicom"), pytest.importorskip("nibabel")
    phantom = draw_ct(4, shape=(16, 32, 40))
    slices = [pydicom.dcmread(path) for path in write_series(tmp_path / "ct", phantom)]
    assert [s.InstanceNumber for s in slices] == list(range(1, 17))
    slices.sort(key=lambda s: float(s.ImagePositionPatient[2]))
    hu = np.stack([s.pixel_array * s.RescaleSlope + s.RescaleIntercept for s in slices])
    assert np.array_equal(hu, phantom.hu)
    assert all("SYNTHETIC" in str(s.PatientName) for s in slices)
    write_nifti(tmp_path / "ct.nii.gz", phantom)
    image = nibabel.load(tmp_path / "ct.nii.gz")
    assert np.array_equal(np.asarray(image.dataobj).transpose(2, 1, 0), phantom.hu)
    one = slices[5]
    dicom_mm = np.array([float(v) for v in one.ImagePositionPatient])
    nifti_mm = (image.affine @ [0, 0, 5, 1])[:3] * [-1, -1, 1]
    assert dicom_mm == pytest.approx(nifti_mm, abs=1e-3)
