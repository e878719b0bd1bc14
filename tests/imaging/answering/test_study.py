"""A path in, findings out: films by a model, CT volumes by masks, refusals by name."""

from film_samples import AT
from nof1.core.finding import Status, Subject
from nof1.imaging.answering.study import read_study
from nof1.synthetic.ct import draw_ct, write_series

WHO = Subject(id="p1")


def test_a_folder_of_films_gives_one_finding_for_each_and_names_what_it_refused(
    reader, film_files, tmp_path
):
    for name in ("film-00.dcm", "film-20.dcm"):
        (tmp_path / name).write_bytes((film_files / name).read_bytes())
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    (tmp_path / "broken.dcm").write_bytes((film_files / "film-01.dcm").read_bytes()[:4000])
    done = read_study(tmp_path, [reader], subject=WHO, at=AT)
    assert len(done.pictures) == 2
    assert len(done.findings) == 2
    assert "broken.dcm" in [one.source for one in done.refused]


def test_without_a_model_a_film_has_no_finding_and_the_reason_is_said(film_files):
    done = read_study(film_files / "film-00.dcm", subject=WHO, at=AT)
    assert done.findings == ()
    assert not done.answered
    assert done.reason


def test_a_ct_is_measured_without_a_model(tmp_path):
    phantom = draw_ct(1)
    write_series(tmp_path, phantom)
    done = read_study(tmp_path, subject=WHO, at=AT)
    (picture,) = done.pictures
    told = {one.what.code: one for one in picture.findings}
    lungs = told["IMAGE//volume_lungs"].value
    assert lungs.unit == "mL"
    assert abs(lungs.amount / phantom.volumes_ml["lungs"] - 1) < 0.03
    assert lungs.interval.low <= lungs.amount <= lungs.interval.high
    assert picture.masks is not None


def test_a_volume_that_is_no_ct_is_withheld_with_the_reason(tmp_path):
    phantom = draw_ct(1)
    paths = write_series(tmp_path, phantom)
    import pydicom

    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.RescaleIntercept = "3000"
        dataset.save_as(path)
    done = read_study(tmp_path, subject=WHO, at=AT)
    (finding,) = done.findings
    assert finding.status is Status.WITHHELD
    assert finding.reason
    assert finding.resolve
