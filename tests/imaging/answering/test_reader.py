"""Gates before any score; then a probability with its interval, its set and its place."""

from dataclasses import replace

import numpy as np
import pytest

from film_samples import AT, drawn
from nof1.core.errors import ModelError
from nof1.core.finding import Status, Subject
from nof1.imaging.answering.telling import findings
from nof1.imaging.nets.folder import extend_folder
from nof1.learn.discrimination import auroc

WHO = Subject(id="p1")


@pytest.fixture(scope="module")
def answers(reader, films):
    return [reader.read(film) for film in films]


def test_films_with_an_opacity_get_the_higher_probability(answers):
    told = [one for one in answers if one.labels]
    assert len(told) >= 20
    y = [int(one.image.sources[0] < "film-12") for one in told]
    assert auroc(y, [one.labels[0].probability for one in told]).value > 0.8


def test_every_answer_has_an_interval_around_it_and_gates_that_passed(answers):
    for one in answers:
        for label in one.labels:
            assert 0 <= label.low <= label.probability <= label.high <= 1
        if one.labels:
            assert {verdict.gate for verdict in one.verdicts} >= {"quality", "orientation"}


def test_the_evidence_lies_on_the_opacity_more_often_than_by_chance(reader, films):
    hits, chance = 0, 0.0
    for seed, film in enumerate(films[:12]):
        answer = reader.read(film)
        if not answer.labels:
            continue
        evidence = answer.evidence(answer.labels[0])
        mask = drawn(seed, opacity=True).mask
        hits += bool(mask[np.unravel_index(evidence.argmax(), evidence.shape)])
        chance += mask.mean()
    assert hits >= 2 * chance
    assert hits >= 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda film: film[::-1, ::-1], "upside_down"),
        (lambda film: np.rot90(film, -1), "rotated_90"),
        (lambda film: np.rot90(film), "rotated_270"),
        (lambda film: film.max() - film, "inverted"),
    ],
)
def test_a_film_that_is_turned_or_inverted_is_refused_with_the_reason(reader, films, change, code):
    reasons = []
    for film in films[12:20]:
        turned = replace(film, pixels=np.ascontiguousarray(change(film.pixels)))
        answer = reader.read(turned)
        assert answer.labels == ()
        reasons.append(answer.refusal.code)
    assert reasons.count(code) >= 6, reasons


def test_a_picture_of_something_else_is_refused(reader, films):
    noise = np.random.default_rng(0).normal(size=(512, 512)).astype(np.float32)
    assert reader.read(replace(films[0], pixels=noise)).refusal is not None
    blank = np.zeros((512, 512), dtype=np.float32)
    assert reader.read(replace(films[0], pixels=blank)).refusal.gate == "quality"
    volume = np.zeros((4, 64, 64), dtype=np.float32)
    assert reader.read(replace(films[0], pixels=volume)).refusal.code == "not_a_film"


def test_a_model_of_synthetic_films_may_not_read_a_real_one(reader, films):
    real = replace(films[0], datasets=())
    assert reader.read(real).refusal.code == "synthetic_model"


def test_a_patient_whom_the_model_does_not_know_is_refused_by_the_age(reader, films):
    child = replace(films[14], header=replace(films[14].header, age_years=2.0))
    answer = reader.read(child)
    assert answer.labels == ()
    (finding,) = findings(reader, answer, WHO, AT)
    assert finding.status is Status.WITHHELD
    assert "years" in finding.reason


def test_an_unsaid_age_leaves_a_doubt_in_the_finding(reader, films):
    silent = replace(films[14], header=replace(films[14].header, age_years=None))
    answer = reader.read(silent)
    (finding,) = findings(reader, answer, WHO, AT)
    if finding.status is Status.FOUND:
        assert any("Not validated" in note for note in finding.notes)
    assert [one.code for one in answer.doubts] == ["age"]


def test_findings_say_who_answers_that_it_is_synthetic_and_no_diagnosis(reader, answers):
    told = next(one for one in answers if one.labels)
    (finding,) = findings(reader, told, WHO, AT)
    assert finding.synthetic
    assert finding.basis.id == "phantom-chest"
    assert finding.basis.content_hash == reader.ensemble.folder.sha256
    assert finding.basis.validated_in.startswith("SYNTHETIC films")
    assert "not a medical device" in finding.notice


def test_a_model_that_never_passed_a_gate_does_not_speak(reader, answers):
    about = {**reader.about, "may_speak": {"passed": False, "reasons": ["a leak"]}}
    folder = replace(reader.ensemble.folder, about=about)
    silent = replace(reader, ensemble=replace(reader.ensemble, folder=folder))
    told = next(one for one in answers if one.labels)
    (finding,) = findings(silent, told, WHO, AT)
    assert finding.status is Status.WITHHELD
    assert "a leak" in finding.reason


def test_a_model_without_gates_cannot_be_opened(reader, tmp_path):
    import shutil

    from nof1.imaging.answering import shelf
    from nof1.imaging.answering.reader import Reader

    shutil.copytree(shelf.reference(), tmp_path / "m")
    extend_folder(tmp_path / "m", {"gates": None})
    with pytest.raises(ModelError, match="no gates"):
        Reader.open(tmp_path / "m")
