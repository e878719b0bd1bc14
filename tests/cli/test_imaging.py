"""``nof1 imaging`` as a new user meets it: answers, open refusals, files that come out."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from nof1.cli import imaging_text, main
from nof1.imaging.answering import shelf
from nof1.synthetic.ct import draw_ct, write_series
from nof1.synthetic.film_files import film_dataset, write_film
from nof1.synthetic.films import Person, draw_film

pytest.importorskip("onnxruntime", reason="the package onnxruntime (extra imaging) is missing")
pydicom = pytest.importorskip("pydicom", reason="the package pydicom (extra imaging) is missing")
NOTICE = "Research and education use; not a medical device."
WHO = Person("SYN-9", 55.0, "F", "site-a")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Films and a CT series; the model is the one that comes with nof1."""
    if shelf.reference() is None:
        pytest.fail("The model that comes with nof1 is not there.")
    folder = tmp_path_factory.mktemp("pictures")
    film = draw_film(np.random.default_rng(1), WHO, "PA", size=384, opacity=True)
    write_film(folder / "film.dcm", film, "film", taken=datetime(2024, 3, 1, 12, tzinfo=UTC))
    write_film(folder / "future.dcm", film, "future", taken=datetime(9000, 1, 1, tzinfo=UTC))
    real = film_dataset(film, "real")  # the same pixels in a file that does not say SYNTHETIC
    real.PatientName, real.SeriesDescription, real.ImageComments = "A^B", "chest", ""
    real.save_as(folder / "real.dcm", enforce_file_format=True)
    turned = film_dataset(film, "turned")
    turned.PixelData = np.ascontiguousarray(turned.pixel_array[::-1]).tobytes()
    turned.save_as(folder / "turned.dcm", enforce_file_format=True)
    (folder / "ct").mkdir()
    (folder / "empty").mkdir()
    write_series(folder / "ct", draw_ct(0, shape=(24, 64, 64)))
    return folder


