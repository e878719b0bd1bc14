"""A detector of unusual films: trained from a task, withheld without proof, told as a rank."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra imaging (torch, onnxruntime)")

from film_samples import AT, WHO
from nof1.core.errors import InputError, ModelError, UsageError
from nof1.core.finding import Status, Subject
from nof1.imaging.anomaly import sight, trial
from nof1.imaging.answering import detecting
from nof1.imaging.answering.anomalies import SHOWN_FROM, AnomalyReader, findings
from nof1.imaging.answering.files import drawings
from nof1.imaging.answering.opening import open_model, sort_of
from nof1.imaging.answering.reader import Reader
from nof1.imaging.answering.study import answered
from nof1.imaging.gates import orientation_training
from nof1.imaging.image import Header, Image
from nof1.imaging.nets.folder import extend_folder
from nof1.imaging.training.task import ImagingTask
from nof1.synthetic.films import draw_film

QUICK = replace(orientation_training.COURSE, epochs=1)
SUBJECT = Subject(id="p1")
TASK = """
name: odd
pictures: {npz: films.npz, array: films}
anomaly:
  normal: {column: told, values: [normal]}
  abnormal: {column: told, values: [ill]}
patient: person
split: {column: side, train: [a], test: [b]}
training: {size: 24, seeds: 1, epochs: 1}
"""


def film(seed, **drawing):
    return draw_film(np.random.default_rng(seed), WHO, "PA", size=64, **drawing).pixels


def image(pixels):
    return Image(pixels=pixels.astype(np.float32), sources=("film.png",), header=Header())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """230 normal films (110 held out), 20 with an opacity, 2 that nobody has called anything."""
    folder = tmp_path_factory.mktemp("odd")
    films = np.stack([film(n, opacity=n >= 230) for n in range(252)]).astype(np.float32)
    np.savez(
        folder / "films.npz",
        films=films,
        told=np.array(["normal"] * 230 + ["ill"] * 20 + ["?"] * 2),
        side=np.array(["a"] * 120 + ["b"] * 132),
        person=np.array([f"p{n}" for n in range(250)] + ["q0", "q1"]),
    )
    (folder / "task.yaml").write_text(TASK)
    return folder


@pytest.fixture(scope="module")
def built(place):
    """One pass is too little to learn from; gates and trial are made quick."""
    quick = partial(orientation_training.train_orientation, course=QUICK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orientation_training, "MOST_FILMS", 40)
        patch.setattr(trial, "ROUNDS", 1)
        patch.setattr(sight, "TWINS", 1)
        patch.setattr(detecting, "train_orientation", quick)
        return detecting.build(ImagingTask.load(place / "task.yaml"), place / "model")


@pytest.fixture(scope="module")
def speaking(built, place):
    """The same detector as if it had passed its trial."""
    import shutil

    shutil.copytree(place / "model", place / "speaking")
    section = built.folder.about["anomaly"]
    proof = {**section["proof"], "passed": True, "reason": "", "next_step": ""}
    extend_folder(
        place / "speaking",
        {"anomaly": {**section, "proof": proof}, "may_speak": {"passed": True, "reasons": []}},
    )
    return AnomalyReader.open(place / "speaking")


def test_it_counts_its_films_and_keeps_the_trial_on_the_card(built):
    card = built.folder.about["card"]
    assert card["pictures"] == {"train": 120, "test": 110, "abnormal": 20}
    assert card["set_aside"] == {"pictures called neither normal nor abnormal": 2}
    assert card["proof"]["planted"]["value"] is not None
    assert card["leakage"]["judgement"] == "passed"
    assert [one["name"] for one in card["findings"]][-1] == "called abnormal"


def test_without_proof_it_is_withheld_and_draws_nothing(built, place):
    assert not built.passed
    reader = open_model(place / "model")
    picture = answered(image(film(900)), [reader], SUBJECT, AT)
    (finding,) = picture.findings
    assert finding.status is Status.WITHHELD
    assert "AUROC" in finding.reason
    assert list(picture.marks()) == []
    assert drawings([picture]) == []


def test_a_rank_is_told_in_words_and_never_as_a_number(speaking):
    detector = speaking.detector
    seen = []
    for seed in range(900, 906):
        answer = speaking.read(image(film(seed)))
        if answer.refusal:
            continue
        (rank,) = answer.others
        (finding,) = findings(speaking, answer, SUBJECT, AT)
        assert finding.status is Status.FOUND
        assert finding.value is None
        assert f"more unusual than {rank.exceeded} of 110 held-out normal films" in finding.reason
        assert "does not mean ill" in finding.reason
        assert rank.p_value == pytest.approx((110 - rank.exceeded + 1) / 111)
        assert rank.p_value == pytest.approx(detector.p_values([rank.score])[0])
        seen.append(rank.unusual == (rank.p_value <= detector.level))
    assert len(seen) >= 4
    assert all(seen)


def test_a_flood_is_more_unusual_than_the_film_without_it(speaking):
    plain = film(903)
    changed = plain.copy()
    changed[20:44, 8:56] = plain.max()
    first, second = (
        speaking.detector.look(speaking.sight, speaking_square(speaking, one)).score
        for one in (plain, changed)
    )
    assert second > first


def speaking_square(reader, pixels):
    from nof1.imaging.nets.prepare import prepare

    return prepare(pixels.astype(np.float32), reader.ensemble.size)


def test_its_places_can_be_drawn_and_usual_ones_stay_empty(speaking):
    picture = next(
        one
        for one in (
            answered(image(film(seed)), [speaking], SUBJECT, AT) for seed in range(900, 906)
        )
        if list(one.marks())
    )
    ((_, answer, rank),) = picture.marks()
    shown = rank.heatmap.places[rank.heatmap.places != 0]
    assert (shown >= SHOWN_FROM).all()
    assert answer.evidence(rank).shape == (64, 64)
    (drawing,) = drawings([picture])
    assert drawing["finding"] == picture.findings[0].what.display


def test_an_upside_down_film_or_a_flat_one_gets_no_rank(speaking):
    flat = speaking.read(image(np.zeros((64, 64))))
    assert flat.refusal.gate == "quality"
    assert flat.others == ()


def test_the_folder_says_what_kind_of_model_it_is(built, place, tmp_path):
    assert sort_of(place / "model") == "anomaly"
    with pytest.raises(ModelError, match="no imaging model"):
        open_model(tmp_path)
    with pytest.raises(KeyError):
        Reader.open(place / "model")  # what opening it as a model of findings would do
    with pytest.raises(UsageError, match="already a model"):
        detecting.build(ImagingTask.load(place / "task.yaml"), place / "model")


def test_abnormal_films_of_patients_in_training_do_not_try_it(place):
    task = ImagingTask.load(place / "task.yaml")
    from nof1.imaging.training.loading import load

    data = load(task)
    assert len(detecting.parted(task, data).abnormal) == 20
    whose = data.patients.copy()
    whose[230:235] = "p3"
    parts = detecting.parted(task, replace(data, patients=whose))
    assert len(parts.abnormal) == 15
    assert not set(parts.train) & set(parts.held_out)
    with pytest.raises(InputError, match="called normal"):
        detecting.parted(task, replace(data, labels=np.ones_like(data.labels)))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("split: {column: side, train: [a], test: [b]}", "split: {folds: 3}", "folds"),
        ("patient: person", "network: {kind: resnet18}", "no `network`"),
        ("epochs: 1}", "patience: 3}", "patience"),
        ("patient: person", "kinds: {column: told, values: [a, b]}", "needs one of"),
    ],
)
def test_a_task_that_does_not_fit_is_refused(place, old, new, reason):
    assert old in TASK
    (place / "other.yaml").write_text(TASK.replace(old, new))
    with pytest.raises(InputError, match=reason):
        ImagingTask.load(place / "other.yaml")
