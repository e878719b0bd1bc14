"""``nof1 privacy`` as a person uses it."""

import json

import pytest

from deidentify_samples import PATIENT, write
from nof1.cli import main


def nof1(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main(["privacy", *map(str, arguments)])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


@pytest.fixture
def key(tmp_path, capsys):
    path = tmp_path / "keys" / "key"
    path.parent.mkdir()
    assert nof1(capsys, "key", path)[0] == 0
    return path


def test_the_whole_way(tmp_path, capsys, key):
    pytest.importorskip("cryptography")
    source = write(tmp_path / "in", {"a.json": PATIENT})
    out, way = tmp_path / "out", tmp_path / "keys" / "map"
    code, text, err = nof1(capsys, "deidentify", source, out, "--key", key, "--mapping", way)
    assert (code, err) == (0, "")
    assert "1 of 1 files written" in text
    assert "Research and education use" in text
    assert max(map(len, text.splitlines())) <= 80
    assert nof1(capsys, "check", out, "--against", source, "--key", key)[0] == 0
    assert nof1(capsys, "check", source)[0] == 1
    (made,) = (p for p in out.iterdir() if p.name != "deidentification.json")
    new = json.loads(made.read_text())["identifier"][0]["value"]
    code, text, _ = nof1(capsys, "reveal", way, new, "--key", key, "--json")
    assert code == 0
    assert json.loads(text)["found"][0]["original"] == "M5550123"


def test_a_refused_file_gives_exit_code_1_and_no_value(tmp_path, capsys, key):
    source = write(tmp_path / "in", {"a.json": PATIENT, "Quillfeather.html": "<p>Quillfeather"})
    code, text, err = nof1(capsys, "deidentify", source, tmp_path / "out", "--key", key, "--json")
    assert code == 1
    data = json.loads(text)
    assert data["schema"] == "nof1/privacy-deidentify/1"
    assert data["refused"][0]["file"] == 1
    assert "Quillfeather" not in text + err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--detectors", "email", "--free-text", "scrub"], "not whole"),
        (["--as-of", "yesterday"], "no day"),
        (["--mapping", "IN/map"], "kept apart"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_written(tmp_path, capsys, key, more, said):
    source = write(tmp_path / "in", {"a.json": PATIENT})
    more = [one.replace("IN", str(source)) for one in more]
    code, _, err = nof1(capsys, "deidentify", source, tmp_path / "out", "--key", key, *more)
    assert code == 2
    assert said in err
    assert not (tmp_path / "out").exists()


def test_without_a_key_nothing_runs(tmp_path, capsys):
    source = write(tmp_path / "in", {"a.json": PATIENT})
    missing = tmp_path / "none"
    code, _, err = nof1(capsys, "deidentify", source, tmp_path / "out", "--key", missing)
    assert code == 2
    assert "nof1 privacy key" in err


def test_settings_people_and_reviewed_pixels_are_read(tmp_path, capsys, key):
    source = write(tmp_path / "in", {"T.csv": "MRN,day\nM5550123,2020-01-02\n"})
    tables = tmp_path / "tables.yaml"
    tables.write_text("tables: {T.csv: {columns: {MRN: patient, day: date}}}")
    people = tmp_path / "people.csv"
    people.write_text("patient,name\nM5550123,Quillfeather\n")
    looked = tmp_path / "uids"
    looked.write_text("1.2.3\n")
    code, text, _ = nof1(capsys, "deidentify", source, tmp_path / "out", "--key", key, "--tables",
                         tables, "--people", people, "--reviewed-pixels", looked)  # fmt: skip
    assert code == 0, text