@pytest.fixture
def nof1(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder without a workspace."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return SimpleNamespace(exit_code=ended.value.code or 0, stdout=out, stderr=err)

    return call


@pytest.fixture
def run(nof1):
    """The same for ``nof1 imaging``."""
    return lambda *words: nof1("imaging", *words)


def test_a_film_gets_a_number_with_interval_place_gates_and_model(run, place):
    done = run("read", place / "film.dcm")
    assert done.exit_code == 0
    assert "film.dcm\n  DX, PA, CHEST, 384 x 384" in done.stdout
    assert "% interval" in done.stdout or "Atypical" in done.stdout
    assert "Gates passed: quality, orientation, domain" in done.stdout
    assert "Asked: model phantom-chest, tested on SYNTHETIC films" in " ".join(done.stdout.split())
    assert done.stdout.endswith(f"SYNTHETIC data: no real patient.\n{NOTICE}\n")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_one_json_object_holds_findings_and_every_gate(run, place):
    data = json.loads(run("read", place / "film.dcm", "--json").stdout)
    assert data["schema"] == "nof1/imaging-read/1"
    assert data["status"] == "ok"
    (finding,) = data["findings"]
    inside = finding["value"]["interval"]
    assert inside["low"] <= finding["value"]["amount"] <= inside["high"]
    assert finding["synthetic"] is True
    gates = data["pictures"][0]["answers"][0]["gates"]
    assert {"quality", "orientation", "domain", "population"} <= {one["gate"] for one in gates}


@pytest.mark.parametrize(
    ("name", "reason"),
    [("real.dcm", "SYNTHETIC films only"), ("turned.dcm", "stands on its head")],
)
def test_a_film_that_may_not_be_read_is_refused_without_a_number(run, place, name, reason):
    done = run("read", place / name)
    assert done.exit_code == 1
    assert "lung opacity: withheld" in done.stdout
    assert reason in " ".join(done.stdout.split())
    assert "Next step:" in done.stdout
    assert "interval" not in done.stdout


def test_a_ct_series_is_measured_without_a_model(run, place):
    done = run("read", place / "ct", "--masks", "masks.nii.gz")
    assert done.exit_code == 0
    assert "volume of lungs:" in done.stdout
    assert "Asked: rule ct-masks" in done.stdout
    assert "masks.nii.gz" in done.stdout


def test_reports_are_written_and_say_unverified(run, place, tmp_path):
    done = run(
        *("read", place / "film.dcm", "--sr", "a.dcm", "--seg", "b.dcm"),
        *("--overlay", "c.png", "--page", "d.html"),
    )
    assert done.exit_code == 0
    assert "Written: a.dcm, b.dcm, c.png, d.html" in done.stdout
    report, marks = (pydicom.dcmread(tmp_path / name) for name in ("a.dcm", "b.dcm"))
    assert (report.Modality, report.VerificationFlag) == ("SR", "UNVERIFIED")
    assert (marks.Modality, marks.SegmentationType) == ("SEG", "FRACTIONAL")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "d.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2  # the film, and the film with its evidence
    assert "SYNTHETIC DATA" in page
    assert "No diagnosis." in page
    assert "<script" not in page


def test_answers_of_a_patient_come_into_the_record(nof1, run, place, tmp_path):
    done = run("read", place / "film.dcm", "--patient", "SYN-9", "--readings", "r.ndjson")
    assert done.exit_code == 0
    (line,) = (tmp_path / "r.ndjson").read_text(encoding="utf-8").splitlines()
    reading = json.loads(line)
    assert reading["patient"] == reading["finding"]["subject"]["id"] == "SYN-9"
    assert nof1("init").exit_code == 0
    kept = run("read", place / "film.dcm", "--patient", "ours", "--file-patient", "SYN-9", "--keep")
    assert kept.exit_code == 0, kept.output
    assert "the workspace's record" in kept.stdout
    told = nof1("advise", "ours", "--json")
    assert told.exit_code == 0, told.stderr
    found = [one["what"]["code"] for one in json.loads(told.stdout)["findings"]]
    assert "IMAGE//lung_opacity" in found


def test_an_answer_that_the_record_does_not_take_is_said(nof1, run, place):
    assert nof1("init").exit_code == 0
    done = run("read", place / "future.dcm", "--patient", "SYN-9", "--keep")
    assert done.exit_code == 2
    assert "The record did not take the answers" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["read", "nowhere.dcm"], "no such file"),
        (["read", "{film}", "--model", "nobody"], "no model 'nobody'"),
        (["read", "{film}", "--patient", "SOMEBODY-ELSE"], "another patient"),
        (["read", "{film}", "--readings", "r.ndjson"], "--patient ID"),
        (["read", "{film}", "--patient", "SYN-9", "--keep"], "no workspace"),
        (["read", "{film}", "--masks", "m.nii.gz"], "no masks"),
        (["read", "{empty}", "--sr", "r.dcm"], "--sr is for one"),
        (["card", "nobody"], "no model 'nobody'"),
        (["audit", "nowhere"], "nowhere"),
        (["audit", "{folder}", "--column", "label"], "NAME=COLUMN"),
        (["recalibrate", "phantom-chest", "nowhere.yaml"], "nowhere.yaml"),
        (["train", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_a_wrong_request_ends_with_2_and_a_way_out(run, place, tmp_path, words, said):
    named = {"{film}": place / "film.dcm", "{folder}": place, "{empty}": place / "empty"}
    done = run(*(named.get(word, word) for word in words))
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())  # nothing was half written


def test_rubbish_is_refused_by_name_and_the_film_beside_it_is_answered(run, place, tmp_path):
    rubbish = tmp_path / "in"
    rubbish.mkdir()
    (rubbish / "film.dcm").write_bytes((place / "film.dcm").read_bytes())
    (rubbish / "cut.dcm").write_bytes((place / "turned.dcm").read_bytes()[:2000])
    (rubbish / "noise.dcm").write_bytes(np.random.default_rng(0).bytes(3000))
    done = run("read", rubbish)
    assert done.exit_code == 1  # answered, and a file was refused
    assert "% interval" in done.stdout
    assert "Refused: 2 files" in done.stdout
    assert "cut.dcm:" in done.stdout
    assert "noise.dcm:" in done.stdout


def test_the_card_names_its_figures_and_the_frame_only_one(run):
    done = run("card", "phantom-chest")
    assert done.exit_code == 0
    assert "The model may speak." in done.stdout
    assert "AUROC, frame only" in done.stdout
    assert "full minus frame" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_an_audit_judges_every_gate_and_makes_a_page(run, place, tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (60, 24, 24), dtype=np.uint8)
    np.savez(
        tmp_path / "set.npz",
        images=np.concatenate([images, images[:3]]),
        label=np.arange(63) % 2,
        split=np.array(["train"] * 60 + ["test"] * 3),
    )
    done = run("audit", "set.npz", "--page", "audit.html")
    assert done.exit_code == 1
    assert "3 exact copies cross the split" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= 80
    page = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "The data set failed" in page
    assert 'That is not "passed"' in page.replace("&#34;", '"')


def test_an_audit_takes_more_columns_from_a_table_beside_the_arrays(run, tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (60, 24, 24), dtype=np.uint8)
    names = np.array([f"film-{number}" for number in range(60)])
    np.savez(tmp_path / "set.npz", images=images, name=names, label=np.arange(60) % 2)
    rows = [f"film-{number},{'PA' if number % 3 else 'AP'}" for number in range(60)]
    (tmp_path / "more.csv").write_text("\n".join(["film,view of it", *rows]), encoding="utf-8")
    ways = ("--table", "more.csv", "--key", "name=film", "--column", "view=view of it")
    done = run("audit", "set.npz", *ways, "--json")
    gates = {one["gate"]: one for one in json.loads(done.stdout)["gates"]}
    assert set(gates["within view"]["figures"]["within"]) == {"PA", "AP"}
    assert run("audit", "set.npz", "--table", "more.csv").exit_code == 2


def test_reading_needs_neither_torch_nor_charts(place):
    code = (
        "import sys; from nof1.cli import cli\n"
        "try: cli(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print([one for one in ('torch', 'monai', 'altair', 'sklearn', 'polars', 'highdicom')"
        " if one in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "imaging", "read", str(place / "film.dcm")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_a_recalibration_is_told_in_80_columns():
    figure = {"value": -0.0001, "low": -0.275, "high": 0.241}
    names = ("brier", "calibration_slope", "calibration_in_the_large", "ece_debiased")
    figures = dict.fromkeys(names, figure)
    one = {"finding": "lung opacity", "before": figures, "after": figures}
    data = {"name": "m", "cases": 400, "verdict": "The old one stays.", "findings": [one]}
    text = imaging_text.recalibrated(data)
    assert max(map(len, text.splitlines())) <= 80
    assert "calibration in the large" in text
    assert "-0.000" not in text
