"""The demo, small: everything it promises is there, and nothing else is overwritten."""

import json
from html import unescape
from types import SimpleNamespace

import pytest

from nof1.cli import main
from nof1.cli.demo import _Story
from nof1.imaging.answering import shelf
from nof1.synthetic.image_files import MISSING, WrittenImages

pydicom = pytest.importorskip("pydicom")


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    out, err = capsys.readouterr()
    return stop.value.code, out, err


def test_the_demo_writes_pages_that_open_offline(capsys, tmp_path):
    out = tmp_path / "demo"
    arguments = ("demo", "--out", str(out), "--patients", "1200", "--no-serve", "--json")
    code, text, _ = run(capsys, *arguments)
    told = json.loads(text)
    assert (code, told["schema"]) == (0, "nof1/demo/1")
    pages = ("index", "quality", "audit", "model", "film", "patient")
    for name in pages if told["film"] else [page for page in pages if page != "film"]:
        page = (out / "report" / f"{name}.html").read_text(encoding="utf-8")
        assert "SYNTHETIC DATA" in page
        assert "not a medical device" in page
        assert "default-src 'none'" in unescape(page)
        assert json.loads((out / "report" / f"{name}.json").read_text(encoding="utf-8"))
    steps = json.loads((out / "report" / "index.json").read_text(encoding="utf-8"))["steps"]
    assert steps[1]["title"] == "The films, before learning"
    if shelf.reference() is not None:
        shows_the_film(out / "report", steps, told)
    code, text, _ = run(capsys, "audit", "verify", "--workspace", told["workspace"], "--json")
    assert (code, json.loads(text)["intact"]) == (0, True)


def shows_the_film(report, steps, told):
    """The film's finding stands with its heatmap on the page of advice, and as DICOM beside it."""
    assert told["film"]
    advice = json.loads((report / "patient.json").read_text(encoding="utf-8"))
    findings = {one["what"]["code"]: one for one in advice["findings"]}
    film = findings["IMAGE//lung_opacity"]
    assert film["as_of"] == advice["as_of"]
    assert film["synthetic"]
    drawn = "IMAGE//lung_opacity" in advice["drawings"]
    assert drawn == (film["status"] == "found")
    shown = "data:image/png;base64," in (report / "patient.html").read_text(encoding="utf-8")
    assert shown == drawn
    (step,) = [one for one in steps if one["title"] == "The film"]
    for link in step["links"]:
        assert (report / link["href"]).is_file()
    told_there = pydicom.dcmread(report / "film-report.dcm")
    assert told_there.PatientID == told["patient"]
    assert told_there.VerificationFlag == "UNVERIFIED"


def test_without_the_extra_the_demo_says_that_there_are_no_films(capsys, tmp_path):
    story = _Story(tmp_path, quiet=False)
    story.written = SimpleNamespace(images=WrittenImages(missing=MISSING))
    story.audit_films()
    assert "No pictures were written" in capsys.readouterr().out
    assert story.steps == [{"title": "The films", "text": MISSING}]


def test_the_demo_leaves_other_folders_alone(capsys, tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    code, _, err = run(capsys, "demo", "--out", str(tmp_path), "--no-serve")
    assert code == 2
    assert "not empty" in err
    assert (tmp_path / "letters.txt").read_text() == "mine"
