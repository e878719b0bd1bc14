"""Training: it learns, it can be stopped and goes on, and no patient is on both sides."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra imaging (torch)")
import torch

from imaging.training.films import squares
from nof1.core.errors import InputError
from nof1.imaging.nets.residual import Plan
from nof1.imaging.training.augmenting import Augmentation, augmented
from nof1.imaging.training.course import Course
from nof1.imaging.training.fitting import fit
from nof1.learn.discrimination import auroc

PLAN = Plan(widths=(4, 8))
COURSE = Course(epochs=4, batch=16, rate=1e-2, precision="float32")


def test_it_learns_what_can_be_seen():
    images, y = squares(200)
    new, truth = squares(100, seed=1)
    fitted = fit(images, y, seeds=(1, 2), plan=PLAN, course=COURSE, classes=("square",))
    assert auroc(truth, fitted.decision(new)[:, 0]).value > 0.85
    assert fitted.logits(new).shape == (2, 100, 1)
    assert "no patient column" in fitted.notes[0]
    assert fitted.inner_logits.shape == (2, int(fitted.inner.sum()), 1)


class Stopped(Exception):
    pass


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_that_was_stopped_ends_bit_identical(tmp_path, precision):
    images, y = squares(64)
    course = Course(epochs=4, batch=16, precision=precision)
    whole = fit(images, y, seeds=(1, 2), plan=PLAN, course=course)

    def stop(epoch):
        if (epoch.seed, epoch.number) == (2, 1):
            raise Stopped

    how = {"seeds": (1, 2), "plan": PLAN, "course": course, "folder": tmp_path / "c"}
    with pytest.raises(Stopped):
        fit(images, y, on_epoch=stop, **how)
    seen = []
    resumed = fit(images, y, on_epoch=seen.append, **how)
    assert [(one.seed, one.number) for one in seen] == [(2, 2), (2, 3)]
    assert resumed.history == whole.history
    for one, other in zip(whole.nets, resumed.nets, strict=True):
        for (name, a), b in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
            assert torch.equal(a, b), name


def test_checkpoints_of_other_pictures_are_refused(tmp_path):
    images, y = squares()
    fit(images, y, seeds=(1,), plan=PLAN, course=COURSE, folder=tmp_path)
    with pytest.raises(InputError, match="another run"):
        fit(255 - images, y, seeds=(1,), plan=PLAN, course=COURSE, folder=tmp_path)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    images, y = squares()
    fit(images, y, seeds=(1,), plan=PLAN, course=COURSE, folder=tmp_path)
    for file in tmp_path.glob("*.safetensors"):
        file.write_bytes(file.read_bytes()[:-4] + b"abcd")
    with pytest.raises(InputError, match="damaged"):
        fit(images, y, seeds=(1,), plan=PLAN, course=COURSE, folder=tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        fit(images, y, seeds=(1,), plan=PLAN, course=COURSE, folder=tmp_path)


def test_the_inner_part_holds_whole_patients():
    images, y = squares()
    patients = np.arange(120) // 4
    fitted = fit(images, y, groups=patients, seeds=(1,), plan=PLAN, course=COURSE)
    inside = set(patients[fitted.inner])
    assert not inside & set(patients[~fitted.inner])
    assert fitted.notes == ()


def test_training_stops_when_the_inner_loss_does_not_fall():
    images, _ = squares(lift=0)
    y = np.random.default_rng(9).integers(0, 2, 120)
    course = Course(epochs=40, batch=16, patience=2, rate=2e-2, precision="float32")
    passes = fit(images, y, seeds=(1,), plan=PLAN, course=course).history[0]
    assert len(passes) < 40
    assert not any(one.best for one in passes[-2:])


def test_several_findings_with_missing_labels_and_kinds():
    images, y = squares(160)
    other = (images[:, :4].mean(axis=(1, 2)) > 60).astype(int)
    labels = np.column_stack([y, other])
    labels[::5, 0] = -1
    fitted = fit(images, labels, classes=("a", "b"), seeds=(1,), plan=PLAN, course=COURSE)
    assert fitted.question == "findings"
    assert fitted.calibration().risk(fitted.logits(images)).shape == (160, 2)
    kinds = fit(images, y + 2 * other, classes=tuple("pqrs"), seeds=(1,), plan=PLAN, course=COURSE)
    assert kinds.question == "kinds"
    assert np.allclose(kinds.calibration().risk(kinds.logits(images)).sum(axis=1), 1)


def test_missing_labels_carry_no_weight():
    images, y = squares()
    labels = np.column_stack([y, y])
    labels[::2, 1] = -1
    inner = np.arange(120) >= 90
    how = {"classes": ("a", "b"), "seeds": (1,), "plan": PLAN, "course": COURSE, "inner": inner}
    hidden = labels.copy()
    hidden[labels[:, 1] == -1, 1] = -1
    first, second = fit(images, labels, **how), fit(images, hidden, **how)
    assert (first.logits(images) == second.logits(images)).all()


@pytest.mark.parametrize(
    ("images", "labels", "what"),
    [
        (np.zeros((4, 8, 9)), [0, 1, 0, 1], "shape"),
        (np.full((4, 8, 8), 300.0), [0, 1, 0, 1], "0 to 1"),
        (np.zeros((4, 8, 8)), [0, 1, 0], "do not fit"),
        (np.zeros((4, 8, 8)), [0, 0, 0, 0], "one answer"),
        (np.zeros((4, 8, 8)), [0, 1, 2, 1], "range"),
    ],
)
def test_what_does_not_fit_is_refused(images, labels, what):
    with pytest.raises(InputError, match=what):
        fit(images, labels)


def test_changes_stay_small_and_keep_sides():
    square = torch.zeros(64, 1, 32, 32)
    square[:, :, 12:20, 2:10] = 1.0  # on the left
    draw = torch.Generator().manual_seed(0)
    changed = augmented(square, Augmentation(), draw)
    across = (changed * torch.arange(32.0)).sum(dim=(1, 2, 3)) / changed.sum(dim=(1, 2, 3))
    assert (across < 15).all()
    assert float(changed.min()) >= 0
    assert float(changed.max()) <= 1
    assert not torch.equal(changed[0], changed[1])
    mirrored = augmented(square, Augmentation(noise=0, brightness=0, flip=True), draw)
    left = mirrored[..., :16].sum(dim=(1, 2, 3)) > mirrored[..., 16:].sum(dim=(1, 2, 3))
    assert 10 < int(left.sum()) < 54
